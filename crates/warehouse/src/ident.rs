//! Names in SQL. A name enters a statement only as an `Ident` or a `Relation`, quoted.
//!
//! Source: PostgreSQL documentation, "Identifiers and Key Words": a quote inside is doubled.

use std::fmt::{self, Write};

/// A quoted identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ident<'a>(pub(crate) &'a str);

impl fmt::Display for Ident<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quoted(f, self.0, '"')
    }
}

/// A text as a literal; standard-conforming strings know no escape but the doubled quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Literal<'a>(pub(crate) &'a str);

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quoted(f, self.0, '\'')
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str, quote: char) -> fmt::Result {
    f.write_char(quote)?;
    for (number, part) in text.split(quote).enumerate() {
        if number > 0 {
            f.write_char(quote)?;
            f.write_char(quote)?;
        }
        f.write_str(part)?;
    }
    f.write_char(quote)
}

/// A table in its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Relation<'a> {
    pub(crate) schema: &'a str,
    pub(crate) name: &'a str,
}

impl fmt::Display for Relation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", Ident(self.schema), Ident(self.name))
    }
}

/// The Postgres schema of a source.
///
/// A source whose name is Riacho's own schema, one of Postgres's, or one of another source's views
/// gets a `_` behind it, which no other source's name can end in.
pub fn schema_name(source: &str) -> String {
    let name = normalise::table_name(source);
    let is_reserved = name == "riacho"
        || name == "information_schema"
        || name.starts_with("pg_")
        || name.ends_with("_views");
    if is_reserved {
        let head = name.char_indices().take_while(|(at, c)| at + c.len_utf8() <= 62);
        head.map(|(_, c)| c).chain(['_']).collect()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_name_is_doubled() {
        let relation = Relation { schema: "p\"os", name: "a\"; drop table x; --" };
        assert_eq!(relation.to_string(), "\"p\"\"os\".\"a\"\"; drop table x; --\"");
    }

    #[test]
    fn a_source_never_lands_in_a_schema_that_is_not_its_own() {
        assert_eq!(schema_name("pos"), "pos");
        assert_eq!(schema_name("Riacho"), "riacho_");
        assert_eq!(schema_name("pg_catalog"), "pg_catalog_");
        assert_eq!(schema_name("pos-views"), "pos_views_");
    }
}
