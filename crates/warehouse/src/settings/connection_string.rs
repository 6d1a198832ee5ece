//! Cuts a connection string into its settings. libpq knows two forms, a URL and `name=value` pairs;
//! what `tokio-postgres` would refuse (`verify-full`, `sslrootcert`) must be taken out of both.
//!
//! Source: PostgreSQL documentation, "Connection Strings".

/// A setting's name and value, decoded.
pub(super) type Setting = (String, String);

/// The settings of `text` that are not libpq's TLS settings, as a connection string, and those that
/// are, by name.
pub(super) fn split(text: &str, taken: &[&str]) -> (String, Vec<Setting>) {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        split_url(text, taken)
    } else {
        split_pairs(text, taken)
    }
}

fn split_url(url: &str, taken: &[&str]) -> (String, Vec<Setting>) {
    let Some((head, query)) = url.split_once('?') else {
        return (url.to_owned(), Vec::new());
    };
    let mut found = Vec::new();
    let mut left = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if taken.contains(&name) {
            found.push((name.to_owned(), percent_decode(value)));
        } else {
            left.push(pair);
        }
    }
    let tail = if left.is_empty() { String::new() } else { format!("?{}", left.join("&")) };
    (format!("{head}{tail}"), found)
}

fn split_pairs(text: &str, taken: &[&str]) -> (String, Vec<Setting>) {
    let mut found = Vec::new();
    let mut left = Vec::new();
    for (name, value) in pairs(text) {
        if taken.contains(&name.as_str()) {
            found.push((name, value));
        } else {
            let quoted = value.replace('\\', "\\\\").replace('\'', "\\'");
            left.push(format!("{name}='{quoted}'"));
        }
    }
    (left.join(" "), found)
}

/// `name = value` pairs; a value may stand in single quotes, and a backslash escapes one character.
fn pairs(text: &str) -> Vec<Setting> {
    let mut pairs = Vec::new();
    let mut characters = text.chars().peekable();
    loop {
        while characters.next_if(|c| c.is_whitespace()).is_some() {}
        let mut name = String::new();
        while let Some(c) = characters.next_if(|c| *c != '=') {
            name.push(c);
        }
        if characters.next().is_none() {
            return pairs;
        }
        while characters.next_if(|c| c.is_whitespace()).is_some() {}
        let quoted = characters.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        while let Some(c) = characters.next() {
            match c {
                '\'' if quoted => break,
                '\\' => value.extend(characters.next()),
                c if c.is_whitespace() && !quoted => break,
                c => value.push(c),
            }
        }
        pairs.push((name.trim_end().to_owned(), value));
    }
}

/// A percent sign that no two hexadecimal digits follow stands for itself.
fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAKEN: &[&str] = &["sslmode", "sslrootcert"];

    fn found(settings: &[(&str, &str)]) -> Vec<Setting> {
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn tls_settings_are_taken_out_of_a_url() {
        let (left, tls) = split(
            "postgres://u:p%40@h:1/d?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fa%20b.pem",
            TAKEN,
        );
        assert_eq!(left, "postgres://u:p%40@h:1/d?connect_timeout=3");
        assert_eq!(tls, found(&[("sslmode", "verify-full"), ("sslrootcert", "/a b.pem")]));
    }

    #[test]
    fn a_url_of_tls_settings_alone_loses_its_question_mark() {
        let (left, _) = split("postgresql://h/d?sslmode=require", TAKEN);
        assert_eq!(left, "postgresql://h/d");
    }

    #[test]
    fn tls_settings_are_taken_out_of_pairs() {
        let (left, tls) = split(
            "host=h password = 'it\\'s = here' sslrootcert='/a b.pem' sslmode=disable",
            TAKEN,
        );
        assert_eq!(left, "host='h' password='it\\'s = here'");
        assert_eq!(tls, found(&[("sslrootcert", "/a b.pem"), ("sslmode", "disable")]));
    }
}
