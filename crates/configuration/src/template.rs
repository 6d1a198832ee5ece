//! Texts with something to be filled in: `{busDt}` from a scope, `${secret:…}` when it is used.
//! Filling in is pure; whoever fills in fetches the secrets first.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::parts::Part;
use crate::reader::Node;

/// Where a secret's value is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretReference {
    /// The Secrets Manager name or ARN.
    pub name: String,
    /// The member of the secret's JSON; the whole secret where there is none.
    pub field: Option<String>,
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.field {
            Some(field) => write!(f, "#{field}"),
            None => Ok(()),
        }
    }
}

/// A text that is secret as a whole: a token, a password. Its literal parts are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Vec<Part>);

impl SecretText {
    pub(crate) fn read(node: &Node<'_, '_>) -> Option<Self> {
        let parts = node.parts()?;
        let empty = parts
            .iter()
            .all(|part| matches!(part, Part::Variable { value, .. } if value.is_empty()));
        if empty {
            return node.report("is empty; give it a value");
        }
        Some(Self(parts))
    }

    /// The references to be fetched before the text can be had.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretReference> {
        secrets(&self.0)
    }

    /// The text, given the secrets; the reference that was not given is the error.
    pub fn reveal(
        &self,
        secret: impl Fn(&SecretReference) -> Option<String>,
    ) -> Result<String, &SecretReference> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(value) | Part::Variable { value, .. } => text.push_str(value),
                Part::Secret(reference) => {
                    text.push_str(&secret(reference).ok_or(reference)?);
                }
                Part::Partition(_) => {}
            }
        }
        Ok(text)
    }
}

impl fmt::Display for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Literal(_) => f.write_str("***")?,
                other => other.fmt(f)?,
            }
        }
        Ok(())
    }
}

/// A text of a request, with placeholders of partitions and perhaps secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

impl Template {
    pub(crate) fn read(node: &Node<'_, '_>) -> Option<Self> {
        let mut parts = Vec::new();
        for part in node.parts()? {
            match part {
                Part::Literal(text) => match split_placeholders(&text) {
                    Ok(split) => parts.extend(split),
                    Err(fault) => return node.report(fault),
                },
                other => parts.push(other),
            }
        }
        Some(Self(parts))
    }

    /// The partitions that the text asks for.
    pub fn partitions(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Partition(name) => Some(name.as_str()),
            Part::Literal(_) | Part::Variable { .. } | Part::Secret(_) => None,
        })
    }

    /// The references to be fetched before the text can be filled in.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretReference> {
        secrets(&self.0)
    }

    /// The text with everything in its place. `partition` is also where a value is encoded for the
    /// place that the text goes to. What is not given stays empty: a configuration that was checked
    /// names no unknown partition.
    pub fn fill(
        &self,
        partition: impl Fn(&str) -> String,
        secret: impl Fn(&SecretReference) -> String,
    ) -> String {
        self.written(|part| match part {
            Part::Literal(value) | Part::Variable { value, .. } => value.clone(),
            Part::Secret(reference) => secret(reference),
            Part::Partition(name) => partition(name),
        })
    }

    /// The text as it may be shown and kept: variables and secrets stand as `***`.
    pub fn fill_shown(&self, partition: impl Fn(&str) -> String) -> String {
        self.written(|part| match part {
            Part::Literal(value) => value.clone(),
            Part::Variable { .. } | Part::Secret(_) => "***".to_owned(),
            Part::Partition(name) => partition(name),
        })
    }

    fn written(&self, text_of: impl Fn(&Part) -> String) -> String {
        self.0.iter().map(text_of).collect()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| part.fmt(f))
    }
}

fn secrets(parts: &[Part]) -> impl Iterator<Item = &SecretReference> {
    parts.iter().filter_map(|part| match part {
        Part::Secret(reference) => Some(reference),
        Part::Literal(_) | Part::Variable { .. } | Part::Partition(_) => None,
    })
}

/// Splits at `{name}`; `{{` and `}}` stand for single braces.
fn split_placeholders(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        literal.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            literal.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            literal.push('}');
            rest = after;
        } else {
            let (name, after) = from
                .strip_prefix('{')
                .and_then(|inside| inside.split_once('}'))
                .filter(|(name, _)| !name.is_empty() && !name.contains('{'))
                .ok_or("a lone brace; `{name}` names a partition, `{{` and `}}` are braces")?;
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(Part::Partition(name.to_owned()));
            rest = after;
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_doubled_braces_are_text() {
        let template = Template(split_placeholders("/stores/{storeId}/{{x}}/{busDt}").unwrap());
        assert_eq!(template.partitions().collect::<Vec<_>>(), ["storeId", "busDt"]);
        let filled = template.fill(|name| format!("<{name}>"), |_| String::new());
        assert_eq!(filled, "/stores/<storeId>/{x}/<busDt>");
    }

    #[test]
    fn a_lone_brace_is_a_fault() {
        for text in ["{", "}", "a{}b", "{a{b}}", "x}y"] {
            assert!(split_placeholders(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let variable = Part::Variable { name: "TOKEN".to_owned(), value: "hunter2".to_owned() };
        let text = SecretText(vec![Part::Literal("abc".to_owned()), variable.clone()]);
        assert_eq!(format!("{text:?}"), "\"***${TOKEN}\"");
        assert_eq!(text.reveal(|_| None).unwrap(), "abchunter2");
        let template = Template(vec![variable]);
        assert_eq!(template.fill_shown(|_| String::new()), "***");
        assert_eq!(format!("{template}"), "${TOKEN}");
    }
}
