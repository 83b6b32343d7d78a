//! Mirrors that fail, are slow, never end or send elsewhere: each is told, tried again or left for the next.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::Duration;

use convnet::data::Remote;

use crate::mirror::{LEN, Mirror, answer, closed_port, content, first, partial, pause, silence, whole};
use crate::room::{CUT, Room, sha256};

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
