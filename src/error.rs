//! The one error type: every variant names the thing, what was expected and what was found.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What can go wrong for reasons outside the program: files, the network, configuration.
///
/// A shape that does not fit is not among them: it does not compile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to read or write a file.
    #[error("{}: cannot {action}: {source}", shown(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried, as a verb: "read", "create", "rename".
        action: &'static str,
        /// What the operating system said.
        source: io::Error,
    },

    /// A file does not hold what it should.
    #[error("{}: expected {expected}, found {found}", shown(path))]
    Format {
        /// The file.
        path: PathBuf,
        /// What a good file holds there.
        expected: String,
        /// What this one holds.
        found: String,
    },

    /// A value given by the caller is outside its range.
    #[error("{name}: expected {expected}, found {found}")]
    Argument {
        /// The argument's name.
        name: &'static str,
        /// The values it may have.
        expected: String,
        /// The value it had.
        found: String,
    },

    /// A file could not be had from any of its sources.
    #[error("cannot get {file}: {}", attempts.join("; "))]
    Unreachable {
        /// The file wanted.
        file: String,
        /// One sentence for each place that was tried.
        attempts: Vec<String>,
    },

    /// Weights are not those of the network. It keeps the parameters it had.
    #[error("{}: these are not the weights of the network{}", shown(path), lines(mismatches))]
    Weights {
        /// The file.
        path: PathBuf,
        /// Everything that does not fit.
        mismatches: Vec<TensorMismatch>,
    },

    /// A checkpoint cannot be resumed from. The trainer is what it was.
    #[error("{}: cannot resume: {problem}{}", shown(path), offered(older.as_deref()))]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: Box<Error>,
        /// The latest one before it that can be resumed from.
        older: Option<PathBuf>,
    },

    /// Training left the finite numbers. The network keeps its weights of before the batch.
    #[error(
        "epoch {epoch}, batch {batch}: expected a finite loss and gradient, found a loss of {loss}; \
             a smaller learning rate may help, if the data are finite"
    )]
    Diverged {
        /// Epoch, counted from 1.
        epoch: usize,
        /// Batch within the epoch, counted from 1.
        batch: usize,
        /// The loss that was found.
        loss: f64,
    },
}

/// A tensor of a file that does not fit the network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TensorMismatch {
    /// "conv1.weight"
    pub name: String,
    /// "F32 \[6, 1, 5, 5\]", or "nothing"
    pub expected: String,
    /// The same of what the file has.
    pub found: String,
}

fn lines(mismatches: &[TensorMismatch]) -> String {
    let line = |TensorMismatch { name, expected, found }: &TensorMismatch| {
        format!("\n  {}: expected {expected}, found {found}", shown(name.as_ref()))
    };
    mismatches.iter().map(line).collect()
}

fn offered(older: Option<&Path>) -> String {
    older.map_or_else(String::new, |older| {
        format!("\n{} is an older one that can be resumed from", shown(older))
    })
}

impl Error {
    /// An [`Error::Format`].
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

/// A path on one line: control characters, a line feed among them, as escapes.
pub(crate) fn shown(path: &Path) -> String {
    let mut text = String::new();
    for c in path.to_string_lossy().chars() {
        if c.is_control() { text.extend(c.escape_default()) } else { text.push(c) }
    }
    text
}
