//! What names a record: never null, never twice in one sample, and called like a key.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::value::RawValue;

use crate::Finding;
use crate::fields::{self, Field};
use crate::json;
use crate::names::{is_version, key_score};
use crate::profile::Node;
use crate::shape::Shape;

/// Records whose keys are remembered; what comes after them is not compared.
const REMEMBERED: usize = 200_000;
const SINGLES: usize = 24;
const OTHERS_SHOWN: usize = 3;
/// One record in so many may come again in another sample, as records that are updated do.
const AGAIN_ONE_IN: u64 = 5;
/// A name that says whose id it is, and one that says that it is an id.
const OWN: u8 = 4;
const ID: u8 = 3;

type Each<'e> = &'e dyn Fn(&mut dyn FnMut(usize, &RawValue));

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) key: Vec<String>,
    pub(crate) why: String,
    pub(crate) others: Vec<Finding>,
    /// Records that came again in another sample, and how many of them with another version.
    pub(crate) came_again: u64,
    pub(crate) version_differed: u64,
}

/// One candidate: its fields, and what was seen of their values.
struct Candidate<'f> {
    fields: Vec<&'f Field<'f>>,
    score: u8,
    seen: HashMap<u64, (usize, u64)>,
    again: u64,
    differed: u64,
    is_broken: bool,
}

/// Looks for a key of one field, then of two.
pub(crate) fn find<'n>(
    records: &'n Node,
    name: &str,
    version: Option<&Field<'n>>,
    each: Each<'_>,
) -> Keys {
    let all = fields::all(records, false);
    let mut fields = all.iter().filter(|field| is_possible(field, records)).collect::<Vec<_>>();
    fields.sort_by_key(|field| (255 - key_score(&field.path, name), field.path.len()));
    fields.truncate(SINGLES);
    let named = fields.iter().filter(|field| key_score(&field.path, name) > 0);
    let singles = named
        .map(|field| Candidate::new(vec![*field], key_score(&field.path, name)))
        .collect::<Vec<_>>();
    let mut singles = sift(singles, version, each);
    let is_good = |single: &Candidate<'_>| {
        let comes_seldom_again = single.again * AGAIN_ONE_IN <= records.seen;
        single.again == 0 || single.score >= OWN || (single.score >= ID && comes_seldom_again)
    };
    let minimum = if records.seen < 2 { ID } else { 1 };
    if let Some(place) = singles.iter().position(|one| is_good(one) && one.score >= minimum) {
        let best = singles.remove(place);
        return best.keys(records.seen, &singles);
    }
    let pairs = sift(pairs(&fields, name), version, each);
    match (pairs.iter().find(|pair| pair.again == 0), singles.first()) {
        (Some(pair), _) if records.seen > 1 => pair.keys(records.seen, &singles),
        (_, Some(single)) if records.seen > 1 => single.keys(records.seen, &[]),
        _ => Keys {
            why: format!(
                "no field or two were called like a key, never null and never twice among {} \
                 records; without a key records stand under their object",
                records.seen
            ),
            ..Keys::default()
        },
    }
}

/// Always there, and of a kind that keys have.
fn is_possible(field: &Field<'_>, records: &Node) -> bool {
    let node = field.node;
    node.scalars() == records.seen
        && node.only(|shape| !matches!(shape, Shape::Boolean | Shape::Decimal))
        && !is_version(field.name())
}

/// A name like a key's with anything else that could tell its repetitions apart.
fn pairs<'f>(fields: &[&'f Field<'f>], name: &str) -> Vec<Candidate<'f>> {
    let mut pairs = Vec::new();
    for (place, first) in fields.iter().enumerate() {
        let score = key_score(&first.path, name);
        for second in fields.iter().skip(place + 1).filter(|_| score >= 2) {
            let partner = key_score(&second.path, name).max(partner_score(second));
            if partner > 0 {
                pairs.push(Candidate::new(vec![*first, *second], score + partner));
            }
        }
    }
    pairs
}

fn partner_score(field: &Field<'_>) -> u8 {
    let is_time = field.node.only(|shape| shape.is_time() || shape == Shape::Date);
    let begins = ["open", "creat", "start", "begin", "date", "line", "seq", "pos"];
    let name = field.name().to_lowercase();
    match (is_time, begins.iter().any(|word| name.contains(word))) {
        (true, true) => 3,
        (true, false) | (false, true) => 2,
        (false, false) => 0,
    }
}

/// Drops what repeats within a sample; the best stands first.
fn sift<'f>(
    mut candidates: Vec<Candidate<'f>>,
    version: Option<&Field<'_>>,
    each: Each<'_>,
) -> Vec<Candidate<'f>> {
    each(&mut |sample, record| {
        let stamp = version.map_or(0, |version| hash(&[find_text(record, &version.path)]));
        for candidate in candidates.iter_mut().filter(|candidate| !candidate.is_broken) {
            candidate.take(sample, record, stamp);
        }
        candidates.retain(|candidate| !candidate.is_broken);
    });
    candidates.sort_by_key(|one| (255 - one.score, one.again));
    candidates
}

fn find_text<'r>(record: &'r RawValue, path: &[String]) -> &'r str {
    json::find(record, path).map_or("", RawValue::get)
}

fn hash(texts: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    hasher.finish()
}

impl<'f> Candidate<'f> {
    fn new(fields: Vec<&'f Field<'f>>, score: u8) -> Self {
        let seen = HashMap::new();
        Self { fields, score, seen, again: 0, differed: 0, is_broken: false }
    }

    fn take(&mut self, sample: usize, record: &RawValue, stamp: u64) {
        let texts = self.fields.iter().map(|field| find_text(record, &field.path));
        let key = hash(&texts.collect::<Vec<_>>());
        let has_room = self.seen.len() < REMEMBERED;
        match self.seen.get_mut(&key) {
            Some((last, _)) if *last == sample => self.is_broken = true,
            Some((last, old)) => {
                self.again += 1;
                self.differed += u64::from(*old != stamp);
                (*last, *old) = (sample, stamp);
            }
            None if has_room => {
                self.seen.insert(key, (sample, stamp));
            }
            None => {}
        }
    }

    fn pointers(&self) -> Vec<String> {
        self.fields.iter().map(|field| field.pointer()).collect()
    }

    fn why(&self, records: u64) -> String {
        let again = match self.again {
            0 => "never twice".to_owned(),
            again => format!("never twice in one sample; {again} came again in another"),
        };
        let few = if records < 10 { "; so few records prove little" } else { "" };
        format!("never null among {records} records, {again}{few}")
    }

    fn keys(&self, records: u64, others: &[Self]) -> Keys {
        let others = others
            .iter()
            .take(OTHERS_SHOWN)
            .map(|other| Finding { pointer: other.pointers().join(", "), why: other.why(records) });
        Keys {
            key: self.pointers(),
            why: self.why(records),
            others: others.collect(),
            came_again: self.again,
            version_differed: self.differed,
        }
    }
}
