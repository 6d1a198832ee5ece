//! `riacho demo`: the whole pipe on a terminal, told in stages, with the real libraries and the
//! events as JSON. A second run in the same directory shows that nothing changes.

mod account;
mod again;
mod ask;
mod drift;
mod failing;
mod first_run;
mod home;
mod recount;
mod stage;
mod watch;

use std::path::PathBuf;

use clap::Args;

use crate::exit::Exit;
use crate::output::Console;
use crate::parts::{Parts, Places};
use crate::signals::asked_to_end;

use account::Account;
use home::{Home, Told};
use stage::Stage;

/// What a page of text and most terminals hold.
const WIDTH: u16 = 98;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where everything is kept, for a second run and for a look around
    #[arg(long, value_name = "DIR", default_value = ".riacho/demo")]
    dir: PathBuf,
    /// Forget what DIR holds and tell the story from its start
    #[arg(long)]
    fresh: bool,
    /// Checks a store and day that the sample API tells of
    #[arg(long, value_name = "N", default_value_t = 25)]
    checks: u32,
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let console = console.within(WIDTH);
    let home = Home::open(&arguments.dir)?;
    let chapter = format!("told with {} checks", arguments.checks);
    let told = home.told(&chapter, arguments.fresh);
    let places = Places {
        dir: home.dir().to_owned(),
        s3_port: 0,
        postgres_port: 0,
        api_port: 0,
        checks_per_day: arguments.checks,
        fresh: told != Told::Whole,
    };
    let asked = asked_to_end();
    tokio::pin!(asked);
    let account = tokio::select! {
        account = Box::pin(tell(&home, told, &chapter, &places, console)) => account?,
        () = &mut asked => {
            console.note("\nstopped; the next run tells the story from its start");
            return Ok(Exit::Failures);
        }
    };
    console.document(&account)?;
    Ok(if account.is_whole() { Exit::Well } else { Exit::Failures })
}

async fn tell(
    home: &Home,
    told: Told,
    chapter: &str,
    places: &Places,
    console: Console,
) -> anyhow::Result<Account> {
    console.say("Riacho: JSON from an API through S3 into Postgres, and what fails back in again.");
    console.say(&format!(
        "All of it runs here, in {}; nothing leaves this machine.",
        home.shown().display()
    ));
    console.heading("1  The parts");
    if told != Told::Whole {
        home.remember("under way")?;
    }
    let meter = console.meter("starting", None);
    let parts = Parts::start(places, &|line| meter.message(line)).await?;
    drop(meter);
    let account = match told {
        Told::Not | Told::Partly => Box::pin(story(&parts, console)).await,
        Told::Whole => Box::pin(again::run(&parts, console)).await,
    };
    parts.stop().await;
    let account = account?;
    home.remember(chapter)?;
    farewell(home, told, console);
    Ok(account)
}

async fn story(parts: &Parts, console: Console) -> anyhow::Result<Account> {
    let mut stage = Stage::open(parts, console).await?;
    stage.introduce();
    first_run::fetch_and_load(&stage).await?;
    ask::as_a_bi_tool(&stage).await?;
    drift::change_shape(&stage).await?;
    failing::fail(&mut stage).await?;
    failing::mend(&mut stage).await?;
    let account = account::close(&stage, 8).await?;
    stage.close().await;
    Ok(account)
}

fn farewell(home: &Home, told: Told, console: Console) {
    console.say("");
    if told != Told::Whole {
        console.say("Run the demo again: everything comes a second time, and nothing changes.");
    }
    let dir = home.shown().display();
    console.say("These very parts, left running for a look around:");
    console.aside(&format!("  {} dev --dir {dir}", own_name()));
}

/// As it was called.
fn own_name() -> String {
    std::env::args().next().unwrap_or_else(|| "riacho".to_owned())
}
