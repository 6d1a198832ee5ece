//! What an object says once its renamed fields bear the names that they had before: the tables know
//! no others. Written from the rule, not from the code under test; only the oldest name is asked of
//! the library, and told by examples there.

use std::collections::BTreeMap;

use normalise::{Renames, is_map_key};

use super::json::Json;

/// Of the names of one field in an object the newest that is not null counts and takes the oldest
/// name; another that is not null keeps its own, and comes first, as the overflow does.
pub fn under_old_names(record: Json, renames: &Renames) -> Json {
    match record {
        Json::Object(members) => object(members, "", renames),
        other => other,
    }
}

fn inside(value: Json, path: &str, renames: &Renames) -> Json {
    match value {
        Json::Object(members) if is_map(&members) => map(members, path, renames),
        Json::Object(members) => object(members, path, renames),
        Json::Array(items) if items.iter().any(|item| matches!(item, Json::Object(_))) => {
            let items = items.into_iter().map(|item| match item {
                Json::Object(members) => object(members, path, renames),
                other => other,
            });
            Json::Array(items.collect())
        }
        other => other,
    }
}

/// The names of a map are on no path. One without objects is a value as it stands, and so is a map
/// directly inside a map.
fn map(members: Vec<(Vec<u16>, Json)>, path: &str, renames: &Renames) -> Json {
    let members = members.into_iter().map(|(name, value)| match value {
        Json::Object(members) if !is_map(&members) => (name, object(members, path, renames)),
        other => (name, other),
    });
    Json::Object(members.collect())
}

fn is_map(members: &[(Vec<u16>, Json)]) -> bool {
    let is_key = |name: &[u16]| String::from_utf16(name).is_ok_and(|name| is_map_key(&name));
    !members.is_empty() && members.iter().all(|(name, _)| is_key(name))
}

fn object(members: Vec<(Vec<u16>, Json)>, path: &str, renames: &Renames) -> Json {
    let mut fields = BTreeMap::<Vec<u16>, Vec<(usize, Vec<u16>, Json)>>::new();
    for (at, (name, value)) in members.into_iter().enumerate() {
        fields.entry(field(&name, path, renames)).or_default().push((at, name, value));
    }
    let mut renamed = Vec::new();
    for (field, mut named) in fields {
        let inner = token(&field).map(|token| format!("{path}/{token}"));
        let (at, name, value) = named.remove(counts(&named, path, renames));
        let last = named.last().map_or(at, |(other, ..)| at.max(*other));
        if inner.as_ref().is_some_and(|inner| renames.names(inner).len() > 1) {
            named.retain(|(_, _, value)| *value != Json::Null);
        }
        renamed.extend(named);
        match inner {
            Some(inner) => renamed.push((last, field, inside(value, &inner, renames))),
            None => renamed.push((at, name, value)),
        }
    }
    renamed.sort_by_key(|(at, ..)| *at);
    Json::Object(renamed.into_iter().map(|(_, name, value)| (name, value)).collect())
}

/// Of each name the last value; of these the newest name's that is not null.
fn counts(named: &[(usize, Vec<u16>, Json)], path: &str, renames: &Renames) -> usize {
    let age = |name: &[u16]| token(name).map_or(0, |token| renames.age(&format!("{path}/{token}")));
    let lasts = named.iter().enumerate().filter(|(at, (_, name, _))| {
        named.iter().rposition(|(_, other, _)| other == name) == Some(*at)
    });
    let best = lasts.max_by_key(|(at, (_, name, value))| (*value != Json::Null, age(name), *at));
    best.unwrap().0
}

fn token(name: &[u16]) -> Option<String> {
    let name = String::from_utf16(name).ok().filter(|name| !name.contains('\0'))?;
    Some(name.replace('~', "~0").replace('/', "~1"))
}

fn field(name: &[u16], path: &str, renames: &Renames) -> Vec<u16> {
    let Some(token) = token(name) else { return name.to_vec() };
    let oldest = renames.oldest(&format!("{path}/{token}"));
    let last = oldest.rsplit('/').next().unwrap().replace("~1", "/").replace("~0", "~");
    last.encode_utf16().collect()
}
