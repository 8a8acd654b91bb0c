//! Which store `HMS_WEBHOOK_STORE` names, and where it is if that names none.

#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::sync::Arc;

#[cfg(feature = "sqlite")]
use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};

use super::environment::Variables;
use crate::store::{Memory, Store};

/// A store that is not open yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StoreAddress {
    Memory,
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    #[cfg(feature = "nats")]
    Nats(crate::store::nats::Address),
}

/// The forms of an address.
const FORMS: &str = match (cfg!(feature = "sqlite"), cfg!(feature = "nats")) {
    (true, true) => "`sqlite:PATH`, `nats://HOST:PORT` or `memory`",
    (true, false) => "`sqlite:PATH` or `memory`",
    (false, true) => "`nats://HOST:PORT` or `memory`",
    (false, false) => "`memory`",
};

impl StoreAddress {
    /// What the environment says. The error says what to do.
    pub(super) fn read<F>(variables: &Variables<F>) -> Result<Self, String>
    where
        F: Fn(&str) -> Option<std::ffi::OsString>,
    {
        match variables.text("HMS_WEBHOOK_STORE")?.as_deref() {
            Some("memory") => Ok(Self::Memory),
            #[cfg(feature = "sqlite")]
            Some(text) if text.strip_prefix("sqlite:").is_some_and(|path| !path.is_empty()) => {
                Ok(Self::Sqlite(text["sqlite:".len()..].into()))
            }
            #[cfg(feature = "nats")]
            Some(text) if text.starts_with("nats://") => match crate::store::nats::Address::parse(text) {
                Ok(address) => Ok(Self::Nats(address)),
                Err(problem) => Err(format!("HMS_WEBHOOK_STORE: {problem}")),
            },
            #[cfg(not(feature = "nats"))]
            Some(text) if text.starts_with("nats://") => {
                Err("HMS_WEBHOOK_STORE names a NATS store, which this program was built without: build it with the \
                     feature `nats`"
                    .into())
            }
            // What it says may hold a password.
            Some(_) => Err(format!("HMS_WEBHOOK_STORE names no store that this program has: set it to {FORMS}")),
            #[cfg(feature = "sqlite")]
            None => default_file(variables).map(Self::Sqlite),
            #[cfg(not(feature = "sqlite"))]
            None => Ok(Self::Memory),
        }
    }

    /// Opens it for a server.
    pub(super) async fn open(&self) -> Result<Arc<dyn Store>, String> {
        match self {
            Self::Memory => Ok(Arc::new(Memory::new())),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => opened(crate::store::Sqlite::open(path)),
            #[cfg(feature = "nats")]
            Self::Nats(address) => opened(crate::store::Nats::open_at(address).await),
        }
    }
}

impl StoreAddress {
    /// Opens it to look into it, while a server may be using it.
    pub(super) async fn open_beside_a_server(&self) -> Result<Arc<dyn Store>, String> {
        match self {
            Self::Memory => {
                Err("events in memory are known to their server only: HMS_WEBHOOK_STORE names the store to look into"
                    .into())
            }
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => opened(crate::store::Sqlite::open_beside_a_server(path)),
            #[cfg(feature = "nats")]
            Self::Nats(address) => opened(crate::store::Nats::open_beside_servers_at(address).await),
        }
    }
}

#[cfg(any(feature = "sqlite", feature = "nats"))]
fn opened(store: Result<impl Store, crate::store::StoreError>) -> Result<Arc<dyn Store>, String> {
    match store {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(crate::error::chain(&error)),
    }
}

/// A file of this program's own: in the folder that the service manager gives it, or among the user's data.
#[cfg(feature = "sqlite")]
fn default_file<F>(variables: &Variables<F>) -> Result<PathBuf, String>
where
    F: Fn(&str) -> Option<std::ffi::OsString>,
{
    if let Some(folder) = variables.text("STATE_DIRECTORY")? {
        return Ok(PathBuf::from(folder).join("events.sqlite3"));
    }
    let program = std::env::current_exe().ok().and_then(|path| Some(path.file_stem()?.to_owned()));
    match (choose_native_strategy(), program) {
        (Ok(folders), Some(program)) => Ok(folders.data_dir().join(program).join("events.sqlite3")),
        _ => Err("no folder for events is known here: set HMS_WEBHOOK_STORE to `sqlite:PATH`, or to `memory`".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<StoreAddress, String> {
        let lookup = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        StoreAddress::read(&Variables { lookup })
    }

    #[test]
    fn a_store_is_named_by_its_address() {
        assert_eq!(read(&[("HMS_WEBHOOK_STORE", "memory")]), Ok(StoreAddress::Memory));
        for wrong in ["sqlite:", "postgres://user:hush@host", "Memory"] {
            let problem = read(&[("HMS_WEBHOOK_STORE", wrong)]).unwrap_err();
            assert!(!problem.contains("hush") && problem.contains("sqlite:PATH"), "{problem}");
        }
        let problem = read(&[("HMS_WEBHOOK_STORE", "nats://user:hush@host?colour=red")]).unwrap_err();
        assert!(!problem.contains("hush") && problem.starts_with("HMS_WEBHOOK_STORE"), "{problem}");
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn without_a_name_it_is_a_file_of_the_programs_own() {
        assert_eq!(read(&[("HMS_WEBHOOK_STORE", "sqlite:/srv/a.db")]), Ok(StoreAddress::Sqlite("/srv/a.db".into())));
        assert_eq!(
            read(&[("STATE_DIRECTORY", "/var/lib/desk")]),
            Ok(StoreAddress::Sqlite("/var/lib/desk/events.sqlite3".into()))
        );
        match read(&[]) {
            Ok(StoreAddress::Sqlite(path)) => assert!(path.ends_with("events.sqlite3"), "{path:?}"),
            other => assert!(other.unwrap_err().contains("HMS_WEBHOOK_STORE")),
        }
    }
}
