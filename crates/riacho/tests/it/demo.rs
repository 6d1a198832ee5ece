//! The demo: it tells its story, a second run changes nothing, and an interrupted one starts over.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{Ran, directory, riacho, send, wait, wait_until_nothing_names};

fn demo(dir: &Path, more: &[&str]) -> Ran {
    let mut command = riacho(more);
    command.args(["demo", "--checks", "4", "--dir"]).arg(dir);
    Ran::of(command.output().unwrap())
}

#[test]
fn a_second_run_changes_nothing_and_says_so() {
    let dir = directory();
    let first = demo(&dir.path().join("demo"), &[]);
    assert_eq!(first.code, 0, "{first:?}");
    let told = [
        "TLS with the certificate verified",
        "429 Too Many Requests",
        "guest_checks__taxation",
        "riacho schema accept",
        "0 rows left.",
        "records_missing",
        "The manifest is empty.",
        "Nothing lost, nothing twice.",
    ];
    for words in told {
        assert!(first.out.contains(words), "{words}: {first:?}");
    }
    let widest = first.out.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?}");

    let second = demo(&dir.path().join("demo"), &[]);
    assert_eq!(second.code, 0, "{second:?}");
    for words in ["0 written, 0 requests", "0 rows written", "The second run changed nothing."] {
        assert!(second.out.contains(words), "{words}: {second:?}");
    }
    let third = demo(&dir.path().join("demo"), &["--json"]).json();
    assert_eq!(third["checks"], third["checks_recounted"]);
    assert_eq!(third["open"], 0);
    wait_until_nothing_names(dir.path());
}

#[test]
fn an_interrupted_demo_leaves_no_process_and_starts_over() {
    let dir = directory();
    let place = dir.path().join("demo");
    for (wait_ms, signal) in [(150, Signal::INT), (2_500, Signal::TERM), (5_000, Signal::KILL)] {
        let mut command = riacho(&["demo", "--checks", "4", "--dir"]);
        command.arg(&place).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait_ms));
        send(&child, signal);
        wait(&mut child);
        wait_until_nothing_names(&place);
    }
    let whole = demo(&place, &[]);
    assert_eq!(whole.code, 0, "{whole:?}");
    assert!(whole.out.contains("Nothing lost, nothing twice."), "{whole:?}");
    wait_until_nothing_names(dir.path());
}

#[test]
fn a_directory_that_holds_something_else_is_left_alone() {
    let dir = directory();
    std::fs::write(dir.path().join("thesis.txt"), "ten years of work").unwrap();
    let refused = demo(dir.path(), &["--json"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(dir.path().join("thesis.txt").exists());
}
