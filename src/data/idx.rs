//! IDX, the format of MNIST: a header of sizes and then the bytes.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use byteorder::{BigEndian, ByteOrder};
use flate2::bufread::GzDecoder;

use super::foreign::{NAMED_WITHIN, foreign};
use super::gzip::{GZIP, damage};
use super::regular::open_regular;
use crate::Error;

const MAX_DIMS: usize = 8;
/// A gzip file may inflate to this much more than its own size.
const INFLATE_SLACK: u64 = 256 << 20;

/// An array of bytes read from an IDX file, plain or gzipped.
///
/// The file holds two zero bytes, a type (8: unsigned byte, the only one read here), the number of dimensions
/// (1 to 8), each dimension as a big-endian `u32`, and the elements in row-major order. Described by Y. LeCun,
/// C. Cortes and C. Burges with the [MNIST database](http://yann.lecun.com/exdb/mnist/).
///
/// No file can make the reader panic, hang, or take more memory than the file justifies: the sizes in the header are
/// compared with the length of the file before memory is allocated. A gzip file may inflate to its own size plus 256
/// MiB; unpack one that holds more.
///
/// ```
/// use convnet::data::Idx;
/// use std::path::Path;
///
/// let bytes = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 11, 12, 20, 21, 22];
/// let idx = Idx::parse(Path::new("two-by-three"), &bytes)?;
/// assert_eq!(idx.dims(), [2, 3]);
/// assert_eq!(idx.data(), [10, 11, 12, 20, 21, 22]);
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idx {
    path: PathBuf,
    dims: Vec<usize>,
    data: Vec<u8>,
}

impl Idx {
    /// Reads a file, plain or gzipped. Its first bytes tell which, not its name.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::Format`] if it is not a regular file or not a whole,
    /// undamaged IDX file of unsigned bytes with nothing after it.
    ///
    /// ```
    /// use convnet::data::Idx;
    ///
    /// let labels = Idx::open("assets/mnist/t10k-labels-idx1-ubyte.gz".as_ref())?;
    /// assert_eq!(labels.dims(), [2_000]);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn open(path: &Path) -> Result<Idx, Error> {
        let (file, len) = open_regular(path)?;
        read(path, BufReader::new(file), len)
    }

    /// Reads a file that is already in memory; `name` stands for its path in errors.
    ///
    /// # Errors
    /// As [`Idx::open`].
    ///
    /// ```
    /// use convnet::data::Idx;
    ///
    /// let error = Idx::parse("labels".as_ref(), &[0, 0, 8, 1, 0, 0, 0, 9, 7]).unwrap_err();
    /// assert_eq!(error.to_string(), "labels: expected 9 bytes of data (9), found 1");
    /// ```
    pub fn parse(name: &Path, bytes: &[u8]) -> Result<Idx, Error> {
        read(name, bytes, bytes.len() as u64)
    }

    /// The array itself, if it has `rank` dimensions.
    ///
    /// # Errors
    /// [`Error::Format`] with the two magic numbers otherwise: labels in place of images, for instance.
    ///
    /// ```
    /// use convnet::data::Idx;
    ///
    /// let labels = Idx::parse("labels".as_ref(), &[0, 0, 8, 1, 0, 0, 0, 1, 7])?;
    /// assert_eq!(
    ///     labels.expect_rank(3).unwrap_err().to_string(),
    ///     "labels: expected magic 2051 (u8, 3 dimensions), found 2049 (u8, 1 dimension)",
    /// );
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn expect_rank(self, rank: usize) -> Result<Idx, Error> {
        let magic = |rank| {
            let plural = if rank == 1 { "" } else { "s" };
            format!("{} (u8, {rank} dimension{plural})", 0x0800 + rank)
        };
        if self.dims.len() == rank {
            return Ok(self);
        }
        Err(Error::format(self.path, format!("magic {}", magic(rank)), magic(self.dims.len())))
    }

    /// The path or name it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The dimensions, outermost first: \[images, rows, columns\] in a file of images.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// The elements in row-major order, as many as the product of [`Idx::dims`].
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The elements, without a copy.
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }
}

fn read(path: &Path, mut input: impl BufRead, len: u64) -> Result<Idx, Error> {
    if len == 0 {
        return Err(Error::format(path, "an IDX file", "an empty file"));
    }
    if input.fill_buf().map_err(Error::io(path, "read"))?.starts_with(&GZIP) {
        return read_gzip(path, input, len);
    }
    let (dims, size) = read_header(path, &mut input)?;
    // The file may have grown since its length was taken.
    let found = len.checked_sub(header_len(&dims)).ok_or_else(|| short_header(path, dims.len(), len))?;
    if found != size {
        return Err(wrong_size(path, &dims, size, found));
    }
    let data = read_data(path, &mut input, size)?;
    end_of(path, &mut input, &dims, size, &data)?;
    Ok(Idx { path: path.into(), dims, data })
}

fn read_gzip(path: &Path, input: impl BufRead, len: u64) -> Result<Idx, Error> {
    let mut inflated = GzDecoder::new(input);
    let (dims, size) = read_header(path, &mut inflated)?;
    let limit = len.saturating_add(INFLATE_SLACK);
    if header_len(&dims) + size > limit {
        return Err(Error::format(
            path,
            format!("at most {limit} bytes in a gzip file of {len} (if it is meant, unpack it first)"),
            format!("a header for {size} ({})", product(&dims)),
        ));
    }
    let data = read_data(path, &mut inflated, size)?;
    end_of(path, &mut inflated, &dims, size, &data)?;
    if !inflated.into_inner().fill_buf().map_err(Error::io(path, "read"))?.is_empty() {
        return Err(Error::format(path, "the end of the file after the gzip stream", "more bytes"));
    }
    Ok(Idx { path: path.into(), dims, data })
}

/// Reads the dimensions and their product, which with the header is sure to fit a `u64`.
fn read_header(path: &Path, input: &mut impl Read) -> Result<(Vec<usize>, u64), Error> {
    let mut magic = Vec::with_capacity(4);
    input.take(4).read_to_end(&mut magic).map_err(damage(path))?;
    // An IDX file begins with 0; others are worth a closer look for a name.
    if magic.first().is_some_and(|&first| first != 0) {
        let mut start = magic.clone();
        input.take(NAMED_WITHIN).read_to_end(&mut start).map_err(damage(path))?;
        if let Some(found) = foreign(&start) {
            return Err(Error::format(path, "an IDX file", found));
        }
    }
    let rank = match magic[..] {
        [0, 0, 8, rank] if (1..=MAX_DIMS).contains(&rank.into()) => usize::from(rank),
        [0, 0, 8, rank] => {
            return Err(Error::format(path, format!("1 to {MAX_DIMS} dimensions"), rank.to_string()));
        }
        [0, 0, kind, _] => {
            return Err(Error::format(
                path,
                "IDX type 0x08 (u8)",
                format!("type {kind:#04x}{}", name_of(kind)),
            ));
        }
        [_, _, _, _] => {
            let found = BigEndian::read_u32(&magic);
            return Err(Error::format(
                path,
                "an IDX file (magic 2049 to 2056)",
                format!("magic {found} ({found:#010x})"),
            ));
        }
        _ => {
            return Err(Error::format(
                path,
                "an IDX header of 4 bytes or more",
                format!("{} bytes", magic.len()),
            ));
        }
    };

    let mut sizes = Vec::with_capacity(4 * rank);
    input.take(4 * rank as u64).read_to_end(&mut sizes).map_err(damage(path))?;
    if sizes.len() < 4 * rank {
        return Err(short_header(path, rank, 4 + sizes.len() as u64));
    }
    let dims: Vec<usize> = sizes.chunks_exact(4).map(|dim| BigEndian::read_u32(dim) as usize).collect();
    // With a dimension of 0 there are no elements, however large the others.
    let size = match dims.contains(&0) {
        true => Some(0),
        false => dims.iter().try_fold(1_u64, |size, &dim| size.checked_mul(dim as u64)),
    };
    match size {
        Some(size) if size <= isize::MAX as u64 => Ok((dims, size)),
        _ => Err(Error::format(path, "dimensions whose product fits the memory", product(&dims))),
    }
}

/// Reads up to `size` bytes; the memory taken follows the bytes that arrive.
fn read_data(path: &Path, input: &mut impl Read, size: u64) -> Result<Vec<u8>, Error> {
    let mut data = Vec::new();
    while (data.len() as u64) < size {
        let step = (size - data.len() as u64).min(data.len().max(1 << 16) as u64);
        data.try_reserve_exact(step as usize)
            .map_err(|_| Error::io(path, "read")(io::ErrorKind::OutOfMemory.into()))?;
        if input.take(step).read_to_end(&mut data).map_err(damage(path))? == 0 {
            break;
        }
    }
    Ok(data)
}

/// Asks for one byte more: at the true end this also checks the length and CRC of a gzip stream.
fn end_of(path: &Path, input: &mut impl Read, dims: &[usize], size: u64, data: &[u8]) -> Result<(), Error> {
    let extra = input.take(1).read_to_end(&mut Vec::new()).map_err(damage(path))?;
    match data.len() as u64 {
        len if len < size => Err(wrong_size(path, dims, size, len)),
        _ if extra > 0 => Err(wrong_size(path, dims, size, "more")),
        _ => Ok(()),
    }
}

fn short_header(path: &Path, rank: usize, found: u64) -> Error {
    Error::format(path, format!("an IDX header of {} bytes", 4 + 4 * rank), format!("{found} bytes"))
}

fn wrong_size(path: &Path, dims: &[usize], size: u64, found: impl ToString) -> Error {
    Error::format(path, format!("{size} bytes of data ({})", product(dims)), found.to_string())
}

fn header_len(dims: &[usize]) -> u64 {
    4 + 4 * dims.len() as u64
}

fn product(dims: &[usize]) -> String {
    dims.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}

fn name_of(kind: u8) -> &'static str {
    match kind {
        0x09 => " (i8)",
        0x0b => " (i16)",
        0x0c => " (i32)",
        0x0d => " (f32)",
        0x0e => " (f64)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A file that shrinks or grows after its length was taken is the whole array or an error.
    #[test]
    fn a_file_that_changes_while_it_is_read_is_no_panic() {
        let array = [&[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3][..], b"abcdef"].concat();
        let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zipped.write_all(&array).unwrap();
        for whole in [array, zipped.finish().unwrap()] {
            for found in 0..=whole.len() + 3 {
                let bytes: Vec<u8> = whole.iter().copied().chain(0..3).take(found).collect();
                for len in 0..=whole.len() as u64 + 3 {
                    match read(Path::new("file"), &bytes[..], len) {
                        Ok(idx) => {
                            assert_eq!((idx.dims(), idx.data()), (&[2, 3][..], &b"abcdef"[..]));
                            assert_eq!(found, whole.len(), "the bytes of a file of {len}");
                        }
                        Err(error) => assert!(error.to_string().starts_with("file: "), "{error}"),
                    }
                }
            }
        }
    }
}
