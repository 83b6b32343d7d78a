//! Atomic replacement of files.

use std::fs;
use std::io;
#[cfg(any(feature = "plot", feature = "store"))]
use std::io::{BufWriter, Write};
use std::path::Path;

#[cfg(any(feature = "plot", feature = "store"))]
use crate::Error;

/// The ending of the names of incomplete files.
pub(crate) const PARTIAL: &str = ".partial";

/// The folder of a path.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}

/// Removes incomplete files that killed processes have left, if their names begin with one of `starts`.
#[cfg(feature = "store")]
pub(crate) fn remove_leftovers(folder: &Path, starts: &[&str]) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let of_file = name.strip_prefix('.').filter(|name| name.ends_with(PARTIAL));
        if of_file.is_some_and(|name| starts.iter().any(|start| name.starts_with(start))) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Writes a temporary file in the same folder, and renames it to `path` when it is complete and on disk.
///
/// # Errors
/// [`Error::Io`] if it cannot be written, or if `path` exists and is not a file. An older file is then untouched.
#[cfg(any(feature = "plot", feature = "store"))]
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&fs::File>) -> io::Result<()>,
) -> Result<(), Error> {
    let mut write = Some(write);
    replace_by(path, &mut |file| write.take().map_or(Ok(()), |write| write(file)))
}

/// The body of [`replace`], compiled once and not for each `write`, which it calls once.
#[cfg(any(feature = "plot", feature = "store"))]
fn replace_by(
    path: &Path,
    write: &mut dyn FnMut(&mut BufWriter<&fs::File>) -> io::Result<()>,
) -> Result<(), Error> {
    let old = fs::metadata(path).ok();
    // A folder cannot be replaced, and a device must not be.
    if old.as_ref().is_some_and(|there| !there.is_file()) {
        let error = io::Error::new(io::ErrorKind::AlreadyExists, "it exists, but is not a file");
        return Err(Error::io(path, "write")(error));
    }
    // The target of a link is replaced, not the link.
    let target = if path.is_symlink() { fs::canonicalize(path).ok() } else { None };
    let target = target.as_deref().unwrap_or(path);
    // Only a part of the name, which may have the greatest allowed length.
    let name = target.file_name().unwrap_or_default().to_string_lossy().chars().take(32).collect::<String>();
    let prefix = format!(".{name}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(PARTIAL);
    // The permissions of any new file; by default only the user could read a temporary file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let fresh = builder.tempfile_in(folder_of(target)).map_err(Error::io(path, "write"))?;
    let mut to = BufWriter::new(fresh.as_file());
    write(&mut to).and_then(|()| to.flush()).map_err(Error::io(path, "write"))?;
    drop(to);
    if let Some(old) = old {
        fresh.as_file().set_permissions(old.permissions()).map_err(Error::io(path, "write"))?;
    }
    keep(fresh, target).map_err(Error::io(path, "write"))
}

/// Renames a complete file, once its content is on disk.
pub(crate) fn keep(fresh: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    fresh.as_file().sync_all()?;
    fresh.persist(path).map_err(|error| error.error)?;
    // An error is ignored: the file is complete, and not every file system can sync a folder.
    #[cfg(unix)]
    let _ = fs::File::open(folder_of(path)).and_then(|folder| folder.sync_all());
    Ok(())
}

#[cfg(all(test, feature = "store"))]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    const OLD: &[u8] = b"the old content";
    const NEW: &[u8] = b"what replaces it, which is longer";

    /// Ends its process after some bytes, in the processes that the test starts.
    #[test]
    fn child_process() {
        let Some(path) = std::env::var_os("TEST_REPLACE").map(PathBuf::from) else { return };
        let bytes: usize = std::env::var("TEST_BYTES").unwrap().parse().unwrap();
        replace(&path, |to| {
            to.write_all(&NEW[..bytes])?;
            to.flush()?;
            std::process::exit(7)
        })
        .unwrap();
    }

    /// A process that ends after any number of bytes, even after the last, leaves the old file, or none if there was none.
    #[test]
    fn a_file_that_is_not_complete_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for (name, old) in [("old", Some(OLD)), ("none", None)] {
            let path = folder.path().join(name);
            if let Some(old) = old {
                fs::write(&path, old).unwrap();
            }
            for bytes in 0..=NEW.len() {
                let status = Command::new(std::env::current_exe().unwrap())
                    .args(["--exact", "file::tests::child_process"])
                    .env("TEST_REPLACE", &path)
                    .env("TEST_BYTES", bytes.to_string())
                    .output()
                    .unwrap()
                    .status;
                assert_eq!(status.code(), Some(7), "{bytes} bytes");
                assert_eq!(fs::read(&path).ok().as_deref(), old, "{bytes} bytes");
                remove_leftovers(folder.path(), &[name]).unwrap();
            }
            replace(&path, |to| to.write_all(NEW)).unwrap();
            assert_eq!(fs::read(&path).unwrap(), NEW);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing but the two files");
    }
}
