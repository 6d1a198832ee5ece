//! How much memory a process holds of its own, as far as the system tells.

/// Returns the anonymous and shared memory of the process in kilobytes.
///
/// File-backed pages are left out: a debug build's binary is larger than a small function's memory,
/// and the kernel may drop those pages at any time.
pub(crate) fn held_kb(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .and_then(|value| value.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
    };
    Some(field("RssAnon")? + field("RssShmem").unwrap_or_default())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_takes_memory_holds_more() {
        let before = held_kb(std::process::id()).unwrap();
        let memory = vec![1_u8; 32 * 1024 * 1024];
        let after = held_kb(std::process::id()).unwrap();
        assert!(after >= before + 30 * 1024, "{before} {after}");
        drop(memory);
    }
}
