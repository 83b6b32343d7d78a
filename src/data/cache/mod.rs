//! Fetches published files into the user's cache folder, where a file gets its name only when it is complete and checked.

mod download;
mod progress;

use std::env;
use std::fmt::Write as _;
use std::fs::{self, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use self::download::{Download, Failure};
use super::regular::open_regular;
use crate::Error;
use crate::file::PARTIAL;

/// A file on the network, with its SHA-256.
///
/// ```
/// use convnet::data::Remote;
///
/// let labels = Remote {
///     dataset: "mnist",
///     file: "t10k-labels-idx1-ubyte.gz",
///     mirrors: &["https://storage.googleapis.com/cvdf-datasets/mnist/"],
///     bytes: 4_542,
///     sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
/// };
/// # assert_eq!(labels.sha256.len(), 64);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Remote<'a> {
    /// Its folder in the cache.
    pub dataset: &'a str,
    /// Its name, in the cache and on the mirrors.
    pub file: &'a str,
    /// The addresses that the name is appended to, tried in this order.
    pub mirrors: &'a [&'a str],
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256, in 64 lower-case hexadecimal digits.
    pub sha256: &'a str,
}

/// A folder of downloaded files. In PyTorch: `torch.hub`; in Keras: `keras.utils.get_file`.
///
/// A file gets its name there only when it is complete, checked and on disk, even if the process is killed or several
/// processes fetch the same file.
#[derive(Debug, Clone)]
pub struct Cache {
    /// The folder; each data set has a folder of its own in it.
    pub root: PathBuf,
    /// Whether to fail rather than use the network.
    pub offline: bool,
    /// Use the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names, unless `NO_PROXY` excludes it.
    pub proxy: bool,
    /// The time-out for opening a connection; looking up the host's name has a quarter of it.
    pub connect_timeout: Duration,
    /// The time-out for a connection that is silent, or that brings less than 1 KiB/s on average.
    pub stall_timeout: Duration,
    /// The time-out for a file from one mirror, with all tries.
    pub mirror_timeout: Duration,
}

impl Cache {
    /// A cache in `root` with time-outs of 10 s to connect, 30 s of silence and 10 min for a file from one mirror.
    ///
    /// ```
    /// use convnet::data::Cache;
    ///
    /// let cache = Cache { offline: true, ..Cache::new("downloads") };
    /// assert_eq!(cache.root.to_str(), Some("downloads"));
    /// ```
    pub fn new(root: impl Into<PathBuf>) -> Cache {
        Cache {
            root: root.into(),
            offline: false,
            proxy: true,
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            mirror_timeout: Duration::from_secs(600),
        }
    }

    /// The user's cache: `convnet` in the system's folder for caches (on Unix `XDG_CACHE_HOME`, else
    /// `~/.cache`), and offline if `CONVNET_OFFLINE` is set to anything but 0 or nothing.
    ///
    /// # Errors
    /// [`Error::Argument`] if the user has no home folder.
    ///
    /// ```
    /// use convnet::data::Cache;
    ///
    /// let cache = Cache::from_env()?;
    /// assert!(cache.root.ends_with("convnet"));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn from_env() -> Result<Cache, Error> {
        let folder = etcetera::choose_base_strategy().map(|user| user.cache_dir());
        match folder {
            Ok(folder) if folder.is_absolute() => {
                let offline = env::var_os("CONVNET_OFFLINE").is_some_and(|set| !set.is_empty() && set != "0");
                Ok(Cache { offline, ..Cache::new(folder.join("convnet")) })
            }
            Ok(folder) => Err(Error::argument("cache folder", "an absolute path", folder.display())),
            Err(_) => Err(Error::argument("cache folder", "one in the user's home folder", "no home folder")),
        }
    }

    /// The path of a checked copy of the file: the one in the cache if its SHA-256 is right, else a fresh one
    /// from the first mirror that has it.
    ///
    /// A download that breaks off is resumed if the mirror supports it. It reads no more than [`Remote::bytes`] bytes and
    /// follows up to five redirections. Partial files of killed processes are removed.
    ///
    /// # Errors
    /// [`Error::Unreachable`] with what is wrong with the cached file and with each mirror; [`Error::Io`] if the
    /// cache cannot be written.
    ///
    /// ```
    /// use convnet::data::{Cache, Remote};
    ///
    /// let folder = tempfile::tempdir().unwrap();
    /// let cache = Cache { offline: true, ..Cache::new(folder.path()) };
    /// let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    /// let remote = Remote { dataset: "letters", file: "abc", mirrors: &[], bytes: 3, sha256: abc };
    /// assert!(cache.fetch(&remote).unwrap_err().to_string().contains("offline"));
    ///
    /// std::fs::create_dir(folder.path().join("letters")).unwrap();
    /// std::fs::write(folder.path().join("letters/abc"), "abc").unwrap();
    /// assert_eq!(cache.fetch(&remote)?, folder.path().join("letters/abc"));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn fetch(&self, remote: &Remote<'_>) -> Result<PathBuf, Error> {
        let folder = self.root.join(remote.dataset);
        let path = folder.join(remote.file);
        remove_leftovers(&folder, remote);
        let mut attempts = match check(&path, remote) {
            Ok(()) => return Ok(path),
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                vec![format!("{}: not there", folder.display())]
            }
            Err(reason) => vec![reason.to_string()],
        };
        let unreachable = |attempts| {
            let file = format!("{}/{}", remote.dataset, remote.file);
            Err(Error::Unreachable { file, attempts })
        };
        if self.offline {
            attempts.push("the cache is offline (CONVNET_OFFLINE)".to_owned());
            return unreachable(attempts);
        }

        fs::create_dir_all(&folder).map_err(Error::io(&folder, "create"))?;
        let partial = new_partial(&folder, remote).map_err(Error::io(&folder, "write in"))?;
        let mut download = Download::new(self, remote, partial);
        for mirror in remote.mirrors {
            let url = format!("{}/{}", mirror.trim_end_matches('/'), remote.file);
            match download.run(&url) {
                Ok(()) => return download.keep(path),
                Err(Failure::Local(error)) => return Err(Error::io(&folder, "write in")(error)),
                Err(Failure::Final(reason) | Failure::Transient(reason)) => {
                    attempts.push(format!("{mirror}: {reason}"));
                }
            }
        }
        unreachable(attempts)
    }
}

/// Whether a cached file is the published one.
fn check(path: &Path, remote: &Remote<'_>) -> Result<(), Error> {
    let (mut file, len) = open_regular(path)?;
    if len != remote.bytes {
        return Err(Error::format(path, format!("{} bytes", remote.bytes), len.to_string()));
    }
    let found = digest(&mut file).map_err(Error::io(path, "read"))?;
    if found != remote.sha256 {
        return Err(Error::format(path, format!("SHA-256 {}", remote.sha256), found));
    }
    Ok(())
}

fn digest(file: &mut impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => hasher.update(&buffer[..count]),
        }
    }
    Ok(hasher.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

fn partial_prefix(remote: &Remote<'_>) -> String {
    format!(".{}.", remote.file)
}

/// A new file that is locked as long as this process has it open.
fn new_partial(folder: &Path, remote: &Remote<'_>) -> io::Result<NamedTempFile> {
    let prefix = partial_prefix(remote);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(PARTIAL);
    // As any other new file, where the default is for the user's eyes only.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    for _ in 0..8 {
        let partial = builder.tempfile_in(folder)?;
        // Before it is locked, another process may take it for a leftover. Some file systems know no locks.
        let taken = matches!(partial.as_file().try_lock(), Err(TryLockError::WouldBlock));
        if !taken && partial.path().exists() {
            return Ok(partial);
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// Removes the files of killed processes: nobody holds their lock any more.
fn remove_leftovers(folder: &Path, remote: &Remote<'_>) {
    let prefix = partial_prefix(remote);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with(&prefix) && name.ends_with(PARTIAL));
        if ours && open_regular(&entry.path()).is_ok_and(|(file, _)| file.try_lock().is_ok()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
