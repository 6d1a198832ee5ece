//! Versions of records as bytes whose order is the versions' order, so that they compare without
//! regard to type: nothing < instants < numbers < other texts.

use crate::ColumnType;
use crate::json::temporal::{self, Temporal};
use crate::json::{number, numeric};

const INSTANT: u8 = 1;
const NUMBER: u8 = 2;
const TEXT: u8 = 3;
const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The version in a cell of a standing row, in the binary form of its column's type. The same value
/// gives the same bytes as it gave when it was read from JSON.
pub fn version_from_cell(of: ColumnType, cell: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match of {
        ColumnType::Date => {
            if let Ok(days) = cell.try_into().map(i32::from_be_bytes) {
                instant(i64::from(days) * MICROS_PER_DAY, &mut out);
            }
        }
        ColumnType::Timestamp | ColumnType::Timestamptz => {
            if let Ok(micros) = cell.try_into().map(i64::from_be_bytes) {
                instant(micros, &mut out);
            }
        }
        ColumnType::Bigint => {
            if let Ok(value) = cell.try_into().map(i64::from_be_bytes) {
                of_number(value.to_string().as_bytes(), &mut out);
            }
        }
        ColumnType::Numeric => {
            if let Some(literal) = numeric::to_literal(cell) {
                of_number(literal.as_bytes(), &mut out);
            }
        }
        ColumnType::Text => of_text(cell, &mut out),
        ColumnType::Boolean | ColumnType::Jsonb | ColumnType::Json => {}
    }
    out
}

pub(crate) fn of_number(literal: &[u8], out: &mut Vec<u8>) {
    debug_assert!(number::is_literal(literal));
    out.push(NUMBER);
    numeric::sort_key(literal, out);
}

pub(crate) fn of_text(text: &[u8], out: &mut Vec<u8>) {
    match temporal::infer(text) {
        Some(Temporal::Date(days)) => instant(i64::from(days) * MICROS_PER_DAY, out),
        Some(Temporal::Timestamp(micros) | Temporal::Timestamptz(micros)) => instant(micros, out),
        None => {
            out.push(TEXT);
            out.extend_from_slice(text);
        }
    }
}

fn instant(micros: i64, out: &mut Vec<u8>) {
    out.push(INSTANT);
    out.extend_from_slice(&(micros ^ i64::MIN).to_be_bytes());
}
