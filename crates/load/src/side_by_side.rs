//! The items of one event, several at once: while one waits for the lake or for a commit, another
//! works. Objects that would wait for each other go one after the other.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use configuration::{Configuration, WriteMode};
use futures::future::join_all;
use landing::{LandedObject, RawLocation};
use tokio::sync::Notify;

use crate::answer::Answered;
use crate::event::{Item, Subject};
use crate::loader::is_raw;
use crate::{Deadline, Loader, Run, Trouble, Verdict};

/// Connections of one function. Two keep a database busy; more would be taken from others.
pub(crate) const AT_ONCE: usize = 2;

/// How long a helper waits for its connection: the first works meanwhile, and needs no help with what
/// it is through with by then.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Settles all items, and answers them in the order that they came in.
pub(crate) async fn settle_all(
    loaders: &[&Loader],
    configuration: &Configuration,
    items: Vec<Item>,
    run: Run<'_>,
) -> Vec<Answered> {
    let groups = Mutex::new(groups(configuration, items).into_iter());
    // Nothing is left, so that a helper need not wait for its connection any more.
    let is_empty = &Notify::new();
    let next = &|| groups.lock().unwrap_or_else(PoisonError::into_inner).next();
    let working = loaders.iter().enumerate().map(|(number, loader)| async move {
        let mut worked = Worked::default();
        let helps = async {
            tokio::select! {
                biased;
                connected = connects(loader, run.deadline) => connected,
                () = is_empty.notified() => false,
            }
        };
        if number > 0 && !helps.await {
            return worked;
        }
        while worked.unconnected.is_none() {
            let Some(group) = next() else {
                is_empty.notify_one();
                break;
            };
            worked.settle(loader, group, run).await;
        }
        worked
    });
    let mut worked = join_all(working).await.into_iter().reduce(Worked::and).unwrap_or_default();
    while let (Some(loader), Some(group)) = (loaders.first(), next()) {
        worked.settle(loader, group, run).await;
    }
    worked.answered.sort_by_key(|(place, _)| *place);
    worked.answered.into_iter().map(|(_, answered)| answered).collect()
}

/// What one of those who work has done.
#[derive(Default)]
struct Worked {
    answered: Vec<(usize, Answered)>,
    /// Why there was no connection to be had. What comes after is not tried: each of a hundred would
    /// wait as long, and ask the database as often.
    unconnected: Option<Trouble>,
}

impl Worked {
    async fn settle(&mut self, loader: &Loader, group: Vec<(usize, Item)>, run: Run<'_>) {
        for (place, Item { subject, reply_to }) in group {
            let report = match (&self.unconnected, &subject) {
                (Some(trouble), Subject::Created(object)) if is_raw(&object.key) => {
                    loader.not_tried(object, trouble.clone(), run)
                }
                _ => loader.settle(subject, run).await,
            };
            if report.outcome == Verdict::Retry && !loader.database().is_connected().await {
                self.unconnected.clone_from(&report.error);
            }
            self.answered.push((place, Answered { reply_to, report }));
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.answered.extend(other.answered);
        self.unconnected = self.unconnected.or(other.unconnected);
        self
    }
}

/// Whether there is a connection for a helper. A database that has few or none to spare, or does not
/// answer soon, is left to the first.
async fn connects(loader: &Loader, deadline: Deadline) -> bool {
    let left = deadline.left(SystemTime::now()).unwrap_or(CONNECT_MAX);
    let connecting = tokio::time::timeout(left.min(CONNECT_MAX), loader.database().try_warehouse());
    let is_connected = matches!(connecting.await, Ok(Ok(_)));
    is_connected && !loader.database().make_room().await
}

/// Items with their places, those together that would wait for each other: an object named twice,
/// and in `replace` the objects of one scope.
fn groups(configuration: &Configuration, items: Vec<Item>) -> Vec<Vec<(usize, Item)>> {
    let mut groups = Vec::<Vec<(usize, Item)>>::new();
    let mut known = BTreeMap::<String, usize>::new();
    for (place, item) in items.into_iter().enumerate() {
        let group = match &item.subject {
            Subject::Created(object) => {
                let next = groups.len();
                *known.entry(name(configuration, object)).or_insert(next)
            }
            _ => groups.len(),
        };
        match groups.get_mut(group) {
            Some(group) => group.push((place, item)),
            None => groups.push(vec![(place, item)]),
        }
    }
    groups
}

fn name(configuration: &Configuration, object: &LandedObject) -> String {
    let key = object.key.as_str();
    let Ok(at) = RawLocation::parse(&object.key) else { return key.to_owned() };
    let replaces = configuration
        .endpoint(&at.source, &at.endpoint)
        .is_some_and(|endpoint| endpoint.write == WriteMode::Replace);
    if replaces { format!("{}/{}/{}", at.source, at.endpoint, at.scope) } else { key.to_owned() }
}
