//! A hard limit on a process's memory, as a Lambda of that size has it: a control group where one
//! can be made, else a limit on address space, which also counts what is reserved and never used.

use std::path::{Path, PathBuf};

use anyhow::Context;

const V1: &str = "/sys/fs/cgroup/memory";
const V2: &str = "/sys/fs/cgroup";

/// A limit that holds for what this process starts, while this value lives.
#[derive(Debug)]
pub(crate) enum Confined {
    /// This process is in the group, too: a few megabytes that count against the limit.
    Group {
        /// Its directory.
        dir: PathBuf,
        /// Where the process goes back to, so that the group can be removed.
        before: PathBuf,
    },
    /// By the shell's `ulimit -v`.
    AddressSpace {
        /// In kilobytes.
        kilobytes: u64,
    },
}

impl Confined {
    /// Limits what is started from now on to so many megabytes, of 1,048,576 bytes as Lambda's.
    pub(crate) fn within(megabytes: u64) -> anyhow::Result<Self> {
        let bytes = (megabytes << 20).to_string();
        for (root, file) in [(V1, "memory.limit_in_bytes"), (V2, "memory.max")] {
            if let Some(group) = Self::group(Path::new(root), file, &bytes) {
                return Ok(group);
            }
        }
        Ok(Self::AddressSpace { kilobytes: megabytes << 10 })
    }

    fn group(root: &Path, file: &str, bytes: &str) -> Option<Self> {
        let dir = root.join(format!("riacho-bench-{}", std::process::id()));
        std::fs::create_dir(&dir).ok()?;
        let group = Self::Group { dir: dir.clone(), before: root.to_owned() };
        // Dropped where one of these fails, the group goes again.
        std::fs::write(dir.join(file), bytes).ok()?;
        std::fs::write(dir.join("cgroup.procs"), std::process::id().to_string()).ok()?;
        Some(group)
    }

    /// What holds.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Group { before, .. } if before == Path::new(V1) => "cgroup v1",
            Self::Group { .. } => "cgroup v2",
            Self::AddressSpace { .. } => "ulimit -v",
        }
    }

    /// The command as it has to be started.
    pub(crate) fn wrap(&self, command: Vec<String>) -> Vec<String> {
        match self {
            Self::Group { .. } => command,
            Self::AddressSpace { kilobytes } => {
                let script = format!("ulimit -v {kilobytes} && exec \"$@\"");
                let shell = ["/bin/sh".to_owned(), "-c".to_owned(), script, "limited".to_owned()];
                shell.into_iter().chain(command).collect()
            }
        }
    }
}

impl Drop for Confined {
    fn drop(&mut self) {
        if let Self::Group { dir, before } = self {
            let back = before.join("cgroup.procs");
            let gone = std::fs::write(back, std::process::id().to_string())
                .and_then(|()| std::fs::remove_dir(&dir))
                .context("the control group stays behind");
            if let Err(error) = gone {
                crate::progress::say(&format!("{error:#}"));
            }
        }
    }
}
