//! The members of one object: which value counts where a name, or two names of one field, stand
//! twice. What does not count goes to the overflow, under the name that it came by.

use super::{Record, Stop, Walk};
use crate::json::unescape;
use crate::plan::{Member, NodeId};
use crate::pointer::Pointer;
use crate::summary::NoticeKind;

/// A member that waits to be placed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Met {
    pub(super) node: NodeId,
    /// How often its field was renamed until it had this name.
    age: usize,
    name: usize,
    pub(super) value: usize,
}

impl Walk {
    /// Sets the members of an object aside, each field once, and gives where they begin.
    pub(super) fn gather(
        &mut self,
        record: Record<'_>,
        node: NodeId,
        index: usize,
    ) -> Result<usize, Stop> {
        self.objects_met += 1;
        let object = self.objects_met;
        let mark = self.members.len();
        let mut clashes = false;
        let mut before = None;
        for (name, value) in record.tape.members(index) {
            let found = self.member(record, node, &mut before, name);
            let Some(Member { node: member, age }) = found else {
                self.overflow_unplanned(record, node, name, value)?;
                continue;
            };
            let met = Met { node: member, age, name, value };
            if self.plan.is_met_again(member, object) {
                clashes |= self.meet_again(record, node, mark, met);
            } else {
                self.members.push(met);
            }
        }
        if clashes {
            self.settle_clashes(record, node, mark);
        }
        Ok(mark)
    }

    /// The node of a member; none for a name that Postgres can't hold, or one too many. `before` is
    /// the place of the member met before it, and then its own.
    fn member(
        &mut self,
        r: Record<'_>,
        node: NodeId,
        before: &mut Option<usize>,
        name: usize,
    ) -> Option<Member> {
        let token = r.tape.get(name)?;
        if let Some((place, member)) = self.plan.guess(node, *before, token.inner(r.json)) {
            *before = Some(place);
            return Some(member);
        }
        if token.is_unrepresentable() {
            return None;
        }
        let name = name_of(r, name, &mut self.scratch)?;
        let (place, member) = self.plan.member(node, name)?;
        self.plan.expect(node, *before, place);
        *before = Some(place);
        Some(member)
    }

    /// Of one name the last value counts; true where it is another name of the same field.
    fn meet_again(&mut self, r: Record<'_>, parent: NodeId, mark: usize, met: Met) -> bool {
        let mut held = self.members.iter_mut().skip(mark);
        let same = |held: &&mut Met| held.node == met.node && is_same_name(r, held.name, met.name);
        match held.find(same) {
            Some(held) => {
                let earlier = std::mem::replace(held, met);
                self.give_way(r, parent, earlier, NoticeKind::DuplicateName);
                false
            }
            None => {
                self.members.push(met);
                true
            }
        }
    }

    /// Of several names of one field the newest counts, and null is as absent.
    fn settle_clashes(&mut self, record: Record<'_>, parent: NodeId, mark: usize) {
        let met = self.members.split_off(mark);
        let rank = |(at, met): &(usize, &Met)| (!record.is_null(met.value), met.age, *at);
        for one in &met {
            let names = met.iter().enumerate().filter(|(_, other)| other.node == one.node);
            let counts = names.max_by_key(rank).is_none_or(|(_, best)| best.name == one.name);
            if counts {
                self.members.push(*one);
            } else {
                self.give_way(record, parent, *one, NoticeKind::RenameClash);
            }
        }
    }

    fn give_way(&mut self, record: Record<'_>, parent: NodeId, loser: Met, kind: NoticeKind) {
        let is_renamed = self.plan.node(loser.node).is_some_and(|node| node.is_renamed);
        if is_renamed && record.is_null(loser.value) {
            return;
        }
        let mut path =
            self.plan.node(parent).map_or_else(String::new, |node| node.path.to_string());
        if let Some(name) = name_of(record, loser.name, &mut self.scratch) {
            Pointer::push_token(&mut path, name);
        }
        let raw = record.value(loser.value).map_or(&[][..], |value| value.raw);
        self.draft.overflow.push((path.clone(), raw.to_vec()));
        self.note(kind, path);
    }

    /// Whether a rename out of another object of the record gave the node a value already: that one
    /// stays, this one goes to the overflow.
    pub(super) fn is_moved_clash(&mut self, r: Record<'_>, node: NodeId, index: usize) -> bool {
        let clashes = self.plan.is_placed_again(node, self.rows_begun);
        if clashes && let Some(value) = r.value(index) {
            self.notice(NoticeKind::RenameClash, node);
            self.overflow(node, value.raw);
        }
        clashes
    }
}

fn name_of<'a>(r: Record<'a>, name: usize, scratch: &'a mut Vec<u8>) -> Option<&'a str> {
    let inside = r.tape.get(name)?.inner(r.json);
    std::str::from_utf8(unescape(inside, scratch)).ok()
}

fn is_same_name(record: Record<'_>, one: usize, other: usize) -> bool {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    name_of(record, one, &mut first) == name_of(record, other, &mut second)
}
