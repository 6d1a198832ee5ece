//! Records that are left out of an object's batches. A very large record comes in several: what goes
//! on of one that was left out is left out too.

use std::collections::BTreeSet;

use normalise::Batch;

/// The root row that was left out while more rows of its record were to come.
#[derive(Debug, Default)]
pub(crate) struct LeftOut(Option<i32>);

impl LeftOut {
    /// Takes these root rows out of a batch with all that hangs on them, and the rest of the record
    /// that was left out before.
    pub(crate) fn drop_roots(&mut self, batch: &mut Batch, roots: &BTreeSet<i32>) {
        let all = roots.iter().copied().chain(self.0).collect::<BTreeSet<_>>();
        batch.drop_roots(&all);
        self.0 = batch.under_way.filter(|row| all.contains(row));
    }
}
