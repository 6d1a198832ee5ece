//! The text of records that can't be kept, where it has gone by before that was known: the object
//! is read once more and the texts are cut out of it.

use std::collections::BTreeMap;

use landing::LandedObject;
use normalise::{Reject, RejectReason};
use objects::{DecodeLimits, Lake};

use crate::LoadError;

/// Texts beyond it in sum are left where they are, in the lake: the reject says where.
const TEXT_BYTES_MAX: u64 = 8 << 20;
/// Reasons and fields that are told one by one.
const TOLD_MAX: usize = 20;

/// Gives each reject its text.
pub(crate) async fn complete(
    lake: &Lake,
    object: &LandedObject,
    limits: DecodeLimits,
    rejects: &mut [Reject],
) -> Result<(), LoadError> {
    let mut wanted = wanted(rejects);
    if wanted.is_empty() {
        return Ok(());
    }
    let mut body = lake.read(object).await?.decoded_within(limits);
    let mut offset = 0;
    while let Some(chunk) = body.chunk().await? {
        for cut in &mut wanted {
            cut.take(offset, &chunk);
        }
        offset += chunk.len() as u64;
        wanted = settle(wanted, offset, rejects);
        if wanted.is_empty() {
            break;
        }
    }
    Ok(())
}

/// What is wrong with the rejects of an object, for people: each reason and field once.
#[derive(Debug, Default)]
pub(crate) struct Told(BTreeMap<(RejectReason, Vec<String>), (u64, String)>);

impl Told {
    /// Counts the rejects of a batch. Of the pointers that differ by indices the first is told.
    pub(crate) fn count(&mut self, rejects: &[Reject]) {
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

/// A byte range of the object on its way into a reject.
#[derive(Debug)]
struct Cut {
    reject: usize,
    start: u64,
    end: u64,
    text: Vec<u8>,
}

impl Cut {
    /// Takes what of its range lies in a chunk that starts at `offset`.
    fn take(&mut self, offset: u64, chunk: &[u8]) {
        let within = |place: u64| {
            let place = place.saturating_sub(offset).min(chunk.len() as u64);
            usize::try_from(place).unwrap_or(chunk.len())
        };
        if let Some(part) = chunk.get(within(self.start)..within(self.end)) {
            self.text.extend_from_slice(part);
        }
    }
}

fn wanted(rejects: &[Reject]) -> Vec<Cut> {
    let mut bytes = 0;
    let mut cuts = Vec::new();
    for (place, reject) in rejects.iter().enumerate() {
        if reject.json.is_some() {
            continue;
        }
        bytes += reject.length;
        if bytes > TEXT_BYTES_MAX {
            break;
        }
        cuts.push(Cut {
            reject: place,
            start: reject.offset,
            end: reject.offset + reject.length,
            text: Vec::new(),
        });
    }
    cuts
}

/// Moves what is complete into its reject; gives back the rest.
fn settle(cuts: Vec<Cut>, read_until: u64, rejects: &mut [Reject]) -> Vec<Cut> {
    let (complete, open): (Vec<_>, Vec<_>) =
        cuts.into_iter().partition(|cut| cut.end <= read_until);
    for cut in complete {
        if let Some(reject) = rejects.get_mut(cut.reject) {
            reject.json = Some(String::from_utf8_lossy(&cut.text).into_owned());
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reject(offset: u64, length: u64) -> Reject {
        Reject {
            row: 0,
            reason: RejectReason::KeyTwice,
            pointer: String::new(),
            offset,
            length,
            json: None,
        }
    }

    #[test]
    fn texts_are_cut_across_chunks() {
        let mut rejects = vec![reject(2, 3), reject(4, 5)];
        let mut cuts = wanted(&rejects);
        for (offset, chunk) in [(0, "0123"), (4, "45"), (6, "6789")] {
            for cut in &mut cuts {
                cut.take(offset, chunk.as_bytes());
            }
            cuts = settle(cuts, offset + chunk.len() as u64, &mut rejects);
        }
        assert!(cuts.is_empty());
        assert_eq!(rejects[0].json.as_deref(), Some("234"));
        assert_eq!(rejects[1].json.as_deref(), Some("45678"));
    }

    #[test]
    fn each_reason_and_field_is_told_once() {
        let missing = |pointer: &str| Reject {
            reason: RejectReason::RequiredMissing,
            pointer: pointer.to_owned(),
            ..reject(0, 1)
        };
        let rejects = [missing("/c/1/x"), reject(0, 1), missing("/c/20/x"), missing("/y")];
        let mut told = Told::default();
        rejects.iter().for_each(|reject| told.count(std::slice::from_ref(reject)));
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
    fn texts_beyond_the_bound_stay_in_the_lake() {
        let rejects = vec![reject(0, TEXT_BYTES_MAX), reject(TEXT_BYTES_MAX, 1)];
        assert_eq!(wanted(&rejects).len(), 1);
    }
}
