//! What the configuration allows to change, field by field: which rule counts for a path, and what
//! it says. The columns themselves are `homes`' and `plan`'s.

use landing::{deciding, is_at_or_under};

use super::NoHome;
use crate::{Contract, Origin, Renames, Rules, Schema};

/// The rule that counts for a field, found once for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// What comes with something that is allowed; and what names a record, which is never left out,
    /// as without its key it would stand twice.
    Part,
    /// No rule names the field.
    Rest,
    /// The rule of that number.
    Rule(usize),
}

/// The contracts of one endpoint.
#[derive(Debug)]
pub(super) struct Contracts {
    rest: Contract,
    rules: Vec<Rule>,
    records: String,
    keys: Vec<String>,
    /// Whether the endpoint had tables before this object.
    stood: bool,
}

#[derive(Debug)]
struct Rule {
    /// As it is configured.
    pattern: String,
    /// A pointer under its oldest name.
    place: String,
    of: Contract,
    /// Whether what it points at had a column or table before this object.
    stood: bool,
}

impl Contracts {
    pub(super) fn new(rules: &Rules, renames: &Renames, schema: &Schema) -> Self {
        let records = rules.records.to_string();
        let standing = || {
            let columns = schema.tables.iter().flat_map(|table| &table.columns);
            let columns = columns.filter(|c| !matches!(c.origin, Origin::Key | Origin::Overflow));
            let tables = schema.tables.iter().map(|table| table.path.as_str());
            tables.chain(columns.map(|column| column.path.as_str()))
        };
        let rule = |declared: &crate::DeclaredContract| {
            let place = place(renames, &records, &declared.pattern);
            Rule {
                stood: standing().any(|path| is_at_or_under(relative(&records, path), &place)),
                pattern: declared.pattern.clone(),
                place,
                of: declared.of,
            }
        };
        Self {
            rest: rules.contract,
            rules: rules.contracts.iter().map(rule).collect(),
            keys: rules.key.iter().map(|key| renames.oldest(&format!("{records}{key}"))).collect(),
            stood: !schema.tables.is_empty(),
            records,
        }
    }

    /// The rule that counts for the field at the absolute `path`.
    pub(super) fn ruling(&self, path: &str) -> Ruling {
        let patterns = self.rules.iter().map(|rule| rule.place.as_str());
        let found = deciding(patterns, relative(&self.records, path));
        let ruling = found.map_or(Ruling::Rest, Ruling::Rule);
        let is_key = self.keys.iter().any(|key| key == path);
        if is_key && self.contract(ruling).0 == Contract::Discard { Ruling::Part } else { ruling }
    }

    /// What the rule says, and whether it has begun: a contract is about changes.
    ///
    /// What an endpoint without tables brings first is none; nor is the first shape of a field that
    /// its pointer names, whenever it comes. A field that is named to be left out is so from the
    /// first object on.
    fn contract(&self, ruling: Ruling) -> (Contract, bool) {
        match ruling {
            Ruling::Part => (Contract::Evolve, false),
            Ruling::Rest => (self.rest, self.stood),
            Ruling::Rule(rule) => match self.rules.get(rule) {
                None => (self.rest, self.stood),
                Some(rule) if rule.of == Contract::Discard => (rule.of, true),
                Some(rule) if rule.place.starts_with('/') => (rule.of, rule.stood),
                Some(rule) => (rule.of, self.stood),
            },
        }
    }

    /// Whether the field is not one that is named to be left out. That goes before its bounds, for
    /// what stands elsewhere because of a bound is no change.
    pub(super) fn leaves_in(&self, ruling: Ruling) -> Result<(), NoHome> {
        match ruling {
            Ruling::Rule(_) if self.contract(ruling).0 == Contract::Discard => {
                Err(NoHome::Discarded)
            }
            _ => Ok(()),
        }
    }

    /// Whether the field may have what it has not yet.
    pub(super) fn may_change(&self, ruling: Ruling) -> Result<(), NoHome> {
        match self.contract(ruling) {
            (Contract::Freeze, true) => Err(NoHome::Frozen),
            (Contract::Discard, true) => Err(NoHome::Discarded),
            (Contract::Evolve | Contract::Freeze | Contract::Discard, _) => Ok(()),
        }
    }

    /// The rule as the configuration has it.
    pub(super) fn rule_text(&self, ruling: Ruling) -> String {
        let rule = match ruling {
            Ruling::Rule(rule) => self.rules.get(rule),
            Ruling::Part | Ruling::Rest => None,
        };
        match rule {
            Some(rule) => format!("schema = {{ {:?} = \"{}\" }}", rule.pattern, rule.of.name()),
            None if self.rules.is_empty() => format!("schema = \"{}\"", self.rest.name()),
            None => format!("schema = {{ \"*\" = \"{}\" }}", self.rest.name()),
        }
    }

    /// What to write in the configuration to let the field in: the rules that stand, and one more.
    pub(super) fn admitting(&self, path: &str) -> String {
        let field = relative(&self.records, path);
        let standing = match self.rules.is_empty() {
            true => format!("\"*\" = \"{}\"", self.rest.name()),
            false => "…".to_owned(),
        };
        format!("schema = {{ {standing}, {field:?} = \"evolve\" }}")
    }
}

/// A path as rules name it: from the record, or from the document where it is not of the records.
pub(super) fn relative<'p>(records: &str, path: &'p str) -> &'p str {
    if is_at_or_under(path, records) { path.get(records.len()..).unwrap_or(path) } else { path }
}

/// What a rule names: a pattern as it is; a pointer, from the record, by the oldest name, as columns
/// keep the path that they were made for.
pub(super) fn place(renames: &Renames, records: &str, pattern: &str) -> String {
    if !pattern.starts_with('/') {
        return pattern.to_owned();
    }
    relative(records, &renames.oldest(&format!("{records}{pattern}"))).to_owned()
}
