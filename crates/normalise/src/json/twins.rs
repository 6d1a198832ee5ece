//! Finds names that stand twice in one object, anywhere inside a value: `jsonb` would keep only the
//! last of them. Source: PostgreSQL documentation, "JSON Types".

use std::borrow::Cow;

use super::{Items, Kind, Tape, unescape};

/// Whether an object at or inside the value at `index` has two members of one name.
pub(crate) fn has_twins(json: &[u8], tape: &Tape, index: usize) -> bool {
    let end = tape.get(index).map_or(index, |token| token.next as usize);
    let mut names = Vec::new();
    (index..end).any(|at| match tape.get(at) {
        Some(token) if token.kind == Kind::Object && token.len > 1 => {
            object_has_twins(json, tape, at, &mut names)
        }
        _ => tape.items(at).is_some_and(|items| an_item_has_twins(json, items)),
    })
}

fn an_item_has_twins(json: &[u8], mut items: Items) -> bool {
    let mut item = Tape::default();
    while items.next(json, &mut item) {
        if has_twins(json, &item, 0) {
            return true;
        }
    }
    false
}

/// Sorts the names by where they stand on the tape: there may be millions.
fn object_has_twins(json: &[u8], tape: &Tape, object: usize, names: &mut Vec<u32>) -> bool {
    names.clear();
    names.extend(tape.members(object).filter_map(|(name, _)| u32::try_from(name).ok()));
    let name = |place: u32| plain(json, tape, place as usize);
    names.sort_unstable_by(|one, other| name(*one).cmp(&name(*other)));
    names.windows(2).any(|pair| matches!(pair, [one, other] if name(*one) == name(*other)))
}

/// A name without its quotes and escapes.
fn plain<'a>(json: &'a [u8], tape: &Tape, name: usize) -> Cow<'a, [u8]> {
    let inside = tape.get(name).map_or(&[][..], |token| token.inner(json));
    if !inside.contains(&b'\\') {
        return Cow::Borrowed(inside);
    }
    let mut scratch = Vec::new();
    Cow::Owned(unescape(inside, &mut scratch).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_are_found_at_any_depth_and_under_any_escape() {
        for (json, expected) in [
            (r#"{"a":1,"b":2}"#, false),
            (r#"{"a":1,"b":2,"a":3}"#, true),
            (r#"[1,[{"x":{"a":1,"\u0061":2}}]]"#, true),
            (r#"[{"a":1},{"a":2}]"#, false),
            (r#"{"a":{"a":{"a":"a"}}}"#, false),
            (r#"{"a":"a","b":"a"}"#, false),
        ] {
            let mut tape = Tape::default();
            tape.parse(json.as_bytes(), 10).unwrap();
            assert_eq!(has_twins(json.as_bytes(), &tape, 0), expected, "{json}");
        }
    }
}
