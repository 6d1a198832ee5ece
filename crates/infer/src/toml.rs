//! A proposal as the text that a person reads and completes.

use std::fmt::Write as _;

use crate::{Finding, Proposal};

const NOTES_SHOWN: usize = 40;

/// What the samples don't say themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The source.
    pub source: String,
    /// The endpoint.
    pub endpoint: String,
    /// Partitions that the samples' keys show, with values, in the order of the folders.
    pub partitions: Vec<(String, Vec<String>)>,
    /// Whether the source's part is to be written as well, so that the text stands alone.
    pub whole: bool,
}

impl Proposal {
    /// TOML with the evidence as comments.
    pub fn to_toml(&self, names: &Names) -> String {
        let mut out = String::new();
        comment(
            &mut out,
            &format!(
                "Proposed from {} samples: {} documents, {} records. Look at each line before you use it.",
                self.samples, self.documents, self.records_seen
            ),
        );
        if names.whole {
            source(&mut out, names);
        }
        let (source, endpoint) = (quote_key(&names.source), quote_key(&names.endpoint));
        let _ = writeln!(out, "\n[sources.{source}.endpoints.{endpoint}]");
        comment(
            &mut out,
            "As the API's documentation has it; {partition} is replaced in path, query and body.",
        );
        let path = format!("/{}", names.endpoint.replace(['{', '}'], "_"));
        line(&mut out, "path", &quote(&path));
        self.records_and_keys(&mut out, names);
        self.types_and_notes(&mut out);
        out
    }

    fn records_and_keys(&self, out: &mut String, names: &Names) {
        comment(out, &format!("records: {}", self.records_why));
        if let Some(records) = &self.records {
            line(out, "records", &quote(records));
        }
        let is_partition = |keep: &&Finding| {
            let name = keep.pointer.trim_start_matches('/');
            names.partitions.iter().any(|(partition, _)| partition == name)
        };
        let keep = self.keep.iter().filter(|keep| !is_partition(keep)).collect::<Vec<_>>();
        keep.iter().for_each(|keep| say(out, "keep: ", keep));
        if !keep.is_empty() {
            line(out, "keep", &list(keep.iter().map(|keep| keep.pointer.as_str())));
        }
        comment(out, &format!("key: {}", self.key_why));
        self.other_keys.iter().for_each(|other| say(out, "also possible as key: ", other));
        if !self.key.is_empty() {
            line(out, "key", &list(self.key.iter().map(String::as_str)));
        }
        if let Some(version) = &self.version {
            comment(out, &format!("version: {}", version.why));
            line(out, "version", &quote(&version.pointer));
        }
    }

    fn types_and_notes(&self, out: &mut String) {
        for of in &self.types {
            comment(out, &format!("types: {}: {}", of.pattern, of.why));
        }
        if !self.types.is_empty() {
            let pairs = self
                .types
                .iter()
                .map(|one| format!("{} = {}", quote_plain(&one.pattern), quote(&one.of)));
            line(out, "types", &format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", ")));
        }
        self.maps.iter().for_each(|map| say(out, "maps: ", map));
        if !self.maps.is_empty() {
            line(out, "maps", &list(self.maps.iter().map(|map| map.pointer.as_str())));
        }
        section(out, "Arrays", &self.arrays);
        section(out, "To look at", &self.notes);
    }
}

fn source(out: &mut String, names: &Names) {
    let source = quote_key(&names.source);
    let _ = writeln!(out, "\n[sources.{source}]");
    comment(out, "The API's address, and how it knows you: see docs/configuration.md, auth.");
    line(out, "base_url", &quote("https://api.example.com"));
    comment(out, "auth = { kind = \"bearer\", token = \"${API_TOKEN}\" }");
    if names.partitions.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n[sources.{source}.partitions]");
    for (name, values) in &names.partitions {
        let name = quote_key(name);
        if values
            .iter()
            .all(|value| crate::shape::Shape::of_text(value) == crate::shape::Shape::Date)
        {
            line(
                out,
                &name,
                "{ kind = \"date\", last = 3, timezone = \"UTC\", day_ends = \"00:00\" }",
            );
        } else {
            let values = list(values.iter().map(String::as_str));
            line(out, &name, &format!("{{ kind = \"list\", values = {values} }}"));
        }
    }
}

fn section(out: &mut String, title: &str, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    comment(out, &format!("{title}:"));
    findings.iter().take(NOTES_SHOWN).for_each(|finding| say(out, "  ", finding));
    let more = findings.len().saturating_sub(NOTES_SHOWN);
    if more > 0 {
        comment(out, &format!("  and {more} more; --json has them all"));
    }
}

fn say(out: &mut String, head: &str, finding: &Finding) {
    comment(out, &format!("{head}{}: {}", finding.pointer, finding.why));
}

fn line(out: &mut String, key: &str, value: &str) {
    let _ = writeln!(out, "{key} = {value}");
}

/// What came from samples stays in its line.
fn comment(out: &mut String, text: &str) {
    let plain = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    let _ = writeln!(out, "# {}", text.chars().map(plain).collect::<String>());
}

fn list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    format!("[{}]", texts.map(quote).collect::<Vec<_>>().join(", "))
}

/// A string's value, in which `${` must not be taken for a variable.
fn quote(text: &str) -> String {
    quote_plain(&text.replace("${", "$${"))
}

fn quote_key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.bytes().all(is_bare) { name.to_owned() } else { quote_plain(name) }
}

/// Source: TOML v1.0.0, "String".
fn quote_plain(text: &str) -> String {
    let mut out = "\"".to_owned();
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
