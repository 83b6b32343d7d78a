//! The text of a CSV file before it is taken apart: encoding, line ends and separator.

use std::io::{self, Cursor, Read};

use super::CsvOptions;

/// Bytes at the start of a file in which its separator and its line ends are looked for.
const START: u64 = 1 << 16;

/// A file's text with line ends of `\n` or `\r\n`, the last of them included, and its separator.
pub(super) struct Text<'a> {
    pub reader: Box<dyn Read + Send + 'a>,
    pub separator: u8,
}

/// Looks at the start of a file. Returns its encoding instead if that is not UTF-8.
pub(super) fn recognize<'a>(
    mut reader: impl Read + Send + 'a,
    options: &CsvOptions,
) -> io::Result<Result<Text<'a>, &'static str>> {
    let mut start = Vec::new();
    reader.by_ref().take(START).read_to_end(&mut start)?;
    if let Some(encoding) = other_encoding(&start) {
        return Ok(Err(encoding));
    }
    let has_old_ends = has_old_line_ends(&start);
    if has_old_ends {
        renew(&mut start);
    }
    let mark = if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut separator = None;
    if let Some((named, range)) = named_separator(&start[mark..]) {
        // The line stays as an empty one, so that lines keep their numbers.
        start.drain(mark + range.start..mark + range.end);
        separator = Some(named);
    }
    let separator = match options.separator {
        // Checked to be one byte.
        Some(given) => given as u8,
        None => separator.unwrap_or_else(|| frequent_separator(&start[mark..], options.comments)),
    };
    let rest =
        if has_old_ends { Box::new(Renewed(reader)) as Box<dyn Read + Send> } else { Box::new(reader) };
    let reader = Box::new(Cursor::new(start).chain(rest).chain(&b"\n"[..]));
    Ok(Ok(Text { reader, separator }))
}

/// UTF-16 or UTF-32, by its mark, or by the zeros that ASCII has in it.
fn other_encoding(start: &[u8]) -> Option<&'static str> {
    match start {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] if *a != 0 && *b != 0 => Some("UTF-16"),
        _ => None,
    }
}

/// Whether the first line ends with a carriage return alone.
fn has_old_line_ends(start: &[u8]) -> bool {
    let mut quoted = false;
    let end = start.iter().position(|&byte| {
        quoted ^= byte == b'"';
        !quoted && (byte == b'\r' || byte == b'\n')
    });
    let Some(end) = end else { return false };
    // More than one carriage return before a line feed are a damaged line end.
    let after = start[end..].iter().find(|&&byte| byte != b'\r');
    start[end] == b'\r' && after.is_some_and(|&byte| byte != b'\n')
}

fn renew(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
}

/// Text with line feeds for carriage returns.
struct Renewed<R>(R);

impl<R: Read> Read for Renewed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        renew(&mut buffer[..read]);
        Ok(read)
    }
}

/// The separator that a first line such as `sep=;` names, and where its text is.
fn named_separator(text: &[u8]) -> Option<(u8, std::ops::Range<usize>)> {
    let line = text.split(|&byte| byte == b'\n').next()?;
    let content = line.trim_ascii_end();
    // A tab at the end is not white space here.
    let named = if content.len() == 4 { line.get(..5)? } else { content };
    let [name @ .., separator] = named else { return None };
    let is_separator = b",;\t|: ".contains(separator);
    (name.eq_ignore_ascii_case(b"sep=") && is_separator).then_some((*separator, 0..named.len()))
}

/// The one of comma, semicolon and tab that the header has most often outside of quotes.
fn frequent_separator(text: &[u8], comments: bool) -> u8 {
    let mut header = text;
    while let Some(end) = header.iter().position(|&byte| byte == b'\n') {
        let is_skipped = header[..end].trim_ascii().is_empty() || (comments && header.starts_with(b"#"));
        if !is_skipped {
            break;
        }
        header = &header[end + 1..];
    }
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in header {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if quoted => {}
            byte => counts.iter_mut().filter(|(of, _)| of == byte).for_each(|(_, count)| *count += 1),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    counts.iter().find(|(_, count)| *count == most).map_or(b',', |(separator, _)| *separator)
}
