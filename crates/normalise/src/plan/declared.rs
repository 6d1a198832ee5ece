//! Types that the configuration declares for paths and for patterns of names.

use crate::{ColumnType, DeclaredType};

/// The declared type of the field at the absolute `path`.
pub(super) fn type_of(types: &[DeclaredType], records: &str, path: &str) -> Option<ColumnType> {
    rule_of(types, records, path).map(|declared| declared.of)
}

/// The declaration for the field at the absolute `path`; the first that matches counts.
pub(crate) fn rule_of<'a>(
    types: &'a [DeclaredType],
    records: &str,
    path: &str,
) -> Option<&'a DeclaredType> {
    let relative = path.strip_prefix(records).unwrap_or(path);
    let name = path.rsplit('/').next().unwrap_or(path).replace("~1", "/").replace("~0", "~");
    types.iter().find(|declared| {
        if declared.pattern.starts_with('/') {
            declared.pattern == relative || declared.pattern == path
        } else {
            matches(&declared.pattern, &name)
        }
    })
}

/// Whether `name` is of the form `pattern`, where `*` stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|head| name.strip_prefix(head)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    let mut rest = rest;
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(found) => rest = rest.get(found + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, expected) in [
            ("*UTC", "opnUTC", true),
            ("*UTC", "UTC", true),
            ("*UTC", "UTCLcl", false),
            ("opn*", "opnUTC", true),
            ("o*U*C", "opnUTC", true),
            ("exact", "exact", true),
            ("exact", "exactly", false),
            ("*", "", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
