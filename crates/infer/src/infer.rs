//! The order of the work: count every place, find the records, then ask what names them.

use serde_json::value::RawValue;

use crate::around::{self, Place};
use crate::json::{Value, documents, find, open};
use crate::profile::Node;
use crate::{Proposal, keys, notes, types, version};

/// One file or object, decompressed.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// What errors call it.
    pub name: &'a str,
    /// JSON texts one after another.
    pub json: &'a [u8],
}

/// Why nothing can be proposed.
#[derive(Debug, thiserror::Error)]
pub enum InferError {
    /// Not JSON to its end.
    #[error("{sample} is no JSON: {source}; leave it out, or mend it")]
    NotJson {
        /// Which sample.
        sample: String,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// Not one JSON text.
    #[error("{sample} holds no JSON, only white space; leave it out")]
    Empty {
        /// Which sample.
        sample: String,
    },
    /// No sample.
    #[error("there are no samples; name files, or a prefix under which objects stand")]
    NoSamples,
}

impl InferError {
    /// The sample that can't be used, where it is one.
    pub fn sample(&self) -> Option<&str> {
        match self {
            Self::NotJson { sample, .. } | Self::Empty { sample } => Some(sample),
            Self::NoSamples => None,
        }
    }
}

/// The samples, counted.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// Documents; of a top-level array each item is one, as it is a record.
    pub(crate) root: Node,
    pub(crate) samples: u64,
    pub(crate) documents: u64,
    pub(crate) top_arrays: u64,
    /// Whether a sample holds several texts.
    pub(crate) has_many: bool,
}

/// Proposes a configuration of the endpoint that answered with `samples`.
pub fn infer(samples: &[Sample<'_>]) -> Result<Proposal, InferError> {
    let counted = count(samples)?;
    let place = around::choose(&counted);
    let records = place.node(&counted.root);
    let mut proposal = Proposal {
        samples: counted.samples,
        documents: counted.documents,
        records_seen: records.map_or(0, |node| node.seen),
        records: place.pointer(),
        records_why: place.why.clone(),
        keep: around::keep(&counted, &place),
        ..Proposal::default()
    };
    let Some(records) = records else {
        "there are no records to find one in".clone_into(&mut proposal.key_why);
        return Ok(proposal);
    };
    let each = |visit: &mut dyn FnMut(usize, &RawValue)| visit_records(samples, &place, visit);
    let versions = version::candidates(records);
    let keys = keys::find(records, place.name(), versions.first(), &each);
    proposal.version = versions
        .first()
        .filter(|_| !keys.key.is_empty())
        .map(|field| version::finding(field, keys.came_again, keys.version_differed));
    (proposal.key, proposal.key_why, proposal.other_keys) = (keys.key, keys.why, keys.others);
    proposal.types = types::find(records);
    proposal.maps = notes::maps(records);
    proposal.arrays = notes::arrays(records);
    proposal.notes = notes::find(records, &counted, &place);
    Ok(proposal)
}

fn count(samples: &[Sample<'_>]) -> Result<Counted, InferError> {
    let mut counted = Counted::default();
    for (number, sample) in samples.iter().enumerate() {
        let before = counted.documents;
        for document in documents(sample.json) {
            let document = document
                .map_err(|source| InferError::NotJson { sample: sample.name.to_owned(), source })?;
            counted.documents += 1;
            match open(document) {
                Value::Array(items) => {
                    counted.top_arrays += 1;
                    items.iter().for_each(|item| counted.root.take(item, number, 0));
                }
                _ => counted.root.take(document, number, 0),
            }
        }
        match counted.documents - before {
            0 => return Err(InferError::Empty { sample: sample.name.to_owned() }),
            1 => {}
            _ => counted.has_many = true,
        }
        counted.samples += 1;
    }
    if counted.samples == 0 { Err(InferError::NoSamples) } else { Ok(counted) }
}

/// Gives every record with its sample's number. The samples were read once, so they are sound.
fn visit_records(samples: &[Sample<'_>], place: &Place, visit: &mut dyn FnMut(usize, &RawValue)) {
    for (number, sample) in samples.iter().enumerate() {
        for document in documents(sample.json).flatten() {
            let found =
                if place.path.is_empty() { Some(document) } else { find(document, &place.path) };
            match found.map(|raw| (raw, open(raw))) {
                Some((_, Value::Array(items))) => items.iter().for_each(|item| visit(number, item)),
                Some((raw, Value::Object(_))) => visit(number, raw),
                _ => {}
            }
        }
    }
}
