//! Which store `HMS_WEBHOOK_STORE` names, and where it is if that names none.

#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::sync::Arc;

use super::environment::Variables;
use crate::store::{Memory, Store};

/// A store that is not open yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StoreAddress {
    Memory,
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
}

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
            // What it says may hold a password.
            Some(_) => {
                Err("HMS_WEBHOOK_STORE names no store that this program has: set it to `sqlite:PATH` or `memory`"
                    .into())
            }
            #[cfg(feature = "sqlite")]
            None => default_file(variables).map(Self::Sqlite),
            #[cfg(not(feature = "sqlite"))]
            None => Ok(Self::Memory),
        }
    }

    /// Opens it for a server.
    pub(super) fn open(&self) -> Result<Arc<dyn Store>, String> {
        match self {
            Self::Memory => Ok(Arc::new(Memory::new())),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => match crate::store::Sqlite::open(path) {
                Ok(store) => Ok(Arc::new(store)),
                Err(error) => Err(crate::handler::chain(&error)),
            },
        }
    }
}

impl StoreAddress {
    /// Opens it to look into it, while a server may be using it.
    pub(super) fn open_beside_a_server(&self) -> Result<Arc<dyn Store>, String> {
        match self {
            Self::Memory => {
                Err("events in memory are known to their server only: HMS_WEBHOOK_STORE names the store to look into"
                    .into())
            }
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => match crate::store::Sqlite::open_beside_a_server(path) {
                Ok(store) => Ok(Arc::new(store)),
                Err(error) => Err(crate::handler::chain(&error)),
            },
        }
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
    match (dirs::data_local_dir(), program) {
        (Some(folder), Some(program)) => Ok(folder.join(program).join("events.sqlite3")),
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
