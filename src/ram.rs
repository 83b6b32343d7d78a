//! The memory that is free: what is asked before a training takes a lot of it.

use std::fs;
use std::path::Path;

use crate::Error;

/// Bytes that this process can still use, if the operating system tells: on Linux, the least of what the machine has
/// available and what the process's control group leaves.
fn available() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let left = fs::read_to_string("/proc/meminfo").ok().and_then(|text| of_machine(&text));
    left.into_iter().chain(of_groups(&groups, Path::new("/sys/fs/cgroup"))).min()
}

/// Bytes available by the text of `/proc/meminfo`.
fn of_machine(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Bytes that the control groups leave that the text of `/proc/self/cgroup` names: versions 2 and 1, and those around.
fn of_groups(text: &str, root: &Path) -> Option<u64> {
    let number = |path: &Path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let groups = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        match rest.split_once(':')? {
            ("", path) => Some((root.to_path_buf(), ["memory.max", "memory.current"], path)),
            ("memory", path) => {
                Some((root.join("memory"), ["memory.limit_in_bytes", "memory.usage_in_bytes"], path))
            }
            _ => None,
        }
    });
    let left = groups.flat_map(|(root, files, path)| {
        let group = root.join(path.trim_start_matches('/'));
        let around = group.ancestors().take_while(|folder| folder.starts_with(&root));
        let left = around.filter_map(|folder| {
            let [limit, used] = files.map(|file| number(&folder.join(file)));
            Some(limit?.saturating_sub(used?))
        });
        left.collect::<Vec<_>>()
    });
    left.min()
}

/// Refuses work that needs more memory than there is, if that is known.
pub(crate) fn refuse_too_large(work: impl FnOnce() -> String, needed: usize) -> Result<(), Error> {
    compare(work, needed as u64, available())
}

fn compare(work: impl FnOnce() -> String, needed: u64, available: Option<u64>) -> Result<(), Error> {
    match available {
        Some(available) if needed > available => Err(Error::Memory { work: work(), needed, available }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_tells_what_is_available() {
        let text = "MemTotal:       24576000 kB\nMemFree:         100 kB\nMemAvailable:   20480000 kB\n";
        assert_eq!(of_machine(text), Some(20_480_000 * 1024));
        for text in ["", "MemAvailable: many kB", "MemAvailable: 99999999999999999999 kB", "MemAvailable: 5"]
        {
            assert_eq!(of_machine(text), None, "{text}");
        }
    }

    #[test]
    fn a_group_leaves_the_least_of_those_around_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("user/app/memory.max", "max\n");
        write("user/app/memory.current", "10\n");
        write("user/memory.max", "1000\n");
        write("user/memory.current", "400\n");
        write("memory/job/memory.limit_in_bytes", "500\n");
        write("memory/job/memory.usage_in_bytes", "600\n");
        assert_eq!(of_groups("0::/user/app\n", root), Some(600));
        assert_eq!(of_groups("4:memory:/job\n0::/user/app\n", root), Some(0));
        assert_eq!(of_groups("0::/elsewhere\nnonsense\n", root), None);
    }

    #[test]
    fn the_sentence_has_both_sizes() {
        let work = || "a training step with 512 samples".to_owned();
        assert!(compare(work, 10, None).is_ok() && compare(work, 10, Some(10)).is_ok());
        assert_eq!(
            compare(work, 3 << 30, Some(1 << 29)).unwrap_err().to_string(),
            "a training step with 512 samples needs 3072.0 MiB of memory, and 512.0 MiB are available; fewer samples need less"
        );
    }
}
