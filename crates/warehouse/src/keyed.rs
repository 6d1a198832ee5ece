//! SQL for records that have a key: the key's columns as parameters, as texts, as a condition.
//! Keys are compared in their columns' types; as texts they stand in `riacho.shadows`.

use normalise::{Column, ColumnType, RootKey};

use crate::catalog::Catalog;
use crate::ident::{Ident, Relation};
use crate::values::Cells;
use crate::{EndpointFacts, WarehouseError};

/// What the statements for one endpoint's keys are made of.
#[derive(Debug)]
pub(crate) struct Keyed<'a> {
    pub(crate) root: Relation<'a>,
    pub(crate) key: Vec<&'a Column>,
    pub(crate) version: Vec<&'a Column>,
    is_indexed: bool,
}

impl<'a> Keyed<'a> {
    /// None while the endpoint has no key, or the tables have no columns for it.
    pub(crate) fn of(catalog: &'a Catalog, endpoint: &EndpointFacts) -> Option<Self> {
        let root = catalog.schema.tables.first()?;
        Some(Self {
            root: catalog.relation(root),
            key: catalog.key_columns(endpoint)?,
            version: catalog.version_columns(endpoint),
            is_indexed: catalog.key_is_indexed,
        })
    }

    /// `unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS k (k0, k1, n)`, the first parameter
    /// being number `first`.
    pub(crate) fn unnest(&self, first: usize) -> String {
        let arrays = self.key.iter().enumerate();
        let arrays = arrays.map(|(at, column)| format!("${}::{}[]", first + at, column.of));
        let names = (0..self.key.len()).map(|at| format!("k{at}"));
        format!(
            "unnest({}) WITH ORDINALITY AS k ({}, n)",
            arrays.collect::<Vec<_>>().join(", "),
            names.collect::<Vec<_>>().join(", ")
        )
    }

    /// The parameters for `unnest`.
    pub(crate) fn parameters<'k>(
        &self,
        keys: &[&'k RootKey],
    ) -> Result<Vec<Cells<'k>>, WarehouseError> {
        let short = || WarehouseError::Mismatch("a key lacks a part".to_owned());
        let cell = |key: &&'k RootKey, at: usize| key.cells.get(at).map(Vec::as_slice);
        (0..self.key.len())
            .map(|at| {
                let cells = keys.iter().map(|key| cell(key, at).map(Some));
                cells.collect::<Option<Vec<_>>>().map(Cells).ok_or_else(short)
            })
            .collect()
    }

    /// The root rows `r` that stand under the keys `k`, as what follows FROM.
    ///
    /// By the index, key by key, where there is one: a statement is planned once, while the table is
    /// small, and Postgres would go on reading all of it. `OFFSET 0` keeps it from joining otherwise.
    pub(crate) fn standing(&self, first: usize) -> String {
        let (keys, root, matches) = (self.unnest(first), self.root, self.matches());
        if self.is_indexed {
            format!("{keys} CROSS JOIN LATERAL (SELECT * FROM {root} r WHERE {matches} OFFSET 0) r")
        } else {
            format!("{keys} JOIN {root} r ON {matches}")
        }
    }

    /// `r."id" = k.k0 AND …`
    fn matches(&self) -> String {
        let parts = self.key.iter().enumerate();
        let parts = parts.map(|(at, column)| format!("r.{} = k.k{at}", Ident(&column.name)));
        parts.collect::<Vec<_>>().join(" AND ")
    }

    /// The key of a row of `unnest` as texts.
    pub(crate) fn text_of_unnest(&self) -> String {
        texts(self.key.iter().enumerate().map(|(at, column)| (format!("k.k{at}"), column.of)))
    }

    /// The key of a root row as texts.
    pub(crate) fn text_of_row(&self) -> String {
        texts(self.key.iter().map(|column| (format!("r.{}", Ident(&column.name)), column.of)))
    }

    /// Root rows by the texts in `s.key`: `r."id" = s.key[1]::bigint AND …`
    pub(crate) fn matches_text(&self) -> String {
        let parts = self.key.iter().enumerate().map(|(at, column)| {
            format!("r.{} = (s.key[{}])::{}", Ident(&column.name), at + 1, column.of)
        });
        parts.collect::<Vec<_>>().join(" AND ")
    }

    /// The version columns of a root row, in their types: a statement that was prepared for other
    /// types is then another statement.
    pub(crate) fn versions(&self) -> String {
        let parts = self.version.iter().enumerate();
        let parts = parts.map(|(at, c)| format!(", r.{}::{} AS v{at}", Ident(&c.name), c.of));
        parts.collect()
    }
}

/// One text for equal values: `1.0` and `1.00` are one number.
fn texts(values: impl Iterator<Item = (String, ColumnType)>) -> String {
    let parts = values.map(|(value, of)| match of {
        ColumnType::Numeric => format!("trim_scale({value})::text"),
        _ => format!("{value}::text"),
    });
    format!("ARRAY[{}]", parts.collect::<Vec<_>>().join(", "))
}
