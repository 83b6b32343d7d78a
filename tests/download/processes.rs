//! Processes that are killed while they fetch, and several that fetch at once.

use std::fs;
use std::io::{self, Write};
use std::sync::{Barrier, mpsc};
use std::thread;

use crate::child::fetching;
use crate::mirror::{LEN, Mirror, content, first, silence};
use crate::room::{CUT, LONG, Room};

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
