//! A cache in a temporary folder, and one file to fetch into it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use convnet::Error;
use convnet::data::{Cache, Remote};
use sha2::{Digest, Sha256};

use crate::mirror::{LEN, content};

pub const CUT: usize = 100_000;
/// Longer than anything takes that is not a fault.
pub const LONG: Duration = Duration::from_secs(600);

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A cache in a temporary folder.
pub struct Room {
    pub folder: tempfile::TempDir,
    pub cache: Cache,
}

impl Room {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Room { cache: cache(folder.path()), folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("letters/file")
    }

    pub fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().with_file_name(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join("letters")).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    pub fn fetch(&self, mirrors: &[&str]) -> Result<PathBuf, Error> {
        fetch(&self.cache, mirrors)
    }

    /// Fetches the file and checks that it is there, alone.
    pub fn gets(&self, mirrors: &[&str]) {
        assert_eq!(self.fetch(mirrors).unwrap(), self.path());
        assert!(fs::read(self.path()).unwrap() == content());
        assert_eq!(self.names(), ["file"]);
    }

    /// Fetches in vain, and checks that every part of the reason is told and nothing stays behind.
    pub fn fails(&self, mirrors: &[&str], reasons: &[&str]) {
        let error = self.fetch(mirrors).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Unreachable { .. }), "{text}");
        assert!(text.starts_with("cannot get letters/file: "), "{text}");
        assert!(mirrors.iter().chain(reasons).all(|part| text.contains(part)), "{text}");
        assert!(self.names().iter().all(|name| name == "file"), "{:?}", self.names());
    }
}

/// Time-outs are too long to be met on a machine that is busy with other things.
pub fn cache(root: &Path) -> Cache {
    Cache {
        proxy: false,
        connect_timeout: LONG,
        stall_timeout: LONG,
        mirror_timeout: LONG,
        ..Cache::new(root)
    }
}

pub fn fetch(cache: &Cache, mirrors: &[&str]) -> Result<PathBuf, Error> {
    let sha256 = sha256(&content());
    cache.fetch(&Remote { dataset: "letters", file: "file", mirrors, bytes: LEN as u64, sha256: &sha256 })
}
