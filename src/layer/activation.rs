//! Functions of one number, applied to every entry.

use super::place::{At, Placed};
use super::{Activation, Layer};
use crate::kernel;
use crate::plan::{Backward, Forward, Mode, Op, Plan, Shortcut};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{Features, ShapeError};

/// Implements [`Activation`] and [`Layer`] for a type: y = f(x), dy/dx as a function of x and y, and the nodes of ONNX.
/// All three can use its setting, if it has one, and, after a semicolon, constants that are described where they are not
/// the usual ones.
macro_rules! activation {
    (
        $name:ident { $($setting:ident)? $(; $($constant:ident),+)? },
        $shortcut:ident $(($rectifier:expr))?,
        |$x:ident| $value:expr,
        |$at:pat_param, $y:pat_param| $slope:expr,
        [$($node:expr),* $(,)?] $(,)?
    ) => {
        impl<T: Scalar> Activation<T> for $name {
            #[inline(always)]
            fn value(&self, $x: T) -> T {
                $(let $setting = T::of(self.$setting);)?
                $($(let $constant = T::of(self.$constant);)+)?
                $value
            }

            #[inline(always)]
            fn slope(&self, $at: T, $y: T) -> T {
                $(let $setting = T::of(self.$setting);)?
                $($(let $constant = T::of(self.$constant);)+)?
                $slope
            }
        }

        impl<S: Features, T: Scalar> Layer<S, T> for $name {
            type Out = S;
            fn add_to(&self, plan: &mut Plan<T>) {
                plan.add_builtin::<S, Self>(*self);
            }
        }

        crate::plan::op::builtin!($name);

        impl<T: Scalar> Op<T> for $name {
            fn describe(&self) -> String {
                let parts = [
                    Some(stringify!($name).to_string()),
                    $(Some(self.$setting.to_string()),)?
                    $($((self.$constant != Self::default().$constant)
                        .then(|| format!("{} {}", stringify!($constant), self.$constant)),)+)?
                ];
                parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
            }

            #[cfg(feature = "store")]
            fn nodes(&self) -> Option<Vec<Node>> {
                $(let $setting = self.$setting;)?
                $($(let $constant = self.$constant;)+)?
                Some(vec![$($node),*])
            }

            fn shortcut(&self, _: Mode) -> Shortcut {
                Shortcut::$shortcut $(($rectifier))?
            }

            fn narrow(&self) -> bool {
                true
            }

            fn forward(&self, Forward { y, x, pass, .. }: Forward<'_, T>) {
                kernel::map(pass.exec, y, x, |x| self.value(x));
            }

            fn backward(&self, Backward { dx, dy, x, y, pass, .. }: Backward<'_, T>) {
                if let Some(dx) = dx {
                    kernel::chain_rule(pass.exec, dx, dy, x, y, |x, y| self.slope(x, y));
                }
            }
        }
    };
}
pub(super) use activation;

/// The ONNX node that applies an operator without attributes to the layer's input.
#[cfg(feature = "store")]
pub(super) fn node(op: &'static str) -> Node {
    Node::new(op, [Operand::Input])
}

/// y = x: the activation of a linear unit.
///
/// In PyTorch: `nn.Identity()`. In Keras: `Identity()`, or `activation="linear"`.
///
/// # Shapes
/// Any shape to the same shape.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!(Identity.value(-1.5), -1.5);
/// assert_eq!(Identity.derivative(-1.5), 1.0);
/// ```
#[doc(alias("nn.Identity", "linear"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct Identity;

activation! {
    Identity {},
    Identity,
    |x| x,
    |_, _| T::one(),
    [],
}

/// 1 for x > 0, else 0: the threshold unit of the perceptron (Rosenblatt 1958).
///
/// In PyTorch: `torch.heaviside(x, torch.tensor(0.0))`.
///
/// Its slope is 0 everywhere, so that layers before it get no gradient. To train a perceptron, leave this layer out and
/// train its input with [`PerceptronLoss`](crate::loss::PerceptronLoss), whose gradient step
/// is Rosenblatt's rule.
///
/// # Shapes
/// Any shape to the same shape.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!([-0.5, 0.0, 0.5].map(|x| Heaviside.value(x)), [0.0, 0.0, 1.0]);
/// assert_eq!(Heaviside.derivative(0.5), 0.0);
/// ```
#[doc(alias("threshold", "step"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct Heaviside;

activation! {
    Heaviside {},
    None,
    |x| if x.is_nan() { x } else { T::of(f64::from(x > T::zero())) },
    |_, _| T::zero(),
    [node("Relu"), Node::new("Sign", [Operand::Last])],
}

/// y = log(1 + exp(x)), a smooth [`Relu`](super::Relu) (Dugas et al. 2001), computed as max(x, 0) + log(1 + exp(−|x|)), which does
/// not overflow; slope σ(x), with σ the logistic function.
///
/// In PyTorch: `nn.Softplus()`. In Keras: `activation="softplus"`.
///
/// # Shapes
/// Any shape to the same shape.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!([-1000.0, 1000.0].map(|x| Softplus.value(x)), [0.0, 1000.0]);
/// assert_eq!(Softplus.value(0.0), 2_f64.ln());
/// assert_eq!(Softplus.derivative(0.0), 0.5);
/// ```
#[doc(alias = "nn.Softplus")]
#[derive(Clone, Copy, Default, Debug)]
pub struct Softplus;

activation! {
    Softplus {},
    None,
    |x| x.max(T::zero()) + (-x.abs()).exp().ln_1p(),
    |x, _| Sigmoid.value(x),
    [node("Softplus")],
}

/// The logistic function y = 1 / (1 + exp(−x)); slope y·(1 − y).
///
/// In PyTorch: `nn.Sigmoid()`. In Keras: `activation="sigmoid"`.
///
/// # Shapes
/// Any shape to the same shape.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!([-1000.0, 0.0, 1000.0].map(|x| Sigmoid.value(x)), [0.0, 0.5, 1.0]);
/// assert_eq!(Sigmoid.derivative(0.0), 0.25);
/// ```
#[doc(alias("logistic", "nn.Sigmoid"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct Sigmoid;

activation! {
    Sigmoid {},
    None,
    |x| {
        // exp of a negative number only, so that nothing overflows.
        let e = (-x.abs()).fast_exp();
        (if x < T::zero() { e } else { T::one() }) / (T::one() + e)
    },
    |_, y| y * (T::one() - y),
    [node("Sigmoid")],
}

/// y = min(max(alpha·x + beta, 0), 1), a piecewise linear approximation of [`Sigmoid`]; slope alpha between the two ends,
/// and 0 elsewhere, at both ends too. The usual alpha of 1/6 and beta of 1/2 are those of Howard et al. 2019 (MobileNetV3):
/// min(max(x + 3, 0), 6) / 6.
///
/// In PyTorch: `nn.Hardsigmoid()`. In Keras: `activation="hard_sigmoid"`. Keras 2 has an alpha of 0.2, and so has ONNX, if
/// a file does not say it.
///
/// # Shapes
/// Any shape to the same shape.
///
/// # In `network!`
/// `HardSigmoid`, or `HardSigmoid { alpha: 0.2, beta: 0.5 }`.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Gate: Flat<3> => Flat<3> {
///         gate: HardSigmoid { alpha: 0.25, beta: 0.5 },
///     }
/// }
/// let y = Gate::new(1).infer(&Batch::from_iter([Tensor::from([-2.0, 1.0, 3.0])]));
/// assert_eq!(y.sample(0).as_slice(), [0.0, 0.75, 1.0]);
/// assert_eq!([-3.0, 0.0, 3.0].map(|x| HardSigmoid.value(x)), [0.0, 0.5, 1.0]);
/// assert_eq!([-3.0, 0.0, 3.0].map(|x| HardSigmoid.derivative(x)), [0.0, 1.0 / 6.0, 0.0]);
/// ```
#[doc(alias("Hardsigmoid", "hard_sigmoid", "nn.Hardsigmoid"))]
#[derive(Clone, Copy, Debug)]
pub struct HardSigmoid {
    alpha: f64,
    beta: f64,
}

/// A [`struct@HardSigmoid`] with its usual constants.
#[allow(non_upper_case_globals, reason = "written like a layer without settings")]
pub const HardSigmoid: HardSigmoid = HardSigmoidSettings::DEFAULT.layer();

impl HardSigmoid {
    /// A layer with these constants.
    ///
    /// # Panics
    /// Unless alpha is finite and above 0 and beta is finite; in a constant, as in `network!`, that is a compile error.
    #[track_caller]
    pub const fn new(alpha: f64, beta: f64) -> Self {
        if let Err(error) = check_hard_sigmoid("HardSigmoid", alpha, beta) {
            error.refuse("");
        }
        HardSigmoid { alpha, beta }
    }
}

/// The usual constants.
impl Default for HardSigmoid {
    fn default() -> Self {
        HardSigmoid
    }
}

/// An error if a setting is outside of its range.
const fn check_hard_sigmoid(kind: &'static str, alpha: f64, beta: f64) -> Result<(), ShapeError> {
    if alpha > 0.0 && alpha < f64::INFINITY && beta.is_finite() {
        return Ok(());
    }
    Err(ShapeError::of(kind).str("expected a finite alpha above 0 and a finite beta"))
}

/// The settings of a `HardSigmoid` in `network!`.
#[doc(hidden)]
pub struct HardSigmoidSettings {
    pub alpha: f64,
    pub beta: f64,
}

impl HardSigmoidSettings {
    pub const DEFAULT: Self = HardSigmoidSettings { alpha: 1.0 / 6.0, beta: 0.5 };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        at.place_same(from, check_hard_sigmoid(at.kind, self.alpha, self.beta))
    }

    #[track_caller]
    pub const fn layer(self) -> HardSigmoid {
        HardSigmoid::new(self.alpha, self.beta)
    }
}

super::unknown_setting!(
    HardSigmoidSettings,
    NoSettingOfHardSigmoid,
    "`HardSigmoid` has no setting `{Self}`; it has `alpha`, `beta`"
);

activation! {
    HardSigmoid {; alpha, beta },
    None,
    |x| (alpha * x + beta).clamp(T::zero(), T::one()),
    |x, _| {
        let y = alpha * x + beta;
        if y > T::zero() && y < T::one() { alpha } else { T::zero() }
    },
    [node("HardSigmoid").with("alpha", alpha).with("beta", beta)],
}

#[doc(hidden)]
#[macro_export]
macro_rules! __HardSigmoid {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => { $crate::layer::HardSigmoid };
    (@value { $($settings:tt)* }) => {
        $crate::__settings!(@value __HardSigmoid HardSigmoidSettings $($settings)*).layer()
    };
    (@key alpha $($to:tt)*) => { $crate::__settings!(@one alpha $($to)*) };
    (@key beta $($to:tt)*) => { $crate::__settings!(@one beta $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__HardSigmoid HardSigmoidSettings $($settings)*) };
}

/// The hyperbolic tangent; slope 1 − y².
///
/// In PyTorch: `nn.Tanh()`. In Keras: `activation="tanh"`.
///
/// # Shapes
/// Any shape to the same shape.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!([-1000.0, 0.0, 1000.0].map(|x| Tanh.value(x)), [-1.0, 0.0, 1.0]);
/// assert_eq!(Tanh.derivative(0.0), 1.0);
/// ```
#[doc(alias = "nn.Tanh")]
#[derive(Clone, Copy, Default, Debug)]
pub struct Tanh;

activation! {
    Tanh {},
    None,
    |x| x.tanh(),
    |_, y| T::one() - y * y,
    [node("Tanh")],
}

/// The amplitude of [`ScaledTanh`].
const AMPLITUDE: f64 = 1.7159;

/// y = 1.7159·tanh(2x/3). At ±1 it is about ±1, where its curvature is largest, so that targets of ±1 are far from its
/// flat parts (LeCun et al. 1998, "Gradient-based learning applied to document recognition", appendix A).
///
/// In PyTorch: `1.7159 * torch.tanh(2 * x / 3)`.
///
/// # Shapes
/// Any shape to the same shape.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!([-1000.0, 0.0, 1000.0].map(|x| ScaledTanh.value(x)), [-1.7159, 0.0, 1.7159]);
/// assert!((ScaledTanh.value(1.0_f64) - 1.0).abs() < 1e-5);
/// ```
#[doc(alias = "lecun_tanh")]
#[derive(Clone, Copy, Default, Debug)]
pub struct ScaledTanh;

activation! {
    ScaledTanh {},
    None,
    |x| T::of(AMPLITUDE) * (T::of(2.0 / 3.0) * x).tanh(),
    |_, y| {
        let tanh = y / T::of(AMPLITUDE);
        T::of(AMPLITUDE * 2.0 / 3.0) * (T::one() - tanh * tanh)
    },
    [
        Node::new("Mul", [Operand::Input, Operand::from(2.0 / 3.0)]),
        Node::new("Tanh", [Operand::Last]),
        Node::new("Mul", [Operand::Last, Operand::from(AMPLITUDE)]),
    ],
}
