//! What a root row carries from around its record: partition values and kept values.

use crate::json::Tape;
use crate::plan::NodeId;
use crate::value::Value;
use crate::walk::{Record, Walk};

/// A value from around the records, for the root rows of its document.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) json: Vec<u8>,
    pub(crate) tape: Tape,
}

impl Kept {
    pub(crate) fn value(&self, max_jsonb_bytes: usize) -> Option<Value<'_>> {
        Record { json: &self.json, tape: &self.tape }.whole(0, max_jsonb_bytes)
    }
}

/// What a root row carries where the record has no field of that name.
pub(crate) fn defaults<'a>(
    walk: &mut Walk,
    partitions: &'a [(String, String)],
    kept: &'a [Option<Kept>],
) -> Vec<(NodeId, Value<'a>)> {
    let mut defaults = Vec::with_capacity(partitions.len() + kept.len());
    let root = walk.plan.root().ok().and_then(|root| walk.plan.record_node(root));
    for (name, value) in partitions {
        if let Some((_, member)) = root.and_then(|root| walk.plan.member(root, name)) {
            defaults.push((member.node, Value::string(value.as_bytes())));
        }
    }
    let max_jsonb_bytes = walk.plan.limits().max_jsonb_bytes;
    let nodes = walk.plan.kept_nodes().to_vec();
    for (kept, node) in kept.iter().zip(nodes) {
        if let Some(value) = kept.as_ref().and_then(|kept| kept.value(max_jsonb_bytes)) {
            defaults.push((node, value));
        }
    }
    defaults
}
