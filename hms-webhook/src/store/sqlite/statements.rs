//! What each operation does to the tables. The transaction around it is the writer's business.

use std::time::{Duration, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::{after, now};
use crate::store::{Claim, Counts, Filter, Job, JobId, JobState, Leased, NewEvent, StoredJob};

/// How long it is remembered that there was a claim whose lease ended without a word.
const AFTER_LEASE: Duration = Duration::from_secs(600);
/// How often a server looks whether somebody else has changed the file, as `events replay` does.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What an earlier server had begun: it is gone, or the file would be locked.
pub(super) fn take_over(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "UPDATE jobs SET state = 'waiting', due = 0 WHERE state = 'running';
         UPDATE claims SET until = 0 WHERE state = 'running';",
    )
}

// -- once -------------------------------------------------------------------------------------

pub(super) fn claim(connection: &Connection, key: &str, lease: Duration) -> rusqlite::Result<Claim> {
    let mut find = connection
        .prepare_cached("SELECT state, earlier, until, result FROM claims WHERE key = ?1 AND expires > ?2")?;
    let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let held: Option<(String, u32, i64, Option<String>)> = find.query_row(params![key, now()], read).optional()?;
    let earlier = match held {
        None => 0,
        Some((state, _, _, result)) if state == "kept" => return Ok(Claim::Kept(result.unwrap_or_default())),
        Some((state, _, until, _)) if state == "running" && until > now() => return Ok(Claim::Running),
        Some((_, earlier, ..)) => earlier + 1,
    };
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO claims (key, state, earlier, until, expires) VALUES (?1, 'running', ?2, ?3, ?4)",
        )?
        .execute(params![key, earlier, after(lease), after(lease.saturating_add(AFTER_LEASE))])?;
    Ok(Claim::Granted { earlier })
}

pub(super) fn end_claim(
    connection: &Connection,
    key: &str,
    result: Option<&str>,
    time_to_live: Duration,
) -> rusqlite::Result<()> {
    let state = if result.is_some() { "kept" } else { "released" };
    connection
        .prepare_cached(
            "INSERT INTO claims (key, state, earlier, result, expires) VALUES (?1, ?2, 0, ?3, ?4)
             ON CONFLICT (key) DO UPDATE SET
                 state = excluded.state, until = 0, result = excluded.result, expires = excluded.expires",
        )?
        .execute(params![key, state, result, after(time_to_live)])?;
    Ok(())
}

// -- the queue --------------------------------------------------------------------------------

pub(super) fn append(connection: &Connection, event: &NewEvent) -> rusqlite::Result<()> {
    let is_new = connection
        .prepare_cached(
            "INSERT INTO claims (key, state, earlier, expires) VALUES (?1, 'kept', 0, ?2)
             ON CONFLICT (key) DO UPDATE SET expires = excluded.expires WHERE claims.expires <= ?3",
        )?
        .execute(params![event.key, after(event.remembered_for), now()])?;
    if is_new == 0 || event.handlers.is_empty() {
        return Ok(());
    }
    connection
        .prepare_cached("INSERT INTO events (key, kind, call_id, body, appended) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![event.key, event.kind, event.call_id, &event.body[..], now()])?;
    let id = connection.last_insert_rowid();
    for handler in &event.handlers {
        connection
            .prepare_cached(
                "INSERT INTO jobs (event, handler, call_id, state, head, attempts, due)
                 SELECT ?1, ?2, ?3, 'waiting', ?3 = '' OR NOT EXISTS (
                     SELECT 1 FROM jobs WHERE handler = ?2 AND call_id = ?3 AND state <> 'dead'
                 ), 0, ?4",
            )?
            .execute(params![id, handler, event.call_id, now()])?;
    }
    Ok(())
}

pub(super) fn lease(connection: &Connection, limit: usize) -> rusqlite::Result<Leased> {
    let now = now();
    let mut find = connection.prepare_cached(
        "SELECT jobs.id, handler, key, kind, body, attempts FROM jobs JOIN events ON events.id = event
         WHERE jobs.id IN (SELECT id FROM jobs WHERE state = 'waiting' AND head = 1 AND due <= ?1 ORDER BY due, id LIMIT ?2)
         ORDER BY jobs.id",
    )?;
    let read = |row: &Row<'_>| {
        Ok(Job {
            id: JobId(row.get(0)?),
            handler: row.get(1)?,
            key: row.get(2)?,
            kind: row.get(3)?,
            body: row.get::<_, Vec<u8>>(4)?.into(),
            attempt: row.get::<_, u32>(5)? + 1,
        })
    };
    let jobs: Vec<Job> = find.query_map(params![now, limit], read)?.collect::<rusqlite::Result<_>>()?;
    let mut mark =
        connection.prepare_cached("UPDATE jobs SET state = 'running', attempts = attempts + 1 WHERE id = ?1")?;
    for job in &jobs {
        mark.execute([job.id.0])?;
    }
    let next: Option<i64> = connection
        .prepare_cached("SELECT min(due) FROM jobs WHERE state = 'waiting' AND head = 1")?
        .query_row([], |row| row.get(0))?;
    let wait = next.map_or(LOOK_EVERY, |due| Duration::from_millis(due.saturating_sub(now).max(0).unsigned_abs()));
    Ok(Leased { jobs, next: Some(wait.min(LOOK_EVERY)) })
}

pub(super) fn finish(connection: &Connection, job: JobId) -> rusqlite::Result<()> {
    let gone = connection
        .prepare_cached("DELETE FROM jobs WHERE id = ?1 RETURNING event, handler, call_id")?
        .query_row([job.0], lane)
        .optional()?;
    if let Some((event, handler, call_id)) = gone {
        advance(connection, &handler, &call_id)?;
        forget_event(connection, event)?;
    }
    Ok(())
}

type Lane = (i64, String, String);

fn lane(row: &Row<'_>) -> rusqlite::Result<Lane> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

/// What comes next for this handler and call has its turn.
fn advance(connection: &Connection, handler: &str, call_id: &str) -> rusqlite::Result<()> {
    if !call_id.is_empty() {
        connection
            .prepare_cached(
                "UPDATE jobs SET head = 1 WHERE id = (
                     SELECT min(id) FROM jobs WHERE handler = ?1 AND call_id = ?2 AND state <> 'dead'
                 )",
            )?
            .execute([handler, call_id])?;
    }
    Ok(())
}

fn forget_event(connection: &Connection, event: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM events WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM jobs WHERE event = ?1)")?
        .execute([event])?;
    Ok(())
}

pub(super) fn fail(connection: &Connection, job: JobId, error: &str, retry: Option<Duration>) -> rusqlite::Result<()> {
    if let Some(retry) = retry {
        connection
            .prepare_cached("UPDATE jobs SET state = 'waiting', due = ?2, last_error = ?3 WHERE id = ?1")?
            .execute(params![job.0, after(retry), error])?;
        return Ok(());
    }
    let dead = connection
        .prepare_cached(
            "UPDATE jobs SET state = 'dead', head = 0, last_error = ?2 WHERE id = ?1 RETURNING event, handler, call_id",
        )?
        .query_row(params![job.0, error], lane)
        .optional()?;
    match dead {
        Some((_, handler, call_id)) => advance(connection, &handler, &call_id),
        None => Ok(()),
    }
}

pub(super) fn give_back(connection: &Connection, job: JobId) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE jobs SET state = 'waiting', attempts = attempts - 1 WHERE id = ?1 AND state = 'running'",
        )?
        .execute([job.0])?;
    Ok(())
}

// -- looking ----------------------------------------------------------------------------------

const MATCHES: &str = "(:ids = '[]' OR jobs.id IN (SELECT value FROM json_each(:ids)))
    AND (:state IS NULL OR state = :state)
    AND (:kind IS NULL OR kind = :kind)
    AND (:call_id IS NULL OR jobs.call_id = :call_id)
    AND (:handler IS NULL OR handler = :handler)";

fn ids(filter: &Filter) -> String {
    let ids: Vec<String> = filter.ids.iter().map(ToString::to_string).collect();
    format!("[{}]", ids.join(","))
}

fn limit(filter: &Filter) -> i64 {
    filter.limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(-1)
}

pub(super) fn list(connection: &Connection, filter: &Filter) -> rusqlite::Result<Vec<StoredJob>> {
    let mut find = connection.prepare_cached(&format!(
        "SELECT jobs.id, handler, kind, jobs.call_id, state, attempts, last_error, appended, due, body
         FROM jobs JOIN events ON events.id = event WHERE {MATCHES} ORDER BY jobs.id LIMIT :limit"
    ))?;
    let parameters = named_params! {
        ":ids": ids(filter),
        ":state": filter.state.map(JobState::as_str),
        ":kind": filter.kind,
        ":call_id": filter.call_id,
        ":handler": filter.handler,
        ":limit": limit(filter),
    };
    find.query_map(parameters, stored)?.collect()
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredJob> {
    let moment = |millis: i64| UNIX_EPOCH + Duration::from_millis(millis.max(0).unsigned_abs());
    let name: String = row.get(4)?;
    let state = JobState::ALL.into_iter().find(|state| state.as_str() == name).unwrap_or(JobState::Dead);
    Ok(StoredJob {
        id: JobId(row.get(0)?),
        handler: row.get(1)?,
        kind: row.get(2)?,
        call_id: row.get(3)?,
        state,
        attempts: row.get(5)?,
        last_error: row.get(6)?,
        appended: moment(row.get(7)?),
        next_try: (state == JobState::Waiting).then(|| row.get(8).map(moment)).transpose()?,
        body: row.get::<_, Vec<u8>>(9)?.into(),
    })
}

pub(super) fn counts(connection: &Connection) -> rusqlite::Result<Counts> {
    let mut count = connection.prepare_cached("SELECT count(*) FROM jobs WHERE state = ?1")?;
    let mut of = |state: JobState| count.query_row([state.as_str()], |row| row.get(0));
    Ok(Counts { waiting: of(JobState::Waiting)?, running: of(JobState::Running)?, dead: of(JobState::Dead)? })
}

/// The dead letters among what matches.
fn dead(connection: &Connection, filter: &Filter) -> rusqlite::Result<Vec<(i64, Lane)>> {
    let mut find = connection.prepare_cached(&format!(
        "SELECT event, handler, jobs.call_id, jobs.id FROM jobs JOIN events ON events.id = event
         WHERE state = 'dead' AND {MATCHES} ORDER BY jobs.id LIMIT :limit"
    ))?;
    let parameters = named_params! {
        ":ids": ids(filter),
        ":state": filter.state.map(JobState::as_str),
        ":kind": filter.kind,
        ":call_id": filter.call_id,
        ":handler": filter.handler,
        ":limit": limit(filter),
    };
    find.query_map(parameters, |row| Ok((row.get(3)?, lane(row)?)))?.collect()
}

pub(super) fn replay(connection: &Connection, filter: &Filter) -> rusqlite::Result<u64> {
    let dead = dead(connection, filter)?;
    for (id, (_, handler, call_id)) in &dead {
        connection
            .prepare_cached("UPDATE jobs SET state = 'waiting', attempts = 0, due = ?2, head = ?3 = '' WHERE id = ?1")?
            .execute(params![id, now(), call_id])?;
        // It stands before everything that came later, but waits for what of that is running already.
        connection
            .prepare_cached(
                "UPDATE jobs SET head = id = (
                     SELECT min(id) FROM jobs WHERE handler = ?1 AND call_id = ?2 AND state <> 'dead'
                 ) WHERE handler = ?1 AND call_id = ?2 AND state <> 'dead' AND ?2 <> '' AND NOT EXISTS (
                     SELECT 1 FROM jobs WHERE handler = ?1 AND call_id = ?2 AND state = 'running'
                 )",
            )?
            .execute([handler, call_id])?;
    }
    Ok(dead.len() as u64)
}

pub(super) fn discard(connection: &Connection, filter: &Filter) -> rusqlite::Result<u64> {
    let dead = dead(connection, filter)?;
    for (id, (event, ..)) in &dead {
        connection.prepare_cached("DELETE FROM jobs WHERE id = ?1")?.execute([id])?;
        forget_event(connection, *event)?;
    }
    Ok(dead.len() as u64)
}

/// Writes as much as an event may need, and takes it back, so that a disk without room is noticed.
pub(super) fn check(connection: &Connection) -> rusqlite::Result<()> {
    const ROOM: usize = 64 * 1024;
    end_claim(connection, "check", Some(&" ".repeat(ROOM)), Duration::ZERO)?;
    connection.execute("DELETE FROM claims WHERE key = 'check'", [])?;
    Ok(())
}

// -- keeping it small -------------------------------------------------------------------------

/// Forgets some of what has expired. Gives back whether there may be more.
pub(super) fn clean(connection: &Connection) -> rusqlite::Result<bool> {
    const SOME: usize = 2000;
    let removed = connection
        .prepare_cached("DELETE FROM claims WHERE key IN (SELECT key FROM claims WHERE expires <= ?1 LIMIT ?2)")?
        .execute(params![now(), SOME])?;
    Ok(removed == SOME)
}

/// Gives some free pages back to the disk, beyond those that will soon be needed again. Not inside a transaction.
pub(super) fn shrink(connection: &Connection) -> rusqlite::Result<()> {
    const KEPT: i64 = 256;
    let free: i64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
    if free > 2 * KEPT {
        // Each step of the statement frees one page.
        let mut vacuum = connection.prepare(&format!("PRAGMA incremental_vacuum({})", (free - KEPT).min(2000)))?;
        let mut steps = vacuum.query([])?;
        while steps.next()?.is_some() {}
    }
    Ok(())
}
