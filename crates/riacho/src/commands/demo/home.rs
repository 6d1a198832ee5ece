//! The demo's directory: whose it is, that only one demo runs in it, and how far the story got.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::exit::Usage;

const MARKER: &str = "demo.txt";

/// How far the story got in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing is there.
    Not,
    /// It was interrupted, or is to be told anew.
    Partly,
    /// To its end.
    Whole,
}

/// A directory that this demo has to itself.
#[derive(Debug)]
pub(super) struct Home {
    shown: PathBuf,
    dir: PathBuf,
    story: String,
    /// Held, never read: the kernel lets go of it with the process.
    _lock: File,
}

impl Home {
    /// Takes the directory, made where it is missing. One that holds something else is refused, for
    /// a demo empties what it finds.
    pub(super) fn open(shown: &Path) -> anyhow::Result<Self> {
        let dir = std::path::absolute(shown)?;
        let marker = dir.join(MARKER);
        let holds_something =
            || std::fs::read_dir(&dir).is_ok_and(|mut entries| entries.next().is_some());
        if !marker.exists() && holds_something() {
            let dir = shown.display();
            let message = format!("{dir} holds something that is no demo; name another by --dir");
            return Err(Usage(message).into());
        }
        let fail = || format!("directory {} can't be used", dir.display());
        std::fs::create_dir_all(&dir).with_context(fail)?;
        let lock = File::options()
            .create(true)
            .append(true)
            .read(true)
            .open(&marker)
            .with_context(fail)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("another demo runs in {}", shown.display());
                return Err(Usage(message).into());
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(fail),
        }
        let story = std::fs::read_to_string(&marker).with_context(fail)?;
        Ok(Self { shown: shown.to_owned(), dir, story, _lock: lock })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The directory as it was named.
    pub(super) fn shown(&self) -> &Path {
        &self.shown
    }

    /// How far the story got; `chapter` is what the whole of it depends on.
    pub(super) fn told(&self, chapter: &str, fresh: bool) -> Told {
        match self.story.trim() {
            "" => Told::Not,
            whole if whole == chapter && !fresh => Told::Whole,
            _ => Told::Partly,
        }
    }

    /// Says that the story is under way, or told to its end.
    pub(super) fn remember(&self, story: &str) -> anyhow::Result<()> {
        // Written in place: another file of that name would not be locked.
        std::fs::write(self.dir.join(MARKER), story)
            .with_context(|| format!("{} can't be written", self.dir.join(MARKER).display()))
    }
}
