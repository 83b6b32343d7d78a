//! Finds published data sets: in `CONVNET_DATA_DIR`, else in the cache, else on the network.

use std::env;
use std::fs;
use std::io;
#[cfg(feature = "sample")]
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::Error;

/// A published data set: its names, mirrors and files.
pub(super) struct Published {
    pub name: &'static str,
    /// Its folder in the cache and in `CONVNET_DATA_DIR`.
    pub folder: &'static str,
    #[cfg(feature = "download")]
    pub mirrors: &'static [&'static str],
    /// Name, length and SHA-256 of each file on the mirrors.
    #[cfg(feature = "download")]
    pub files: &'static [(&'static str, u64, &'static str)],
}

impl Published {
    /// The data set's own folder inside the folder `CONVNET_DATA_DIR` if `is_own` accepts it, else `CONVNET_DATA_DIR`
    /// itself.
    pub fn data_dir(&self, is_own: impl FnOnce(&Path) -> bool) -> Option<PathBuf> {
        let folder = PathBuf::from(env::var_os("CONVNET_DATA_DIR").filter(|folder| !folder.is_empty())?);
        let own = folder.join(self.folder);
        Some(if is_own(&own) { own } else { folder })
    }

    /// A checked copy of one of the files in the user's cache.
    #[cfg(feature = "download")]
    pub fn fetch(&self, file: usize) -> Result<PathBuf, Error> {
        let (file, bytes, sha256) = self.files[file];
        let remote = super::Remote { dataset: self.folder, file, mirrors: self.mirrors, bytes, sha256 };
        super::Cache::from_env()?.fetch(&remote)
    }

    #[cfg(not(feature = "download"))]
    pub fn fetch(&self, _: usize) -> Result<PathBuf, Error> {
        let attempts = vec![
            "CONVNET_DATA_DIR is not set".to_owned(),
            "convnet was built without its feature download".to_owned(),
        ];
        Err(Error::Unreachable { file: self.name.to_owned(), attempts })
    }
}

/// Prints one line: the sample is used in place of the whole data set, and how to get that.
#[cfg(feature = "sample")]
pub(super) fn say_instead(sample: &str, reason: Error, whole: &str) {
    // A closed stderr is no error.
    let _ = writeln!(
        io::stderr(),
        "convnet: using the embedded sample of {sample}: {}. For {whole}.",
        in_few_words(reason),
    );
}

/// The last place tried, on one line.
#[cfg(feature = "sample")]
fn in_few_words(reason: Error) -> String {
    let text = match reason {
        Error::Unreachable { file, attempts } => {
            format!("cannot get {file} ({})", attempts.last().map_or("", String::as_str))
        }
        other => other.to_string(),
    };
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escaped).collect()
}

/// Whether a path does not exist. A dangling link exists, and a path without permission may.
pub(super) fn absent(path: &Path) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    fs::symlink_metadata(path).is_err_and(|error| matches!(error.kind(), NotFound | NotADirectory))
}
