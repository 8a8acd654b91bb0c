//! Words from sets that the platform keeps adding to: the known ones have a constant, every other is kept.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! open_set {
    ($(
        $(#[$attribute:meta])*
        $name:ident { $( $(#[$note:meta])* $constant:ident = $word:literal $(| $older:literal)* ),* $(,)? }
    )*) => { $(
        $(#[$attribute])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Cow<'static, str>);

        impl $name {
            $( $(#[$note])* pub const $constant: Self = Self(Cow::Borrowed($word)); )*

            /// The word as it is written on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            fn known(word: &str) -> Option<Self> {
                match word {
                    $( $word $(| $older)* => Some(Self::$constant), )*
                    _ => None,
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                Self::known(&word).unwrap_or(Self(Cow::Owned(word)))
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                Self::known(word).unwrap_or_else(|| Self(Cow::Owned(word.to_owned())))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, word: &str) -> bool {
                self.0 == word
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, word: &&str) -> bool {
                self.0 == *word
            }
        }

        impl PartialEq<$name> for str {
            fn eq(&self, word: &$name) -> bool {
                word == self
            }
        }

        impl PartialEq<$name> for &str {
            fn eq(&self, word: &$name) -> bool {
                word == self
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    )* };
}

open_set! {
    /// The type of an event (P §3.0).
    EventType {
        /// P §3.1.
        ASSISTANT_REQUEST = "assistant-request",
        /// P §3.2.
        TOOL_CALLS = "tool-calls",
        /// P §3.3.
        STATUS_UPDATE = "status-update",
        /// P §3.4.
        END_OF_CALL_REPORT = "end-of-call-report",
    }

    /// How a call came about (P §3.0). The older camelCase spellings (P §3.5) are read as today's.
    ///
    /// ```
    /// use hms_webhook::CallType;
    ///
    /// assert_eq!(CallType::from("inboundPhoneCall"), CallType::INBOUND_PHONE_CALL);
    /// assert_eq!(CallType::from("carrier_pigeon"), "carrier_pigeon");
    /// ```
    CallType {
        /// Somebody called one of your numbers.
        INBOUND_PHONE_CALL = "inbound_phone_call" | "inboundPhoneCall",
        /// The assistant called somebody.
        OUTBOUND_PHONE_CALL = "outbound_phone_call" | "outboundPhoneCall",
        /// A call from a browser; it has no phone numbers.
        WEB_CALL = "web_call" | "webCall",
    }

    /// Where a call stands (P §3.0, P §3.3).
    ///
    /// ```
    /// use hms_webhook::CallStatus;
    ///
    /// assert!(CallStatus::ENDED_WITH_ERROR.has_ended());
    /// assert!(!CallStatus::IN_PROGRESS.has_ended());
    /// ```
    CallStatus {
        /// Not yet answered.
        RINGING = "ringing",
        /// Being connected; known from the record of a call.
        CONNECTING = "connecting",
        /// Connected; the conversation has started.
        IN_PROGRESS = "in-progress",
        /// Ended normally.
        ENDED = "ended",
        /// Ended because of an error.
        ENDED_WITH_ERROR = "ended-with-error",
        /// Never came about; known from the record of a call.
        FAILED = "failed",
        /// Handed on to somebody else; known from the record of a call.
        TRANSFERRED = "transferred",
        /// Not taken; known from the record of a call.
        REJECTED = "rejected",
        /// Not paid for; known from the record of a call.
        INSUFFICIENT_CREDITS = "insufficient-credits",
    }

    /// Why a call ended (P §3.4).
    EndReason {
        /// The caller hung up.
        USER_HANGUP = "user_hangup",
        /// The call reached its longest duration.
        MAX_DURATION = "max_duration",
    }

    /// How speech is processed in a call (P §3.0).
    Pipeline {
        /// The one value that is documented.
        STANDARD = "standard",
    }

    /// Who said a message (P §3.4, P §4.1).
    MessageRole {
        /// The caller.
        USER = "user",
        /// The voice agent.
        ASSISTANT = "assistant",
        /// Instructions.
        SYSTEM = "system",
    }

    /// What kind of tool is called (P §3.2).
    ToolCallType {
        /// The one value that is documented.
        FUNCTION = "function",
    }
}

impl CallStatus {
    /// Whether the assistant has no more part in the call: it ended, failed, was rejected or handed on.
    /// A status that is not known counts as going on.
    pub fn has_ended(&self) -> bool {
        let last = [
            Self::ENDED,
            Self::ENDED_WITH_ERROR,
            Self::FAILED,
            Self::TRANSFERRED,
            Self::REJECTED,
            Self::INSUFFICIENT_CREDITS,
        ];
        last.contains(self)
    }
}
