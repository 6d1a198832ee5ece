//! What a view shows: the columns of its table in order, each field under one name. Pure: from the
//! catalog's columns to SQL text.
//!
//! New columns only ever come last, so that CREATE OR REPLACE VIEW does. Source: PostgreSQL
//! documentation, CREATE VIEW: "the new query must generate the same columns […] in the same order
//! and with the same data types, but it may add additional columns to the end of the list".

use std::collections::{BTreeMap, BTreeSet};

use normalise::{Column, ColumnType, Origin, Table, unique_name};

use crate::ident::{Ident, Relation};

/// A view of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    columns: Vec<Shown>,
    /// Columns that stay `bigint` although a variant holds `numeric`.
    pub(crate) kept_narrow: Vec<String>,
}

/// A column of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    name: String,
    expression: String,
}

/// The columns that one field's values stand in, in the catalog's order.
type Fields<'a> = BTreeMap<&'a str, Vec<&'a Column>>;

/// Whether a field of the table has more than one column.
pub(crate) fn is_called_for(table: &Table) -> bool {
    fields(table).values().any(|columns| columns.len() > 1)
}

fn fields(table: &Table) -> Fields<'_> {
    let mut fields = Fields::new();
    for column in &table.columns {
        match column.origin {
            Origin::Field | Origin::Variant | Origin::Value => {
                fields.entry(&column.path).or_default().push(column);
            }
            Origin::Key | Origin::MapKey | Origin::Overflow => {}
        }
    }
    fields
}

impl View {
    /// The view of a table. `narrow` are names of columns that must stay `bigint`.
    pub(crate) fn of(table: &Table, narrow: &BTreeSet<String>) -> Self {
        let fields = fields(table);
        let mut view = Self { columns: Vec::new(), kept_narrow: Vec::new() };
        let technical = ["_object_id", "_row", "_parent_row"];
        for name in technical.into_iter().take(table.technical_columns()) {
            view.push(name.to_owned(), Ident(name).to_string());
        }
        for column in &table.columns {
            let columns = fields.get(column.path.as_str()).map_or(&[][..], Vec::as_slice);
            match column.origin {
                Origin::Key | Origin::MapKey | Origin::Overflow => view.push_plain(column),
                Origin::Field | Origin::Value => view.push_field(column, columns, narrow),
                Origin::Variant => view.push_any(column, columns),
            }
        }
        view
    }

    fn push_plain(&mut self, column: &Column) {
        self.push(self.free_name(&column.name, &column.path), Ident(&column.name).to_string());
    }

    /// The field under its own name, with what its type holds of the other columns.
    fn push_field(&mut self, main: &Column, columns: &[&Column], narrow: &BTreeSet<String>) {
        let name = self.free_name(&main.name, &main.path);
        let others = || columns.iter().filter(|other| other.name != main.name);
        let mut of = main.of;
        if of == ColumnType::Bigint && others().any(|other| other.of == ColumnType::Numeric) {
            if narrow.contains(&name) {
                self.kept_narrow.push(name.clone());
            } else {
                of = ColumnType::Numeric;
            }
        }
        let held = others().filter_map(|other| converted(other, of));
        let parts = converted(main, of).into_iter().chain(held).collect::<Vec<_>>();
        self.push(name, first_of(&parts));
    }

    /// The field whatever its type, where the first of its variants stands in the table.
    fn push_any(&mut self, variant: &Column, columns: &[&Column]) {
        let first = columns.iter().find(|column| column.origin == Origin::Variant);
        let main = columns.iter().find(|column| column.origin != Origin::Variant);
        if first.is_none_or(|first| first.name != variant.name) {
            return;
        }
        let wanted = format!("{}__any", main.unwrap_or(&variant).name);
        let name = self.free_name(&wanted, &format!("{}#any", variant.path));
        let parts = columns.iter().map(|column| as_jsonb(column)).collect::<Vec<_>>();
        self.push(name, first_of(&parts));
    }

    /// Whoever comes first keeps the name, by the rule of all names.
    fn free_name(&self, wanted: &str, path: &str) -> String {
        unique_name(wanted, path, |name| self.columns.iter().any(|shown| shown.name == name))
    }

    fn push(&mut self, name: String, expression: String) {
        self.columns.push(Shown { name, expression });
    }

    /// The query behind the view.
    pub(crate) fn query(&self, table: Relation<'_>) -> String {
        let columns = self.columns.iter().map(|shown| {
            let name = Ident(&shown.name).to_string();
            if shown.expression == name { name } else { format!("{} AS {name}", shown.expression) }
        });
        format!("SELECT {} FROM {table}", columns.collect::<Vec<_>>().join(", "))
    }
}

fn first_of(parts: &[String]) -> String {
    match parts {
        [one] => one.clone(),
        several => format!("coalesce({})", several.join(", ")),
    }
}

/// The column's value as a value of type `of`, where each of them is one, exactly and without a
/// second reading: a date is no midnight, and an array's functions fail on a scalar.
fn converted(column: &Column, of: ColumnType) -> Option<String> {
    let name = Ident(&column.name);
    match (column.of, of) {
        (held, wanted) if held == wanted => Some(name.to_string()),
        (ColumnType::Bigint, ColumnType::Numeric) => Some(format!("{name}::numeric")),
        // As it would stand in the column, had the JSON had quotes around it.
        (ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz, ColumnType::Text) => {
            Some(format!("{} #>> '{{}}'", as_jsonb(column)))
        }
        (_, ColumnType::Text) => Some(format!("{name}::text")),
        _ => None,
    }
}

/// The column's value as JSON, digit for digit. What `jsonb` can't hold is a string of its text; an
/// instant does not depend on who asks.
fn as_jsonb(column: &Column) -> String {
    let name = Ident(&column.name);
    match column.of {
        ColumnType::Jsonb => name.to_string(),
        ColumnType::Json => format!("to_jsonb({name}::text)"),
        ColumnType::Timestamptz => {
            format!("to_jsonb((to_jsonb({name} AT TIME ZONE 'UTC') #>> '{{}}') || 'Z')")
        }
        ColumnType::Boolean
        | ColumnType::Bigint
        | ColumnType::Numeric
        | ColumnType::Text
        | ColumnType::Date
        | ColumnType::Timestamp => format!("to_jsonb({name})"),
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
        View::of(table, &narrow).query(Relation { schema: "s", name: "t" })
    }

    #[test]
    fn a_table_whose_fields_have_a_column_each_needs_no_view() {
        let columns = vec![
            column("x", "/x", ColumnType::Bigint, Origin::Field),
            column("x__y", "/x/y", ColumnType::Text, Origin::Field),
            column("_overflow", "", ColumnType::Json, Origin::Overflow),
            column("value", "", ColumnType::Jsonb, Origin::Value),
        ];
        assert!(!is_called_for(&table(columns)));
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
        assert!(is_called_for(&table));
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
            let view = View::of(&table(columns.map(Clone::clone).to_vec()), &BTreeSet::new());
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
