//! What can happen between a function and S3, and at which request.

use std::fmt;

/// Which request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// GET or HEAD of an object under `raw/`.
    RawObject,
    /// Any write: an error log, a list of the manifest.
    Write,
    /// A write with `If-Match` or `If-None-Match`.
    ConditionalWrite,
    /// A listing.
    Listing,
    /// Any request at all.
    Anything,
}

/// What happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mishap {
    /// S3 answers so and does nothing.
    Answer(u16, &'static str),
    /// S3 does it, and the answer says that it failed.
    DoneThenAnswer(u16, &'static str),
    /// The body breaks off in the middle.
    CutBody,
    /// More bytes are announced than come.
    TooFewBytes,
    /// Fewer bytes are announced than the object has, and no more come: as far as its whole lines
    /// go, so that only the checksum tells.
    ShortLength,
    /// The connection breaks, without a word.
    Cut,
    /// The function is killed by `SIGKILL`.
    Kill,
    /// The answer takes so many milliseconds longer.
    Delay(u64),
}

impl Mishap {
    /// Whether it happens to the bytes of an answer.
    pub(super) fn is_of_body(self) -> bool {
        matches!(self, Self::CutBody | Self::TooFewBytes | Self::ShortLength)
    }
}

/// One fault: at the n-th such request from now on, and the next ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct S3Fault {
    pub(super) asked: Asked,
    pub(super) skip: u32,
    pub(super) times: u32,
    pub(super) what: Mishap,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RawObject => "reading an object",
            Self::Write => "writing",
            Self::ConditionalWrite => "writing on a condition",
            Self::Listing => "listing",
            Self::Anything => "any request",
        })
    }
}

impl fmt::Display for Mishap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(status, code) => write!(f, "{status} {code}"),
            Self::DoneThenAnswer(status, code) => write!(f, "done, and {status} {code}"),
            Self::CutBody => f.write_str("body cut"),
            Self::TooFewBytes => f.write_str("wrong length, too few bytes"),
            Self::ShortLength => f.write_str("wrong length, announced too short"),
            Self::Cut => f.write_str("connection cut"),
            Self::Kill => f.write_str("load killed"),
            Self::Delay(_) => f.write_str("slow answer"),
        }
    }
}

impl fmt::Display for S3Fault {
    /// The kind, as reports count it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3: {}, {}", self.what, self.asked)
    }
}
