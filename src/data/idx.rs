//! IDX, the format of MNIST: a header of sizes and then the numbers.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use byteorder::{BigEndian, ByteOrder};
use flate2::bufread::GzDecoder;

use super::foreign::{NAMED_WITHIN, foreign};
use super::gzip::{GZIP, damage};
use super::idx_number::{IdxNumber, IdxType, Values};
use super::regular::open_regular;
use crate::Error;

const MAX_DIMS: usize = 8;
/// A gzip file may inflate to this much more than its own size.
const INFLATE_SLACK: u64 = 256 << 20;

/// An array of numbers read from an IDX file, plain or gzipped.
///
/// The file holds two zero bytes, a type ([`IdxType`]), the number of dimensions (1 to 8), each dimension as a
/// big-endian `u32`, and the numbers, big-endian, in row-major order. Described by Y. LeCun, C. Cortes and C. Burges
/// with the [MNIST database](http://yann.lecun.com/exdb/mnist/).
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
/// assert_eq!(idx.values::<u8>()?, [10, 11, 12, 20, 21, 22]);
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Idx {
    path: PathBuf,
    dims: Vec<usize>,
    values: Values,
}

impl Idx {
    /// Reads a file, plain or gzipped. Its first bytes tell which, not its name.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::Format`] if it is not a regular file or not a whole,
    /// undamaged IDX file with nothing after it.
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
            let kind = self.kind();
            format!("{} ({}, {rank} dimension{plural})", (usize::from(kind.code()) << 8) + rank, kind.name())
        };
        if self.dims.len() == rank {
            return Ok(self);
        }
        Err(Error::format(&self.path, format!("magic {}", magic(rank)), magic(self.dims.len())))
    }

    /// The path or name it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The dimensions, outermost first: \[images, rows, columns\] in a file of images.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// The type of the numbers.
    ///
    /// ```
    /// use convnet::data::{Idx, IdxType};
    ///
    /// let idx = Idx::parse("one".as_ref(), &[0, 0, 0x0b, 1, 0, 0, 0, 1, 0x01, 0x02])?;
    /// assert_eq!(idx.kind(), IdxType::I16);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn kind(&self) -> IdxType {
        self.values.kind()
    }

    /// The numbers in row-major order, as many as the product of [`Idx::dims`].
    ///
    /// # Errors
    /// [`Error::Format`] with both types if the file holds numbers of another type.
    ///
    /// ```
    /// use convnet::data::Idx;
    ///
    /// let idx = Idx::parse("one".as_ref(), &[0, 0, 0x0c, 1, 0, 0, 0, 1, 0, 0, 0x01, 0x02])?;
    /// assert_eq!(idx.values::<i32>()?, [258]);
    /// let error = idx.values::<f32>().unwrap_err();
    /// assert_eq!(error.to_string(), "one: expected IDX type 0x0d (f32), found type 0x0c (i32)");
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn values<T: IdxNumber>(&self) -> Result<&[T], Error> {
        T::slice(&self.values).ok_or_else(|| wrong_type(&self.path, T::TYPE, self.kind()))
    }

    /// The numbers, without a copy.
    ///
    /// # Errors
    /// As [`Idx::values`].
    ///
    /// ```
    /// use convnet::data::Idx;
    ///
    /// let idx = Idx::parse("two".as_ref(), &[0, 0, 0x09, 1, 0, 0, 0, 2, 1, 0xff])?;
    /// assert_eq!(idx.into_values::<i8>()?, [1, -1]);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn into_values<T: IdxNumber>(self) -> Result<Vec<T>, Error> {
        let kind = self.kind();
        T::vec(self.values).ok_or_else(|| wrong_type(&self.path, T::TYPE, kind))
    }
}

fn wrong_type(path: &Path, expected: IdxType, found: IdxType) -> Error {
    Error::format(path, format!("IDX {expected}"), found.to_string())
}

/// The header of a file.
struct Header {
    kind: IdxType,
    dims: Vec<usize>,
    /// The bytes of all numbers; with the header they are sure to fit a `u64`.
    size: u64,
}

fn read(path: &Path, mut input: impl BufRead, len: u64) -> Result<Idx, Error> {
    if len == 0 {
        return Err(Error::format(path, "an IDX file", "an empty file"));
    }
    if input.fill_buf().map_err(Error::io(path, "read"))?.starts_with(&GZIP) {
        return read_gzip(path, input, len);
    }
    let header = read_header(path, &mut input)?;
    // The file may have grown since its length was taken.
    let found = len.checked_sub(header.len()).ok_or_else(|| short_header(path, header.dims.len(), len))?;
    if found != header.size {
        return Err(header.wrong_size(path, found));
    }
    header.read(path, &mut input)
}

fn read_gzip(path: &Path, input: impl BufRead, len: u64) -> Result<Idx, Error> {
    let mut inflated = GzDecoder::new(input);
    let header = read_header(path, &mut inflated)?;
    let limit = len.saturating_add(INFLATE_SLACK);
    if header.len() + header.size > limit {
        return Err(Error::format(
            path,
            format!("at most {limit} bytes in a gzip file of {len} (if it is meant, unpack it first)"),
            format!("a header for {} ({})", header.size, header.product()),
        ));
    }
    let idx = header.read(path, &mut inflated)?;
    if !inflated.into_inner().fill_buf().map_err(Error::io(path, "read"))?.is_empty() {
        return Err(Error::format(path, "the end of the file after the gzip stream", "more bytes"));
    }
    Ok(idx)
}

fn read_header(path: &Path, input: &mut impl Read) -> Result<Header, Error> {
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
    let (kind, rank) = match magic[..] {
        [0, 0, code, rank] => match IdxType::from_code(code) {
            None => {
                let expected =
                    "IDX type 0x08 (u8), 0x09 (i8), 0x0b (i16), 0x0c (i32), 0x0d (f32) or 0x0e (f64)";
                return Err(Error::format(path, expected, format!("type {code:#04x}")));
            }
            Some(kind) if (1..=MAX_DIMS).contains(&rank.into()) => (kind, usize::from(rank)),
            Some(_) => {
                return Err(Error::format(path, format!("1 to {MAX_DIMS} dimensions"), rank.to_string()));
            }
        },
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
        false => dims.iter().try_fold(kind.width(), |size, &dim| size.checked_mul(dim as u64)),
    };
    match size {
        Some(size) if size <= isize::MAX as u64 => Ok(Header { kind, dims, size }),
        _ => Err(Error::format(path, "dimensions whose product fits the memory", product(&dims))),
    }
}

impl Header {
    fn len(&self) -> u64 {
        4 + 4 * self.dims.len() as u64
    }

    /// Reads the numbers, after which nothing may follow.
    fn read(self, path: &Path, input: &mut impl Read) -> Result<Idx, Error> {
        let data = read_data(path, input, self.size)?;
        // At the true end this also checks the length and CRC of a gzip stream.
        let extra = input.take(1).read_to_end(&mut Vec::new()).map_err(damage(path))?;
        match data.len() as u64 {
            len if len < self.size => Err(self.wrong_size(path, len)),
            _ if extra > 0 => Err(self.wrong_size(path, "more")),
            _ => Ok(Idx { path: path.into(), values: Values::from_bytes(self.kind, data), dims: self.dims }),
        }
    }

    fn wrong_size(&self, path: &Path, found: impl ToString) -> Error {
        Error::format(path, format!("{} bytes of data ({})", self.size, self.product()), found.to_string())
    }

    /// The dimensions, with the type where a number has several bytes.
    fn product(&self) -> String {
        let product = product(&self.dims);
        if self.kind.width() == 1 { product } else { format!("{product} of {}", self.kind.name()) }
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

fn short_header(path: &Path, rank: usize, found: u64) -> Error {
    Error::format(path, format!("an IDX header of {} bytes", 4 + 4 * rank), format!("{found} bytes"))
}

fn product(dims: &[usize]) -> String {
    dims.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
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
                            assert_eq!(idx.dims(), [2, 3]);
                            assert_eq!(idx.values::<u8>().unwrap(), b"abcdef");
                            assert_eq!(found, whole.len(), "the bytes of a file of {len}");
                        }
                        Err(error) => assert!(error.to_string().starts_with("file: "), "{error}"),
                    }
                }
            }
        }
    }
}
