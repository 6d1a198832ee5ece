//! Which ledger a connection works with: schema `riacho`, or the one of a rebuild, which has the same
//! tables in a schema of its own. So a rebuild is a load like any other, and stands in nobody's way.
//!
//! All SQL of this crate says `riacho.`; for a rebuild's connection that word is turned into its
//! schema's name where statements meet Postgres (`work`). Within quotes it stays what it is: numbers
//! come from `nextval('riacho.objects_id_seq')` for both, so that none is given twice.

use std::borrow::Cow;

use normalise::unique_name;

use crate::ident::{Ident, schema_name};

/// Schema of the ledger and catalog that the functions work with.
pub(crate) const LIVE: &str = "riacho";
/// What all SQL here says before a table of ledger or catalog.
const QUALIFIER: &str = "riacho.";

/// A ledger with its catalog, and where their tables stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger(Option<Side>);

/// The two schemas of a rebuild.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Side {
    ledger: String,
    tables: String,
    /// Where the tables stand that are rebuilt.
    live: String,
}

impl Ledger {
    /// That of a rebuild of this source. No source's own schemas can have these names: `__` in a
    /// name only ever means nesting.
    pub fn of_rebuild(source: &str) -> Self {
        let live = schema_name(source);
        let name = |tail: &str| {
            let wanted = format!("{live}__{tail}");
            unique_name(&wanted, &wanted, |_| false)
        };
        Self(Some(Side { ledger: name("rebuild_ledger"), tables: name("rebuild"), live }))
    }

    /// Whether it is a rebuild's.
    pub fn is_of_rebuild(&self) -> bool {
        self.0.is_some()
    }

    /// The Postgres schema of ledger and catalog.
    pub(crate) fn schema(&self) -> &str {
        self.0.as_ref().map_or(LIVE, |side| &side.ledger)
    }

    /// The Postgres schema of the tables of a source that has none yet.
    pub(crate) fn namespace(&self, source: &str) -> String {
        self.0.as_ref().map_or_else(|| schema_name(source), |side| side.tables.clone())
    }

    /// The Postgres schema of the tables by whose size it is decided what may be rewritten; `own` is
    /// that of the tables themselves. What a rebuild does to its tables is to be done to the live ones.
    pub(crate) fn measured<'n>(&'n self, own: &'n str) -> &'n str {
        self.0.as_ref().map_or(own, |side| &side.live)
    }

    /// The name of an advisory lock: a rebuild's loads wait for one another alone.
    pub(crate) fn lock<'n>(&self, name: &'n str) -> Cow<'n, str> {
        match &self.0 {
            None => Cow::Borrowed(name),
            Some(side) => Cow::Owned(format!("{} {name}", side.ledger)),
        }
    }

    /// A statement that says `riacho.`, for this ledger.
    pub(crate) fn statement<'s>(&self, sql: &'s str) -> Cow<'s, str> {
        match &self.0 {
            None => Cow::Borrowed(sql),
            Some(side) => Cow::Owned(turned(sql, &side.ledger)),
        }
    }
}

/// Where in a statement the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Quotes(char),
    Comment,
}

fn turned(sql: &str, schema: &str) -> String {
    let mut out = String::with_capacity(sql.len() + 64);
    let (mut within, mut before, mut skip) = (Within::Nothing, ' ', 0);
    for (at, character) in sql.char_indices() {
        let rest = sql.get(at..).unwrap_or_default();
        let follows_word = before.is_alphanumeric() || matches!(before, '_' | '.' | '"');
        before = character;
        if skip > 0 {
            skip -= 1;
            continue;
        }
        match within {
            Within::Nothing if rest.starts_with(QUALIFIER) && !follows_word => {
                out.push_str(&format!("{}.", Ident(schema)));
                skip = QUALIFIER.len() - 1;
                continue;
            }
            Within::Nothing if rest.starts_with("--") => within = Within::Comment,
            Within::Nothing if matches!(character, '\'' | '"') => {
                within = Within::Quotes(character)
            }
            Within::Quotes(quote) if character == quote => within = Within::Nothing,
            Within::Comment if character == '\n' => within = Within::Nothing,
            Within::Nothing | Within::Quotes(_) | Within::Comment => {}
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rebuild_has_schemas_that_no_source_has() {
        let ledger = Ledger::of_rebuild("pos");
        assert_eq!(ledger.schema(), "pos__rebuild_ledger");
        assert_eq!(ledger.namespace("pos"), "pos__rebuild");
        assert_eq!(Ledger::default().namespace("pos"), "pos");
        let long = Ledger::of_rebuild(&"s".repeat(63));
        assert!(long.schema().len() <= 63 && long.schema() != long.namespace(""));
    }

    #[test]
    fn only_the_qualifier_is_turned_and_only_outside_of_quotes() {
        let ledger = Ledger::of_rebuild("pos");
        let side = "\"pos__rebuild_ledger\".";
        for (sql, turned) in [
            ("SELECT FROM riacho.objects", format!("SELECT FROM {side}objects")),
            ("(riacho.a,riacho.b)", format!("({side}a,{side}b)")),
            ("nextval('riacho.objects_id_seq')", "nextval('riacho.objects_id_seq')".to_owned()),
            ("\"riacho.x\".\"it''s\" my_riacho.t", "\"riacho.x\".\"it''s\" my_riacho.t".to_owned()),
            ("'it''s riacho.a' || riacho.b", format!("'it''s riacho.a' || {side}b")),
            ("-- don't\nSELECT riacho.c", format!("-- don't\nSELECT {side}c")),
        ] {
            assert_eq!(ledger.statement(sql), turned);
            assert_eq!(Ledger::default().statement(sql), sql);
        }
    }
}
