//! Which of the fields that came are suspected to be which of those that went: each is compared with
//! all that stood beside it and that the object has not, and no field is suspected twice.

use std::collections::{BTreeMap, BTreeSet};

use normalise::Column;

use crate::EndpointFacts;
use crate::before::Before;
use crate::catalog::Catalog;
use crate::likeness::{Evidence, Scalar, Side, Values, compare};
use crate::sample::Sample;
use crate::units::{Question, Unit};

/// What is known of each table.
type Samples = BTreeMap<usize, Sample>;

/// A field that came and the one that it may have been.
#[derive(Debug, Clone)]
pub(crate) struct Suspicion {
    pub(crate) table: usize,
    pub(crate) new: String,
    pub(crate) old: String,
    pub(crate) score: f64,
    pub(crate) evidence: Evidence,
}

/// All that can be compared with.
struct View<'a> {
    catalog: &'a Catalog,
    samples: &'a Samples,
    before: &'a Before,
    /// Names of the root's key columns.
    keys: Vec<String>,
}

/// The likeliest pairs first.
pub(crate) fn suspect(
    catalog: &Catalog,
    endpoint: &EndpointFacts,
    asked: &[Question],
    samples: &Samples,
    before: &Before,
) -> Vec<Suspicion> {
    let keys = catalog.key_columns(endpoint).unwrap_or_default();
    let keys = keys.into_iter().map(|key| key.name.clone()).collect();
    let view = View { catalog, samples, before, keys };
    let mut all = Vec::new();
    for Question { new, olds } in asked {
        let Some(side) = view.came(new) else { continue };
        for old in olds {
            let compared = view.went(old).and_then(|other| {
                let pairs = view.pairs(new, old);
                compare(&side, &other, &pairs)
            });
            all.extend(compared.map(|(score, evidence)| Suspicion {
                table: new.table,
                new: new.path.clone(),
                old: old.path.clone(),
                score,
                evidence,
            }));
        }
    }
    all.sort_by(|one, other| other.score.total_cmp(&one.score));
    let (mut news, mut olds) = (BTreeSet::new(), BTreeSet::new());
    all.retain(|one| {
        let is_free = !news.contains(&one.new) && !olds.contains(&one.old);
        is_free && news.insert(one.new.clone()) && olds.insert(one.old.clone())
    });
    all
}

impl View<'_> {
    fn column(&self, at: &(usize, usize)) -> Option<&Column> {
        self.catalog.schema.tables.get(at.0)?.columns.get(at.1)
    }

    /// The field that came, as the object has it.
    fn came(&self, unit: &Unit) -> Option<Side> {
        let sample = self.samples.get(&unit.table)?;
        let own = unit.columns.iter().filter(|(table, _)| *table == unit.table);
        let count = own.map(|(_, column)| sample.count(*column)).max().unwrap_or(0);
        let presence = match unit.tables.is_empty() {
            true => count as f64 / sample.rows.max(1) as f64,
            false => 1.0,
        };
        let values = |(table, column): &(usize, usize)| {
            self.samples.get(table).map_or_else(Vec::new, |sample| sample.of_object(*column))
        };
        (presence > 0.0).then(|| self.side(unit, presence, values))
    }

    /// The field that went, as others have it; none where the object has it too, or nobody.
    fn went(&self, unit: &Unit) -> Option<Side> {
        let is_absent = unit.columns.iter().all(|(table, column)| {
            self.samples.get(table).is_some_and(|sample| sample.count(*column) == 0)
        });
        let rows = |table: &usize| self.samples.get(table).map_or(1, |sample| sample.rows);
        if !is_absent || unit.tables.iter().map(rows).sum::<u64>() > 0 {
            return None;
        }
        let has_others = |table: &usize| {
            self.samples.get(table).is_some_and(|sample| !sample.other_objects.is_empty())
        };
        let presence = if unit.tables.is_empty() {
            let own = unit.columns.iter().filter(|(table, _)| *table == unit.table);
            own.map(|at| set_share(&self.old_values(at))).fold(0.0, f64::max)
        } else {
            f64::from(u8::from(unit.tables.iter().any(has_others)))
        };
        (presence > 0.0).then(|| self.side(unit, presence, |at| self.old_values(at)))
    }

    /// The values before: those that the object replaced, and those of other objects.
    fn old_values(&self, at: &(usize, usize)) -> Values {
        let mut values = self.samples.get(&at.0).map_or_else(Vec::new, |s| s.of_others(at.1));
        if at.0 == 0
            && let Some(column) = self.column(at)
        {
            values.extend(self.before.values(&column.name));
        }
        values
    }

    fn side(&self, unit: &Unit, presence: f64, values: impl Fn(&(usize, usize)) -> Values) -> Side {
        let mut scalars = Vec::new();
        for at in &unit.columns {
            if let Some(column) = self.column(at) {
                let tail = column.path.get(unit.path.len()..).unwrap_or_default().to_owned();
                scalars.push(Scalar { tail, of: Some(column.of), values: values(at) });
            }
        }
        let has_rows = !unit.tables.is_empty();
        // Of a scalar and its variants the one that holds most.
        if !has_rows && scalars.iter().all(|scalar| scalar.tail.is_empty()) {
            scalars.sort_by_key(|scalar| scalar.values.iter().flatten().count());
            scalars = scalars.pop().into_iter().collect();
        }
        let name = unit.path.rsplit('/').next().unwrap_or_default().to_owned();
        Side { name, scalars, has_rows, presence }
    }

    /// The values of the same records, after and before: by key, or by place where there is no key
    /// and the places are found to be the same.
    fn pairs(&self, new: &Unit, old: &Unit) -> Vec<(String, String)> {
        let ([new], [old]) = (new.columns.as_slice(), old.columns.as_slice()) else {
            return Vec::new();
        };
        let (Some(sample), Some(old)) = (self.samples.get(&0), self.column(old)) else {
            return Vec::new();
        };
        if new.0 != 0 {
            return Vec::new();
        }
        let (names, nows) = match self.keys.is_empty() {
            true => (vec!["_row".to_owned()], transposed(vec![sample.row_numbers()])),
            false => (self.keys.clone(), transposed(self.key_values(sample))),
        };
        let thens = transposed(names.iter().map(|name| self.before.values(name)).collect());
        let thens = thens.into_iter().zip(self.before.values(&old.name));
        let thens = thens.filter_map(|(key, value)| Some((key, value?)));
        let thens = thens.collect::<BTreeMap<_, _>>();
        let nows = nows.iter().zip(sample.of_object(new.1));
        let pairs = nows.filter_map(|(key, value)| Some((value?, thens.get(key)?.clone())));
        let pairs = pairs.collect::<Vec<_>>();
        let equal = pairs.iter().filter(|(one, other)| one == other).count();
        if self.keys.is_empty() && equal * 2 < pairs.len() { Vec::new() } else { pairs }
    }

    fn key_values(&self, sample: &Sample) -> Vec<Values> {
        let root = self.catalog.schema.tables.first().map_or(&[][..], |root| &root.columns);
        let place = |name: &String| root.iter().position(|column| column.name == *name);
        let places = self.keys.iter().filter_map(place);
        places.map(|place| sample.of_object(place)).collect()
    }
}

/// From a list a column to a list a row.
fn transposed(columns: Vec<Values>) -> Vec<Values> {
    let rows = columns.first().map_or(0, Vec::len);
    (0..rows)
        .map(|row| columns.iter().map(|column| column.get(row).cloned().flatten()).collect())
        .collect()
}

fn set_share(values: &Values) -> f64 {
    values.iter().flatten().count() as f64 / values.len().max(1) as f64
}
