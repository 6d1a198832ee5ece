//! What the API was told to do wrong, and to whom.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;

/// A way to go wrong: on the wire, or in the shape of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Status 429, with `Retry-After` in seconds, or as a date so many seconds ahead.
    TooManyRequests {
        /// How long to stay away.
        #[serde(default = "one")]
        retry_after_s: u32,
        /// Whether the header is an HTTP date.
        #[serde(default)]
        as_date: bool,
    },
    /// A status of the five hundreds, with a problem document.
    ServerError {
        /// The status.
        #[serde(default = "internal_server_error")]
        status: u16,
    },
    /// A pause before the first byte, and one between the parts of the body.
    Slow {
        /// Before the first byte.
        #[serde(default)]
        first_byte_ms: u64,
        /// Before each tenth of the body; 0 sends it at once.
        #[serde(default)]
        dribble_ms: u64,
    },
    /// The connection closes half-way through the body that `Content-Length` promised.
    CutOff,
    /// A web page, with status 200.
    HtmlPage,
    /// Half of the document, with status 200 and a length that fits.
    TruncatedJson,
    /// Nothing, with status 200.
    EmptyBody,
    /// The document in ISO 8859-1, which is not UTF-8 once it has an accent.
    WrongEncoding,
    /// `taxes` is called `taxation`.
    RenamedTaxes,
    /// Each record has a field more, `customerFeedback`.
    UnknownField,
    /// Records have no `chkNum` and no `tblName`.
    MissingFields,
    /// `true` and `false` are `1` and `0`.
    NumericFlags,
    /// `gstCnt` of the first record (elsewhere `amount` or `openingBalance`) is `"N/A"`.
    NotANumber,
    /// `taxes`, `chkNum` and `gstCnt` of every second record are null.
    ExplicitNull,
    /// A list of one element is the element itself, as converters from XML like it.
    ObjectForArray,
}

/// Which requests are concerned: all that agree with every condition given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// This endpoint only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// This `storeId` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// This `busDt` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bus_dt: Option<String>,
    /// So many requests, then no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// A command, as it comes and goes over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// What to do wrong.
    #[serde(flatten)]
    pub fault: Fault,
    /// To whom.
    #[serde(flatten)]
    pub when: When,
}

/// The commands in force.
#[derive(Debug, Default)]
pub struct Misbehaviour(Mutex<Vec<Command>>);

impl Misbehaviour {
    /// Adds a command to those in force.
    pub fn add(&self, fault: Fault, when: When) {
        self.with(|commands| commands.push(Command { fault, when }));
    }

    /// Takes all commands back.
    pub fn mend(&self) {
        self.with(Vec::clear);
    }

    /// The commands in force.
    pub fn commands(&self) -> Vec<Command> {
        self.with(|commands| commands.clone())
    }

    /// What a request meets with; counts down what holds for a number of requests.
    pub(crate) fn meet(&self, endpoint: Endpoint, store: &str, bus_dt: &str) -> Vec<Fault> {
        self.with(|commands| {
            let mut met = Vec::new();
            for command in commands.iter_mut() {
                if command.when.holds(endpoint, store, bus_dt) {
                    met.push(command.fault.clone());
                    command.when.times = command.when.times.map(|times| times.saturating_sub(1));
                }
            }
            commands.retain(|command| command.when.times != Some(0));
            met
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<Command>) -> T) -> T {
        // A list of commands is whole after every step, whatever else went wrong.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl When {
    /// Concerns every request.
    pub fn always() -> Self {
        Self::default()
    }

    /// Concerns the next so many requests.
    pub fn times(times: u32) -> Self {
        Self { times: Some(times), ..Self::default() }
    }

    fn holds(&self, endpoint: Endpoint, store: &str, bus_dt: &str) -> bool {
        self.times != Some(0)
            && self.endpoint.is_none_or(|wanted| wanted == endpoint)
            && self.store.as_deref().is_none_or(|wanted| wanted == store)
            && self.bus_dt.as_deref().is_none_or(|wanted| wanted == bus_dt)
    }
}

fn one() -> u32 {
    1
}

fn internal_server_error() -> u16 {
    500
}
