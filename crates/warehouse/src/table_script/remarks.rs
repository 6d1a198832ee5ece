//! What COMMENT ON says of tables and columns: where in the JSON their values come from, and what
//! the configuration has to say of them.

use landing::is_at_or_under;
use normalise::{Column, Origin, Rules, Table};

use super::Plan;
use crate::EndpointFacts;
use crate::catalog::Catalog;
use crate::ident::{Ident, Literal, Relation};

const TECHNICAL: [(&str, &str); 3] = [
    ("_object_id", "riacho.objects.id of the object that the row came from"),
    ("_row", "the row's number within its object and table, from 0"),
    ("_parent_row", "_row of the row that it belongs to, of the same _object_id"),
];

/// COMMENT ON for every table and column that the plan brings.
pub(super) fn statements(
    endpoint: &EndpointFacts,
    rules: &Rules,
    before: &Catalog,
    plan: &Plan,
) -> Vec<String> {
    let mut statements = Vec::new();
    for step in &plan.steps {
        let Some(table) = plan.after.tables.get(step.table) else { continue };
        let relation = before.relation(table);
        if step.is_new {
            let parent = table.parent.and_then(|parent| plan.after.tables.get(parent));
            let text = of_table(endpoint, table, parent);
            statements.push(format!("COMMENT ON TABLE {relation} IS {}", Literal(&text)));
            let technical = TECHNICAL.iter().take(table.technical_columns());
            statements.extend(technical.map(|(name, text)| on_column(relation, name, text)));
        }
        for column in step.added.iter().filter_map(|number| table.columns.get(*number)) {
            let text = of_column(rules, &plan.after.renames, column);
            statements.push(on_column(relation, &column.name, &text));
        }
    }
    statements
}

fn on_column(relation: Relation<'_>, name: &str, text: &str) -> String {
    format!("COMMENT ON COLUMN {relation}.{} IS {}", Ident(name), Literal(text))
}

fn of_table(endpoint: &EndpointFacts, table: &Table, parent: Option<&Table>) -> String {
    let path = place(&table.path);
    if let Some(parent) = parent {
        return format!("the items of {path}; each belongs to a row of {}", parent.name);
    }
    let key = match endpoint.key.as_slice() {
        [] => "no key".to_owned(),
        key => format!("key {}", key.join(", ")),
    };
    let version = endpoint.version.as_ref().map(|path| format!(", version {path}"));
    let EndpointFacts { source, endpoint, .. } = endpoint;
    format!(
        "the records of {source} / {endpoint}, from {path}; {key}{}",
        version.unwrap_or_default()
    )
}

fn of_column(rules: &Rules, accepted: &[(String, String)], column: &Column) -> String {
    let path = place(&column.path);
    let mut text = match column.origin {
        Origin::Field => path,
        Origin::Variant => format!("{path}, where its value is {}", column.of),
        Origin::Value => format!("what stands at {path} and is no object"),
        Origin::MapKey => format!("the name of the member of {path} that the row holds"),
        Origin::Key => format!("{path}, the key of the root table's row"),
        Origin::Overflow => format!("what of {path} went beyond a bound, by JSON Pointer"),
    };
    if let Some(rule) = rules.declaration(&column.path) {
        text.push_str(&format!("; {} is declared {}", rule.pattern, rule.of));
    }
    for name in newer_names(rules, accepted, &column.path) {
        text.push_str(&format!("; also named {name}"));
    }
    text
}

/// Names that the field or what is around it has by now, declared or accepted.
fn newer_names(rules: &Rules, accepted: &[(String, String)], path: &str) -> Vec<String> {
    let records = rules.records.to_string();
    let declared = rules.renames.iter();
    let declared =
        declared.map(|(new, old)| (format!("{records}{new}"), format!("{records}{old}")));
    let newer = declared.chain(accepted.iter().cloned()).filter_map(|(new, old)| {
        let tail = path.strip_prefix(&old)?;
        is_at_or_under(path, &old).then(|| format!("{new}{tail}"))
    });
    newer.collect()
}

fn place(path: &str) -> String {
    if path.is_empty() { "the document itself".to_owned() } else { path.to_owned() }
}
