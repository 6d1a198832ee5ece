//! One JSON value as one cell: which types can hold it exactly, and its bytes in each.

use crate::ColumnType;
use crate::json::temporal::{self, Temporal};
use crate::json::{Kind, Token, append_unescaped, number, numeric, unescape};

/// The version byte that stands before `jsonb`'s text in binary form.
const JSONB_VERSION: u8 = 1;

/// How a value is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reading {
    /// As a field's, whose type may be declared.
    Field { declared: Option<ColumnType> },
    /// As JSON, whatever it is.
    Document,
}

/// A value and the bytes that it stands in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) kind: Kind,
    /// The value as it stands in the object, quotes and brackets included.
    pub(crate) raw: &'a [u8],
    is_integer: bool,
    /// None of `text`, `numeric` and `jsonb` can hold it exactly.
    is_unrepresentable: bool,
}

impl<'a> Value<'a> {
    pub(crate) fn new(json: &'a [u8], token: Token) -> Self {
        Self {
            kind: token.kind,
            raw: json.get(token.start as usize..token.end as usize).unwrap_or_default(),
            is_integer: token.is_integer(),
            is_unrepresentable: token.is_unrepresentable(),
        }
    }

    /// A sound JSON string from outside the object, quotes included.
    pub(crate) fn string(raw: &'a [u8]) -> Self {
        // Its writer is `quote`, which escapes U+0000 in this one way.
        let has_nul = raw.windows(6).any(|escape| escape == br"\u0000");
        Self { kind: Kind::String, raw, is_integer: false, is_unrepresentable: has_nul }
    }

    /// The same value, to be kept as it is written.
    pub(crate) fn verbatim(self) -> Self {
        Self { is_unrepresentable: true, ..self }
    }

    fn inside(&self) -> &'a [u8] {
        self.raw.get(1..self.raw.len().saturating_sub(1)).unwrap_or_default()
    }

    /// An array without items or an object without members.
    pub(crate) fn is_empty_container(&self) -> bool {
        matches!(self.kind, Kind::Object | Kind::Array)
            && self.inside().iter().all(u8::is_ascii_whitespace)
    }

    /// The type that the value has by itself; none for null.
    pub(crate) fn natural_type(&self) -> Option<ColumnType> {
        let of = match self.kind {
            Kind::Null => return None,
            _ if self.is_unrepresentable => ColumnType::Json,
            Kind::True | Kind::False => ColumnType::Boolean,
            Kind::Number if self.as_i64().is_some() => ColumnType::Bigint,
            Kind::Number => ColumnType::Numeric,
            Kind::String => match temporal::infer(self.inside()) {
                Some(Temporal::Date(_)) => ColumnType::Date,
                Some(Temporal::Timestamp(_)) => ColumnType::Timestamp,
                Some(Temporal::Timestamptz(_)) => ColumnType::Timestamptz,
                None => ColumnType::Text,
            },
            Kind::Object | Kind::Array => ColumnType::Jsonb,
        };
        Some(of)
    }

    fn as_i64(&self) -> Option<i64> {
        if self.is_integer { number::parse_i64(self.raw) } else { None }
    }

    /// Appends the value in the binary form of `of` if a column of that type holds it exactly.
    pub(crate) fn encode(&self, of: ColumnType, out: &mut Vec<u8>) -> bool {
        match (of, self.kind) {
            (ColumnType::Json, _) => self.is_unrepresentable && append(out, self.raw),
            (_, Kind::Null) => false,
            _ if self.is_unrepresentable => false,
            (ColumnType::Boolean, Kind::True) => append(out, &[1]),
            (ColumnType::Boolean, Kind::False) => append(out, &[0]),
            (ColumnType::Bigint, Kind::Number) => append_i64(out, self.as_i64()),
            (ColumnType::Numeric, Kind::Number) => append_numeric(out, self.raw),
            (ColumnType::Text, Kind::String) => append_text(out, self.inside()),
            (ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz, Kind::String) => {
                append_temporal(out, of, temporal::infer(self.inside()))
            }
            (ColumnType::Jsonb, Kind::Object | Kind::Array) => self.encode_document(of, out),
            _ => false,
        }
    }

    /// The same where the configuration declares the type: it may also read a value written in
    /// another way.
    pub(crate) fn encode_declared(&self, of: ColumnType, out: &mut Vec<u8>) -> bool {
        if self.encode(of, out) {
            return true;
        }
        if self.kind == Kind::Null {
            return false;
        }
        if of == ColumnType::Json {
            return append(out, self.raw);
        }
        if self.is_unrepresentable {
            return false;
        }
        let text = self.inside();
        match (of, self.kind) {
            // These spellings and no others: each means one thing alone.
            (ColumnType::Boolean, Kind::Number | Kind::String) => match self.raw {
                b"0" | b"\"0\"" | b"\"false\"" => append(out, &[0]),
                b"1" | b"\"1\"" | b"\"true\"" => append(out, &[1]),
                _ => false,
            },
            (ColumnType::Bigint, Kind::String) if number::is_literal(text) => {
                append_i64(out, number::parse_i64(text))
            }
            (ColumnType::Numeric, Kind::String) if number::is_literal(text) => {
                append_numeric(out, text)
            }
            (ColumnType::Text, Kind::Number | Kind::True | Kind::False) => append(out, self.raw),
            (ColumnType::Timestamptz, Kind::String) => match temporal::infer(text) {
                Some(Temporal::Timestamp(micros)) => append(out, &micros.to_be_bytes()),
                _ => false,
            },
            (ColumnType::Jsonb, _) => self.encode_document(of, out),
            _ => false,
        }
    }

    /// Appends the value as JSON text, whatever its kind: for columns that hold whole values.
    pub(crate) fn encode_document(&self, of: ColumnType, out: &mut Vec<u8>) -> bool {
        match of {
            ColumnType::Jsonb if self.is_unrepresentable => false,
            ColumnType::Jsonb => append(out, &[JSONB_VERSION]) && append(out, self.raw),
            ColumnType::Json => self.is_unrepresentable && append(out, self.raw),
            _ => false,
        }
    }

    /// Appends the value in the binary form of `of` if a column of that type holds it so read.
    pub(crate) fn encode_by(&self, reading: Reading, of: ColumnType, out: &mut Vec<u8>) -> bool {
        match reading {
            Reading::Field { declared } if declared == Some(of) => self.encode_declared(of, out),
            Reading::Field { .. } => self.encode(of, out),
            Reading::Document => self.encode_document(of, out),
        }
    }

    /// What stands before the value in a cell of type `of` that holds it as it is written; none
    /// where such a cell does not hold it, or holds it otherwise.
    pub(crate) fn head_of_raw(&self, of: ColumnType, reading: Reading) -> Option<&'static [u8]> {
        let is_container = matches!(self.kind, Kind::Object | Kind::Array);
        let is_declared = matches!(reading, Reading::Field { declared } if declared == Some(of));
        match of {
            ColumnType::Json if self.is_unrepresentable => Some(&[]),
            ColumnType::Json => (is_declared && self.kind != Kind::Null).then_some(&[]),
            ColumnType::Jsonb if self.is_unrepresentable => None,
            ColumnType::Jsonb => {
                let holds = is_container || is_declared || matches!(reading, Reading::Document);
                holds.then_some(&[JSONB_VERSION])
            }
            _ => None,
        }
    }

    /// The type of the column that holds the value as JSON text.
    pub(crate) fn document_type(&self) -> ColumnType {
        if self.is_unrepresentable { ColumnType::Json } else { ColumnType::Jsonb }
    }

    /// Bytes in whose order versions stand; empty where the value names none.
    pub(crate) fn version(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self.kind {
            Kind::Number => crate::version::of_number(self.raw, &mut out),
            Kind::String => {
                let mut scratch = Vec::new();
                crate::version::of_text(unescape(self.inside(), &mut scratch), &mut out);
            }
            Kind::Null | Kind::True | Kind::False | Kind::Object | Kind::Array => {}
        }
        out
    }
}

fn append(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    out.extend_from_slice(bytes);
    true
}

fn append_i64(out: &mut Vec<u8>, value: Option<i64>) -> bool {
    value.is_some_and(|value| append(out, &value.to_be_bytes()))
}

fn append_numeric(out: &mut Vec<u8>, literal: &[u8]) -> bool {
    let start = out.len();
    if numeric::encode(literal, out).is_err() {
        out.truncate(start);
        return false;
    }
    true
}

fn append_text(out: &mut Vec<u8>, inside_quotes: &[u8]) -> bool {
    append_unescaped(inside_quotes, out);
    true
}

fn append_temporal(out: &mut Vec<u8>, of: ColumnType, value: Option<Temporal>) -> bool {
    match (of, value) {
        (ColumnType::Date, Some(Temporal::Date(days))) => append(out, &days.to_be_bytes()),
        (ColumnType::Timestamp, Some(Temporal::Timestamp(micros)))
        | (ColumnType::Timestamptz, Some(Temporal::Timestamptz(micros))) => {
            append(out, &micros.to_be_bytes())
        }
        _ => false,
    }
}
