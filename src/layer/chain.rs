//! One layer after another.

use super::Layer;
use crate::plan::Plan;
use crate::scalar::Scalar;
use crate::shape::{Shape, ShapeError};

/// `A`, then `B`. It compiles only if `B` accepts the output of `A`.
///
/// # Shapes
/// In → `A::Out` → `B::Out`.
///
/// ```
/// use convnet::prelude::*;
/// type Layers = Chain<Dense<Flat<4>, Flat<8>>, Chain<Relu, Dense<Flat<8>, Flat<3>>>>;
/// type Net = Sequential<Flat<4>, Layers>;
/// const _: () = Net::check(); // so that `cargo check` finds what does not fit
/// assert_eq!(Net::PARAMS, 4 * 8 + 8 + 8 * 3 + 3);
/// let net = Net::new(1);
/// assert_eq!(net.infer(&Batch::<Flat<4>>::zeros(5)).len(), 5);
/// ```
///
/// [`Stack`](crate::network::Stack) makes the same chain from values, and points at the layer that does not fit.
#[derive(Clone, Copy, Default, Debug)]
pub struct Chain<A, B>(pub A, pub B);

impl<In: Shape, T: Scalar, A: Layer<In, T>, B: Layer<A::Out, T>> Layer<In, T> for Chain<A, B> {
    type Out = B::Out;
    const SHAPE_ERROR: Option<ShapeError> = match A::SHAPE_ERROR {
        None => B::SHAPE_ERROR,
        error => error,
    };
    const PARAMS: usize = A::PARAMS + B::PARAMS;
    const BUFFERS: usize = A::BUFFERS + B::BUFFERS;
    const MACS: usize = A::MACS + B::MACS;
    const ACTIVATIONS: usize = A::ACTIVATIONS + B::ACTIVATIONS;

    fn add_to(&self, plan: &mut Plan<T>) {
        self.0.add_to(plan);
        self.1.add_to(plan);
    }
}

/// No layer: the output is the input. It is the beginning of a [`Stack`](crate::network::Stack).
impl<S: Shape, T: Scalar> Layer<S, T> for () {
    type Out = S;
    const ACTIVATIONS: usize = 0;

    fn add_to(&self, _: &mut Plan<T>) {}
}
