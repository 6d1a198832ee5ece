//! What one run is asked to fetch: `{}` for everything in its default windows, or some of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// What one run is asked to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchRequest {
    /// One source; all where none is named.
    pub source: Option<String>,
    /// Some endpoints; all where none are named.
    pub endpoints: Vec<String>,
    /// Partition values instead of the default windows.
    pub partitions: BTreeMap<String, Selection>,
    /// The run's scheduled time: what windows end at and objects are named by.
    pub time: Timestamp,
}

/// Which values of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// From one business date to another, both included.
    Range {
        /// The first.
        from: String,
        /// The last.
        to: String,
    },
    /// These.
    Values(Vec<String>),
}

impl FetchRequest {
    /// Everything, in its default windows as of `time`.
    pub fn everything(time: Timestamp) -> Self {
        Self { source: None, endpoints: Vec::new(), partitions: BTreeMap::new(), time }
    }
}

/// The request as JSON writes it. Unknown members are errors: a mistyped one would fetch everything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    endpoints: Option<Vec<String>>,
    #[serde(default)]
    partitions: Option<BTreeMap<String, Selection>>,
    #[serde(default)]
    time: Option<String>,
}

impl Written {
    /// The request; its time is its own, or that of the event around it.
    pub(crate) fn at(self, otherwise: Timestamp) -> Result<FetchRequest, String> {
        let time = match self.time {
            Some(text) => timestamp(&text)?,
            None => otherwise,
        };
        Ok(FetchRequest {
            source: self.source,
            endpoints: self.endpoints.unwrap_or_default(),
            partitions: self.partitions.unwrap_or_default(),
            time,
        })
    }
}

/// Reads an instant as AWS writes it (RFC 3339).
pub(crate) fn timestamp(text: &str) -> Result<Timestamp, String> {
    if text.contains("<aws.scheduler") {
        return Err(format!(
            "`time` is `{text}`, which only EventBridge Scheduler fills in; invoke through it, or \
             give a time like 2026-11-04T06:00:00Z"
        ));
    }
    text.parse().map_err(|_| format!("`time` is `{text}`; write it like 2026-11-04T06:00:00Z"))
}

impl<'de> Deserialize<'de> for Selection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Many(Vec<Value>),
            One(Value),
            // Last: a struct is also read from an array, and two values are no range.
            Range(Range),
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Range {
            from: String,
            to: String,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Value {
            Text(String),
            Number(serde_json::Number),
        }
        let text = |value| match value {
            Value::Text(text) => text,
            Value::Number(number) => number.to_string(),
        };
        let form = Form::deserialize(deserializer).map_err(|_| {
            D::Error::custom(
                "a partition takes values, `[\"1\", \"2\"]`, or `{\"from\": \"2026-11-01\", \"to\": \"2026-11-03\"}`",
            )
        })?;
        Ok(match form {
            Form::Range(Range { from, to }) => Self::Range { from, to },
            Form::Many(values) => Self::Values(values.into_iter().map(text).collect()),
            Form::One(value) => Self::Values(vec![text(value)]),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_values_are_no_range() {
        let selection = |value| serde_json::from_value::<Selection>(value).unwrap();
        let values = ["1", "2"].map(str::to_owned).to_vec();
        assert_eq!(selection(json!(["1", "2"])), Selection::Values(values));
        let (from, to) = ("2026-11-01".to_owned(), "2026-11-03".to_owned());
        assert_eq!(selection(json!({ "from": from, "to": to })), Selection::Range { from, to });
    }
}
