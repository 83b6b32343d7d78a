//! Promise: what the cache holds under a file's name is whole and checked, whatever the network or a kill did.
#![cfg(feature = "download")]

mod mirror;

use std::fs;
use std::io::{self, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

use convnet::Error;
use convnet::data::{Cache, Cifar10, Cifar100, FashionMnist, Mnist, Remote, Samples};
use mirror::{LEN, Mirror, answer, closed_port, content, first, partial, pause, silence, whole};
use sha2::{Digest, Sha256};

const CUT: usize = 100_000;
/// Longer than anything takes that is not a fault.
const LONG: Duration = Duration::from_secs(600);

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A cache in a temporary folder.
struct Room {
    folder: tempfile::TempDir,
    cache: Cache,
}

impl Room {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Room { cache: cache(folder.path()), folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("letters/file")
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().with_file_name(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join("letters")).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn fetch(&self, mirrors: &[&str]) -> Result<PathBuf, Error> {
        fetch(&self.cache, mirrors)
    }

    /// Fetches the file and checks that it is there, alone.
    fn gets(&self, mirrors: &[&str]) {
        assert_eq!(self.fetch(mirrors).unwrap(), self.path());
        assert!(fs::read(self.path()).unwrap() == content());
        assert_eq!(self.names(), ["file"]);
    }

    /// Fetches in vain, and checks that every part of the reason is told and nothing stays behind.
    fn fails(&self, mirrors: &[&str], reasons: &[&str]) {
        let error = self.fetch(mirrors).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Unreachable { .. }), "{text}");
        assert!(text.starts_with("cannot get letters/file: "), "{text}");
        assert!(mirrors.iter().chain(reasons).all(|part| text.contains(part)), "{text}");
        assert!(self.names().iter().all(|name| name == "file"), "{:?}", self.names());
    }
}

/// Time-outs are too long to be met on a machine that is busy with other things.
fn cache(root: &Path) -> Cache {
    Cache {
        proxy: false,
        connect_timeout: LONG,
        stall_timeout: LONG,
        mirror_timeout: LONG,
        ..Cache::new(root)
    }
}

fn fetch(cache: &Cache, mirrors: &[&str]) -> Result<PathBuf, Error> {
    let sha256 = sha256(&content());
    cache.fetch(&Remote { dataset: "letters", file: "file", mirrors, bytes: LEN as u64, sha256: &sha256 })
}

#[test]
fn a_file_is_fetched_once() {
    let (room, mirror) = (Room::new(), Mirror::good());
    room.gets(&[&mirror.url]);
    room.gets(&[&mirror.url]);
    assert_eq!(mirror.ranges(), [None]);
}

#[test]
fn the_next_mirror_is_asked_when_one_fails() {
    let missing = Mirror::new(|stream, _, _| answer(stream, "404 Not Found", "Content-Length: 0\r\n", b""));
    let other = Mirror::new(|stream, _, _| whole(stream, &[7; LEN]));
    let long = Mirror::new(|stream, _, _| whole(stream, &[content(), vec![0]].concat()));
    let endless = Mirror::new(|stream, _, _| {
        answer(stream, "200 OK", "", &[])?;
        loop {
            stream.write_all(&[0; 4096])?;
        }
    });
    let page = Mirror::new(|stream, _, _| {
        let headers = "Content-Type: text/html; charset=utf-8\r\n";
        answer(stream, "200 OK", headers, b"<!DOCTYPE html><title>Log in to this network</title>")
    });
    let closed = closed_port();
    let other_sha256 = format!("found {}", sha256(&[7; LEN]));
    let bad: [(&str, &[&str]); 6] = [
        (&missing.url, &["expected HTTP 200, found 404"]),
        (&other.url, &["expected SHA-256", &other_sha256]),
        (&long.url, &["expected 300000 bytes, found 300001"]),
        (&endless.url, &["expected SHA-256"]),
        (&page.url, &["expected a file of 300000 bytes, found a web page"]),
        (&closed, &["refused"]),
    ];
    let good = Mirror::good();
    for (url, reasons) in bad {
        Room::new().gets(&[url, &good.url]);
        Room::new().fails(&[url], reasons);
    }
    let all: Vec<&str> = bad.iter().map(|(url, _)| *url).collect();
    Room::new().fails(&all, &["404", "SHA-256", "300001", "a web page", "refused"]);
    assert_eq!(missing.ranges().len(), 3, "a file that is not there is asked for once");
}

#[test]
fn a_cut_download_goes_on_where_it_stopped() {
    let mirror = Mirror::new(|stream, _, range| match range {
        None => first(stream, CUT),
        Some(start) => partial(stream, start, &content()[start..]),
    });
    Room::new().gets(&[&mirror.url]);
    assert_eq!(mirror.ranges(), [None, Some(CUT)]);
}

#[test]
fn a_download_may_be_cut_as_often_as_it_advances() {
    let cut = Mirror::new(|stream, _, range| {
        let start = range.unwrap_or(0);
        let end = (start + 70_000).min(LEN);
        let headers =
            format!("Content-Length: {}\r\nContent-Range: bytes {start}-{}/{LEN}\r\n", LEN - start, LEN - 1);
        let status = if range.is_some() { "206 Partial Content" } else { "200 OK" };
        answer(stream, status, &headers, &content()[start..end])
    });
    Room::new().gets(&[&cut.url]);
    assert_eq!(cut.ranges(), [None, Some(70_000), Some(140_000), Some(210_000), Some(280_000)]);
}

#[test]
fn a_part_may_end_early_and_spell_its_unit_as_it_likes() {
    let parts = Mirror::new(|stream, _, range| match range {
        None => first(stream, CUT),
        Some(start) => {
            let end = (start + CUT).min(LEN);
            let headers = format!(
                "Content-Length: {}\r\nContent-Range: Bytes  {start}-{}/{LEN}\r\n",
                end - start,
                end - 1
            );
            answer(stream, "206 Partial Content", &headers, &content()[start..end])
        }
    });
    Room::new().gets(&[&parts.url]);
    assert_eq!(parts.ranges(), [None, Some(CUT), Some(2 * CUT)]);
}

#[test]
fn a_mirror_that_cannot_resume_starts_again() {
    for status in ["404 Not Found", "416 Range Not Satisfiable", "400 Bad Request"] {
        let refuses = Mirror::new(move |stream, number, range| match (number, range) {
            (1, _) => first(stream, CUT),
            (_, Some(_)) => answer(stream, status, "Content-Length: 0\r\n", b""),
            (_, None) => first(stream, LEN),
        });
        Room::new().gets(&[&refuses.url]);
        assert_eq!(refuses.ranges(), [None, Some(CUT), None]);
    }

    let never = Mirror::new(|stream, _, range| match range {
        Some(_) => answer(stream, "404 Not Found", "Content-Length: 0\r\n", b""),
        None => first(stream, CUT),
    });
    Room::new().fails(&[&never.url], &["expected HTTP 200, found 404"]);
    assert_eq!(never.ranges(), [None, Some(CUT), None, Some(CUT)]);

    let ignores = Mirror::new(|stream, number, _| first(stream, if number == 1 { CUT } else { LEN }));
    Room::new().gets(&[&ignores.url]);
    assert_eq!(ignores.ranges(), [None, Some(CUT)]);

    let elsewhere = Mirror::new(|stream, number, range| match (number, range) {
        (1, _) => first(stream, CUT),
        (_, Some(start)) => partial(stream, start - 1, &content()[start..]),
        (_, None) => first(stream, LEN),
    });
    Room::new().gets(&[&elsewhere.url]);
    assert_eq!(elsewhere.ranges(), [None, Some(CUT), None]);

    let changed = Mirror::new(|stream, number, range| match (number, range) {
        (1, _) => answer(stream, "200 OK", &format!("Content-Length: {LEN}\r\n"), &[7; CUT]),
        (_, Some(start)) => partial(stream, start, &content()[start..]),
        (_, None) => first(stream, LEN),
    });
    Room::new().gets(&[&changed.url]);
    assert_eq!(changed.ranges(), [None, Some(CUT), None]);
}

#[test]
fn passing_trouble_is_tried_again_but_not_for_ever() {
    let busy = Mirror::new(|stream, number, _| match number {
        1 => answer(stream, "503 Service Unavailable", "Content-Length: 0\r\n", b""),
        2 => Ok(()),
        _ => whole(stream, &content()),
    });
    Room::new().gets(&[&busy.url]);
    assert_eq!(busy.ranges().len(), 3);

    let broken = Mirror::new(|stream, _, _| answer(stream, "500 Oops", "Content-Length: 0\r\n", b""));
    Room::new().fails(&[&broken.url], &["expected HTTP 200, found 500", "after 3 tries"]);
    assert_eq!(broken.ranges().len(), 3);
}

#[test]
fn silence_times_out() {
    let silent = Mirror::new(|stream, _, _| silence(stream));
    let mut room = Room::new();
    room.cache.stall_timeout = Duration::from_millis(300);
    room.fails(&[&silent.url], &["timeout", "after 3 tries"]);

    let stalls = Mirror::new(|stream, _, range| match range {
        None => first(stream, CUT).and_then(|()| silence(stream)),
        Some(start) => partial(stream, start, &content()[start..]),
    });
    let mut room = Room::new();
    // The first bytes come at once, and nothing more: only what takes two seconds from one read to the next is silence.
    room.cache.stall_timeout = Duration::from_secs(2);
    room.gets(&[&stalls.url]);
    assert_eq!(stalls.ranges(), [None, Some(CUT)]);
}

#[test]
fn a_trickle_is_no_download() {
    // At 50 bytes a second the file would take more than an hour and a half.
    let trickles = Mirror::new(|stream, _, _| {
        first(stream, 0)?;
        content().iter().try_for_each(|byte| {
            pause(stream, Duration::from_millis(20))?;
            stream.write_all(&[*byte])
        })
    });
    let mut room = Room::new();
    room.cache.stall_timeout = Duration::from_secs(1);
    room.fails(&[&trickles.url], &["slower than 1 KiB/s at", "after 3 tries"]);
}

#[test]
fn a_mirror_has_a_bound_on_time_and_on_tries() {
    // Fast enough, and of a length that takes days.
    let long = 1_u64 << 40;
    let mut room = Room::new();
    room.cache.mirror_timeout = Duration::from_millis(400);
    let steady = Mirror::new(move |stream, _, _| {
        answer(stream, "200 OK", &format!("Content-Length: {long}\r\n"), b"")?;
        loop {
            stream.write_all(&[0; 4096])?;
            pause(stream, Duration::from_millis(10))?;
        }
    });
    let mirrors = [&steady.url[..]];
    let remote =
        Remote { dataset: "letters", file: "file", mirrors: &mirrors, bytes: long, sha256: "none such" };
    let text = room.cache.fetch(&remote).unwrap_err().to_string();
    assert!(text.contains("(after 400ms)"), "{text}");

    let advances = Mirror::new(move |stream, number, _| {
        let start = (number as u64 - 1) << 16;
        let headers = format!("Content-Range: bytes {start}-{}/{long}\r\n", long - 1);
        answer(stream, if number == 1 { "200 OK" } else { "206 Partial" }, &headers, &[0; 1 << 16])
    });
    room.cache.mirror_timeout = Duration::MAX;
    let mirrors = [&advances.url[..]];
    let text = room.cache.fetch(&Remote { mirrors: &mirrors, ..remote }).unwrap_err().to_string();
    assert!(text.contains("(after 8 tries)"), "{text}");
    assert_eq!(advances.ranges().len(), 8);
}

#[test]
fn time_outs_may_be_as_long_as_can_be() {
    let (mut room, mirror) = (Room::new(), Mirror::good());
    room.cache.connect_timeout = Duration::MAX;
    room.cache.stall_timeout = Duration::MAX;
    room.cache.mirror_timeout = Duration::MAX;
    room.gets(&[&mirror.url]);
}

/// Keeps a connection busy until the client leaves it.
fn for_ever(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    loop {
        stream.write_all(bytes)?;
        pause(stream, Duration::from_millis(1))?;
    }
}

#[test]
fn what_follows_the_file_is_not_waited_for() {
    let chunked = |stream: &mut TcpStream, end: &[u8]| {
        let body = [format!("{LEN:x}\r\n").as_bytes(), &content(), b"\r\n", end].concat();
        answer(stream, "200 OK", "Transfer-Encoding: chunked\r\n", &body)
    };
    let ends = Mirror::new(move |stream, _, _| chunked(stream, b"0\r\n\r\n"));
    let trailers = Mirror::new(move |stream, _, _| {
        chunked(stream, b"0\r\n")?;
        for_ever(stream, b"X-More: to come\r\n")
    });
    let chunks = Mirror::new(move |stream, _, _| {
        chunked(stream, b"")?;
        for_ever(stream, b"1\r\nx\r\n")
    });
    let open = Mirror::new(|stream, _, _| {
        answer(stream, "200 OK", "", &content())?;
        for_ever(stream, b"x")
    });
    for mirror in [ends, trailers, chunks, open] {
        Room::new().gets(&[&mirror.url]);
        assert_eq!(mirror.ranges(), [None]);
    }
}

#[test]
fn redirections_are_followed_and_their_bodies_not_read() {
    fn redirect(stream: &mut TcpStream, to: &str) -> io::Result<()> {
        answer(stream, "302 Found", &format!("Location: {to}\r\n"), b"")?;
        for_ever(stream, b"Found elsewhere. ")
    }
    let good = Mirror::good();
    let addresses =
        [format!("{}other", good.url), good.url.replace("http:", ""), good.url.replace("http", "HTTP")];
    for to in addresses {
        let elsewhere = Mirror::new(move |stream, _, _| redirect(stream, &to));
        Room::new().gets(&[&elsewhere.url]);
    }
    assert_eq!(good.ranges(), [None; 3]);
    for to in ["/top", "beside"] {
        let here = Mirror::new(move |stream, number, _| match number {
            1 => redirect(stream, to),
            _ => whole(stream, &content()),
        });
        Room::new().gets(&[&here.url]);
        assert_eq!(here.ranges().len(), 2);
    }

    let circle = Mirror::new(|stream, _, _| redirect(stream, "file"));
    Room::new().fails(&[&circle.url], &["expected at most 5 redirections, found more"]);
    assert_eq!(circle.ranges().len(), 6);
    for to in ["ftp://127.0.0.1/file", "file:///etc/hosts", "", "?again"] {
        let bad = Mirror::new(move |stream, _, _| redirect(stream, to));
        Room::new().fails(&[&bad.url], &["expected a redirection to an http address", &format!("{to:?}")]);
    }
}

#[test]
fn offline_touches_no_network() {
    let (mut room, mirror) = (Room::new(), Mirror::good());
    room.cache.offline = true;
    let error = room.fetch(&[&mirror.url]).unwrap_err().to_string();
    assert!(error.contains("CONVNET_OFFLINE") && error.contains("letters/file"), "{error}");
    room.put("file", &content());
    room.gets(&[&mirror.url]);
    assert!(mirror.ranges().is_empty());
}

#[test]
fn a_damaged_cached_file_is_replaced() {
    let mut flipped = content();
    flipped[1234] ^= 1;
    let mirror = Mirror::good();
    for bad in [&flipped[..], &[], &content()[..CUT]] {
        let room = Room::new();
        room.put("file", bad);
        let expected = if bad.len() == LEN { "expected SHA-256" } else { "expected 300000 bytes" };
        room.fails(&[&closed_port()], &[expected]);
        room.gets(&[&mirror.url]);
    }
}

#[test]
fn leftovers_are_never_trusted_and_removed_unless_in_use() {
    let (room, mirror) = (Room::new(), Mirror::good());
    let used = room.put(".file.used.partial", &content()[..CUT]);
    let lock = fs::File::open(&used).unwrap();
    lock.try_lock().unwrap();
    // The second time the file is in the cache.
    for _ in 0..2 {
        let left = room.put(".file.left.partial", &content());
        assert_eq!(room.fetch(&[&mirror.url]).unwrap(), room.path());
        assert!(fs::read(room.path()).unwrap() == content());
        assert!(!left.exists() && used.exists());
    }
    drop(lock);
    room.gets(&[]);
    assert_eq!(mirror.ranges(), [None]);
}

#[test]
fn a_cache_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    fs::write(&file, "").unwrap();
    let error = fetch(&cache(&file), &[&closed_port()]).unwrap_err();
    assert!(matches!(error, Error::Io { .. }) && error.to_string().contains("a file"), "{error}");
}

#[cfg(unix)]
#[test]
fn cached_files_have_the_rights_of_any_other() {
    use std::os::unix::fs::PermissionsExt;
    let (room, mirror) = (Room::new(), Mirror::good());
    room.gets(&[&mirror.url]);
    let other = room.put("other", b"");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&room.path()), mode(&other));

    let room = Room::new();
    let folder = room.put("other", b"").parent().unwrap().to_owned();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write everywhere.
    if fs::write(folder.join("other2"), b"").is_err() {
        let error = room.fetch(&[&mirror.url]).unwrap_err();
        assert!(matches!(error, Error::Io { .. }) && error.to_string().contains("letters"), "{error}");
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
}

/// This test program as a process of its own: runs `child` with the given variables.
fn child(variables: &[(&str, &Path)]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child_process", "--nocapture"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in ["CONVNET_OFFLINE", "CONVNET_DATA_DIR", "XDG_CACHE_HOME"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    command
}

fn fetching(room: &Room, mirror: &Mirror) -> Command {
    child(&[("TEST_FETCH", room.folder.path()), ("TEST_MIRROR", Path::new(&mirror.url))])
}

/// Does something only in the processes that [`child`] starts.
#[test]
fn child_process() {
    if let Some(root) = std::env::var_os("TEST_FETCH") {
        fetch(&cache(Path::new(&root)), &[&std::env::var("TEST_MIRROR").unwrap()]).unwrap();
    } else if std::env::var_os("TEST_LOAD").is_some() {
        let lengths = match std::env::var("TEST_SET").as_deref() {
            Ok("clothes") => FashionMnist::load().map(|set| (set.train.len(), set.test.len())),
            Ok("cifar10") => Cifar10::load().map(|set| (set.train.len(), set.test.len())),
            Ok("cifar100") => Cifar100::load().map(|set| (set.train.len(), set.test.len())),
            _ => Mnist::load().map(|set| (set.train.len(), set.test.len())),
        };
        match lengths {
            Ok((train, test)) => println!("loaded {train} + {test}"),
            Err(error) => println!("error {error}"),
        }
    }
}

#[test]
fn a_killed_process_leaves_nothing_that_is_trusted() {
    let room = Room::new();
    let stalls = Mirror::new(|stream, _, _| first(stream, CUT).and_then(|()| silence(stream)));
    let mut process = fetching(&room, &stalls).spawn().unwrap();
    let half_is_there = || {
        let folder = fs::read_dir(room.folder.path().join("letters")).into_iter().flatten();
        folder.flatten().any(|entry| entry.metadata().is_ok_and(|metadata| metadata.len() == CUT as u64))
    };
    while !half_is_there() {
        assert!(process.try_wait().unwrap().is_none(), "the child ended early");
        thread::yield_now();
    }
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(!room.path().exists());

    let good = Mirror::good();
    room.gets(&[&good.url]);
    assert_eq!(good.ranges(), [None]);
}

#[test]
fn a_kill_at_any_moment_leaves_the_whole_file_or_none() {
    let room = Room::new();
    const PIECES: usize = 20;
    let (sent, moments) = mpsc::channel();
    // Each process asks once. The first gets no byte, the next a twentieth of the file more, and the last all of it.
    let pieces = Mirror::new(move |stream, number, _| {
        first(stream, (number - 1) * LEN / PIECES)?;
        sent.send(()).map_err(io::Error::other)?;
        silence(stream)
    });
    for piece in 0..=PIECES {
        let mut process = fetching(&room, &pieces).spawn().unwrap();
        moments.recv_timeout(LONG).expect("a request");
        process.kill().unwrap();
        process.wait().unwrap();
        if room.path().exists() {
            assert!(fs::read(room.path()).unwrap() == content(), "killed after {piece} of {PIECES} pieces");
            fs::remove_file(room.path()).unwrap();
        }
    }
    room.gets(&[&Mirror::good().url]);
}

#[test]
fn threads_and_processes_at_once_do_not_disturb_each_other() {
    let room = Room::new();
    // Nobody gets the rest before all five have asked.
    let all_ask = Barrier::new(5);
    let slow = Mirror::new(move |stream, _, _| {
        first(stream, CUT)?;
        all_ask.wait();
        stream.write_all(&content()[CUT..])
    });
    let processes = [(); 2].map(|()| fetching(&room, &slow).spawn().unwrap());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| room.fetch(&[&slow.url]).unwrap());
        }
    });
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    room.gets(&[]);
}

#[test]
fn mnist_obeys_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let load = |variables: &[(&str, &Path)]| {
        let always = [("TEST_LOAD", Path::new("1")), ("CONVNET_OFFLINE", Path::new("1"))];
        let output =
            child(&always).env("XDG_CACHE_HOME", folder.path()).envs(variables.iter().copied()).output();
        let output = output.unwrap();
        assert!(output.status.success());
        let own = |bytes: Vec<u8>, mark: &str| {
            let text = String::from_utf8(bytes).unwrap();
            let at = text.find(mark).map(|at| text[at..].lines().next().unwrap().to_owned());
            at.unwrap_or_default()
        };
        (own(output.stdout, "loaded").replace("loaded ", ""), own(output.stderr, "convnet:"))
    };

    let whole = || ("12000 + 2000".to_owned(), String::new());
    for path in [assets.clone(), assets.join("mnist")] {
        assert_eq!(load(&[("CONVNET_DATA_DIR", &path)]), whole());
    }
    assert_eq!(load(&[("CONVNET_DATA_DIR", folder.path())]).0, "", "a bad folder is an error");

    // The four files beside an empty folder of their name are MNIST, and never clothes.
    let copy = folder.path().join("copy");
    fs::create_dir_all(copy.join("mnist")).unwrap();
    let copy_to = |folder: &Path| {
        for entry in fs::read_dir(assets.join("mnist")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
        }
    };
    copy_to(&copy);
    assert_eq!(load(&[("CONVNET_DATA_DIR", &copy)]), whole());
    let clothes = [("CONVNET_DATA_DIR", &*copy), ("TEST_SET", Path::new("clothes"))];
    assert_eq!(load(&clothes).0, "");
    fs::rename(copy.join("mnist"), copy.join("fashion-mnist")).unwrap();
    assert_eq!(load(&clothes).0, "");
    copy_to(&copy.join("fashion-mnist"));
    assert_eq!(load(&clothes), whole());
}

#[test]
fn cifar_obeys_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let load = |set: &str, data: Option<&Path>| {
        let mut child = child(&[("TEST_LOAD", Path::new("1")), ("CONVNET_OFFLINE", Path::new("1"))]);
        child.env("XDG_CACHE_HOME", folder.path().join("cache")).env("TEST_SET", set);
        let output = data.iter().fold(&mut child, |child, data| child.env("CONVNET_DATA_DIR", data)).output();
        let output = output.unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(output.status.success(), "{stdout}{stderr}");
        let line = stderr.lines().find(|line| line.starts_with("convnet:")).unwrap_or_default().to_owned();
        let at = stdout.find("loaded ").or(stdout.find("error ")).unwrap();
        (stdout[at..].lines().next().unwrap().to_owned(), line)
    };

    // Images with the labels 0 and 0.
    let own = folder.path().join("data/cifar10");
    fs::create_dir_all(&own).unwrap();
    for i in 1..=5 {
        fs::write(own.join(format!("data_batch_{i}.bin")), vec![0; i * 3073]).unwrap();
    }
    fs::write(own.join("test_batch.bin"), [0; 3073]).unwrap();
    let own100 = folder.path().join("data/cifar100");
    fs::create_dir(&own100).unwrap();
    fs::write(own100.join("train.bin"), [0; 2 * 3074]).unwrap();
    fs::write(own100.join("test.bin"), [0; 3074]).unwrap();
    for data in [own.parent().unwrap(), &own] {
        assert_eq!(load("cifar10", Some(data)), ("loaded 15 + 1".to_owned(), String::new()));
    }
    for data in [own100.parent().unwrap(), &own100] {
        assert_eq!(load("cifar100", Some(data)), ("loaded 2 + 1".to_owned(), String::new()));
    }
    assert!(load("cifar100", Some(&own)).0.starts_with("error "), "one is not the other");
    assert!(load("cifar10", Some(&own100)).0.starts_with("error "), "one is not the other");

    let (text, _) = load("cifar100", None);
    assert!(text.starts_with("error cannot get cifar100/cifar-100-binary.tar.gz: "), "{text}");
    assert!(text.contains("the cache is offline (CONVNET_OFFLINE)"), "{text}");
    let (text, line) = load("cifar10", None);
    if cfg!(all(feature = "sample", feature = "images")) {
        assert_eq!(text, "loaded 2000 + 500");
        let start = "convnet: using the embedded sample of 2,000 + 500 CIFAR-10 images: cannot get \
                     cifar10/cifar-10-binary.tar.gz (the cache is offline (CONVNET_OFFLINE)). For all 60,000 ";
        assert!(line.starts_with(start), "{line}");
    } else {
        assert!(text.starts_with("error cannot get cifar10/cifar-10-binary.tar.gz: "), "{text}");
    }
}

#[cfg(feature = "sample")]
#[test]
fn the_sample_stands_in_and_says_so_on_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let load = |cache: &Path| child(&[("TEST_LOAD", Path::new("1")), ("XDG_CACHE_HOME", cache)]);
    let loaded = |output: std::process::Output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains("loaded 12000 + 2000"), "{text}");
        String::from_utf8(output.stderr).unwrap()
    };
    const START: &str = "convnet: using the embedded sample of 12,000 + 2,000 MNIST digits: ";
    const END: &str =
        ". For all 70,000 connect to a network, or set CONVNET_DATA_DIR to a folder with the four files.";

    let text = loaded(load(folder.path()).env("CONVNET_OFFLINE", "1").output().unwrap());
    let reason = "cannot get mnist/train-images-idx3-ubyte.gz (the cache is offline (CONVNET_OFFLINE))";
    assert_eq!(
        text.lines().find(|line| line.starts_with("convnet:")).unwrap(),
        format!("{START}{reason}{END}")
    );

    #[cfg(unix)]
    {
        // A cache that cannot be made, so that the network is not asked.
        let file = folder.path().join("two\nlines");
        fs::write(&file, "").unwrap();
        let text = loaded(load(&file).output().unwrap());
        let line = text.lines().find(|line| line.starts_with(START)).unwrap();
        assert!(line.contains("two\\nlines") && line.ends_with(END), "{line}");
    }
    #[cfg(target_os = "linux")]
    {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        loaded(load(folder.path()).env("CONVNET_OFFLINE", "1").stderr(full).output().unwrap());
    }
}
