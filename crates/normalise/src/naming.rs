//! From names in JSON to names in Postgres.
//!
//! snake_case, `__` for nesting alone, at most 63 bytes; what is longer or collides ends in a short
//! hash of its path. Source: PostgreSQL documentation, "Identifiers and Key Words" (NAMEDATALEN).

const MAX_BYTES: usize = 63;
const HASH_CHARACTERS: usize = 8;

/// Turns a field's name into snake_case: `guestCheckId` → `guest_check_id`, `curUTC` → `cur_utc`.
///
/// Letters and digits of any script stay; every run of anything else becomes one `_`, so that `__`
/// can only mean nesting. A name of which nothing is left is `_`.
pub fn snake_case(name: &str) -> String {
    let characters = name.chars().collect::<Vec<_>>();
    let mut snake = String::with_capacity(name.len() + 4);
    for (place, &character) in characters.iter().enumerate() {
        if !character.is_alphanumeric() {
            if !snake.ends_with('_') {
                snake.push('_');
            }
            continue;
        }
        if character.is_uppercase() && starts_word(&characters, place) && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    let trimmed = snake.trim_end_matches('_');
    // A leading underscore is kept from the name, as `_id` differs from `id`.
    if trimmed.is_empty() { "_".to_owned() } else { trimmed.to_owned() }
}

/// An upper-case letter starts a word after a lower-case letter or digit, and before a lower-case
/// letter when it ends a run of capitals: `curUTC`, `HTTPServer`.
fn starts_word(characters: &[char], place: usize) -> bool {
    let Some(previous) = place.checked_sub(1).and_then(|place| characters.get(place)) else {
        return false;
    };
    let next_is_lower = characters.get(place + 1).is_some_and(|next| next.is_lowercase());
    previous.is_lowercase() || previous.is_numeric() || (previous.is_uppercase() && next_is_lower)
}

/// The table's name for an endpoint without a configured one.
pub fn table_name(endpoint: &str) -> String {
    fit(&snake_case(endpoint), endpoint)
}

/// `parent__name`.
pub(crate) fn nested(parent: &str, name: &str) -> String {
    let snake = snake_case(name);
    if parent.is_empty() { snake } else { format!("{parent}__{snake}") }
}

/// A name that fits and that `is_taken` denies: `wanted` itself, or shortened with a hash of `path`.
pub fn unique(wanted: &str, path: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut name = fit(wanted, path);
    let mut salt = 0_u32;
    while is_taken(&name) {
        name = hashed(wanted, &format!("{path}#{salt}"));
        salt += 1;
    }
    name
}

fn fit(wanted: &str, path: &str) -> String {
    if wanted.len() <= MAX_BYTES { wanted.to_owned() } else { hashed(wanted, path) }
}

fn hashed(wanted: &str, path: &str) -> String {
    let room = MAX_BYTES - HASH_CHARACTERS - 1;
    let mut head = String::with_capacity(MAX_BYTES);
    for character in wanted.chars() {
        if head.len() + character.len_utf8() > room {
            break;
        }
        head.push(character);
    }
    let hash = fnv1a(path.as_bytes());
    format!("{}_{:08x}", head.trim_end_matches('_'), (hash >> 32) ^ (hash & 0xffff_ffff))
}

/// FNV-1a, 64 bits: stable for ever, as names in the catalog depend on it.
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camel_case_becomes_snake_case() {
        for (name, snake) in [
            ("guestCheckId", "guest_check_id"),
            ("curUTC", "cur_utc"),
            ("HTTPServer", "http_server"),
            ("opnUTC2Lcl", "opn_utc2_lcl"),
            ("already_snake", "already_snake"),
            ("with  spaces--and.dots", "with_spaces_and_dots"),
            ("a__b", "a_b"),
            ("_id", "_id"),
            ("São Paulo", "são_paulo"),
            ("🎂", "_"),
            ("x🎂", "x"),
            ("\"; drop table x; --", "_drop_table_x"),
            ("2fa", "2fa"),
            ("select", "select"),
        ] {
            assert_eq!(snake_case(name), snake, "{name}");
        }
    }

    #[test]
    fn a_long_name_is_cut_at_a_character_and_ends_in_a_hash() {
        let long = "é".repeat(100);
        let name = unique(&long, "/x", |_| false);
        assert!(name.len() <= 63 && name.starts_with("éé"), "{name}");
        assert_ne!(name, unique(&long, "/y", |_| false));
    }

    #[test]
    fn a_taken_name_gets_a_hash() {
        let name = unique("name", "/Name", |taken| taken == "name");
        assert!(name.starts_with("name_") && name.len() == "name_".len() + 8, "{name}");
    }
}
