//! Where the records are, and what stands around them.

use crate::Finding;
use crate::fields::{self, pointer};
use crate::infer::Counted;
use crate::names::{is_of_the_answer, key_score};
use crate::profile::Node;

/// The share of all bytes, in percent, from which an array is what the document is about.
const SHARE_MIN: u64 = 50;
const KEEP_MAX: usize = 8;

/// Where the records are.
#[derive(Debug)]
pub(crate) struct Place {
    /// The names on the way; none: the documents are the records.
    pub(crate) path: Vec<String>,
    pub(crate) why: String,
}

impl Place {
    fn documents(why: String) -> Self {
        Self { path: Vec::new(), why }
    }

    pub(crate) fn pointer(&self) -> Option<String> {
        (!self.path.is_empty()).then(|| pointer(&self.path))
    }

    /// What the records are called.
    pub(crate) fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// What was counted of the records.
    pub(crate) fn node<'n>(&self, root: &'n Node) -> Option<&'n Node> {
        if self.path.is_empty() {
            return (root.seen > 0).then_some(root);
        }
        let mut node = root;
        for name in &self.path {
            node = node.members.get(name)?;
        }
        node.records()
    }
}

/// The array of objects that holds most of the data, or the documents themselves.
pub(crate) fn choose(counted: &Counted) -> Place {
    let root = &counted.root;
    if counted.top_arrays > 0 {
        return Place::documents("the documents are arrays, and each item is a record".to_owned());
    }
    let all = fields::all(root, false);
    let arrays = all.iter().filter(|field| field.node.records().is_some());
    let Some(largest) = arrays.max_by_key(|field| field.node.bytes) else {
        let empty = all.iter().find(|field| field.node.arrays > 0 && field.node.items == 0);
        let hint = empty.map_or(String::new(), |field| {
            format!("; `{}` is an array, but empty in every sample", field.pointer())
        });
        return Place::documents(format!("no array of objects stands in the documents{hint}"));
    };
    let node = largest.node;
    let share = node.bytes * 100 / root.bytes.max(1);
    let holds = format!(
        "`{}` holds {} objects in {} of {} documents, {share} % of the bytes",
        largest.pointer(),
        node.items,
        node.arrays,
        root.seen
    );
    if share < SHARE_MIN && !is_envelope(root, &all, largest) {
        return Place::documents(format!("no array holds most of the data: {holds}"));
    }
    if let Some(id) = own_id(counted) {
        return Place::documents(format!("each document has its own `/{id}`, though {holds}"));
    }
    Place { path: largest.path.clone(), why: holds }
}

/// Whether every document is little more than a wrapping of this array: few days have many records.
fn is_envelope(root: &Node, all: &[fields::Field<'_>], array: &fields::Field<'_>) -> bool {
    let fields = array.node.records().map_or(0, |records| records.members.len());
    let is_beside = |field: &&fields::Field<'_>| !array.path.starts_with(&field.path);
    let beside = all.iter().filter(is_beside).collect::<Vec<_>>();
    let are_scalars = beside.iter().all(|field| field.node.objects + field.node.arrays == 0);
    array.node.arrays == root.seen && are_scalars && beside.len() < fields
}

/// What names the documents themselves: an `id`, or under JSON Lines any name like one that is always
/// there.
fn own_id(counted: &Counted) -> Option<&str> {
    let root = &counted.root;
    let wanted = if counted.has_many { 3 } else { 5 };
    let is_id = |(name, node): &(&String, &Node)| {
        let path = std::slice::from_ref(*name);
        node.scalars() == root.seen && key_score(path, "") >= wanted && !is_of_the_answer(name)
    };
    root.members.iter().find(is_id).map(|(name, _)| name.as_str())
}

/// Scalars that every document has around its records. Times of the answer and its paging are left
/// out: they say nothing of the records.
pub(crate) fn keep(counted: &Counted, place: &Place) -> Vec<Finding> {
    let Some(inside) = place.pointer() else {
        return Vec::new();
    };
    let documents = counted.root.seen;
    let is_kept = |field: &fields::Field<'_>| {
        let node = field.node;
        node.scalars() == documents
            && node.only(|shape| !shape.is_time())
            && !field.path.iter().any(|name| is_of_the_answer(name))
            && !field.pointer().starts_with(&format!("{inside}/"))
    };
    let fields = fields::all(&counted.root, false).into_iter().filter(is_kept).take(KEEP_MAX);
    let why = |field: fields::Field<'_>| Finding {
        pointer: field.pointer(),
        why: format!(
            "stands around the records of every document, as `{}`",
            field.node.example.as_deref().unwrap_or_default()
        ),
    };
    fields.map(why).collect()
}
