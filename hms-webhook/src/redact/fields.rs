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
    /// Arguments of a tool, in which a name is mostly that of somebody.
    is_arguments: bool,
}

const SECRETS: [&str; 11] = [
    "secret",
    "signature",
    "authorization",
    "apikey",
    "token",
    "password",
    "passwd",
    "wachtwoord",
    "credential",
    "cookie",
    "bearer",
];
/// What is a secret where it is the whole name.
const WHOLE_SECRETS: [&str; 3] = ["pass", "pwd", "passphrase"];
/// What is a secret in an address, and a common word elsewhere.
const ADDRESS_SECRETS: [&str; 4] = ["key", "accesskey", "sig", "auth"];
const NUMBERS: [&str; 10] = [
    "phone",
    "mobile",
    "msisdn",
    "callernumber",
    "customernumber",
    "contactnumber",
    "callbacknumber",
    "whatsapp",
    "telefoon",
    "mobiel",
];
const PEOPLE: [&str; 19] = [
    "customer",
    "caller",
    "contact",
    "person",
    "user",
    "client",
    "patient",
    "guest",
    "callee",
    "attendee",
    "participant",
    "people",
    "passenger",
    "klant",
    "klanten",
    "gast",
    "gasten",
    "beller",
    "contactperson",
];
const NAMES: [&str; 15] = [
    "firstname",
    "lastname",
    "fullname",
    "surname",
    "familyname",
    "givenname",
    "middlename",
    "nickname",
    "displayname",
    "reservationname",
    "bookingname",
    "contactperson",
    "voornaam",
    "achternaam",
    "naam",
];
/// What has a name among arguments and is nobody.
const THINGS: [&str; 31] = [
    "product",
    "item",
    "service",
    "company",
    "business",
    "brand",
    "model",
    "file",
    "folder",
    "host",
    "domain",
    "tool",
    "function",
    "assistant",
    "event",
    "city",
    "street",
    "country",
    "place",
    "location",
    "room",
    "department",
    "team",
    "project",
    "plan",
    "category",
    "bedrijfs",
    "bedrijf",
    "straat",
    "plaats",
    "dienst",
];
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
    SECRETS.iter().any(|part| plain.contains(part)) && !plain.ends_with("tokens") || WHOLE_SECRETS.contains(&plain)
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

/// One word for several people or things.
fn singular(plain: &str) -> &str {
    plain.strip_suffix('s').unwrap_or(plain)
}

fn is_people(plain: &str) -> bool {
    PEOPLE.contains(&plain) || PEOPLE.contains(&singular(plain))
}

/// Whether a text may be a whole phone number, rather than a date or the number of an order.
fn is_like_a_number(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() >= 9
        && !text.contains([':', '_'])
        && !text.contains(char::is_alphabetic)
}

impl Place {
    pub(super) fn member(&self, name: &str) -> Self {
        let name = plain(name);
        let is_users = self.is_users || matches!(name.as_str(), "arguments" | "result" | "metadata");
        let is_arguments = self.is_arguments || name == "arguments";
        Self { around: self.name.clone(), name, is_users, is_arguments }
    }

    /// Whether the platform calls a secret so.
    #[cfg(feature = "console")]
    pub(super) fn is_secret(&self) -> bool {
        !self.is_users && is_secret(&self.name)
    }

    pub(super) fn is_users(&self) -> bool {
        self.is_users
    }

    pub(super) fn kind(&self, value: &Value, own: &[String]) -> Kind {
        match (self.kind_by_name(own), value) {
            // `"customer": "Anna Vos"`, but not `"customer": "K-881"`.
            (Kind::Anything, Value::String(text)) if is_people(&self.name) && is_like_a_name(text) => Kind::Name,
            (Kind::Anything, Value::String(text)) if self.may_be_a_number() && is_like_a_number(text) => Kind::Number,
            (Kind::Anything, Value::Number(number))
                if self.may_be_a_number() && number.is_u64() && is_like_a_number(&number.to_string()) =>
            {
                Kind::Number
            }
            // A number in place of a name is found as a number.
            (Kind::Name, Value::String(text)) if !text.contains(char::is_alphabetic) => Kind::Anything,
            (Kind::Secret, Value::Bool(_)) if WHOLE_SECRETS.contains(&&*self.name) => Kind::Anything,
            (kind, _) => kind,
        }
    }

    fn kind_by_name(&self, own: &[String]) -> Kind {
        let name = self.name.as_str();
        let is_person = is_people(&self.around);
        if is_secret(name) {
            Kind::Secret
        } else if own.iter().any(|own| own == name) {
            Kind::Text
        } else if NUMBERS.iter().any(|part| name.contains(part)) && !name.ends_with("name")
            || matches!(name, "tel" | "telephone" | "fax")
            || name == "number" && (is_person || matches!(&*self.around, "phonenumber" | "destinations"))
        {
            Kind::Number
        } else if self.is_of_somebody() {
            Kind::Name
        } else if !self.is_users && TEXTS.contains(&name) {
            Kind::Text
        } else if name == "arguments" {
            Kind::Arguments
        } else {
            Kind::Anything
        }
    }

    /// Whether this is the name of somebody.
    fn is_of_somebody(&self) -> bool {
        let name = singular(&self.name);
        let is_part = self.around.ends_with("name") && matches!(name, "first" | "middle" | "last");
        if NAMES.contains(&name) || is_part {
            return true;
        }
        // Whose name it is says the field itself, or the one around it.
        let Some(who) =
            name.strip_suffix("name").or_else(|| name.strip_suffix("naam")).or_else(|| name.strip_suffix("namen"))
        else {
            return false;
        };
        let who = if who.is_empty() { &self.around } else { who };
        is_people(who) || self.is_arguments && !THINGS.contains(&who) && !THINGS.contains(&singular(who))
    }

    fn may_be_a_number(&self) -> bool {
        matches!(&*self.name, "callback" | "nummer")
    }

    /// Whether the platform says by it what a delivery is: not a text in which somebody may be named.
    pub(super) fn is_word_of_platform(&self) -> bool {
        let is_called = self.around.contains("tool") || matches!(&*self.around, "function" | "assistant" | "results");
        !self.is_users && (matches!(&*self.name, "type" | "role" | "status") || self.name == "name" && is_called)
    }
}
