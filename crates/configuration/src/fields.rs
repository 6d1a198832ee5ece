//! Rules for single fields: declared types, what may change, what must be there. How a rule names
//! fields is `landing::deciding`'s; what comes of it, the core's.

use landing::{REST, deciding, last_name, name_matches};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use toml::de::DeValue;

use crate::pointer;
use crate::reader::Node;

/// A type for a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypeRule {
    /// A pointer from the record, or a pattern for the field's name where `*` stands for any text.
    pub pattern: String,
    /// Postgres's name of the type.
    pub of: String,
}

/// What a change of shape may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemaPolicy {
    /// New columns and tables come by themselves.
    Evolve,
    /// A change is a permanent failure.
    Freeze,
    /// New fields are left out, and said.
    Discard,
}

/// What a change of shape may do to the fields of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaRules {
    /// To those that no rule names.
    pub rest: SchemaPolicy,
    /// To those that one names, and to all under them, in the order of the file.
    pub fields: Vec<SchemaRule>,
}

/// What a change of shape may do to some fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaRule {
    /// A pointer from the record, or a pattern for the field's name where `*` stands for any text.
    pub pattern: String,
    /// What a change may do.
    pub of: SchemaPolicy,
}

impl SchemaPolicy {
    /// Its name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Evolve => "evolve",
            Self::Freeze => "freeze",
            Self::Discard => "discard",
        }
    }
}

impl SchemaRules {
    pub(crate) const EVOLVE: Self = Self { rest: SchemaPolicy::Evolve, fields: Vec::new() };

    /// The rule that counts for a field, where one names it.
    pub(crate) fn naming(&self, path: &str) -> Option<&SchemaRule> {
        let patterns = self.fields.iter().map(|rule| rule.pattern.as_str());
        self.fields.get(deciding(patterns, path)?)
    }
}

impl Serialize for SchemaRules {
    /// As the file has it: a word, or a table.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.fields.is_empty() {
            return self.rest.serialize(serializer);
        }
        let mut map = serializer.serialize_map(Some(self.fields.len() + 1))?;
        map.serialize_entry(REST, &self.rest)?;
        for rule in &self.fields {
            map.serialize_entry(&rule.pattern, &rule.of)?;
        }
        map.end()
    }
}

const POLICIES: [(&str, SchemaPolicy); 3] = [
    ("evolve", SchemaPolicy::Evolve),
    ("freeze", SchemaPolicy::Freeze),
    ("discard", SchemaPolicy::Discard),
];
const TYPES: [(&str, &str); 9] = [
    ("boolean", "boolean"),
    ("bigint", "bigint"),
    ("numeric", "numeric"),
    ("text", "text"),
    ("date", "date"),
    ("timestamp", "timestamp"),
    ("timestamptz", "timestamptz"),
    ("jsonb", "jsonb"),
    ("json", "json"),
];

pub(crate) fn read_types(node: &Node<'_, '_>) -> Vec<TypeRule> {
    let entries = node.map().map(|table| table.entries()).unwrap_or_default();
    let rule = |(pattern, node): (&str, Node<'_, '_>)| {
        check_pattern(pattern, &node);
        let of = node.choice(&TYPES)?.to_owned();
        Some(TypeRule { pattern: pattern.to_owned(), of })
    };
    entries.into_iter().filter_map(rule).collect()
}

/// One word for all fields, or a table with one for each.
pub(crate) fn read_schema(node: &Node<'_, '_>) -> Option<SchemaRules> {
    if !matches!(node.raw(), DeValue::Table(_)) {
        return Some(SchemaRules { rest: node.choice(&POLICIES)?, ..SchemaRules::EVOLVE });
    }
    let mut rules = SchemaRules::EVOLVE;
    for (pattern, node) in node.map()?.entries() {
        check_pattern(pattern, &node);
        match node.choice(&POLICIES) {
            Some(of) if pattern == REST => rules.rest = of,
            Some(of) => rules.fields.push(SchemaRule { pattern: pattern.to_owned(), of }),
            None => {}
        }
    }
    Some(rules)
}

fn check_pattern(pattern: &str, node: &Node<'_, '_>) {
    if pattern.is_empty() {
        node.report::<()>("an empty pattern names no field; `*` names all of them");
    } else if pattern.contains('/')
        && !pattern.contains('*')
        && let Some(fault) = pointer::fault(pattern)
    {
        node.report::<()>(format!("`{pattern}`: {fault}"));
    }
}

/// Why rules for fields can't ever count, or probably mean something else: for people to look at.
pub(crate) fn doubts(types: &[TypeRule], schema: &SchemaRules) -> Vec<String> {
    let types: Vec<_> = types.iter().map(|rule| rule.pattern.as_str()).collect();
    let fields: Vec<_> = schema.fields.iter().map(|rule| rule.pattern.as_str()).collect();
    let mut doubts = Vec::new();
    for (key, patterns) in [("types", &types), ("schema", &fields)] {
        for (place, pattern) in patterns.iter().enumerate() {
            let before = patterns.get(..place).unwrap_or_default();
            doubts.extend(misread(key, pattern).or_else(|| outdone(key, pattern, before)));
        }
    }
    doubts
}

fn misread(key: &str, pattern: &str) -> Option<String> {
    if !pattern.contains('/') || !pattern.contains('*') {
        return None;
    }
    let what = if pattern.starts_with('/') { "pointer, in which `*` is a letter" } else { "name" };
    let instead = match key {
        "schema" => "a pointer holds for all under it, so name what is around them",
        _ => "name each field by its pointer, or all of one name by a pattern without `/`",
    };
    Some(format!("`{pattern}` in `{key}` is read as one {what}; {instead}"))
}

/// Of types the first that matches counts; of the others' patterns too, and pointers before them.
fn outdone(key: &str, pattern: &str, before: &[&str]) -> Option<String> {
    let is_pointer = pattern.starts_with('/');
    if is_pointer && key == "schema" {
        return None;
    }
    let name = if is_pointer { last_name(pattern) } else { pattern.to_owned() };
    // A pattern's stars are matched by nothing but another's.
    let first =
        before.iter().find(|first| !first.starts_with('/') && name_matches(first, &name))?;
    Some(format!(
        "`{pattern}` in `{key}` never counts, for `{first}` stands before it and matches all that \
         it does; put it first"
    ))
}
