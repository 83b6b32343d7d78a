//! The memory of the process, as Linux tells it.

use std::fs;

/// Bytes that `f` adds to those that are in memory, at most; 0 where `/proc` does not tell.
pub fn added_bytes(f: impl FnOnce()) -> u64 {
    // The most in memory is counted from here on (see proc(5)).
    let _ = fs::write("/proc/self/clear_refs", "5");
    let before = status("VmRSS:");
    f();
    status("VmHWM:").saturating_sub(before)
}

fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    1024 * kibibytes.unwrap_or(0)
}
