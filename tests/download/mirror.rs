//! A server of files on 127.0.0.1 that behaves as badly as a test wants.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

pub const LEN: usize = 300_000;

/// The published file.
pub fn content() -> Vec<u8> {
    (0..LEN as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// A mirror on 127.0.0.1 that keeps, for each request, the byte its Range starts at.
pub struct Mirror {
    pub url: String,
    ranges: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Mirror {
    /// `answer` gets the stream, the number of the request and the start of its Range.
    pub fn new(
        answer: impl Fn(&mut TcpStream, usize, Option<usize>) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/folder/", listener.local_addr().unwrap());
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (ranges.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, seen, answer) = (stream.unwrap(), seen.clone(), answer.clone());
                thread::spawn(move || {
                    let mut range = None;
                    for line in BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok) {
                        if line.is_empty() {
                            break;
                        }
                        if let Some(start) = line.to_lowercase().strip_prefix("range: bytes=") {
                            range = Some(start.trim_end_matches('-').parse().unwrap());
                        }
                    }
                    let number = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(range);
                        seen.len()
                    };
                    // The client may have gone away: that is its right.
                    let _ = answer(&mut stream, number, range);
                });
            }
        });
        Mirror { url, ranges }
    }

    pub fn good() -> Self {
        Mirror::new(|stream, _, _| whole(stream, &content()))
    }

    pub fn ranges(&self) -> Vec<Option<usize>> {
        self.ranges.lock().unwrap().clone()
    }
}

pub fn answer(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) -> io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n")?;
    stream.write_all(body)
}

pub fn whole(stream: &mut TcpStream, body: &[u8]) -> io::Result<()> {
    answer(stream, "200 OK", &format!("Content-Length: {}\r\n", body.len()), body)
}

/// The first bytes of a response that promises all.
pub fn first(stream: &mut TcpStream, count: usize) -> io::Result<()> {
    answer(stream, "200 OK", &format!("Content-Length: {LEN}\r\n"), &content()[..count])
}

pub fn partial(stream: &mut TcpStream, start: usize, body: &[u8]) -> io::Result<()> {
    let headers =
        format!("Content-Length: {}\r\nContent-Range: bytes {start}-{}/{LEN}\r\n", body.len(), LEN - 1);
    answer(stream, "206 Partial Content", &headers, body)
}

/// Waits until the client closes the connection.
pub fn silence(stream: &mut TcpStream) -> io::Result<()> {
    while stream.read(&mut [0])? > 0 {}
    Ok(())
}

/// Waits for `time`, or until the client closes the connection, which is then an error.
pub fn pause(stream: &mut TcpStream, time: Duration) -> io::Result<()> {
    stream.set_read_timeout(Some(time))?;
    match stream.read(&mut [0]) {
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(io::ErrorKind::BrokenPipe.into()),
    }
}

/// An address where nobody listens: the system never gives the ports below 1024 to a program that
/// asks for any port, so that no mirror of another test takes this one.
pub fn closed_port() -> String {
    "http://127.0.0.1:1/".to_owned()
}
