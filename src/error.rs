//! The error type: every variant names the thing, what was expected and what was found.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// An error with a cause outside the program: a file, the network or a setting.
///
/// There is no error for a shape that does not fit: that does not compile.
///
/// ```
/// use convnet::prelude::*;
/// let error = Class::<3>::new(3).unwrap_err();
/// assert_eq!(error.to_string(), format!("{error:?}"));
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system could not read or write a file.
    #[error("{}: cannot {action}: {source}", shown(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// The action that failed, as a verb: "read", "create", "rename".
        action: &'static str,
        /// The error of the operating system.
        source: io::Error,
    },

    /// The content of a file is wrong.
    #[error("{}: expected {expected}, found {found}", shown(path))]
    Format {
        /// The file.
        path: PathBuf,
        /// The content of a correct file.
        expected: String,
        /// The content of this file.
        found: String,
    },

    /// An argument or a setting is outside its range.
    #[error("{name}: expected {expected}, found {found}")]
    Argument {
        /// The argument's name.
        name: &'static str,
        /// The values it may have.
        expected: String,
        /// The value it had.
        found: String,
    },

    /// More memory is needed than there is.
    #[error(
        "{work} needs {} of memory, and {} are available; fewer samples need less", in_mib(*needed), in_mib(*available)
    )]
    Memory {
        /// The work that needs it: "a training step with 512 samples".
        work: String,
        /// Bytes that it needs beyond those that are held.
        needed: u64,
        /// Bytes that are available.
        available: u64,
    },

    /// A file could not be fetched from any of its sources.
    #[error("cannot get {file}: {}", attempts.join("; "))]
    Unreachable {
        /// The file.
        file: String,
        /// For each source that was tried, a sentence on why it failed.
        attempts: Vec<String>,
    },

    /// The weights of a file do not fit the network, which keeps the parameters it had. The sentence lists the tensors by block.
    #[error(
        "{}: these are not the weights of the network{}{}", shown(path), lines(mismatches), proposed(proposal.as_deref())
    )]
    Weights {
        /// The file.
        path: PathBuf,
        /// All tensors that do not fit.
        mismatches: Vec<TensorMismatch>,
        /// A way to load the file, if there is one.
        proposal: Option<String>,
    },

    /// A run cannot resume from a checkpoint. The trainer is unchanged.
    #[error("{}: cannot resume: {problem}{}", shown(path), offered(older.as_deref()))]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// The reason.
        problem: Box<Error>,
        /// The latest earlier checkpoint that can be resumed.
        older: Option<PathBuf>,
    },

    /// The loss or its gradient was not finite, though the samples were. The network keeps the parameters from before the
    /// batch.
    #[error(
        "epoch {epoch}, {}: expected a finite loss and gradient, found a loss of {loss}; a smaller learning rate may help",
        batch.map_or("validation".to_owned(), |batch| format!("batch {batch}"))
    )]
    Diverged {
        /// Epoch, counted from 1.
        epoch: usize,
        /// Batch within the epoch, counted from 1; `None` in validation.
        batch: Option<usize>,
        /// The loss that was found.
        loss: f64,
    },

    /// A value of a sample is not a finite number.
    #[error("{data}, sample {sample}{}: expected finite numbers, found {found} in {feature}", origin_of(origin.as_deref()))]
    Sample {
        /// The data that hold the sample: "training data", "validation data" or "data".
        data: &'static str,
        /// The sample's place in them, counted from 0.
        sample: usize,
        /// The file that the sample is from, if it is known.
        origin: Option<String>,
        /// The value's name in a table, or its place in the sample, counted from 0.
        feature: String,
        /// The value: NaN or infinite.
        found: f64,
    },

    /// An output of a network is NaN or infinite, though the sample is finite.
    #[error(
        "{data}, sample {sample}{}: expected finite numbers as outputs of the network, found {found}",
        origin_of(origin.as_deref())
    )]
    Output {
        /// The data that hold the sample: "training data", "validation data" or "data".
        data: &'static str,
        /// The sample's place in them, counted from 0.
        sample: usize,
        /// The file that the sample is from, if it is known.
        origin: Option<String>,
        /// The output: NaN or infinite.
        found: f64,
    },
}

/// A tensor of a file that does not fit the network.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TensorMismatch {
    /// Its name, such as "conv1.weight".
    pub name: String,
    /// Number type and shape that the network needs, such as "F32 \[6, 1, 5, 5\]", or "nothing".
    pub expected: String,
    /// Number type and shape in the file, or "nothing".
    pub found: String,
}

/// 1,234,567 bytes are written "1.2 MiB".
pub(crate) fn in_mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// A line for each tensor with its full name, those of a block or group together, under its name.
fn lines(mismatches: &[TensorMismatch]) -> String {
    // The block of "layer1.0.conv1.weight" is "layer1.0"; "fc.weight" is in none.
    let block = |name: &str| name.rsplitn(3, '.').nth(2).unwrap_or("").to_owned();
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut places = HashMap::new();
    for TensorMismatch { name, expected, found } in mismatches {
        let block = block(name);
        let place = *places.entry(block.clone()).or_insert_with(|| {
            blocks.push((block.clone(), String::new()));
            blocks.len() - 1
        });
        let space = if block.is_empty() { "" } else { "  " };
        blocks[place].1 +=
            &format!("\n  {space}{}: expected {expected}, found {found}", shown(name.as_ref()));
    }
    let text = |(block, lines): (String, String)| match &*block {
        "" => lines,
        block => format!("\n  {}:{lines}", shown(block.as_ref())),
    };
    blocks.into_iter().map(text).collect()
}

fn proposed(proposal: Option<&str>) -> String {
    proposal.map_or_else(String::new, |proposal| format!("\n{proposal}"))
}

fn origin_of(origin: Option<&str>) -> String {
    origin.map_or_else(String::new, |origin| format!(" ({})", shown(origin.as_ref())))
}

fn offered(older: Option<&Path>) -> String {
    older.map_or_else(String::new, |older| {
        format!("\n{} is an older checkpoint that can be resumed", shown(older))
    })
}

/// The same sentence as [`Display`](fmt::Display), because that is what `fn main() -> Result<(), Error>` and `unwrap` print.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    /// An [`Error::Format`].
    #[cfg(any(feature = "csv", feature = "datasets", feature = "store"))]
    pub(crate) fn format(
        path: impl Into<PathBuf>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Error::Format { path: path.into(), expected: expected.into(), found: found.into() }
    }

    /// An [`Error::Argument`].
    pub(crate) fn argument(name: &'static str, expected: impl Into<String>, found: impl ToString) -> Self {
        Error::Argument { name, expected: expected.into(), found: found.to_string() }
    }

    /// Turns an [`io::Error`] into an [`Error::Io`]; for `map_err`.
    #[cfg(any(feature = "csv", feature = "datasets", feature = "plot", feature = "store"))]
    pub(crate) fn io(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Error::Io { path, action, source }
    }
}

/// The first error of work that several threads do at once: of several errors the one of the lowest index, so that it does
/// not depend on which thread was faster.
#[derive(Default)]
pub(crate) struct FirstError(Mutex<Option<(usize, Error)>>);

impl FirstError {
    /// Keeps the error of the work with this index, if there is one and no earlier index had one.
    pub(crate) fn note(&self, index: usize, result: Result<(), Error>) {
        if let Err(error) = result {
            let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if first.as_ref().is_none_or(|(before, _)| index < *before) {
                *first = Some((index, error));
            }
        }
    }

    /// The error that was kept, if any.
    pub(crate) fn result(&self) -> Result<(), Error> {
        let first = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.map_or(Ok(()), |(_, error)| Err(error))
    }
}

/// A path on one line: line feeds and other control characters are escaped.
pub(crate) fn shown(path: &Path) -> String {
    let mut text = String::new();
    for c in path.to_string_lossy().chars() {
        if c.is_control() { text.extend(c.escape_default()) } else { text.push(c) }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn a_program_that_returns_an_error_prints_the_sentence() {
        let error = Error::format("digits.idx", "10 images", "9");
        assert_eq!(format!("Error: {error:?}"), "Error: digits.idx: expected 10 images, found 9");
    }
}
