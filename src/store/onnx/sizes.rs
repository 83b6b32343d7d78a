//! Shapes that a graph computes with, and nodes that only give a value another shape.

use std::sync::Arc;

use super::model::{Attribute, Node, Numbers, Tensor};
use super::translate::{Feature, Refusal, Translation, Value};
use crate::shape::Dims;

/// A size that is computed when a graph runs.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Size {
    /// The number of samples.
    Samples,
    Of(i64),
}

impl Translation<'_> {
    /// Evaluates a node that computes with shapes, or that reshapes a value; `None` for other nodes.
    pub fn sizes(&mut self, node: &Node) -> Result<Option<Value>, Refusal> {
        let on_sizes = matches!(self.input(node, 0), Ok(Value::Sizes { .. }))
            || (node.op == "Concat"
                && node.inputs.iter().any(|name| matches!(self.values.get(name), Some(Value::Sizes { .. }))));
        Ok(Some(match node.op.as_str() {
            "Constant" => constant(node)?,
            "Identity" | "Dropout" => self.input(node, 0)?.clone(),
            "Cast" if on_sizes => self.input(node, 0)?.clone(),
            "Shape" => self.shape(node)?,
            "Gather" if on_sizes => self.gather(node)?,
            "Slice" if on_sizes => self.slice(node)?,
            "Squeeze" | "Unsqueeze" if on_sizes => {
                let (sizes, _) = self.list(node, 0)?;
                Value::Sizes { sizes, list: node.op == "Unsqueeze" }
            }
            "Concat" if on_sizes => {
                let mut sizes = Vec::new();
                for index in 0..node.inputs.len() {
                    sizes.extend(self.list(node, index)?.0);
                    few(sizes.len())?;
                }
                Value::Sizes { sizes, list: true }
            }
            "Flatten" => Value::Feature(self.flatten(node)?),
            "Reshape" => Value::Feature(self.reshape_to(node)?),
            "Squeeze" => Value::Feature(self.squeeze(node)?),
            "Unsqueeze" => Value::Feature(self.unsqueeze(node)?),
            _ => return Ok(None),
        }))
    }

    /// An input as sizes, and whether it is a list.
    fn list(&self, node: &Node, index: usize) -> Result<(Vec<Size>, bool), Refusal> {
        match self.input(node, index)? {
            Value::Sizes { sizes, list } => Ok((sizes.clone(), *list)),
            Value::Tensor(tensor) => match tensor.ints() {
                Some(ints) if tensor.shape.len() <= 1 => {
                    few(ints.len())?;
                    Ok((ints.iter().map(|&int| Size::Of(int)).collect(), tensor.shape.len() == 1))
                }
                _ => Err(Refusal::wrong("a list of sizes", tensor.describe())),
            },
            _ => Err(Refusal::layer(format!("{} of values", node.op))),
        }
    }

    /// The axes of a node: an attribute, or an input in newer versions.
    pub fn axes(&self, node: &Node) -> Result<Vec<i64>, Refusal> {
        match node.ints("axes")? {
            Some(axes) => Ok(axes.to_vec()),
            None if node.has_input(1) => Ok(self.tensor(node, 1)?.ints().unwrap_or_default().to_vec()),
            None => Ok(Vec::new()),
        }
    }

    fn shape(&self, node: &Node) -> Result<Value, Refusal> {
        let mut sizes = match self.input(node, 0)? {
            Value::Feature(feature) => {
                let Feature { dims, padding: [top, left, bottom, right], .. } = *feature;
                let [rows, columns] = [dims.height() + top + bottom, dims.width() + left + right];
                let sides: &[usize] =
                    if dims.is_maps() { &[dims.channels(), rows, columns] } else { &[dims.channels()] };
                let sides = sides.iter().map(|&side| Size::Of(side as i64));
                std::iter::once(Size::Samples).chain(sides).collect::<Vec<_>>()
            }
            Value::Tensor(tensor) => tensor.shape.iter().map(|&size| Size::Of(size as i64)).collect(),
            _ => return Err(Refusal::layer("Shape of sizes")),
        };
        let len = sizes.len();
        let (start, end) = (place(node.int("start", 0)?, len), place(node.int("end", len as i64)?, len));
        sizes.truncate(end);
        sizes.drain(..start.min(end));
        Ok(Value::Sizes { sizes, list: true })
    }

    fn gather(&self, node: &Node) -> Result<Value, Refusal> {
        let (sizes, _) = self.list(node, 0)?;
        let places = self.tensor(node, 1)?;
        let list = places.shape.len() == 1;
        let Some(ints) = places.ints().filter(|_| places.shape.len() <= 1) else {
            return Err(Refusal::wrong("a list of places", places.describe()));
        };
        few(ints.len())?;
        let len = sizes.len() as i64;
        let at = |place: i64| {
            let index = if place < 0 { place.saturating_add(len) } else { place };
            let size = usize::try_from(index).ok().and_then(|index| sizes.get(index)).copied();
            size.ok_or_else(|| Refusal::wrong(format!("a place among {len} sizes"), place))
        };
        let sizes: Result<Vec<Size>, Refusal> = ints.iter().map(|&place| at(place)).collect();
        Ok(Value::Sizes { sizes: sizes?, list })
    }

    fn slice(&self, node: &Node) -> Result<Value, Refusal> {
        let (sizes, _) = self.list(node, 0)?;
        let one = |index: usize| {
            let tensor = self.tensor(node, index)?;
            match tensor.ints() {
                Some(&[int]) => Ok(int),
                _ => Err(Refusal::wrong("one place", tensor.describe())),
            }
        };
        if node.has_input(4) && one(4)? != 1 {
            return Err(Refusal::layer("Slice with steps"));
        }
        let (start, end) = (place(one(1)?, sizes.len()), place(one(2)?, sizes.len()));
        Ok(Value::Sizes { sizes: sizes.get(start..end).unwrap_or_default().to_vec(), list: true })
    }

    fn flatten(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let Some(dims) = self.dims_of(node) else { return Err(Refusal::layer("Flatten of constants")) };
        let axis = node.int("axis", 1)?;
        let from_end = if dims.is_maps() { -3 } else { -1 };
        if axis != 1 && axis != from_end {
            return Err(Refusal::layer(format!("Flatten from axis {axis}")));
        }
        self.reshape(node, Dims::flat(dims.len()))
    }

    fn reshape_to(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let Some(dims) = self.dims_of(node) else { return Err(Refusal::layer("Reshape of constants")) };
        let (target, _) = self.list(node, 1)?;
        let zero_is_zero = node.int("allowzero", 0)? != 0;
        let samples = match target.first() {
            Some(Size::Samples | Size::Of(-1)) => true,
            Some(Size::Of(0)) => !zero_is_zero,
            Some(&Size::Of(size)) => self.samples == Some(size),
            None => false,
        };
        if !samples {
            return Err(Refusal::layer("Reshape that mixes samples"));
        }
        let before = [dims.channels(), dims.height(), dims.width()];
        let mut sizes = Vec::new();
        for (i, size) in target.iter().skip(1).enumerate() {
            sizes.push(match *size {
                Size::Of(0) if !zero_is_zero && i < 3 => before[i],
                Size::Of(-1) if target[0] != Size::Of(-1) => usize::MAX,
                Size::Of(size) if size > 0 => size as usize,
                _ => return Err(Refusal::layer("Reshape that mixes samples")),
            });
        }
        let mut known = sizes.iter().filter(|size| **size != usize::MAX);
        let product = known.try_fold(1_usize, |product, &size| product.checked_mul(size));
        for size in sizes.iter_mut().filter(|size| **size == usize::MAX) {
            *size = product.and_then(|product| dims.len().checked_div(product)).unwrap_or(0);
        }
        let len = sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
        if len != Some(dims.len()) {
            return Err(Refusal::wrong(format!("a shape of {} values", dims.len()), format!("{sizes:?}")));
        }
        match sizes[..] {
            [len] => self.reshape(node, Dims::flat(len)),
            [channels, rows, columns] => self.reshape(node, Dims::chw(channels, rows, columns)),
            _ => Err(Refusal::layer(format!("Reshape to {} axes", sizes.len() + 1))),
        }
    }

    fn squeeze(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let axes = self.axes(node)?;
        match self.dims_of(node) {
            Some(dims) if dims.is_maps() && dims.len() == dims.channels() && are_last(&axes) => {
                self.reshape(node, Dims::flat(dims.len()))
            }
            _ => Err(Refusal::layer(format!("Squeeze of the axes {axes:?}"))),
        }
    }

    fn unsqueeze(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let axes = self.axes(node)?;
        match self.dims_of(node) {
            Some(dims) if !dims.is_maps() && are_last(&axes) => {
                self.reshape(node, Dims::chw(dims.len(), 1, 1))
            }
            _ => Err(Refusal::layer(format!("Unsqueeze of the axes {axes:?}"))),
        }
    }
}

/// Whether these are the axes of rows and columns.
pub(super) fn are_last(axes: &[i64]) -> bool {
    matches!(axes, [2 | -2, 3 | -1] | [3 | -1, 2 | -2])
}

/// A place in a list, counted from its end if it is negative.
fn place(at: i64, len: usize) -> usize {
    let len = len as i64;
    (if at < 0 { at.saturating_add(len) } else { at }).clamp(0, len) as usize
}

/// Refuses lists that are longer than those of shapes.
fn few(len: usize) -> Result<(), Refusal> {
    if len <= 64 { Ok(()) } else { Err(Refusal::wrong("at most 64 sizes", len)) }
}

fn constant(node: &Node) -> Result<Value, Refusal> {
    let tensor = |shape: Vec<usize>, numbers| Arc::new(Tensor { shape, numbers });
    let attribute = node.attributes.iter().find(|(name, _)| name.starts_with("value"));
    Ok(Value::Tensor(match attribute.map(|(_, attribute)| attribute) {
        Some(Attribute::Tensor(tensor)) => Arc::clone(tensor),
        Some(Attribute::Int(int)) => tensor(vec![], Numbers::Ints(vec![*int])),
        Some(Attribute::Float(float)) => tensor(vec![], Numbers::Floats(vec![*float].into())),
        Some(Attribute::Ints(ints)) => tensor(vec![ints.len()], Numbers::Ints(ints.clone())),
        Some(Attribute::Floats(floats)) => tensor(vec![floats.len()], Numbers::Floats(floats.clone().into())),
        _ => return Err(Refusal::layer("Constant of another type than numbers")),
    }))
}
