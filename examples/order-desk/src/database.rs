//! One SQLite file, brought to its newest form when it is opened.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, Result, TransactionBehavior};

/// Each is run once; add new ones at the end and leave the old ones as they are.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/1-tables.sql"),
    include_str!("../migrations/2-demonstration.sql"),
    include_str!("../migrations/3-once.sql"),
];

/// The shop's database. Copies of it share one connection.
#[derive(Debug, Clone)]
pub struct Database(Arc<Mutex<Connection>>);

impl Database {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When it cannot be opened, or holds something else.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::prepare(Connection::open(path)?)
    }

    /// A database that is gone with its last copy, for tests.
    ///
    /// # Errors
    /// When SQLite has no memory for it.
    pub fn in_memory() -> Result<Self> {
        Self::prepare(Connection::open_in_memory()?)
    }

    /// The connection, for one thread at a time: keep it as short as you can, and off the async threads.
    pub fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic under the lock leaves no half-done work: SQLite takes an unfinished transaction back.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prepare(mut connection: Connection) -> Result<Self> {
        connection.busy_timeout(Duration::from_secs(2))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        migrate(&mut connection)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }
}

/// SQLite keeps a number for its user in each file, `user_version`: here, how many migrations have run.
fn migrate(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut version: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for migration in MIGRATIONS.iter().skip(version as usize) {
        transaction.execute_batch(migration)?;
        version += 1;
    }
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_run_once() {
        let database = Database::in_memory().unwrap();
        let mut connection = database.connection();
        migrate(&mut connection).unwrap();
        let orders: u32 = connection.query_row("SELECT count(*) FROM orders", [], |row| row.get(0)).unwrap();
        assert_eq!(orders, 3);
    }
}
