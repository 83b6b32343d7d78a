//! Files that a program writes.

use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// A file that is there under its name when it is complete.
pub struct Report<'a> {
    path: &'a Path,
    file: NamedTempFile,
}

impl<'a> Report<'a> {
    /// Finds out that it cannot be written before anything is measured.
    pub fn new(path: &'a Path) -> Result<Self, String> {
        // A folder cannot be replaced, and a device must not be.
        if path.exists() && !path.is_file() {
            return Err(format!("{path:?}: cannot write: it exists, but is not a file"));
        }
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        // As any other new file, where the default is for the user's eyes only.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        match builder.tempfile_in(folder) {
            Ok(file) => Ok(Report { path, file }),
            Err(error) => Err(unwritable(path, error)),
        }
    }

    pub fn write(mut self, text: &str) -> Result<(), String> {
        self.file.write_all(text.as_bytes()).map_err(|e| unwritable(self.path, e))?;
        self.file.persist(self.path).map(drop).map_err(|e| unwritable(self.path, e.error))
    }
}

fn unwritable(path: &Path, error: io::Error) -> String {
    format!("{path:?}: cannot write: {error}")
}
