//! One function on its feet: load as its handler or as the real binary, or manifest, behind proxies
//! of its own, and what it is to kill it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use emulated::{Function, FunctionOptions};
use load::{Deadline, Loader, Lookup, Run, Unwatched};
use manifest::Manifest;
use objects::Lake;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::faults::Faults;
use super::postgres_proxy::PostgresProxy;
use super::s3_proxy::S3Proxy;
use super::wires::Wires;
use super::world::World;
use crate::workspace_binary;

/// What a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Load,
    /// In a process of its own.
    LoadBinary,
    Manifest,
}

/// What an invocation came to.
#[derive(Debug)]
pub(super) enum Answer {
    Given(Value),
    Failed(String),
    Killed,
}

/// A function and the ways to it.
#[derive(Debug)]
pub(super) struct Actor {
    role: Role,
    /// Which configuration it finds.
    is_old: bool,
    wires: Arc<Wires>,
    postgres: PostgresProxy,
    s3: S3Proxy,
    environment: BTreeMap<String, String>,
    hands: Hands,
}

#[derive(Debug)]
enum Hands {
    Load(Arc<Loader>),
    Binary(Function),
    Manifest(Arc<Manifest>),
}

type Working = JoinHandle<Result<Value, String>>;

impl Actor {
    pub(super) async fn start(world: &World, role: Role, is_old: bool) -> Self {
        let wires = Arc::new(Wires::new(Arc::clone(&world.tally)));
        let postgres = PostgresProxy::start(Arc::clone(&world.cluster), Arc::clone(&wires));
        let postgres = postgres.await.unwrap();
        let s3 = S3Proxy::start(&world.server.endpoint(), Arc::clone(&wires)).await.unwrap();
        let environment = world.environment(&postgres, &s3, is_old);
        let hands = Hands::new(role, &environment).await;
        Self { role, is_old, wires, postgres, s3, environment, hands }
    }

    /// What it is, for people.
    pub(super) fn name(&self) -> String {
        format!("{:?}{}", self.role, if self.is_old { " (old configuration)" } else { "" })
    }

    /// What keeps the manifest, where that is what it is.
    pub(super) fn manifest(&self) -> &Manifest {
        match &self.hands {
            Hands::Manifest(manifest) => manifest,
            Hands::Load(_) | Hands::Binary(_) => panic!("not the manifest"),
        }
    }

    /// Everything that a binary printed.
    pub(super) fn log(&self) -> String {
        match &self.hands {
            Hands::Binary(function) => function.log(),
            Hands::Load(_) | Hands::Manifest(_) => String::new(),
        }
    }

    /// Invokes it while `faults` lie in wait.
    pub(super) async fn invoke(&mut self, event: &Value, faults: &Faults) -> Answer {
        self.postgres.arm(faults.postgres);
        self.s3.arm(faults.s3.clone());
        let mut working = self.hands.work(event.clone(), faults.deadline);
        let answer = tokio::select! {
            biased;
            answer = &mut working => answer.unwrap(),
            () = self.wires.until_killed() => {
                self.kill(working).await;
                return Answer::Killed;
            }
        };
        self.postgres.arm(None);
        self.s3.arm(Vec::new());
        match answer {
            Ok(answer) => Answer::Given(answer),
            Err(message) => Answer::Failed(message),
        }
    }

    /// A binary's process dies by `SIGKILL`, as it is killed where its sandbox is let go; a handler
    /// is dropped where it stands, and its connections with it.
    async fn kill(&mut self, working: Working) {
        working.abort();
        let _ = working.await;
        self.wires.cut();
        self.postgres.arm(None);
        self.s3.arm(Vec::new());
        self.hands = Hands::new(self.role, &self.environment).await;
    }

    /// Loses its connections, as a function does that was frozen for long.
    pub(super) fn disconnect(&self) {
        self.wires.cut();
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.wires.cut();
    }
}

impl Hands {
    async fn new(role: Role, environment: &BTreeMap<String, String>) -> Self {
        match role {
            Role::Load => Self::Load(Arc::new(loader(environment).await)),
            Role::Manifest => Self::Manifest(Arc::new(Manifest::new(loader(environment).await))),
            Role::LoadBinary => {
                let mut options = FunctionOptions::new("load", workspace_binary("load").unwrap());
                options.environment.clone_from(environment);
                Self::Binary(Function::deploy(options))
            }
        }
    }

    fn work(&self, event: Value, deadline: Option<Duration>) -> Working {
        match self {
            Self::Load(loader) => {
                let loader = Arc::clone(loader);
                tokio::spawn(async move {
                    let answer = loader.handle(&event, run(deadline)).await;
                    answer.map_err(|error| error.to_string())
                })
            }
            Self::Manifest(manifest) => {
                let manifest = Arc::clone(manifest);
                tokio::spawn(async move {
                    let answer = manifest.handle(&event, run(deadline)).await;
                    answer.map_err(|error| error.to_string())
                })
            }
            Self::Binary(function) => {
                let function = function.clone();
                tokio::spawn(async move {
                    function.invoke(&event).await.map_err(|error| error.to_string())
                })
            }
        }
    }
}

async fn loader(environment: &BTreeMap<String, String>) -> Loader {
    let lake = Lake::at_endpoint(&environment["AWS_ENDPOINT_URL_S3"], "test", "test");
    let environment = environment.clone();
    let lookup: Lookup = Arc::new(move |name| environment.get(name).cloned());
    Loader::from_lookup(lake, lookup).await.unwrap()
}

/// How an invocation is worked through that has so much time.
pub(super) fn run(left: Option<Duration>) -> Run<'static> {
    let now = SystemTime::now();
    let deadline = left.map_or(Deadline::none(), |left| Deadline::at(now + left, now));
    Run { deadline, force: false, progress: &Unwatched }
}
