//! The text of records that can't be kept, where it has gone by before that was known: the object
//! is read once more and the texts are cut out of it.

use std::collections::BTreeMap;

use landing::LandedObject;
use normalise::Reject;
use objects::{DecodeLimits, Lake};

use crate::LoadError;

/// Texts beyond it in sum are left where they are, in the lake: the reject says where.
const TEXT_BYTES_MAX: u64 = 8 << 20;

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

/// What is wrong with them, for people: each reason and field once, with how many records.
pub(crate) fn told(rejects: &[Reject]) -> Vec<String> {
    let mut told = BTreeMap::<_, (u64, &str)>::new();
    for reject in rejects {
        let is_name = |token: &&str| !token.bytes().all(|byte| byte.is_ascii_digit());
        let names: Vec<_> = reject.pointer.split('/').skip(1).filter(is_name).collect();
        let (count, _) = told.entry((reject.reason, names)).or_insert((0, &reject.pointer));
        *count += 1;
    }
    let line = |((reason, _), (count, first)): ((normalise::RejectReason, _), (u64, &str))| {
        let records = if count == 1 { "record" } else { "records" };
        format!("{} {first} ({count} {records} in riacho.rejects)", reason.name())
    };
    told.into_iter().map(line).collect()
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
    use normalise::RejectReason;

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
        assert_eq!(
            told(&rejects),
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
