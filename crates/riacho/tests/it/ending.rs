//! However `riacho dev` ends, nothing is left running, and what it held is there again.

use rustix::process::Signal;

use crate::support::{Dev, wait_until_nothing_names};

#[test]
fn ctrl_c_and_sigterm_end_everything_in_order() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut dev = Dev::start(&[]);
        assert_eq!(dev.end_by(signal), Some(0));
        wait_until_nothing_names(dev.dir.path());
    }
}

#[test]
fn not_even_a_kill_leaves_a_server_behind() {
    let mut dev = Dev::start(&[]);
    assert_eq!(dev.end_by(Signal::KILL), None);
    wait_until_nothing_names(dev.dir.path());
}
