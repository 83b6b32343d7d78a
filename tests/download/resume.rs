//! A download that is cut resumes at the byte where it stopped, if the mirror can do that.

use crate::mirror::{LEN, Mirror, answer, content, first, partial};
use crate::room::{CUT, Room};

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
