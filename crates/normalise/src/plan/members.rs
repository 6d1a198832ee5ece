//! The members of one object in the trie: which node a name leads to, renames included, and whether
//! something stands there already.

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

impl Plan {
    /// The member called `name`; none where there is no room for it. `place` is its place within
    /// the object at hand: records of one source mostly write their members in one order, so the
    /// node at that place is tried first.
    pub(crate) fn member(&mut self, node: NodeId, place: usize, name: &str) -> Option<Member> {
        let parent = self.nodes.get(node)?;
        if let Some((known, member)) = parent.members.get(place)
            && **known == *name
        {
            return Some(*member);
        }
        if let Some(member) = parent.index.get(name) {
            return Some(*member);
        }
        let has_room = self.nodes.len() < MAX_NODES
            && name.len() < MAX_PATH_BYTES
            && Pointer::child(&parent.path, name).len() <= MAX_PATH_BYTES;
        has_room.then(|| self.add_member(node, name))
    }

    pub(super) fn add_member(&mut self, parent: NodeId, name: &str) -> Member {
        let Some(node) = self.nodes.get(parent) else {
            return Member { node: parent, age: 0 };
        };
        if let Some(member) = node.index.get(name) {
            return *member;
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
        if let Some(node) = self.nodes.get_mut(parent) {
            node.members.push((name.into(), member));
            node.index.insert(name.into(), member);
        }
        member
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
