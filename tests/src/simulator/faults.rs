//! Draws what goes wrong during one invocation.

use std::time::Duration;

use fastrand::Rng;

use super::plan::Plan;
use super::postgres_fault::{Deed, Moment, PostgresFault};
use super::s3_fault::{Asked, Mishap, S3Fault};

/// The SDK tries a request three times; so many in a row come through to the function.
const PERSISTENT: u32 = 4;
/// What Postgres says of itself, never of the data.
const REFUSALS: [&str; 9] =
    ["40001", "40P01", "55P03", "53100", "53200", "25006", "53300", "57014", "58030"];
const REFUSALS_AT_CONNECT: [&str; 2] = ["53300", "57P03"];

/// What goes wrong during one invocation; little, so that most faults are met alone.
#[derive(Debug, Default, Clone)]
pub(super) struct Faults {
    pub(super) postgres: Option<PostgresFault>,
    pub(super) s3: Vec<S3Fault>,
    /// The invocation's time, where it is short.
    pub(super) deadline: Option<Duration>,
}

impl Faults {
    /// For load.
    pub(super) fn of_load(rng: &mut Rng, plan: &Plan) -> Self {
        let mut faults = Self::default();
        match rng.u8(..20) {
            0..5 => {}
            5..15 => faults.postgres = Some(postgres(rng, plan)),
            15..18 => faults.s3.push(reading(rng)),
            18 => {
                faults.postgres = Some(postgres(rng, plan));
                faults.s3.push(reading(rng));
            }
            _ => {
                let when = Moment::Exchange(rng.u32(..20));
                faults.postgres = Some(PostgresFault { when, what: Deed::Delay(250) });
                // Lambda's deadline kills a process only after a minute: the handler's own is tried.
                faults.deadline =
                    (!plan.is_binary).then(|| Duration::from_millis(rng.u64(30..200)));
            }
        }
        faults
    }

    /// For manifest.
    pub(super) fn of_manifest(rng: &mut Rng, plan: &Plan) -> Self {
        let mut faults = Self::default();
        match rng.u8(..6) {
            0..2 => {}
            2 => faults.postgres = Some(postgres(rng, plan)),
            _ => faults.s3.push(writing(rng)),
        }
        faults
    }

    /// Whether S3 says of an object that it is not there, which load must believe.
    pub(super) fn says_gone(&self) -> bool {
        self.s3.iter().any(|fault| matches!(fault.what, Mishap::Answer(404, _)))
    }

    /// For people.
    pub(super) fn line(&self) -> String {
        let postgres = self.postgres.iter().map(|fault| format!("{fault} {:?}", fault.when));
        let s3 = self.s3.iter().map(|fault| format!("{fault} ×{}", fault.times));
        let deadline = self.deadline.iter().map(|left| format!("deadline {left:?}"));
        postgres.chain(s3).chain(deadline).collect::<Vec<_>>().join("; ")
    }
}

fn postgres(rng: &mut Rng, plan: &Plan) -> PostgresFault {
    let when = match rng.u8(..20) {
        0 => Moment::Connect,
        1..9 => Moment::Exchange(rng.u32(..28)),
        9..12 => Moment::Copy,
        12..14 => Moment::BeforeCommit,
        14..16 => Moment::CommitSent,
        _ => Moment::Committed,
    };
    let crash = if plan.may_crash { Deed::Crash } else { Deed::Terminate };
    let refuse = |rng: &mut Rng, codes: &[&'static str]| {
        Deed::Refuse(rng.choice(codes.iter().copied()).unwrap_or("40001"))
    };
    let what = match (when, rng.u8(..10)) {
        (Moment::Connect, 0..6) => refuse(rng, &REFUSALS_AT_CONNECT),
        (Moment::Connect, _) => Deed::Cut,
        (Moment::CommitSent | Moment::Committed, 0..4) => Deed::Cut,
        (Moment::CommitSent | Moment::Committed, 4..8) => Deed::Kill,
        (Moment::CommitSent | Moment::Committed, _) => Deed::ShutDown,
        (_, 0..2) => Deed::Cut,
        (_, 2..4) => Deed::Kill,
        (_, 4..8) => refuse(rng, &REFUSALS),
        (_, 8) => {
            if rng.bool() {
                Deed::ShutDown
            } else {
                Deed::Delay(rng.u64(5..80))
            }
        }
        _ => crash,
    };
    PostgresFault { when, what }
}

fn reading(rng: &mut Rng) -> S3Fault {
    let what = match rng.u8(..13) {
        0 => Mishap::Answer(500, "InternalError"),
        1 | 2 => Mishap::Answer(503, "SlowDown"),
        3 => Mishap::Answer(404, "NoSuchKey"),
        4 | 5 => Mishap::CutBody,
        6 => Mishap::TooFewBytes,
        7 | 8 => Mishap::ShortLength,
        9 => Mishap::Cut,
        10 => Mishap::Delay(rng.u64(5..80)),
        _ => Mishap::Kill,
    };
    fault(rng, Asked::RawObject, what)
}

fn writing(rng: &mut Rng) -> S3Fault {
    let (asked, what) = match rng.u8(..12) {
        0..2 => (Asked::ConditionalWrite, Mishap::Answer(412, "PreconditionFailed")),
        2..4 => (Asked::ConditionalWrite, Mishap::Answer(409, "ConditionalRequestConflict")),
        4 => (Asked::ConditionalWrite, Mishap::DoneThenAnswer(500, "InternalError")),
        5 => (Asked::Write, Mishap::DoneThenAnswer(503, "SlowDown")),
        6 => (Asked::Write, Mishap::Answer(500, "InternalError")),
        7 => (Asked::Write, Mishap::Kill),
        8 => (Asked::Anything, Mishap::Answer(503, "SlowDown")),
        9 => (Asked::Anything, Mishap::Cut),
        10 => (Asked::Listing, Mishap::Answer(503, "SlowDown")),
        _ => (Asked::Anything, Mishap::Kill),
    };
    fault(rng, asked, what)
}

fn fault(rng: &mut Rng, asked: Asked, what: Mishap) -> S3Fault {
    let lasts = rng.u8(..4) == 0 && !matches!(what, Mishap::Kill | Mishap::Delay(_));
    let times = if lasts { PERSISTENT } else { 1 };
    S3Fault { asked, skip: rng.u32(..2), times, what }
}
