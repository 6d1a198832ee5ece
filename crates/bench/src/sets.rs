//! The data: what each set holds, byte for byte the same on every machine.

mod check;
mod dice;
mod document;
mod odd;
mod writing;

use jiff::ToSpan;
use jiff::civil::Date;
use landing::{Compression, ObjectKey};

pub(crate) use document::{Counts, Document, DocumentPlan};
pub(crate) use odd::Odd;

/// Raised whenever the same plan gives other bytes, so that no lake of old bytes is taken up again.
pub(crate) const GENERATION: u32 = 1;

const STORES: u32 = 50;
const FIRST_DATE: Date = Date::constant(2024, 1, 1);
const MEGABYTE: u64 = 1_000_000;

/// A number of objects of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Set {
    /// Names its lake.
    pub(crate) name: &'static str,
    /// Sets of one family hold the same scopes.
    family: &'static str,
    pub(crate) files: u32,
    pub(crate) bytes_per_file: u64,
    /// Which state of the checks.
    revision: i64,
    /// When the objects were fetched, as their names say it.
    run: &'static str,
    pub(crate) compression: Compression,
    first_date: Date,
    first_id: i64,
}

/// One object of a set.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) key: ObjectKey,
    pub(crate) document: DocumentPlan,
}

impl Set {
    const fn new(name: &'static str, files: u32, bytes_per_file: u64) -> Self {
        Self {
            name,
            family: name,
            files,
            bytes_per_file,
            revision: 0,
            run: "20240301T060000Z",
            compression: Compression::None,
            first_date: FIRST_DATE,
            first_id: 1_122_300_000_000,
        }
    }

    /// 100 objects of 1 MB.
    pub(crate) const fn m() -> Self {
        Self::new("m", 100, MEGABYTE)
    }

    /// The same bytes as [`Set::m`], fetched a day later.
    pub(crate) const fn m_refetched() -> Self {
        Self { name: "m-refetched", family: "m", run: "20240302T060000Z", ..Self::m() }
    }

    /// The same checks as [`Set::m`], every one of them changed.
    pub(crate) const fn m_changed() -> Self {
        Self { name: "m-changed", family: "m", revision: 1, run: "20240303T060000Z", ..Self::m() }
    }

    /// 2,000 objects of 22 KB.
    pub(crate) const fn xs() -> Self {
        Self::new("xs", 2_000, 20_000)
    }

    /// One object of so many megabytes.
    pub(crate) const fn one(name: &'static str, megabytes: u64) -> Self {
        Self { family: "l", ..Self::new(name, 1, megabytes * MEGABYTE) }
    }

    /// Objects of 1 MB that share no scope and no key with those of any other set.
    pub(crate) const fn one_more() -> Self {
        Self {
            first_date: Date::constant(2025, 1, 1),
            first_id: 9_000_000_000_000,
            ..Self::new("one-more", 1, MEGABYTE)
        }
    }

    /// The same, compressed.
    pub(crate) const fn compressed(self, compression: Compression) -> Self {
        Self { compression, ..self }
    }

    /// The same with fewer objects.
    pub(crate) const fn cut_to(self, files: u32) -> Self {
        Self { files, ..self }
    }

    /// What tells this set from every other one, in a directory's name.
    pub(crate) fn folder(&self) -> String {
        format!("{}-{}x{}-g{GENERATION}", self.name, self.files, self.bytes_per_file)
    }

    /// Its objects, in the order of their keys' business dates and stores.
    pub(crate) fn objects(&self) -> impl Iterator<Item = Planned> + use<> {
        let set = self.clone();
        (0..set.files).map(move |index| set.object(index))
    }

    /// The object of this number, which may be beyond those that the set has.
    pub(crate) fn object(&self, index: u32) -> Planned {
        let store = 1 + index % STORES;
        let business_date = self.first_date.saturating_add(i64::from(index / STORES).days());
        let ending = match self.compression {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Zstd => ".zst",
        };
        let key = format!(
            "raw/source=pos/endpoint=getGuestChecks/busDt={business_date}/storeId={store:04}/{}.json{ending}",
            self.run
        );
        Planned {
            key: ObjectKey::new(key),
            document: DocumentPlan {
                seed: format!("{}/{index}/{}", self.family, self.revision),
                business_date,
                store,
                first_id: self.first_id + i64::from(index) * 10_000_000,
                revision: self.revision,
                bytes: self.bytes_per_file,
            },
        }
    }
}
