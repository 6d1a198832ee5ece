//! Makes user metadata fit what S3 takes: ASCII, 2 KB in sum.
//!
//! Source: Amazon S3 User Guide, "Working with object metadata", user-defined object metadata.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// S3 counts the bytes of all names and values together.
pub const METADATA_BYTES_MAX: usize = 2048;

/// Only what no header can hold: most values are encoded already, and an address must stay the one
/// that was asked for.
const VALUE: &AsciiSet = CONTROLS;

/// Encodes what is not ASCII, and shortens the longest values until all fit: metadata is for
/// people, and a landed object matters more than its label.
pub fn fit_metadata(metadata: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut fitted = metadata
        .iter()
        .map(|(name, value)| (header_name(name), encode(value)))
        .filter(|(name, _)| !name.is_empty())
        .collect::<BTreeMap<_, _>>();
    loop {
        let excess = size(&fitted).saturating_sub(METADATA_BYTES_MAX);
        let longest = fitted.iter_mut().max_by_key(|(_, value)| value.len());
        match longest {
            Some((_, value)) if excess > 0 && !value.is_empty() => shorten(value, excess),
            // Values alone cannot make it fit: drop the last name.
            Some(_) if excess > 0 => drop(fitted.pop_last()),
            Some(_) | None => return fitted,
        }
    }
}

fn size(metadata: &BTreeMap<String, String>) -> usize {
    metadata.iter().map(|(name, value)| name.len() + value.len()).sum()
}

/// Not below half at once, so that several long values share the cut.
fn shorten(value: &mut String, excess: usize) {
    let mut end = value.len() - excess.min(value.len().div_ceil(2));
    // Never through the middle of an encoded byte.
    if let Some(start) = value.get(..end).and_then(|head| head.rfind('%'))
        && start + 3 > end
    {
        end = start;
    }
    value.truncate(end);
}

fn encode(value: &str) -> String {
    let encoded = utf8_percent_encode(value, VALUE).to_string();
    // A header's value loses the spaces around it.
    encoded.trim_matches(' ').to_owned()
}

/// S3 lower-cases names; what no header name may hold becomes a hyphen.
fn header_name(name: &str) -> String {
    name.chars()
        .map(|letter| match letter.to_ascii_lowercase() {
            letter if letter.is_ascii_alphanumeric() || letter == '-' => letter,
            _ => '-',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_is_not_ascii_is_percent_encoded() {
        let fitted = fit_metadata(&of(&[("Run Id", "São 1%\n")]));
        assert_eq!(fitted, of(&[("run-id", "S%C3%A3o 1%%0A")]));
    }

    #[test]
    fn the_longest_values_are_shortened_until_all_fit() {
        let long = "é".repeat(2000);
        let fitted = fit_metadata(&of(&[("a", &long), ("b", &long), ("sha256", "abc")]));
        assert!(size(&fitted) <= METADATA_BYTES_MAX);
        assert_eq!(fitted["sha256"], "abc");
        assert!(fitted["a"].len() > 500 && fitted["b"].len() > 500);
        assert!(fitted["a"].ends_with("%A9") || fitted["a"].ends_with("%C3"));
    }

    #[test]
    fn names_alone_that_do_not_fit_are_dropped() {
        let metadata =
            (0..200).map(|number| (format!("a-long-name-{number:04}"), "x".to_owned())).collect();
        assert!(size(&fit_metadata(&metadata)) <= METADATA_BYTES_MAX);
    }
}
