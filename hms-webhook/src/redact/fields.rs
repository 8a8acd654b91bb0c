//! What a field holds, by its name.

use serde_json::Value;

/// How a value is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Secret,
    Number,
    Name,
    /// What was said, or what tells an assistant what to say.
    Text,
    /// Arguments of a tool, which may come as a text that holds JSON.
    Arguments,
    Anything,
}

/// Where a value is: the names of its field and of the one around it.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    name: String,
    around: String,
    /// Data of the user's own: arguments or results, in which `content` and the like mean something else.
    is_users: bool,
}

const SECRETS: [&str; 10] =
    ["secret", "signature", "authorization", "apikey", "token", "password", "passwd", "credential", "cookie", "bearer"];
/// What is a secret in an address, and a common word elsewhere.
const ADDRESS_SECRETS: [&str; 7] = ["key", "accesskey", "sig", "auth", "pass", "pwd", "passphrase"];
const NUMBERS: [&str; 5] = ["phone", "mobile", "msisdn", "callernumber", "customernumber"];
const PEOPLE: [&str; 9] = ["customer", "caller", "contact", "person", "user", "client", "patient", "guest", "callee"];
const NAMES: [&str; 8] =
    ["firstname", "lastname", "fullname", "surname", "familyname", "givenname", "middlename", "nickname"];
const TEXTS: [&str; 11] = [
    "firstmessage",
    "summary",
    "transcript",
    "content",
    "recordingurl",
    "voicemailmessage",
    "endcallmessage",
    "finalmessage",
    "prompt",
    "systemprompt",
    "instructions",
];

/// A name without what spellings differ in: `first_name` and `firstName` are the same.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_secret(plain: &str) -> bool {
    // `max_output_tokens` and the like count words.
    SECRETS.iter().any(|part| plain.contains(part)) && !plain.ends_with("tokens")
}

/// Whether what is so called in an address (`?name=value`) is a secret.
pub(super) fn is_secret_of_address(name: &str) -> bool {
    let name = plain(name);
    is_secret(&name) || ADDRESS_SECRETS.contains(&&*name)
}

/// Whether a text may be the name of somebody rather than an id or a word for their kind.
fn is_like_a_name(text: &str) -> bool {
    text.split_whitespace().any(|word| word.starts_with(char::is_uppercase))
        && text.chars().all(|letter| letter.is_alphabetic() || letter.is_whitespace() || ".'’-".contains(letter))
}

impl Place {
    pub(super) fn member(&self, name: &str) -> Self {
        let name = plain(name);
        let is_users = self.is_users || matches!(name.as_str(), "arguments" | "result" | "metadata");
        Self { around: self.name.clone(), name, is_users }
    }

    /// Whether the platform calls a secret so.
    #[cfg(feature = "console")]
    pub(super) fn is_secret(&self) -> bool {
        !self.is_users && is_secret(&self.name)
    }

    #[cfg(feature = "console")]
    pub(super) fn is_users(&self) -> bool {
        self.is_users
    }

    pub(super) fn kind(&self, value: &Value, own: &[String]) -> Kind {
        match (self.kind_by_name(own), value) {
            // `"customer": "Anna Vos"`, but not `"customer": "K-881"`.
            (Kind::Anything, Value::String(text)) if PEOPLE.contains(&&*self.name) && is_like_a_name(text) => {
                Kind::Name
            }
            (kind, _) => kind,
        }
    }

    fn kind_by_name(&self, own: &[String]) -> Kind {
        let name = self.name.as_str();
        let is_person = PEOPLE.contains(&self.around.as_str());
        if is_secret(name) {
            Kind::Secret
        } else if own.iter().any(|own| own == name) {
            Kind::Text
        } else if NUMBERS.iter().any(|part| name.contains(part)) && !name.ends_with("name")
            || matches!(name, "tel" | "telephone" | "fax")
            || name == "number" && (is_person || matches!(&*self.around, "phonenumber" | "destinations"))
        {
            Kind::Number
        } else if NAMES.contains(&name)
            || name == "name" && is_person
            || name.strip_suffix("name").is_some_and(|who| PEOPLE.contains(&who))
        {
            Kind::Name
        } else if !self.is_users && TEXTS.contains(&name) {
            Kind::Text
        } else if name == "arguments" {
            Kind::Arguments
        } else {
            Kind::Anything
        }
    }
}
