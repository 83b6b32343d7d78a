//! Networks written as a type or put together layer by layer, without `network!`.

use std::fmt;
use std::marker::PhantomData;

use super::{Model, Network};
use crate::init::Init;
use crate::layer::{Chain, Layer};
use crate::plan::Plan;
use crate::scalar::Scalar;
use crate::shape::{Shape, ShapeError};

/// A network written as a type: a [`Chain`] of layers with an input shape.
///
/// In PyTorch and Keras: `Sequential`. Write `const _: () = Net::check();` next to the type, so that `cargo check`
/// finds layers that do not fit.
///
/// ```
/// use convnet::prelude::*;
/// type Net = Sequential<Chw<1, 8, 8>, Chain<
///     Conv2d<Chw<1, 8, 8>, Chw<4, 6, 6>, Kernel<3>>,
///     Chain<Relu, Chain<Flatten<Chw<4, 6, 6>, Flat<144>>, Dense<Flat<144>, Flat<2>>>>,
/// >>;
/// const _: () = Net::check();
/// println!("{}", Net::new(1));
/// ```
#[doc(alias = "nn.Sequential")]
pub struct Sequential<In: Shape, L: Layer<In, T>, T: Scalar = f32> {
    model: Model<In, L::Out, T>,
    layers: PhantomData<fn() -> L>,
}

impl<In: Shape, L: Layer<In, T>, T: Scalar> Sequential<In, L, T> {
    /// Is a compile error if the sizes in a layer's type contradict each other. `cargo check` finds it if the call is
    /// in a constant, `cargo build` finds it everywhere.
    #[track_caller]
    pub const fn check() {
        if In::LEN == 0 {
            ShapeError::no_values(In::DIMS).refuse("")
        }
        if let Some(error) = L::SHAPE_ERROR {
            error.refuse("")
        }
    }

    /// A network of these layers. Use it for layers whose settings are not in their type, such as a dropout rate.
    pub fn from_layers(layers: &L, init: Init, seed: u64) -> Self {
        const { Self::check() }
        Sequential { model: Model::new(Plan::of(layers), init, seed), layers: PhantomData }
    }
}

impl<In: Shape, L: Layer<In, T>, T: Scalar> Clone for Sequential<In, L, T> {
    fn clone(&self) -> Self {
        Sequential { model: self.model.clone(), layers: PhantomData }
    }
}

impl<In: Shape, L: Layer<In, T>, T: Scalar> fmt::Debug for Sequential<In, L, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sequential").field(&self.model).finish()
    }
}

impl<In: Shape, L: Layer<In, T>, T: Scalar> fmt::Display for Sequential<In, L, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.model.fmt(f)
    }
}

impl<In: Shape, L: Layer<In, T> + Default, T: Scalar> Network for Sequential<In, L, T> {
    type Input = In;
    type Output = L::Out;
    type Scalar = T;
    const PARAMS: usize = {
        Self::check();
        L::PARAMS
    };
    const BUFFERS: usize = L::BUFFERS;
    const MACS: usize = L::MACS;
    const ACTIVATION_BYTES: usize = L::ACTIVATIONS * size_of::<T>();

    fn with_init(init: Init, seed: u64) -> Self {
        Self::from_layers(&L::default(), init, seed)
    }

    fn model(&self) -> &Model<In, L::Out, T> {
        &self.model
    }

    fn model_mut(&mut self) -> &mut Model<In, L::Out, T> {
        &mut self.model
    }
}

/// Layers put one after the other by hand. Each `then` accepts only a layer that fits, and the compiler points at one
/// that does not. In a constant, it also checks the sizes of windows.
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
///
/// A stack branches with [`Residual`](crate::layer::Residual) and [`Concat`](crate::layer::Concat).
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
        if let Some(error) = B::SHAPE_ERROR {
            error.refuse("")
        }
        Stack { layers: Chain(self.layers, layer), types: PhantomData }
    }

    /// The network of these layers, with random parameters, drawn from the seed by the given rule.
    pub fn network(self, init: Init, seed: u64) -> Sequential<In, L, T> {
        Sequential::from_layers(&self.layers, init, seed)
    }
}
