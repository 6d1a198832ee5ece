//! One object of the lake beside one line of the ledger. Pure.

use std::cmp::Ordering;

use jiff::Timestamp;
use landing::ObjectKey;
use objects::Listed;
use warehouse::LedgerLine;

/// What stands under one key.
#[derive(Debug)]
pub(super) enum Paired {
    Lake(Listed),
    Ledger(LedgerLine),
    Both(Listed, LedgerLine),
}

/// What that comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Loaded,
    Unchanged,
    Superseded,
    /// Too young to be missed.
    UnderWay,
    Failed(String),
    NeverLoaded,
    Overwritten,
    /// Failed, and not in the lake any more.
    FailedAndGone(String),
    /// Not in the lake any more, while its rows stand.
    Gone,
    /// Not in the lake any more, as it need not be.
    Expired,
}

impl Paired {
    pub(super) fn key(&self) -> &ObjectKey {
        match self {
            Self::Lake(listed) | Self::Both(listed, _) => &listed.key,
            Self::Ledger(line) => &line.key,
        }
    }
}

/// Takes whichever key comes first, from both sides where both have it. Nothing at the end.
pub(super) fn pair(listed: &mut Option<Listed>, line: &mut Option<LedgerLine>) -> Option<Paired> {
    let order = match (&*listed, &*line) {
        (None, None) => return None,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(listed), Some(line)) => {
            listed.key.as_str().as_bytes().cmp(line.key.as_str().as_bytes())
        }
    };
    match order {
        Ordering::Less => listed.take().map(Paired::Lake),
        Ordering::Greater => line.take().map(Paired::Ledger),
        Ordering::Equal => Some(Paired::Both(listed.take()?, line.take()?)),
    }
}

/// `young`: what was written since then may still be under way.
pub(super) fn judge(paired: &Paired, young: Timestamp) -> Found {
    let (listed, line) = match paired {
        Paired::Ledger(line) if line.stands => return Found::Gone,
        Paired::Ledger(line) if line.status == "failed" => {
            return Found::FailedAndGone(line.failure.clone().unwrap_or_default());
        }
        Paired::Ledger(_) => return Found::Expired,
        Paired::Lake(listed) if listed.last_modified > young => return Found::UnderWay,
        Paired::Lake(_) => return Found::NeverLoaded,
        Paired::Both(listed, line) => (listed, line),
    };
    if line.etag.as_ref().is_some_and(|etag| *etag != listed.etag) {
        let is_young = listed.last_modified > young;
        return if is_young { Found::UnderWay } else { Found::Overwritten };
    }
    match line.status.as_str() {
        "loaded" => Found::Loaded,
        "unchanged" => Found::Unchanged,
        "superseded" => Found::Superseded,
        _ => Found::Failed(line.failure.clone().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(key: &str, etag: &str, second: i64) -> Listed {
        Listed {
            key: ObjectKey::new(key),
            etag: etag.to_owned(),
            bytes: 1,
            last_modified: Timestamp::from_second(second).unwrap(),
        }
    }

    fn line(key: &str, etag: &str, status: &str) -> LedgerLine {
        LedgerLine {
            key: ObjectKey::new(key),
            etag: Some(etag.to_owned()),
            status: status.to_owned(),
            failure: None,
            stands: status == "loaded",
        }
    }

    #[test]
    fn both_sides_are_walked_to_their_ends_in_the_order_of_bytes() {
        let mut lake = ["a", "b", "é"].map(|key| listed(key, "1", 0)).into_iter();
        let mut ledger = ["b", "c", "z", "é"].map(|key| line(key, "1", "loaded")).into_iter();
        let (mut left, mut right) = (None, None);
        let mut seen = Vec::new();
        loop {
            left = left.or_else(|| lake.next());
            right = right.or_else(|| ledger.next());
            let Some(paired) = pair(&mut left, &mut right) else { break };
            let side = match &paired {
                Paired::Lake(_) => "lake",
                Paired::Ledger(_) => "ledger",
                Paired::Both(..) => "both",
            };
            seen.push(format!("{} {side}", paired.key()));
        }
        assert_eq!(seen, ["a lake", "b both", "c ledger", "z ledger", "é both"]);
    }

    #[test]
    fn what_stands_under_a_key_is_judged_by_age_bytes_and_status() {
        let young = Timestamp::from_second(100).unwrap();
        let both =
            |etag, second, status| Paired::Both(listed("k", etag, second), line("k", "1", status));
        for (paired, found) in [
            (Paired::Lake(listed("k", "1", 99)), Found::NeverLoaded),
            (Paired::Lake(listed("k", "1", 101)), Found::UnderWay),
            (Paired::Ledger(line("k", "1", "loaded")), Found::Gone),
            (Paired::Ledger(line("k", "1", "superseded")), Found::Expired),
            (Paired::Ledger(line("k", "1", "failed")), Found::FailedAndGone(String::new())),
            (both("1", 1, "loaded"), Found::Loaded),
            (both("2", 1, "loaded"), Found::Overwritten),
            (both("2", 101, "loaded"), Found::UnderWay),
            (both("1", 1, "failed"), Found::Failed(String::new())),
        ] {
            assert_eq!(judge(&paired, young), found, "{paired:?}");
        }
    }
}
