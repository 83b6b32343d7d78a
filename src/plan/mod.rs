//! Plans: the operations of a network, as a list with run-time sizes.
//!
//! Types end here. A [`Layer`](crate::layer::Layer) is a type that checks its shapes and then adds an [`Op`] to the
//! [`Plan`]. Everything after that works on slices, once for each kind of layer and not once for each shape, which is
//! why a network of a hundred layers compiles as quickly as one of ten.
//!
//! A [`Step`] names the [`Value`]s it reads and the one it writes. Which steps need not run, and where values lie in
//! memory, is decided when the plan is complete, by a `Schedule`.

mod fuse;
#[cfg(feature = "store")]
mod onnx;
pub(crate) mod op;
mod param;
pub(crate) mod schedule;

use std::ops::Range;
use std::sync::Arc;

pub use crate::kernel::Rectifier;
pub use crate::kernel::conv::Arithmetic;
#[cfg(feature = "store")]
pub use onnx::{Attribute, Node, Operand};
pub use op::{Backward, Forward, Inputs, Mode, Op, Pass, Reads, Shortcut};
pub use param::{Facts, Param, Role, Tensors};

use crate::shape::Dims;

/// A value between operations: the network's input, or the output of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Value {
    /// Shape of one sample.
    pub dims: Dims,
}

/// An operation and its place in the network.
#[derive(Clone)]
#[non_exhaustive]
pub struct Step<T> {
    /// The layer's name.
    pub name: String,
    /// The arithmetic.
    pub op: Arc<dyn Op<T>>,
    /// The values it reads, as indices into [`Plan::values`]: one, or several if it is a merge.
    pub inputs: Vec<usize>,
    /// The value it writes.
    pub output: usize,
    /// The operation's share of the network's parameters.
    pub params: Range<usize>,
    /// Multiply-accumulates for one sample.
    pub macs: usize,
    /// Number of parameters that are trained.
    pub trained: usize,
}

impl<T> Step<T> {
    /// Whether this step belongs to the layer of that name.
    pub fn is_of(&self, layer: &str) -> bool {
        self.name.strip_prefix(layer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// The steps whose parameters a training step keeps as they are. They run as in inference, forward and backward.
#[derive(Clone, Default, Debug)]
pub(crate) struct Frozen(Vec<bool>);

impl Frozen {
    /// Whether a step is one of them.
    pub fn has(&self, step: usize) -> bool {
        self.0.get(step).copied().unwrap_or(false)
    }

    /// Adds a step, or takes it away.
    pub fn set(&mut self, step: usize, frozen: bool) {
        self.0.resize(self.0.len().max(step + 1), false);
        self.0[step] = frozen;
    }
}

/// The operations of a network, in the order in which they run, and the values between them.
#[derive(Clone)]
pub struct Plan<T> {
    steps: Vec<Step<T>>,
    values: Vec<Value>,
    /// The value that the next step reads.
    current: usize,
    /// The parameters of each layer, and the value it gives.
    layers: Vec<(Range<usize>, usize)>,
}

impl<T: 'static> Plan<T> {
    /// A plan without operations, for samples of this shape.
    pub fn new(input: Dims) -> Self {
        let values = vec![Value { dims: input }];
        Plan { steps: Vec::new(), values, current: 0, layers: Vec::new() }
    }

    /// The same operations in another arithmetic, where they have several.
    pub(crate) fn with_arithmetic(&self, arithmetic: Arithmetic) -> Self
    where
        T: Clone,
    {
        let mut plan = self.clone();
        for step in &mut plan.steps {
            if let Some(op) = step.op.with_arithmetic(arithmetic) {
                step.op = Arc::from(op);
            }
        }
        plan
    }

    /// Adds an operation that reads these values. The next one will read its output.
    ///
    /// # Panics
    /// If the operation's parameters are not those its layer declares.
    pub(crate) fn push(&mut self, op: Box<dyn Op<T>>, inputs: Vec<usize>, output: Dims, facts: Facts) {
        let Facts { params, buffers, tensors, macs, .. } = facts;
        let found = op.params();
        let [trained, averages] = [true, false].map(|trained| {
            let of_kind = found.iter().filter(|param| param.role.is_trained() == trained);
            of_kind.map(Param::len).sum::<usize>()
        });
        let kind = op.describe();
        assert_eq!(
            [trained, averages],
            [params, buffers],
            "parameters and buffers of {kind}, as its layer declares"
        );
        let same = found.iter().map(|p| (&*p.name, &p.shape[..])).eq(tensors.iter().copied());
        assert!(same || tensors.is_empty(), "tensors of {kind}, as its layer declares");
        let start = self.params();
        let end = start + params + buffers;
        self.current = self.values.len();
        self.steps.push(Step {
            name: self.steps.len().to_string(),
            op: Arc::from(op),
            inputs,
            output: self.current,
            params: start..end,
            macs,
            trained: params,
        });
        self.values.push(Value { dims: output });
    }

    /// Adds the operation of a layer, which reads the value of the step before it, or the one that
    /// [`read`](Plan::read) names.
    ///
    /// # Panics
    /// If the operation's parameters are not those its layer declares, or its input has another size than the value.
    pub(crate) fn push_layer(&mut self, op: Box<dyn Op<T>>, [input, output]: [Dims; 2], facts: Facts) {
        let before = self.values[self.current].dims;
        assert_eq!(before.len(), input.len(), "{} takes {input}, but is given {before}", op.describe());
        self.push(op, vec![self.current], output, facts);
    }

    /// The value that the next layer reads, as an index into [`Plan::values`]: the output of the last one. At the
    /// beginning it is 0, the network's input.
    pub fn current(&self) -> usize {
        self.current
    }

    /// Lets the next layer read this value.
    ///
    /// # Panics
    /// If there is no such value.
    pub fn read(&mut self, value: usize) {
        assert!(value < self.values.len(), "value {value} of {}", self.values.len());
        self.current = value;
    }

    /// Adds the steps of a layer and names them after it; several steps are numbered.
    pub(crate) fn named(&mut self, name: &str, add: impl FnOnce(&mut Self)) {
        let (first, start) = (self.steps.len(), self.params());
        add(self);
        let single = self.steps.len() == first + 1;
        for (i, step) in self.steps[first..].iter_mut().enumerate() {
            step.name = if single { name.into() } else { format!("{name}.{i}") };
        }
        self.layers.push((start..self.params(), self.current));
    }

    /// The value that the layer with this number gives, counted from 1; 0 is the network's input.
    pub(crate) fn output_of_layer(&self, number: usize) -> usize {
        if number == 0 { 0 } else { self.layers[number - 1].1 }
    }

    /// The operations, in the order in which they run.
    pub fn steps(&self) -> &[Step<T>] {
        &self.steps
    }

    /// The values, the network's input first.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Shapes of one input and one output sample of the network.
    pub fn ends(&self) -> [Dims; 2] {
        [0, self.current].map(|value| self.values[value].dims)
    }

    /// The value that is the network's output.
    pub(crate) fn output(&self) -> usize {
        self.current
    }

    /// Shape of one sample of a step's output.
    pub fn output_of(&self, step: &Step<T>) -> Dims {
        self.values[step.output].dims
    }

    /// The names of all operations, as an error lists them.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.steps.iter().map(|step| step.name.as_str()).collect();
        names.join(", ")
    }

    /// Number of parameters of all operations, trained or not.
    pub fn params(&self) -> usize {
        self.steps.last().map_or(0, |step| step.params.end)
    }

    /// Number of parameters that are trained.
    pub fn trained(&self) -> usize {
        self.steps.iter().map(|step| step.trained).sum()
    }

    /// Whether a training step needs the gradient by each value: if steps before it have parameters that are not frozen.
    fn needs_gradient(&self, frozen: &Frozen) -> Vec<bool> {
        let mut needs = vec![false; self.values.len()];
        for (i, step) in self.steps.iter().enumerate() {
            let trained = !step.params.is_empty() && !frozen.has(i);
            needs[step.output] = trained || step.inputs.iter().any(|value| needs[*value]);
        }
        needs
    }

    /// Multiply-accumulates for one sample.
    pub(crate) fn macs(&self) -> usize {
        self.steps.iter().map(|step| step.macs).sum()
    }

    /// Each parameter tensor with its full name ("conv1.weight"), description and values, of the values of all parameters.
    pub(crate) fn named_params<'a>(
        &'a self,
        params: &'a [T],
    ) -> impl Iterator<Item = (String, Param, &'a [T])> {
        self.steps.iter().flat_map(|step| {
            let mut rest = &params[step.params.clone()];
            step.op.params().into_iter().map(move |param| {
                let (values, tail) = rest.split_at(param.len());
                rest = tail;
                (format!("{}.{}", step.name, param.name), param, values)
            })
        })
    }

    /// The parameters of the layer with this number, counted from 1.
    pub(crate) fn params_of(&self, number: usize) -> Range<usize> {
        self.layers[number - 1].0.clone()
    }
}
