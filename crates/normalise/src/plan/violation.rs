//! What is said of a value that the configuration's contract keeps out: the rule, the field, its
//! column, the value, and what to do. Where in the object it stands is `records`' to add.

use landing::Violation;

use super::{NodeId, Plan};
use crate::json::Kind;
use crate::value::Value;

/// Bytes of a value that are shown.
const VALUE_BYTES: usize = 100;

impl Plan {
    /// A value at `node` that none of its columns holds and that may have no other.
    pub(crate) fn violation(&self, node: NodeId, value: Value<'_>) -> (String, Violation) {
        let Some(held) = self.nodes.get(node) else {
            return self.violation_at("", "value", value.raw);
        };
        let table = self.schema.tables.get(held.table);
        let main = held.homes.first().and_then(|home| {
            let table = table?;
            Some((home.of, format!("{}.{}", table.name, table.columns.get(home.column)?.name)))
        });
        let violation = Violation {
            rule: self.contracts.rule_text(held.ruling),
            path: held.path.to_string(),
            column: main.as_ref().map(|(_, column)| column.clone()),
            wanted: main.as_ref().map(|(of, _)| of.to_string()),
            met: name_of(value),
            value: excerpt(value.raw),
        };
        let by_type = main.and_then(|(of, _)| {
            let declared = held.declared.filter(|declared| *declared == of)?;
            let rule = self.types.rule_text(&held.path)?;
            Some(format!(", {declared} by `{rule}`,"))
        });
        (self.message(&violation, by_type.as_deref().unwrap_or_default()), violation)
    }

    /// The same for what needs another column than one of its own: `met` says what it is.
    pub(crate) fn violation_at(&self, path: &str, met: &str, raw: &[u8]) -> (String, Violation) {
        let violation = Violation {
            rule: self.contracts.rule_text(self.contracts.ruling(path)),
            path: path.to_owned(),
            column: None,
            wanted: None,
            met: met.to_owned(),
            value: excerpt(raw),
        };
        (self.message(&violation, ""), violation)
    }

    fn message(&self, violation: &Violation, by_type: &str) -> String {
        let Violation { rule, path, column, wanted, met, value } = violation;
        let what = match (column, wanted) {
            (Some(column), Some(wanted)) => format!(
                "the value `{value}` of `{path}` is {met}, and its column `{column}`{by_type} is {wanted}"
            ),
            _ => format!("`{path}` with the value `{value}` ({met}) has no column"),
        };
        let admitting = self.contracts.admitting(path);
        format!(
            "{what}; `{rule}` allows no change: let it in by `{admitting}`, \
             leave it out by `\"discard\"`, apply it by `riacho schema apply`, or have the source \
             mended; then replay"
        )
    }
}

fn name_of(value: Value<'_>) -> String {
    match value.kind {
        Kind::Object => "object".to_owned(),
        Kind::Array => "array".to_owned(),
        _ => value.natural_type().map_or_else(|| "null".to_owned(), |of| of.to_string()),
    }
}

/// The value's head, cut between characters; what would break a line is escaped.
fn excerpt(raw: &[u8]) -> String {
    let mut text = String::new();
    let head = raw.get(..VALUE_BYTES + 4).unwrap_or(raw);
    for character in String::from_utf8_lossy(head).chars() {
        let shown: String = match character.is_control() {
            true => character.escape_default().collect(),
            false => character.to_string(),
        };
        if text.len() + shown.len() > VALUE_BYTES - '…'.len_utf8() && raw.len() > VALUE_BYTES {
            text.push('…');
            break;
        }
        text.push_str(&shown);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn a_value_is_cut_between_characters() {
        assert_eq!(excerpt(b"\"N/A\""), "\"N/A\"");
        assert_eq!(excerpt("é".repeat(50).as_bytes()).len(), 100);
        for head in ["", "x", "xx", "xxx"] {
            let text = excerpt(format!("{head}{}", "🎂".repeat(100)).as_bytes());
            assert!(text.len() <= 100 && text.ends_with("🎂…"), "{text}");
        }
        assert_eq!(excerpt(b"[1,\n2]"), "[1,\\n2]");
    }
}
