//! From chunks of bytes to tokens: `Splitter` cuts a stream into records, `Tape` validates one
//! record into flat tokens, `number`, `numeric` and `temporal` read its scalars. Nothing here
//! knows of tables or columns.

pub(crate) mod number;
pub(crate) mod numeric;
mod parser;
mod place;
mod scan;
mod splitter;
mod string;
mod syntax;
mod tape;
pub(crate) mod temporal;
mod twins;

pub(crate) use place::Place;
pub(crate) use splitter::{Piece, Splitter};
pub(crate) use string::{append_unescaped, unescape};
pub(crate) use syntax::{SyntaxError, SyntaxKind, excerpt};
pub(crate) use tape::{Items, Kind, Left, Tape, Token};
pub(crate) use twins::has_twins;
