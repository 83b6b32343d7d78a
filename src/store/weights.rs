//! Weights in files: safetensors, with the names and layouts of PyTorch's state dict.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use safetensors::serialize;
use safetensors::tensor::{Dtype as FileDtype, Metadata, TensorInfo, View};
use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};

use super::onnx::read_initializers;
use super::{Dtype, Stored};
use crate::data::open_regular;
use crate::error::{Error, TensorMismatch};
use crate::network::{Model, Network};
use crate::plan::Param;
use crate::scalar::Scalar;
use crate::shape::Shape;

/// Bytes that the header of a file may have: to read it takes several times as much memory.
pub(super) const LONGEST_HEADER: u64 = 100_000;

/// Named tensors that were read from a file, to be put into a network.
///
/// [`SaveLoad::load`](super::SaveLoad::load) is the short way. Here it can be said that numbers of the other width are converted
/// ([`convert`](Self::convert)), and which layers keep the parameters they have ([`except`](Self::except)), as when a
/// trained network is to learn other classes.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::store::Weights;
///
/// network! {
///     struct Ten: Flat<4> => Flat<10> { fc1: Dense { units: 8 }, relu: Relu, fc2: Dense { units: 10 } }
/// }
/// network! {
///     struct Three: Flat<4> => Flat<3> { fc1: Dense { units: 8 }, relu: Relu, fc2: Dense { units: 3 } }
/// }
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("ten.safetensors");
/// let trained = Ten::new(1);
/// trained.save(&path)?;
///
/// let mut net = Three::new(2);
/// let error = net.load(&path).unwrap_err().to_string();
/// assert!(error.contains("fc2.weight: expected F32 [3, 8], found F32 [10, 8]"));
/// assert!(error.contains("fc2.bias: expected F32 [3], found F32 [10]"));
///
/// Weights::open(&path)?.except("fc2").load_into(&mut net)?;
/// assert_eq!(net.fc1().weight(), trained.fc1().weight());
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Debug)]
pub struct Weights {
    pub(super) path: PathBuf,
    /// The file, of whose bytes most tensors are a part.
    bytes: Vec<u8>,
    tensors: Vec<(String, Tensor)>,
    convert: bool,
    except: Vec<String>,
}

/// A tensor of a file.
#[derive(Debug)]
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    values: Range<usize>,
}

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.dtype, self.shape)
    }
}

impl Weights {
    /// Reads a safetensors file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read; [`Error::Format`] if it is no safetensors file, or damaged, or its header has
    /// more than 100,000 bytes: about a thousand tensors.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        // Another kind of file is not read to its end.
        let mut start = Vec::new();
        open_regular(path)?
            .0
            .take(8 + LONGEST_HEADER)
            .read_to_end(&mut start)
            .map_err(Error::io(path, "read"))?;
        names_of(header_of(path, &start)?).map_err(bad_header(path))?;
        drop(start);
        Self::from_bytes(path, read(path)?)
    }

    /// The same for the bytes of a file; `path` stands for it in errors.
    ///
    /// # Errors
    /// [`Error::Format`], as [`Weights::open`].
    pub fn from_bytes(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Result<Self, Error> {
        let path = path.into();
        let tensors = tensors_of(&path, &bytes)?;
        Ok(Weights { path, bytes, tensors, convert: false, except: Vec::new() })
    }

    /// Reads the initialisers of a file in the format of ONNX: what [`save_onnx`](super::save_onnx) writes, or PyTorch for a
    /// network of the same names.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read; [`Error::Format`] if it is no ONNX file with a graph that has initialisers, or
    /// damaged, or its numbers are elsewhere.
    pub fn open_onnx(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Self::from_onnx(path, read(path)?)
    }

    /// The same for the bytes of a file; `path` stands for it in errors.
    ///
    /// # Errors
    /// [`Error::Format`], as [`Weights::open_onnx`].
    pub fn from_onnx(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Result<Self, Error> {
        let path = path.into();
        let mut bytes_of_all = Vec::new();
        let mut tensors = Vec::new();
        for (name, Stored { dtype, shape, values }) in read_initializers(&path, bytes)? {
            let start = bytes_of_all.len();
            bytes_of_all.extend(values);
            tensors.push((name, Tensor { dtype, shape, values: start..bytes_of_all.len() }));
        }
        Ok(Weights { path, bytes: bytes_of_all, tensors, convert: false, except: Vec::new() })
    }

    /// Takes numbers of the other width too: `f64` in the file is rounded to a network's `f32`, and `f32` widened.
    pub fn convert(self) -> Self {
        Weights { convert: true, ..self }
    }

    /// Leaves a layer alone: the network keeps the parameters it has there, whatever the file holds under that name.
    pub fn except(mut self, layer: impl Into<String>) -> Self {
        self.except.push(layer.into());
        self
    }

    /// The names of the tensors, in the order of the file's bytes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.iter().map(|(name, _)| name.as_str())
    }

    /// Puts the weights into a network: all of them, or in case of an error none.
    ///
    /// Beside the network's tensors the file may hold the counters `num_batches_tracked` of PyTorch's batch
    /// normalisation.
    ///
    /// # Errors
    /// [`Error::Weights`] with all tensors that are missing, unknown, of another shape or other numbers;
    /// [`Error::Argument`] if neither the network nor the file has a layer that is to be left alone.
    pub fn load_into<N: Network>(&self, network: &mut N) -> Result<(), Error> {
        self.put("", network.model_mut())
    }

    /// Puts the tensors whose names begin with `prefix` into a network whose own names have none.
    pub(crate) fn put<In: Shape, Out: Shape, T: Scalar>(
        &self,
        prefix: &str,
        model: &mut Model<In, Out, T>,
    ) -> Result<(), Error> {
        let wanted: Vec<(String, Param)> =
            model.named_params().map(|(name, param, _)| (name, param)).collect();
        let tensors: Vec<(&str, &Tensor)> = self
            .tensors
            .iter()
            .filter_map(|(name, tensor)| name.strip_prefix(prefix).map(|name| (name, tensor)))
            .collect();
        let layers = model.plan().steps();
        for layer in &self.except {
            let known = layers.iter().any(|step| step.is_of(layer))
                || tensors.iter().any(|(name, _)| belongs(name, layer));
            if !known {
                let names: Vec<&str> = layers.iter().map(|step| step.name.as_str()).collect();
                return Err(Error::argument("layer to leave alone", names.join(", "), layer));
            }
        }
        let is_left = |name: &str| self.except.iter().any(|layer| belongs(name, layer));
        let found = |name: &str| tensors.iter().find(|(known, _)| *known == name).map(|(_, tensor)| *tensor);

        let mut mismatches = Vec::new();
        for (name, param) in wanted.iter().filter(|(name, _)| !is_left(name)) {
            let tensor = found(name);
            let right = tensor.is_some_and(|tensor| {
                let numbers = tensor.dtype == Dtype::of::<T>()
                    || (self.convert && matches!(tensor.dtype, Dtype::F32 | Dtype::F64));
                numbers && tensor.shape == param.shape
            });
            if !right {
                let expected = format!("{} {:?}", Dtype::of::<T>(), param.shape);
                let found = tensor.map_or("nothing".to_owned(), Tensor::to_string);
                mismatches.push(TensorMismatch { name: name.clone(), expected, found });
            }
        }
        for &(name, tensor) in &tensors {
            let is_counter = name.strip_suffix("num_batches_tracked").is_some_and(|layer| {
                let of_layer = format!("{layer}running_mean");
                tensor.shape.is_empty() && wanted.iter().any(|(name, _)| *name == of_layer)
            });
            if !is_left(name) && !is_counter && !wanted.iter().any(|(known, _)| known == name) {
                let (expected, found) = ("nothing".to_owned(), tensor.to_string());
                mismatches.push(TensorMismatch { name: name.to_owned(), expected, found });
            }
        }
        if !mismatches.is_empty() {
            return Err(Error::Weights { path: self.path.clone(), mismatches });
        }

        let mut rest = model.params_mut();
        for (name, param) in &wanted {
            let (values, tail) = rest.split_at_mut(param.len());
            rest = tail;
            if let Some(tensor) = found(name).filter(|_| !is_left(name)) {
                let bytes = &self.bytes[tensor.values.clone()];
                match tensor.dtype {
                    dtype if dtype == Dtype::of::<T>() => read_values(values, bytes, |value: T| value),
                    Dtype::F32 => read_values(values, bytes, |value: f32| T::of(value.into())),
                    _ => read_values(values, bytes, T::of),
                }
            }
        }
        Ok(())
    }
}

impl Weights {
    fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.iter().find(|(known, _)| known == name).map(|(_, tensor)| tensor)
    }

    /// The bytes of a tensor of bytes.
    pub(crate) fn bytes_of(&self, name: &str) -> Option<&[u8]> {
        let tensor = self.tensor(name).filter(|tensor| tensor.dtype == Dtype::U8)?;
        Some(&self.bytes[tensor.values.clone()])
    }

    /// Reads a tensor of one axis.
    pub(crate) fn numbers_of<T: Scalar>(&self, name: &str, values: &mut [T]) -> Result<(), Error> {
        let tensor = self.tensor(name);
        match tensor {
            Some(Tensor { dtype, shape, values: place })
                if *dtype == Dtype::of::<T>() && *shape == [values.len()] =>
            {
                read_values(values, &self.bytes[place.clone()], |value: T| value);
                Ok(())
            }
            _ => {
                let expected = format!("{name} {} {:?}", Dtype::of::<T>(), [values.len()]);
                Err(Error::format(
                    &self.path,
                    expected,
                    tensor.map_or("nothing".to_owned(), Tensor::to_string),
                ))
            }
        }
    }
}

/// Whether a tensor is a parameter of a layer: "fc1.weight" of "fc1".
fn belongs(name: &str, layer: &str) -> bool {
    name.strip_prefix(layer).is_some_and(|rest| rest.starts_with('.'))
}

/// Reads numbers from their bytes, the least significant first.
fn read_values<T: Scalar, S: Scalar>(values: &mut [T], bytes: &[u8], to: impl Fn(S) -> T) {
    for (value, bytes) in values.iter_mut().zip(bytes.chunks_exact(size_of::<S>())) {
        let mut number = S::zero().to_le_bytes();
        number.as_mut().copy_from_slice(bytes);
        *value = to(S::from_le_bytes(&number));
    }
}

/// A whole file, in as much memory as it has bytes.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let (file, len) = open_regular(path)?;
    let mut bytes = Vec::new();
    if usize::try_from(len).is_err() || bytes.try_reserve_exact(len as usize).is_err() {
        return Err(Error::format(path, "no more bytes than the memory holds", len.to_string()));
    }
    file.take(len).read_to_end(&mut bytes).map_err(Error::io(path, "read"))?;
    Ok(bytes)
}

/// The tensors of a safetensors file, in the order of their bytes.
fn tensors_of(path: &Path, bytes: &[u8]) -> Result<Vec<(String, Tensor)>, Error> {
    let header = header_of(path, bytes)?;
    let start = 8 + header.len();
    let bad = |found: String| Error::format(path, "a safetensors file", found);
    let mut named = names_of(header).map_err(bad_header(path))?;
    named.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    if let Some(twice) = named.windows(2).find(|two| two[0].0 == two[1].0) {
        return Err(bad(format!("two tensors by the name {:?}", twice[0].0)));
    }
    named.sort_unstable_by(|(a, first), (b, second)| (first.data_offsets, a).cmp(&(second.data_offsets, b)));
    let metadata = Metadata::new(None, named).map_err(|error| bad(format!("a bad header: {error}")))?;
    let (expected, found) = (metadata.data_len(), bytes.len() - start);
    if expected != found {
        return Err(bad(format!("{found} bytes of numbers for {expected} in its header")));
    }
    let tensor = |name: String| {
        let info = metadata.info(&name).expect("one of its names");
        let (begin, end) = info.data_offsets;
        let dtype = Dtype::of_file(info.dtype);
        let tensor = Tensor { dtype, shape: info.shape.clone(), values: start + begin..start + end };
        (name, tensor)
    };
    Ok(metadata.offset_keys().into_iter().map(tensor).collect())
}

fn bad_header(path: &Path) -> impl FnOnce(serde_json::Error) -> Error {
    move |error| Error::format(path, "a safetensors file", format!("a bad header: {error}"))
}

/// The JSON text at the beginning of a safetensors file.
fn header_of<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a [u8], Error> {
    let Some((len, rest)) = bytes.split_first_chunk::<8>() else {
        let found =
            if bytes.is_empty() { "an empty file".to_owned() } else { format!("{} bytes", bytes.len()) };
        return Err(Error::format(path, "a safetensors file", found));
    };
    let len = u64::from_le_bytes(*len);
    if len > LONGEST_HEADER {
        let expected = format!("a safetensors file, with a header of at most {LONGEST_HEADER} bytes");
        return Err(Error::format(path, expected, format!("one of {len}, or another kind of file")));
    }
    rest.get(..len as usize).ok_or_else(|| {
        Error::format(
            path,
            format!("a header of {len} bytes"),
            format!("{}, the file being cut off", rest.len()),
        )
    })
}

/// The tensors that a header names, as often as it names them.
fn names_of(header: &[u8]) -> serde_json::Result<Vec<(String, TensorInfo)>> {
    struct Header;

    impl<'de> Visitor<'de> for Header {
        type Value = Vec<(String, TensorInfo)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table of tensors")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut tensors = Vec::new();
            while let Some(name) = map.next_key::<String>()? {
                if name == "__metadata__" {
                    map.next_value::<IgnoredAny>()?;
                } else {
                    tensors.push((name, map.next_value()?));
                }
            }
            Ok(tensors)
        }
    }

    let mut json = serde_json::Deserializer::from_slice(header);
    let tensors = json.deserialize_map(Header)?;
    json.end().map(|()| tensors)
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

/// A tensor on its way to a file.
pub(crate) enum Saved<'a, T> {
    Numbers { shape: Vec<usize>, values: &'a [T] },
    Bytes { shape: [usize; 1], bytes: &'a [u8] },
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
            Saved::Numbers { .. } if size_of::<T>() == 4 => FileDtype::F32,
            Saved::Numbers { .. } => FileDtype::F64,
        }
    }

    fn shape(&self) -> &[usize] {
        match self {
            Saved::Numbers { shape, .. } => shape,
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
            Saved::Bytes { bytes, .. } => (*bytes).into(),
        }
    }

    fn data_len(&self) -> usize {
        match self {
            Saved::Numbers { values, .. } => size_of_val(*values),
            Saved::Bytes { bytes, .. } => bytes.len(),
        }
    }
}

/// The tensors of a network under their names.
pub(super) fn saved<In: Shape, Out: Shape, T: Scalar>(
    model: &Model<In, Out, T>,
) -> impl Iterator<Item = (String, Saved<'_, T>)> {
    model.named_params().map(|(name, param, values)| (name, Saved::Numbers { shape: param.shape, values }))
}

/// The bytes of a safetensors file, always the same for the same tensors.
///
/// # Errors
/// [`Error::Argument`] for more tensors than a header may name that is to be read again.
pub(crate) fn encode<V: View>(tensors: impl Iterator<Item = (String, V)>) -> Result<Vec<u8>, Error> {
    // What writes files for PyTorch says so, and some of what reads them asks.
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    let bytes = serialize(tensors, Some(metadata)).expect("tensors whose bytes are those of their shapes");
    let header = bytes.first_chunk().map_or(0, |len| u64::from_le_bytes(*len));
    if header > LONGEST_HEADER {
        let expected =
            format!("tensors whose names and shapes take {LONGEST_HEADER} bytes in a file's header");
        return Err(Error::argument("network", expected, format!("{header} bytes")));
    }
    Ok(bytes)
}
