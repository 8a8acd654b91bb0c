//! Tools are called.

use std::{fmt, sync::Arc};

use bytestring::ByteString;

use serde_json::value::RawValue;

use super::{
    EventContext, Extra, Hidden, LazyContext, Members, ParseError, ToolCallType, event,
    members::{Spellings, found},
};

/// The model, or a workflow, calls tools (P §3.2).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ToolCalls {
    /// What all events have in common (P §3.0).
    pub context: LazyContext,
    /// The calls, in the order they were sent (P §3.2).
    pub tool_call_list: Vec<ToolCall>,
}

const LIST: &Spellings = &["tool_call_list", "toolCallList"];
const ID: &Spellings = &["id", "tool_call_id", "toolCallId"];

event!(ToolCalls, "tool-calls");

impl ToolCalls {
    /// Only what all events have in common.
    pub(super) fn read_context(body: &str) -> Result<EventContext, ParseError> {
        let mut message = Members::of_message(body)?;
        message.take(&["type"]);
        message.take(LIST);
        EventContext::read(message)
    }

    pub(super) fn read(mut message: Members<'_>) -> Result<Self, ParseError> {
        let place = "message.tool_call_list";
        let list = message.take(LIST).ok_or_else(|| ParseError::missing(place))?;
        let calls: Vec<&RawValue> =
            serde_json::from_str(list.get()).map_err(|_| ParseError::wrong(place, "an array", found(list)))?;
        let calls = calls.into_iter().enumerate().map(|(index, call)| ToolCall::read(index, call));

        Ok(Self { tool_call_list: calls.collect::<Result<_, _>>()?, context: EventContext::read(message)?.into() })
    }
}

/// One call of one tool (P §3.2). Its `Debug` hides the arguments.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ToolCall {
    /// The id that the result goes back with; opaque, never empty (P §3.2).
    pub id: Arc<str>,
    /// What kind of tool is called; `type` on the wire (P §3.2).
    pub call_type: ToolCallType,
    /// The tool's name; `function.name` on the wire (P §3.2).
    pub name: String,
    /// What it is called with; `function.arguments` on the wire (P §3.2).
    pub arguments: RawArguments,
    /// The members of the call, and of its `function`, that have no field of their own.
    pub extra: Extra,
}

impl ToolCall {
    fn read(index: usize, json: &RawValue) -> Result<Self, ParseError> {
        let place = format_args!("message.tool_call_list[{index}]");
        let inner = format_args!("{place}.function");

        let mut call = Members::of(json, place)?;
        let mut function = match call.take(&["function"]) {
            Some(function) => Members::of(function, inner)?,
            None => return Err(ParseError::missing(inner)),
        };

        Ok(Self {
            id: call.take_text_spelled(ID, place)?.into(),
            call_type: call.take_optional_text(&["type"]).map_or(ToolCallType::FUNCTION, ToolCallType::from),
            name: function.take_text("name", inner)?,
            arguments: RawArguments(function.take(&["arguments"]).map(|json| json.get().into())),
            extra: function.and(call).into_extra(),
        })
    }
}

/// The JSON text of a tool call's arguments, not yet read (P §3.2). Its `Debug` hides them.
#[derive(Clone, Default)]
pub struct RawArguments(Option<ByteString>);

impl RawArguments {
    pub(super) fn new(json: ByteString) -> Self {
        Self(Some(json))
    }

    /// The text as it was sent: an object, a string that holds JSON, `null`; `None` where the member was missing.
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl fmt::Debug for RawArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawArguments").field(&Hidden).finish()
    }
}

impl From<Box<RawValue>> for RawArguments {
    fn from(json: Box<RawValue>) -> Self {
        Self(Some(Box::<str>::from(json).into()))
    }
}
