//! Others' ways of doing M, each as a whole process on the same files and the same Postgres. They
//! read from the local disk, which is less work than S3.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::bench::{ALL, Bench, TABLES, ensure_rows_of};
use crate::ground::Database;
use crate::measuring::{Program, Taken};
use crate::numbers::{float, middle};
use crate::progress::say;
use crate::report::Target;
use crate::sets::{Document, Set};

const WORK: &str = "M, first load: faster than";
const SCHEMA: &str = "peer";
/// Tables as the hand-written loaders name them; dlt names them as load does.
const BY_HAND: [&str; 3] = ["guest_checks", "taxes", "detail_lines"];

struct Peer {
    name: &'static str,
    /// What it needs of the package index; the first one is it.
    packages: &'static [&'static str],
    tables: [&'static str; 3],
    target: Target,
    way: Way,
}

#[derive(Clone, Copy)]
enum Way {
    Hand,
    Dlt { tuned: bool },
    Singer,
}

const PEERS: [Peer; 4] = [
    Peer {
        name: "hand COPY + merge",
        packages: &["psycopg2-binary", "orjson"],
        tables: BY_HAND,
        target: Target::at_least(5.0, 3.0),
        way: Way::Hand,
    },
    Peer {
        name: "dlt merge, tuned",
        packages: &["dlt[postgres]", "orjson"],
        tables: TABLES,
        target: Target::at_least(15.0, 10.0),
        way: Way::Dlt { tuned: true },
    },
    Peer {
        name: "dlt merge",
        packages: &["dlt[postgres]", "orjson"],
        tables: TABLES,
        target: Target::at_least(30.0, 20.0),
        way: Way::Dlt { tuned: false },
    },
    Peer {
        name: "Singer target-postgres",
        packages: &["meltanolabs-target-postgres", "orjson"],
        tables: BY_HAND,
        target: Target::at_least(50.0, 35.0),
        way: Way::Singer,
    },
];

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let set = bench.sized(Set::m());
    let lake = bench.lake(&set).await?;
    let files = written(&bench.dir.join("files"), &set)?;
    for peer in &PEERS {
        let python = installed(bench, peer).await?;
        let version = version(&python, peer.packages.first().copied().unwrap_or_default()).await?;
        say(&format!("{} ({version})", peer.name));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..bench.options.rounds {
            let database = bench.ground.fresh("bench_peers").await?;
            let quiet = bench.quiet()?;
            ours.push(bench.load(&lake, &database, ALL).await?.taken.seconds());
            drop(quiet);
            let database = bench.ground.fresh("bench_peers").await?;
            let quiet = bench.quiet()?;
            theirs.push(peer.load(bench, &python, &files, &database).await?);
            drop(quiet);
            ensure_rows_of(SCHEMA, peer.tables, &database, lake.inventory.counts).await?;
            let last = theirs.last().map_or(f64::NAN, Taken::seconds);
            say(&format!("{} round {}: {last:.2} s", peer.name, round + 1));
        }
        let seconds: Vec<f64> = theirs.iter().map(Taken::seconds).collect();
        let memory: Vec<f64> = theirs.iter().map(Taken::max_rss_mb).collect();
        let (time, own) = (middle(&seconds), middle(&ours));
        bench.results.keep(&format!("M first: {}", peer.name), "s", &seconds);
        let megabytes = float(lake.inventory.counts.bytes) / 1e6;
        bench.results.judge(
            (WORK, peer.name),
            peer.target,
            time / own,
            format!(
                "{version}: {time:.2} s ({:.1} MB/s, {:.0} MB resident) ÷ {own:.2} s",
                megabytes / time,
                middle(&memory)
            ),
        );
        bench.write()?;
    }
    Ok(())
}

impl Peer {
    async fn load(
        &self,
        bench: &Bench,
        python: &Path,
        files: &Path,
        database: &Database,
    ) -> anyhow::Result<Taken> {
        let scratch = bench.dir.join("peer-scratch");
        if scratch.exists() {
            std::fs::remove_dir_all(&scratch)?;
        }
        std::fs::create_dir_all(&scratch)?;
        let url = database.url.replace("postgres://", "postgresql://");
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let script = |name: &str| text(&scripts().join(name));
        let mut command = vec![text(python)];
        match self.way {
            Way::Hand => {
                command.extend([script("hand_copy.py"), text(files), url, SCHEMA.to_owned()]);
            }
            Way::Dlt { tuned } => {
                command.extend([script("dlt_merge.py"), text(files), url, SCHEMA.to_owned()]);
                command.push(text(&scratch));
                command.extend(tuned.then(|| "tuned".to_owned()));
            }
            Way::Singer => {
                let config = scratch.join("config.json");
                std::fs::write(&config, singer_configuration(&url).to_string())?;
                let line = format!(
                    "'{}' '{}' '{}' | '{}' --config '{}' 2>&1 >'{}' | tail -5",
                    text(python),
                    script("tap.py"),
                    text(files),
                    text(&python.with_file_name("target-postgres")),
                    text(&config),
                    text(&scratch.join("state.json"))
                );
                // A target that fails must not end as well as the `tail` behind it.
                command = ["bash", "-o", "pipefail", "-c"].map(str::to_owned).to_vec();
                command.push(line);
            }
        }
        let nothing = BTreeMap::from([
            ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
            ("TMPDIR".to_owned(), text(&scratch)),
        ]);
        Program { command, environment: &nothing, limit_mb: None }.run(&bench.dir).await
    }
}

fn singer_configuration(url: &str) -> serde_json::Value {
    serde_json::json!({
        "sqlalchemy_url": url.replace("postgresql://", "postgresql+psycopg://"),
        "default_target_schema": SCHEMA,
        "load_method": "upsert",
        "add_record_metadata": false,
        "activate_version": false,
    })
}

/// The scripts stand beside this source.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// The set as files, in folders as the lake has them.
fn written(root: &Path, set: &Set) -> anyhow::Result<PathBuf> {
    let dir = root.join(set.folder());
    if dir.exists() {
        return Ok(dir);
    }
    let half = root.join("half");
    for object in set.objects() {
        let path = half.join(object.key.as_str());
        std::fs::create_dir_all(path.parent().unwrap_or(&half))?;
        let mut document = Document::new(object.document);
        let text: String = std::iter::from_fn(|| document.piece()).collect();
        std::fs::write(path, text)?;
    }
    std::fs::rename(&half, &dir)?;
    Ok(dir)
}

/// A virtual environment of the peer's own, with the packages in it.
async fn installed(bench: &Bench, peer: &Peer) -> anyhow::Result<PathBuf> {
    let name: String = peer.packages.concat().replace(|it: char| !it.is_alphanumeric(), "-");
    let dir = bench.dir.join("venv").join(name);
    let python = dir.join("bin/python");
    let ready = dir.join("ready");
    if ready.exists() {
        return Ok(python);
    }
    say(&format!("installing {}…", peer.packages.join(", ")));
    run_well(Command::new("python3").args(["-m", "venv"]).arg(&dir)).await?;
    let mut pip = Command::new(&python);
    run_well(pip.args(["-m", "pip", "install", "--quiet"]).args(peer.packages)).await?;
    std::fs::write(ready, "")?;
    Ok(python)
}

async fn version(python: &Path, package: &str) -> anyhow::Result<String> {
    let name = package.split('[').next().unwrap_or(package);
    let code = format!("import importlib.metadata as m; print(m.version('{name}'))");
    let output = run_well(Command::new(python).args(["-c", &code])).await?;
    Ok(format!("{name} {}", output.trim()))
}

async fn run_well(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().await.context("a peer needs python3 with venv and pip")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {said}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
