//! The way through a record below its root row: each array or map that was set aside, entry by entry,
//! each entry's own ones before the next. The way is kept as a list, so that a walk can stop between
//! two rows and be gone on with.

use super::{Item, Record, Stop, Walk};
use crate::json::{Items, Left, Tape};

/// A row whose arrays and maps are walked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    /// Its number.
    row: i32,
    /// Which tape it stands on.
    tape: usize,
    /// Where what it set aside begins, and what of that is next.
    first: usize,
    next: usize,
    /// The array or map at hand: the table of its rows, the column for its keys, what is left of it.
    table: usize,
    key_column: Option<usize>,
    rest: Rest,
}

/// What is left of an array or map.
#[derive(Debug, Clone, Copy)]
enum Rest {
    Here(Left),
    /// A folded array's items come on the last tape, one after another.
    Folded(Items),
}

/// The tapes of a record: its own, and one for each folded array around the row at hand.
#[derive(Debug, Default)]
pub(crate) struct Tapes {
    pub(crate) record: Tape,
    items: Vec<Tape>,
}

impl Tapes {
    /// The record's own tape has the number 0.
    fn get(&self, number: usize) -> &Tape {
        let items = number.checked_sub(1).and_then(|place| self.items.get(place));
        items.unwrap_or(&self.record)
    }

    /// Gives back the memory that an uncommonly large record took.
    pub(crate) fn shrink(&mut self) {
        self.record.shrink();
        self.items.clear();
    }
}

impl Walk {
    /// Whether rows of the record begun last are still to come.
    pub(crate) fn is_under_way(&self) -> bool {
        !self.levels.is_empty()
    }

    /// Walks the rows below the root row begun last, until `enough` bytes of rows are held or none
    /// is left.
    pub(crate) fn go_on(
        &mut self,
        json: &[u8],
        tapes: &mut Tapes,
        enough: usize,
    ) -> Result<(), Stop> {
        while let Some(level) = self.levels.last() {
            let (depth, Level { row, tape, table, key_column, rest, .. }) =
                (self.levels.len(), *level);
            let mut rest = rest;
            // As long as the rows have nothing below them, the level stays the innermost.
            while self.levels.len() == depth {
                let (tape, name, value) = match &mut rest {
                    Rest::Here(left) => match left.next(tapes.get(tape)) {
                        Some((name, value)) => (tape, name, value),
                        None => break,
                    },
                    Rest::Folded(items) => {
                        let last = tapes.items.last_mut();
                        if !last.is_some_and(|tape| items.next(json, tape)) {
                            break;
                        }
                        (tapes.items.len(), None, 0)
                    }
                };
                let item = Item { value, name, key_column };
                let record = Record { json, tape: tapes.get(tape) };
                self.child(record, tape, table, item, row)?;
                if self.held_bytes >= enough {
                    self.stay(depth, rest);
                    return Ok(());
                }
            }
            if self.levels.len() == depth {
                self.next_container(json, tapes)?;
            } else {
                self.stay(depth, rest);
            }
        }
        Ok(())
    }

    /// Notes what is left at a level that is gone on with later.
    fn stay(&mut self, depth: usize, rest: Rest) {
        if let Some(level) = depth.checked_sub(1).and_then(|place| self.levels.get_mut(place)) {
            level.rest = rest;
        }
    }

    /// Goes on to the next array or map of the innermost row, or past that row.
    fn next_container(&mut self, json: &[u8], tapes: &mut Tapes) -> Result<(), Stop> {
        let Some(level) = self.levels.last() else { return Ok(()) };
        if matches!(level.rest, Rest::Folded(_)) {
            tapes.items.pop();
        }
        let Some(deferred) = self.deferred.get(level.next).copied() else {
            self.deferred.truncate(level.first);
            self.levels.pop();
            return Ok(());
        };
        let record = Record { json, tape: tapes.get(level.tape) };
        let key_column = self.map_key(record, deferred)?;
        let rest = match record.tape.items(deferred.container) {
            Some(items) => Rest::Folded(items),
            None => Rest::Here(record.tape.left(deferred.container)),
        };
        if matches!(rest, Rest::Folded(_)) {
            tapes.items.push(Tape::default());
        }
        if let Some(level) = self.levels.last_mut() {
            level.next += 1;
            (level.table, level.key_column, level.rest) = (deferred.table, key_column, rest);
        }
        Ok(())
    }

    /// Begins with what the row just written has set aside, from `first` on.
    pub(super) fn descend(&mut self, first: usize, row: i32, tape: usize) {
        if self.deferred.len() > first {
            let (table, key_column, rest) = (0, None, Rest::Here(Left::default()));
            self.levels.push(Level { row, tape, first, next: first, table, key_column, rest });
        }
    }
}
