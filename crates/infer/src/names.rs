//! What names say: evidence, never proof.

/// The words of a name: `guestCheckId` is guest, check, id.
pub(crate) fn words(name: &str) -> Vec<String> {
    let snake = normalise::snake_case(name);
    snake.split('_').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// How much a name looks like that of a key; `records` is what the records are called.
pub(crate) fn key_score(path: &[String], records: &str) -> u8 {
    let words = words(path.last().map_or("", String::as_str));
    let Some((last, stem)) = words.split_last() else {
        return 0;
    };
    let of_records = self::words(records).iter().map(|word| singular(word)).collect::<Vec<_>>();
    let is_own = stem.iter().all(|word| of_records.contains(&singular(word)));
    let score = match last.as_str() {
        "id" | "guid" | "uuid" | "oid" if stem.is_empty() => 5,
        "id" | "guid" | "uuid" | "oid" if is_own => 4,
        "id" | "guid" | "uuid" | "oid" | "key" => 3,
        "num" | "number" | "no" | "nr" | "code" | "ref" | "sku" | "sha" | "slug" => 2,
        _ => 0,
    };
    // An id inside an object is first of all that object's.
    if path.len() > 1 { score.min(1) } else { score }
}

fn singular(word: &str) -> String {
    match word.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => word.strip_suffix('s').unwrap_or(word).to_owned(),
    }
}

/// Whether a name speaks of change.
pub(crate) fn is_version(name: &str) -> bool {
    const WORDS: [&str; 9] = [
        "updated",
        "update",
        "modified",
        "modification",
        "changed",
        "change",
        "version",
        "revision",
        "rev",
    ];
    words(name).iter().any(|word| WORDS.contains(&word.as_str()))
}

/// Whether a name speaks of the answer, not of what was asked for.
pub(crate) fn is_of_the_answer(name: &str) -> bool {
    const WORDS: [&str; 18] = [
        "page", "pages", "total", "count", "next", "previous", "prev", "cursor", "more", "limit",
        "offset", "size", "status", "success", "message", "error", "token", "took",
    ];
    words(name).iter().any(|word| WORDS.contains(&word.as_str()))
}

/// Whether a name says that its values are yes or no.
pub(crate) fn is_flag(name: &str) -> bool {
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    let first = words.first().map_or("", String::as_str);
    matches!(first, "is" | "has") || matches!(last, "flag" | "enabled" | "active" | "deleted")
}

/// The last three letters, where they say UTC.
pub(crate) fn utc_suffix(name: &str) -> Option<&str> {
    let suffix = name.get(name.len().checked_sub(3)?..)?;
    let is_word = words(name).last().is_some_and(|word| word == "utc" || word == "gmt");
    is_word.then_some(suffix)
}
