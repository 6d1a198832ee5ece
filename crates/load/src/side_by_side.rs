//! The items of one event, several at once: while one waits for the lake or for a commit, another
//! works. Objects that would wait for each other go one after the other.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use configuration::{Configuration, WriteMode};
use futures::future::join_all;
use landing::{LandedObject, RawLocation};

use crate::answer::Answered;
use crate::event::{Item, Subject};
use crate::{Loader, Run};

/// Connections of one function. Two keep a database busy; more would be taken from others.
pub(crate) const AT_ONCE: usize = 2;

/// Settles all items, and answers them in the order that they came in.
pub(crate) async fn settle_all(
    loaders: &[&Loader],
    configuration: &Configuration,
    items: Vec<Item>,
    run: Run<'_>,
) -> Vec<Answered> {
    let groups = Mutex::new(groups(configuration, items).into_iter());
    let next = &|| groups.lock().unwrap_or_else(PoisonError::into_inner).next();
    let working = loaders.iter().enumerate().map(|(number, loader)| async move {
        let mut answered = Vec::new();
        // A database that has no connection to spare is left to the first.
        if number > 0 && loader.database().warehouse().await.is_err() {
            return answered;
        }
        while let Some(group) = next() {
            for (place, Item { subject, reply_to }) in group {
                let report = loader.settle(subject, run).await;
                answered.push((place, Answered { reply_to, report }));
            }
        }
        answered
    });
    let mut answered = join_all(working).await.into_iter().flatten().collect::<Vec<_>>();
    answered.sort_by_key(|(place, _)| *place);
    answered.into_iter().map(|(_, answered)| answered).collect()
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
