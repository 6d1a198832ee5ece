//! Which column each path goes to: a trie of field names over the schema, found once for each
//! shape, not for each row. It also plans the changes that a new path or type asks for.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::naming;
use crate::pointer::Pointer;
use crate::{Change, Column, ColumnType, Limits, Origin, Renames, Rules, Schema, Table};

mod contracts;
mod declared;
mod homes;
mod maps;
mod members;
mod violation;

use contracts::{Contracts, Ruling};
use declared::Types;
pub(crate) use declared::declaration;
pub(crate) use homes::{Home, NoHome};
pub(crate) use members::Member;
use members::Members;

/// A node's number in the plan.
pub(crate) type NodeId = usize;

/// Names that every table has before its own columns.
const TECHNICAL: [&str; 3] = ["_object_id", "_row", "_parent_row"];
/// Names of columns that Postgres itself has in every table.
/// Source: PostgreSQL documentation, "System Columns".
const SYSTEM: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];
/// Where values beyond a bound stand.
const OVERFLOW: &str = "_overflow";
/// A field whose path is longer lands in `_overflow`: the change log is indexed by path, and an
/// entry of an index can't be longer than 2,704 bytes, source and endpoint included.
/// Source: PostgreSQL documentation, "B-Tree Indexes", "Implementation".
pub(crate) const MAX_PATH_BYTES: usize = 1_500;
/// Fields that one endpoint may have before new ones land in `_overflow`: a bound on memory, far
/// above what its tables can hold as columns.
const MAX_NODES: usize = 100_000;

/// A place in the records: a field, or the record itself.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The table whose rows its scalars stand in.
    pub(crate) table: usize,
    /// JSON Pointer from the document, array indices left out.
    pub(crate) path: Arc<str>,
    /// How many objects stand between it and its table's record.
    pub(crate) depth: usize,
    /// The table of its items, where it was an array of objects.
    pub(crate) child: Option<usize>,
    /// Its column's name, or the prefix of its members' names.
    name: Arc<str>,
    members: Members,
    homes: Vec<Home>,
    declared: Option<ColumnType>,
    /// An object here is a map, by declaration.
    pub(crate) is_map: bool,
    ruling: Ruling,
    /// Whether it has other names.
    pub(crate) is_renamed: bool,
    /// The last object in which it was met: finds names that stand twice.
    seen_in: u64,
    /// The last row in which a value was placed, where renames lead from object to object.
    placed_in: u64,
}

/// The trie, the schema under it, and the changes since they were last taken. Every object begins with
/// a copy of the one that was prepared: what it does not change is shared.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    schema: Arc<Schema>,
    changes: Vec<Change>,
    nodes: Vec<Node>,
    /// The node of each table's records.
    record_nodes: Vec<NodeId>,
    /// The nodes of the values from around the records that root rows carry.
    kept_nodes: Vec<NodeId>,
    types: Arc<Types>,
    contracts: Arc<Contracts>,
    renames: Arc<Renames>,
    has_moves: bool,
    /// Where objects are maps by declaration.
    maps: Arc<BTreeSet<String>>,
    records_path: Arc<str>,
    root_table: Arc<str>,
    limits: Limits,
    /// The columns of the root table that repeat in child tables, once known.
    key_paths: Arc<[String]>,
}

impl Plan {
    /// `rules` name the key by its oldest path.
    pub(crate) fn new(rules: &Rules, schema: Arc<Schema>, renames: Arc<Renames>) -> Self {
        let records_path = rules.records.to_string();
        let absolute = |pointer: &Pointer| format!("{records_path}{pointer}");
        let maps = rules.maps.iter().map(|map| renames.oldest(&absolute(map)));
        let mut plan = Self {
            changes: Vec::new(),
            nodes: Vec::new(),
            record_nodes: Vec::new(),
            kept_nodes: Vec::new(),
            types: Arc::new(Types::new(rules, &renames)),
            contracts: Arc::new(Contracts::new(rules, &renames, &schema)),
            has_moves: renames.has_moves(),
            maps: Arc::new(maps.collect()),
            renames,
            root_table: rules.root_table.as_str().into(),
            limits: rules.limits,
            key_paths: rules.key.iter().map(absolute).collect(),
            schema: Arc::clone(&schema),
            records_path: records_path.as_str().into(),
        };
        for pointer in &rules.keep {
            let name = pointer.tokens().last().map_or_else(String::new, |n| naming::snake_case(n));
            let node = plan.push_node(0, pointer.to_string(), name, 0);
            plan.kept_nodes.push(node);
        }
        for (number, table) in schema.tables.iter().enumerate() {
            plan.take_known_table(number, table);
        }
        plan
    }

    /// Rebuilds the trie from a table of the catalog.
    fn take_known_table(&mut self, number: usize, table: &Table) {
        let Table { path, parent, columns, .. } = table;
        let record = self.push_node(number, path.clone(), String::new(), 0);
        self.record_nodes.push(record);
        if let Some(array) = parent.and_then(|parent| self.node_at(parent, path))
            && let Some(node) = self.nodes.get_mut(array)
            // The table of a new name, from before the rename was declared, holds nothing new.
            && *node.path == **path
        {
            node.child = Some(number);
        }
        for (place, column) in columns.iter().enumerate() {
            let node = match column.origin {
                Origin::Key | Origin::MapKey | Origin::Overflow => continue,
                Origin::Value => Some(record),
                Origin::Field | Origin::Variant => self.node_at(number, &column.path),
            };
            if let Some(node) = node.and_then(|node| self.nodes.get_mut(node))
                // Nor does its column.
                && *node.path == *column.path
            {
                if column.origin == Origin::Field {
                    node.name = column.name.as_str().into();
                }
                node.homes.push(Home { of: column.of, column: place });
            }
        }
    }

    /// The node at an absolute path, made where it is missing: within a table's records, or within
    /// a kept value. None for a value that is no longer kept.
    fn node_at(&mut self, table: usize, path: &str) -> Option<NodeId> {
        let record = *self.record_nodes.get(table)?;
        let kept = self.kept_nodes.clone();
        for base in std::iter::once(record).chain(kept) {
            let tail = path.strip_prefix(&*self.nodes.get(base)?.path);
            if let Some(tail) = tail.and_then(|tail| tail.parse::<Pointer>().ok()) {
                return Some(
                    tail.tokens()
                        .iter()
                        .fold(base, |node, token| self.add_member(node, token).1.node),
                );
            }
        }
        None
    }

    /// The nodes of the kept values, in the order of `Rules::keep`.
    pub(crate) fn kept_nodes(&self) -> &[NodeId] {
        &self.kept_nodes
    }

    fn push_node(&mut self, table: usize, path: String, name: String, depth: usize) -> NodeId {
        let declared = self.types.type_of(&path);
        let ruling = self.contracts.ruling(&path);
        let is_map = self.maps.contains(&path);
        let is_renamed = self.renames.has_newer(&path);
        self.nodes.push(Node {
            is_renamed,
            table,
            path: path.into(),
            depth,
            child: None,
            name: name.into(),
            members: Members::default(),
            homes: Vec::new(),
            declared,
            is_map,
            ruling,
            seen_in: 0,
            placed_in: 0,
        });
        self.nodes.len() - 1
    }

    pub(crate) fn node(&self, node: NodeId) -> Option<&Node> {
        self.nodes.get(node)
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    pub(crate) fn record_node(&self, table: usize) -> Option<NodeId> {
        self.record_nodes.get(table).copied()
    }

    /// The root table's number, the table added where it is missing.
    pub(crate) fn root(&mut self) -> Result<usize, NoHome> {
        if self.schema.tables.is_empty() {
            let (name, path) = (Arc::clone(&self.root_table), self.records_path.to_string());
            let ruling = self.contracts.ruling(&path);
            self.add_table(&name, path, None, ruling)?;
        }
        Ok(0)
    }

    /// The table of the objects in the array at `node`, added where it is missing.
    pub(crate) fn child_table(&mut self, node: NodeId) -> Result<usize, NoHome> {
        let Some(array) = self.nodes.get(node) else {
            return Err(NoHome::Nowhere);
        };
        if let Some(child) = array.child {
            return Ok(child);
        }
        let (path, parent, ruling) = (array.path.to_string(), array.table, array.ruling);
        self.contracts.leaves_in(ruling)?;
        let parent_name = self.schema.tables.get(parent).map_or("", |table| table.name.as_str());
        let name = format!("{parent_name}__{}", array.name);
        let child = self.add_table(&name, path, Some(parent), ruling)?;
        if let Some(array) = self.nodes.get_mut(node) {
            array.child = Some(child);
        }
        self.add_key_columns(child)?;
        Ok(child)
    }

    fn add_table(
        &mut self,
        wanted: &str,
        path: String,
        parent: Option<usize>,
        ruling: Ruling,
    ) -> Result<usize, NoHome> {
        // What stands elsewhere because of a bound is no change of shape: the bound goes first.
        if self.schema.tables.len() >= self.limits.max_tables {
            return Err(NoHome::TableLimit);
        }
        self.contracts.may_change(ruling)?;
        let name = naming::unique(wanted, &path, |name| {
            self.schema.taken.contains(name)
                || self.schema.tables.iter().any(|table| table.name == name)
        });
        let table =
            Table { name, path: path.clone(), parent, columns: Vec::new(), rewritable: true };
        let number = self.schema.tables.len();
        self.changes.push(Change::AddTable { table: table.clone() });
        Arc::make_mut(&mut self.schema).tables.push(table);
        let record = self.push_node(number, path, String::new(), 0);
        self.record_nodes.push(record);
        Ok(number)
    }

    /// The root's key, repeated in a child so that analysts join without the technical columns.
    fn add_key_columns(&mut self, child: usize) -> Result<(), NoHome> {
        for path in Arc::clone(&self.key_paths).iter() {
            let key = self.schema.tables.first().and_then(|root| {
                root.columns.iter().find(|c| c.origin == Origin::Field && c.path == *path).cloned()
            });
            if let Some(key) = key {
                self.add_column(child, &key.name, key.path, key.of, Origin::Key, Ruling::Part)?;
            }
        }
        Ok(())
    }

    /// Whether the contract lets the field at an absolute path have what it has not yet.
    pub(crate) fn may_change(&self, path: &str) -> Result<(), NoHome> {
        self.contracts.may_change(self.contracts.ruling(path))
    }

    fn add_column(
        &mut self,
        table: usize,
        wanted: &str,
        path: String,
        of: ColumnType,
        origin: Origin,
        ruling: Ruling,
    ) -> Result<usize, NoHome> {
        let columns = self.schema.tables.get(table).map_or(0, |table| table.columns.len());
        // The columns that a row can't do without are not counted; the endpoint has few of them.
        let is_counted = !matches!(origin, Origin::Overflow | Origin::MapKey | Origin::Key);
        if is_counted && columns >= self.limits.max_columns {
            return Err(NoHome::ColumnLimit);
        }
        self.contracts.may_change(ruling)?;
        let Schema { tables, foreign_columns, .. } = Arc::make_mut(&mut self.schema);
        let Some(held) = tables.get_mut(table) else {
            return Err(NoHome::Nowhere);
        };
        let salted = format!("{path}#{of}#{}", origin.name());
        let name = naming::unique(wanted, &salted, |name| {
            let is_reserved =
                TECHNICAL.contains(&name) || SYSTEM.contains(&name) || name == OVERFLOW;
            is_reserved && origin != Origin::Overflow
                || held.column(name).is_some()
                || foreign_columns.contains(&(table, name.to_owned()))
        });
        let column = Column { name, path, of, origin };
        held.columns.push(column.clone());
        self.changes.push(Change::AddColumn { table, column });
        Ok(columns)
    }

    /// The column for what has no other place, where it stands already.
    pub(crate) fn standing_overflow(&self, table: usize) -> Option<usize> {
        let held = self.schema.tables.get(table)?;
        held.columns.iter().position(|column| column.origin == Origin::Overflow)
    }

    /// The column for what has no other place, added where it is missing.
    pub(crate) fn overflow(&mut self, table: usize) -> Result<usize, NoHome> {
        if let Some(place) = self.standing_overflow(table) {
            return Ok(place);
        }
        let path = self.schema.tables.get(table).ok_or(NoHome::Nowhere)?.path.clone();
        self.add_column(table, OVERFLOW, path, ColumnType::Json, Origin::Overflow, Ruling::Part)
    }
}
