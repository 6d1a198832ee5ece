//! Finds the workspace's own binaries. Cargo tells a test only of the binaries of its own package, so
//! those of others are looked up where Cargo puts them; `make test` builds them first.

use std::path::PathBuf;

/// A binary that is not where Cargo would have put it.
#[derive(Debug, thiserror::Error)]
#[error("binary `{}` is not built; run `cargo build -p fetch -p load -p manifest -p riacho`", .0.display())]
pub struct BinaryNotBuilt(PathBuf);

/// Returns the path of the binary `name` of the profile that the running test, or program, was built
/// with.
pub fn workspace_binary(name: &str) -> Result<PathBuf, BinaryNotBuilt> {
    // A test runs as `target/<profile>/deps/<test>-<hash>`, a program as `target/<profile>/<name>`.
    let program = std::env::current_exe().unwrap_or_default();
    let folders = program.ancestors().skip(1);
    let profile = folders.into_iter().find(|folder| !folder.ends_with("deps"));
    let profile = profile.map(PathBuf::from).unwrap_or_default();
    let binary = profile.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if binary.is_file() { Ok(binary) } else { Err(BinaryNotBuilt(binary)) }
}
