//! The safetensors format: a JSON header, then the numbers of all tensors.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use half::f16;
use safetensors::serialize;
use safetensors::tensor::{Dtype as FileDtype, Metadata, TensorInfo, View};
use serde::Deserializer as _;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};

use super::Dtype;
use super::kinds::kind_of;
use super::metadata::OURS;
use crate::error::Error;
use crate::scalar::Scalar;

/// The largest header in bytes that is read, 4 MiB: reading takes several times as much memory.
pub(super) const LONGEST_HEADER: u64 = 4 << 20;

/// The entries of a header.
pub(super) struct Header<T> {
    pub tensors: Vec<(String, T)>,
    /// This library's metadata, of which others are passed over.
    pub metadata: Vec<(String, String)>,
}

/// A tensor of a file.
#[derive(Debug)]
pub(super) struct Tensor {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub values: Range<usize>,
}

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.dtype, self.shape)
    }
}

/// The tensors of a safetensors file, in the order of their bytes, and its metadata.
pub(super) fn content_of(path: &Path, bytes: &[u8]) -> Result<Header<Tensor>, Error> {
    let header = header_of(path, bytes)?;
    let start = 8 + header.len();
    let bad = |found: String| Error::format(path, "a safetensors file", found);
    let Header { tensors: mut named, metadata: entries } = entries_of(header).map_err(bad_header(path))?;
    named.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    if let Some(twice) = named.windows(2).find(|two| two[0].0 == two[1].0) {
        return Err(bad(format!("two tensors with the name {:?}", twice[0].0)));
    }
    named.sort_unstable_by(|(a, first), (b, second)| (first.data_offsets, a).cmp(&(second.data_offsets, b)));
    let metadata = Metadata::new(None, named).map_err(|error| bad(format!("a bad header: {error}")))?;
    let (expected, found) = (metadata.data_len(), bytes.len() - start);
    if expected != found {
        return Err(bad(format!("{found} bytes of numbers, and {expected} in its header")));
    }
    let tensor = |name: String| {
        let info = metadata.info(&name).expect("one of its names");
        let (begin, end) = info.data_offsets;
        let dtype = Dtype::of_file(info.dtype);
        let tensor = Tensor { dtype, shape: info.shape.clone(), values: start + begin..start + end };
        (name, tensor)
    };
    let tensors = metadata.offset_keys().into_iter().map(tensor).collect();
    Ok(Header { tensors, metadata: entries })
}

pub(super) fn bad_header(path: &Path) -> impl FnOnce(serde_json::Error) -> Error {
    move |error| Error::format(path, "a safetensors file", format!("a bad header: {error}"))
}

/// The JSON text at the beginning of a safetensors file.
pub(super) fn header_of<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a [u8], Error> {
    let Some((len, rest)) = bytes.split_first_chunk::<8>() else {
        let found =
            if bytes.is_empty() { "an empty file".to_owned() } else { format!("{} bytes", bytes.len()) };
        return Err(Error::format(path, "a safetensors file", found));
    };
    let len = u64::from_le_bytes(*len);
    if let Some(kind) = kind_of(bytes).filter(|_| rest.first() != Some(&b'{')) {
        return Err(Error::format(path, "a safetensors file", kind));
    }
    if len > LONGEST_HEADER {
        let expected = format!("a safetensors file, with a header of at most {LONGEST_HEADER} bytes");
        return Err(Error::format(path, expected, format!("one of {len}, or another kind of file")));
    }
    rest.get(..len as usize).ok_or_else(|| {
        Error::format(
            path,
            format!("a header of {len} bytes"),
            format!("{}, because the file is cut off", rest.len()),
        )
    })
}

/// The entries of a header, with duplicates.
pub(super) fn entries_of(header: &[u8]) -> serde_json::Result<Header<TensorInfo>> {
    struct Entries;
    struct Texts<'a>(&'a mut Vec<(String, String)>);

    impl<'de> Visitor<'de> for Texts<'_> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table of texts")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(key) = map.next_key::<String>()? {
                if key.starts_with(OURS) {
                    self.0.push((key, map.next_value()?));
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(())
        }
    }

    impl<'de> DeserializeSeed<'de> for Texts<'_> {
        type Value = ();
        fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
            json.deserialize_map(self)
        }
    }

    impl<'de> Visitor<'de> for Entries {
        type Value = Header<TensorInfo>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table of tensors")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let (mut tensors, mut metadata) = (Vec::new(), Vec::new());
            while let Some(name) = map.next_key::<String>()? {
                if name == "__metadata__" {
                    map.next_value_seed(Texts(&mut metadata))?;
                } else {
                    tensors.push((name, map.next_value()?));
                }
            }
            Ok(Header { tensors, metadata })
        }
    }

    let mut json = serde_json::Deserializer::from_slice(header);
    let entries = json.deserialize_map(Entries)?;
    json.end().map(|()| entries)
}

impl Dtype {
    fn of_file(dtype: FileDtype) -> Self {
        match dtype {
            FileDtype::F32 => Dtype::F32,
            FileDtype::F64 => Dtype::F64,
            FileDtype::F16 => Dtype::F16,
            FileDtype::BF16 => Dtype::Bf16,
            FileDtype::I64 => Dtype::I64,
            FileDtype::U8 => Dtype::U8,
            _ => Dtype::Other,
        }
    }
}

/// A tensor to be written to a file.
pub(crate) enum Saved<'a, T> {
    Numbers {
        shape: Vec<usize>,
        values: &'a [T],
    },
    /// Rounded to 16 bits.
    Half {
        shape: Vec<usize>,
        values: &'a [T],
    },
    Bytes {
        shape: [usize; 1],
        bytes: &'a [u8],
    },
}

impl<'a, T> Saved<'a, T> {
    pub(crate) fn of_bytes(bytes: &'a [u8]) -> Self {
        Saved::Bytes { shape: [bytes.len()], bytes }
    }
}

impl<T: Scalar> View for Saved<'_, T> {
    fn dtype(&self) -> FileDtype {
        match self {
            Saved::Bytes { .. } => FileDtype::U8,
            Saved::Half { .. } => FileDtype::F16,
            Saved::Numbers { .. } if size_of::<T>() == 4 => FileDtype::F32,
            Saved::Numbers { .. } => FileDtype::F64,
        }
    }

    fn shape(&self) -> &[usize] {
        match self {
            Saved::Numbers { shape, .. } | Saved::Half { shape, .. } => shape,
            Saved::Bytes { shape, .. } => shape,
        }
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match self {
            Saved::Numbers { values, .. } => {
                let mut bytes = Vec::with_capacity(self.data_len());
                values.iter().for_each(|value| bytes.extend_from_slice(value.to_le_bytes().as_ref()));
                bytes.into()
            }
            Saved::Half { values, .. } => {
                let bytes = values
                    .iter()
                    .flat_map(|value| f16::from_f64(value.to_f64().unwrap_or(f64::NAN)).to_le_bytes());
                bytes.collect::<Vec<u8>>().into()
            }
            Saved::Bytes { bytes, .. } => (*bytes).into(),
        }
    }

    fn data_len(&self) -> usize {
        match self {
            Saved::Numbers { values, .. } => size_of_val(*values),
            Saved::Half { values, .. } => 2 * values.len(),
            Saved::Bytes { bytes, .. } => bytes.len(),
        }
    }
}

/// The bytes of a safetensors file; the same tensors always give the same bytes.
///
/// # Errors
/// [`Error::Argument`] for more tensors than fit into a header that can be read again.
pub(crate) fn encode<T: Scalar>(
    tensors: Vec<(String, Saved<'_, T>)>,
    metadata: Vec<(String, String)>,
) -> Result<Vec<u8>, Error> {
    // Some readers require `format: pt`.
    let format = [("format".to_owned(), "pt".to_owned())].into();
    let bytes = serialize(tensors, Some(format)).expect("tensors whose bytes are those of their shapes");
    let (len, rest) = bytes.split_first_chunk().expect("the length of the header");
    let (header, numbers) = rest.split_at(u64::from_le_bytes(*len) as usize);
    // The crate writes several entries in any order.
    let entry =
        |(key, value): &(String, String)| format!(",{}:{}", serde_json::json!(key), serde_json::json!(value));
    let entries: String = metadata.iter().map(entry).collect();
    let start = br#"{"__metadata__":{"format":"pt""#;
    let others = header.trim_ascii_end().strip_prefix(start).expect("the entry comes first");
    let mut header = [start, entries.as_bytes(), others].concat();
    header.resize(header.len().next_multiple_of(8), b' ');
    let len = header.len() as u64;
    if len > LONGEST_HEADER {
        let expected =
            format!("tensors whose names and shapes take {LONGEST_HEADER} bytes in a file's header");
        return Err(Error::argument("network", expected, format!("{len} bytes")));
    }
    Ok([&len.to_le_bytes()[..], &header, numbers].concat())
}
