//! Shapes as values.

use std::fmt;

/// A shape as a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "store", derive(serde::Serialize))]
pub struct Dims {
    kind: u8,
    channels: usize,
    height: usize,
    width: usize,
}

impl Dims {
    #[doc(hidden)]
    pub const CHW: u8 = 0;
    #[doc(hidden)]
    pub const FLAT: u8 = 1;
    #[doc(hidden)]
    pub const PROBABILITIES: u8 = 2;
    #[doc(hidden)]
    pub const LOG_PROBABILITIES: u8 = 3;

    /// The dimensions of [`Chw`](super::Chw).
    pub const fn chw(channels: usize, height: usize, width: usize) -> Self {
        Dims { kind: Self::CHW, channels, height, width }
    }

    /// The dimensions of [`Flat`](super::Flat).
    pub const fn flat(len: usize) -> Self {
        Dims { kind: Self::FLAT, channels: len, height: 1, width: 1 }
    }

    pub(crate) const fn of_kind(self, kind: u8) -> Self {
        Dims { kind, ..self }
    }

    #[doc(hidden)]
    pub const fn kind(self) -> u8 {
        self.kind
    }

    /// Whether this is a shape of feature maps, and not of a vector.
    pub const fn is_maps(self) -> bool {
        self.kind == Self::CHW
    }

    /// These dimensions, or a vector as one value for each of its channels.
    pub(crate) const fn as_maps(self) -> Self {
        if self.is_maps() { self } else { Dims::chw(self.len(), 1, 1) }
    }

    /// Channels; for a vector its length.
    pub const fn channels(self) -> usize {
        self.channels
    }

    /// Rows; 1 for a vector.
    pub const fn height(self) -> usize {
        self.height
    }

    /// Columns; 1 for a vector.
    pub const fn width(self) -> usize {
        self.width
    }

    /// Values in one sample.
    pub const fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether a sample has no values.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub(crate) const fn equals(self, other: Dims) -> bool {
        self.kind == other.kind
            && self.channels == other.channels
            && self.height == other.height
            && self.width == other.width
    }
}

/// `6×28×28`, `10`.
impl fmt::Display for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Self::CHW => f.pad(&format!("{}×{}×{}", self.channels, self.height, self.width)),
            _ => f.pad(&self.channels.to_string()),
        }
    }
}
