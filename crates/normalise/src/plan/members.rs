//! The members of one object in the trie: which node a name leads to, renames included, and whether
//! something stands there already.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{MAX_NODES, MAX_PATH_BYTES, NodeId, Plan};
use crate::naming;
use crate::pointer::Pointer;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) node: NodeId,
    /// How often the field was renamed until it had this name.
    pub(crate) age: usize,
}

/// The members that one object has had.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    known: Vec<Known>,
    index: BTreeMap<Arc<str>, usize>,
    /// The one that mostly comes first.
    first: usize,
}

#[derive(Debug, Clone)]
struct Known {
    name: Arc<str>,
    member: Member,
    /// Whether the name is the same within a JSON string.
    is_plain: bool,
    /// The one that mostly comes behind it.
    next: usize,
}

impl Members {
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What mostly comes behind the member at `after`; at the start, where it is none.
    fn next(&self, after: Option<usize>) -> usize {
        match after {
            None => self.first,
            Some(after) => self.known.get(after).map_or(0, |known| known.next),
        }
    }
}

impl Plan {
    /// The member whose name stands in `raw`, a JSON string without its quotes, if it is one of
    /// the two that mostly come behind the one at `after`; and its place among the members.
    /// Records of one source mostly write their members in one order, and leave some out.
    pub(crate) fn guess(
        &self,
        node: NodeId,
        after: Option<usize>,
        raw: &[u8],
    ) -> Option<(usize, Member)> {
        let members = &self.nodes.get(node)?.members;
        let mut place = members.next(after);
        for _ in 0..2 {
            let known = members.known.get(place)?;
            if known.is_plain && known.name.as_bytes() == raw {
                return Some((place, known.member));
            }
            place = known.next;
        }
        None
    }

    /// The member called `name`, with its place among the members; none where there is no room.
    pub(crate) fn member(&mut self, node: NodeId, name: &str) -> Option<(usize, Member)> {
        let parent = self.nodes.get(node)?;
        if let Some(place) = parent.members.index.get(name) {
            return Some((*place, parent.members.known.get(*place)?.member));
        }
        let has_room = self.nodes.len() < MAX_NODES
            && name.len() < MAX_PATH_BYTES
            && Pointer::child(&parent.path, name).len() <= MAX_PATH_BYTES;
        has_room.then(|| self.add_member(node, name))
    }

    /// Expects the member at `place` behind the one at `after` from now on.
    pub(crate) fn expect(&mut self, node: NodeId, after: Option<usize>, place: usize) {
        let Some(members) = self.nodes.get_mut(node).map(|node| &mut node.members) else { return };
        match after {
            None => members.first = place,
            Some(after) => {
                if let Some(known) = members.known.get_mut(after) {
                    known.next = place;
                }
            }
        }
    }

    pub(super) fn add_member(&mut self, parent: NodeId, name: &str) -> (usize, Member) {
        let Some(node) = self.nodes.get(parent) else {
            return (0, Member { node: parent, age: 0 });
        };
        if let Some(place) = node.members.index.get(name)
            && let Some(known) = node.members.known.get(*place)
        {
            return (*place, known.member);
        }
        let path = Pointer::child(&node.path, name);
        let (table, depth) = (node.table, node.depth + 1);
        let column = naming::nested(&node.name, name);
        // A rename leads to a place within the same table's records; one that leads out of them
        // is none.
        let before = self.renames.before(&path).map(str::to_owned);
        let old = before.and_then(|before| self.node_at(table, &before));
        let age = if old.is_some() { self.renames.age(&path) } else { 0 };
        let node = old.unwrap_or_else(|| self.push_node(table, path, column, depth));
        let member = Member { node, age };
        let Some(node) = self.nodes.get_mut(parent) else { return (0, member) };
        let place = node.members.known.len();
        let is_plain = !name.bytes().any(|byte| matches!(byte, b'"' | b'\\' | ..0x20));
        let name = Arc::<str>::from(name);
        node.members.index.insert(Arc::clone(&name), place);
        node.members.known.push(Known { name, member, is_plain, next: place + 1 });
        (place, member)
    }

    /// Notes that the object numbered `object` has this member; true where it had it already.
    pub(crate) fn is_met_again(&mut self, member: NodeId, object: u64) -> bool {
        self.nodes
            .get_mut(member)
            .is_some_and(|node| std::mem::replace(&mut node.seen_in, object) == object)
    }

    /// Notes that the row numbered `row` has a value for the node; true where it had one already,
    /// from another object of its record, which only a rename brings about.
    pub(crate) fn is_placed_again(&mut self, node: NodeId, row: u64) -> bool {
        self.has_moves
            && self
                .nodes
                .get_mut(node)
                .is_some_and(|node| std::mem::replace(&mut node.placed_in, row) == row)
    }

    /// The path that the catalog has for what stands at `path` now.
    pub(crate) fn oldest(&self, path: &str) -> String {
        self.renames.oldest(path)
    }
}
