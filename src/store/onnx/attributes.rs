//! The inputs and attributes of nodes, with the types that operators want.

use super::lines::Origin;
use super::model::{Attribute, Node};
use super::translate::Refusal;

impl Node {
    pub fn has_input(&self, index: usize) -> bool {
        self.inputs.get(index).is_some_and(|name| !name.is_empty())
    }

    /// The names from which a layer's is made: that of the node, and that of its input with the weights.
    pub fn origin(&self, weight: usize) -> Origin {
        Origin { node: self.name.clone(), weight: self.inputs.get(weight).cloned().unwrap_or_default() }
    }

    fn wrong<T>(&self, name: &str, kind: &str) -> Result<T, Refusal> {
        Err(Refusal::wrong(format!("the attribute {name} as {kind}"), "another type"))
    }

    pub fn int(&self, name: &str, default: i64) -> Result<i64, Refusal> {
        match self.attributes.get(name) {
            None => Ok(default),
            Some(Attribute::Int(int)) => Ok(*int),
            Some(_) => self.wrong(name, "a whole number"),
        }
    }

    pub fn float(&self, name: &str, default: f32) -> Result<f32, Refusal> {
        match self.attributes.get(name) {
            None => Ok(default),
            Some(Attribute::Float(float)) if float.is_finite() => Ok(*float),
            Some(_) => self.wrong(name, "a finite number"),
        }
    }

    pub fn ints(&self, name: &str) -> Result<Option<&[i64]>, Refusal> {
        match self.attributes.get(name) {
            None => Ok(None),
            Some(Attribute::Ints(ints)) => Ok(Some(ints)),
            Some(_) => self.wrong(name, "whole numbers"),
        }
    }

    pub fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.attributes.get(name) {
            None => Ok(None),
            Some(Attribute::Text(text)) => Ok(Some(text)),
            Some(_) => self.wrong(name, "a word"),
        }
    }

    /// A number that is an input, or an attribute in older versions.
    pub fn attribute_or(&self, input: Option<f32>, name: &str) -> Result<Option<f32>, Refusal> {
        match (input, self.attributes.get(name)) {
            (None, Some(Attribute::Float(float))) => Ok(Some(*float)),
            (None, Some(_)) => self.wrong(name, "a number"),
            (input, _) => Ok(input),
        }
    }
}
