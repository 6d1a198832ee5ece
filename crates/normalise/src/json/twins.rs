//! Finds names that stand twice in one object, anywhere inside a value: `jsonb` would keep only the
//! last of them. Source: PostgreSQL documentation, "JSON Types".

use std::borrow::Cow;

use super::{Kind, Tape, unescape};

/// Whether an object at or inside the value at `index` has two members of one name.
pub(crate) fn has_twins(json: &[u8], tape: &Tape, index: usize) -> bool {
    let end = tape.get(index).map_or(index, |token| token.next as usize);
    let mut names = Vec::new();
    (index..end).any(|at| {
        let is_wide = tape.get(at).is_some_and(|it| it.kind == Kind::Object && it.len > 1);
        is_wide && object_has_twins(json, tape, at, &mut names)
    })
}

fn object_has_twins<'a>(
    json: &'a [u8],
    tape: &Tape,
    object: usize,
    names: &mut Vec<Cow<'a, [u8]>>,
) -> bool {
    names.clear();
    names.extend(tape.members(object).map(|(name, _)| plain(json, tape, name)));
    names.sort_unstable();
    names.windows(2).any(|pair| matches!(pair, [one, other] if one == other))
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
