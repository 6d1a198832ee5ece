//! Looks into a page without keeping it as a tree: a value at a pointer, and how many records.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The value at a pointer, or nothing where there is none. An error: the page is not JSON.
pub(crate) fn value_at(page: &[u8], pointer: &str) -> Result<Option<Value>, serde_json::Error> {
    let mut found = None;
    walk(page, &tokens(pointer), &mut Leaf::Value(&mut found))?;
    Ok(found)
}

/// How many records stand at a pointer: the items of an array, else one; nothing where there is no
/// such place or `null`.
pub(crate) fn count_at(page: &[u8], pointer: &str) -> Result<u64, serde_json::Error> {
    let mut count = 0;
    walk(page, &tokens(pointer), &mut Leaf::Count(&mut count))?;
    Ok(count)
}

/// RFC 6901, section 4.
fn tokens(pointer: &str) -> Vec<String> {
    let tokens = pointer.split('/').skip(1);
    tokens.map(landing::unescape_token).collect()
}

fn walk(page: &[u8], tokens: &[String], leaf: &mut Leaf<'_>) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(page);
    Step { tokens, leaf }.deserialize(&mut reader)?;
    reader.end()
}

enum Leaf<'l> {
    Value(&'l mut Option<Value>),
    Count(&'l mut u64),
}

struct Step<'s, 'l> {
    tokens: &'s [String],
    leaf: &'s mut Leaf<'l>,
}

impl<'de> DeserializeSeed<'de> for Step<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match (self.tokens, self.leaf) {
            ([], Leaf::Value(found)) => {
                **found = Some(serde::Deserialize::deserialize(deserializer)?);
                Ok(())
            }
            (tokens, leaf) => deserializer.deserialize_any(Step { tokens, leaf }),
        }
    }
}

impl<'de> Visitor<'de> for Step<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((wanted, rest)) = self.tokens.split_first() else {
            self.count(1);
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        while let Some(name) = map.next_key::<String>()? {
            if name == *wanted {
                map.next_value_seed(Step { tokens: rest, leaf: &mut *self.leaf })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut count = 0;
        while items.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        if self.tokens.is_empty() {
            self.count(count);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.scalar()
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.scalar()
    }
}

impl Step<'_, '_> {
    fn scalar<E>(self) -> Result<(), E> {
        if self.tokens.is_empty() {
            self.count(1);
        }
        Ok(())
    }

    fn count(self, records: u64) {
        if let Leaf::Count(count) = self.leaf {
            **count += records;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PAGE: &[u8] = br#"{"a":{"b/c":[1,{"x":2},3]},"next":"t","n":null,"o":{}}"#;

    #[test]
    fn a_value_is_found_where_the_pointer_says() {
        let at = |pointer| value_at(PAGE, pointer).unwrap();
        assert_eq!(at("/next"), Some(json!("t")));
        assert_eq!(at("/n"), Some(Value::Null));
        assert_eq!(at("/a/b~1c"), Some(json!([1, {"x": 2}, 3])));
        assert_eq!(at("/nowhere/deep"), None);
        assert_eq!(at("/next/deeper"), None);
    }

    #[test]
    fn records_are_counted_without_being_kept() {
        let at = |pointer| count_at(PAGE, pointer).unwrap();
        assert_eq!(at("/a/b~1c"), 3);
        assert_eq!(at("/n"), 0);
        assert_eq!(at("/o"), 1);
        assert_eq!(at("/nowhere"), 0);
        assert_eq!(count_at(b"[{},{}]", "").unwrap(), 2);
        assert_eq!(count_at(b"[]", "").unwrap(), 0);
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        assert!(value_at(b"<html>", "/next").is_err());
        assert!(count_at(b"[1,", "").is_err());
        assert!(count_at(b"[1] x", "").is_err());
    }
}
