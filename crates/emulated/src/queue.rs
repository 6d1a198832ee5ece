//! An SQS queue with a function at its end, as far as a message's fate depends on it: receives are
//! counted, a message that is not deleted comes again, and after too many receives it is a dead
//! letter. Time does not pass here: a message is visible again at the next poll.
//!
//! Sources: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS" and "Implementing partial
//! batch responses"; Amazon SQS Developer Guide, "Using dead-letter queues".

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Function, FunctionError};

/// A standard queue.
#[derive(Debug, Clone)]
pub struct Queue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    redrive: Option<(Queue, u32)>,
    messages: Mutex<VecDeque<Message>>,
}

#[derive(Debug, Clone)]
struct Message {
    id: String,
    body: String,
    sent_ms: i64,
    received: u32,
}

impl Queue {
    /// A queue that keeps what nobody handles.
    pub fn new(name: &str) -> Self {
        Self::build(name, None)
    }

    /// A queue that gives up a message after so many receives.
    pub fn with_dead_letters(name: &str, dead_letters: &Self, max_receive_count: u32) -> Self {
        Self::build(name, Some((dead_letters.clone(), max_receive_count)))
    }

    fn build(name: &str, redrive: Option<(Self, u32)>) -> Self {
        Self(Arc::new(Inner { name: name.to_owned(), redrive, messages: Mutex::default() }))
    }

    /// Puts a message at the end.
    pub fn send(&self, body: &Value) {
        let mut messages = self.lock();
        let sent_ms = Timestamp::now().as_millisecond();
        let id = format!("{sent_ms:016x}-{}-{}", self.0.name, messages.len());
        messages.push_back(Message { id, body: body.to_string(), sent_ms, received: 0 });
    }

    /// How many messages are there.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether no message is there.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Gives the function batches until each message was offered once, and returns its errors.
    ///
    /// What was not handled is still there afterwards, unless it is a dead letter by now.
    pub async fn poll(&self, function: &Function, batch_size: usize) -> Vec<FunctionError> {
        let mut errors = Vec::new();
        let mut waiting = self.lock().len();
        while waiting > 0 {
            let taken = batch_size.min(waiting);
            waiting -= taken;
            let batch = self.receive(taken);
            if batch.is_empty() {
                continue;
            }
            match function.invoke(&self.event(&batch)).await {
                Ok(answer) => self.give_back(batch, &answer),
                Err(error) => {
                    errors.push(error);
                    self.lock().extend(batch);
                }
            }
        }
        errors
    }

    /// Takes messages from the front. A message that was received too often moves on instead.
    fn receive(&self, at_most: usize) -> Vec<Message> {
        let mut batch = Vec::new();
        let mut messages = self.lock();
        let taken = at_most.min(messages.len());
        for mut message in messages.drain(..taken) {
            match &self.0.redrive {
                // The dead letter keeps its id, its age and its count: it is the same message.
                Some((dead_letters, most)) if message.received >= *most => {
                    dead_letters.lock().push_back(message);
                }
                Some(_) | None => {
                    message.received += 1;
                    batch.push(message);
                }
            }
        }
        batch
    }

    /// No failures named is success; a name that is none of the batch's, or no name, is failure of
    /// the whole batch.
    fn give_back(&self, batch: Vec<Message>, answer: &Value) {
        let Some(failures) = answer["batchItemFailures"].as_array() else {
            return;
        };
        let named: Option<BTreeSet<&str>> =
            failures.iter().map(|failure| failure["itemIdentifier"].as_str()).collect();
        let ids: BTreeSet<&str> = batch.iter().map(|message| message.id.as_str()).collect();
        let again = match named {
            Some(named) if named.is_subset(&ids) => {
                let named = |message: &&Message| named.contains(message.id.as_str());
                batch.iter().filter(named).cloned().collect()
            }
            Some(_) | None => batch.clone(),
        };
        self.lock().extend(again);
    }

    fn event(&self, batch: &[Message]) -> Value {
        let record = |message: &Message| {
            json!({
                "messageId": message.id,
                "receiptHandle": format!("receipt-{}-{}", message.id, message.received),
                "body": message.body,
                "attributes": {
                    "ApproximateReceiveCount": message.received.to_string(),
                    "SentTimestamp": message.sent_ms.to_string(),
                    "SenderId": "AROAEXAMPLEROLEID:S3-PROD-END",
                    "ApproximateFirstReceiveTimestamp": message.sent_ms.to_string(),
                },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": format!("arn:aws:sqs:us-east-1:123456789012:{}", self.0.name),
                "awsRegion": "us-east-1",
            })
        };
        json!({ "Records": batch.iter().map(record).collect::<Vec<_>>() })
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Message>> {
        self.0.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
