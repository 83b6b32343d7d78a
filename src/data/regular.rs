//! Opening files from outside, without waiting for pipes or reading devices.

use std::fs::{File, Metadata};
use std::path::Path;

use crate::Error;

/// Value of the flag on most processors; some have their own.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
const O_NONBLOCK: i32 = 0o4000;

/// Opens a regular file and tells its length. Opening a FIFO would wait for a writer, and a device never ends.
pub(crate) fn open_regular(path: &Path) -> Result<(File, u64), Error> {
    let mut options = File::options();
    options.read(true);
    let regular = |metadata: Metadata| {
        let found = match metadata.file_type() {
            kind if kind.is_file() => return Ok(metadata.len()),
            kind if kind.is_dir() => "a folder",
            _ => "a device, pipe or socket",
        };
        Err(Error::format(path, "a file", found))
    };
    // Without waiting for a writer if possible: what a path leads to may change after any look at it.
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, O_NONBLOCK);
    #[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
    regular(std::fs::metadata(path).map_err(Error::io(path, "read"))?)?;
    let file = options.open(path).map_err(Error::io(path, "read"))?;
    let len = regular(file.metadata().map_err(Error::io(path, "read"))?)?;
    Ok((file, len))
}
