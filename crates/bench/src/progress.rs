//! What is told while it goes, on standard error: the results stand on standard output.

use std::io::Write;

/// Says a line.
pub(crate) fn say(line: &str) {
    // Nobody may be listening any more.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
