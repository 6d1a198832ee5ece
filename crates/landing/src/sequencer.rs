//! S3's order of the writes to one key.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// The `sequencer` of an S3 event: hexadecimal, comparable between events of the same key only.
///
/// To compare, the shorter is padded with zeros on the right.
/// Source: Amazon S3 User Guide, "Event message structure".
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequencer(pub String);

impl Ord for Sequencer {
    fn cmp(&self, other: &Self) -> Ordering {
        let width = self.0.len().max(other.0.len());
        let padded = |text: &str| {
            text.bytes()
                .map(|byte| byte.to_ascii_uppercase())
                .chain(std::iter::repeat(b'0'))
                .take(width)
                .collect::<Vec<_>>()
        };
        padded(&self.0).cmp(&padded(&other.0))
    }
}

impl PartialOrd for Sequencer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Sequencer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Sequencer {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_is_padded_on_the_right() {
        let sequencer = |text: &str| Sequencer(text.to_owned());
        assert!(sequencer("0A") > sequencer("09FF"));
        assert!(sequencer("0a1") > sequencer("0A"));
        assert_eq!(sequencer("0A"), sequencer("0a00"));
    }
}
