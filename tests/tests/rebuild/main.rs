//! `riacho rebuild`: whatever was done to the tables, they come to hold again what the lake says, in
//! one moment, with all that hangs on them, and nothing that is loaded meanwhile is lost.
#![allow(clippy::unwrap_used, clippy::panic)]

mod contents;
mod orders;
mod shop;
mod under_way;
