//! `nats://[user:password@]host[:port][,host…][?prefix=…&replicas=…&name=…]`.

use std::{borrow::Cow, fmt};

use percent_encoding::percent_decode_str;

use crate::store::StoreError;

/// Where the brokers are, and what of theirs is this program's.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(super) hosts: Vec<String>,
    pub(super) login: Option<Login>,
    /// How the streams, subjects and buckets begin.
    pub(super) prefix: String,
    /// On how many brokers everything is kept.
    pub(super) replicas: usize,
    /// By what name this server finds again what it had begun; not set: the machine's.
    pub(super) name: Option<String>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    User { name: String, password: String },
    Token(String),
}

const FORM: &str = "nats://[user:password@]host[:port][,host…][?prefix=NAME&replicas=1|3|5&name=SERVER]";

impl Address {
    /// Reads an address. The error repeats nothing of it, since it may hold a password.
    pub(crate) fn parse(text: &str) -> Result<Self, StoreError> {
        let wrong = |what: &str| StoreError::new(format!("the address of the NATS store {what}: write it as {FORM}"));
        let rest = text.strip_prefix("nats://").ok_or_else(|| wrong("does not begin with `nats://`"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (login, hosts) = match rest.rsplit_once('@') {
            Some((login, hosts)) => (Some(Login::parse(login)), hosts),
            None => (None, rest),
        };
        let mut address = Self {
            hosts: hosts.trim_end_matches('/').split(',').map(str::to_owned).collect(),
            login,
            prefix: "hms-webhook".into(),
            replicas: 1,
            name: None,
        };
        let is_host = |host: &String| {
            !host.is_empty()
                && !host.contains(['/', '@', ' '])
                && format!("nats://{host}").parse::<async_nats::ServerAddr>().is_ok()
        };
        if !address.hosts.iter().all(is_host) {
            return Err(wrong("has a host that is none"));
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("prefix", prefix)) if is_word(prefix) => address.prefix = prefix.to_owned(),
                Some(("replicas", "1")) => address.replicas = 1,
                Some(("replicas", "3")) => address.replicas = 3,
                Some(("replicas", "5")) => address.replicas = 5,
                Some(("name", name)) if !name.is_empty() => address.name = Some(decoded(name)),
                Some(("prefix", _)) => {
                    return Err(wrong("has a prefix of other characters than letters, digits, - and _"));
                }
                Some(("replicas", _)) => return Err(wrong("has a number of replicas that is not 1, 3 or 5")),
                _ => return Err(wrong("has something behind `?` that is not known")),
            }
        }
        Ok(address)
    }
}

impl Login {
    fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some((name, password)) => Self::User { name: decoded(name), password: decoded(password) },
            None => Self::Token(decoded(text)),
        }
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap_or(Cow::Borrowed(text)).into_owned()
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|one| one.is_ascii_alphanumeric() || one == '-' || one == '_')
}

/// Without the password, and without the user's name.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nats://{}?prefix={}", self.hosts.join(","), self.prefix)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_hosts_a_login_and_what_is_ours() {
        let address =
            Address::parse("nats://desk:p%40ss@one:4222,two?replicas=3&prefix=desk&name=left").expect("it is one");
        assert_eq!(address.hosts, ["one:4222", "two"]);
        assert!(matches!(&address.login, Some(Login::User { name, password }) if name == "desk" && password == "p@ss"));
        assert_eq!((&*address.prefix, address.replicas, address.name.as_deref()), ("desk", 3, Some("left")));
        assert_eq!(address.to_string(), "nats://one:4222,two?prefix=desk");
        assert_eq!(format!("{address:?}"), address.to_string());
    }

    #[test]
    fn what_is_no_address_is_told_without_its_password() {
        for wrong in [
            "nats://",
            "nats://a:hush@",
            "nats://a:hush@one,,two",
            "nats://a:hush@one?replicas=2",
            "nats://a:hush@one?prefix=a.b",
            "nats://a:hush@one?colour=red",
            "tls://a:hush@one",
        ] {
            let problem = Address::parse(wrong).expect_err("it is none").to_string();
            assert!(!problem.contains("hush") && problem.contains("nats://[user:password@]host"), "{problem}");
        }
    }
}
