//! Opening the file: whose it is, whether it is ours, and bringing it to today's form.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig, ffi};

use super::statements;
use crate::store::StoreError;

/// How long a file that another program has locked is waited for.
const LOCKED_FOR: Duration = Duration::from_secs(5);
/// Files up to this size are read whole when a server opens them, in bytes. It takes some hundredths of a second.
const READ_AT_START: u64 = 16 * 1024 * 1024;
/// `HMSW`: by this number in the file's header it is known as ours.
const APPLICATION_ID: i32 = 0x484d_5357;

/// Each brings the file from the version of its place to the next. What was released is never changed.
const MIGRATIONS: [&str; 2] = [include_str!("1-tables.sql"), include_str!("2-traces.sql")];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// The one server of the file.
    Server,
    /// Somebody who looks into it.
    Visitor,
}

/// An open file.
pub(super) struct OpenFile {
    pub(super) connection: Connection,
    pub(super) identity: Identity,
    /// Held as long as the file is open, by a server.
    _lock: Option<File>,
}

pub(super) fn open(path: &Path, access: Access) -> Result<OpenFile, StoreError> {
    let refused = |why: String| StoreError::new(format!("the events' file `{}` {why}", path.display()));
    if access == Access::Server {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_folder(folder).map_err(|error| {
                refused("is in a folder that cannot be made: choose another place".into()).because(error)
            })?;
        }
    } else if !path.exists() {
        return Err(refused("does not exist: has the server been started with this store?".into()));
    }
    // Before SQLite touches it.
    check_header(path)?;
    let lock = match access {
        Access::Server => Some(lock(path)?),
        Access::Visitor => None,
    };
    if access == Access::Server {
        make_file(path);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let prepare = || -> rusqlite::Result<Connection> {
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(LOCKED_FOR)?;
        if access == Access::Server {
            refuse_damage(&connection, path)?;
        }
        // Before there is a log beside the file, so that a new one is known as ours by its header from the first moment.
        migrate(&mut connection)?;
        settings(&connection)?;
        if access == Access::Server {
            statements::take_over(&connection)?;
        }
        Ok(connection)
    };
    let connection = prepare().map_err(|error| explained(path, error))?;
    let identity = Identity::of(path).map_err(|error| refused("cannot be looked at".into()).because(error))?;
    Ok(OpenFile { connection, identity, _lock: lock })
}

/// What callers have said is nobody else's business. SQLite gives the files beside its own the same permissions.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// The same for the file. One that is there stays as it is, and why one cannot be made is said when it is opened.
fn make_file(path: &Path) {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.write(true).create_new(true).open(path);
}

/// Reads all of a file that is not too large for that, so that one with damaged pages is not written to.
fn refuse_damage(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    if fs::metadata(path).is_ok_and(|file| file.len() > READ_AT_START) {
        return Ok(());
    }
    // What an earlier server has left in the log beside the file stays there, if the file is refused.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(found)));
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(())
}

fn settings(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // The log is cut back to this after a checkpoint, in bytes.
    connection.pragma_update_and_check(None, "journal_size_limit", 16 * 1024 * 1024, |_| Ok(()))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    // Who only looks on does not need the lock of who writes.
    let version: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == MIGRATIONS.len() {
        return Ok(());
    }
    // Only an empty file can still be told to give pages back.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: usize = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(version) {
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", index + 1)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    transaction.commit()
}

/// Refuses what is not ours, by the first hundred bytes.
fn check_header(path: &Path) -> Result<(), StoreError> {
    let refused = |why: &str| StoreError::new(format!("the events' file `{}` {why}", path.display()));
    let mut header = Vec::new();
    match File::open(path) {
        Ok(file) => file
            .take(100)
            .read_to_end(&mut header)
            .map_err(|error| refused("cannot be read: check its permissions").because(error))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(refused("cannot be read: check its permissions").because(error)),
    };
    let number = |at: usize| header.get(at..at + 4).and_then(|bytes| Some(u32::from_be_bytes(bytes.try_into().ok()?)));
    match (number(60), number(68)) {
        _ if header.is_empty() => Ok(()),
        _ if !header.starts_with(b"SQLite format 3\0") || header.len() < 100 => {
            Err(refused("is no SQLite file, and was left untouched: choose another place"))
        }
        (Some(version), Some(application)) if i64::from(application) == i64::from(APPLICATION_ID) => {
            if version as usize > MIGRATIONS.len() {
                return Err(refused("was written by a newer version of this program, and was left untouched"));
            }
            Ok(())
        }
        _ => Err(refused("belongs to another program, and was left untouched: choose another place")),
    }
}

/// One server at a time. The lock is the operating system's, so it ends with the process, however that ends.
fn lock(path: &Path) -> Result<File, StoreError> {
    // By whatever name it is reached, it has one lock. A file that is not there yet has one name.
    let lock_path = beside(&path.canonicalize().unwrap_or_else(|_| path.to_owned()), ".lock");
    let failed = |what: &str| StoreError::new(format!("the events' file `{}` {what}", path.display()));
    let mut file =
        OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&lock_path).map_err(|error| {
            failed("cannot be locked, since its folder cannot be written: choose another place").because(error)
        })?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = holder.trim().parse::<u32>().map(|id| format!(", process {id}")).unwrap_or_default();
            return Err(failed(&format!(
                "is in use by another server{holder}: stop that one, or give this one a file of its own with \
                 HMS_WEBHOOK_STORE=sqlite:PATH"
            )));
        }
        Err(TryLockError::Error(error)) => return Err(failed("cannot be locked").because(error)),
    }
    // Only for the message above; the lock itself does not depend on it.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// An error of SQLite's in words, with what to do.
pub(super) fn explained(path: &Path, error: rusqlite::Error) -> StoreError {
    let what = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "is damaged: move it away, and save what can be saved with `sqlite3 FILE .recover`"
        }
        Some(ErrorCode::DiskFull) => "cannot grow, since the disk is full: make room",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "cannot be written: check its permissions and those of its folder"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "is held by another program: see which one has it open"
        }
        Some(ErrorCode::SystemIoFailure) => "cannot be written, since the disk fails",
        _ => "cannot be used",
    };
    StoreError::new(format!("the events' file `{}` {what}", path.display())).because(error)
}

/// Which file it is that has this path. SQLite would go on writing into one that was deleted.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) path: PathBuf,
    #[cfg(unix)]
    number: (u64, u64),
}

impl Identity {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Ok(Self { path: path.to_owned(), number: (metadata.dev(), metadata.ino()) })
        }
        #[cfg(not(unix))]
        {
            let _ = metadata;
            Ok(Self { path: path.to_owned() })
        }
    }

    /// Checks that the file is still there.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let gone = || {
            StoreError::new(format!(
                "the events' file `{}` was deleted or moved under the running server: put it back, or restart the server",
                self.path.display()
            ))
        };
        match Self::of(&self.path) {
            #[cfg(unix)]
            Ok(found) if found.number != self.number => Err(gone()),
            Ok(_) => Ok(()),
            Err(error) => Err(gone().because(error)),
        }
    }
}
