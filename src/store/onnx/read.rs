//! Reading of the initialisers of an ONNX file.

use std::collections::HashSet;
use std::path::Path;

use prost::Message;
use prost::bytes::Bytes;

use super::super::kinds::{ONNX, kind_of};
use super::super::{Dtype, Stored};
use super::CODES;
use super::external::Beside;
use super::proto::{GraphParts, ModelParts, TensorProto};
use crate::error::Error;

/// The initialisers of an ONNX file with their names, in the order of the file. The number of bytes of each tensor is
/// checked against its shape and type, except for [`Dtype::Other`]. Numbers in files beside it are read if `is_file`; else
/// `path` is only its name in errors.
///
/// This takes about twice the memory of an ordinary file, and at most about twenty times that of a malicious one.
///
/// # Errors
/// [`Error::Format`] that names the file, unless it is a model with initialisers; [`Error::Io`] for a file beside it.
#[doc(hidden)]
pub fn read_initializers(path: &Path, bytes: Vec<u8>, is_file: bool) -> Result<Vec<(String, Stored)>, Error> {
    let graph = graph_of(path, bytes)?;
    if graph.initializer.is_empty() {
        return Err(Error::format(path, "a graph with initialisers", "none"));
    }
    let mut tensors = Vec::with_capacity(graph.initializer.len());
    let mut names = HashSet::new();
    let mut beside = Beside::new(path);
    for bytes in graph.initializer {
        let mut tensor: TensorProto = message(path, "an initialiser", bytes)?;
        if is_file {
            beside.fetch(&mut tensor)?;
        }
        let name = tensor.name.clone();
        if !names.insert(name.clone()) {
            return Err(Error::format(path, "initialisers with names of their own", format!("two {name:?}")));
        }
        tensors.push((name, tensor.stored_of(path)?));
    }
    Ok(tensors)
}

/// A message of the format.
pub(super) fn message<M: Message + Default>(path: &Path, what: &str, bytes: Bytes) -> Result<M, Error> {
    M::decode(bytes)
        .map_err(|error| Error::format(path, format!("{what} in the format of ONNX"), error.to_string()))
}

/// The graph of a model, whose nodes and tensors are not read yet.
pub(super) fn graph_of(path: &Path, bytes: Vec<u8>) -> Result<GraphParts, Error> {
    let kind = kind_of(&bytes).filter(|kind| *kind != ONNX);
    let model: ModelParts = message(path, "a model", bytes.into()).map_err(|error| match kind {
        Some(kind) => Error::format(path, "a model in the format of ONNX", kind),
        None => error,
    })?;
    model.graph.ok_or_else(|| Error::format(path, "a model with a graph", "none"))
}

impl TensorProto {
    /// The tensor, for a file with this path.
    pub(super) fn stored_of(self, path: &Path) -> Result<Stored, Error> {
        let name = self.name.clone();
        self.stored()
            .map_err(|[expected, found]| Error::format(path, expected, format!("{found} for {name:?}")))
    }

    /// The tensor, or the expected and the found content.
    fn stored(self) -> Result<Stored, [String; 2]> {
        let refused = |expected: &str, found: &str| Err([expected.to_string(), found.to_string()]);
        if self.name.is_empty() {
            return refused("an initialiser with a name", "none");
        }
        if self.data_location != 0 || !self.external_data.is_empty() {
            return refused("numbers in the file itself", "the name of another file");
        }
        if self.segment.is_some() {
            return refused("whole tensors", "a segment");
        }
        if self.data_type == 0 {
            return refused("the type of numbers", "none");
        }
        let dtype =
            CODES.iter().find(|(code, _)| *code == self.data_type).map_or(Dtype::Other, |(_, dtype)| *dtype);
        let mut shape = Vec::with_capacity(self.dims.len());
        let mut len = dtype.size().or(Some(1));
        for &dim in &self.dims {
            let Ok(dim) = usize::try_from(dim) else {
                return refused("dimensions of at least 0", &dim.to_string());
            };
            len = len.and_then(|len| len.checked_mul(dim));
            shape.push(dim);
        }
        let Some(len) = len else {
            return refused("dimensions that fit into memory", &format!("{shape:?}"));
        };
        let listed: Vec<u8> = match dtype {
            Dtype::F32 => self.float_data.into_iter().flat_map(f32::to_le_bytes).collect(),
            Dtype::F64 => self.double_data.into_iter().flat_map(f64::to_le_bytes).collect(),
            Dtype::I64 => self.int64_data.into_iter().flat_map(i64::to_le_bytes).collect(),
            _ => Vec::new(),
        };
        if !listed.is_empty() && !self.raw_data.is_empty() {
            return refused("numbers once", "twice");
        }
        let values = if listed.is_empty() { self.raw_data.to_vec() } else { listed };
        if dtype != Dtype::Other && values.len() != len {
            return Err([format!("{len} bytes of {dtype} {shape:?}"), values.len().to_string()]);
        }
        Ok(Stored { dtype, shape, values })
    }
}
