//! Which fields came with an object, and which that stood beside them may have been called so before.
//! Pure: from the catalog alone.

use std::collections::BTreeSet;

use landing::{is_at_or_under, parent_path};
use normalise::{Origin, Schema, Table};

/// Fields that came; beyond it an object is another thing altogether.
const NEW_MAX: usize = 20;
/// Fields that may have gone, for each.
const OLD_MAX: usize = 100;

/// What an object brought: numbers of tables, and of tables and columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Brought {
    pub(crate) tables: BTreeSet<usize>,
    pub(crate) columns: BTreeSet<(usize, usize)>,
}

/// A field: a scalar, an object or an array, with all that is inside of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    /// The table in whose records it stands.
    pub(crate) table: usize,
    pub(crate) path: String,
    /// Its columns in that table and in tables inside of it: table and column.
    pub(crate) columns: Vec<(usize, usize)>,
    /// Tables inside of it.
    pub(crate) tables: Vec<usize>,
}

/// A field that came, and those that it may be.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) new: Unit,
    pub(crate) olds: Vec<Unit>,
}

/// The fields that came, each with those that stood beside it before.
pub(crate) fn questions(schema: &Schema, brought: &Brought) -> Vec<Question> {
    let mut questions = Vec::new();
    for (number, table) in schema.tables.iter().enumerate() {
        if brought.tables.contains(&number) {
            continue;
        }
        let (new, old) = things(schema, number, table, brought);
        for path in tops(&table.path, &new, &old) {
            let beside = beside(&path, &new, &old);
            let olds = beside.into_iter().map(|path| unit(schema, number, path));
            let olds = olds.take(OLD_MAX).collect::<Vec<_>>();
            if !olds.is_empty() && questions.len() < NEW_MAX {
                questions.push(Question { new: unit(schema, number, path), olds });
            }
        }
    }
    questions
}

/// Paths of what stands in a table's records: that which came, and that which was there.
fn things<'s>(
    schema: &'s Schema,
    number: usize,
    table: &'s Table,
    brought: &Brought,
) -> (Vec<&'s str>, Vec<&'s str>) {
    let (mut new, mut old) = (Vec::new(), Vec::new());
    for (place, column) in table.columns.iter().enumerate() {
        if column.origin.is_field() {
            let is_new = brought.columns.contains(&(number, place));
            if is_new { &mut new } else { &mut old }.push(column.path.as_str());
        }
    }
    for (place, child) in schema.tables.iter().enumerate() {
        if child.parent == Some(number) {
            let is_new = brought.tables.contains(&place);
            if is_new { &mut new } else { &mut old }.push(child.path.as_str());
        }
    }
    (new, old)
}

/// The outermost fields that came: nothing was inside of them before.
fn tops(record: &str, new: &[&str], old: &[&str]) -> BTreeSet<String> {
    let top = |path: &&str| {
        let tail = path.strip_prefix(record)?;
        let ends = tail.match_indices('/').skip(1).map(|(end, _)| end).chain([tail.len()]);
        let mut heads = ends.filter_map(|end| Some(format!("{record}{}", tail.get(..end)?)));
        heads.find(|head| !old.iter().any(|other| is_at_or_under(other, head)))
    };
    new.iter().filter_map(top).filter(|top| top.len() > record.len()).collect()
}

/// The fields beside `path` that nothing came to.
fn beside(path: &str, new: &[&str], old: &[&str]) -> BTreeSet<String> {
    let parent = parent_path(path);
    let field = |path: &&str| {
        let tail = path.strip_prefix(parent)?.strip_prefix('/')?;
        let name = tail.split('/').next()?;
        Some(format!("{parent}/{name}"))
    };
    let fields = old.iter().filter_map(field);
    fields.filter(|field| !new.iter().any(|other| is_at_or_under(other, field))).collect()
}

fn unit(schema: &Schema, table: usize, path: String) -> Unit {
    let mut unit = Unit { table, path, columns: Vec::new(), tables: Vec::new() };
    for (number, held) in schema.tables.iter().enumerate() {
        let is_inside = is_at_or_under(&held.path, &unit.path) && number != table;
        if is_inside {
            unit.tables.push(number);
        } else if number != table {
            continue;
        }
        for (place, column) in held.columns.iter().enumerate() {
            let is_value = column.origin.is_field() || column.origin == Origin::Value;
            if is_value && is_at_or_under(&column.path, &unit.path) {
                unit.columns.push((number, place));
            }
        }
    }
    unit
}

#[cfg(test)]
mod tests {
    use normalise::{Column, ColumnType};

    use super::*;

    #[test]
    fn what_came_is_asked_of_what_stands_beside_it_and_of_nothing_else() {
        let column = |path: &str| Column {
            name: path.to_owned(),
            path: path.to_owned(),
            of: ColumnType::Bigint,
            origin: Origin::Field,
        };
        let table = |path: &str, parent, columns: &[&str]| Table {
            name: format!("t{path}"),
            path: path.to_owned(),
            parent,
            columns: columns.iter().map(|path| column(path)).collect(),
            rewritable: true,
        };
        let tables = vec![
            table("", None, &["/id", "/o/a", "/o/b", "/x", "/o/c", "/n/a", "/n/d/e"]),
            table("/taxes", Some(0), &["/taxes/r"]),
            table("/taxation", Some(0), &["/taxation/r"]),
        ];
        let schema = Schema { tables, ..Schema::default() };
        let brought = Brought {
            tables: BTreeSet::from([2]),
            columns: BTreeSet::from([(0, 4), (0, 5), (0, 6), (2, 0)]),
        };
        let asked = questions(&schema, &brought);
        let said = asked.iter().map(|question| {
            let olds: Vec<_> = question.olds.iter().map(|old| old.path.as_str()).collect();
            format!("{}: {}", question.new.path, olds.join(" "))
        });
        assert_eq!(
            said.collect::<Vec<_>>(),
            ["/n: /id /taxes /x", "/o/c: /o/a /o/b", "/taxation: /id /taxes /x"]
        );
        assert_eq!(asked[2].new.columns, [(2, 0)]);
        assert_eq!(asked[0].new.columns, [(0, 5), (0, 6)]);
    }
}
