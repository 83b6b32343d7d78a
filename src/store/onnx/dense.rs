//! Products with matrices, as fully connected layers.

use std::sync::Arc;

use super::lines::{Line, Param};
use super::model::Node;
use super::translate::{Feature, Refusal, Translation, Value};
use crate::shape::Dims;

impl Translation<'_> {
    /// x·B + C, with B perhaps transposed.
    pub fn gemm(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let input = self.vector(node, 0)?;
        if node.int("transA", 0)? != 0 {
            return Err(Refusal::layer("Gemm with a transposed input"));
        }
        let (alpha, beta) = (node.float("alpha", 1.0)?, node.float("beta", 1.0)?);
        let weight = self.weights(node, 1, input, node.int("transB", 0)? != 0, alpha)?;
        let units = weight.shape[0];
        let mut params = vec![weight];
        if node.has_input(2) {
            params.push(self.bias(node, 2, units, beta)?);
        }
        self.dense(node, input, params)
    }

    pub fn product(&mut self, node: &Node) -> Result<Feature, Refusal> {
        let input = self.vector(node, 0)?;
        let weight = self.weights(node, 1, input, false, 1.0)?;
        self.products.extend(node.outputs.first().cloned());
        self.dense(node, input, vec![weight])
    }

    pub fn dense(&mut self, node: &Node, input: Feature, params: Vec<Param>) -> Result<Feature, Refusal> {
        let units = params[0].shape[0];
        let mut settings = vec![("units", units.to_string())];
        if params.len() == 1 {
            settings.push(("bias", "false".into()));
        }
        let (sources, origin) = (vec![input.value], node.origin(1));
        self.push(Line { kind: "Dense", settings, sources, output: Dims::flat(units), params, origin })
    }

    /// The weights of a fully connected layer, \[units, inputs\], from an input that is that or its transpose.
    pub fn weights(
        &self,
        node: &Node,
        index: usize,
        input: Feature,
        transposed: bool,
        factor: f32,
    ) -> Result<Param, Refusal> {
        let (tensor, inputs) = (self.tensor(node, index)?, input.dims.len());
        let fits = match (&tensor.shape[..], tensor.floats()) {
            (&[units, n], Some(floats)) if transposed && n == inputs => Some((units, floats)),
            (&[n, units], Some(floats)) if !transposed && n == inputs => Some((units, floats)),
            _ => None,
        };
        let Some((units, floats)) = fits else {
            let shape = if transposed { format!("[units, {inputs}]") } else { format!("[{inputs}, units]") };
            return Err(Refusal::wrong(format!("weights of shape {shape}"), tensor.describe()));
        };
        let at = |i: usize| {
            let [unit, input] = [i / inputs, i % inputs];
            factor * if transposed { floats[i] } else { floats[input * units + unit] }
        };
        let values = Arc::new((0..units * inputs).map(at).collect());
        Ok(Param { name: "weight", shape: vec![units, inputs], values })
    }

    /// The biases of a fully connected layer.
    pub fn bias(&self, node: &Node, index: usize, units: usize, factor: f32) -> Result<Param, Refusal> {
        let tensor = self.tensor(node, index)?;
        let ones = tensor.shape.iter().rev().skip(1).all(|&size| size == 1);
        let values = match tensor.floats().map(|floats| &floats[..]) {
            Some(floats) if ones && floats.len() == units => floats.iter().map(|b| factor * b).collect(),
            Some(&[one]) if ones => vec![factor * one; units],
            _ => return Err(Refusal::wrong(format!("a bias of {units} numbers"), tensor.describe())),
        };
        Ok(Param { name: "bias", shape: vec![units], values: Arc::new(values) })
    }

    pub fn sum(&mut self, node: &Node) -> Result<Feature, Refusal> {
        // A bias after a product that nothing else reads.
        for (x, bias) in [(0, 1), (1, 0)] {
            let (Value::Feature(product), Value::Tensor(_)) = (self.input(node, x)?, self.input(node, bias)?)
            else {
                continue;
            };
            let (product, name) = (*product, &node.inputs[x]);
            if !self.products.contains(name) || self.readers(name) != 1 {
                return Err(Refusal::layer("Add of constants"));
            }
            let bias = self.bias(node, bias, product.dims.len(), 1.0)?;
            let line = &mut self.lines[product.value - 1];
            line.params.push(bias);
            line.settings.retain(|(setting, _)| *setting != "bias");
            return Ok(product);
        }
        let (a, b) = (self.feature(node, 0)?, self.feature(node, 1)?);
        if a.dims != b.dims {
            return Err(Refusal::layer(format!("Add of {} and {}", a.dims, b.dims)));
        }
        self.merge(node, "Add", &[a, b], a.dims)
    }
}
