//! `riacho replay`: loads again what the manifest lists, once its cause is mended. What succeeds
//! leaves the manifest.

use clap::Args;
use landing::ObjectKey;
use load::{Deadline, Run};
use manifest::event::{Replay, Selection};
use manifest::{Changed, Manifest, Replayed};
use serde_json::json;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::loading::Observer;
use crate::output::{Console, count, plural};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// These objects, open or not; without keys, prefix or kind: all that is open
    #[arg(value_name = "KEY", conflicts_with_all = ["prefix", "kind"])]
    keys: Vec<String>,
    /// All objects whose keys begin so, open or not
    #[arg(long, value_name = "PREFIX", conflicts_with = "kind")]
    prefix: Option<String>,
    /// What is open under this name, records_missing
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Load even what is loaded already or what a guard held back
    #[arg(long)]
    force: bool,
}

impl Arguments {
    fn replay(&self) -> Replay {
        let selection = match (&self.prefix, &self.kind) {
            (Some(prefix), _) => Selection::Prefix(prefix.clone()),
            (None, Some(kind)) => Selection::Kind(kind.clone()),
            (None, None) if self.keys.is_empty() => Selection::Open,
            (None, None) => Selection::Keys(self.keys.iter().map(ObjectKey::new).collect()),
        };
        Replay { selection, force: self.force }
    }
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let environment = Environment::read().await?;
    let manifest = Manifest::new(environment.loader().await?);
    let meter = console.meter("objects replayed", None);
    let observer = Observer::new(meter);
    let run = Run { deadline: Deadline::none(), force: false, progress: &*observer };
    let (replayed, changed) = manifest.replay(&arguments.replay(), run).await?;
    let tally = observer.finish();
    show(console, &replayed, &changed);
    super::load::show_troubles(console, &tally);
    console.document(&json!({
        "replayed": replayed, "listed": changed.listed.len(), "resolved": changed.resolved.len(),
        "open": changed.open, "summary": tally.summary, "troubles": tally.troubles,
    }))?;
    Ok(match (replayed.failed, replayed.left) {
        (0, 0) => Exit::Well,
        (0, _) => Exit::Transient,
        (_, _) => Exit::Failures,
    })
}

fn show(console: &Console, replayed: &Replayed, changed: &Changed) {
    let objects = replayed.loaded + replayed.failed + replayed.left;
    if objects == 0 {
        console.say("Nothing to replay: no failure is open.");
        return;
    }
    let mut parts = vec![format!(
        "{} replayed: {} in order now",
        plural(objects, "objects"),
        count(replayed.loaded)
    )];
    let others = [(replayed.failed, "failed again"), (replayed.left, "to be tried again")];
    let told = others.into_iter().filter(|(number, _)| *number > 0);
    parts.extend(told.map(|(number, what)| format!("{} {what}", count(number))));
    console.say(&parts.join(", "));
    let open = u64::try_from(changed.open).unwrap_or(u64::MAX);
    console.say(&format!("{} open", plural(open, "failures")));
}
