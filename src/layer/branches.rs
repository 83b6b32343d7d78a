//! Branches by hand: a residual, and two branches whose channels are put one after the other.

use std::marker::PhantomData;

use super::place::Placed;
use super::{Layer, Merge};
use crate::plan::Plan;
use crate::scalar::Scalar;
use crate::shape::{Shape, ShapeError};

/// y = f(x) + x, for layers f that keep the shape of their input (He, Zhang, Ren and Sun 2016, "Deep residual learning for image
/// recognition").
///
/// # Shapes
/// Any shape to the same shape.
///
/// # In `network!`
/// A sum is written `Add`: `sum: Add(conv2, input)`.
///
/// ```
/// use convnet::prelude::*;
/// type Same = Conv2d<Chw<4, 8, 8>, Chw<4, 8, 8>, Kernel<3>, Stride<1>, Padding<1>>;
/// let net = Stack::<Chw<4, 8, 8>>::new()
///     .then(Residual(Chain(Same::new(), Chain(Relu, Same::new()))))
///     .then(Relu)
///     .then(GlobalAvgPool)
///     .network(Init::Zeros, 1);
/// let x = Tensor::<Chw<4, 8, 8>>::from_fn(|i| i as f32);
/// assert_eq!(net.infer(&Batch::from_iter([x])).sample(0).as_slice()[0], 31.5); // the convolutions give 0
/// ```
#[doc(alias("skip connection", "shortcut"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct Residual<F>(pub F);

impl<S: Shape, T: Scalar, F: Layer<S, T, Out = S>> Layer<S, T> for Residual<F> {
    type Out = S;
    const SHAPE_ERROR: Option<ShapeError> = F::SHAPE_ERROR;
    const PARAMS: usize = F::PARAMS;
    const BUFFERS: usize = F::BUFFERS;
    const MACS: usize = F::MACS;
    const ACTIVATIONS: usize = F::ACTIVATIONS + S::LEN;

    fn add_to(&self, plan: &mut Plan<T>) {
        let x = plan.current();
        self.0.add_to(plan);
        plan.merge(Merge::Add, &[plan.current(), x]);
    }
}

/// The outputs of `A` and `B` for the same input, channels one after the other (Szegedy et al. 2015, "Going deeper with
/// convolutions").
///
/// In PyTorch: `torch.cat((a(x), b(x)), dim=1)`. In Keras: `Concatenate(axis=1)`.
///
/// # Shapes
/// `A::Out` is CA×H×W and `B::Out` CB×H×W: `Out` is (CA + CB)×H×W. Of vectors, CA and CB give CA + CB.
///
/// # In `network!`
/// `joined: Concat(a, b)`, of any number of lines.
///
/// ```
/// use convnet::prelude::*;
/// type In = Chw<3, 8, 8>;
/// type Narrow = Conv2d<In, Chw<4, 8, 8>, Kernel<1>>;
/// type Wide = Conv2d<In, Chw<2, 8, 8>, Kernel<3>, Stride<1>, Padding<1>>;
/// let net = Stack::<In>::new()
///     .then(Concat::<_, _, Chw<6, 8, 8>>::new(Narrow::new(), Wide::new()))
///     .then(GlobalAvgPool)
///     .network(Init::default(), 1);
/// assert_eq!(net.predict(&Tensor::<In>::zeros()).probabilities.len(), 6);
/// ```
#[doc(alias("Concatenate", "cat"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct Concat<A, B, Out>(A, B, PhantomData<Out>);

impl<A, B, Out> Concat<A, B, Out> {
    /// Both branches.
    pub const fn new(a: A, b: B) -> Self {
        Concat(a, b, PhantomData)
    }
}

impl<In: Shape, T: Scalar, A: Layer<In, T>, B: Layer<In, T>, Out: Shape> Layer<In, T> for Concat<A, B, Out> {
    type Out = Out;
    const SHAPE_ERROR: Option<ShapeError> = match (A::SHAPE_ERROR, B::SHAPE_ERROR) {
        (Some(error), _) | (None, Some(error)) => Some(error),
        (None, None) => {
            let [a, b] = [Placed::input(A::Out::DIMS), Placed::input(B::Out::DIMS)];
            let output = Merge::Concat.output(&[("the first branch", a), ("the second branch", b)]);
            ShapeError::in_type("Concat", In::DIMS, Out::DIMS, output)
        }
    };
    const PARAMS: usize = A::PARAMS + B::PARAMS;
    const BUFFERS: usize = A::BUFFERS + B::BUFFERS;
    const MACS: usize = A::MACS + B::MACS;
    const ACTIVATIONS: usize = A::ACTIVATIONS + B::ACTIVATIONS + Out::LEN;

    fn add_to(&self, plan: &mut Plan<T>) {
        let x = plan.current();
        self.0.add_to(plan);
        let a = plan.current();
        plan.read(x);
        self.1.add_to(plan);
        plan.merge(Merge::Concat, &[a, plan.current()]);
    }
}
