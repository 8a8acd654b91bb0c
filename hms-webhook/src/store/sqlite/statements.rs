//! What each operation does to the tables. The transaction around it is the writer's business.

use std::time::{Duration, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::{
    after,
    columns::{Raw, count, id, number, optional_text, text},
    now,
};
use crate::{
    TraceContext,
    store::{Claim, Counts, Filter, Job, JobId, JobState, Leased, NewEvent, StoredJob},
};

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
    let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, count(row, 1)?, row.get(2)?, optional_text(row, 3)?));
    let held: Option<(String, u32, i64, Option<String>)> = find.query_row(params![key, now()], read).optional()?;
    let earlier = match held {
        None => 0,
        Some((state, _, _, result)) if state == "kept" => return Ok(Claim::Kept(result.unwrap_or_default())),
        Some((state, _, until, _)) if state == "running" && until > now() => return Ok(Claim::Running),
        Some((_, earlier, ..)) => earlier.saturating_add(1),
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
                 state = excluded.state, until = 0, result = excluded.result, expires = excluded.expires
             WHERE excluded.state = 'kept' OR claims.state <> 'kept' OR claims.expires <= ?5",
        )?
        .execute(params![key, state, result, after(time_to_live), now()])?;
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
        .prepare_cached(
            "INSERT INTO events (key, kind, call_id, body, appended, traceparent, tracestate)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            event.key,
            event.kind,
            event.call_id,
            &event.body[..],
            now(),
            event.trace.as_ref().map(TraceContext::traceparent),
            event.trace.as_ref().and_then(TraceContext::tracestate),
        ])?;
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
        "SELECT jobs.id, handler, key, kind, body, attempts, traceparent, tracestate FROM jobs JOIN events ON events.id = event
         WHERE jobs.id IN (SELECT id FROM jobs WHERE state = 'waiting' AND head = 1 AND due <= ?1 ORDER BY due, id LIMIT ?2)
         ORDER BY jobs.id",
    )?;
    let read = |row: &Row<'_>| {
        Ok(Job {
            id: id(row, 0)?,
            handler: text(row, 1)?,
            key: text(row, 2)?,
            kind: text(row, 3)?,
            body: row.get::<_, Vec<u8>>(4)?.into(),
            attempt: count(row, 5)?.saturating_add(1),
            trace: trace(optional_text(row, 6)?, optional_text(row, 7)?),
        })
    };
    let jobs: Vec<Job> = find.query_map(params![now, limit], read)?.collect::<rusqlite::Result<_>>()?;
    let mut mark = connection.prepare_cached("UPDATE jobs SET state = 'running', attempts = ?2 WHERE id = ?1")?;
    for job in &jobs {
        mark.execute(params![number(job.id), job.attempt])?;
    }
    let next: Option<i64> = connection
        .prepare_cached("SELECT min(due) FROM jobs WHERE state = 'waiting' AND head = 1")?
        .query_row([], |row| row.get(0))?;
    let wait = next.map_or(LOOK_EVERY, |due| Duration::from_millis(due.saturating_sub(now).max(0).unsigned_abs()));
    Ok(Leased { jobs, next: Some(wait.min(LOOK_EVERY)) })
}

/// A trace that cannot be read was not there.
fn trace(parent: Option<String>, state: Option<String>) -> Option<TraceContext> {
    let trace = TraceContext::parse(&parent?)?;
    Some(match state {
        Some(state) => trace.with_tracestate(&state),
        None => trace,
    })
}

pub(super) fn finish(connection: &Connection, job: JobId) -> rusqlite::Result<()> {
    let gone = connection
        .prepare_cached("DELETE FROM jobs WHERE id = ?1 AND state = 'running' RETURNING event, handler, call_id")?
        .query_row([number(job)], lane)
        .optional()?;
    if let Some((event, handler, call_id)) = gone {
        advance(connection, &handler, &call_id)?;
        forget_event(connection, event)?;
    }
    Ok(())
}

type Lane = (i64, Raw, Raw);

fn lane(row: &Row<'_>) -> rusqlite::Result<Lane> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

/// What comes next for this handler and call has its turn.
fn advance(connection: &Connection, handler: &Raw, call_id: &Raw) -> rusqlite::Result<()> {
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
            .prepare_cached(
                "UPDATE jobs SET state = 'waiting', due = ?2, last_error = ?3 WHERE id = ?1 AND state = 'running'",
            )?
            .execute(params![number(job), after(retry), error])?;
        return Ok(());
    }
    let dead = connection
        .prepare_cached(
            "UPDATE jobs SET state = 'dead', head = 0, last_error = ?2 WHERE id = ?1 AND state = 'running'
             RETURNING event, handler, call_id",
        )?
        .query_row(params![number(job), error], lane)
        .optional()?;
    match dead {
        Some((_, handler, call_id)) => advance(connection, &handler, &call_id),
        None => Ok(()),
    }
}

pub(super) fn give_back(connection: &Connection, job: JobId) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE jobs SET state = 'waiting', attempts = max(attempts, 1) - 1 WHERE id = ?1 AND state = 'running'",
        )?
        .execute([number(job)])?;
    Ok(())
}

// -- looking ----------------------------------------------------------------------------------

/// Which of the jobs `filter` means, in their order, behind the one of the number `after`; `columns` of each, as `read`
/// makes them.
fn matching<T>(
    connection: &Connection,
    columns: &str,
    filter: &Filter,
    after: i64,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    // Written so, the few in a state are found by their index, and not by looking at all.
    let state = if filter.state.is_some() { "state = :state" } else { ":state IS NULL" };
    let mut find = connection.prepare_cached(&format!(
        "SELECT {columns} FROM jobs JOIN events ON events.id = event
         WHERE {state} AND jobs.id > :after
             AND (:ids = '[]' OR jobs.id IN (SELECT value FROM json_each(:ids)))
             AND (:kind IS NULL OR kind = :kind)
             AND (:call_id IS NULL OR jobs.call_id = :call_id)
             AND (:handler IS NULL OR handler = :handler)
         ORDER BY jobs.id LIMIT :limit"
    ))?;
    let ids: Vec<String> = filter.ids.iter().map(|id| number(*id).to_string()).collect();
    let parameters = named_params! {
        ":ids": format!("[{}]", ids.join(",")),
        ":after": after,
        ":state": filter.state.map(JobState::as_str),
        ":kind": filter.kind,
        ":call_id": filter.call_id,
        ":handler": filter.handler,
        ":limit": filter.limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(-1),
    };
    find.query_map(parameters, read)?.collect()
}

pub(super) fn list(connection: &Connection, filter: &Filter) -> rusqlite::Result<Vec<StoredJob>> {
    let columns = "jobs.id, handler, kind, jobs.call_id, state, attempts, last_error, appended, due, body";
    matching(connection, columns, filter, 0, stored)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredJob> {
    let moment =
        |millis: i64| UNIX_EPOCH.checked_add(Duration::from_millis(millis.max(0).unsigned_abs())).unwrap_or(UNIX_EPOCH);
    let name: String = row.get(4)?;
    let state = JobState::ALL.into_iter().find(|state| state.as_str() == name).unwrap_or(JobState::Dead);
    Ok(StoredJob {
        id: id(row, 0)?,
        handler: text(row, 1)?,
        kind: text(row, 2)?,
        call_id: text(row, 3)?,
        state,
        attempts: count(row, 5)?,
        last_error: optional_text(row, 6)?,
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

/// The numbers of the dead letters among what `filter` means, behind the one of the number `after`.
pub(super) fn dead(connection: &Connection, filter: &Filter, after: i64) -> rusqlite::Result<Vec<i64>> {
    if filter.state.is_some_and(|state| state != JobState::Dead) {
        return Ok(Vec::new());
    }
    let filter = Filter { state: Some(JobState::Dead), ..filter.clone() };
    matching(connection, "jobs.id", &filter, after, |row| row.get(0))
}

pub(super) fn replay(connection: &Connection, jobs: &[i64]) -> rusqlite::Result<usize> {
    let mut replayed = 0;
    for id in jobs {
        let lane = connection
            .prepare_cached(
                "UPDATE jobs SET state = 'waiting', attempts = 0, due = ?2, head = call_id = ''
                 WHERE id = ?1 AND state = 'dead' RETURNING event, handler, call_id",
            )?
            .query_row(params![id, now()], lane)
            .optional()?;
        let Some((_, handler, call_id)) = lane else { continue };
        replayed += 1;
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
    Ok(replayed)
}

pub(super) fn discard(connection: &Connection, jobs: &[i64]) -> rusqlite::Result<usize> {
    let mut discarded = 0;
    for id in jobs {
        let event = connection
            .prepare_cached("DELETE FROM jobs WHERE id = ?1 AND state = 'dead' RETURNING event")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        if let Some(event) = event {
            forget_event(connection, event)?;
            discarded += 1;
        }
    }
    Ok(discarded)
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
