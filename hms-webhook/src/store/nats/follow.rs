//! What goes on as long as the store is open: the stream is read, and this server says that it is there.

use std::{sync::Arc, time::Duration};

use async_nats::{
    Client, RequestErrorKind, Subscriber,
    jetstream::{Message, consumer::DeliverPolicy},
};
use futures_util::StreamExt;
use tokio::{sync::watch, time::sleep};
use tracing::{debug, warn};

use super::{
    log::{Draft, PATIENCE, Written, record},
    queue::Queue,
    record::{Owner, ServerRecord, text},
    view::{SAYS_EVERY, View},
};
use crate::{error::chain, store::StoreError};

/// After so long a silence, what is missing may have been removed from the stream, so that it is read anew.
const FORGETS_AFTER: Duration = Duration::from_secs(30);
/// After so long a silence it is read anew. This server itself says something more often, unless brokers choose a leader.
const QUIET: Duration = Duration::from_secs(10);
const AFTER_FAILURE: Duration = Duration::from_millis(500);

// -- reading ----------------------------------------------------------------------------------

/// Keeps the view as the stream is. `is_read` becomes true when it has been read once.
pub(super) async fn read(queue: Arc<Queue>, is_read: watch::Sender<bool>) {
    loop {
        match read_on(&queue, &is_read).await {
            Ok(()) => {}
            Err(error) => debug!(cause = chain(&error), "the queue cannot be read for now"),
        }
        sleep(AFTER_FAILURE).await;
    }
}

/// Reads the stream from its beginning, and on until that is not possible any more.
async fn read_on(queue: &Queue, is_read: &watch::Sender<bool>) -> Result<(), StoreError> {
    let log = &queue.log;
    let mut reading = log.follow(DeliverPolicy::All, true).await?;
    // Until it is as new as the view that there is, it is read beside that.
    let mut fresh = Some(View::default());
    let install = |view: View| {
        let sequence = view.read;
        *queue.view() = view;
        queue.has_read(sequence);
        is_read.send_replace(true);
    };
    if reading.known.is_none() {
        fresh.take().map(install);
    }
    loop {
        let message = reading.next(QUIET).await?;
        let Ok(info) = message.info() else { continue };
        let sequence = info.stream_sequence;
        // Brokers that have just chosen a leader count what is pending wrongly, and the last may have been replaced.
        let is_last = info.pending == 0 || Some(sequence) >= reading.known;
        match &mut fresh {
            Some(view) => {
                view.hear(sequence);
                if let Some(name) = apply(view, &queue.prefix, sequence, &message.subject, record_of(&message)) {
                    log.purge(format!("{}.queue.{name}.>", queue.prefix)).await?;
                }
            }
            None => {
                let mut view = queue.view();
                if view.hear(sequence) > FORGETS_AFTER {
                    return Ok(());
                }
                apply(&mut view, &queue.prefix, sequence, &message.subject, record_of(&message));
                drop(view);
                queue.has_read(sequence);
            }
        }
        if is_last {
            fresh.take().map(install);
        }
    }
}

fn record_of(message: &Message) -> &str {
    message.headers.as_ref().map_or("", record)
}

/// Takes a message into the view; one that nobody can read is left out. Gives back the name of an append of which there
/// is only a rest in the stream.
pub(super) fn apply(view: &mut View, prefix: &str, sequence: u64, subject: &str, text: &str) -> Option<String> {
    let subject = subject.strip_prefix(prefix)?.strip_prefix('.')?;
    match subject.split('.').collect::<Vec<_>>()[..] {
        ["servers", name] => view.add_server(name.to_owned(), sequence, &serde_json::from_str(text).ok()?),
        ["queue", name, "event"] => view.add_append(sequence, name.to_owned(), serde_json::from_str(text).ok()?),
        ["queue", name, index] => {
            let record = serde_json::from_str(text).ok()?;
            if !view.set_job_of(name, index.parse().ok()?, sequence, record) {
                return Some(name.to_owned());
            }
        }
        _ => {}
    }
    None
}

// -- being there ------------------------------------------------------------------------------

/// By what this server is known to others.
pub(super) struct Registration {
    subject: String,
    nonce: u64,
    owner: Owner,
    revision: u64,
    /// Who asks whether it is there is answered.
    questions: Subscriber,
}

/// Registers this server. What an earlier server of the same name had begun is free from now on. If there is another one
/// of that name, which answers, the name gets a number.
pub(super) async fn register(queue: &Queue, client: &Client, name: &str) -> Result<Registration, StoreError> {
    let name: String =
        name.chars().map(|one| if one.is_ascii_alphanumeric() || one == '-' { one } else { '_' }).collect();
    let mut number = 1;
    loop {
        let name = if number == 1 { name.clone() } else { format!("{name}-{number}") };
        let subject = format!("{}.servers.{name}", queue.prefix);
        let question = format!("{}.there.{name}", queue.prefix);
        let last = queue.log.last(&subject).await?;
        if last.is_some() && is_answered(client, &question).await {
            number += 1;
            continue;
        }
        let questions = client.subscribe(question).await.map_err(|error| queue.log.fails(error))?;
        let nonce = fastrand::u64(..);
        let draft = Draft {
            subject: subject.clone(),
            record: text(&ServerRecord { owner: None, nonce }),
            replaces: Some(last.map_or(0, |last| last.sequence)),
            ..Draft::default()
        };
        if let Written::At(sequence) = queue.log.write(&draft, PATIENCE).await? {
            queue.me.send_replace(sequence);
            return Ok(Registration { subject, nonce, owner: sequence, revision: sequence, questions });
        }
    }
}

/// Whether somebody answers. The broker says at once if nobody listens; who listens and does not answer is there too.
async fn is_answered(client: &Client, question: &str) -> bool {
    const WITHIN: Duration = Duration::from_millis(500);
    for _ in 0..3 {
        let request = async_nats::Request::new().timeout(Some(WITHIN));
        match client.send_request(question.to_owned(), request).await {
            Ok(_) => return true,
            Err(error) if error.kind() == RequestErrorKind::NoResponders => return false,
            // Brokers may not have told each other yet that somebody has gone.
            Err(_) => {}
        }
    }
    true
}

/// Says again and again that this server is there, and removes what is done.
pub(super) async fn be_there(queue: Arc<Queue>, client: Client, name: String, mut here: Registration) {
    loop {
        tokio::select! {
            question = here.questions.next() => {
                if let Some(reply) = question.and_then(|question| question.reply) {
                    let _ = client.publish(reply, "".into()).await;
                }
                continue;
            }
            () = sleep(SAYS_EVERY) => {}
        }
        let said = say(&queue, &mut here).await;
        let outcome = match said {
            Ok(true) => queue.clean().await,
            Ok(false) => {
                warn!(
                    "another server has registered by the name of this one: give each a name of its own, with `name=` in the store's address"
                );
                match register(&queue, &client, &name).await {
                    Ok(again) => {
                        here = again;
                        Ok(())
                    }
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            debug!(cause = chain(&error), "the broker cannot be told that this server is there");
        }
    }
}

/// Whether it is still this server that is registered.
async fn say(queue: &Queue, here: &mut Registration) -> Result<bool, StoreError> {
    let draft = Draft {
        subject: here.subject.clone(),
        record: text(&ServerRecord { owner: Some(here.owner), nonce: here.nonce }),
        replaces: Some(here.revision),
        ..Draft::default()
    };
    if let Written::At(sequence) = queue.log.write(&draft, PATIENCE).await? {
        here.revision = sequence;
        return Ok(true);
    }
    // Something said earlier may have arrived late.
    let last = queue.log.last(&here.subject).await?;
    let record: Option<ServerRecord> = last.as_ref().and_then(|last| serde_json::from_str(&last.record).ok());
    here.revision = last.map_or(0, |last| last.sequence);
    Ok(record.is_none_or(|record| record.nonce == here.nonce))
}
