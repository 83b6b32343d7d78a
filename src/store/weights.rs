//! Loading of named tensors into networks.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use half::{bf16, f16};

use super::metadata::metadata_of;
use super::onnx::read_initializers;
use super::safetensors::{
    Header, LONGEST_HEADER, Saved, Tensor, bad_header, content_of, entries_of, header_of,
};
use super::{Dtype, Stored, pytorch};
use crate::data::{Metadata, open_regular};
use crate::error::{Error, TensorMismatch};
use crate::network::Network;
use crate::plan::{Param, Plan};
use crate::scalar::{Scalar, compiled};
use crate::shape::Shape;

/// Named tensors of a file, to be loaded into a network.
///
/// [`SaveLoad::load`](super::SaveLoad::load) does the same for the usual case. `Weights` can also
/// [convert](Self::convert) between `f32` and `f64`, and [skip](Self::skip) layers that keep their parameters, for example
/// when a trained network is fine-tuned for other classes.
///
/// In PyTorch: `load_state_dict(torch.load(path), strict=False)`.
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
/// Weights::open(&path)?.skip("fc2").load_into(&mut net)?;
/// assert_eq!(net.fc1().weight(), trained.fc1().weight());
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Debug)]
pub struct Weights {
    pub(super) path: PathBuf,
    /// The bytes of the file, or of the tensors of an ONNX file.
    bytes: Vec<u8>,
    tensors: Vec<(String, Tensor)>,
    metadata: Metadata,
    convert: bool,
    skipped: Vec<String>,
}

impl Weights {
    /// Reads a safetensors file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read; [`Error::Format`] if it is damaged or not a safetensors file, or if its header
    /// has more than 4 MiB, which is enough for tens of thousands of tensors.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Weights::open_path(path.as_ref())
    }

    fn open_path(path: &Path) -> Result<Self, Error> {
        // A file of another kind is not read to its end.
        let mut start = Vec::new();
        open_regular(path)?
            .0
            .take(8 + LONGEST_HEADER)
            .read_to_end(&mut start)
            .map_err(Error::io(path, "read"))?;
        entries_of(header_of(path, &start)?).map_err(bad_header(path))?;
        drop(start);
        Weights::of_bytes(path.to_owned(), read(path)?)
    }

    /// Reads the bytes of a safetensors file; errors name it by `path`.
    ///
    /// # Errors
    /// [`Error::Format`], as [`Weights::open`].
    pub fn from_bytes(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Result<Self, Error> {
        Weights::of_bytes(path.into(), bytes)
    }

    fn of_bytes(path: PathBuf, bytes: Vec<u8>) -> Result<Self, Error> {
        let Header { tensors, metadata } = content_of(&path, &bytes)?;
        let metadata = metadata_of(&path, &metadata)?;
        Ok(Weights { metadata, ..Weights::of_tensors(path, bytes, tensors) })
    }

    fn of_tensors(path: PathBuf, bytes: Vec<u8>, tensors: Vec<(String, Tensor)>) -> Self {
        let metadata = Metadata::default();
        Weights { path, bytes, tensors, metadata, convert: false, skipped: Vec::new() }
    }

    /// Reads the initialisers of an ONNX file, but whole numbers, such as the shape of a reshaping: one from
    /// [`save_onnx`](super::save_onnx), or one from PyTorch for a network with the same names, whose numbers may lie in a file
    /// beside it.
    ///
    /// # Errors
    /// [`Error::Io`] if it or the file with its numbers cannot be read; [`Error::Format`] if it is damaged, not an ONNX file,
    /// has no initialisers, or refers to a file in another folder.
    pub fn open_onnx(path: impl AsRef<Path>) -> Result<Self, Error> {
        Weights::open_onnx_path(path.as_ref())
    }

    fn open_onnx_path(path: &Path) -> Result<Self, Error> {
        Weights::of_onnx(path.to_owned(), read(path)?, true)
    }

    /// Reads the bytes of an ONNX file; errors name it by `path`.
    ///
    /// # Errors
    /// [`Error::Format`], as [`Weights::open_onnx`], and for numbers in another file.
    pub fn from_onnx(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Result<Self, Error> {
        Weights::of_onnx(path.into(), bytes, false)
    }

    fn of_onnx(path: PathBuf, bytes: Vec<u8>, is_file: bool) -> Result<Self, Error> {
        let mut bytes_of_all = Vec::new();
        let mut tensors = Vec::new();
        for (name, Stored { dtype, shape, values }) in read_initializers(&path, bytes, is_file)? {
            if !matches!(dtype, Dtype::Other) && !dtype.is_float() {
                continue;
            }
            let start = bytes_of_all.len();
            bytes_of_all.extend(values);
            tensors.push((name, Tensor { dtype, shape, values: start..bytes_of_all.len() }));
        }
        Ok(Weights::of_tensors(path, bytes_of_all, tensors))
    }

    /// Reads a file from `torch.save(model.state_dict(), path)` of PyTorch 1.6 or later, usually called `.pth` or `.pt`. Nothing
    /// in it is run: it may hold named tensors alone, also in dictionaries inside the first, whose names then precede theirs
    /// ("state_dict.fc.weight").
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read; [`Error::Format`] if it is damaged, of another kind, or holds something else than
    /// tensors, which is named.
    #[doc(alias = "torch.load")]
    pub fn open_pytorch(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Weights::of_pytorch(path.to_owned(), read(path)?)
    }

    /// Reads the bytes of such a file; errors name it by `path`.
    ///
    /// # Errors
    /// [`Error::Format`], as [`Weights::open_pytorch`].
    pub fn from_pytorch(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Result<Self, Error> {
        Weights::of_pytorch(path.into(), bytes)
    }

    fn of_pytorch(path: PathBuf, mut bytes: Vec<u8>) -> Result<Self, Error> {
        let tensors = pytorch::tensors_of(&path, &mut bytes)?;
        Ok(Weights::of_tensors(path, bytes, tensors))
    }

    /// Allows numbers of another precision: `f64` is rounded to the `f32` of a network; `f32`, and the `f16` and `bf16` of a
    /// small file, are widened.
    pub fn convert(self) -> Self {
        Weights { convert: true, ..self }
    }

    /// Gives each tensor the name that `name` returns for the one in the file.
    ///
    /// ```
    /// # use convnet::prelude::*;
    /// # use convnet::store::Weights;
    /// network! {
    ///     struct Old: Flat<4> => Flat<2> { linear: Dense { units: 2 } }
    /// }
    /// network! {
    ///     struct New: Flat<4> => Flat<2> { fc: Dense { units: 2 } }
    /// }
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("old.safetensors");
    /// let trained = Old::new(1);
    /// trained.save(&path)?;
    /// let mut net = New::new(2);
    /// Weights::open(&path)?.rename(|name| name.replace("linear.", "fc.")).load_into(&mut net)?;
    /// assert_eq!(net.fc().weight(), trained.linear().weight());
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn rename(mut self, mut name: impl FnMut(&str) -> String) -> Self {
        for (old, _) in &mut self.tensors {
            *old = name(old);
        }
        self
    }

    /// Removes the beginning of all names that have it, such as "module." of a network that PyTorch trained on several devices.
    pub fn strip_prefix(self, prefix: &str) -> Self {
        self.rename(|name| name.strip_prefix(prefix).unwrap_or(name).to_owned())
    }

    /// Skips a layer: it keeps its parameters, whether or not the file has tensors for it.
    #[doc(alias = "strict")]
    pub fn skip(mut self, layer: impl Into<String>) -> Self {
        self.skipped.push(layer.into());
        self
    }

    /// The names of the tensors, in the order of their bytes in the file.
    #[doc(alias = "keys")]
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.iter().map(|(name, _)| name.as_str())
    }

    /// The metadata of the file: see [Metadata](crate::store#metadata).
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Copies the weights and the metadata into a network; of a file of which a layer is skipped, not the names of the
    /// classes. A network that loads a file without metadata has none: other weights have other classes. After an error the
    /// network is unchanged.
    ///
    /// The file may also have the counters `num_batches_tracked` of PyTorch's batch normalisation, which are ignored.
    ///
    /// # Errors
    /// [`Error::Weights`] with all tensors that are missing, unknown, of another shape or number type, or hold a number that is
    /// not finite, and a way to load them if there is one; [`Error::Format`] for a checkpoint, and for metadata that are not for
    /// the network's inputs and outputs; [`Error::Argument`] if neither the network nor the file has a layer that is to be
    /// skipped.
    #[doc(alias = "load_state_dict")]
    pub fn load_into<N: Network>(&self, network: &mut N) -> Result<(), Error> {
        let metadata = self.metadata.clone();
        let metadata = if self.skipped.is_empty() { metadata } else { metadata.without_classes() };
        let checked = metadata.check(N::Input::DIMS, N::Output::DIMS);
        checked.map_err(|(expected, found)| {
            Error::format(&self.path, format!("metadata of {expected}"), found)
        })?;
        let (program, params) = network.model_mut().parts_mut();
        N::Scalar::compiled::<Load>((self, program.plan(), params))?;
        network.model_mut().set_metadata(metadata);
        Ok(())
    }

    /// Copies the tensors whose names begin with `prefix` to the parameters of a plan whose names have no prefix.
    pub(crate) fn put<T: Scalar>(&self, prefix: &str, plan: &Plan<T>, params: &mut [T]) -> Result<(), Error> {
        let wanted: Vec<(String, Param)> =
            plan.named_params(params).map(|(name, param, _)| (name, param)).collect();
        let tensors: Vec<(&str, &Tensor)> = self
            .tensors
            .iter()
            .filter_map(|(name, tensor)| name.strip_prefix(prefix).map(|name| (name, tensor)))
            .collect();
        let layers = plan.steps();
        for layer in &self.skipped {
            let known = layers.iter().any(|step| step.is_of(layer))
                || tensors.iter().any(|(name, _)| belongs(name, layer));
            if !known {
                return Err(Error::argument("layer to skip", plan.names(), layer));
            }
        }
        let is_skipped = |name: &str| self.skipped.iter().any(|layer| belongs(name, layer));
        let found = |name: &str| tensors.iter().find(|(known, _)| *known == name).map(|(_, tensor)| *tensor);

        let mut mismatches = Vec::new();
        for (name, param) in wanted.iter().filter(|(name, _)| !is_skipped(name)) {
            let tensor = found(name);
            let right = tensor.is_some_and(|tensor| {
                let numbers = tensor.dtype == Dtype::of::<T>() || (self.convert && tensor.dtype.is_float());
                numbers && is_same(&tensor.shape, &param.shape)
            });
            let bytes = |tensor: &Tensor| &self.bytes[tensor.values.clone()];
            if let Some(tensor) = tensor.filter(|_| right)
                && let Some((place, value)) = not_finite::<T>(tensor.dtype, bytes(tensor))
            {
                let (expected, found) = ("finite numbers".to_owned(), format!("{value} at place {place}"));
                mismatches.push(TensorMismatch { name: name.clone(), expected, found });
            }
            if !right {
                let expected = format!("{} {:?}", Dtype::of::<T>(), param.shape);
                let found = tensor.map_or("nothing".to_owned(), Tensor::to_string);
                mismatches.push(TensorMismatch { name: name.clone(), expected, found });
            }
        }
        // Names that `rename` made equal.
        let mut sorted: Vec<&str> = tensors.iter().map(|(name, _)| *name).collect();
        sorted.sort_unstable();
        for twice in sorted.windows(2).filter(|two| two[0] == two[1] && !is_skipped(two[0])) {
            let (expected, found) = ("one tensor".to_owned(), "two of this name".to_owned());
            mismatches.push(TensorMismatch { name: twice[0].to_owned(), expected, found });
        }
        for &(name, tensor) in &tensors {
            let is_counter = name.strip_suffix("num_batches_tracked").is_some_and(|layer| {
                let of_layer = format!("{layer}running_mean");
                tensor.shape.is_empty() && wanted.iter().any(|(name, _)| *name == of_layer)
            });
            if !is_skipped(name) && !is_counter && !wanted.iter().any(|(known, _)| known == name) {
                let (expected, found) = ("nothing".to_owned(), tensor.to_string());
                mismatches.push(TensorMismatch { name: name.to_owned(), expected, found });
            }
        }
        if !mismatches.is_empty() {
            let is_checkpoint = tensors.iter().any(|(name, _)| name.starts_with("network."));
            if self.bytes_of("version").is_some() && is_checkpoint {
                let found = "a checkpoint of a training: Trainer::resume continues it, and best.safetensors beside it has \
                             the weights of the best epoch";
                return Err(Error::format(&self.path, "weights alone", found));
            }
            let wanted: Vec<&(String, Param)> = wanted.iter().filter(|(name, _)| !is_skipped(name)).collect();
            let proposal = proposal::<T>(&tensors, &wanted);
            return Err(Error::Weights { path: self.path.clone(), mismatches, proposal });
        }

        let mut rest = params;
        for (name, param) in &wanted {
            let (values, tail) = rest.split_at_mut(param.len());
            rest = tail;
            if let Some(tensor) = found(name).filter(|_| !is_skipped(name)) {
                read_values(values, tensor.dtype, &self.bytes[tensor.values.clone()]);
            }
        }
        Ok(())
    }
}

/// A way to load these tensors, if all that are wanted are there after a prefix or with numbers of another type.
fn proposal<T: Scalar>(tensors: &[(&str, &Tensor)], wanted: &[&(String, Param)]) -> Option<String> {
    /// Prefixes that are tried; a network's own file has one.
    const TRIED: usize = 16;
    let by_name: HashMap<&str, &Tensor> = tensors.iter().copied().collect();
    let (first, _) = wanted.first()?;
    let prefixes = tensors.iter().filter_map(|(name, _)| name.strip_suffix(first.as_str()));
    prefixes.filter(|prefix| prefix.is_empty() || prefix.ends_with('.')).take(TRIED).find_map(|prefix| {
        let dtype = |(name, param): &&(String, Param)| {
            let tensor = by_name.get(format!("{prefix}{name}").as_str())?;
            let fits = tensor.dtype.is_float() && is_same(&tensor.shape, &param.shape);
            fits.then_some(tensor.dtype)
        };
        let dtypes: Option<Vec<Dtype>> = wanted.iter().map(dtype).collect();
        let convert = dtypes?.iter().any(|dtype| *dtype != Dtype::of::<T>());
        match (prefix, if convert { ".convert()" } else { "" }) {
            ("", "") => None,
            ("", convert) => {
                Some(format!("the numbers are of another type: Weights::open(path)?{convert} loads them"))
            }
            (prefix, convert) => Some(format!(
                "the names begin with {prefix:?}: Weights::open(path)?.strip_prefix({prefix:?}){convert} loads them"
            )),
        }
    })
}

compiled! {
    /// Copies the tensors of a file to parameters: (tensors, plan, parameters).
    Load<'a, T>((&'a Weights, &'a Plan<T>, &'a mut [T])) -> Result<(), Error> = load
}

fn load<T: Scalar>((weights, plan, params): (&Weights, &Plan<T>, &mut [T])) -> Result<(), Error> {
    weights.put("", plan, params)
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

    /// Reads a tensor with one axis.
    pub(crate) fn numbers_of<T: Scalar>(&self, name: &str, values: &mut [T]) -> Result<(), Error> {
        let tensor = self.tensor(name);
        match tensor {
            Some(Tensor { dtype, shape, values: place })
                if *dtype == Dtype::of::<T>() && *shape == [values.len()] =>
            {
                let bytes = &self.bytes[place.clone()];
                if let Some((place, value)) = not_finite::<T>(*dtype, bytes) {
                    let found = format!("{value} at place {place}");
                    return Err(Error::format(&self.path, format!("finite numbers in {name}"), found));
                }
                read_values(values, *dtype, bytes);
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

/// Whether two shapes hold the same weights: equal ones, and those of a convolution whose kernel is as large as its input and of
/// the dense layer that it is.
fn is_same(found: &[usize], expected: &[usize]) -> bool {
    match (found, expected) {
        ([filters, kernel @ ..], [units, inputs]) | ([units, inputs], [filters, kernel @ ..])
            if kernel.len() == 3 =>
        {
            filters == units
                && kernel.iter().try_fold(1, |len: usize, side| len.checked_mul(*side)) == Some(*inputs)
        }
        _ => found == expected,
    }
}

/// Whether a tensor is a parameter of a layer: "fc1.weight" of "fc1".
fn belongs(name: &str, layer: &str) -> bool {
    name.strip_prefix(layer).is_some_and(|rest| rest.starts_with('.'))
}

/// Reads little-endian numbers of a type with a fraction.
pub(super) fn read_values<T: Scalar>(values: &mut [T], dtype: Dtype, bytes: &[u8]) {
    fn each<T, const N: usize>(values: &mut [T], bytes: &[u8], to: impl Fn([u8; N]) -> T) {
        for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
            *value = to(*bytes);
        }
    }
    match dtype {
        Dtype::F16 => each(values, bytes, |b| T::of(f16::from_le_bytes(b).into())),
        Dtype::Bf16 => each(values, bytes, |b| T::of(bf16::from_le_bytes(b).into())),
        Dtype::F32 => each(values, bytes, |b| T::of(f32::from_le_bytes(b).into())),
        Dtype::F64 => each(values, bytes, |b| T::of(f64::from_le_bytes(b))),
        Dtype::I64 | Dtype::U8 | Dtype::Other => unreachable!("numbers of a network have a fraction"),
    }
}

/// The first number that is not finite as a `T`, with its place, counted from 0.
fn not_finite<T: Scalar>(dtype: Dtype, bytes: &[u8]) -> Option<(usize, f64)> {
    let len = dtype.size()?;
    let mut value = [T::zero()];
    bytes.chunks_exact(len).enumerate().find_map(|(place, bytes)| {
        read_values(&mut value, dtype, bytes);
        (!value[0].is_finite()).then(|| (place, value[0].as_f64()))
    })
}

/// Reads a whole file into a buffer of its size.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let (file, len) = open_regular(path)?;
    let mut bytes = Vec::new();
    if usize::try_from(len).is_err() || bytes.try_reserve_exact(len as usize).is_err() {
        return Err(Error::format(path, "a file that fits into memory", len.to_string()));
    }
    file.take(len).read_to_end(&mut bytes).map_err(Error::io(path, "read"))?;
    Ok(bytes)
}

/// The parameters of a plan as tensors with its names, after a prefix.
pub(crate) fn saved<'a, T: Scalar>(
    prefix: &str,
    plan: &'a Plan<T>,
    params: &'a [T],
) -> Vec<(String, Saved<'a, T>)> {
    let tensor = |(name, param, values): (String, Param, &'a [T])| {
        (format!("{prefix}{name}"), Saved::Numbers { shape: param.shape, values })
    };
    plan.named_params(params).map(tensor).collect()
}
