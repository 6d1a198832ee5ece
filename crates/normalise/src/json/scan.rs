//! Finds where a JSON value ends, resumable at any byte and without looking at more than strings,
//! escapes and nesting. Whether the value is sound, the tape says.

use super::string::plain_run;

/// A value whose end is not reached yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan {
    depth: u64,
    in_string: bool,
    escaped: bool,
    scalar: bool,
}

/// Outside strings: what matters for nesting.
const QUIET: u8 = 0;
const QUOTE: u8 = 1;
const OPENS: u8 = 2;
const CLOSES: u8 = 3;

static NESTING: [u8; 256] = {
    let mut table = [QUIET; 256];
    table[b'"' as usize] = QUOTE;
    table[b'{' as usize] = OPENS;
    table[b'[' as usize] = OPENS;
    table[b'}' as usize] = CLOSES;
    table[b']' as usize] = CLOSES;
    table
};

impl Scan {
    /// Starts at a value's first byte, which `run` takes again.
    pub(super) fn begin(first: u8) -> Self {
        let scalar = !matches!(first, b'{' | b'[' | b'"');
        Self { depth: 0, in_string: false, escaped: false, scalar }
    }

    /// Whether the value may end where the bytes end: only a delimiter ends a number or a word.
    pub(super) fn ends_with_input(&self) -> bool {
        self.scalar
    }

    /// Goes on with `bytes`; the number of them that belong to the value if it ends in them.
    pub(super) fn run(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.scalar {
            return bytes.iter().position(|byte| ends_scalar(*byte));
        }
        let mut at = 0;
        loop {
            if self.in_string {
                at = self.string_end(bytes, at)?;
                if self.depth == 0 {
                    return Some(at);
                }
            }
            let rest = bytes.get(at..)?;
            at += rest.iter().position(|byte| NESTING[usize::from(*byte)] != QUIET)? + 1;
            match NESTING[usize::from(*bytes.get(at - 1)?)] {
                QUOTE => self.in_string = true,
                OPENS => self.depth += 1,
                _ => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at);
                    }
                }
            }
        }
    }

    /// The index behind the quote that ends the string under way.
    fn string_end(&mut self, bytes: &[u8], mut at: usize) -> Option<usize> {
        loop {
            if self.escaped {
                bytes.get(at)?;
                self.escaped = false;
                at += 1;
            }
            at = plain_run(bytes, at);
            match bytes.get(at)? {
                b'"' => {
                    self.in_string = false;
                    return Some(at + 1);
                }
                b'\\' => self.escaped = true,
                // A control character: the tape refuses it.
                _ => {}
            }
            at += 1;
        }
    }
}

/// White space as JSON has it.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn ends_scalar(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b',' | b':' | b'"' | b'[' | b']' | b'{' | b'}')
}
