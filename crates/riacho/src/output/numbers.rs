//! Numbers as people read them.

use std::time::Duration;

/// `12,345`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 object`, `2 objects`: `things` is the plural, which loses its `s`.
pub(crate) fn plural(number: u64, things: &str) -> String {
    match number {
        1 => format!("1 {}", things.strip_suffix('s').unwrap_or(things)),
        _ => format!("{} {things}", count(number)),
    }
}

/// `512 B`, `4.2 kB`, `1.3 MB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if number < 1_000 {
        return format!("{number} B");
    }
    let mut size = number as f64;
    let mut unit = "B";
    for next in UNITS {
        if size < 999.95 {
            break;
        }
        size /= 1_000.0;
        unit = next;
    }
    format!("{size:.1} {unit}")
}

/// `1.2 s`, `340 ms`.
pub(crate) fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        return format!("{} ms", time.as_millis());
    }
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(1_234_567), "1,234,567");
    }

    #[test]
    fn one_thing_is_singular() {
        assert_eq!(plural(1, "objects"), "1 object");
        assert_eq!(plural(0, "objects"), "0 objects");
    }

    #[test]
    fn sizes_keep_one_decimal() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_000), "1.0 kB");
        assert_eq!(bytes(999_999), "1.0 MB");
        assert_eq!(bytes(4_200_000_000), "4.2 GB");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(seconds(Duration::from_millis(340)), "340 ms");
        assert_eq!(seconds(Duration::from_millis(1_240)), "1.2 s");
    }
}
