//! Rectifiers: y = max(x, 0) and the activations derived from it.

use super::activation::activation;
#[cfg(feature = "store")]
use super::activation::node;
use super::place::{At, Placed};
use super::{Activation, Layer, Sigmoid, Softplus};
use crate::kernel;
use crate::plan::{Backward, Forward, Mode, Op, Plan, Rectifier, Shortcut};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{Features, ShapeError};

/// y = max(x, 0), with slope 0 at 0 (Nair & Hinton 2010).
///
/// In PyTorch: `nn.ReLU()`. In Keras: `ReLU()`.
///
/// # Shapes
/// Any shape to the same shape.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!([-1.0, 0.0, 2.0].map(|x| Relu.value(x)), [0.0, 0.0, 2.0]);
/// assert_eq!([-1.0, 0.0, 2.0].map(|x| Relu.derivative(x)), [0.0, 0.0, 1.0]);
/// ```
#[doc(alias("ReLU", "nn.ReLU", "rectifier"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct Relu;

activation! {
    Relu {},
    Rectifier(Rectifier::Relu),
    |x| if x > T::zero() || x.is_nan() { x } else { T::zero() },
    |_, y| if y > T::zero() { T::one() } else { T::zero() },
    [node("Relu")],
}

/// y = min(max(x, 0), 6), with slope 1 between 0 and 6, and 0 elsewhere, at both ends too (Krizhevsky 2010, "Convolutional
/// deep belief networks on CIFAR-10"): the activation of MobileNetV2.
///
/// In PyTorch: `nn.ReLU6()`. In Keras: `ReLU(max_value=6)`.
///
/// # Shapes
/// Any shape to the same shape.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!([-1.0, 0.0, 2.0, 6.0, 7.0].map(|x| Relu6.value(x)), [0.0, 0.0, 2.0, 6.0, 6.0]);
/// assert_eq!([-1.0, 0.0, 2.0, 6.0, 7.0].map(|x| Relu6.derivative(x)), [0.0, 0.0, 1.0, 0.0, 0.0]);
/// ```
#[doc(alias("ReLU6", "nn.ReLU6"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct Relu6;

activation! {
    Relu6 {},
    Rectifier(Rectifier::Relu6),
    |x| x.clamp(T::zero(), T::of(6.0)),
    |x, _| if x > T::zero() && x < T::of(6.0) { T::one() } else { T::zero() },
    [Node::new("Clip", [Operand::Input, Operand::from(0.0), Operand::from(6.0)])],
}

/// y = x for x > 0, else negative_slope·x; dy/dx at 0 is negative_slope (Maas, Hannun & Ng 2013).
///
/// In PyTorch: `nn.LeakyReLU(negative_slope)`. In Keras: `LeakyReLU(negative_slope)`, with a default of 0.3.
///
/// # Shapes
/// Any shape to the same shape.
///
/// # In `network!`
/// `LeakyRelu { negative_slope: 0.01 }`, or `LeakyRelu` for that default.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Leaky: Flat<2> => Flat<2> {
///         leaky: LeakyRelu { negative_slope: 0.25 },
///     }
/// }
/// let y = Leaky::new(1).infer(&Batch::from_iter([Tensor::from([-1.0, 2.0])]));
/// assert_eq!(y.sample(0).as_slice(), [-0.25, 2.0]);
/// assert_eq!(LeakyRelu::new(0.25).derivative(-1.0), 0.25);
/// ```
#[doc(alias("LeakyReLU", "nn.LeakyReLU", "negative_slope"))]
#[derive(Clone, Copy, Debug)]
pub struct LeakyRelu {
    negative_slope: f64,
}

impl LeakyRelu {
    /// A layer with this negative slope.
    ///
    /// # Panics
    /// Unless 0 < negative_slope < 1; in a constant, as in `network!`, that is a compile error.
    #[track_caller]
    pub const fn new(negative_slope: f64) -> Self {
        if let Err(error) = check_leaky_relu("LeakyRelu", negative_slope) {
            error.refuse("");
        }
        LeakyRelu { negative_slope }
    }
}

/// A negative_slope of 0.01.
impl Default for LeakyRelu {
    fn default() -> Self {
        LeakyReluSettings::DEFAULT.layer()
    }
}

/// An error if the setting is outside of its range.
const fn check_leaky_relu(kind: &'static str, negative_slope: f64) -> Result<(), ShapeError> {
    if negative_slope > 0.0 && negative_slope < 1.0 {
        return Ok(());
    }
    Err(ShapeError::of(kind).str("expected a negative_slope above 0 and below 1"))
}

/// The settings of a `LeakyRelu` in `network!`.
#[doc(hidden)]
pub struct LeakyReluSettings {
    pub negative_slope: f64,
}

impl LeakyReluSettings {
    pub const DEFAULT: Self = LeakyReluSettings { negative_slope: 0.01 };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        at.place_same(from, check_leaky_relu(at.kind, self.negative_slope))
    }

    #[track_caller]
    pub const fn layer(self) -> LeakyRelu {
        LeakyRelu::new(self.negative_slope)
    }
}

super::unknown_setting!(
    LeakyReluSettings,
    NoSettingOfLeakyRelu,
    "`LeakyRelu` has no setting `{Self}`; it has `negative_slope`"
);

activation! {
    LeakyRelu { negative_slope },
    None,
    |x| if x > T::zero() { x } else { negative_slope * x },
    |x, _| if x > T::zero() { T::one() } else { negative_slope },
    [node("LeakyRelu").with("alpha", negative_slope)],
}

#[doc(hidden)]
#[macro_export]
macro_rules! __LeakyRelu {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => { $crate::layer::LeakyRelu };
    (@value { $($settings:tt)* }) => { $crate::__settings!(@value __LeakyRelu LeakyReluSettings $($settings)*).layer() };
    (@key negative_slope $($to:tt)*) => { $crate::__settings!(@one negative_slope $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__LeakyRelu LeakyReluSettings $($settings)*) };
}

/// y = x·Φ(x), with Φ the distribution function of the normal distribution: Φ(x) = erfc(−x/√2) / 2 (Hendrycks &
/// Gimpel 2016). This is the exact form, PyTorch's default, and not the one with tanh; its slope is Φ(x) + x·φ(x).
///
/// In PyTorch: `nn.GELU()`. In Keras: `activation="gelu"`.
///
/// # Shapes
/// Any shape to the same shape.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!([-1000.0, 0.0, 1000.0].map(|x| Gelu.value(x)), [0.0, 0.0, 1000.0]);
/// assert!((Gelu.value(1.0) - 0.841344746068543_f64).abs() < 1e-15);
/// assert_eq!(Gelu.derivative(0.0), 0.5);
/// ```
#[doc(alias("GELU", "nn.GELU"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct Gelu;

activation! {
    Gelu {},
    None,
    |x| above_infinity(x) * normal_distribution(x),
    |x, _| {
        // √(1 / 2π), the density at 0.
        let x = x.clamp(T::min_value(), T::max_value());
        let density = T::of(0.398_942_280_401_432_7) * (-x * x / T::of(2.0)).exp();
        normal_distribution(x) + x * density
    },
    [
        Node::new("Mul", [Operand::Input, Operand::from(std::f64::consts::FRAC_1_SQRT_2)]),
        Node::new("Erf", [Operand::Last]),
        Node::new("Add", [Operand::Last, Operand::from(1.0)]),
        Node::new("Mul", [Operand::Last, Operand::from(0.5)]),
        Node::new("Mul", [Operand::Input, Operand::Last]),
    ],
}

/// y = x·σ(x), with σ the logistic function; also called swish (Hendrycks & Gimpel 2016; Ramachandran, Zoph & Le 2017).
/// Its slope is σ(x)·(1 + x·(1 − σ(x))).
///
/// In PyTorch: `nn.SiLU()`. In Keras: `activation="silu"`.
///
/// # Shapes
/// Any shape to the same shape.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!([-1000.0, 0.0, 1000.0].map(|x| Silu.value(x)), [0.0, 0.0, 1000.0]);
/// assert_eq!(Silu.derivative(0.0), 0.5);
/// ```
#[doc(alias("SiLU", "nn.SiLU", "Swish"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct Silu;

activation! {
    Silu {},
    None,
    |x| above_infinity(x) * Sigmoid.value(x),
    |x, _| {
        let x = x.clamp(T::min_value(), T::max_value());
        let sigmoid = Sigmoid.value(x);
        sigmoid * (T::one() + x * (T::one() - sigmoid))
    },
    [node("Sigmoid"), Node::new("Mul", [Operand::Input, Operand::Last])],
}

/// The form of [`Gelu`] with tanh: y = x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))), which differs from it by less than 0.0005
/// (Hendrycks & Gimpel 2016). Computed as x·σ(2·√(2/π)·(x + 0.044715·x³)), with σ the logistic function, which is the same and
/// exact for very negative x too.
///
/// In PyTorch: `nn.GELU(approximate="tanh")`. In Keras: `keras.activations.gelu(x, approximate=True)`.
///
/// # Shapes
/// Any shape to the same shape.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!([-1000.0, 0.0, 1000.0].map(|x| GeluTanh.value(x)), [0.0, 0.0, 1000.0]);
/// let expected = 0.5 * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * 1.044715).tanh());
/// assert!((GeluTanh.value(1.0) - expected).abs() < 1e-15);
/// assert_eq!(GeluTanh.derivative(0.0), 0.5);
/// ```
#[doc(alias("gelu_tanh", "gelu_new", "approximate"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct GeluTanh;

/// 2·√(2/π) and 0.044715 times that: x·(a + b·x²) is what σ is taken of in [`GeluTanh`].
const GELU_TANH: [f64; 2] = [1.595_769_121_605_730_8, 1.595_769_121_605_730_8 * 0.044_715];

activation! {
    GeluTanh {},
    None,
    |x| {
        let [a, b] = GELU_TANH.map(T::of);
        above_infinity(x) * Sigmoid.value(x * (a + b * (x * x)))
    },
    |x, _| {
        // At ±100 the slope is 0 or 1 already.
        let x = x.clamp(T::of(-100.0), T::of(100.0));
        let [a, b] = GELU_TANH.map(T::of);
        let at = x * (a + b * (x * x));
        Sigmoid.value(at) * (T::one() + x * (a + T::of(3.0) * b * (x * x)) * Sigmoid.value(-at))
    },
    [
        Node::new("Mul", [Operand::Input, Operand::Input]),
        Node::new("Mul", [Operand::Last, Operand::from(GELU_TANH[1])]),
        Node::new("Add", [Operand::Last, Operand::from(GELU_TANH[0])]),
        Node::new("Mul", [Operand::Input, Operand::Last]),
        Node::new("Sigmoid", [Operand::Last]),
        Node::new("Mul", [Operand::Input, Operand::Last]),
    ],
}

/// y = x·tanh(log(1 + exp(x))), x times tanh of its [`Softplus`] (Misra 2019). Its slope is t + x·(1 − t²)·σ(x), with t that tanh
/// and σ the logistic function.
///
/// In PyTorch: `nn.Mish()`. In Keras: `activation="mish"`.
///
/// # Shapes
/// Any shape to the same shape.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!([-1000.0, 0.0, 1000.0].map(|x| Mish.value(x)), [0.0, 0.0, 1000.0]);
/// assert!((Mish.derivative(0.0) - 0.6_f64).abs() < 1e-15);
/// ```
#[doc(alias = "nn.Mish")]
#[derive(Clone, Copy, Default, Debug)]
pub struct Mish;

activation! {
    Mish {},
    None,
    |x| above_infinity(x) * Softplus.value(x).tanh(),
    |x, _| {
        let x = x.clamp(T::min_value(), T::max_value());
        let tanh = Softplus.value(x).tanh();
        tanh + x * Sigmoid.value(x) * (T::one() - tanh * tanh)
    },
    [node("Softplus"), Node::new("Tanh", [Operand::Last]), Node::new("Mul", [Operand::Input, Operand::Last])],
}

/// y = x·min(max(x + 3, 0), 6) / 6, a piecewise approximation of [`Silu`] (Howard et al. 2019): the activation of
/// MobileNetV3. Its slope is x/3 + 1/2 between −3 and 3, 0 from −3 downwards, 1 from 3 upwards.
///
/// In PyTorch: `nn.Hardswish()`. In Keras: `activation="hard_silu"`.
///
/// # Shapes
/// Any shape to the same shape.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!([-4.0, -3.0, -1.5, 0.0, 3.0, 4.0].map(|x| HardSwish.value(x)), [0.0, 0.0, -0.375, 0.0, 3.0, 4.0]);
/// assert_eq!([-3.0, -1.5, 0.0, 1.5, 3.0].map(|x| HardSwish.derivative(x)), [0.0, 0.0, 0.5, 1.0, 1.0]);
/// ```
#[doc(alias("Hardswish", "hard_swish", "hard_silu", "nn.Hardswish"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct HardSwish;

activation! {
    HardSwish {},
    None,
    |x| above_infinity(x) * ((x + T::of(3.0)).clamp(T::zero(), T::of(6.0)) / T::of(6.0)),
    |x, _| {
        if x > T::of(-3.0) && x < T::of(3.0) {
            x / T::of(3.0) + T::of(0.5)
        } else {
            T::of(f64::from(x > T::zero()))
        }
    },
    [node("HardSwish")],
}

/// x, or the smallest finite number if x is −∞, so that the product with zero is not NaN.
#[inline(always)]
fn above_infinity<T: Scalar>(x: T) -> T {
    x.clamp(T::min_value(), T::infinity())
}

/// Φ(x) of the normal distribution, computed with erfc, which is exact for very negative x too.
#[inline(always)]
fn normal_distribution<T: Scalar>(x: T) -> T {
    (x * T::of(-std::f64::consts::FRAC_1_SQRT_2)).erfc() / T::of(2.0)
}
