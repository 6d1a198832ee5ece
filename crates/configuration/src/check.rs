//! Contradictions: keys that are well-formed one by one and make no sense together.

use std::collections::BTreeSet;

use crate::endpoint::{Body, Endpoint, JsonTemplate, Method, WriteMode};
use crate::endpoint_reading::Surroundings;
use crate::fields::SchemaPolicy;
use crate::pages::ParameterPlace;
use crate::reader::{Node, Table};
use crate::suggest;
use crate::template::Template;

/// A source's name is also that of a schema, where Riacho and Postgres have their own.
pub(crate) fn source_name(name: &str, node: &Node<'_, '_>) {
    folder_name(name, node);
    let lower = name.to_lowercase();
    if matches!(lower.as_str(), "riacho" | "information_schema") || lower.starts_with("pg_") {
        node.report::<()>(format!(
            "`{name}` is also the schema of the source's tables, and that name is taken; choose another"
        ));
    }
}

/// The names of sources and endpoints are folders.
pub(crate) fn folder_name(name: &str, node: &Node<'_, '_>) {
    if name.trim().is_empty() {
        node.report::<()>("the name is empty; it names a folder, so choose one");
    }
}

/// Source: RFC 9110, section 5.6.2 (`token`).
pub(crate) fn header_name(name: &str, node: &Node<'_, '_>) {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        node.report::<()>(format!("`{name}` is no name of an HTTP header"));
    }
}

/// Source: PostgreSQL documentation, "Identifiers and Key Words" (63 bytes).
pub(crate) fn table_name(node: &Node<'_, '_>) -> Option<String> {
    let name = node.filled_string()?;
    let plain = name.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && name
            .chars()
            .all(|letter| (letter.is_alphanumeric() && !letter.is_uppercase()) || letter == '_');
    if !plain || name.len() > 63 || name.contains("__") {
        return node.report(format!(
            "`{name}` is no name of a root table; write it in snake_case, at most 63 bytes, \
             without `__`, which stands for nesting"
        ));
    }
    Some(name)
}

pub(crate) fn partition_is_known(node: &Node<'_, '_>, name: &str, known: &[&str]) {
    if known.is_empty() {
        node.report::<()>(format!(
            "unknown partition `{name}`; the source has no `partitions`, so add it there"
        ));
    } else if !known.contains(&name) {
        node.report::<()>(format!("unknown partition `{name}`; {}", suggest::cure(name, known)));
    }
}

/// What contradicts itself within one endpoint.
pub(crate) fn endpoint(table: &Table<'_, '_>, endpoint: &Endpoint, around: &Surroundings<'_>) {
    placeholders(table, endpoint, around);
    writing(table, endpoint);
    paging(table, endpoint);
    leaving_out(table, endpoint);
}

fn placeholders(table: &Table<'_, '_>, endpoint: &Endpoint, around: &Surroundings<'_>) {
    let own = endpoint.partitions.iter().map(String::as_str).collect::<Vec<_>>();
    let from_source = around.headers.iter().map(|(_, template)| template);
    let templates = endpoint.templates();
    let asked = templates
        .iter()
        .copied()
        .chain(from_source)
        .flat_map(Template::partitions)
        .collect::<BTreeSet<_>>();
    for name in asked.iter().filter(|name| !own.contains(name)) {
        partition_is_known_to(table, endpoint, name, &own);
    }
}

fn partition_is_known_to(table: &Table<'_, '_>, endpoint: &Endpoint, name: &str, own: &[&str]) {
    let asks = |template: &Template| template.partitions().any(|partition| partition == name);
    let named = |pairs: &[(String, Template)]| pairs.iter().any(|(_, template)| asks(template));
    let key = if asks(&endpoint.path) {
        "path"
    } else if named(&endpoint.query) {
        "query"
    } else if named(&endpoint.headers) {
        "headers"
    } else {
        "body"
    };
    let node = table.get(key).unwrap_or_else(|| table.node.clone());
    partition_is_known(&node, name, own);
}

fn writing(table: &Table<'_, '_>, endpoint: &Endpoint) {
    if endpoint.write == WriteMode::Merge && endpoint.key.is_empty() {
        report(
            table,
            "write",
            "`merge` replaces records by their `key`, and there is none; add `key`, or write with \
             `replace` or `append`",
        );
    }
    if endpoint.version.is_some() && endpoint.key.is_empty() {
        report(
            table,
            "version",
            "`version` tells versions of one record apart, and without a `key` no two records are \
             one; add `key`, or remove `version`",
        );
    }
    if endpoint.vanish_limit.is_some() && endpoint.write != WriteMode::Replace {
        report(
            table,
            "vanish_limit",
            "records vanish only under `write = \"replace\"`; remove `vanish_limit`, or replace",
        );
    }
}

/// What tells records or their versions apart stands in a column.
fn leaving_out(table: &Table<'_, '_>, endpoint: &Endpoint) {
    for pointer in endpoint.key.iter().chain(&endpoint.version) {
        let rule = endpoint.schema.naming(pointer);
        if let Some(rule) = rule.filter(|rule| rule.of == SchemaPolicy::Discard) {
            report(
                table,
                "schema",
                format!(
                    "`{}` leaves out `{pointer}`, which `key` or `version` names; add `\"{pointer}\" \
                     = \"evolve\"`, or name another field there",
                    rule.pattern
                ),
            );
        }
    }
}

fn paging(table: &Table<'_, '_>, endpoint: &Endpoint) {
    let into_body = endpoint.pages.parameter_place() == Some(ParameterPlace::Body);
    let takes_members = match &endpoint.body {
        None | Some(Body::Json(JsonTemplate::Object(_))) => endpoint.method == Method::Post,
        Some(Body::Text(_) | Body::Json(_)) => false,
    };
    if into_body && !takes_members {
        report(
            table,
            "pages",
            "`into = \"body\"` needs `method = \"POST\"` and a table as `body`; change these, or \
             send the parameter in the query",
        );
    }
}

/// Two endpoints of a source must not write to one table.
pub(crate) fn tables(entries: &[(&str, Node<'_, '_>)], endpoints: &[Option<Endpoint>]) {
    let mut seen: Vec<(String, &str)> = Vec::new();
    for ((name, node), endpoint) in entries.iter().zip(endpoints) {
        let Some(endpoint) = endpoint else { continue };
        // Default names are snake_case of the endpoint's; two that differ by case and
        // underscores alone would hardly be told apart either.
        let squeezed = squeeze(endpoint.table.as_deref().unwrap_or(name));
        match seen.iter().find(|(table, _)| *table == squeezed) {
            Some((_, other)) => {
                node.report::<()>(format!(
                    "its table has the same name as that of `{other}`; give one of them another `table`"
                ));
            }
            None => seen.push((squeezed, name)),
        }
    }
}

/// A name that has a cycle behind it would have had itself for its old name.
pub(crate) fn rename_cycles(node: &Node<'_, '_>, renames: &[(String, String)]) {
    let old_of = |name: &str| renames.iter().find_map(|(new, old)| (new == name).then_some(old));
    for (start, old) in renames {
        let mut place = Some(old);
        for _ in 0..renames.len() {
            let Some(name) = place else { break };
            if name == start {
                node.report::<()>(format!(
                    "the renames of `{start}` go round in a circle; remove the one that is not so"
                ));
                return;
            }
            place = old_of(name);
        }
    }
}

fn squeeze(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn report(table: &Table<'_, '_>, key: &str, message: impl Into<String>) {
    let node = table.get(key).unwrap_or_else(|| table.node.clone());
    node.report::<()>(message);
}
