//! What a command writes: tables and sentences for people or one JSON document for programs on
//! stdout, progress and complaints on stderr.

mod console;
mod meter;
mod numbers;
mod table;

pub(crate) use console::Console;
pub(crate) use meter::Meter;
pub(crate) use numbers::{bytes, count, plural, seconds};
pub(crate) use table::{Align, Sheet};
