//! Gzip streams: how they begin, and what is wrong with one that cannot be read.

use std::io;
use std::path::Path;

use crate::Error;

/// The first bytes of a gzip stream.
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Tells a damaged gzip stream from an error of the operating system.
pub(super) fn damage(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |error| match error.kind() {
        io::ErrorKind::UnexpectedEof if error.raw_os_error().is_none() => {
            Error::format(path, "a whole gzip stream", "one that is cut off")
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if error.raw_os_error().is_none() => {
            Error::format(path, "an undamaged gzip stream", format!("damage: {error}"))
        }
        _ => Error::io(path, "read")(error),
    }
}
