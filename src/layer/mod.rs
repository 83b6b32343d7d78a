//! Layers: types that check their shapes, and the arithmetic of each, forward and backward.
//!
//! | task | layers |
//! | --- | --- |
//! | convolution | [`Conv2d`], with stride, padding, dilation and groups; [`TableConv2d`], whose filters see chosen channels |
//! | larger feature maps | [`ConvTranspose2d`]; [`Upsample2d`], by the nearest value or between neighbours |
//! | more channels | [`PadChannels`], by channels of zeros |
//! | fully connected | [`Dense`]; [`RadialBasis`], distances from fixed codes |
//! | pooling | [`MaxPool2d`], [`AvgPool2d`], with `ceil_mode`; to a given size [`AdaptiveMaxPool2d`], [`AdaptiveAvgPool2d`]; to one value for each channel [`GlobalAvgPool`] |
//! | normalisation | [`BatchNorm`]; of each sample [`GroupNorm`], [`LayerNorm`], [`InstanceNorm`]; [`LocalResponseNorm`]; [`ScaleShift`], a learnt factor and term for each channel |
//! | regularisation | [`Dropout`]; of whole samples [`StochasticDepth`] |
//! | activation: rectifiers | [`Relu`], [`Relu6`], [`LeakyRelu`], [`PRelu`], [`Elu`], [`Selu`](struct@Selu), [`Gelu`], [`GeluTanh`], [`Silu`], [`HardSwish`], [`Mish`] |
//! | activation: others | [`Sigmoid`], [`HardSigmoid`](struct@HardSigmoid), [`Tanh`], [`ScaledTanh`], [`Softplus`], [`Heaviside`], [`Identity`] |
//! | probabilities | [`Softmax`], [`LogSoftmax`] |
//! | from feature maps to a vector | [`Flatten`] |
//! | several layers as one | [`Chain`] |
//!
//! # Declaring layers
//! In [`network!`](crate::network!) each layer has a name and a kind. The sizes of its input are inferred, and settings
//! that are left out have their defaults:
//!
//! ```
//! use convnet::prelude::*;
//! network! {
//!     struct Small: Chw<3, 32, 32> => Flat<10> {
//!         conv: Conv2d { filters: 8, kernel: 3, padding: 1 },
//!         norm: BatchNorm,
//!         relu: LeakyRelu { negative_slope: 0.1 },
//!         pool: MaxPool2d { kernel: 2 },
//!         flatten: Flatten,
//!         fc: Dense { units: 10 },
//!     }
//! }
//! let net = Small::new(1);
//! let weight: &[[[[f32; 3]; 3]; 3]; 8] = net.conv().weight(); // filter, channel, row, column
//! # let _ = weight;
//! ```
//!
//! Without `network!`, a [`Sequential`](crate::network::Sequential) is a network written as a type, and a
//! [`Stack`](crate::network::Stack) one put together from values.
//!
//! # Writing a layer
//! A type that implements [`Layer`] can be used wherever the crate's own layers can. [The documentation of
//! `Layer`](Layer#a-layer-of-ones-own) has an example with parameters. [`check::layer`](crate::check::layer) compares
//! its gradients with central differences.
//!
//! # Comparing with another library
//! [`check::passes`](crate::check::passes) runs one layer forward and backward with given parameters, a given input and
//! a given gradient by the output, and returns all results as numbers:
//!
//! ```
//! use convnet::prelude::*;
//! // y = nn.functional.elu(x); y.backward(torch.ones(2)); x.grad
//! let (x, dy) = (Tensor::from([0.0_f64, 2.0]), Tensor::from([1.0, 1.0]));
//! let passes = convnet::check::passes(&Elu::new(1.0), &[], &Batch::from_iter([x]), &Batch::from_iter([dy]), 1);
//! assert_eq!(passes.y.sample(0).as_slice(), [0.0, 2.0]);
//! assert_eq!(passes.dx.sample(0).as_slice(), [1.0, 1.0]);
//! ```

mod activation;
mod adaptive_pool;
mod batch_norm;
mod branches;
mod chain;
mod conv2d;
mod conv_transpose2d;
mod dense;
mod dropout;
mod elu;
mod flatten;
mod local_response_norm;
mod merge;
mod p_relu;
mod pad_channels;
#[doc(hidden)]
pub mod place;
mod pool;
mod radial_basis;
mod rectifier;
mod renamed;
mod sample_norm;
mod scale_shift;
#[doc(hidden)]
pub mod settings;
mod softmax;
mod stochastic_depth;
mod table_conv2d;
mod upsample2d;

pub use activation::{HardSigmoid, Heaviside, Identity, ScaledTanh, Sigmoid, Softplus, Tanh};
pub use adaptive_pool::{AdaptiveAvgPool2d, AdaptiveMaxPool2d, GlobalAvgPool};
pub use batch_norm::BatchNorm;
pub use branches::{Concat, Residual};
pub use chain::Chain;
pub use conv_transpose2d::ConvTranspose2d;
pub use conv2d::Conv2d;
pub use dense::Dense;
pub use dropout::Dropout;
pub use elu::{Elu, Selu};
pub use flatten::{Flatten, flattens};
pub use local_response_norm::LocalResponseNorm;
pub(crate) use merge::merge_facts;
pub use merge::{Merge, MergeLayer};
pub use p_relu::PRelu;
pub use pad_channels::PadChannels;
pub use pool::{AvgPool2d, MaxPool2d};
pub use radial_basis::{Codes, RadialBasis};
pub use rectifier::{Gelu, GeluTanh, HardSwish, LeakyRelu, Mish, Relu, Relu6, Silu};
pub use sample_norm::{GroupNorm, InstanceNorm, LayerNorm};
pub use scale_shift::ScaleShift;
pub(crate) use softmax::softmax;
pub use softmax::{LogSoftmax, Softmax};
pub use stochastic_depth::StochasticDepth;
pub use table_conv2d::{Connections, TableConv2d};
pub use upsample2d::{Upsample2d, UpsampleMode};

/// Output shapes of layers with windows, for the declarations of ONNX graphs.
#[cfg(feature = "store")]
pub(crate) mod outputs {
    pub(crate) use super::conv_transpose2d::output as transposed;
    pub(crate) use super::conv2d::output as convolved;
    pub(crate) use super::pool::output as pooled;
}

use std::marker::PhantomData;

use crate::plan::op::Builtin;
use crate::plan::{Facts, Op, Plan, Tensors};
use crate::scalar::Scalar;
use crate::shape::{Path, Shape, ShapeError};

/// The constructor of a layer whose sizes are in its type.
macro_rules! constructor {
    ($layer:ident<$In:ident $(, $param:ident)* $(; const $SETTING:ident: bool)?>) => {
        impl<$In: $crate::shape::Shape $(, $param)* $(, const $SETTING: bool)?> $layer<$In $(, $param)* $(, $SETTING)?>
        where
            Self: $crate::layer::Layer<$In, f32>,
        {
            /// The layer. All its settings are in its type.
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

        impl<$In: $crate::shape::Shape $(, $param)* $(, const $SETTING: bool)?> $crate::declare::Takes
            for $layer<$In $(, $param)* $(, $SETTING)?>
        {
            type In = $In;
            type Layer = Self;
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

        /// Never compiles, because no type implements the trait. It has the name of the settings struct, so that
        /// `network!` needs only one name.
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
/// The type declares all sizes: the shape of the output, the number of parameters and the amount of work. The
/// arithmetic is in the [`Op`] that the layer adds to the plan.
///
/// # A layer of one's own
/// A layer has two parts: a type that implements `Layer`, which the compiler sees, and an [`Op`] that
/// computes, with its sizes known at run time. This one multiplies each channel by a learnt number:
///
/// ```
/// use convnet::prelude::*;
/// use convnet::plan::{Backward, Forward, Op, Param, Plan, Role, Tensors};
///
/// /// y[c] = weight[c] · x[c], for each channel c.
/// #[derive(Clone, Copy, Default)]
/// struct ChannelScale;
///
/// impl<const C: usize, const H: usize, const W: usize, T: Scalar> Layer<Chw<C, H, W>, T> for ChannelScale {
///     type Out = Chw<C, H, W>;
///     const PARAMS: usize = C;
///     const TENSORS: Tensors = &[("weight", &[C])];
///
///     fn add_to(&self, plan: &mut Plan<T>) {
///         plan.add::<Chw<C, H, W>, Self>(ChannelScaleOp { channels: C, area: H * W });
///     }
/// }
///
/// struct ChannelScaleOp {
///     channels: usize,
///     area: usize,
/// }
///
/// impl<T: Scalar> Op<T> for ChannelScaleOp {
///     fn describe(&self) -> String {
///         "ChannelScale".into()
///     }
///
///     fn params(&self) -> Vec<Param> {
///         vec![Param::new("weight", Role::Scale, [self.channels]).start(0.25)]
///     }
///
///     fn forward(&self, Forward { y, x, params, .. }: Forward<'_, T>) {
///         // One chunk is one channel of one tile.
///         let chunks = y.chunks_exact_mut(self.area).zip(x.chunks_exact(self.area));
///         for ((y, x), &weight) in chunks.zip(params.iter().cycle()) {
///             for (y, x) in y.iter_mut().zip(x) {
///                 *y = x.map(|x| weight * x);
///             }
///         }
///     }
///
///     fn backward(&self, Backward { dx, dparams, dy, x, params, .. }: Backward<'_, T>) {
///         dparams.fill(T::zero());
///         let chunks = dy.chunks_exact(self.area).zip(x.chunks_exact(self.area));
///         for (chunk, (dy, x)) in chunks.enumerate() {
///             for (dy, x) in dy.iter().zip(x) {
///                 dparams[chunk % self.channels] += dy.zip(*x, |dy, x| dy * x).sum();
///             }
///         }
///         // Not needed if nothing before this layer is trained.
///         let Some(dx) = dx else { return };
///         let chunks = dx.chunks_exact_mut(self.area).zip(dy.chunks_exact(self.area));
///         for ((dx, dy), &weight) in chunks.zip(params.iter().cycle()) {
///             for (dx, dy) in dx.iter_mut().zip(dy) {
///                 *dx = dy.map(|dy| weight * dy);
///             }
///         }
///     }
/// }
///
/// network! {
///     struct Tiny: Chw<3, 4, 4> => Flat<2> {
///         scale: ChannelScale,
///         pool: GlobalAvgPool,
///         fc: Dense { units: 2 },
///     }
/// }
/// assert_eq!(Tiny::new(1).scale().as_slice(), [0.25; 3]);
/// convnet::check::layer::<Chw<3, 4, 4>, _>(&ChannelScale, 1)?;
/// # Ok::<(), convnet::check::Mismatch>(())
/// ```
///
/// - **Tiles.** `x`, `y`, `dx` and `dy` are slices of [`Lanes`](crate::tensor::Lanes), tile after tile. A tile holds up
///   to 16 samples; it is laid out as `[C][H][W][lanes]`, and each lane holds one sample. A slice can hold several
///   tiles, so that its length is a multiple of C·H·W.
/// - **`params`** holds the parameter tensors one after the other, in the order of
///   [`Op::params`].
/// - **`dparams`** is the gradient of the loss by the parameters, summed over all samples, in the order of `params`. It
///   has to be overwritten, as do `y` and `dx`. Lanes without a sample have a `dy` of zero, so that sums over all lanes
///   are right.
/// - **The value at the start** comes from [`Init`](crate::Init) and the [`Role`](crate::plan::Role) of the tensor,
///   unless [`Param::start`](crate::plan::Param::start) sets it.
/// - A layer with settings has no `Default`. `network!` takes it as `name: Type = value`.
#[diagnostic::on_unimplemented(
    message = "the shapes do not agree: `{Self}` cannot take an input of shape `{In}`",
    label = "this layer is given `{In}`",
    note = "the output shape of each layer must be the input shape of the next"
)]
pub trait Layer<In: Shape, T: Scalar = f32> {
    /// Shape of one output sample.
    type Out: Shape;

    /// The error to show if the sizes in the type contradict each other.
    const SHAPE_ERROR: Option<ShapeError> = None;

    /// Trainable parameters.
    const PARAMS: usize = 0;

    /// Parameters that are not trained, such as running statistics: [`Role::Buffer`](crate::plan::Role).
    const BUFFERS: usize = 0;

    /// Names and shapes of the parameter tensors, in order. [`weights!`](crate::weights) compares a file with them at
    /// compile time. A layer made of several layers leaves this empty.
    const TENSORS: Tensors = &[];

    /// Multiply-accumulates for one sample, forward.
    const MACS: usize = 0;

    /// Values that the layer keeps for the backward pass, for one sample.
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
        let mut plan = Plan::new(In::DIMS);
        layers.add_to(&mut plan);
        plan
    }

    /// Adds the arithmetic of the layer `L`. [`Layer::add_to`] calls it.
    pub fn add<In: Shape, L: Layer<In, T>>(&mut self, op: impl Op<T>) {
        self.push_layer(Box::new(op), [In::DIMS, L::Out::DIMS], facts::<In, L, T>());
    }

    /// [`Plan::add`] for an operation of this crate.
    pub(crate) fn add_builtin<In: Shape, L: Layer<In, T>>(&mut self, op: impl Builtin) {
        self.push_layer(op.boxed(), [In::DIMS, L::Out::DIMS], facts::<In, L, T>());
    }
}

/// The facts about a layer that takes samples of shape `In`.
pub(crate) const fn facts<In: Shape, L: Layer<In, T>, T: Scalar>() -> Facts {
    Facts {
        params: L::PARAMS,
        buffers: L::BUFFERS,
        tensors: L::TENSORS,
        macs: L::MACS,
        activations: L::ACTIVATIONS,
    }
}

/// The same for a layer that may not fit: that is a compile error.
pub(crate) const fn fitting<In: Shape, L: Layer<In, f32>>(path: Path) -> Facts {
    if let Some(error) = L::SHAPE_ERROR {
        error.refuse_at(path)
    }
    facts::<In, L, f32>()
}

/// A function of one number that a layer applies to every entry, such as [`Relu`] or [`Gelu`]. It can be called without
/// a network, for example to plot it.
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

    /// dy/dx, computed from x and y = f(x). The backward pass has both.
    fn slope(&self, x: T, y: T) -> T;

    /// dy/dx at x.
    fn derivative(&self, x: T) -> T {
        self.slope(x, self.value(x))
    }
}

/// Shared access to the parameters of a layer `L` in a network: `net.conv1().weight()`.
pub struct Params<'a, L, T> {
    values: &'a [T],
    layer: PhantomData<L>,
}

/// Mutable access to the parameters of a layer `L` in a network: `net.layers_mut().conv1().weight()`.
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

/// The settings of layers in `network!`. Each layer that takes settings has a macro of its name here, with four forms:
/// settings → its place in the network, `@type` → its type, `@value` → its value, and `@ask`, which calls another macro with the word
/// `layer` if its type says all of it, `value` if its value is made from the settings. The macro of a block calls it with `block`.
#[doc(hidden)]
pub mod syntax {
    pub use crate::__AdaptiveAvgPool2d as AdaptiveAvgPool2d;
    pub use crate::__AdaptiveMaxPool2d as AdaptiveMaxPool2d;
    pub use crate::__Add as Add;
    pub use crate::__AvgPool2d as AvgPool2d;
    pub use crate::__BatchNorm as BatchNorm;
    pub use crate::__Concat as Concat;
    pub use crate::__Conv2d as Conv2d;
    pub use crate::__ConvTranspose2d as ConvTranspose2d;
    pub use crate::__Dense as Dense;
    pub use crate::__Dropout as Dropout;
    pub use crate::__Elu as Elu;
    pub use crate::__GroupNorm as GroupNorm;
    pub use crate::__HardSigmoid as HardSigmoid;
    pub use crate::__InstanceNorm as InstanceNorm;
    pub use crate::__LayerNorm as LayerNorm;
    pub use crate::__LeakyRelu as LeakyRelu;
    pub use crate::__LocalResponseNorm as LocalResponseNorm;
    pub use crate::__MaxPool2d as MaxPool2d;
    pub use crate::__Multiply as Multiply;
    pub use crate::__PRelu as PRelu;
    pub use crate::__PadChannels as PadChannels;
    pub use crate::__Selu as Selu;
    pub use crate::__StochasticDepth as StochasticDepth;
    pub use crate::__Upsample2d as Upsample2d;
    pub use crate::__no_settings as Flatten;
    pub use crate::__no_settings as Gelu;
    pub use crate::__no_settings as GeluTanh;
    pub use crate::__no_settings as GlobalAvgPool;
    pub use crate::__no_settings as HardSwish;
    pub use crate::__no_settings as Heaviside;
    pub use crate::__no_settings as Identity;
    pub use crate::__no_settings as LogSoftmax;
    pub use crate::__no_settings as Mish;
    pub use crate::__no_settings as Relu;
    pub use crate::__no_settings as Relu6;
    pub use crate::__no_settings as ScaleShift;
    pub use crate::__no_settings as ScaledTanh;
    pub use crate::__no_settings as Sigmoid;
    pub use crate::__no_settings as Silu;
    pub use crate::__no_settings as Softmax;
    pub use crate::__no_settings as Softplus;
    pub use crate::__no_settings as Tanh;
    pub use crate::__renamed_adaptive_avg_pool as AdaptiveAveragePooling2D;
    pub use crate::__renamed_adaptive_avg_pool as AdaptiveAvgPool2D;
    pub use crate::__renamed_adaptive_max_pool as AdaptiveMaxPool2D;
    pub use crate::__renamed_adaptive_max_pool as AdaptiveMaxPooling2D;
    pub use crate::__renamed_avg_pool as AveragePooling2D;
    pub use crate::__renamed_avg_pool as AvgPool2D;
    pub use crate::__renamed_batch_norm as BatchNorm1d;
    pub use crate::__renamed_batch_norm as BatchNorm2d;
    pub use crate::__renamed_batch_norm as BatchNormalization;
    pub use crate::__renamed_concat as Concatenate;
    pub use crate::__renamed_concat as cat;
    pub use crate::__renamed_conv_transpose2d as Conv2DTranspose;
    pub use crate::__renamed_conv_transpose2d as ConvTranspose2D;
    pub use crate::__renamed_conv2d as Conv2D;
    pub use crate::__renamed_dense as Linear;
    pub use crate::__renamed_drop_path as DropPath;
    pub use crate::__renamed_dropout2d as Dropout2d;
    pub use crate::__renamed_dropout2d as SpatialDropout2D;
    pub use crate::__renamed_elu as ELU;
    pub use crate::__renamed_gelu as GELU;
    pub use crate::__renamed_global_avg_pool as GlobalAveragePooling2D;
    pub use crate::__renamed_global_avg_pool as GlobalAvgPool2d;
    pub use crate::__renamed_group_norm as GroupNormalization;
    pub use crate::__renamed_hard_sigmoid as Hardsigmoid;
    pub use crate::__renamed_hard_swish as Hardswish;
    pub use crate::__renamed_instance_norm as InstanceNorm2d;
    pub use crate::__renamed_instance_norm as InstanceNormalization;
    pub use crate::__renamed_layer_norm as LayerNormalization;
    pub use crate::__renamed_leaky_relu as LeakyReLU;
    pub use crate::__renamed_max_pool as MaxPool2D;
    pub use crate::__renamed_max_pool as MaxPooling2D;
    pub use crate::__renamed_p_relu as PReLU;
    pub use crate::__renamed_relu as ReLU;
    pub use crate::__renamed_relu6 as ReLU6;
    pub use crate::__renamed_selu as SELU;
    pub use crate::__renamed_silu as SiLU;
    pub use crate::__renamed_silu as Swish;
    pub use crate::__renamed_upsample2d as UpSampling2D;
    pub use crate::__renamed_upsample2d as Upsample;
    pub use crate::__renamed_zero_pad2d as ZeroPad2d;
    pub use crate::__renamed_zero_pad2d as ZeroPadding2D;
}
