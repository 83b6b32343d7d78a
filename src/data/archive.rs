//! Reads tar archives, plain and gzipped. No size in a header is trusted before the archive is known to hold as many
//! bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use tar::{EntryType, Header};

use super::foreign::foreign;
use super::gzip::{GZIP, damage};
use crate::Error;

const BLOCK: u64 = 512;
/// As long as a path may be on Linux. Names are held in memory, so that a longer one is not taken.
pub(super) const LONGEST_NAME: u64 = 4096;
/// Attributes of a file may be in a pax header, too; no more than one is in memory at once.
const LONGEST_PAX: u64 = 1 << 20;
/// Characters of a name that an error shows.
const SHOWN: usize = 200;

/// A member of an archive, before its bytes are read.
pub(super) struct Member {
    /// Its path without `.` or empty parts, in whatever encoding.
    pub name: Vec<u8>,
    /// Where its bytes begin in the archive, once that is unpacked.
    #[cfg(feature = "images")]
    pub offset: u64,
    pub size: u64,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    /// A member without bytes of its own, described in words.
    Other(&'static str),
}

/// Where an archive is read from: the file, or what comes out of a gzip stream.
trait Input: Read {
    fn skip(&mut self, bytes: u64) -> io::Result<()>;
}

impl Input for BufReader<&File> {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        // As many bytes as the file has, at most.
        self.seek_relative(bytes as i64)
    }
}

impl<R: BufRead> Input for MultiGzDecoder<R> {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        match io::copy(&mut self.take(bytes), &mut io::sink())? {
            skipped if skipped < bytes => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// The path of a member in errors.
pub(super) fn inside(archive: &Path, member: impl AsRef<[u8]>) -> PathBuf {
    let mut text = archive.as_os_str().to_owned();
    text.push(": ");
    text.push(short(&String::from_utf8_lossy(member.as_ref())));
    text.into()
}

/// A name in errors: of a long one, which an archive may hold by the thousand, the beginning and the end.
pub(super) fn short(name: &str) -> String {
    let count = name.chars().count();
    if count <= SHOWN {
        return name.to_owned();
    }
    let start = name.chars().take(SHOWN / 2).chain(['…']);
    start.chain(name.chars().skip(count - SHOWN / 2)).collect()
}

/// Whether the file is gzipped, by its first bytes.
pub(super) fn is_gzipped(path: &Path, mut file: &File) -> Result<bool, Error> {
    let mut start = Vec::new();
    file.take(GZIP.len() as u64).read_to_end(&mut start).map_err(Error::io(path, "read"))?;
    file.seek(SeekFrom::Start(0)).map_err(Error::io(path, "read"))?;
    Ok(start == GZIP)
}

/// Calls `visit` with the members of a plain archive of `len` bytes, whose bytes it may read or leave.
pub(super) fn walk_tar(
    path: &Path,
    file: &File,
    len: u64,
    mut visit: impl FnMut(Member, &mut dyn Read) -> Result<(), Error>,
) -> Result<(), Error> {
    Walk { path, input: BufReader::new(file), at: 0, end: len, gzipped: false }.run(&mut visit)
}

/// The same for a gzipped archive that unpacks to at most `limit` bytes.
pub(super) fn walk_tar_gz(
    path: &Path,
    file: impl BufRead,
    limit: u64,
    mut visit: impl FnMut(Member, &mut dyn Read) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut walk = Walk { path, input: MultiGzDecoder::new(file), at: 0, end: limit, gzipped: true };
    walk.run(&mut visit)?;
    // To the end of the stream, where its check sum is.
    let left = walk.end - walk.at;
    let rest = io::copy(&mut walk.input.by_ref().take(left.saturating_add(1)), &mut io::sink());
    if rest.map_err(damage(path))? > left { Err(walk.too_much()) } else { Ok(()) }
}

struct Walk<'a, I> {
    path: &'a Path,
    input: I,
    /// Bytes of the archive so far.
    at: u64,
    /// Bytes that the archive has, or may have.
    end: u64,
    gzipped: bool,
}

impl<I: Input> Walk<'_, I> {
    fn run(
        &mut self,
        visit: &mut dyn FnMut(Member, &mut dyn Read) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (mut long_name, mut pax) = (None, None);
        while let Some(header) = self.header()? {
            let kind = header.entry_type();
            let size = header.entry_size().map_err(|error| self.damaged(error.to_string()));
            match kind {
                EntryType::GNULongName => {
                    let mut name = self.extension(size?, LONGEST_NAME, "names")?;
                    name.truncate(name.iter().position(|&byte| byte == 0).unwrap_or(name.len()));
                    long_name = Some(name);
                }
                EntryType::XHeader => {
                    let records = self.extension(size?, LONGEST_PAX, "pax headers")?;
                    pax = Some(Pax::parse(&records).ok_or_else(|| self.damaged("a bad pax header"))?);
                }
                EntryType::GNULongLink | EntryType::XGlobalHeader => {
                    let padded = self.room(size?, b"")?;
                    self.skip(padded)?;
                }
                _ => {
                    let Pax { path, size: longer, sparse } = pax.take().unwrap_or_default();
                    let size = longer.map_or(size, Ok)?;
                    let raw = path.or(long_name.take()).unwrap_or_else(|| header.path_bytes().into_owned());
                    long_name = None;
                    if raw.len() as u64 > LONGEST_NAME {
                        return Err(self.too_long(raw.len() as u64, LONGEST_NAME, "names"));
                    }
                    if sparse || kind == EntryType::GNUSparse {
                        let found = "a sparse one";
                        return Err(Error::format(inside(self.path, raw), "a member without holes", found));
                    }
                    let padded = self.room(size, &raw)?;
                    let kind = kind_of(kind, raw.ends_with(b"/"));
                    let Some(name) = plain(&raw) else {
                        self.skip(padded)?;
                        continue;
                    };
                    let member = Member {
                        name,
                        #[cfg(feature = "images")]
                        offset: self.at,
                        size,
                        kind,
                    };
                    let mut data = self.input.by_ref().take(size);
                    visit(member, &mut data)?;
                    let read = size - data.limit();
                    self.at += read;
                    self.skip(padded - read)?;
                }
            }
        }
        Ok(())
    }

    /// The next header, or `None` at the end that an archive says itself.
    fn header(&mut self) -> Result<Option<Header>, Error> {
        if self.gzipped && self.end - self.at < BLOCK {
            return Err(self.too_much());
        }
        let mut block = Vec::with_capacity(BLOCK as usize);
        self.input.by_ref().take(BLOCK).read_to_end(&mut block).map_err(|error| self.broken(error))?;
        if self.at == 0
            && let Some(found) = foreign(&block)
        {
            return Err(Error::format(self.path, "a tar archive", found));
        }
        if (block.len() as u64) < BLOCK {
            return Err(self.cut_off());
        }
        if block.iter().all(|&byte| byte == 0) {
            self.at += BLOCK;
            return Ok(None);
        }
        let header = Header::from_byte_slice(&block).clone();
        let sum: u32 = block[..148].iter().chain(&block[156..]).map(|&byte| u32::from(byte)).sum();
        if header.cksum().ok() != Some(sum + 8 * u32::from(b' ')) {
            if self.at == 0 {
                return Err(Error::format(self.path, "a tar archive", "another kind of file"));
            }
            return Err(self.damaged("a wrong check sum"));
        }
        self.at += BLOCK;
        Ok(Some(header))
    }

    /// The bytes of a header's extension, of which there may be `most`.
    fn extension(&mut self, size: u64, most: u64, what: &str) -> Result<Vec<u8>, Error> {
        if size > most {
            return Err(self.too_long(size, most, what));
        }
        let padded = self.room(size, b"")?;
        let mut bytes = Vec::new();
        self.input.by_ref().take(size).read_to_end(&mut bytes).map_err(|error| self.broken(error))?;
        if (bytes.len() as u64) < size {
            return Err(self.cut_off());
        }
        self.at += size;
        self.skip(padded - size)?;
        Ok(bytes)
    }

    /// The size with its padding, if the archive has room for it.
    fn room(&self, size: u64, name: &[u8]) -> Result<u64, Error> {
        let left = self.end - self.at;
        match size.checked_next_multiple_of(BLOCK) {
            Some(padded) if padded <= left => Ok(padded),
            _ if self.gzipped => Err(self.too_much()),
            _ => {
                let found = format!("{left}, the archive being cut off or damaged");
                let name = name.strip_suffix(b"/").unwrap_or(name);
                Err(Error::format(inside(self.path, name), format!("{size} bytes"), found))
            }
        }
    }

    fn skip(&mut self, bytes: u64) -> Result<(), Error> {
        self.input.skip(bytes).map_err(|error| self.broken(error))?;
        self.at += bytes;
        Ok(())
    }

    fn broken(&self, error: io::Error) -> Error {
        if self.gzipped {
            return damage(self.path)(error);
        }
        Error::io(self.path, "read")(error)
    }

    fn cut_off(&self) -> Error {
        Error::format(self.path, "a whole tar archive", "one that is cut off")
    }

    fn damaged(&self, what: impl Into<String>) -> Error {
        let found = format!("{} in the header before byte {}", what.into(), self.at);
        Error::format(self.path, "an undamaged tar archive", found)
    }

    fn too_long(&self, size: u64, most: u64, what: &str) -> Error {
        Error::format(self.path, format!("{what} of at most {most} bytes"), format!("one of {size}"))
    }

    fn too_much(&self) -> Error {
        let limit = self.end;
        let expected =
            format!("a gzipped archive of at most {limit} bytes (gunzip it first: a .tar has no limit)");
        Error::format(self.path, expected, "more")
    }
}

/// The attributes of the next member in a pax header.
#[derive(Default)]
struct Pax {
    path: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

impl Pax {
    /// Records are "length key=value" and a line feed. Only the length tells where one ends: a value may be any bytes.
    fn parse(mut records: &[u8]) -> Option<Pax> {
        let mut pax = Pax::default();
        while !records.is_empty() {
            let digits = records.iter().position(|&byte| byte == b' ')?;
            let len = std::str::from_utf8(&records[..digits]).ok()?.parse().ok()?;
            let (record, rest) = records.split_at_checked(len)?;
            let record = record.get(digits + 1..)?.strip_suffix(b"\n")?;
            let (key, value) = record.split_at(record.iter().position(|&byte| byte == b'=')?);
            match (key, &value[1..]) {
                (b"path", path) => pax.path = Some(path.to_vec()),
                (b"size", size) => pax.size = Some(std::str::from_utf8(size).ok()?.parse().ok()?),
                _ => pax.sparse |= key.starts_with(b"GNU.sparse."),
            }
            records = rest;
        }
        Some(pax)
    }
}

fn kind_of(kind: EntryType, slash: bool) -> Kind {
    match kind {
        EntryType::Directory => Kind::Folder,
        // As archives of before 1988 say it.
        EntryType::Regular if slash => Kind::Folder,
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::Link | EntryType::Symlink => Kind::Other("a link"),
        EntryType::Char | EntryType::Block | EntryType::Fifo => Kind::Other("a device or pipe"),
        _ => Kind::Other("a member of an unknown kind"),
    }
}

/// A member's path below the root, or `None` if it leads out of the archive.
pub(super) fn plain(name: &[u8]) -> Option<Vec<u8>> {
    let parts = name.split(|&byte| byte == b'/').filter(|part| !matches!(*part, b"" | b"."));
    let parts: Vec<&[u8]> = parts.collect();
    if parts.contains(&&b".."[..]) || parts.is_empty() { None } else { Some(parts.join(&b'/')) }
}
