//! Strings: finding their end, checking their escapes, and undoing them.

use memchr::memchr;

use super::syntax::{Fault, SyntaxKind, describe};

/// A sound string.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanned {
    /// The index behind the closing quote.
    pub(super) end: usize,
    /// Whether, once unescaped, it holds U+0000 or half a surrogate pair: neither `text` nor
    /// `jsonb` can.
    pub(super) unrepresentable: bool,
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHS: u64 = ONES << 7;

/// Marks the bytes of `word` below `limit` (at most 128); exact up to the first of them.
fn below(word: u64, limit: u64) -> u64 {
    word.wrapping_sub(ONES * limit) & !word & HIGHS
}

/// The index, from `at` on, of the first quote, backslash or control character; else the length.
pub(super) fn plain_run(bytes: &[u8], mut at: usize) -> usize {
    // Eight bytes a step: https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
    while let Some(Ok(eight)) = bytes.get(at..at + 8).map(<[u8; 8]>::try_from) {
        let word = u64::from_le_bytes(eight);
        let quote = below(word ^ (ONES * b'"' as u64), 1);
        let backslash = below(word ^ (ONES * b'\\' as u64), 1);
        let found = quote | backslash | below(word, 0x20);
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(ends).map_or(bytes.len(), |found| at + found)
}

/// Checks the string whose opening quote stands before `at`.
pub(super) fn scan(json: &[u8], mut at: usize) -> Result<Scanned, Fault> {
    let mut scanned = Scanned { end: 0, unrepresentable: false };
    loop {
        at = plain_run(json, at);
        match json.get(at) {
            Some(b'"') => {
                scanned.end = at + 1;
                return Ok(scanned);
            }
            Some(b'\\') => {
                let (next, sound) = escape(json, at)?;
                scanned.unrepresentable |= !sound;
                at = next;
            }
            Some(control) => {
                let detail = format!("found the control character 0x{control:02X} in a string");
                return Err(Fault::new(SyntaxKind::NotJson, at, detail));
            }
            None => return Err(cut_off(at)),
        }
    }
}

/// Checks the escape at `at`: the index behind it, and whether Postgres can hold what it means.
fn escape(json: &[u8], at: usize) -> Result<(usize, bool), Fault> {
    match json.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok((at + 2, true)),
        Some(b'u') => match unicode(json, at)? {
            (0, next) => Ok((next, false)),
            (0xD800..=0xDBFF, next) => Ok(second_half(json, next)),
            (0xDC00..=0xDFFF, next) => Ok((next, false)),
            (_, next) => Ok((next, true)),
        },
        Some(_) => {
            let found = describe(json.get(at + 1..).unwrap_or_default());
            let detail = format!("found {found} behind a backslash, which escapes nothing in JSON");
            Err(Fault::new(SyntaxKind::NotJson, at, detail))
        }
        None => Err(cut_off(json.len())),
    }
}

/// The low surrogate that must follow a high one at `at`, if it does. A malformed escape there is
/// left for the next round to refuse.
fn second_half(json: &[u8], at: usize) -> (usize, bool) {
    if json.get(at..).is_some_and(|rest| rest.starts_with(b"\\u"))
        && let Ok((0xDC00..=0xDFFF, next)) = unicode(json, at)
    {
        return (next, true);
    }
    (at, false)
}

/// The code unit of the `\uXXXX` at `at`, and the index behind it.
fn unicode(json: &[u8], at: usize) -> Result<(u32, usize), Fault> {
    let mut unit = 0;
    for index in at + 2..at + 6 {
        let byte = *json.get(index).ok_or_else(|| cut_off(json.len()))?;
        let digit = char::from(byte).to_digit(16).ok_or_else(|| {
            Fault::new(SyntaxKind::NotJson, at, "found `\\u` without four hexadecimal digits")
        })?;
        unit = unit << 4 | digit;
    }
    Ok((unit, at + 6))
}

fn cut_off(at: usize) -> Fault {
    Fault::new(SyntaxKind::CutOff, at, "the bytes end inside a string")
}

/// What a sound string means: `raw` without its quotes, escapes undone. Borrows `raw` where it has
/// no escape, else writes to `out`. Half a surrogate pair becomes U+FFFD; ask the token's
/// `is_unrepresentable` before trusting it.
pub(crate) fn unescape<'a>(raw: &'a [u8], out: &'a mut Vec<u8>) -> &'a [u8] {
    if memchr(b'\\', raw).is_none() {
        return raw;
    }
    out.clear();
    append_unescaped(raw, out);
    out
}

/// The same, appended to `out`.
pub(crate) fn append_unescaped(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    // It comes to no more than it takes now, and to have room at once beats growing.
    out.reserve(raw.len());
    while let Some(backslash) = memchr(b'\\', rest) {
        let (plain, escaped) = rest.split_at_checked(backslash).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        let used = undo(escaped, out);
        rest = escaped.get(used..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// Appends what the escape at the start of `escaped` means; the number of bytes it took.
fn undo(escaped: &[u8], out: &mut Vec<u8>) -> usize {
    let byte = match escaped.get(1) {
        Some(b'u') => return undo_unicode(escaped, out),
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(other) => *other,
        None => return escaped.len(),
    };
    out.push(byte);
    2
}

fn undo_unicode(escaped: &[u8], out: &mut Vec<u8>) -> usize {
    let Ok((first, mut used)) = unicode(escaped, 0) else {
        return escaped.len();
    };
    let mut code = first;
    if (0xD800..=0xDBFF).contains(&first)
        && escaped.get(6..8) == Some(b"\\u")
        && let Ok((second @ 0xDC00..=0xDFFF, behind)) = unicode(escaped, 6)
    {
        code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        used = behind;
    }
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    used
}
