//! Configuration from environment variables.

use std::ffi::OsString;
#[cfg(feature = "push")]
use std::fs;

use zeroize::Zeroizing;

use super::{serving::ServingVariables, store::StoreAddress};
use crate::{
    secrets::{SecretSetting, SecretSource},
    signature::Secret,
};

/// What the environment says. What it says wrongly is noted among the problems.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) secrets: Vec<SecretSetting>,
    pub(super) listen: String,
    pub(super) path: Option<String>,
    pub(super) store: Option<StoreAddress>,
    pub(super) serving: ServingVariables,
    /// Where metrics are served.
    pub(super) metrics: Option<String>,
}

const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

impl Environment {
    /// Reads the variables through `lookup`.
    pub(super) fn read(lookup: impl Fn(&str) -> Option<OsString>, problems: &mut Vec<String>) -> Self {
        let variables = Variables { lookup };
        let mut note = |result: Result<Option<String>, String>| {
            result.unwrap_or_else(|problem| {
                problems.push(problem);
                None
            })
        };
        let mut secrets = Vec::new();
        for (variable, name) in [("HMS_WEBHOOK_SECRET", "current"), ("HMS_WEBHOOK_SECRET_PREVIOUS", "previous")] {
            let source = match variables.one_of(variable) {
                Ok(Some(Place::Itself(text))) => SecretSource::Text(Secret::new(Zeroizing::new(text).as_str())),
                Ok(Some(Place::File(path))) => SecretSource::File(path.into()),
                Ok(None) => continue,
                Err(problem) => {
                    note(Err(problem));
                    continue;
                }
            };
            secrets.push(SecretSetting { name: Some(name.into()), tool: None, source });
        }
        let listen = match note(variables.text("HMS_WEBHOOK_LISTEN")) {
            Some(listen) => listen,
            None => match note(variables.text("PORT")) {
                Some(port) => match port.parse::<u16>() {
                    Ok(port) => format!("0.0.0.0:{port}"),
                    Err(_) => {
                        note(Err(format!("PORT is `{port}`: set it to a number from 0 to 65535, or leave it out")));
                        DEFAULT_LISTEN.into()
                    }
                },
                None => DEFAULT_LISTEN.into(),
            },
        };
        let path = note(variables.text("HMS_WEBHOOK_PATH"));
        let metrics = note(variables.text("HMS_WEBHOOK_METRICS"));
        let store = StoreAddress::read(&variables).map_err(|problem| problems.push(problem)).ok();
        let serving = ServingVariables::read(&variables, problems);
        Self { secrets, listen, path, store, serving, metrics }
    }
}

/// Environment variables, read through `lookup`.
pub(crate) struct Variables<F> {
    pub(crate) lookup: F,
}

impl<F: Fn(&str) -> Option<OsString>> Variables<F> {
    /// A variable's text; an empty one counts as not set.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, String> {
        match (self.lookup)(name).map(OsString::into_string) {
            Some(Ok(text)) if text.is_empty() => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(_)) => Err(format!("{name} is not valid UTF-8: set it to plain text")),
            None => Ok(None),
        }
    }

    /// Where a secret is: in the variable itself or in the file that `…_FILE` names.
    fn one_of(&self, name: &str) -> Result<Option<Place>, String> {
        let file_name = format!("{name}_FILE");
        match (self.text(name)?, self.text(&file_name)?) {
            (Some(_), Some(_)) => Err(format!("both {name} and {file_name} are set: keep one")),
            (Some(secret), None) => Ok(Some(Place::Itself(secret))),
            (None, Some(file)) => Ok(Some(Place::File(file))),
            (None, None) => Ok(None),
        }
    }

    /// A secret: in the variable itself or in the file that `…_FILE` names.
    #[cfg(feature = "push")]
    pub(crate) fn secret(&self, name: &str) -> Result<Option<String>, String> {
        let file_name = format!("{name}_FILE");
        match self.one_of(name)? {
            Some(Place::Itself(secret)) => Ok(Some(secret)),
            Some(Place::File(file)) => match fs::read_to_string(&file) {
                // Editors and `echo` end a file with a line break, which is no part of the secret.
                Ok(text) => match text.trim_end_matches(['\r', '\n']) {
                    "" => Err(format!("the file `{file}` that {file_name} names is empty: write the secret into it")),
                    secret => Ok(Some(secret.to_owned())),
                },
                Err(error) => Err(format!("the file `{file}` that {file_name} names cannot be read: {error}")),
            },
            None => Ok(None),
        }
    }
}

/// Where a secret is.
enum Place {
    Itself(String),
    File(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (Environment, Vec<String>) {
        let mut problems = Vec::new();
        let lookup = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        (Environment::read(lookup, &mut problems), problems)
    }

    #[test]
    fn without_variables_it_listens_on_loopback() {
        let (environment, problems) = read(&[]);
        assert_eq!(environment.listen, "127.0.0.1:8080");
        assert!(environment.secrets.is_empty() && environment.path.is_none() && problems.is_empty());
    }

    #[test]
    fn a_port_means_every_address_unless_one_is_given() {
        assert_eq!(read(&[("PORT", "9000")]).0.listen, "0.0.0.0:9000");
        assert_eq!(read(&[("PORT", "9000"), ("HMS_WEBHOOK_LISTEN", "[::1]:80")]).0.listen, "[::1]:80");
    }

    #[test]
    fn both_secrets_are_taken_and_an_empty_one_is_none() {
        let (environment, _) = read(&[("HMS_WEBHOOK_SECRET", "one"), ("HMS_WEBHOOK_SECRET_PREVIOUS", "two")]);
        assert_eq!(environment.secrets.len(), 2);
        assert!(read(&[("HMS_WEBHOOK_SECRET", "")]).0.secrets.is_empty());
    }

    #[test]
    fn every_mistake_is_reported_and_none_shows_a_secret() {
        let (_, problems) = read(&[
            ("HMS_WEBHOOK_SECRET", "hush"),
            ("HMS_WEBHOOK_SECRET_FILE", "/nowhere"),
            ("HMS_WEBHOOK_SECRET_PREVIOUS_FILE", "/nowhere/at/all"),
            ("PORT", "http"),
            ("HMS_WEBHOOK_STORE", "postgres://user:hush@host"),
        ]);
        assert_eq!(problems.len(), 3, "{problems:#?}");
        assert!(problems.iter().all(|problem| !problem.contains("hush")), "{problems:#?}");
    }
}
