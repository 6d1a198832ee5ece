//! What a view shows: the columns of its table in order, each field under one name. Pure: from the
//! catalog's columns to SQL text.
//!
//! New columns only ever come last, so that CREATE OR REPLACE VIEW does. Source: PostgreSQL
//! documentation, CREATE VIEW: "the new query must generate the same columns […] in the same order
//! and with the same data types, but it may add additional columns to the end of the list".

use std::collections::{BTreeMap, BTreeSet};

use normalise::{Column, ColumnType, Origin, Renames, Table, unique_name};

use super::values::{as_jsonb, converted, first_of};
use crate::ident::{Ident, Relation};

/// A view of one table, and of those that hold the same records under other names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    columns: Vec<Shown>,
    /// Columns that stay `bigint` although others hold `numeric`.
    pub(crate) kept_narrow: Vec<String>,
}

/// A column of a view: an expression for each of its tables.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    name: String,
    parts: Vec<String>,
}

/// What names a field: where its values come from, and the oldest path that it had.
type Field = (Origin, String);

/// A table, with the columns of each field in the catalog's order.
#[derive(Debug)]
struct Branch<'a> {
    columns: &'a [Column],
    fields: BTreeMap<Field, Vec<&'a Column>>,
}

/// A view that is being put together.
struct Drawing<'a> {
    branches: Vec<Branch<'a>>,
    renames: &'a Renames,
    narrow: &'a BTreeSet<String>,
    view: View,
    /// The fields that are shown, in order, and whether whatever their type.
    shown: Vec<(Field, bool)>,
}

/// Whether a field of the first table has more than one column. The others are the tables that hold
/// the same records under other names.
pub(crate) fn is_called_for(tables: &[&Table], renames: &Renames) -> bool {
    let several = |table: &&Table| Branch::of(table, renames).fields.values().any(|f| f.len() > 1);
    tables.len() > 1 || tables.first().is_some_and(several)
}

impl View {
    /// The view of the first table. `narrow` are names of columns that must stay `bigint`.
    pub(crate) fn of(tables: &[&Table], renames: &Renames, narrow: &BTreeSet<String>) -> Self {
        let mut drawing = Drawing {
            branches: tables.iter().map(|table| Branch::of(table, renames)).collect(),
            renames,
            narrow,
            view: Self { columns: Vec::new(), kept_narrow: Vec::new() },
            shown: Vec::new(),
        };
        drawing.draw(tables.first().map_or(0, |table| table.technical_columns()));
        drawing.view
    }

    /// The query behind the view; `tables` as `of` had them.
    pub(crate) fn query(&self, tables: &[Relation<'_>]) -> String {
        let selects = tables.iter().enumerate().map(|(number, table)| {
            let columns = self.columns.iter().filter_map(|shown| {
                let name = Ident(&shown.name).to_string();
                let part = shown.parts.get(number)?;
                Some(if *part == name { name } else { format!("{part} AS {name}") })
            });
            format!("SELECT {} FROM {table}", columns.collect::<Vec<_>>().join(", "))
        });
        selects.collect::<Vec<_>>().join(" UNION ALL ")
    }
}

impl<'a> Branch<'a> {
    fn of(table: &'a Table, renames: &Renames) -> Self {
        let mut fields = BTreeMap::<_, Vec<_>>::new();
        for column in &table.columns {
            fields.entry(field_of(column, renames)).or_default().push(column);
        }
        Self { columns: &table.columns, fields }
    }

    fn held(&self, field: &Field) -> &[&'a Column] {
        self.fields.get(field).map_or(&[], Vec::as_slice)
    }
}

fn field_of(column: &Column, renames: &Renames) -> Field {
    let origin = match column.origin {
        Origin::Field | Origin::Variant | Origin::Value => Origin::Field,
        other @ (Origin::Key | Origin::MapKey | Origin::Overflow) => other,
    };
    (origin, renames.oldest(&column.path))
}

impl<'a> Drawing<'a> {
    /// The first table's columns, then what only the others have.
    fn draw(&mut self, technical: usize) {
        for name in ["_object_id", "_row", "_parent_row"].into_iter().take(technical) {
            let parts = vec![Ident(name).to_string(); self.branches.len()];
            self.push(name.to_owned(), parts);
        }
        for number in 0..self.branches.len() {
            let columns = self.branches.get(number).map_or(&[][..], |branch| branch.columns);
            for column in columns {
                let field = field_of(column, self.renames);
                let is_shown = self.shown.iter().any(|(known, _)| *known == field);
                match column.origin {
                    Origin::Variant if number == 0 => self.push_any(&field),
                    Origin::Variant => {}
                    _ if number == 0 || !is_shown => self.push_field(&field, column),
                    _ => {}
                }
            }
        }
        for (field, is_whole) in self.shown.clone() {
            if !is_whole && !self.is_held_by_one_type(&field) {
                self.push_any(&field);
            }
        }
    }

    /// The field under the name of one of its columns, with what its type holds of the others.
    fn push_field(&mut self, field: &Field, main: &'a Column) {
        let name = self.free_name(&main.name, &main.path);
        let mut of = main.of;
        if of == ColumnType::Bigint && self.all(field).any(|held| held.of == ColumnType::Numeric) {
            if self.narrow.contains(&name) {
                self.view.kept_narrow.push(name.clone());
            } else {
                of = ColumnType::Numeric;
            }
        }
        let parts = self.branches.iter().map(|branch| {
            let own = |held: &&&Column| std::ptr::eq(**held, main);
            let columns = branch.held(field).iter();
            let first = columns.clone().filter(own);
            let parts = first.chain(columns.filter(|held| !own(held)));
            let parts = parts.filter_map(|held| converted(held, of)).collect::<Vec<_>>();
            if parts.is_empty() { format!("NULL::{of}") } else { first_of(&parts) }
        });
        let parts = parts.collect();
        self.push(name, parts);
        if !self.shown.iter().any(|(known, _)| known == field) {
            self.shown.push((field.clone(), false));
        }
    }

    /// The field whatever its type; once.
    fn push_any(&mut self, field: &Field) {
        let Some(shown) =
            self.shown.iter_mut().find(|(known, is_whole)| known == field && !is_whole)
        else {
            return;
        };
        shown.1 = true;
        let main = self.all(field).find(|held| held.origin != Origin::Variant);
        let Some((main, path)) = main.map(|main| (&main.name, &main.path)) else { return };
        let name = self.free_name(&format!("{main}__any"), &format!("{path}#any"));
        let parts = self.branches.iter().map(|branch| {
            let parts = branch.held(field).iter().map(|held| as_jsonb(held)).collect::<Vec<_>>();
            if parts.is_empty() { "NULL::jsonb".to_owned() } else { first_of(&parts) }
        });
        let parts = parts.collect();
        self.push(name, parts);
    }

    /// Whether all the field's columns fit into the first, and none is a variant.
    fn is_held_by_one_type(&self, field: &Field) -> bool {
        let first = self.all(field).next().map(|first| first.of);
        self.all(field)
            .all(|held| held.origin != Origin::Variant && first.is_none_or(|of| held.of == of))
    }

    fn all(&self, field: &Field) -> impl Iterator<Item = &'a Column> {
        self.branches.iter().flat_map(|branch| branch.held(field).iter().copied())
    }

    /// Whoever comes first keeps the name, by the rule of all names.
    fn free_name(&self, wanted: &str, path: &str) -> String {
        unique_name(wanted, path, |name| self.view.columns.iter().any(|shown| shown.name == name))
    }

    fn push(&mut self, name: String, parts: Vec<String>) {
        self.view.columns.push(Shown { name, parts });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, path: &str, of: ColumnType, origin: Origin) -> Column {
        Column { name: name.to_owned(), path: path.to_owned(), of, origin }
    }

    fn table(columns: Vec<Column>) -> Table {
        Table { name: "t".to_owned(), path: String::new(), parent: None, columns, rewritable: true }
    }

    fn query(table: &Table, narrow: &[&str]) -> String {
        let narrow = narrow.iter().map(|name| (*name).to_owned()).collect();
        let view = View::of(&[table], &Renames::default(), &narrow);
        view.query(&[Relation { schema: "s", name: "t" }])
    }

    #[test]
    fn a_table_whose_fields_have_a_column_each_needs_no_view() {
        let columns = vec![
            column("x", "/x", ColumnType::Bigint, Origin::Field),
            column("x__y", "/x/y", ColumnType::Text, Origin::Field),
            column("_overflow", "", ColumnType::Json, Origin::Overflow),
            column("value", "", ColumnType::Jsonb, Origin::Value),
        ];
        assert!(!is_called_for(&[&table(columns)], &Renames::default()));
    }

    #[test]
    fn a_field_stands_under_its_name_and_whole_where_its_first_variant_is() {
        let columns = vec![
            column("x", "/x", ColumnType::Bigint, Origin::Field),
            column("x__v_numeric", "/x", ColumnType::Numeric, Origin::Variant),
            column("y", "/y", ColumnType::Date, Origin::Field),
            column("x__v_json", "/x", ColumnType::Json, Origin::Variant),
        ];
        let table = table(columns);
        assert!(is_called_for(&[&table], &Renames::default()));
        let any = "coalesce(to_jsonb(\"x\"), to_jsonb(\"x__v_numeric\"), \
                   to_jsonb(\"x__v_json\"::text)) AS \"x__any\"";
        assert_eq!(
            query(&table, &[]),
            format!(
                "SELECT \"_object_id\", \"_row\", coalesce(\"x\"::numeric, \"x__v_numeric\") AS \"x\", \
                 {any}, \"y\" FROM \"s\".\"t\""
            )
        );
        assert_eq!(
            query(&table, &["x"]),
            format!("SELECT \"_object_id\", \"_row\", \"x\", {any}, \"y\" FROM \"s\".\"t\"")
        );
    }

    #[test]
    fn a_name_that_is_taken_goes_to_whoever_came_first() {
        let x = column("x", "/x", ColumnType::Bigint, Origin::Field);
        let variant = column("x__v_text", "/x", ColumnType::Text, Origin::Variant);
        let any = column("x__any", "/x/any", ColumnType::Boolean, Origin::Field);
        let names = |columns: [&Column; 3]| {
            let table = table(columns.map(Clone::clone).to_vec());
            let view = View::of(&[&table], &Renames::default(), &BTreeSet::new());
            view.columns.into_iter().skip(2).map(|shown| shown.name).collect::<Vec<_>>()
        };
        let [first, second, third] = <[String; 3]>::try_from(names([&x, &any, &variant])).unwrap();
        assert_eq!([first.as_str(), &second], ["x", "x__any"]);
        assert!(third.starts_with("x__any_"), "{third}");
        let again = names([&x, &variant, &any]);
        assert_eq!(again[1], "x__any");
        assert!(again[2].starts_with("x__any_") && again[2] != third, "{again:?}");
    }
}
