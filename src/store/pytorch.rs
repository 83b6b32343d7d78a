//! Tensors of a file from `torch.save`: a zip archive of a pickle, which names them, and of storages, which hold their numbers.

use std::collections::HashMap;
use std::io::{self, Cursor};
use std::ops::Range;
use std::path::Path;

use zip::{CompressionMethod, ZipArchive};

use super::Dtype;
use super::kinds::{PYTORCH, kind_of};
use super::pickle::{self, Strided};
use super::safetensors::Tensor;
use crate::error::Error;

/// The entry that names the tensors, after a folder whose name is free.
const NAMES: &str = "/data.pkl";

/// The tensors of a file from `torch.save`, in its order. The numbers of tensors that are not contiguous are appended to the
/// bytes.
pub(super) fn tensors_of(path: &Path, bytes: &mut Vec<u8>) -> Result<Vec<(String, Tensor)>, Error> {
    let bad = |found: String| Error::format(path, "a file of tensors from torch.save", found);
    if bytes.starts_with(b"\x80\x02\x8a\x0a") {
        let found = "one of PyTorch before 1.6; load it there and save it again".to_owned();
        return Err(bad(found));
    }
    let kind = kind_of(bytes).filter(|kind| ![PYTORCH, "a zip archive"].contains(kind)).map(str::to_owned);
    let or_kind = |found: String| bad(kind.clone().unwrap_or(found));
    let mut archive = ZipArchive::new(Cursor::new(&bytes[..])).map_err(|error| or_kind(error.to_string()))?;
    let names =
        archive.file_names().flatten().find(|name| name.ends_with(NAMES)).map(|name| name.into_owned());
    let names = names.ok_or_else(|| or_kind(format!("a zip archive without an entry FOLDER{NAMES}")))?;
    let folder = names.strip_suffix(NAMES).expect("its end");
    let mut entry = |name: &str| place(&mut archive, name).map_err(&bad);
    if let Some(order) = entry(&format!("{folder}/byteorder"))?
        && &bytes[order.clone()] != b"little"
    {
        return Err(bad("numbers whose first byte is the highest".into()));
    }
    let names = entry(&names)?.expect("an entry that was found");
    let named = pickle::tensors(&bytes[names]).map_err(&bad)?;

    // The numbers of tensors that are not contiguous, in order: never more than the file has.
    let mut tensors = Vec::new();
    let mut moved = Vec::new();
    let mut storages: HashMap<&str, Range<usize>> = HashMap::new();
    for (name, strided) in named {
        let storage = match storages.get(strided.storage) {
            Some(storage) => storage.clone(),
            None => {
                let storage = format!("{folder}/data/{}", strided.storage);
                let place =
                    entry(&storage)?.ok_or_else(|| bad(format!("no entry {storage:?} for {name:?}")))?;
                storages.insert(strided.storage, place.clone());
                place
            }
        };
        let of_tensor = |what: String| bad(format!("{name:?} with {what}"));
        let (dtype, size) = number_type(strided.kind)
            .ok_or_else(|| of_tensor(format!("numbers of `torch.{}`", strided.kind)))?;
        let count =
            strided.count().ok_or_else(|| of_tensor("sizes or strides that leave its storage".into()))?;
        if strided.len.checked_mul(size) != Some(storage.len()) {
            let found = format!("{} numbers of {size} bytes in {} bytes", strided.len, storage.len());
            return Err(of_tensor(found));
        }
        let values = if strided.is_contiguous() {
            let start = storage.start + strided.offset * size;
            start..start + count * size
        } else {
            let start = bytes.len() + moved.len();
            if moved.len() + count * size > bytes.len() {
                return Err(of_tensor("more numbers out of order than there are bytes in the file".into()));
            }
            strided.each(|at| moved.extend_from_slice(&bytes[storage.start + at * size..][..size]));
            start..start + count * size
        };
        tensors.push((name, Tensor { dtype, shape: strided.shape, values }));
    }
    bytes.extend(moved);
    Ok(tensors)
}

/// The bytes of an entry, `None` without one; an error if it is compressed or its checksum is wrong.
fn place(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Option<Range<usize>>, String> {
    let Some(index) = archive.index_for_name(name) else { return Ok(None) };
    let mut entry = archive.by_index(index).map_err(|error| format!("{name:?}: {error}"))?;
    if entry.compression() != CompressionMethod::Stored {
        return Err(format!("{name:?} in a packed form"));
    }
    // The reader compares a checksum at the end.
    let len = io::copy(&mut entry, &mut io::sink()).map_err(|error| format!("{name:?}: {error}"))?;
    let start = entry.data_start().ok_or(format!("{name:?} without a place"))?;
    Ok(Some(start as usize..(start + len) as usize))
}

/// The type of the numbers of a storage, and the bytes of each.
fn number_type(kind: &str) -> Option<(Dtype, usize)> {
    Some(match kind {
        "FloatStorage" => (Dtype::F32, 4),
        "DoubleStorage" => (Dtype::F64, 8),
        "HalfStorage" => (Dtype::F16, 2),
        "BFloat16Storage" => (Dtype::Bf16, 2),
        "LongStorage" => (Dtype::I64, 8),
        "ByteStorage" => (Dtype::U8, 1),
        "IntStorage" => (Dtype::Other, 4),
        "ShortStorage" => (Dtype::Other, 2),
        "CharStorage" | "BoolStorage" => (Dtype::Other, 1),
        _ => return None,
    })
}

impl Strided<'_> {
    /// The number of its numbers, if all lie in the storage and there are no more than the storage has.
    fn count(&self) -> Option<usize> {
        let count = self.shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size))?;
        if count == 0 {
            return (self.offset <= self.len).then_some(0);
        }
        let mut last = self.offset;
        for (size, stride) in self.shape.iter().zip(&self.strides) {
            last = last.checked_add((size - 1).checked_mul(*stride)?)?;
        }
        (last < self.len && count <= self.len).then_some(count)
    }

    /// Whether its numbers lie one after the other, row by row.
    fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        self.shape.iter().zip(&self.strides).rev().all(|(size, stride)| {
            let fits = *size == 1 || *stride == expected;
            expected *= size;
            fits
        })
    }

    /// Calls `f` with the place of each number in the storage, row by row.
    fn each(&self, mut f: impl FnMut(usize)) {
        let mut index = vec![0; self.shape.len()];
        let mut at = self.offset;
        let count: usize = self.shape.iter().product();
        for _ in 0..count {
            f(at);
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                at += self.strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                at -= self.shape[axis] * self.strides[axis];
                index[axis] = 0;
            }
        }
    }
}
