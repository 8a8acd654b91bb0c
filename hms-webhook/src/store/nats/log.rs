//! One stream of the broker, of which each subject holds one message: read, and written under a condition.

use std::{error::Error, time::Duration};

use async_nats::{
    connection::State,
    jetstream::{
        self,
        consumer::{
            DeliverPolicy,
            push::{Ordered, OrderedConfig},
        },
        context::{PublishError, PublishErrorKind},
        message::{PublishMessage, StreamMessage},
        stream::{Config, LastRawMessageErrorKind, RawMessageError, Stream},
    },
};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{Instant, sleep, timeout};

use super::{
    address::Address,
    connection::{Connection, Interruption},
};
use crate::store::StoreError;

/// The header that holds a record.
const RECORD: &str = "Hms-Record";
/// For how long is tried again what a broker does not do, before it counts as failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);
/// How long to wait before it is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// Why something has failed.
const HAS_ENDED: &str = "the connection has ended";

#[derive(Clone)]
pub(super) struct Log {
    connection: Connection,
    pub(super) stream: Stream,
    place: String,
}

/// A message of a stream.
pub(super) struct Message {
    pub(super) sequence: u64,
    pub(super) record: String,
    pub(super) payload: Bytes,
}

/// What is to be written.
#[derive(Clone, Default)]
pub(super) struct Draft {
    pub(super) subject: String,
    pub(super) record: String,
    pub(super) payload: Bytes,
    /// Only if this is the sequence of the subject's last message; zero where there must be none.
    pub(super) replaces: Option<u64>,
    /// What has been written under this id is not written again.
    pub(super) id: Option<String>,
}

/// How a write ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It is kept, with this sequence.
    At(u64),
    /// Somebody else has written in the meantime, and this was not.
    Overtaken,
}

impl Log {
    /// Opens the stream, and makes it where there is none.
    pub(super) async fn open(connection: Connection, config: Config, address: &Address) -> Result<Self, StoreError> {
        let place = address.to_string();
        let name = config.name.clone();
        let stream = connection.context.get_or_create_stream(config).await.map_err(|error| {
            StoreError::new(format!(
                "the stream `{name}` of the broker at {place} can be neither found nor made: see that JetStream is on, \
                 that this user may use it, and that there are as many brokers as replicas"
            ))
            .because(error)
        })?;
        Ok(Self { connection, stream, place })
    }

    /// Opens a stream that has to be there.
    pub(super) async fn find(connection: Connection, name: &str, address: &Address) -> Result<Self, StoreError> {
        let place = address.to_string();
        let stream = connection.context.get_stream(name).await.map_err(|error| {
            StoreError::new(format!(
                "the broker at {place} has no stream `{name}`: has a server been started with this store?"
            ))
            .because(error)
        })?;
        Ok(Self { connection, stream, place })
    }

    pub(super) fn fails(&self, error: impl Into<Box<dyn Error + Send + Sync>>) -> StoreError {
        StoreError::new(format!("the broker at {} does not do what it is asked: see whether it is well", self.place))
            .because(error)
    }

    /// Writes a message; waits until the broker, and where there are replicas most of them, have it. Tries again for
    /// `patience`; a message whose fate is unknown by then may still be written.
    pub(super) async fn write(&self, draft: &Draft, patience: Duration) -> Result<Written, StoreError> {
        let until = Instant::now() + patience;
        let mut is_uncertain = false;
        loop {
            let error = match self.try_write(draft).await {
                Ok(sequence) => return Ok(Written::At(sequence)),
                Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {
                    // By itself, perhaps: the answer to an earlier try may have been lost.
                    if is_uncertain
                        && let Some(last) = self.last(&draft.subject).await?
                        && last.record == draft.record
                        && last.payload == draft.payload
                    {
                        return Ok(Written::At(last.sequence));
                    }
                    return Ok(Written::Overtaken);
                }
                Err(error) => error,
            };
            if error.kind() == PublishErrorKind::MaxPayloadExceeded {
                return Err(self.too_large(draft));
            }
            if Instant::now() >= until {
                return Err(self.fails(error));
            }
            is_uncertain = true;
            sleep(PAUSE).await;
        }
    }

    async fn try_write(&self, draft: &Draft) -> Result<u64, PublishError> {
        let mut interruption = self.connection.interruption();
        let Connection { client, context, .. } = &self.connection;
        // What is written to a connection that is away waits there, and comes when nobody expects it any more.
        if client.connection_state() != State::Connected {
            return Err(PublishError::new(PublishErrorKind::BrokenPipe));
        }
        let mut message = PublishMessage::build().payload(draft.payload.clone());
        if !draft.record.is_empty() {
            message = message.header(RECORD, draft.record.as_str());
        }
        if let Some(sequence) = draft.replaces {
            message = message.expected_last_subject_sequence(sequence);
        }
        if let Some(id) = &draft.id {
            message = message.message_id(id);
        }
        let written = async { context.send_publish(draft.subject.clone(), message).await?.await };
        match interruption.or(written).await {
            Some(answer) => Ok(answer?.sequence),
            None => Err(PublishError::new(PublishErrorKind::BrokenPipe)),
        }
    }

    fn too_large(&self, draft: &Draft) -> StoreError {
        StoreError::new(format!(
            "{} bytes are more than the broker at {} takes in one message, {}: raise its `max_payload`",
            draft.payload.len() + draft.record.len(),
            self.place,
            self.connection.client.server_info().max_payload
        ))
    }

    /// The last message of a subject, as most of the replicas have it.
    pub(super) async fn last(&self, subject: &str) -> Result<Option<Message>, StoreError> {
        self.ask(|| self.stream.get_last_raw_message_by_subject(subject)).await
    }

    /// The message of this sequence.
    pub(super) async fn at(&self, sequence: u64) -> Result<Option<Message>, StoreError> {
        self.ask(|| self.stream.get_raw_message(sequence)).await
    }

    /// Asks for a message; again, for a while, as often as the connection ends meanwhile.
    async fn ask<F>(&self, question: impl Fn() -> F) -> Result<Option<Message>, StoreError>
    where
        F: Future<Output = Result<StreamMessage, RawMessageError>>,
    {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.connection.interruption().or(question()).await {
                Some(answer) => return found(answer).map_err(|error| self.fails(error)),
                None if Instant::now() >= until => return Err(self.fails(HAS_ENDED)),
                None => sleep(PAUSE).await,
            }
        }
    }

    /// Begins to read what `policy` says, of all subjects, and what comes later; without bodies where `headers_only`.
    pub(super) async fn follow(&self, policy: DeliverPolicy, headers_only: bool) -> Result<Reading<'_>, StoreError> {
        let interruption = self.connection.interruption();
        let config = OrderedConfig {
            deliver_subject: self.connection.client.new_inbox(),
            deliver_policy: policy,
            filter_subject: ">".into(),
            headers_only,
            ..OrderedConfig::default()
        };
        let state = self.stream.get_info().await.map_err(|error| self.fails(error))?.state;
        let known = (state.messages > 0).then_some(state.last_sequence);
        let consumer = self.stream.create_consumer(config).await.map_err(|error| self.fails(error))?;
        let messages = consumer.messages().await.map_err(|error| self.fails(error))?;
        Ok(Reading { log: self, messages, interruption, known })
    }

    /// Removes the message of this sequence.
    pub(super) async fn remove(&self, sequence: u64) -> Result<(), StoreError> {
        self.stream.delete_message(sequence).await.map(drop).map_err(|error| self.fails(error))
    }

    /// Removes what the subjects hold.
    pub(super) async fn purge(&self, subjects: String) -> Result<(), StoreError> {
        self.stream.purge().filter(subjects).await.map(drop).map_err(|error| self.fails(error))
    }
}

/// Messages of a stream, as they come.
pub(super) struct Reading<'a> {
    log: &'a Log,
    messages: Ordered,
    interruption: Interruption,
    /// The last sequence when it began; `None` where there was no message.
    pub(super) known: Option<u64>,
}

impl Reading<'_> {
    /// The next message. There is none any more when the connection has ended, and when nothing has come for `quiet`: then
    /// it has to be begun anew.
    ///
    /// The library begins anew by itself, but by one name, again and again. If the brokers choose one for it that was lost
    /// a moment ago, that name is never answered.
    pub(super) async fn next(&mut self, quiet: Duration) -> Result<jetstream::Message, StoreError> {
        match self.interruption.or(timeout(quiet, self.messages.next())).await {
            Some(Ok(Some(message))) => message.map_err(|error| self.log.fails(error)),
            Some(Ok(None)) | None => Err(self.log.fails(HAS_ENDED)),
            Some(Err(_)) => Err(self.log.fails(format!("nothing has come for {quiet:?}"))),
        }
    }
}

fn found(answer: Result<StreamMessage, RawMessageError>) -> Result<Option<Message>, RawMessageError> {
    match answer {
        Ok(message) => Ok(Some(Message {
            sequence: message.sequence,
            record: record(&message.headers).to_owned(),
            payload: message.payload,
        })),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The record in the header of a message.
pub(super) fn record(headers: &async_nats::HeaderMap) -> &str {
    headers.get(RECORD).map_or("", |value| value.as_str())
}
