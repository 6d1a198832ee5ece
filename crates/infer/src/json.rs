//! JSON read one level at a time, numbers as they are written: no float on the way.

use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Deserializer, Error};

const MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// A value whose members or items are still text.
pub(crate) enum Value<'a> {
    Null,
    Boolean,
    Number(&'a str),
    Text(String),
    Object(Vec<(String, &'a RawValue)>),
    Array(Vec<&'a RawValue>),
}

/// The JSON texts that stand one after another: a document, JSON Lines, pages.
pub(crate) fn documents(json: &[u8]) -> impl Iterator<Item = Result<&RawValue, Error>> {
    let json = json.strip_prefix(MARK).unwrap_or(json);
    Deserializer::from_slice(json).into_iter::<&RawValue>()
}

/// One level of a value. What serde_json can't hold, half a surrogate pair, stays as it is written.
pub(crate) fn open(raw: &RawValue) -> Value<'_> {
    let text = raw.get();
    let opened = match text.as_bytes().first() {
        Some(b'n') => Some(Value::Null),
        Some(b't' | b'f') => Some(Value::Boolean),
        Some(b'{') => members(raw).map(Value::Object),
        Some(b'[') => serde_json::from_str(text).map(Value::Array).ok(),
        Some(b'"') => serde_json::from_str(text).map(Value::Text).ok(),
        _ => Some(Value::Number(text)),
    };
    opened.unwrap_or_else(|| Value::Text(text.to_owned()))
}

/// The value at a path of names.
pub(crate) fn find<'a>(raw: &'a RawValue, path: &[String]) -> Option<&'a RawValue> {
    let Some((name, rest)) = path.split_first() else {
        return Some(raw);
    };
    // Of a name that stands twice the last counts, as in normalise.
    let inner = members(raw)?.into_iter().rev().find(|(found, _)| found == name)?.1;
    find(inner, rest)
}

fn members(raw: &RawValue) -> Option<Vec<(String, &RawValue)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    Deserializer::from_str(raw.get()).deserialize_map(Members).ok()
}
