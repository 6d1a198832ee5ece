//! What can be wrong with the bytes themselves, said so that a person can find and mend it.

use std::fmt::Write as _;

use super::place::Place;

/// Bytes that are no JSON, or more JSON than the bounds allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail} at line {}, column {} (byte {}); {}", at.line, at.column, at.offset, kind.cure())]
pub(crate) struct SyntaxError {
    /// What sort of fault.
    pub(crate) kind: SyntaxKind,
    /// Where; counted from the start of the slice until [`SyntaxError::rebase`].
    pub(crate) at: Place,
    /// JSON Pointer to the innermost value around the place, indices included.
    pub(crate) pointer: Option<String>,
    /// What was found and what was expected.
    pub(crate) detail: String,
    /// The text around the place, at most 200 characters; bytes that are no text as `\xNN`.
    pub(crate) excerpt: String,
}

/// The sorts of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SyntaxKind {
    Empty,
    NotJson,
    Html,
    CutOff,
    NotUtf8,
    TooDeep,
    RecordTooLarge,
}

impl SyntaxKind {
    /// What to do about it.
    pub(crate) fn cure(self) -> &'static str {
        match self {
            Self::Empty | Self::CutOff => "fetch the scope again",
            Self::NotJson => "have the source send JSON (RFC 8259), then fetch the scope again",
            Self::Html => {
                "the source answered with a page, often of a proxy or a login: check its address \
                 and credentials, then fetch the scope again"
            }
            Self::NotUtf8 => "have the source send UTF-8, then fetch the scope again",
            Self::TooDeep => "raise the limit of depth, or point `records` deeper",
            Self::RecordTooLarge => {
                "point `records` at the array of records, or raise the limit of a record's bytes"
            }
        }
    }
}

/// A fault before it is placed: what the inner loops give, cheap to hand up.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: SyntaxKind,
    /// Index into the slice.
    pub(super) at: usize,
    pub(super) detail: String,
}

impl Fault {
    pub(super) fn new(kind: SyntaxKind, at: usize, detail: impl Into<String>) -> Self {
        Self { kind, at, detail: detail.into() }
    }

    /// The text is a page.
    pub(super) fn html(at: usize) -> Self {
        Self::new(SyntaxKind::Html, at, "found `<`: this is HTML or XML, not JSON")
    }

    /// `wanted` was wanted at `at`; says what stands there, or that the bytes end.
    pub(super) fn unexpected(json: &[u8], at: usize, wanted: &str) -> Self {
        let rest = json.get(at..).unwrap_or_default();
        match rest.first() {
            None => {
                Self::new(SyntaxKind::CutOff, at, format!("the bytes end where {wanted} is due"))
            }
            Some(0) => Self::new(SyntaxKind::NotUtf8, at, UTF_16),
            Some(_) => {
                let found = describe(rest);
                Self::new(SyntaxKind::NotJson, at, format!("expected {wanted}, found {found}"))
            }
        }
    }

    /// The error, its place counted from the start of `json`.
    pub(super) fn into_error(self, json: &[u8], pointer: Option<String>) -> SyntaxError {
        let at = self.at.min(json.len());
        let (before, after) = json.split_at_checked(at).unwrap_or((json, &[]));
        SyntaxError {
            kind: self.kind,
            at: Place::START.after(before),
            pointer,
            detail: self.detail,
            excerpt: excerpt(before, after),
        }
    }
}

impl SyntaxError {
    /// An error about a slice as one about the object: the slice starts at `base`, its value has
    /// the JSON Pointer `pointer`.
    pub(crate) fn rebase(self, base: &Place, pointer: &str) -> Self {
        let inner = self.pointer.unwrap_or_default();
        Self { at: self.at.from(base), pointer: Some(format!("{pointer}{inner}")), ..self }
    }
}

/// Whether a text is no text but a compressed one, which its first bytes tell.
pub(super) fn is_compressed(bytes: &[u8]) -> bool {
    bytes.starts_with(GZIP) || bytes.starts_with(ZSTD)
}

const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
pub(super) const UTF_16: &str =
    "found a zero byte outside a string, so this looks like UTF-16 or UTF-32";

/// Names what stands at the start of `rest`: the mistakes that people and programs make by name.
pub(super) fn describe(rest: &[u8]) -> String {
    const BY_NAME: [(&[u8], &str); 12] = [
        (b"NaN", "`NaN`, which JSON does not have"),
        (b"Infinity", "`Infinity`, which JSON does not have"),
        (b"-Infinity", "`-Infinity`, which JSON does not have"),
        (b"undefined", "`undefined`, which JSON does not have"),
        (b"None", "`None`, which is Python's, where JSON says `null`"),
        (b"True", "`True`, which is Python's, where JSON says `true`"),
        (b"False", "`False`, which is Python's, where JSON says `false`"),
        (b"'", "a single quote, where JSON has double quotes"),
        (b"/", "`/`, but JSON has no comments"),
        (GZIP, "the signature of gzip under a name that does not end in `.gz`"),
        (ZSTD, "the signature of zstd under a name that does not end in `.zst`"),
        (b"\xef\xbb\xbf", "a byte order mark inside the text"),
    ];
    if let Some((_, name)) = BY_NAME.iter().find(|(word, _)| rest.starts_with(word)) {
        return (*name).to_owned();
    }
    match rest.first() {
        None => "the end of the bytes".to_owned(),
        Some(byte @ b'!'..=b'~') => format!("`{}`", char::from(*byte)),
        Some(byte) => format!("the byte 0x{byte:02X}"),
    }
}

const BEFORE: usize = 80;
const EXCERPT_CHARS: usize = 200;

/// How many bytes before a place an excerpt can show.
pub(super) const EXCERPT_BEFORE: usize = BEFORE;

/// The text around a place: what stands before it and what from it on.
pub(crate) fn excerpt(before: &[u8], after: &[u8]) -> String {
    let mut head = before.get(before.len().saturating_sub(BEFORE)..).unwrap_or(before);
    while head.len() < before.len() && head.first().is_some_and(|byte| byte & 0xC0 == 0x80) {
        head = head.get(1..).unwrap_or_default();
    }
    let mut text = String::with_capacity(EXCERPT_CHARS);
    let mut chars = 0;
    for byte_run in [head, after.get(..EXCERPT_CHARS * 4).unwrap_or(after)] {
        append_readable(&mut text, &mut chars, byte_run);
    }
    text
}

/// Appends bytes as text while room is left; control characters and broken UTF-8 as escapes.
fn append_readable(text: &mut String, chars: &mut usize, bytes: &[u8]) {
    let mut piece = String::new();
    for run in bytes.utf8_chunks() {
        for character in run.valid().chars() {
            piece.clear();
            if character.is_control() {
                piece.extend(character.escape_default());
            } else {
                piece.push(character);
            }
            if !push_whole(text, chars, &piece) {
                return;
            }
        }
        for byte in run.invalid() {
            piece.clear();
            // Writing to a String can't fail.
            let _ = write!(piece, "\\x{byte:02X}");
            if !push_whole(text, chars, &piece) {
                return;
            }
        }
    }
}

/// Appends `piece` if all of it fits.
fn push_whole(text: &mut String, chars: &mut usize, piece: &str) -> bool {
    *chars += piece.chars().count();
    let fits = *chars <= EXCERPT_CHARS;
    if fits {
        text.push_str(piece);
    }
    fits
}
