//! Layers: a typed shell that checks shapes, and behind it the arithmetic, forward beside backward.

mod activation;
mod adaptive_pool;
mod batch_norm;
mod chain;
mod conv2d;
mod dense;
mod dropout;
mod flatten;
mod local_response_norm;
#[doc(hidden)]
pub mod place;
mod pool;
mod radial_basis;
mod rectifier;
mod renamed;
mod scale_shift;
mod softmax;
mod table_conv2d;

pub use activation::{HardSigmoid, Heaviside, Identity, ScaledTanh, Sigmoid, Softplus, Tanh};
pub use adaptive_pool::{AdaptiveAvgPool2d, AdaptiveMaxPool2d, GlobalAvgPool};
pub use batch_norm::BatchNorm;
pub use chain::Chain;
pub use conv2d::Conv2d;
pub use dense::Dense;
pub use dropout::Dropout;
pub use flatten::{Flatten, flattens};
pub use local_response_norm::LocalResponseNorm;
pub use pool::{AvgPool2d, MaxPool2d};
pub use radial_basis::{Codes, RadialBasis};
pub use rectifier::{Elu, Gelu, LeakyRelu, Relu, Selu, Silu};
pub use scale_shift::ScaleShift;
pub(crate) use softmax::softmax;
pub use softmax::{LogSoftmax, Softmax};
pub use table_conv2d::{Connections, TableConv2d};

use std::marker::PhantomData;

use crate::plan::op::Builtin;
use crate::plan::{Facts, Op, Plan};
use crate::scalar::Scalar;
use crate::shape::{Shape, ShapeError};

use crate::plan::Tensors;

/// The constructor of a layer whose sizes are in its type.
macro_rules! constructor {
    ($layer:ident<$In:ident $(, $param:ident)*>) => {
        impl<$In: $crate::shape::Shape $(, $param)*> $layer<$In $(, $param)*>
        where
            Self: $crate::layer::Layer<$In, f32>,
        {
            /// The layer, which has no settings but its type.
            ///
            /// # Panics
            /// If the sizes in the type contradict each other; in a constant, that is a compile error at this call.
            #[track_caller]
            pub const fn new() -> Self {
                if let Some(error) = <Self as $crate::layer::Layer<$In, f32>>::SHAPE_ERROR {
                    error.refuse("")
                }
                $layer(std::marker::PhantomData)
            }
        }
    };
}
pub(crate) use constructor;

/// The compile error for a setting that a layer does not have, at the setting's name in `network!`.
macro_rules! unknown_setting {
    ($Settings:ident, $Known:ident, $message:literal $(, $note:literal)?) => {
        #[doc(hidden)]
        #[diagnostic::on_unimplemented(message = $message, label = "no such setting" $(, note = $note)?)]
        pub trait $Known {}

        /// Does not compile: nothing is a setting that is not known. It has the name of the settings, so that
        /// `network!` needs only that.
        #[doc(hidden)]
        #[allow(non_snake_case)]
        pub const fn $Settings<Setting: $Known>() -> $Settings {
            $Settings::DEFAULT
        }
    };
}
pub(crate) use unknown_setting;

/// A layer that takes samples of shape `In`.
///
/// The type says everything about sizes: what comes out, how many parameters there are and how much work
/// there is. The arithmetic is in the [`Op`](crate::plan::Op) that the layer adds to the plan.
///
/// # A layer of one's own
/// ```
/// use convnet::prelude::*;
/// use convnet::plan::{Backward, Forward, Op, Plan};
///
/// /// y = 2x.
/// #[derive(Clone, Copy, Default)]
/// struct Double;
///
/// impl<S: Shape, T: Scalar> Layer<S, T> for Double {
///     type Out = S;
///     fn add_to(&self, plan: &mut Plan<T>) {
///         plan.add::<S, Self>(Double);
///     }
/// }
///
/// impl<T: Scalar> Op<T> for Double {
///     fn describe(&self) -> String {
///         "Double".into()
///     }
///     fn forward(&self, pass: Forward<'_, T>) {
///         for (y, x) in pass.y.iter_mut().zip(pass.x) {
///             *y = x.map(|x| x + x);
///         }
///     }
///     fn backward(&self, pass: Backward<'_, T>) {
///         let Some(dx) = pass.dx else { return };
///         for (dx, dy) in dx.iter_mut().zip(pass.dy) {
///             *dx = dy.map(|dy| dy + dy);
///         }
///     }
/// }
///
/// network! {
///     struct Tiny: Flat<3> => Flat<2> {
///         double: Double,
///         fc: Dense { units: 2 },
///     }
/// }
/// convnet::check::layer::<Flat<3>, _>(&Double, 1).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "the shapes do not agree: `{Self}` cannot take an input of shape `{In}`",
    label = "this layer is given `{In}`",
    note = "the output shape of each layer must be the input shape of the next"
)]
pub trait Layer<In: Shape, T: Scalar = f32> {
    /// Shape of one output sample.
    type Out: Shape;

    /// Why the sizes in the type contradict each other, if they do.
    const SHAPE_ERROR: Option<ShapeError> = None;

    /// Trainable parameters.
    const PARAMS: usize = 0;

    /// Parameters that are not trained, such as running statistics: [`Role::Buffer`](crate::plan::Role).
    const BUFFERS: usize = 0;

    /// Names and shapes of the parameter tensors, in order: what [`weights!`](crate::weights) checks at compile time. A
    /// layer of several layers says nothing here.
    const TENSORS: Tensors = &[];

    /// Multiply-accumulates for one sample, forward.
    const MACS: usize = 0;

    /// Values that one sample leaves behind for the backward pass.
    const ACTIVATIONS: usize = Self::Out::LEN;

    /// Adds the layer's arithmetic to a plan.
    fn add_to(&self, plan: &mut Plan<T>);
}

/// Building plans from layers.
impl<T: Scalar> Plan<T> {
    /// The operations of `layers`, named by their place: "0", "1", …
    pub fn of<In: Shape, L: Layer<In, T>>(layers: &L) -> Self {
        const {
            if let Some(error) = L::SHAPE_ERROR {
                error.refuse("")
            }
        }
        let mut plan = Plan::new();
        layers.add_to(&mut plan);
        plan
    }

    /// Adds a layer of the network under its name. The steps of a layer that is a chain are numbered: "name.0", …
    #[doc(hidden)]
    pub fn layer<In: Shape, L: Layer<In, T>>(&mut self, name: &str, layer: &L) {
        let (first, start) = (self.steps().len(), self.params());
        layer.add_to(self);
        self.close_layer(name, first, start);
    }

    /// Adds the arithmetic of the layer `L`. [`Layer::add_to`] calls it.
    pub fn add<In: Shape, L: Layer<In, T>>(&mut self, op: impl Op<T>) {
        self.push(Box::new(op), [In::DIMS, L::Out::DIMS], facts::<In, L, T>());
    }

    /// [`Plan::add`] for an operation of this crate.
    pub(crate) fn add_builtin<In: Shape, L: Layer<In, T>>(&mut self, op: impl Builtin) {
        self.push(op.boxed(), [In::DIMS, L::Out::DIMS], facts::<In, L, T>());
    }
}

/// The facts about a layer that takes samples of shape `In`.
#[doc(hidden)]
pub const fn facts<In: Shape, L: Layer<In, T>, T: Scalar>() -> Facts {
    Facts {
        params: L::PARAMS,
        buffers: L::BUFFERS,
        tensors: L::TENSORS,
        macs: L::MACS,
        activations: L::ACTIVATIONS,
    }
}

/// A function of one number that a layer applies to every entry, such as [`Relu`] or [`Gelu`]: here at a single number,
/// without a network, to look at or to draw.
///
/// ```
/// use convnet::prelude::*;
/// let functions: [(&str, &dyn Activation<f64>); 2] = [("tanh", &Tanh), ("leaky", &LeakyRelu::new(0.1))];
/// for (name, f) in functions {
///     println!("{name}: {} with slope {}", f.value(-1.0), f.derivative(-1.0));
/// }
/// assert_eq!(LeakyRelu::new(0.1).value(-1.0), -0.1);
/// ```
pub trait Activation<T: Scalar> {
    /// y = f(x). Of NaN it is NaN.
    fn value(&self, x: T) -> T;

    /// dy/dx, from x and y = f(x): the backward pass has both.
    fn slope(&self, x: T, y: T) -> T;

    /// dy/dx at x.
    fn derivative(&self, x: T) -> T {
        self.slope(x, self.value(x))
    }
}

/// A look at the parameters of a layer `L` in a network: `net.conv1().weight()`.
pub struct Params<'a, L, T> {
    values: &'a [T],
    layer: PhantomData<L>,
}

/// The parameters of a layer `L` in a network, to change: `net.layers_mut().conv1().weight()`.
pub struct ParamsMut<'a, L, T> {
    values: &'a mut [T],
    layer: PhantomData<L>,
}

impl<'a, L, T> Params<'a, L, T> {
    #[doc(hidden)]
    pub fn new(values: &'a [T]) -> Self {
        Params { values, layer: PhantomData }
    }

    /// All parameters of the layer, weights before biases.
    pub fn as_slice(&self) -> &'a [T] {
        self.values
    }
}

impl<'a, L, T> ParamsMut<'a, L, T> {
    #[doc(hidden)]
    pub fn new(values: &'a mut [T]) -> Self {
        ParamsMut { values, layer: PhantomData }
    }

    /// All parameters of the layer, weights before biases.
    pub fn into_slice(self) -> &'a mut [T] {
        self.values
    }
}

/// The settings of layers in `network!`. Each layer that takes settings has a macro of its name here, with three forms:
/// settings → its place in the network, `@type` → its type, `@value` → its value.
#[doc(hidden)]
pub mod syntax {
    pub use crate::__AdaptiveAvgPool2d as AdaptiveAvgPool2d;
    pub use crate::__AdaptiveMaxPool2d as AdaptiveMaxPool2d;
    pub use crate::__AvgPool2d as AvgPool2d;
    pub use crate::__BatchNorm as BatchNorm;
    pub use crate::__Conv2d as Conv2d;
    pub use crate::__Dense as Dense;
    pub use crate::__Dropout as Dropout;
    pub use crate::__Elu as Elu;
    pub use crate::__LeakyRelu as LeakyRelu;
    pub use crate::__LocalResponseNorm as LocalResponseNorm;
    pub use crate::__MaxPool2d as MaxPool2d;
    pub use crate::__renamed_avg_pool as AveragePooling2D;
    pub use crate::__renamed_batch_norm as BatchNorm1d;
    pub use crate::__renamed_batch_norm as BatchNorm2d;
    pub use crate::__renamed_batch_norm as BatchNormalization;
    pub use crate::__renamed_conv2d as Conv2D;
    pub use crate::__renamed_dense as Linear;
    pub use crate::__renamed_elu as ELU;
    pub use crate::__renamed_leaky_relu as LeakyReLU;
    pub use crate::__renamed_max_pool as MaxPooling2D;
}

/// The structs of these settings.
#[doc(hidden)]
pub mod settings {
    pub use super::adaptive_pool::AdaptiveSettings;
    pub use super::batch_norm::BatchNormSettings;
    pub use super::conv2d::Conv2dSettings;
    pub use super::dense::DenseSettings;
    pub use super::dropout::DropoutSettings;
    pub use super::local_response_norm::LocalResponseNormSettings;
    pub use super::pool::PoolSettings;
    pub use super::rectifier::{EluSettings, LeakyReluSettings};
}
