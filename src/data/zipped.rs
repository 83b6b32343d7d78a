//! Reads zip archives. Members are found by the directory at the end, and unpacked one by one when they are needed; no size
//! is trusted before as many bytes are there.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::Crc;
use flate2::read::DeflateDecoder;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::archive::{Kind, LONGEST_NAME, Member, inside, plain};
use crate::Error;

/// The bytes of a member, packed.
pub(super) struct Packed {
    /// Where they begin in the archive.
    pub offset: u64,
    /// The bytes that they take there.
    pub len: u64,
    /// The bytes that they unpack to.
    pub size: u64,
    crc: u32,
    deflated: bool,
}

/// Whether the file is a zip archive, by its first bytes.
pub(super) fn is_zipped(path: &Path, mut file: &File) -> Result<bool, Error> {
    let mut start = Vec::new();
    file.take(4).read_to_end(&mut start).map_err(Error::io(path, "read"))?;
    file.seek(SeekFrom::Start(0)).map_err(Error::io(path, "read"))?;
    // One without members begins with its end.
    Ok(start == b"PK\x03\x04" || start == b"PK\x05\x06")
}

/// Calls `visit` with the members of an archive of `len` bytes, in the order of its directory. Of members with one name there
/// is the last.
pub(super) fn walk_zip(
    path: &Path,
    file: &File,
    len: u64,
    mut visit: impl FnMut(Member, Packed) -> Result<(), Error>,
) -> Result<(), Error> {
    let bad = |error: ZipError| match error {
        ZipError::Io(error) if error.kind() != ErrorKind::UnexpectedEof => Error::io(path, "read")(error),
        ZipError::Io(_) => Error::format(path, "a whole zip archive", "one that is cut off"),
        error => Error::format(path, "an undamaged zip archive", error.to_string()),
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(bad)?;
    for i in 0..archive.len() {
        let entry = archive.by_index_raw(i).map_err(bad)?;
        let raw = entry.name_raw();
        if raw.len() as u64 > LONGEST_NAME {
            let expected = format!("names of at most {LONGEST_NAME} bytes");
            return Err(Error::format(path, expected, format!("one of {}", raw.len())));
        }
        let Some(name) = plain(raw) else { continue };
        let method = entry.compression();
        let kind = match () {
            () if entry.is_dir() => Kind::Folder,
            () if entry.is_symlink() => Kind::Other("a link"),
            () if entry.encrypted() => Kind::Other("an encrypted member"),
            () if ![CompressionMethod::STORE, CompressionMethod::DEFLATE].contains(&method) => {
                Kind::Other("a member packed by another method than deflate")
            }
            () => Kind::File,
        };
        let (offset, packed) = (entry.data_start().unwrap_or(len), entry.compressed_size());
        if offset.checked_add(packed).is_none_or(|end| end > len) {
            let found = format!("{}, the archive being cut off or damaged", len.saturating_sub(offset));
            return Err(Error::format(inside(path, name), format!("{packed} bytes"), found));
        }
        let (size, crc) = (entry.size(), entry.crc32());
        let packed =
            Packed { offset, len: packed, size, crc, deflated: method == CompressionMethod::DEFLATE };
        let member = Member {
            name,
            #[cfg(feature = "images")]
            offset,
            size,
            kind,
        };
        visit(member, packed)?;
    }
    Ok(())
}

impl Packed {
    /// The bytes that a member unpacks to, at most `limit`; `path` is that of the member in errors.
    pub fn read(&self, path: &Path, mut archive: &File, limit: u64) -> Result<Vec<u8>, Error> {
        if self.size > limit {
            let expected = format!("at most {limit} bytes (unzip the archive first)");
            return Err(Error::format(path, expected, self.size.to_string()));
        }
        archive.seek(SeekFrom::Start(self.offset)).map_err(Error::io(path, "read"))?;
        self.unpacked(path, BufReader::new(archive).take(self.len))
    }

    /// Unpacks a member: the bytes must have the length and the checksum of its directory entry.
    pub fn unpacked(&self, path: &Path, packed: impl Read) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        // One more tells that there are more.
        let most = self.size.saturating_add(1);
        let read = match self.deflated {
            true => DeflateDecoder::new(packed).take(most).read_to_end(&mut bytes),
            false => packed.take(most).read_to_end(&mut bytes),
        };
        match read {
            Err(error) if error.raw_os_error().is_some() => return Err(Error::io(path, "read")(error)),
            Err(error) => {
                return Err(Error::format(
                    path,
                    "undamaged bytes in the archive",
                    format!("damage: {error}"),
                ));
            }
            Ok(_) => {}
        }
        if bytes.len() as u64 != self.size {
            let found =
                if bytes.len() as u64 > self.size { "more".to_owned() } else { bytes.len().to_string() };
            return Err(Error::format(path, format!("{} bytes", self.size), found));
        }
        let mut crc = Crc::new();
        crc.update(&bytes);
        if crc.sum() != self.crc {
            return Err(Error::format(path, "undamaged bytes in the archive", "a wrong checksum"));
        }
        Ok(bytes)
    }
}
