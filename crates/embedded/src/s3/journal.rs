//! Keeps the state on disk: a line for each step. A step is taken once its line is written; a line
//! torn by a crash was never answered for, and is dropped at the next start.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use super::error::S3Error;
use super::state::{Change, State};

const JOURNAL: &str = "journal.jsonl";
const LOCK: &str = "lock";

#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    /// Held for as long as the server runs.
    _lock: File,
}

impl Journal {
    /// Takes the directory, reads the state that it holds, and starts a journal of no more than
    /// that state needs.
    pub(crate) fn open(dir: &Path) -> Result<(Self, State), S3Error> {
        let directory = |source| S3Error::Directory { path: dir.to_owned(), source };
        std::fs::create_dir_all(dir).map_err(directory)?;
        let lock = File::create(dir.join(LOCK)).map_err(directory)?;
        lock.try_lock().map_err(|_| S3Error::InUse(dir.to_owned()))?;
        let path = dir.join(JOURNAL);
        let state = match File::open(&path) {
            Ok(file) => read(BufReader::new(file), &path)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => State::default(),
            Err(error) => return Err(directory(error)),
        };
        rewrite(&state, &path).map_err(directory)?;
        let file = OpenOptions::new().append(true).open(&path).map_err(directory)?;
        Ok((Self { file, _lock: lock }, state))
    }

    /// Writes steps that are taken together or not at all.
    pub(crate) fn append(&mut self, changes: &[Change]) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(changes)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

fn read(lines: impl BufRead, path: &Path) -> Result<State, S3Error> {
    let mut state = State::default();
    let mut lines = lines.split(b'\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let line = line.map_err(|source| S3Error::Directory { path: path.to_owned(), source })?;
        match serde_json::from_slice::<Vec<Change>>(&line) {
            Ok(changes) => {
                for change in changes {
                    state.apply(change);
                }
            }
            Err(_) if lines.peek().is_none() => {}
            Err(source) => {
                return Err(S3Error::Damaged { path: path.to_owned(), line: index + 1, source });
            }
        }
    }
    Ok(state)
}

fn rewrite(state: &State, path: &Path) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = BufWriter::new(File::create(&beside)?);
    for change in state.changes() {
        serde_json::to_writer(&mut file, &[change])?;
        file.write_all(b"\n")?;
    }
    file.into_inner()?.sync_all()?;
    std::fs::rename(beside, path)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn created(bucket: &str) -> Change {
        Change::BucketCreated { bucket: bucket.to_owned(), at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn a_torn_last_line_is_dropped_and_the_rest_stands() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(dir.path()).unwrap();
        journal.append(&[created("one")]).unwrap();
        journal.file.write_all(b"[{\"BucketCreated\":{\"buck").unwrap();
        drop(journal);
        let (mut journal, state) = Journal::open(dir.path()).unwrap();
        assert!(state.buckets.contains_key("one"));
        journal.append(&[created("two")]).unwrap();
        drop(journal);
        let (_, state) = Journal::open(dir.path()).unwrap();
        assert_eq!(state.buckets.len(), 2);
    }

    #[test]
    fn damage_in_the_middle_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(JOURNAL), "[]\nx\n[]\n").unwrap();
        let error = Journal::open(dir.path()).unwrap_err();
        assert!(matches!(error, S3Error::Damaged { line: 2, .. }));
    }

    #[test]
    fn one_server_has_a_directory_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let _first = Journal::open(dir.path()).unwrap();
        let error = Journal::open(dir.path()).unwrap_err();
        assert!(matches!(error, S3Error::InUse(_)));
    }
}
