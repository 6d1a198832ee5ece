//! The endpoint of a run: one of the ways in which objects become tables, and the two versions of
//! its configuration.

use fastrand::Rng;

/// The bucket of every run.
pub(super) const BUCKET: &str = "riacho-lake";
/// The schema that its tables stand in.
pub(super) const SCHEMA: &str = "pos";
/// Its root table.
pub(super) const ROOT: &str = "checks";

/// How an object's records meet those that stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    Replace,
    Merge,
    Append,
}

/// What is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) write: Write,
    /// `key = ["/id"]`
    pub(super) has_key: bool,
    /// `version = "/v"`
    pub(super) has_version: bool,
    /// `records = "/rows"`
    pub(super) has_records: bool,
    /// `keep = ["/region"]`: where two versions of the configuration are at work, in the newer one.
    pub(super) keeps: bool,
    /// Whether some functions still have the version before, which keeps nothing.
    pub(super) has_two_versions: bool,
    /// How long a lock is waited for.
    pub(super) lock_ms: u32,
}

impl Endpoint {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let write = match rng.u8(..10) {
            0..6 => Write::Replace,
            6..8 => Write::Merge,
            _ => Write::Append,
        };
        let has_key = write == Write::Merge || rng.u8(..4) > 0;
        let has_records = rng.u8(..3) > 0;
        let keeps = has_records && rng.bool();
        Self {
            write,
            has_key,
            has_version: has_key && rng.u8(..4) > 0,
            has_records,
            keeps,
            has_two_versions: keeps && rng.u8(..3) == 0,
            lock_ms: *rng.choice(&[300, 1_500, 5_000]).unwrap_or(&5_000),
        }
    }

    /// The text of the configuration; `is_old`: as it was before.
    pub(super) fn configuration(&self, is_old: bool) -> String {
        let mut lines = vec![
            "[lake]\nbucket = \"${RIACHO_BUCKET}\"".to_owned(),
            format!("[load]\nlock_timeout = \"{}ms\"", self.lock_ms),
            "[sources.pos]\nbase_url = \"http://127.0.0.1:9\"".to_owned(),
            "[sources.pos.partitions]".to_owned(),
            "busDt = { kind = \"date\", last = 3, timezone = \"UTC\", day_ends = \"04:00\" }"
                .to_owned(),
            "storeId = { kind = \"list\", values = [\"1\", \"2\"] }".to_owned(),
            "[sources.pos.endpoints.getChecks]\npath = \"/checks\"".to_owned(),
            "query = { busDt = \"{busDt}\", storeId = \"{storeId}\" }".to_owned(),
            format!("table = \"{ROOT}\""),
            format!("write = \"{}\"", self.write.name()),
        ];
        let set = |is: bool, line: &str| is.then(|| line.to_owned());
        lines.extend(set(self.has_key, "key = [\"/id\"]"));
        lines.extend(set(self.has_version, "version = \"/v\""));
        lines.extend(set(self.has_records, "records = \"/rows\""));
        lines.extend(set(self.keeps && !is_old, "keep = [\"/region\"]"));
        lines.join("\n") + "\n"
    }
}

impl Write {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Merge => "merge",
            Self::Append => "append",
        }
    }
}
