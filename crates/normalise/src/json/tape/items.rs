//! The items of a folded array, each on a tape of its own.

use super::super::parser::Parser;
use super::{Tape, Token};
use crate::pointer::Pointer;

/// Walks over the items of an array whose items have no tokens on its own tape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Items {
    at: usize,
    left: u32,
}

impl Items {
    /// Of a folded array.
    pub(super) fn new(array: Token) -> Self {
        Self { at: array.start as usize + 1, left: array.len }
    }

    /// Reads the next item into `tape`, where it stands at 0, its places counted in `json`, the
    /// array's record, which is sound as far as the array goes; false at the end.
    pub(crate) fn next(&mut self, json: &[u8], tape: &mut Tape) -> bool {
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        tape.tokens.clear();
        tape.open.clear();
        // How deep it goes was looked at when the array was.
        let parser = Parser::new(json, usize::MAX, &mut tape.tokens, &mut tape.open);
        let Ok(end) = parser.folding_above(tape.fold_above).item(self.at) else { return false };
        // Behind it stands a comma or the array's end.
        self.at = end + 1;
        true
    }

    /// The JSON Pointer, from the array, to the value that starts at byte `start` of the record.
    pub(super) fn pointer_to(mut self, json: &[u8], start: usize) -> String {
        let mut item = Tape::default();
        let mut pointer = String::new();
        let mut place = 0_usize;
        while self.next(json, &mut item) {
            if item.holds(0, start) {
                Pointer::push_token(&mut pointer, &place.to_string());
                pointer.push_str(&item.pointer_to(json, start));
                break;
            }
            place += 1;
        }
        pointer
    }
}
