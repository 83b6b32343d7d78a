//! The parameters of a network, and its plan.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::Feeds;
use crate::data::Metadata;
use crate::error::Error;
use crate::init::Init;
use crate::plan::{Arithmetic, Param, Plan};
use crate::run::{Infer, InferSample, Inference, Program};
use crate::scalar::{Scalar, compiled};
use crate::shape::{Dims, Shape};
use crate::summary::Summary;
use crate::tensor::{Batch, Tensor};

/// The parameters of a network and its plan.
pub struct Model<In, Out, T> {
    program: Arc<Program<T>>,
    params: Vec<T>,
    metadata: Arc<Metadata>,
    shapes: PhantomData<(In, Out)>,
}

impl<In, Out, T: Clone> Clone for Model<In, Out, T> {
    fn clone(&self) -> Self {
        let (program, params, metadata) = (self.program.clone(), self.params.clone(), self.metadata.clone());
        Model { program, params, metadata, shapes: PhantomData }
    }
}

impl<In: Shape, Out: Shape, T: Scalar> Model<In, Out, T> {
    /// The operations of a plan, with random parameters, drawn from the seed by the given rule.
    ///
    /// # Panics
    /// If the plan does not lead from `In` to `Out`, or nothing reads the output of some step.
    pub fn new(plan: Plan<T>, init: Init, seed: u64) -> Self {
        let (program, params) = T::compiled::<Begin>((plan, [In::DIMS, Out::DIMS], init, seed));
        Model { program: Arc::new(program), params, metadata: Arc::default(), shapes: PhantomData }
    }

    /// The names of the classes, and the way from pictures or tables to the input, as far as they are known.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Sets the names of the classes, and the way from pictures or tables to the input.
    pub fn set_metadata(&mut self, metadata: Metadata) {
        self.metadata = Arc::new(metadata);
    }

    /// The operations.
    pub fn plan(&self) -> &Plan<T> {
        self.program.plan()
    }

    /// Computes in another arithmetic from now on. Clones of the model keep theirs.
    pub fn set_arithmetic(&mut self, arithmetic: Arithmetic) {
        self.program = Arc::new(T::compiled::<InArithmetic>((self.plan(), arithmetic)));
    }

    /// The operations, and how they run.
    pub(crate) fn program(&self) -> &Program<T> {
        &self.program
    }

    /// All parameters, layer by layer, weights before biases. A layer's running statistics follow its biases; they are
    /// not trained, and [`Network::PARAMS`](super::Network::PARAMS) does not count them.
    pub fn params(&self) -> &[T] {
        &self.params
    }

    /// All parameters, for changes.
    pub fn params_mut(&mut self) -> &mut [T] {
        &mut self.params
    }

    /// The program and the parameters at once.
    pub(crate) fn parts_mut(&mut self) -> (&Program<T>, &mut [T]) {
        (&self.program, &mut self.params)
    }

    /// The parameters of the layer with this number in the network. The number is a part of the type, because the compiler
    /// evaluates a constant in the body of a generic function again for each set of bounds, with all that it depends on.
    #[doc(hidden)]
    pub fn layer<const NUMBER: usize>(&self) -> &[T] {
        &self.params[self.plan().params_of(NUMBER)]
    }

    /// The same, for changes.
    #[doc(hidden)]
    pub fn layer_mut<const NUMBER: usize>(&mut self) -> &mut [T] {
        let range = self.plan().params_of(NUMBER);
        &mut self.params[range]
    }

    /// Each parameter tensor with its full name ("conv1.weight"), description and values.
    pub fn named_params(&self) -> impl Iterator<Item = (String, Param, &[T])> {
        self.plan().named_params(&self.params)
    }

    /// Replaces the parameter tensor with this full name.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such tensor or it has another size. Then nothing is changed.
    pub fn set_param(&mut self, name: &str, values: &[T]) -> Result<(), Error> {
        let mut offset = 0;
        let mut names = Vec::new();
        for (full_name, param, _) in self.named_params() {
            if full_name == name {
                break;
            }
            offset += param.len();
            names.push(full_name);
        }
        let Some((_, param, _)) = self.named_params().nth(names.len()) else {
            return Err(Error::argument("name", names.join(", "), name));
        };
        if param.len() != values.len() {
            let expected = format!("{} for {name} {:?}", param.len(), param.shape);
            return Err(Error::argument("values", expected, values.len()));
        }
        self.params[offset..][..values.len()].copy_from_slice(values);
        Ok(())
    }

    /// Writes the outputs for a batch of samples to `outputs`.
    ///
    /// # Panics
    /// If the number of outputs is not the number of samples.
    pub fn infer_into<S: Feeds<In>>(&self, outputs: &mut Batch<Out, T>, batch: &Batch<S, T>) {
        assert_eq!(outputs.len(), batch.len(), "outputs for a batch of samples");
        let samples = batch.len();
        let (y, x) = (outputs.entries_mut(), batch.entries());
        T::compiled::<Infer>(Inference { program: &self.program, y, x, samples, params: &self.params });
    }

    /// The output for one sample.
    pub fn infer_one<S: Feeds<In>>(&self, sample: &Tensor<S, T>) -> Tensor<Out, T> {
        if self.program.lanes(1) > 1 {
            let mut output = Batch::zeros(1);
            self.infer_into(&mut output, &Batch::from_iter([sample]));
            return output.sample(0);
        }
        let mut output = Tensor::zeros();
        let (y, x) = (output.as_mut_slice(), sample.as_slice());
        T::compiled::<InferSample>((&self.program, y, x, &self.params));
        output
    }
}

compiled! {
    /// The program of a plan between these shapes, and its first parameters: (plan, shapes, rule, seed).
    Begin<'a, T>((Plan<T>, [Dims; 2], Init, u64)) -> (Program<T>, Vec<T>) = begin
}

compiled! {
    /// The program of a plan in another arithmetic.
    InArithmetic<'a, T>((&'a Plan<T>, Arithmetic)) -> Program<T> = in_arithmetic
}

fn in_arithmetic<T: Scalar>((plan, arithmetic): (&Plan<T>, Arithmetic)) -> Program<T> {
    Program::new(plan.with_arithmetic(arithmetic))
}

fn begin<T: Scalar>((plan, ends, init, seed): (Plan<T>, [Dims; 2], Init, u64)) -> (Program<T>, Vec<T>) {
    assert!(!plan.steps().is_empty(), "a network has at least one layer");
    assert_eq!(plan.ends(), ends, "the plan's shapes");
    let mut params = vec![T::zero(); plan.params()];
    for (layer, step) in plan.steps().iter().enumerate() {
        let mut rest = &mut params[step.params.clone()];
        for (i, param) in step.op.params().iter().enumerate() {
            let (values, tail) = rest.split_at_mut(param.len());
            init.fill(values, param, seed, [layer as u64, i as u64]);
            rest = tail;
        }
    }
    (Program::new(plan), params)
}

impl<In: Shape, Out: Shape, T: Scalar> fmt::Debug for Model<In, Out, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}, {} parameters", In::DIMS, Out::DIMS, self.plan().trained())
    }
}

/// Batch size for which a printed network shows the memory.
const USUAL_BATCH: usize = 64;

/// The [`Summary`], with the memory for a batch of 64.
impl<In: Shape, Out: Shape, T: Scalar> fmt::Display for Model<In, Out, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Summary::of(&self.program, USUAL_BATCH).fmt(f)
    }
}
