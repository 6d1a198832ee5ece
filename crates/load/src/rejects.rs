//! The text of records that can't be kept, where it has gone by before that was known: the object
//! is read once more and the texts are cut out of it.

use std::collections::{BTreeMap, BTreeSet};

use landing::LandedObject;
use normalise::{Finder, FoundRecord, Reject, RejectReason, Rules};
use objects::{DecodeLimits, Lake};

use crate::LoadError;

/// Texts beyond it in sum are left where they are, in the lake: the reject says where.
const TEXT_BYTES_MAX: u64 = 8 << 20;
/// Rejects that wait for their text at most. Those beyond it are written without, and without their
/// place where that is not known: of an object that says everything twice there may be millions.
const WAITING_MAX: usize = 20_000;
/// Reasons and fields that are told one by one.
const TOLD_MAX: usize = 20;

/// Rejects that wait for their text, or for the place where it stands.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    rejects: Vec<Reject>,
    /// Of those whose place is known, the bytes in sum.
    bytes: u64,
}

impl Waiting {
    /// Takes rejects in; gives back those that are to be written as they are.
    pub(crate) fn take(&mut self, rejects: Vec<Reject>) -> Vec<Reject> {
        let mut others = Vec::new();
        for reject in rejects {
            let length = reject.bytes.as_ref().map_or(0, |bytes| bytes.end - bytes.start);
            let sum = self.bytes + length;
            if sum <= TEXT_BYTES_MAX && self.rejects.len() < WAITING_MAX {
                self.bytes = sum;
                self.rejects.push(reject);
            } else {
                others.push(reject);
            }
        }
        others
    }

    /// Gives each its place and, within the bound, its text.
    pub(crate) async fn complete(
        mut self,
        lake: &Lake,
        object: &LandedObject,
        limits: DecodeLimits,
        rules: &Rules,
    ) -> Result<Vec<Reject>, LoadError> {
        if self.rejects.is_empty() {
            return Ok(self.rejects);
        }
        let rows = self.rejects.iter().map(|reject| reject.row).collect::<BTreeSet<_>>();
        let mut finder = Finder::new(rules, rows);
        self.rejects.sort_by_key(|reject| reject.row);
        let mut body = lake.read(object).await?.decoded_within(limits);
        while let Some(chunk) = body.chunk().await? {
            finder.push(&chunk, &mut |found| self.fill(found))?;
            if finder.is_done() {
                return Ok(self.rejects);
            }
        }
        finder.finish(&mut |found| self.fill(found))?;
        Ok(self.rejects)
    }

    /// Fills in what was found. A record may have been rejected twice over.
    fn fill(&mut self, found: FoundRecord<'_>) {
        let first = self.rejects.partition_point(|reject| reject.row < found.row);
        let length = found.json.len() as u64;
        for reject in self.rejects.iter_mut().skip(first) {
            if reject.row != found.row {
                break;
            }
            if reject.bytes.is_none() {
                self.bytes += length;
                reject.bytes = Some(found.offset..found.offset + length);
                if self.bytes > TEXT_BYTES_MAX {
                    continue;
                }
            }
            reject.json = Some(String::from_utf8_lossy(found.json).into_owned());
        }
    }
}

/// What is wrong with the rejects of an object, for people: each reason and field once.
#[derive(Debug, Default)]
pub(crate) struct Told(BTreeMap<(RejectReason, Vec<String>), (u64, String)>);

impl Told {
    /// Counts the rejects of a batch. Of the pointers that differ by indices the first is told.
    pub(crate) fn count<'r>(&mut self, rejects: impl IntoIterator<Item = &'r Reject>) {
        for reject in rejects {
            let is_name = |token: &&str| !token.bytes().all(|byte| byte.is_ascii_digit());
            let names = reject.pointer.split('/').skip(1).filter(is_name).map(str::to_owned);
            let field = (reject.reason, names.collect());
            if self.0.len() < TOLD_MAX || self.0.contains_key(&field) {
                self.0.entry(field).or_insert_with(|| (0, reject.pointer.clone())).0 += 1;
            }
        }
    }

    /// One line each.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|((reason, _), (count, first))| {
            let records = if *count == 1 { "record" } else { "records" };
            format!("{} {first} ({count} {records} in riacho.rejects)", reason.name())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn reject(row: i32, bytes: Option<Range<u64>>) -> Reject {
        let (reason, pointer) = (RejectReason::KeyTwice, String::new());
        Reject { row, reason, pointer, bytes, json: None }
    }

    #[test]
    fn each_reason_and_field_is_told_once() {
        let missing = |pointer: &str| Reject {
            reason: RejectReason::RequiredMissing,
            pointer: pointer.to_owned(),
            ..reject(0, None)
        };
        let rejects = [missing("/c/1/x"), reject(0, None), missing("/c/20/x"), missing("/y")];
        let mut told = Told::default();
        rejects.iter().for_each(|reject| told.count([reject]));
        assert_eq!(
            told.lines().collect::<Vec<_>>(),
            [
                "key_twice  (1 record in riacho.rejects)",
                "required_missing /c/1/x (2 records in riacho.rejects)",
                "required_missing /y (1 record in riacho.rejects)",
            ]
        );
    }

    #[test]
    fn no_more_wait_than_the_bound_whether_their_place_is_known_or_not() {
        let mut waiting = Waiting::default();
        let rejects = |count| (0..count).map(|row| reject(row, None)).collect::<Vec<_>>();
        assert_eq!(waiting.take(rejects(20_003)).len(), 3);
        assert_eq!(waiting.take(rejects(7)).len(), 7);
        assert_eq!(waiting.rejects.len(), WAITING_MAX);
    }

    #[test]
    fn texts_beyond_the_bound_stay_in_the_lake() {
        let mut waiting = Waiting::default();
        let large = reject(0, Some(0..TEXT_BYTES_MAX));
        let beyond = reject(1, Some(TEXT_BYTES_MAX..TEXT_BYTES_MAX + 1));
        let given_back = waiting.take(vec![large.clone(), beyond.clone(), reject(2, None)]);
        assert_eq!(given_back, [beyond]);
        waiting.fill(FoundRecord { row: 2, index: None, offset: 9, json: b"{}" });
        assert_eq!(waiting.rejects, [large, reject(2, Some(9..11))]);
    }
}
