//! The types of numbers that IDX files hold.

use std::fmt;

use byteorder::{BigEndian, ByteOrder};

/// The type of the numbers in an IDX file.
///
/// ```
/// use convnet::data::IdxType;
/// assert_eq!(IdxType::I32.to_string(), "type 0x0c (i32)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdxType {
    /// Unsigned bytes, as in MNIST.
    U8,
    /// Signed bytes.
    I8,
    /// Integers of two bytes.
    I16,
    /// Integers of four bytes, as the labels of QMNIST.
    I32,
    /// Floating-point numbers of four bytes.
    F32,
    /// Floating-point numbers of eight bytes.
    F64,
}

impl IdxType {
    /// The third byte of a file.
    pub(super) fn code(self) -> u8 {
        match self {
            IdxType::U8 => 0x08,
            IdxType::I8 => 0x09,
            IdxType::I16 => 0x0b,
            IdxType::I32 => 0x0c,
            IdxType::F32 => 0x0d,
            IdxType::F64 => 0x0e,
        }
    }

    pub(super) fn from_code(code: u8) -> Option<IdxType> {
        use IdxType::{F32, F64, I8, I16, I32, U8};
        [U8, I8, I16, I32, F32, F64].into_iter().find(|kind| kind.code() == code)
    }

    /// The name of Rust's type.
    pub(super) fn name(self) -> &'static str {
        match self {
            IdxType::U8 => "u8",
            IdxType::I8 => "i8",
            IdxType::I16 => "i16",
            IdxType::I32 => "i32",
            IdxType::F32 => "f32",
            IdxType::F64 => "f64",
        }
    }

    /// The bytes of a number.
    pub(super) fn width(self) -> u64 {
        match self {
            IdxType::U8 | IdxType::I8 => 1,
            IdxType::I16 => 2,
            IdxType::I32 | IdxType::F32 => 4,
            IdxType::F64 => 8,
        }
    }
}

impl fmt::Display for IdxType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "type {:#04x} ({})", self.code(), self.name())
    }
}

/// The numbers of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    U8(Vec<u8>),
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Values {
    /// The numbers whose big-endian bytes these are.
    pub(super) fn from_bytes(kind: IdxType, bytes: Vec<u8>) -> Values {
        let many = |width| bytes.chunks_exact(width);
        match kind {
            IdxType::U8 => Values::U8(bytes),
            IdxType::I8 => Values::I8(bytes.into_iter().map(|byte| byte as i8).collect()),
            IdxType::I16 => Values::I16(many(2).map(BigEndian::read_i16).collect()),
            IdxType::I32 => Values::I32(many(4).map(BigEndian::read_i32).collect()),
            IdxType::F32 => Values::F32(many(4).map(BigEndian::read_f32).collect()),
            IdxType::F64 => Values::F64(many(8).map(BigEndian::read_f64).collect()),
        }
    }

    pub(super) fn kind(&self) -> IdxType {
        match self {
            Values::U8(_) => IdxType::U8,
            Values::I8(_) => IdxType::I8,
            Values::I16(_) => IdxType::I16,
            Values::I32(_) => IdxType::I32,
            Values::F32(_) => IdxType::F32,
            Values::F64(_) => IdxType::F64,
        }
    }
}

/// A number that an IDX file may hold: `u8`, `i8`, `i16`, `i32`, `f32` or `f64`.
///
/// ```
/// use convnet::data::{IdxNumber, IdxType};
/// assert_eq!(<f32 as IdxNumber>::TYPE, IdxType::F32);
/// ```
pub trait IdxNumber: Copy + sealed::Stored {
    /// Its type in a file.
    const TYPE: IdxType;
}

mod sealed {
    use super::Values;

    pub trait Stored: Sized {
        fn slice(values: &Values) -> Option<&[Self]>;
        fn vec(values: Values) -> Option<Vec<Self>>;
    }
}

macro_rules! numbers {
    ($($number:ident $kind:ident),*) => { $(
        impl IdxNumber for $number {
            const TYPE: IdxType = IdxType::$kind;
        }

        impl sealed::Stored for $number {
            fn slice(values: &Values) -> Option<&[Self]> {
                if let Values::$kind(values) = values { Some(values) } else { None }
            }

            fn vec(values: Values) -> Option<Vec<Self>> {
                if let Values::$kind(values) = values { Some(values) } else { None }
            }
        }
    )* };
}

numbers!(u8 U8, i8 I8, i16 I16, i32 I32, f32 F32, f64 F64);
