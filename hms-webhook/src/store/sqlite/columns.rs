//! What stands in the columns of a row. The tables let only texts and numbers into them, but SQLite looks neither at the
//! encoding of a text nor at the size of a number: whatever is there is read as far as it goes, so that no row is in the
//! way of the others.

use rusqlite::{
    Row, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};

use crate::store::JobId;

/// A text as it stands there, whatever its encoding, so that it is found again.
pub(super) struct Raw(Vec<u8>);

impl FromSql for Raw {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Text(bytes) => Ok(Self(bytes.to_vec())),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

impl ToSql for Raw {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(&self.0)))
    }
}

impl Raw {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn into_text(self) -> String {
        String::from_utf8(self.0).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

pub(super) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    row.get(column).map(Raw::into_text)
}

pub(super) fn optional_text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    Ok(row.get::<_, Option<Raw>>(column)?.map(Raw::into_text))
}

/// How often something has happened.
pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u32> {
    Ok(u32::try_from(row.get::<_, i64>(column)?.max(0)).unwrap_or(u32::MAX))
}

pub(super) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<JobId> {
    Ok(JobId(row.get::<_, i64>(column)?.cast_unsigned()))
}

/// The number of a job as the tables have it.
pub(super) fn number(id: JobId) -> i64 {
    id.0.cast_signed()
}
