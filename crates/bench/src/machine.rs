//! What the measurements were made on, and what its processes take.

use std::process::Command;

use serde::Serialize;

use crate::numbers::float;

/// Kernel ticks a second, as `/proc` counts CPU on all Linux systems of today.
const TICKS: f64 = 100.0;

/// Facts that a result is worth nothing without.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    pub(crate) date: String,
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) memory_gb: f64,
    pub(crate) kernel: String,
    pub(crate) rustc: String,
    pub(crate) commit: String,
    pub(crate) postgres: String,
    pub(crate) settings: Vec<(String, String)>,
}

impl Machine {
    /// This machine, now.
    pub(crate) fn look(postgres: &str, settings: Vec<(String, String)>) -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let memory_kb = field(&read("/proc/meminfo"), "MemTotal")
            .and_then(|value| value.trim_end_matches(" kB").parse().ok())
            .map_or(0.0, float);
        Self {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_default(),
            memory_gb: memory_kb / 1024.0 / 1024.0,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            rustc: said_by("rustc", &["--version"]),
            commit: said_by("git", &["describe", "--always", "--dirty"]),
            postgres: postgres.to_owned(),
            settings,
        }
    }
}

fn field(text: &str, name: &str) -> Option<String> {
    let value = |line: &str| Some(line.strip_prefix(name)?.trim().strip_prefix(':')?.to_owned());
    text.lines().find_map(value).map(|value| value.trim().to_owned())
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// CPU of a process and of its children, those that have ended included, in seconds.
pub(crate) fn cpu_seconds_of_family(parent: u32) -> f64 {
    let own = Stat::of(parent).map_or(0.0, |stat| stat.own + stat.ended_children);
    let children = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let children = children.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let children = children.filter_map(Stat::of).filter(|stat| stat.parent == parent);
    own + children.map(|stat| stat.own + stat.ended_children).sum::<f64>()
}

struct Stat {
    parent: u32,
    own: f64,
    ended_children: f64,
}

impl Stat {
    /// Source: proc_pid_stat(5); fields are counted behind the name, which may hold anything.
    fn of(pid: u32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks = |index: usize| fields.get(index)?.parse().ok().map(float);
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: (ticks(11)? + ticks(12)?) / TICKS,
            ended_children: (ticks(13)? + ticks(14)?) / TICKS,
        })
    }
}

/// Seconds of all cores: busy, and altogether.
pub(crate) fn cpu_of_machine() -> (f64, f64) {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let ticks = line.split_whitespace().skip(1).take(8).filter_map(|field| field.parse().ok());
    let ticks: Vec<f64> = ticks.map(float).collect();
    let idle: f64 = ticks.iter().skip(3).take(2).sum();
    let all: f64 = ticks.iter().sum();
    ((all - idle) / TICKS, all / TICKS)
}
