//! Saving and loading: weights, checkpoints and ONNX files.
//!
//! # Weights
//!
//! [`save`](SaveLoad::save) writes the parameters of a network to a safetensors file, [`load`](SaveLoad::load) reads them.
//! The names and shapes are those of PyTorch's state dict, so both also work with files from and for PyTorch.
//!
//! ```
//! use convnet::model::LeNet5;
//! use convnet::prelude::*;
//! use convnet::store::Weights;
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("lenet5.safetensors");
//! let trained = LeNet5::new(1);
//! trained.save(&path)?;
//!
//! let mut net = LeNet5::new(2);
//! net.load(&path)?;
//! assert_eq!(net.fc3().weight(), trained.fc3().weight());
//!
//! // All layers but the last, for fine-tuning.
//! let mut net = LeNet5::new(3);
//! Weights::open(&path)?.skip("fc3").load_into(&mut net)?;
//! assert_eq!(net.fc2().weight(), trained.fc2().weight());
//! assert_ne!(net.fc3().weight(), trained.fc3().weight());
//! # Ok::<(), convnet::Error>(())
//! ```
//!
//! | to | use |
//! | --- | --- |
//! | save or load all parameters | [`SaveLoad`] (in the prelude) |
//! | load some layers only, numbers of another precision, other names, or PyTorch's `.pth` and ONNX files | [`Weights`] |
//! | make weights a part of the program, checked when it compiles | [`weights!`](crate::weights!) |
//! | resume an interrupted training | [`Checkpoints`](crate::train::Checkpoints) and [`Trainer::resume`](crate::train::Trainer::resume) |
//! | run the network in another program | [`save_onnx`] |
//! | declare the network of another program | [`OnnxGraph`] |
//!
//! # Metadata
//!
//! A file has more than numbers: the names of the classes and the way from a picture or a row of a table to the network's input
//! ([`Metadata`](crate::data::Metadata)), which [`Network::metadata`] returns after loading.
//! They are entries of safetensors' `__metadata__`, for other programs too:
//!
//! | key | value |
//! | --- | --- |
//! | `convnet.input` | the dimensions of a sample, as JSON: `[3,224,224]` |
//! | `convnet.classes` | the names of the classes in the order of the outputs, as JSON |
//! | `convnet.features` | the names of a table's columns in the order of the inputs, as JSON |
//! | `convnet.offsets` | the numbers that were subtracted from columns first, as JSON: `[["time",1700000000.0]]` |
//! | `convnet.imputer` | the numbers in the place of missing values of these columns, as JSON, before they are standardised |
//! | `convnet.standardizer` | `{"mean":[…],"std":[…]}` of these columns, as JSON; a std of 0 stands for 1 |
//! | `convnet.colour` | `RGB` or `grey` |
//! | `convnet.fit` | how a picture is scaled: `cover`, `stretch`, `contain`, or `crop 256` ([`Fit`](crate::data::Fit)) |
//! | `convnet.mean`, `convnet.std` | the normalisation of pixels from 0 to 1, for each channel or for all, as JSON |
//!
//! # Files
//!
//! Saving is atomic: if the process is killed, the file is the old one or the new one. A file that does not fit the network
//! is refused with a list of all tensors that differ.

mod embedded;
mod header;
mod kinds;
mod metadata;
mod onnx;
mod pickle;
mod pytorch;
mod safetensors;
pub mod timm;
mod weights;

use std::fmt;
use std::io::Write;
use std::path::Path;

#[doc(hidden)]
pub use embedded::{embedded, fits};
pub(crate) use metadata::entries_of;
#[doc(hidden)]
pub use onnx::read_initializers;
pub use onnx::{OnnxGraph, to_onnx, to_onnx_folded};
pub(crate) use safetensors::{Saved, encode};
pub use weights::Weights;
pub(crate) use weights::saved;

use crate::error::Error;
use crate::file;
use crate::network::Network;
use crate::plan::Plan;
use crate::scalar::{Scalar, compiled};
use crate::shape::Shape;

/// Saving and loading of a network's parameters, for every [`Network`].
pub trait SaveLoad: Network {
    /// Writes all parameters and the [metadata](crate::store#metadata) to a safetensors file, under the names and in the layouts of PyTorch's state dict
    /// (`conv1.weight` \[filters, channels, rows, columns\]), so that `safetensors.torch.load_file` and `load_state_dict`
    /// accept the file as it is. The file is replaced only when the new one is complete and on disk.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written; an older file at that path is then untouched. [`Error::Argument`] for a
    /// network of more than tens of thousands of tensors.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::LeNet5;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("lenet5.safetensors");
    /// let trained = LeNet5::new(1);
    /// trained.save(&path)?;
    /// let mut net = LeNet5::new(2);
    /// net.load(&path)?;
    /// assert_eq!(net.model().params(), trained.model().params());
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias("state_dict", "save_weights", "torch.save"))]
    fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let model = self.model();
        let metadata = entries_of(model.metadata(), Self::Input::DIMS);
        Self::Scalar::compiled::<Save>((path.as_ref(), model.plan(), model.params(), metadata))
    }

    /// Writes all parameters as [`save`](Self::save) does, but rounded to numbers of 16 bits, in half the space or a quarter:
    /// with 11 significant bits, up to 65,504. [`Weights::convert`] widens them when they are loaded.
    ///
    /// # Errors
    /// Those of [`save`](Self::save); [`Error::Argument`] for a parameter beyond 65,504, or one that is not finite.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::LeNet5;
    /// use convnet::store::Weights;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("lenet5.safetensors");
    /// let trained = LeNet5::new(1);
    /// trained.save_f16(&path)?;
    /// assert!(std::fs::metadata(&path).unwrap().len() < 130_000);
    /// let mut net = LeNet5::new(2);
    /// Weights::open(&path)?.convert().load_into(&mut net)?;
    /// let (a, b) = (trained.fc3().weight()[0][0], net.fc3().weight()[0][0]);
    /// assert!((a - b).abs() <= a.abs() / 2048.0);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias("half", "float16"))]
    fn save_f16(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let model = self.model();
        let metadata = entries_of(model.metadata(), Self::Input::DIMS);
        Self::Scalar::compiled::<SaveHalf>((path.as_ref(), model.plan(), model.params(), metadata))
    }

    /// Reads all parameters and the [metadata](crate::store#metadata) from a safetensors file: one that [`save`](Self::save) wrote, or one from PyTorch for a network
    /// with the same names. [`Weights`] loads parts of a file, ONNX files and numbers of another precision.
    ///
    /// # Errors
    /// Those of [`Weights::open`] and of [`Weights::load_into`]; the network then keeps the parameters it had.
    #[doc(alias("load_state_dict", "load_weights", "torch.load"))]
    fn load(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        Weights::open(path)?.load_into(self)
    }
}

impl<N: Network> SaveLoad for N {}

/// Writes a network to an ONNX file, as [`to_onnx`] converts it. An older file at that path is replaced only when the new one
/// is complete and on disk.
///
/// In PyTorch: `torch.onnx.export`.
///
/// # Errors
/// Those of [`to_onnx`]; [`Error::Io`] if the file cannot be written.
///
/// ```
/// use convnet::model::LeNet5;
/// use convnet::store::{Weights, save_onnx};
/// use convnet::prelude::*;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("lenet.onnx");
/// let trained = LeNet5::new(1);
/// save_onnx(&trained, &path)?;
/// let mut net = LeNet5::new(2);
/// Weights::open_onnx(&path)?.load_into(&mut net)?;
/// assert_eq!(net.model().params(), trained.model().params());
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias("onnx", "torch.onnx.export"))]
pub fn save_onnx<N: Network>(network: &N, path: impl AsRef<Path>) -> Result<(), Error> {
    write(path.as_ref(), &to_onnx(network)?)
}

compiled! {
    /// Writes parameters to a safetensors file: (path, plan, parameters, metadata).
    Save<'a, T>(ToSave<'a, T>) -> Result<(), Error> = save
}

type ToSave<'a, T> = (&'a Path, &'a Plan<T>, &'a [T], Vec<(String, String)>);

fn save<T: Scalar>((path, plan, params, metadata): ToSave<'_, T>) -> Result<(), Error> {
    write(path, &encode(saved("", plan, params), metadata)?)
}

compiled! {
    /// Writes parameters to a safetensors file, as numbers of 16 bits: (path, plan, parameters, metadata).
    SaveHalf<'a, T>(ToSave<'a, T>) -> Result<(), Error> = save_half
}

fn save_half<T: Scalar>((path, plan, params, metadata): ToSave<'_, T>) -> Result<(), Error> {
    let most = T::of(half::f16::MAX.to_f64());
    for (name, _, values) in plan.named_params(params) {
        if let Some(value) = values.iter().find(|value| value.is_nan() || value.abs() > most) {
            let expected = format!("numbers of {name:?} from −65504 to 65504");
            return Err(Error::argument("parameters in 16 bits", expected, value));
        }
    }
    let halves = saved("", plan, params).into_iter().map(|(name, tensor)| match tensor {
        Saved::Numbers { shape, values } => (name, Saved::Half { shape, values }),
        other => (name, other),
    });
    write(path, &encode(halves.collect(), metadata)?)
}

/// Replaces a file when the new one is complete and on disk.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    file::replace(path, |to| to.write_all(bytes))
}

/// The number type of a tensor in a file.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dtype {
    /// IEEE 754, 4 bytes.
    F32,
    /// IEEE 754, 8 bytes.
    F64,
    /// IEEE 754, 2 bytes.
    F16,
    /// bfloat16: the upper half of an [`F32`](Dtype::F32).
    Bf16,
    /// Integers of 8 bytes.
    I64,
    /// Bytes.
    U8,
    /// Another type.
    Other,
}

impl Dtype {
    /// The type of a network's scalar.
    pub fn of<T: Scalar>() -> Self {
        if size_of::<T>() == size_of::<f32>() { Dtype::F32 } else { Dtype::F64 }
    }

    /// Bytes of one number, if the type is known.
    pub fn size(self) -> Option<usize> {
        match self {
            Dtype::U8 => Some(1),
            Dtype::F16 | Dtype::Bf16 => Some(2),
            Dtype::F32 => Some(4),
            Dtype::F64 | Dtype::I64 => Some(8),
            Dtype::Other => None,
        }
    }

    /// Whether its numbers have a fraction.
    pub(crate) fn is_float(self) -> bool {
        matches!(self, Dtype::F16 | Dtype::Bf16 | Dtype::F32 | Dtype::F64)
    }

    /// Numbers as little-endian bytes of this type.
    ///
    /// # Panics
    /// Unless the type is `F32` or `F64`, the only types that are written.
    pub fn bytes(self, values: impl Iterator<Item = f64>) -> Vec<u8> {
        match self {
            Dtype::F32 => values.flat_map(|value| (value as f32).to_le_bytes()).collect(),
            Dtype::F64 => values.flat_map(f64::to_le_bytes).collect(),
            other => panic!("expected F32 or F64 to write, found {other}"),
        }
    }
}

/// The name in safetensors, such as `F32`.
impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dtype::F32 => "F32",
            Dtype::F64 => "F64",
            Dtype::F16 => "F16",
            Dtype::Bf16 => "BF16",
            Dtype::I64 => "I64",
            Dtype::U8 => "U8",
            Dtype::Other => "another type",
        })
    }
}

/// A tensor that was read from a file.
#[doc(hidden)]
#[derive(Clone, PartialEq, Debug)]
pub struct Stored {
    /// The type of its numbers.
    pub dtype: Dtype,
    /// Its dimensions; empty for a single number.
    pub shape: Vec<usize>,
    /// Its numbers, row by row, as little-endian bytes. Their count fits the shape and the type, except for
    /// [`Dtype::Other`].
    pub values: Vec<u8>,
}
