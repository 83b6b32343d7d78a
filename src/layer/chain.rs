//! One layer after another.

use std::marker::PhantomData;

use super::Layer;
use crate::init::Init;
use crate::network::Sequential;
use crate::plan::Plan;
use crate::scalar::Scalar;
use crate::shape::{Misfit, Shape};

/// `A`, then `B`: compiles only if `B` takes what `A` gives.
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
/// [`Stack`] makes the same chain from values, and points at the layer that does not fit.
#[derive(Clone, Copy, Default, Debug)]
pub struct Chain<A, B>(pub A, pub B);

impl<In: Shape, T: Scalar, A: Layer<In, T>, B: Layer<A::Out, T>> Layer<In, T> for Chain<A, B> {
    type Out = B::Out;
    const MISFIT: Option<Misfit> = match A::MISFIT {
        None => B::MISFIT,
        misfit => misfit,
    };
    const PARAMS: usize = A::PARAMS + B::PARAMS;
    const MACS: usize = A::MACS + B::MACS;
    const ACTIVATIONS: usize = A::ACTIVATIONS + B::ACTIVATIONS;

    fn add_to(&self, plan: &mut Plan<T>) {
        self.0.add_to(plan);
        self.1.add_to(plan);
    }
}

/// No layer: gives what it is given. The beginning of a [`Stack`].
impl<S: Shape, T: Scalar> Layer<S, T> for () {
    type Out = S;
    const ACTIVATIONS: usize = 0;

    fn add_to(&self, _: &mut Plan<T>) {}
}

/// Layers put one after the other by hand: each `then` takes only a layer that fits, and the compiler points at
/// the one that does not. In a constant, that goes for the arithmetic of windows too.
///
/// ```
/// use convnet::prelude::*;
/// let net = Stack::<Chw<1, 8, 8>>::new()
///     .then(Conv2d::<Chw<1, 8, 8>, Chw<4, 6, 6>, Kernel<3>>::new())
///     .then(Relu)
///     .then(Flatten::<Chw<4, 6, 6>, Flat<144>>::new())
///     .then(Dropout::new(0.3))
///     .then(Dense::<Flat<144>, Flat<2>>::new())
///     .network(Init::default(), 1);
/// assert_eq!(net.predict(&Tensor::<Chw<1, 8, 8>>::zeros()).probabilities, [0.5, 0.5]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Stack<In, L = (), T = f32> {
    layers: L,
    types: PhantomData<(In, T)>,
}

impl<In: Shape, T: Scalar> Stack<In, (), T> {
    /// No layers yet.
    #[allow(
        clippy::new_without_default,
        reason = "a stack begins with its input's shape, which has to be named"
    )]
    pub const fn new() -> Self {
        Stack { layers: (), types: PhantomData }
    }
}

impl<In: Shape, L: Layer<In, T> + Copy, T: Scalar> Stack<In, L, T> {
    /// The layers so far, and then this one.
    #[track_caller]
    pub const fn then<B: Layer<L::Out, T> + Copy>(self, layer: B) -> Stack<In, Chain<L, B>, T> {
        if let Some(misfit) = B::MISFIT {
            misfit.refuse("")
        }
        Stack { layers: Chain(self.layers, layer), types: PhantomData }
    }

    /// The network of these layers, with random parameters by the given rule, drawn from the seed.
    pub fn network(self, init: Init, seed: u64) -> Sequential<In, L, T> {
        Sequential::from_layers(&self.layers, init, seed)
    }
}
