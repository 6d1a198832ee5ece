//! Types that the configuration declares for paths and for patterns of names.

use landing::{last_name, name_matches};

use super::contracts::{place, relative};
use crate::{ColumnType, DeclaredType, Renames, Rules, Schema};

/// The declared types of one endpoint.
#[derive(Debug)]
pub(super) struct Types {
    records: String,
    types: Vec<Declared>,
}

#[derive(Debug)]
struct Declared {
    declared: DeclaredType,
    /// Its pattern; a pointer under its oldest name.
    place: String,
}

/// The declaration of `rules` that counts for the field at the absolute `path`.
pub(crate) fn declaration<'r>(rules: &'r Rules, path: &str) -> Option<&'r DeclaredType> {
    let place = Types::new(rules, &Renames::of(rules, &Schema::default())).find(path)?;
    rules.types.get(place)
}

impl Types {
    pub(super) fn new(rules: &Rules, renames: &Renames) -> Self {
        let records = rules.records.to_string();
        let declared = rules.types.iter().map(|declared| Declared {
            place: place(renames, &records, &declared.pattern),
            declared: declared.clone(),
        });
        Self { types: declared.collect(), records }
    }

    /// The declared type of the field at the absolute `path`.
    pub(super) fn type_of(&self, path: &str) -> Option<ColumnType> {
        Some(self.types.get(self.find(path)?)?.declared.of)
    }

    /// The declaration as the configuration has it.
    pub(super) fn rule_text(&self, path: &str) -> Option<String> {
        let DeclaredType { pattern, of } = &self.types.get(self.find(path)?)?.declared;
        Some(format!("types = {{ {pattern:?} = \"{of}\" }}"))
    }

    /// The first that matches counts.
    fn find(&self, path: &str) -> Option<usize> {
        let name = last_name(path);
        self.types.iter().position(|Declared { place, .. }| {
            if place.starts_with('/') {
                place == relative(&self.records, path) || place == path
            } else {
                name_matches(place, &name)
            }
        })
    }
}
