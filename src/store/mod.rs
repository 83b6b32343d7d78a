//! Trained networks in files: weights, checkpoints, and networks for other programs.
//!
//! [`SaveLoad::save`] and [`SaveLoad::load`] are for weights, in safetensors; [`Weights`] can do more with them. [`weights!`](crate::weights!) makes weights part of the program. Checkpoints, from
//! which a training goes on, are [`Checkpoints`](crate::train::Checkpoints)'. [`save_onnx`] writes a network for other
//! programs.

mod embedded;
mod onnx;
mod weights;

use std::fmt;
use std::io::Write;
use std::path::Path;

#[doc(hidden)]
pub use embedded::{embedded, fits};
#[doc(hidden)]
pub use onnx::read_initializers;
pub use onnx::to_onnx;
pub use weights::Weights;
use weights::saved;
pub(crate) use weights::{Saved, encode};

use crate::error::Error;
use crate::file;
use crate::network::Network;
use crate::scalar::Scalar;

/// Saving and loading of a network's parameters, for every [`Network`].
pub trait SaveLoad: Network {
    /// Writes all parameters to a safetensors file, under the names and in the layouts of PyTorch's state dict
    /// (`conv1.weight` \[filters, channels, rows, columns\]), so that `safetensors.torch.load_file` and `load_state_dict`
    /// accept the file as it is. The file is replaced only when the new one is complete and on disk.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written; an older file at that path is then untouched. [`Error::Argument`] for a
    /// network of more than about a thousand tensors.
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
        let bytes = encode(saved(self.model()))?;
        file::replace(path.as_ref(), |to| to.write_all(&bytes))
    }

    /// Reads all parameters from a safetensors file: one that [`save`](Self::save) wrote, or one from PyTorch for a network
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

/// Writes a network to a file in the format of ONNX, as [`to_onnx`] makes it. A file that was there is replaced when the
/// new one is complete and on disk.
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
pub fn save_onnx<N: Network>(network: &N, path: impl AsRef<Path>) -> Result<(), Error> {
    let bytes = to_onnx(network)?;
    file::replace(path.as_ref(), |to| to.write_all(&bytes))
}

/// What the numbers of a tensor in a file are.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dtype {
    /// IEEE 754, 4 bytes.
    F32,
    /// IEEE 754, 8 bytes.
    F64,
    /// IEEE 754, 2 bytes.
    F16,
    /// The upper half of an [`F32`](Dtype::F32).
    Bf16,
    /// Whole numbers of 8 bytes.
    I64,
    /// Bytes.
    U8,
    /// None of these.
    Other,
}

impl Dtype {
    /// What a network's scalar is.
    pub fn of<T: Scalar>() -> Self {
        if size_of::<T>() == size_of::<f32>() { Dtype::F32 } else { Dtype::F64 }
    }

    /// Bytes of a number, if they are known.
    pub fn size(self) -> Option<usize> {
        match self {
            Dtype::U8 => Some(1),
            Dtype::F16 | Dtype::Bf16 => Some(2),
            Dtype::F32 => Some(4),
            Dtype::F64 | Dtype::I64 => Some(8),
            Dtype::Other => None,
        }
    }

    /// Numbers as bytes of this type, the lowest first.
    ///
    /// # Panics
    /// If it is not `F32` or `F64`, which alone are written.
    pub fn bytes(self, values: impl Iterator<Item = f64>) -> Vec<u8> {
        match self {
            Dtype::F32 => values.flat_map(|value| (value as f32).to_le_bytes()).collect(),
            Dtype::F64 => values.flat_map(f64::to_le_bytes).collect(),
            other => panic!("expected F32 or F64 to write, found {other}"),
        }
    }
}

/// As in safetensors: `F32`.
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
    /// What its numbers are.
    pub dtype: Dtype,
    /// Its dimensions; of a single number none.
    pub shape: Vec<usize>,
    /// Its numbers, row by row, the lowest byte of each first. As many as the shape and the type say, but for
    /// [`Dtype::Other`], of which nothing is known.
    pub values: Vec<u8>,
}
