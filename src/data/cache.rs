//! Fetches published files into a folder of the user's, where only whole, checked files ever get a name.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use etcetera::BaseStrategy;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use ureq::http::{HeaderMap, Response, StatusCode, Uri};

use super::idx::open_regular;
use crate::Error;
use crate::file::{self, PARTIAL};

/// Tries in a row on one mirror that bring less than [`PROGRESS`].
const TRIES: u32 = 3;
/// Bytes that show a mirror to be alive: the download then goes on from there when it is cut off.
const PROGRESS: u64 = 64 << 10;
/// Tries on one mirror, whatever they bring.
const ALL_TRIES: u32 = 8;
/// Redirections that one try follows.
const HOPS: u32 = 5;
/// Bytes a second, averaged over the stall time-out, below which a connection counts as stalled.
const SLOWEST: f64 = 1024.0;
/// The wait before the second try; the third waits longer.
const BACK_OFF: Duration = Duration::from_millis(200);
/// Longer time-outs are cut to this, which can be added to the time of day.
const A_YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// A file published on the network, known by its SHA-256.
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
    /// The folder it gets in the cache.
    pub dataset: &'a str,
    /// Its name, in the cache and on the mirrors.
    pub file: &'a str,
    /// The addresses that the name is appended to, tried in this order.
    pub mirrors: &'a [&'a str],
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in 64 lower-case hexadecimal digits.
    pub sha256: &'a str,
}

/// A folder of downloaded files.
///
/// A file gets its name there only when it is complete, checked and on disk; processes that die midway or fetch
/// the same file at once leave nothing that is trusted later.
#[derive(Debug, Clone)]
pub struct Cache {
    /// The folder; each data set has a folder of its own in it.
    pub root: PathBuf,
    /// Never touch the network.
    pub offline: bool,
    /// Use the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names, unless `NO_PROXY` excludes it.
    pub proxy: bool,
    /// How long a connection may take to stand; looking up the host's name may take a quarter of it.
    pub connect_timeout: Duration,
    /// How long a connection may be silent, or bring less than 1 KiB/s on average.
    pub stall_timeout: Duration,
    /// How long one mirror may take to give one file, with all tries.
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
    /// A download that is cut off goes on where it stopped, if the mirror can. It reads no more than
    /// [`Remote::bytes`] and follows up to five redirections. What killed downloads left behind is removed.
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
        let mut download =
            Download { cache: self, agent: self.agent(), remote, partial, have: 0, progress: None };
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

    fn agent(&self) -> ureq::Agent {
        let [connect, stall] = [self.connect_timeout, self.stall_timeout].map(|time| Some(time.min(A_YEAR)));
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .user_agent(concat!("convnet/", env!("CARGO_PKG_VERSION")))
            // A transport encoding would be counted and hashed in place of the file.
            .accept_encoding("identity")
            .proxy(if self.proxy { ureq::Proxy::try_from_env() } else { None })
            // The body of a redirection would be read to its end, which may never come.
            .max_redirects(0)
            .timeout_resolve(connect.map(|time| time / 4))
            .timeout_connect(connect)
            .timeout_recv_response(stall)
            .timeout_per_read(stall)
            .timeout_per_write(stall)
            .build()
            .new_agent()
    }
}

/// Why a mirror did not give the file.
enum Failure {
    /// Asking again is of no use.
    Final(String),
    /// Asking again may help.
    Transient(String),
    /// The cache, not the mirror, is at fault.
    Local(io::Error),
}

/// A download under way; the bytes so far are in a file that only this process knows.
struct Download<'a> {
    cache: &'a Cache,
    agent: ureq::Agent,
    remote: &'a Remote<'a>,
    partial: NamedTempFile,
    have: u64,
    progress: Option<Progress>,
}

impl Download<'_> {
    /// Gets the whole file from one mirror, from scratch.
    fn run(&mut self, url: &str) -> Result<(), Failure> {
        self.restart()?;
        self.progress = None;
        let timeout = self.cache.mirror_timeout.min(A_YEAR);
        let until = Instant::now() + timeout;
        let (mut count, mut tries, mut furthest, mut restarted) = (0, 1, 0, false);
        loop {
            let resuming = self.have > 0;
            let result = self.request(url, until).and_then(|resumed| self.verify(resumed));
            count += 1;
            tries = if self.have >= furthest + PROGRESS { 1 } else { tries + 1 };
            furthest = furthest.max(self.have);
            let reason = match result {
                Err(Failure::Transient(reason)) => reason,
                // A mirror that fails to resume may still give the whole.
                Err(Failure::Final(reason)) if resuming && !restarted => {
                    self.restart()?;
                    (tries, restarted) = (1, true);
                    reason
                }
                other => return other,
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Failure::Final(format!("{reason} (after {timeout:?})")));
            }
            if tries > TRIES || count == ALL_TRIES {
                return Err(Failure::Final(format!("{reason} (after {count} tries)")));
            }
            thread::sleep(left.min(BACK_OFF * tries.max(2).pow(2) / 4));
        }
    }

    /// One try to get the bytes still missing; tells whether it went on from an earlier one.
    fn request(&mut self, url: &str, until: Instant) -> Result<bool, Failure> {
        let bytes = self.remote.bytes;
        let response = self.follow(url, until)?;
        let page = response.body().mime_type() == Some("text/html");
        match response.status() {
            StatusCode::OK if page => {
                return Err(Failure::Final(format!("expected a file of {bytes} bytes, found a web page")));
            }
            StatusCode::OK => self.restart()?,
            StatusCode::PARTIAL_CONTENT if self.goes_on(response.headers()) => {}
            status if status.is_server_error() || matches!(status.as_u16(), 408 | 429) => {
                return Err(Failure::Transient(format!("expected HTTP 200, found {status}")));
            }
            status => return Err(Failure::Final(format!("expected HTTP 200, found {status}"))),
        }
        let resumed = self.have > 0;
        if let Some(rest) = response.body().content_length() {
            let end = self.have.saturating_add(rest);
            // A part may end early, the whole may not.
            if end > bytes || (end < bytes && !resumed) {
                return Err(Failure::Final(format!("expected {bytes} bytes, found {end} bytes")));
            }
        }
        self.progress.get_or_insert_with(|| Progress::start(url, self.remote));
        self.receive(response.into_body().into_reader())?;
        Ok(resumed)
    }

    /// Asks for the bytes still missing and follows redirections, never reading what they carry.
    fn follow(&self, url: &str, until: Instant) -> Result<Response<ureq::Body>, Failure> {
        let mut url = url.to_owned();
        for _ in 0..=HOPS {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Failure::Transient("out of time".to_owned()));
            }
            let mut request = self.agent.get(&url).config().timeout_global(Some(left)).build();
            if self.have > 0 {
                request = request.header("range", format!("bytes={}-", self.have));
            }
            let response = request.call().map_err(refused)?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            let location = response.headers().get("location").and_then(|location| location.to_str().ok());
            url = location.and_then(|location| redirected(&url, location)).ok_or_else(|| {
                let found = location.unwrap_or("no readable address");
                Failure::Final(format!("expected a redirection to an http address, found {found:?}"))
            })?;
        }
        Err(Failure::Final(format!("expected at most {HOPS} redirections, found more")))
    }

    /// Reads up to the file's end. What a mirror sends after it is of no interest and may never end.
    fn receive(&mut self, mut body: impl Read) -> Result<(), Failure> {
        let bytes = self.remote.bytes;
        let mut buffer = vec![0; 64 << 10];
        let mut span = (Instant::now(), self.have);
        while self.have < bytes {
            let wanted = (bytes - self.have).min(buffer.len() as u64) as usize;
            let count = match body.read(&mut buffer[..wanted]) {
                Ok(0) => {
                    let have = self.have;
                    return Err(Failure::Transient(format!("expected {bytes} bytes, found {have} bytes")));
                }
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(Failure::Transient(format!(
                        "cut off at {} of {bytes} bytes: {error}",
                        self.have
                    )));
                }
            };
            self.partial.write_all(&buffer[..count])?;
            self.have += count as u64;
            if let Some(progress) = &self.progress {
                progress.at(self.have);
            }
            let time = span.0.elapsed();
            if time >= self.cache.stall_timeout {
                if ((self.have - span.1) as f64) < SLOWEST * time.as_secs_f64() {
                    return Err(Failure::Transient(format!(
                        "slower than 1 KiB/s at {} of {bytes} bytes",
                        self.have
                    )));
                }
                span = (Instant::now(), self.have);
            }
        }
        Ok(())
    }

    /// Checks the digest. If pieces of several responses do not fit together, one response may.
    fn verify(&mut self, resumed: bool) -> Result<(), Failure> {
        self.partial.seek(SeekFrom::Start(0))?;
        let found = digest(&mut self.partial)?;
        if found == self.remote.sha256 {
            return Ok(());
        }
        self.restart()?;
        let reason = format!("expected SHA-256 {}, found {found}", self.remote.sha256);
        Err(if resumed { Failure::Transient(reason) } else { Failure::Final(reason) })
    }

    fn restart(&mut self) -> Result<(), Failure> {
        self.partial.as_file().set_len(0)?;
        self.partial.seek(SeekFrom::Start(0))?;
        self.have = 0;
        Ok(())
    }

    /// Whether a partial response starts where the bytes so far end: "bytes 100-199/200".
    fn goes_on(&self, headers: &HeaderMap) -> bool {
        let range = headers.get("content-range").and_then(|range| range.to_str().ok());
        let start = range.and_then(|range| {
            let (unit, rest) = range.trim().split_once(' ')?;
            let start = rest.trim_start().split_once('-')?.0;
            if unit.eq_ignore_ascii_case("bytes") { start.parse().ok() } else { None }
        });
        self.have > 0 && start == Some(self.have)
    }

    /// Gives the file its name, once its content is on disk.
    fn keep(self, path: PathBuf) -> Result<PathBuf, Error> {
        if let Err(error) = file::keep(self.partial, &path) {
            // Where an open file cannot be replaced, another process may have put the same one there.
            check(&path, self.remote).map_err(|_| Error::io(&path, "create")(error))?;
        }
        Ok(path)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Local(error)
    }
}

/// Without a network every try fails alike; only what befell a connection that stood is worth another.
fn refused(error: ureq::Error) -> Failure {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    let transient = match &error {
        ureq::Error::Io(error) => {
            matches!(
                error.kind(),
                BrokenPipe | ConnectionAborted | ConnectionReset | TimedOut | UnexpectedEof
            )
        }
        ureq::Error::Timeout(timeout) => !matches!(timeout, ureq::Timeout::Resolve | ureq::Timeout::Connect),
        ureq::Error::Protocol(_) => true,
        _ => false,
    };
    if transient { Failure::Transient(error.to_string()) } else { Failure::Final(error.to_string()) }
}

/// The address a redirection leads to, from that of the page that said so.
fn redirected(from: &str, location: &str) -> Option<String> {
    let absolute = |start: &str| location.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(start));
    if absolute("http://") || absolute("https://") {
        return Some(location.to_owned());
    }
    let from: Uri = from.parse().ok()?;
    let (scheme, host) = (from.scheme_str()?, from.authority()?);
    let folder = from.path().rsplit_once('/')?.0;
    if location.starts_with("//") {
        Some(format!("{scheme}:{location}"))
    } else if location.starts_with('/') {
        Some(format!("{scheme}://{host}{location}"))
    } else if location.is_empty() || location.starts_with('?') || location.contains(':') {
        None
    } else {
        Some(format!("{scheme}://{host}{folder}/{location}"))
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

/// A bar where somebody sees it, else one line.
struct Progress {
    #[cfg(feature = "progress")]
    bar: indicatif::ProgressBar,
}

impl Progress {
    fn start(url: &str, remote: &Remote<'_>) -> Progress {
        #[cfg(feature = "progress")]
        let bar = indicatif::ProgressBar::new(remote.bytes).with_message(remote.file.to_owned()).with_style(
            indicatif::ProgressStyle::with_template(
                "{msg} {bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec}",
            )
            .expect("the template is a constant"),
        );
        #[cfg(feature = "progress")]
        let seen = !bar.is_hidden();
        #[cfg(not(feature = "progress"))]
        let seen = false;
        if !seen {
            // Nobody may be listening.
            let _ = writeln!(io::stderr(), "convnet: downloading {url} ({} bytes)", remote.bytes);
        }
        Progress {
            #[cfg(feature = "progress")]
            bar,
        }
    }

    fn at(&self, position: u64) {
        #[cfg(feature = "progress")]
        self.bar.set_position(position);
        #[cfg(not(feature = "progress"))]
        let _ = position;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        #[cfg(feature = "progress")]
        self.bar.finish_and_clear();
    }
}
