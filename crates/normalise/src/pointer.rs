//! JSON Pointers (RFC 6901), as paths to columns: array indices are left out.

use std::fmt;
use std::str::FromStr;

/// A parsed pointer: its reference tokens, unescaped. Empty means the document itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(Vec<String>);

/// A text that is no JSON Pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no JSON Pointer; it must be empty or start with `/`")]
pub struct InvalidPointer(pub String);

impl Pointer {
    /// The reference tokens.
    pub fn tokens(&self) -> &[String] {
        &self.0
    }

    /// Whether it points at the document itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes `token` behind `path`, escaped.
    pub fn push_token(path: &mut String, token: &str) {
        path.push('/');
        for character in token.chars() {
            match character {
                '~' => path.push_str("~0"),
                '/' => path.push_str("~1"),
                other => path.push(other),
            }
        }
    }

    /// `path` with one more token.
    pub(crate) fn child(path: &str, token: &str) -> String {
        let mut child = path.to_owned();
        Self::push_token(&mut child, token);
        child
    }
}

impl FromStr for Pointer {
    type Err = InvalidPointer;

    fn from_str(text: &str) -> Result<Self, InvalidPointer> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let tail = text.strip_prefix('/').ok_or_else(|| InvalidPointer(text.to_owned()))?;
        Ok(Self(tail.split('/').map(landing::unescape_token).collect()))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut path = String::new();
        for token in &self.0 {
            Self::push_token(&mut path, token);
        }
        f.write_str(&path)
    }
}
