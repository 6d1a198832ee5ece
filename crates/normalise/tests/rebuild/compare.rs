//! Whether a rebuilt value is the one that stood in the object. The exceptions are `EXCEPTIONS`,
//! each beside the code that allows for it; there are no others.

use std::collections::BTreeMap;

use normalise::ColumnType;

use super::Rebuilt;
use super::json::Json;

/// What the tables don't keep, as `docs/normalisation.md` lists it.
pub const EXCEPTIONS: [&str; 8] = [
    "white space, and the order of an object's members",
    "how a string's characters are escaped",
    "`null` against absent, and an object whose members are all null or absent against `null`: outside `jsonb` and `json`",
    "how a number is written with an exponent, and the sign of `-0`: the digits stay, trailing zeros too",
    "the zone an instant is written in, and trailing zeros of its fraction",
    "under a declared type, which of its spellings a value had: a number or boolean in quotes, `1` for `true`, a time of UTC without its zone",
    "which name a renamed field came by, and a null beside another name of it",
    "the order among values of names that no column can have (U+0000, half a surrogate pair) and that stand twice",
];

/// Says where `held` differs from what stood in the object.
pub fn difference(stood: &Json, held: &Rebuilt) -> Option<String> {
    differing(stood, held, false)
}

/// The same where types are declared.
pub fn difference_as_declared(stood: &Json, held: &Rebuilt) -> Option<String> {
    differing(stood, held, true)
}

fn differing(stood: &Json, held: &Rebuilt, declared: bool) -> Option<String> {
    let is_same = match held {
        Rebuilt::Scalar(of, cell) => {
            is_scalar(stood, *of, cell) || declared && is_read_as(stood, *of, cell)
        }
        // A `jsonb` value keeps its nulls, but of each name the last alone.
        Rebuilt::Jsonb(held) => sorted(stood) == last_wins(held),
        Rebuilt::Verbatim(held) => stood == held,
        Rebuilt::Items(held) => return items(stood, held, declared),
        Rebuilt::Map(held) => return map(stood, held, declared),
        Rebuilt::Object(held) => return members(stood, held, declared),
    };
    (!is_same).then(|| format!("stood {stood:?}, held {held:?}"))
}

fn items(stood: &Json, held: &[Rebuilt], declared: bool) -> Option<String> {
    match stood {
        Json::Array(items) if items.len() == held.len() => {
            items.iter().zip(held).find_map(|(stood, held)| differing(stood, held, declared))
        }
        _ => Some(format!("stood {stood:?}, held {held:?}")),
    }
}

/// Rows keep each member of a map, in order, names that stand twice too.
fn map(stood: &Json, held: &[(Vec<u16>, Rebuilt)], declared: bool) -> Option<String> {
    let name = |(name, _): &(Vec<u16>, Rebuilt)| name.clone();
    match stood {
        Json::Object(members)
            if members.iter().map(|(name, _)| name.clone()).eq(held.iter().map(name)) =>
        {
            let pairs = members.iter().zip(held);
            pairs.into_iter().find_map(|((_, stood), (_, held))| differing(stood, held, declared))
        }
        _ => Some(format!("stood {stood:?}, held {held:?}")),
    }
}

fn members(
    stood: &Json,
    held: &BTreeMap<Vec<u16>, Vec<Rebuilt>>,
    declared: bool,
) -> Option<String> {
    let Json::Object(all) = stood else {
        return Some(format!("stood {stood:?}, held {held:?}"));
    };
    let mut by_name = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in all {
        by_name.entry(name.clone()).or_default().push(value);
    }
    for (name, values) in &mut by_name {
        // Null and absent are one; of a name that stands twice only the last can be absent, as
        // the earlier ones are in the overflow. An object beyond a bound keeps its nulls.
        let is_missing = held.get(name).map_or(0, Vec::len) < values.len();
        if is_missing && is_column_name(name) {
            values.pop_if(|value| is_as_absent(value));
        }
    }
    by_name.retain(|_, values| !values.is_empty());
    if !by_name.keys().eq(held.keys()) {
        return Some(format!("stood {stood:?}, held {held:?}"));
    }
    by_name.iter().zip(held.values()).find_map(|((name, stood), held)| {
        if stood.len() != held.len() {
            return Some(format!("stood {stood:?}, held {held:?}"));
        }
        let mut held: Vec<_> = held.iter().collect();
        let mut stood = stood.clone();
        if !is_column_name(name) {
            stood.sort();
            held.sort_by_key(|held| match held {
                Rebuilt::Verbatim(json) => Some(json),
                _ => None,
            });
        }
        stood.iter().zip(held).find_map(|(stood, held)| differing(stood, held, declared))
    })
}

fn is_column_name(name: &[u16]) -> bool {
    !name.contains(&0) && String::from_utf16(name).is_ok()
}

/// Null; or an object that has members, all of which are as absent.
fn is_as_absent(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Object(members) => {
            // An earlier value of a name that stands twice is in the overflow, null or not.
            let mut names: Vec<_> = members.iter().map(|(name, _)| name).collect();
            names.sort();
            names.dedup();
            !members.is_empty()
                && names.len() == members.len()
                && members.iter().all(|(name, value)| is_column_name(name) && is_as_absent(value))
        }
        _ => false,
    }
}

fn is_scalar(stood: &Json, of: ColumnType, cell: &str) -> bool {
    match (of, stood) {
        (ColumnType::Boolean, Json::Bool(stood)) => stood.to_string() == cell,
        (ColumnType::Bigint | ColumnType::Numeric, Json::Number(stood)) => plain(stood) == cell,
        (ColumnType::Text | ColumnType::Date, Json::Text(stood)) => {
            *stood == cell.encode_utf16().collect::<Vec<_>>()
        }
        (ColumnType::Timestamp | ColumnType::Timestamptz, Json::Text(stood)) => {
            let stood = String::from_utf16(stood).unwrap();
            let has_zone = stood.len() > 10 && stood[10..].contains(['Z', '+', '-']);
            has_zone == (of == ColumnType::Timestamptz) && micros(&stood) == micros(cell)
        }
        _ => false,
    }
}

/// Whether a declared type reads the value in another of its spellings.
fn is_read_as(stood: &Json, of: ColumnType, cell: &str) -> bool {
    let text = |stood: &[u16]| String::from_utf16(stood).unwrap();
    let truth = |stood: &str| match stood {
        "0" | "false" => Some("false"),
        "1" | "true" => Some("true"),
        _ => None,
    };
    match (of, stood) {
        (ColumnType::Boolean, Json::Number(stood)) => truth(stood) == Some(cell),
        (ColumnType::Boolean, Json::Text(stood)) => truth(&text(stood)) == Some(cell),
        (ColumnType::Bigint | ColumnType::Numeric, Json::Text(stood)) => {
            plain(&text(stood)) == cell
        }
        (ColumnType::Text, Json::Number(stood)) => stood == cell,
        (ColumnType::Text, Json::Bool(stood)) => stood.to_string() == cell,
        (ColumnType::Timestamptz, Json::Text(stood)) => micros(&text(stood)) == micros(cell),
        _ => false,
    }
}

/// Microseconds from 2000 on, of UTC where the text has a zone.
fn micros(text: &str) -> i64 {
    let text = text.strip_suffix('Z').unwrap_or(text);
    if let Some(micros) = text.strip_suffix("us") {
        return micros.parse().unwrap();
    }
    let (time, zone) = text.split_at(10 + text[10..].find(['+', '-']).unwrap_or(text.len() - 10));
    let time: jiff::civil::DateTime = time.parse().unwrap();
    let epoch = jiff::civil::date(2000, 1, 1).at(0, 0, 0, 0);
    let local = epoch.duration_until(time).as_micros() as i64;
    let Some((hours, minutes)) = zone.split_once(':') else { return local };
    let minutes = hours[1..].parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap();
    local - if zone.starts_with('-') { -minutes } else { minutes } * 60_000_000
}

/// A number without exponent, as Postgres shows it; as it stands where that would be too long.
fn plain(literal: &str) -> String {
    const LONGEST: i64 = 200_000;
    let (minus, literal) = literal.strip_prefix('-').map_or(("", literal), |tail| ("-", tail));
    let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{whole}{fraction}");
    let is_zero = digits.bytes().all(|digit| digit == b'0');
    // Nothing times however many tens: one zero is the whole of it.
    let exponent =
        exponent.parse::<i64>().ok().map(|e| if is_zero { e.min(LONGEST - 1) } else { e });
    let Some(exponent) = exponent.filter(|e| e.abs() < LONGEST) else {
        return literal.to_owned();
    };
    let mut scale = fraction.len() as i64 - exponent;
    while scale < 0 {
        digits.push('0');
        scale += 1;
    }
    let scale = usize::try_from(scale).unwrap();
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let minus = if is_zero { "" } else { minus };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{minus}{whole}{point}{fraction}")
}

/// The value with its names in order, all of those that stand twice, and numbers plain.
fn sorted(value: &Json) -> Json {
    match value {
        Json::Number(literal) => Json::Number(plain(literal)),
        Json::Array(items) => Json::Array(items.iter().map(sorted).collect()),
        Json::Object(members) => {
            let mut members: Vec<_> =
                members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            members.sort();
            Json::Object(members)
        }
        other => other.clone(),
    }
}

/// The value as `jsonb` has it: of each name the last, in order of the names, numbers plain.
fn last_wins(value: &Json) -> Json {
    match value {
        Json::Number(literal) => Json::Number(plain(literal)),
        Json::Array(items) => Json::Array(items.iter().map(last_wins).collect()),
        Json::Object(members) => {
            let held: BTreeMap<_, _> =
                members.iter().map(|(name, value)| (name.clone(), last_wins(value))).collect();
            Json::Object(held.into_iter().collect())
        }
        other => other.clone(),
    }
}
