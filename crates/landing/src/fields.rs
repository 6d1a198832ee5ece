//! How a configuration names fields: by a JSON Pointer from the record, or by a pattern of names in
//! which `*` stands for any text. Which of several rules counts is decided here; what a rule does,
//! by whoever has it.

/// Every field that no other rule names.
pub const REST: &str = "*";

/// Whether `name` is of the form `pattern`, where `*` stands for any text.
pub fn name_matches(pattern: &str, name: &str) -> bool {
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

/// Whether the JSON Pointer `path` leads to what `place` points at, or to something under it.
pub fn is_at_or_under(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|tail| tail.is_empty() || tail.starts_with('/'))
}

/// Of rules that hold for what they name and all under it, the one that counts for the field at
/// `path`: the longest pointer; else the first pattern that matches its name or that of something
/// around it; else `*`, wherever it stands.
pub fn deciding<'p>(patterns: impl Iterator<Item = &'p str>, path: &str) -> Option<usize> {
    let mut names = None;
    let mut is_among = |rule| {
        let names: &Vec<String> =
            names.get_or_insert_with(|| path.split('/').skip(1).map(unescape_token).collect());
        names.iter().any(|name| name_matches(rule, name))
    };
    let (mut pointer, mut pattern, mut rest) = (None, None, None);
    for (place, rule) in patterns.enumerate() {
        if rule == REST {
            rest = rest.or(Some(place));
        } else if !rule.starts_with('/') {
            if pattern.is_none() && is_among(rule) {
                pattern = Some(place);
            }
        } else if is_at_or_under(path, rule)
            && pointer.is_none_or(|(length, _)| length < rule.len())
        {
            pointer = Some((rule.len(), place));
        }
    }
    pointer.map(|(_, place)| place).or(pattern).or(rest)
}

/// The last name in `path`, unescaped.
pub fn last_name(path: &str) -> String {
    unescape_token(path.rsplit('/').next().unwrap_or(path))
}

/// The path of what stands around the field at `path`; empty for the document's own.
pub fn parent_path(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// A token of a JSON Pointer as the name that it stands for. Source: RFC 6901, section 4.
pub fn unescape_token(token: &str) -> String {
    // Nearly every name is what it looks like.
    if token.contains('~') { token.replace("~1", "/").replace("~0", "~") } else { token.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(name_matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn the_longest_pointer_counts_then_the_first_pattern_then_the_star() {
        let rules = ["*", "tax*", "/taxes", "*Rate", "/taxes/rates/x"];
        for (path, expected) in [
            ("/other", "*"),
            ("/taxRate", "tax*"),
            ("/unitRate", "*Rate"),
            ("/unitRate/taxation", "tax*"),
            ("/taxes", "/taxes"),
            ("/taxes/unitRate", "/taxes"),
            ("/taxesToo/other", "tax*"),
            ("/taxes/rates/x/y", "/taxes/rates/x"),
            ("", "*"),
        ] {
            let found = deciding(rules.iter().copied(), path);
            assert_eq!(found.map(|place| rules[place]), Some(expected), "{path}");
        }
        assert_eq!(deciding(["/a", "b*"].into_iter(), "/c"), None);
        assert_eq!(deciding(["a/b"].into_iter(), "/a~1b"), Some(0));
    }
}
