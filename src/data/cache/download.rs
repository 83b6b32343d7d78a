//! Downloads one file from one mirror after the other.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;
use ureq::http::{HeaderMap, Response, StatusCode, Uri};

use super::progress::Progress;
use super::{Cache, Remote, check, digest};
use crate::Error;
use crate::file;

/// The number of tries in a row on one mirror that may bring less than [`PROGRESS`].
const TRIES: u32 = 3;
/// A try that brings at least this many bytes is progress: if the connection breaks after it, the tries start anew.
const PROGRESS: u64 = 64 << 10;
/// The number of all tries on one mirror.
const ALL_TRIES: u32 = 8;
/// The number of redirections that one try follows.
const HOPS: u32 = 5;
/// Bytes a second, averaged over the stall time-out, below which a connection counts as stalled.
const SLOWEST: f64 = 1024.0;
/// The wait before the second try; the third waits longer.
const BACK_OFF: Duration = Duration::from_millis(200);
/// Longer time-outs are cut to this, which can be added to the time of day.
const A_YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Why a mirror did not give the file.
pub(super) enum Failure {
    /// Asking again is of no use.
    Final(String),
    /// Asking again may help.
    Transient(String),
    /// The cache, not the mirror, is at fault.
    Local(io::Error),
}

/// A download under way; the bytes so far are in a file that only this process knows.
pub(super) struct Download<'a> {
    cache: &'a Cache,
    agent: ureq::Agent,
    remote: &'a Remote<'a>,
    partial: NamedTempFile,
    have: u64,
    progress: Option<Progress>,
}

impl<'a> Download<'a> {
    /// A download that writes to `partial`.
    pub(super) fn new(cache: &'a Cache, remote: &'a Remote<'a>, partial: NamedTempFile) -> Self {
        Download { cache, agent: agent(cache), remote, partial, have: 0, progress: None }
    }

    /// Gets the whole file from one mirror, from scratch.
    pub(super) fn run(&mut self, url: &str) -> Result<(), Failure> {
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
    pub(super) fn keep(self, path: PathBuf) -> Result<PathBuf, Error> {
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

/// A client with the time-outs of a cache.
fn agent(cache: &Cache) -> ureq::Agent {
    let [connect, stall] = [cache.connect_timeout, cache.stall_timeout].map(|time| Some(time.min(A_YEAR)));
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("convnet/", env!("CARGO_PKG_VERSION")))
        // A transport encoding would be counted and hashed in place of the file.
        .accept_encoding("identity")
        .proxy(if cache.proxy { ureq::Proxy::try_from_env() } else { None })
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

/// Whether a failed request is worth another try: without a network it is not, after a broken connection it is.
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
