//! The parts of a text: what stands literally, `${NAME}` from the environment, `${secret:name#field}`
//! as a reference. Placeholders of partitions are `template`'s.

use std::fmt;

use crate::template::SecretReference;

/// One part of a text.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// As it stands.
    Literal(String),
    /// An environment variable's value; shown by its name only, for it may be a password.
    Variable {
        /// The variable.
        name: String,
        /// What it held.
        value: String,
    },
    /// A value that is fetched when it is used.
    Secret(SecretReference),
    /// The value of a partition, by its name.
    Partition(String),
}

impl fmt::Display for Part {
    /// Writes the part as the file does, never its value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(text),
            Self::Variable { name, .. } => write!(f, "${{{name}}}"),
            Self::Secret(reference) => write!(f, "${{secret:{reference}}}"),
            Self::Partition(name) => write!(f, "{{{name}}}"),
        }
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Splits a text at its `${…}`; `$${` stands for `${`.
pub(crate) fn parse(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Part>, Vec<String>> {
    let mut parts = Vec::new();
    let mut faults = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(escaped) = before.strip_suffix('$') {
            literal.push_str(escaped);
            literal.push_str("${");
            rest = after;
            continue;
        }
        literal.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            faults.push("`${` without its `}`; close it, or write `$${` for the text".to_owned());
            rest = "";
            break;
        };
        flush(&mut parts, &mut literal);
        match reference(name, lookup) {
            Ok(part) => parts.push(part),
            Err(fault) => faults.push(fault),
        }
        rest = after;
    }
    literal.push_str(rest);
    flush(&mut parts, &mut literal);
    if faults.is_empty() { Ok(parts) } else { Err(faults) }
}

/// The text, if no part of it is still to be fetched.
pub(crate) fn plain(parts: &[Part]) -> Option<String> {
    parts
        .iter()
        .map(|part| match part {
            Part::Literal(text) => Some(text.as_str()),
            Part::Variable { value, .. } => Some(value.as_str()),
            Part::Secret(_) | Part::Partition(_) => None,
        })
        .collect()
}

fn flush(parts: &mut Vec<Part>, literal: &mut String) {
    if !literal.is_empty() {
        parts.push(Part::Literal(std::mem::take(literal)));
    }
}

fn reference(name: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Part, String> {
    if let Some(secret) = name.strip_prefix("secret:") {
        let (secret, field) = match secret.split_once('#') {
            Some((secret, field)) => (secret, Some(field.to_owned())),
            None => (secret, None),
        };
        if secret.is_empty() || field.as_ref().is_some_and(String::is_empty) {
            return Err(format!(
                "`${{{name}}}` is incomplete; write `${{secret:name}}` or `${{secret:name#field}}`"
            ));
        }
        return Ok(Part::Secret(SecretReference { name: secret.to_owned(), field }));
    }
    match lookup(name) {
        Some(value) => Ok(Part::Variable { name: name.to_owned(), value }),
        None => Err(format!(
            "the environment variable `{name}` is not set; set it, or write the value here"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        (name == "HOST").then(|| "api.example".to_owned())
    }

    #[test]
    fn variables_are_taken_and_secrets_stay_references() {
        let parts = parse("https://${HOST}/v1?k=${secret:pos#key}", &environment).unwrap();
        assert_eq!(plain(&parts), None);
        let shown = parts.iter().map(Part::to_string).collect::<String>();
        assert_eq!(shown, "https://${HOST}/v1?k=${secret:pos#key}");
        assert_eq!(
            plain(&parse("https://${HOST}", &environment).unwrap()).as_deref(),
            Some("https://api.example")
        );
    }

    #[test]
    fn a_doubled_dollar_is_text() {
        let parts = parse("a$${HOST}b", &environment).unwrap();
        assert_eq!(plain(&parts).as_deref(), Some("a${HOST}b"));
    }

    #[test]
    fn every_missing_variable_is_named() {
        let faults = parse("${A}${B}", &environment).unwrap_err();
        assert_eq!(faults.len(), 2);
        assert!(faults[0].contains("`A` is not set"));
        assert!(parse("${HOST", &environment).is_err());
        assert!(parse("${secret:#x}", &environment).is_err());
    }
}
