//! A JSON document in the order it was put together, its numbers as they shall be written.

use super::amount::{Money, Quantity, decimal};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Flag(bool),
    /// The literal itself: no number passes through a float.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Puts an object together from its fields.
    pub(crate) fn object<const N: usize>(fields: [(&str, Json); N]) -> Self {
        let named = fields.map(|(name, value)| (name.to_owned(), value));
        Self::Object(named.into())
    }

    pub(crate) fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    /// A number in millionths.
    pub(crate) fn millionths(units: i64) -> Self {
        Self::Number(decimal(units, 6))
    }

    /// Writes the document without white space.
    pub(crate) fn write(&self) -> String {
        let mut out = String::new();
        self.write_into(&mut out);
        out
    }

    fn write_into(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Self::Number(literal) => out.push_str(literal),
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push('[');
                for (position, item) in items.iter().enumerate() {
                    separate(position, out);
                    item.write_into(out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (position, (name, value)) in fields.iter().enumerate() {
                    separate(position, out);
                    write_text(name, out);
                    out.push(':');
                    value.write_into(out);
                }
                out.push('}');
            }
        }
    }
}

fn separate(position: usize, out: &mut String) {
    if position > 0 {
        out.push(',');
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if u32::from(control) < 0x20 => {
                out.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

impl From<bool> for Json {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Number(number.to_string())
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<Money> for Json {
    fn from(money: Money) -> Self {
        Self::Number(money.literal())
    }
}

impl From<Quantity> for Json {
    fn from(quantity: Quantity) -> Self {
        Self::Number(quantity.literal())
    }
}

impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Self {
        Self::List(items)
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn what_is_written_reads_as_json() {
        let document = Json::object([
            ("a", Json::from("\"São\\José\"\n\u{1}")),
            ("b", Json::List(vec![Json::Null, true.into(), 9_007_199_254_740_993.into()])),
            ("c", Json::millionths(-1_500_000)),
        ]);
        let read = serde_json::from_str::<serde_json::Value>(&document.write()).unwrap();
        let expected = serde_json::json!({
            "a": "\"São\\José\"\n\u{1}",
            "b": [null, true, 9_007_199_254_740_993_i64],
            "c": -1.5
        });
        assert_eq!(read, expected);
    }
}
