//! Reads batches back as text, as Postgres would show them, so that tests can say what they expect.
#![allow(clippy::unwrap_used, clippy::panic, dead_code, unreachable_pub)]

use std::collections::BTreeMap;

use normalise::{
    Batch, Change, ColumnType, NormaliseError, Origin, Progress, Rules, Schema, Shredder, Summary,
};

/// Everything that one object gave.
pub struct Shredded {
    pub schema: Schema,
    pub batches: Vec<Batch>,
    pub summary: Summary,
}

/// Shreds a text in one go.
pub fn shred(rules: Rules, text: &str) -> Shredded {
    shred_with(rules, Schema::default(), text.as_bytes(), &[], usize::MAX).unwrap()
}

/// Shreds bytes, a batch after every `batch_bytes` of them, large records in parts of so many.
pub fn shred_with(
    rules: Rules,
    schema: Schema,
    bytes: &[u8],
    partitions: &[(&str, &str)],
    batch_bytes: usize,
) -> Result<Shredded, NormaliseError> {
    shred_in_parts(rules, schema, bytes, partitions, (batch_bytes, batch_bytes))
}

/// Shreds bytes, a batch after every so many of them, large records in parts of so many.
pub fn shred_in_parts(
    rules: Rules,
    schema: Schema,
    bytes: &[u8],
    partitions: &[(&str, &str)],
    (batch_bytes, part_bytes): (usize, usize),
) -> Result<Shredded, NormaliseError> {
    let partitions: Vec<_> =
        partitions.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let shredder = Shredder::new(rules, schema, 7, &partitions).in_parts_of(part_bytes);
    shred_by(shredder, bytes, batch_bytes)
}

/// Shreds bytes, a batch after every so many of them.
pub fn shred_by(
    mut shredder: Shredder,
    bytes: &[u8],
    batch_bytes: usize,
) -> Result<Shredded, NormaliseError> {
    let mut batches = Vec::new();
    for chunk in bytes.chunks(batch_bytes.min(bytes.len().max(1))) {
        shredder.push(chunk)?;
        while shredder.is_under_way() {
            batches.push(shredder.take_batch());
            shredder.walk_on()?;
        }
        if batch_bytes != usize::MAX {
            batches.push(shredder.take_batch());
        }
    }
    shredder.finish()?;
    batches.push(shredder.take_batch());
    Ok(Shredded { schema: shredder.schema().clone(), batches, summary: shredder.summary() })
}

pub fn rules(table: &str) -> Rules {
    Rules { root_table: table.to_owned(), ..Rules::default() }
}

impl Shredded {
    /// The rows of a table: column name → text, NULL left out.
    pub fn rows(&self, table: &str) -> Vec<BTreeMap<String, String>> {
        let Some(number) = self.schema.tables.iter().position(|held| held.name == table) else {
            return Vec::new();
        };
        let held = &self.schema.tables[number];
        let mut names = vec!["_object_id", "_row"];
        let mut types = vec![ColumnType::Bigint, ColumnType::Bigint];
        if held.parent.is_some() {
            names.push("_parent_row");
            types.push(ColumnType::Bigint);
        }
        names.extend(held.columns.iter().map(|column| column.name.as_str()));
        types.extend(held.columns.iter().map(|column| column.of));
        let mut rows = Vec::new();
        for batch in &self.batches {
            for held in batch.tables.iter().filter(|rows| rows.table == number) {
                let mut bytes = Vec::new();
                let width = u16::try_from(names.len()).unwrap();
                let mut progress = Progress::default();
                // Piece by piece, so that pieces end wherever they may.
                while !held.write_tuples(&mut progress, width, bytes.len() + 7, &mut bytes) {}
                rows.extend(tuples(&bytes, &names, &types));
            }
        }
        rows
    }

    /// One row of a table without technical columns, as `name=text` in the columns' order.
    pub fn shown(&self, table: &str) -> Vec<String> {
        let held = self.schema.tables.iter().find(|held| held.name == table).unwrap();
        self.rows(table)
            .iter()
            .map(|row| {
                let cells = held.columns.iter().filter_map(|column| {
                    row.get(&column.name).map(|text| format!("{}={text}", column.name))
                });
                cells.collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    /// The columns of a table as `name type`.
    pub fn columns(&self, table: &str) -> Vec<String> {
        let held = self.schema.tables.iter().find(|held| held.name == table).unwrap();
        held.columns.iter().map(|column| format!("{} {}", column.name, column.of)).collect()
    }

    pub fn tables(&self) -> Vec<&str> {
        self.schema.tables.iter().map(|table| table.name.as_str()).collect()
    }

    pub fn changes(&self) -> Vec<&Change> {
        self.batches.iter().flat_map(|batch| &batch.changes).collect()
    }

    pub fn overflow_column(&self, table: usize) -> Option<&str> {
        let columns = &self.schema.tables[table].columns;
        columns.iter().find(|c| c.origin == Origin::Overflow).map(|c| c.name.as_str())
    }
}

/// Rows in COPY's binary form, without its header and trailer: column name → text, NULL left out.
pub fn tuples(
    mut bytes: &[u8],
    names: &[&str],
    types: &[ColumnType],
) -> Vec<BTreeMap<String, String>> {
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        let count = take::<2>(&mut bytes);
        assert_eq!(usize::from(u16::from_be_bytes(count)), names.len());
        let mut row = BTreeMap::new();
        for (place, name) in names.iter().enumerate() {
            let length = i32::from_be_bytes(take::<4>(&mut bytes));
            if length < 0 {
                continue;
            }
            let (cell, rest) = bytes.split_at(usize::try_from(length).unwrap());
            bytes = rest;
            row.insert((*name).to_owned(), text(cell, types[place]));
        }
        rows.push(row);
    }
    rows
}

fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (head, rest) = bytes.split_first_chunk::<N>().unwrap();
    *bytes = rest;
    *head
}

fn text(cell: &[u8], of: ColumnType) -> String {
    let micros = |cell: &[u8]| {
        let epoch = jiff::civil::date(2000, 1, 1).at(0, 0, 0, 0);
        let micros = i64::from_be_bytes(cell.try_into().unwrap());
        match epoch.checked_add(jiff::SignedDuration::from_micros(micros)) {
            Ok(time) => time.to_string(),
            // An instant that only Postgres's calendar reaches: 9999-12-31 far west of Greenwich.
            Err(_) => format!("{micros}us"),
        }
    };
    match of {
        ColumnType::Boolean => (cell == [1]).to_string(),
        ColumnType::Bigint => match cell.len() {
            8 => i64::from_be_bytes(cell.try_into().unwrap()).to_string(),
            _ => i32::from_be_bytes(cell.try_into().unwrap()).to_string(),
        },
        ColumnType::Numeric => numeric(cell),
        ColumnType::Text | ColumnType::Json => String::from_utf8(cell.to_vec()).unwrap(),
        ColumnType::Jsonb => {
            assert_eq!(cell[0], 1);
            String::from_utf8(cell[1..].to_vec()).unwrap()
        }
        ColumnType::Date => {
            let days = i32::from_be_bytes(cell.try_into().unwrap());
            let epoch = jiff::civil::date(2000, 1, 1);
            (epoch + jiff::Span::new().days(i64::from(days))).to_string()
        }
        ColumnType::Timestamp => micros(cell),
        ColumnType::Timestamptz => micros(cell) + "Z",
    }
}

/// The documented binary form, read independently of the code under test.
fn numeric(cell: &[u8]) -> String {
    let word = |at: usize| i16::from_be_bytes([cell[2 * at], cell[2 * at + 1]]);
    let (count, weight, sign, scale) = (word(0), word(1), word(2), word(3));
    let digit = |power: i16| {
        let at = weight - power;
        if (0..count).contains(&at) { word(4 + usize::try_from(at).unwrap()) } else { 0 }
    };
    let mut whole: String = (0..=weight.max(0)).rev().map(|p| format!("{:04}", digit(p))).collect();
    whole = whole.trim_start_matches('0').to_owned();
    if whole.is_empty() {
        whole.push('0');
    }
    let fraction: String = (1..=(scale + 3) / 4).map(|p| format!("{:04}", digit(-p))).collect();
    let point = if scale > 0 { "." } else { "" };
    let minus = if sign == 0x4000 { "-" } else { "" };
    format!("{minus}{whole}{point}{}", &fraction[..usize::try_from(scale).unwrap()])
}
