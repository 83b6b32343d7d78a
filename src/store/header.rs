//! The header of a safetensors file, read in constant code.

use super::safetensors::LONGEST_HEADER;
use crate::shape::same;

/// The largest number of axes of a tensor.
const AXES: usize = 8;

/// The JSON text of a header, parsed in constant code.
#[derive(Clone, Copy)]
pub(super) struct Header<'a> {
    bytes: &'a [u8],
    /// Length of the text.
    pub len: usize,
    /// Index in `bytes` of the next byte to read.
    at: usize,
}

/// The header's entry for a tensor.
pub(super) struct Entry<'a> {
    pub name: &'a [u8],
    pub dtype: &'a [u8],
    pub shape: [usize; AXES],
    /// Number of axes in `shape`.
    pub rank: usize,
    pub offsets: [usize; 2],
}

/// A part of the header, or what was found in its place.
pub(super) type Read<T> = Result<T, &'static str>;

/// `?` in constant code.
macro_rules! get {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(what) => return Err(what),
        }
    };
}

impl<'a> Header<'a> {
    pub const fn of(bytes: &'a [u8]) -> Read<Self> {
        let Some((len, _)) = bytes.split_first_chunk::<8>() else { return Err("fewer than 8 bytes") };
        let len = u64::from_le_bytes(*len);
        if len > bytes.len() as u64 - 8 {
            return Err("a file that is cut off, or of another kind");
        }
        if len > LONGEST_HEADER {
            return Err("a header of more than 4 MiB");
        }
        let mut header = Header { bytes, len: len as usize, at: 8 };
        get!(header.take(b'{'));
        Ok(header)
    }

    /// The next byte that is not a space.
    const fn peek(&mut self) -> Read<u8> {
        while self.at < 8 + self.len {
            match self.bytes[self.at] {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Ok(byte),
            }
        }
        Err("a header that ends too early")
    }

    const fn take(&mut self, wanted: u8) -> Read<()> {
        let found = get!(self.peek());
        if found != wanted {
            return Err("a header that is not a table of tensors");
        }
        self.at += 1;
        Ok(())
    }

    /// Whether there is another element before the closing bracket; consumes the comma or the bracket.
    const fn more(&mut self, first: bool, close: u8) -> Read<bool> {
        let next = get!(self.peek());
        if next == close {
            self.at += 1;
            return Ok(false);
        }
        if !first {
            get!(self.take(b','));
        }
        Ok(true)
    }

    const fn text(&mut self) -> Read<&'a [u8]> {
        get!(self.take(b'"'));
        let start = self.at;
        while self.at < 8 + self.len {
            match self.bytes[self.at] {
                b'"' => {
                    let text = self.bytes.split_at(self.at).0.split_at(start).1;
                    self.at += 1;
                    return Ok(text);
                }
                b'\\' => return Err("an escape in a text"),
                _ => self.at += 1,
            }
        }
        Err("a header that ends in a text")
    }

    /// A text that may have escapes; returns nothing of it.
    const fn skip_text(&mut self) -> Read<&'a [u8]> {
        get!(self.take(b'"'));
        while self.at < 8 + self.len {
            match self.bytes[self.at] {
                b'"' => {
                    self.at += 1;
                    return Ok(b"");
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        Err("a header that ends in a text")
    }

    const fn number(&mut self) -> Read<usize> {
        let mut number: usize = 0;
        let first = get!(self.peek());
        if !first.is_ascii_digit() {
            return Err("a shape or offset that is not a number");
        }
        if first == b'0' && self.bytes[self.at + 1].is_ascii_digit() {
            return Err("a number that begins with 0");
        }
        while self.at < 8 + self.len && self.bytes[self.at].is_ascii_digit() {
            let digit = (self.bytes[self.at] - b'0') as usize;
            number = match number.checked_mul(10) {
                Some(tens) => match tens.checked_add(digit) {
                    Some(number) => number,
                    None => return Err("a number that is too large"),
                },
                None => return Err("a number that is too large"),
            };
            self.at += 1;
        }
        Ok(number)
    }

    /// A list of numbers in brackets, with its length.
    const fn numbers(&mut self) -> Read<([usize; AXES], usize)> {
        let (mut numbers, mut count) = ([0; AXES], 0);
        get!(self.take(b'['));
        while get!(self.more(count == 0, b']')) {
            if count == AXES {
                return Err("a shape of more than 8 axes");
            }
            numbers[count] = get!(self.number());
            count += 1;
        }
        Ok((numbers, count))
    }

    /// The next tensor; metadata of the file are skipped.
    pub const fn next(&mut self) -> Read<Option<Entry<'a>>> {
        // Right after the opening bracket there is no comma.
        let first = self.bytes[self.at - 1] == b'{';
        if !get!(self.more(first, b'}')) {
            return if self.peek().is_err() { Ok(None) } else { Err("more text after the table of tensors") };
        }
        let name = get!(self.text());
        get!(self.take(b':'));
        get!(self.take(b'{'));
        let mut entry = Entry { name, dtype: b"", shape: [0; AXES], rank: 0, offsets: [0; 2] };
        let mut fields = 0;
        while get!(self.more(fields == 0, b'}')) {
            let field = if same(name, b"__metadata__") { get!(self.skip_text()) } else { get!(self.text()) };
            get!(self.take(b':'));
            if same(name, b"__metadata__") {
                get!(self.skip_text());
            } else if same(field, b"dtype") {
                entry.dtype = get!(self.text());
            } else if same(field, b"shape") {
                (entry.shape, entry.rank) = get!(self.numbers());
            } else if same(field, b"data_offsets") {
                let (offsets, count) = get!(self.numbers());
                if count != 2 {
                    return Err("another number of offsets than two");
                }
                entry.offsets = [offsets[0], offsets[1]];
            } else {
                return Err("a tensor with an unknown field");
            }
            fields += 1;
        }
        if same(name, b"__metadata__") { self.next() } else { Ok(Some(entry)) }
    }
}
