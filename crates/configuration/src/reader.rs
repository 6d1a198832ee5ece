//! Walks a parsed TOML document, knows the place of every value, and collects what is wrong instead
//! of stopping at the first. What the keys mean is said by the modules of the things they describe.

use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};

use toml::de::{DeTable, DeValue};

use crate::parts::{self, Part};
use crate::problem::{self, Problem};
use crate::suggest;

/// What one reading shares: the text, the environment, the problems so far.
pub(crate) struct Reader<'r> {
    pub(crate) text: &'r str,
    pub(crate) lookup: &'r dyn Fn(&str) -> Option<String>,
    pub(crate) problems: RefCell<Vec<Problem>>,
}

impl Reader<'_> {
    pub(crate) fn report(&self, span: &Range<usize>, path: &str, message: String) {
        let (line, column) = problem::place(self.text, span);
        self.problems.borrow_mut().push(Problem { line, column, path: path.to_owned(), message });
    }
}

/// A value with its place.
#[derive(Clone)]
pub(crate) struct Node<'r, 't> {
    reader: &'r Reader<'r>,
    value: &'r DeValue<'t>,
    span: Range<usize>,
    pub(crate) path: String,
}

impl<'r, 't> Node<'r, 't> {
    /// Reports a problem of this value; the answer is always `None`, to be returned.
    pub(crate) fn report<T>(&self, message: impl Into<String>) -> Option<T> {
        self.reader.report(&self.span, &self.path, message.into());
        None
    }

    fn expected<T>(&self, what: &str) -> Option<T> {
        self.report(format!("expected {what}, found {}", type_for_people(self.value)))
    }

    /// The text's parts: literals, variables, references to secrets.
    pub(crate) fn parts(&self) -> Option<Vec<Part>> {
        let DeValue::String(text) = self.value else {
            return self.expected("a string");
        };
        match parts::parse(text, self.reader.lookup) {
            Ok(parts) => Some(parts),
            Err(faults) => self.report(faults.join("; ")),
        }
    }

    /// A string with its variables in place, where no secret may stand.
    pub(crate) fn string(&self) -> Option<String> {
        let parts = self.parts()?;
        match parts::plain(&parts) {
            Some(text) => Some(text),
            None => self.report(
                "a secret can't stand here; secrets are taken in auth, headers, query and body",
            ),
        }
    }

    /// A string that is not empty.
    pub(crate) fn filled_string(&self) -> Option<String> {
        let text = self.string()?;
        if text.trim().is_empty() {
            return self.report("is empty; give it a value");
        }
        Some(text)
    }

    pub(crate) fn integer(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let DeValue::Integer(integer) = self.value else {
            return self.expected("a whole number");
        };
        u64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .filter(|number| range.contains(number))
            .or_else(|| {
                self.report(format!(
                    "{integer} is out of range; give a whole number from {} to {}",
                    range.start(),
                    range.end()
                ))
            })
    }

    /// A number, whole or not.
    pub(crate) fn number(&self, range: RangeInclusive<f64>) -> Option<f64> {
        let text = match self.value {
            DeValue::Integer(integer) => integer.to_string(),
            DeValue::Float(float) => float.to_string(),
            _ => return self.expected("a number"),
        };
        text.parse().ok().filter(|number| range.contains(number)).or_else(|| {
            self.report(format!(
                "{text} is out of range; give a number from {} to {}",
                range.start(),
                range.end()
            ))
        })
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.string()?;
        let found = choices.iter().find(|(name, _)| *name == text);
        if let Some((_, choice)) = found {
            return Some(*choice);
        }
        let known = choices.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        self.report(format!("unknown value `{text}`; {}", suggest::cure(&text, &known)))
    }

    pub(crate) fn items(&self) -> Option<Vec<Node<'r, 't>>> {
        let DeValue::Array(array) = self.value else {
            return self.expected("an array");
        };
        let item = |(position, item): (usize, &'r toml::Spanned<DeValue<'t>>)| Node {
            reader: self.reader,
            value: item.get_ref(),
            span: item.span(),
            path: format!("{}[{position}]", self.path),
        };
        Some(array.iter().enumerate().map(item).collect())
    }

    /// A table whose keys are names that the file chooses.
    pub(crate) fn map(&self) -> Option<Table<'r, 't>> {
        let DeValue::Table(table) = self.value else {
            return self.expected("a table");
        };
        Some(Table { node: self.clone(), table })
    }

    /// A table of which every key is known; others are reported.
    pub(crate) fn table(&self, known: &[&str]) -> Option<Table<'r, 't>> {
        let table = self.map()?;
        table.only(known);
        Some(table)
    }

    pub(crate) fn is_integer(&self) -> bool {
        matches!(self.value, DeValue::Integer(_))
    }

    pub(crate) fn raw(&self) -> &'r DeValue<'t> {
        self.value
    }
}

/// A table with its place.
#[derive(Clone)]
pub(crate) struct Table<'r, 't> {
    pub(crate) node: Node<'r, 't>,
    table: &'r DeTable<'t>,
}

impl<'r, 't> Table<'r, 't> {
    /// The document itself.
    pub(crate) fn root(reader: &'r Reader<'r>, value: &'r DeValue<'t>) -> Option<Self> {
        Node { reader, value, span: 0..0, path: String::new() }.map()
    }

    /// Reports every key that is not known.
    pub(crate) fn only(&self, known: &[&str]) {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let message = format!("unknown key `{name}`; {}", suggest::cure(name, known));
                self.node.reader.report(&key.span(), &self.node.path, message);
            }
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Node<'r, 't>> {
        self.entries().into_iter().find_map(|(name, node)| (name == key).then_some(node))
    }

    /// The value of a key that can't be left out.
    pub(crate) fn need(&self, key: &str) -> Option<Node<'r, 't>> {
        self.get(key).or_else(|| self.node.report(format!("`{key}` is missing; add it")))
    }

    /// All entries in the order of the file.
    pub(crate) fn entries(&self) -> Vec<(&'r str, Node<'r, 't>)> {
        let entry = |(key, value): (
            &'r toml::Spanned<toml::de::DeString<'t>>,
            &'r toml::Spanned<DeValue<'t>>,
        )| {
            let name = key.get_ref().as_ref();
            let node = Node {
                reader: self.node.reader,
                value: value.get_ref(),
                // A table's own span may be its header alone; the key is where a person looks.
                span: key.span(),
                path: join(&self.node.path, name),
            };
            (name, node)
        };
        self.table.iter().map(entry).collect()
    }
}

fn join(path: &str, name: &str) -> String {
    let bare = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let name = if bare { name.to_owned() } else { format!("{name:?}") };
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

fn type_for_people(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a decimal point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
