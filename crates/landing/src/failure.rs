//! The one question asked of every error: can a retry help?

/// Whether a retry can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Not the object's fault, or not known to be: give it back and let the platform retry.
    Transient,
    /// The object's fault: record it in the manifest at once, no retry.
    Permanent,
}

/// An error that knows its kind.
pub trait Classify {
    /// Whether a retry can help. Unknown means transient: a retried object is late, a wrongly
    /// condemned one is lost to view.
    fn kind(&self) -> FailureKind;
}
