//! What names a record, and which of two with one name is kept.

use std::hash::{DefaultHasher, Hasher};

use crate::json::{Kind, numeric};
use crate::plan::{NodeId, Plan};
use crate::pointer::Pointer;
use crate::value::{Reading, Value};
use crate::version::version_from_cell;
use crate::walk::Record;
use crate::ways::Ways;
use crate::{ColumnType, RejectReason, Renames, RootKey, Rules};

mod bygone;
mod entries;
mod seen;

use bygone::Bygone;
pub(crate) use seen::Seen;
use seen::SeenKeys;

/// A longer key is rejected: keys are indexed, and an entry of an index can't be longer than 2,704
/// bytes, source and endpoint included.
/// Source: PostgreSQL documentation, "B-Tree Indexes", "Implementation".
const MAX_KEY_BYTES: usize = 1_500;

/// Finds the key and the version of records.
#[derive(Debug)]
pub(crate) struct Keys {
    keys: Vec<Ways>,
    version: Option<Ways>,
    nodes: Vec<NodeId>,
    /// The keys of the batch at hand and of some before it.
    seen: SeenKeys,
    /// Those from before that.
    bygone: Bygone,
    max_remembered: usize,
}

/// Which of two records with one key is kept.
#[derive(Debug)]
pub(crate) enum Standing {
    /// The key is new to the object.
    First,
    /// The record at hand is newer; the other one must go.
    Displaces(Seen),
    /// The one that stands is at least as new.
    Loses,
}

impl Keys {
    /// `rules` name key and version by their oldest paths.
    pub(crate) fn new(rules: &Rules, renames: &Renames) -> Self {
        let ways = |pointer: &Pointer| Ways::new(pointer, &rules.records, renames);
        Self {
            keys: rules.key.iter().map(ways).collect(),
            version: rules.version.as_ref().map(ways),
            nodes: Vec::new(),
            seen: SeenKeys::default(),
            bygone: Bygone::default(),
            max_remembered: rules.limits.max_remembered_keys,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The cells of the record's key, in the types of the key's columns.
    pub(crate) fn cells(
        &mut self,
        record: Record<'_>,
        plan: &mut Plan,
    ) -> Result<Vec<Vec<u8>>, (RejectReason, String)> {
        if self.keys.is_empty() {
            return Ok(Vec::new());
        }
        if record.value(0).is_none_or(|value| value.kind != Kind::Object) {
            return Err((RejectReason::NotAnObject, String::new()));
        }
        self.find_nodes(plan);
        let mut cells = Vec::with_capacity(self.keys.len());
        let mut bytes = 0;
        for (ways, node) in self.keys.iter().zip(&self.nodes) {
            let fail = |reason| (reason, ways.oldest.to_string());
            let value = ways.find(record).ok_or_else(|| fail(RejectReason::KeyMissing))?;
            if matches!(value.kind, Kind::Null | Kind::Object | Kind::Array) {
                return Err(fail(RejectReason::KeyMissing));
            }
            cells.push(encode(value, plan, *node).ok_or_else(|| fail(RejectReason::KeyType))?);
            // A number's digits as text are twice as long.
            let of = plan.homes(*node).first().map(|home| home.of);
            let cell = cells.last().map_or(0, Vec::len);
            bytes += if of == Some(ColumnType::Numeric) { 2 * cell } else { cell };
            if bytes > MAX_KEY_BYTES {
                return Err(fail(RejectReason::KeyTooLong));
            }
        }
        Ok(cells)
    }

    fn find_nodes(&mut self, plan: &mut Plan) {
        if !self.nodes.is_empty() {
            return;
        }
        let Some(root) = plan.record_node(0) else {
            return;
        };
        self.nodes.extend(self.keys.iter().map(|ways| node_of(ways, root, plan)));
    }

    /// The record's version, as it is read from the cell that the value lands in; empty where it has
    /// none.
    pub(crate) fn version(&self, record: Record<'_>, plan: &mut Plan) -> Vec<u8> {
        let Some(ways) = &self.version else { return Vec::new() };
        let Some(value) = ways.find(record) else { return Vec::new() };
        let node = plan.record_node(0).map(|root| node_of(ways, root, plan));
        match node.and_then(|node| cell_of(value, plan, node)) {
            Some((of, cell)) => version_from_cell(of, &cell),
            None => value.version(),
        }
    }

    /// Decides between the record and one of the same key that came before it in the object; notes
    /// in the key whether the database has to be asked as well.
    pub(crate) fn stand(&mut self, key: &mut RootKey, plan: &Plan) -> Standing {
        let mut name = Vec::new();
        for (cell, node) in key.cells.iter().zip(&self.nodes) {
            let of = plan.homes(*node).first().map(|home| home.of);
            // `1.0` and `1.00` are two numerals and one key: Postgres's index says so.
            let number = (of == Some(ColumnType::Numeric)).then(|| numeric::to_literal(cell));
            crate::cell::write(&mut name, |out| match number.flatten() {
                Some(literal) => numeric::sort_key(literal.as_bytes(), out),
                None => out.extend_from_slice(cell),
            });
        }
        let seen = Seen { row: key.row, version: key.version.clone(), bytes: key.bytes.clone() };
        key.is_perhaps_again = self.bygone.may_hold(&name);
        let (slot, standing) = self.seen.find(&name);
        if standing.as_ref().is_some_and(|standing| seen.version <= standing.version) {
            return Standing::Loses;
        }
        self.seen.set(slot, &name, seen);
        standing.map_or(Standing::First, Standing::Displaces)
    }

    /// The records so far have been handed out: the database can be asked for them.
    pub(crate) fn hand_out(&mut self) {
        if self.seen.len() > self.max_remembered {
            self.seen.each_name(|name| self.bygone.add(name));
            self.seen = SeenKeys::default();
        }
    }
}

/// The same for equal names, on every machine.
fn hash(name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(name);
    hasher.finish()
}

fn node_of(ways: &Ways, root: NodeId, plan: &mut Plan) -> NodeId {
    ways.oldest
        .tokens()
        .iter()
        .fold(root, |node, token| plan.member(node, token).map_or(node, |(_, member)| member.node))
}

/// The cell that a value of a declared type lands in, and its type; none where no type is declared:
/// then it is the value's own.
fn cell_of(value: Value<'_>, plan: &Plan, node: NodeId) -> Option<(ColumnType, Vec<u8>)> {
    let declared = plan.declared(node)?;
    let reading = Reading::Field { declared: Some(declared) };
    let homes = plan.homes(node).iter().map(|home| home.of);
    let first = plan.homes(node).is_empty().then_some(declared);
    let mut cell = Vec::new();
    for of in homes.chain(first) {
        if value.encode_by(reading, of, &mut cell) {
            return Some((of, cell));
        }
        cell.clear();
    }
    None
}

/// The cell in the key column's type; none where it would need another column. The column is made
/// now where it is missing: child tables repeat it, and an array may stand before the key.
fn encode(value: Value<'_>, plan: &mut Plan, node: NodeId) -> Option<Vec<u8>> {
    let mut cell = Vec::new();
    let declared = plan.declared(node);
    // `json` knows no equality, so nothing can be named by it.
    let names = |of: &ColumnType| *of != ColumnType::Json;
    if let Some(home) = plan.homes(node).first() {
        if !names(&home.of) {
            return None;
        }
        let fits = if declared == Some(home.of) {
            value.encode_declared(home.of, &mut cell)
        } else {
            value.encode(home.of, &mut cell)
        };
        return fits.then_some(cell);
    }
    let of = match declared {
        Some(of) if names(&of) && value.encode_declared(of, &mut cell) => of,
        Some(of) => {
            let _ = plan.add_home(node, of);
            return None;
        }
        None => {
            let natural = value.natural_type().filter(names)?;
            if !value.encode(natural, &mut cell) {
                return None;
            }
            natural
        }
    };
    // What the contract says against it is said when the field is placed.
    let _ = plan.add_home(node, of);
    Some(cell)
}
