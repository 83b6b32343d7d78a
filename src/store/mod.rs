//! Trained networks in files: weights, checkpoints, and networks for other programs.

mod embedded;
mod weights;

use std::fmt;

#[doc(hidden)]
pub use embedded::{embedded, fits};
pub use weights::Weights;
pub(crate) use weights::{Saved, Stored, encode, save};

use crate::scalar::Scalar;

/// What the numbers of a stored tensor are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dtype {
    F16,
    Bf16,
    F32,
    F64,
    I64,
    U8,
    /// Any other, in words.
    Other(&'static str),
}

impl Dtype {
    fn of<T: Scalar>() -> Self {
        if size_of::<T>() == size_of::<f32>() { Dtype::F32 } else { Dtype::F64 }
    }
}

/// As in safetensors: `F32`.
impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dtype::F16 => "F16",
            Dtype::Bf16 => "BF16",
            Dtype::F32 => "F32",
            Dtype::F64 => "F64",
            Dtype::I64 => "I64",
            Dtype::U8 => "U8",
            Dtype::Other(name) => name,
        })
    }
}
