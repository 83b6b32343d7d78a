//! Exponential linear units.

use super::activation::activation;
#[cfg(feature = "store")]
use super::activation::node;
use super::place::{At, Placed};
use super::{Activation, Layer};
use crate::kernel;
#[cfg(feature = "store")]
use crate::plan::Node;
use crate::plan::{Backward, Forward, Mode, Op, Plan, Shortcut};
use crate::scalar::Scalar;
use crate::shape::{Features, ShapeError};

/// y = x for x > 0, else α·(exp(x) − 1), with slope α at 0 (Clevert, Unterthiner & Hochreiter 2016).
///
/// In PyTorch: `nn.ELU(alpha)`. In Keras: `ELU(alpha)`.
///
/// # Shapes
/// Any shape to the same shape.
///
/// # In `network!`
/// `Elu { alpha: 1.0 }`, or `Elu` for that default.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Smooth: Flat<2> => Flat<2> {
///         elu: Elu { alpha: 2.0 },
///     }
/// }
/// let y = Smooth::new(1).infer(&Batch::from_iter([Tensor::from([-1000.0, 3.0])]));
/// assert_eq!(y.sample(0).as_slice(), [-2.0, 3.0]);
/// assert_eq!(Elu::new(2.0).derivative(0.0), 2.0);
/// ```
#[doc(alias("ELU", "nn.ELU"))]
#[derive(Clone, Copy, Debug)]
pub struct Elu {
    alpha: f64,
}

impl Elu {
    /// A layer with this alpha. For x → −∞, y tends to −alpha.
    ///
    /// # Panics
    /// Unless alpha is finite and above 0; in a constant, as in `network!`, that is a compile error.
    #[track_caller]
    pub const fn new(alpha: f64) -> Self {
        if let Err(error) = check_elu("Elu", alpha) {
            error.refuse("");
        }
        Elu { alpha }
    }
}

/// An alpha of 1.0.
impl Default for Elu {
    fn default() -> Self {
        EluSettings::DEFAULT.layer()
    }
}

/// An error if the setting is outside of its range.
const fn check_elu(kind: &'static str, alpha: f64) -> Result<(), ShapeError> {
    if alpha > 0.0 && alpha < f64::INFINITY {
        return Ok(());
    }
    Err(ShapeError::of(kind).str("expected a finite alpha above 0"))
}

/// The settings of an `Elu` in `network!`.
#[doc(hidden)]
pub struct EluSettings {
    pub alpha: f64,
}

impl EluSettings {
    pub const DEFAULT: Self = EluSettings { alpha: 1.0 };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        at.place_same(from, check_elu(at.kind, self.alpha))
    }

    #[track_caller]
    pub const fn layer(self) -> Elu {
        Elu::new(self.alpha)
    }
}

super::unknown_setting!(EluSettings, NoSettingOfElu, "`Elu` has no setting `{Self}`; it has `alpha`");

activation! {
    Elu { alpha },
    None,
    |x| if x > T::zero() { x } else { alpha * x.exp_m1() },
    |x, _| if x > T::zero() { T::one() } else { alpha * x.exp() },
    [node("Elu").with("alpha", alpha)],
}

#[doc(hidden)]
#[macro_export]
macro_rules! __Elu {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => { $crate::layer::Elu };
    (@value { $($settings:tt)* }) => { $crate::__settings!(@value __Elu EluSettings $($settings)*).layer() };
    (@key alpha $($to:tt)*) => { $crate::__settings!(@one alpha $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__Elu EluSettings $($settings)*) };
}

/// y = gamma·x for x > 0, else gamma·alpha·(exp(x) − 1), with slope gamma·alpha at 0. With the usual gamma ≈ 1.0507 and
/// alpha ≈ 1.6733 it preserves mean 0 and variance 1 from layer to layer (Klambauer et al. 2017, whose λ is gamma).
///
/// In PyTorch: `nn.SELU()`. In Keras: `activation="selu"`. Both have the usual constants only; ONNX has both attributes.
///
/// # Shapes
/// Any shape to the same shape.
///
/// # In `network!`
/// `Selu`, or `Selu { alpha: 1.5, gamma: 1.2 }`.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Smooth: Flat<2> => Flat<2> {
///         selu: Selu { alpha: 2.0, gamma: 0.5 },
///     }
/// }
/// let y = Smooth::new(1).infer(&Batch::from_iter([Tensor::from([-1000.0, 3.0])]));
/// assert_eq!(y.sample(0).as_slice(), [-1.0, 1.5]);
/// assert_eq!(Selu.value(1.0), 1.0507009873554805);
/// assert_eq!(Selu.value(-1000.0), -1.7580993408473768);
/// ```
#[doc(alias("SELU", "nn.SELU"))]
#[derive(Clone, Copy, Debug)]
pub struct Selu {
    alpha: f64,
    gamma: f64,
}

/// A [`struct@Selu`] with its usual constants, which are those of its paper's appendix.
#[allow(non_upper_case_globals, reason = "written like a layer without settings")]
pub const Selu: Selu = SeluSettings::DEFAULT.layer();

impl Selu {
    /// A layer with these constants. For x → −∞, y tends to −gamma·alpha.
    ///
    /// # Panics
    /// Unless both are finite and above 0; in a constant, as in `network!`, that is a compile error.
    #[track_caller]
    pub const fn new(alpha: f64, gamma: f64) -> Self {
        if let Err(error) = check_selu("Selu", alpha, gamma) {
            error.refuse("");
        }
        Selu { alpha, gamma }
    }
}

/// The usual constants.
impl Default for Selu {
    fn default() -> Self {
        Selu
    }
}

/// An error if a setting is outside of its range.
const fn check_selu(kind: &'static str, alpha: f64, gamma: f64) -> Result<(), ShapeError> {
    if alpha > 0.0 && alpha < f64::INFINITY && gamma > 0.0 && gamma < f64::INFINITY {
        return Ok(());
    }
    Err(ShapeError::of(kind).str("expected a finite alpha above 0 and a finite gamma above 0"))
}

/// The settings of a `Selu` in `network!`.
#[doc(hidden)]
pub struct SeluSettings {
    pub alpha: f64,
    pub gamma: f64,
}

impl SeluSettings {
    pub const DEFAULT: Self = SeluSettings { alpha: 1.673_263_242_354_377_3, gamma: 1.050_700_987_355_480_5 };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        at.place_same(from, check_selu(at.kind, self.alpha, self.gamma))
    }

    #[track_caller]
    pub const fn layer(self) -> Selu {
        Selu::new(self.alpha, self.gamma)
    }
}

super::unknown_setting!(
    SeluSettings,
    NoSettingOfSelu,
    "`Selu` has no setting `{Self}`; it has `alpha`, `gamma`"
);

activation! {
    Selu {; alpha, gamma },
    None,
    |x| gamma * if x > T::zero() { x } else { alpha * x.exp_m1() },
    |x, _| gamma * if x > T::zero() { T::one() } else { alpha * x.exp() },
    [node("Selu").with("alpha", alpha).with("gamma", gamma)],
}

#[doc(hidden)]
#[macro_export]
macro_rules! __Selu {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => { $crate::layer::Selu };
    (@value { $($settings:tt)* }) => { $crate::__settings!(@value __Selu SeluSettings $($settings)*).layer() };
    (@key alpha $($to:tt)*) => { $crate::__settings!(@one alpha $($to)*) };
    (@key gamma $($to:tt)*) => { $crate::__settings!(@one gamma $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__Selu SeluSettings $($settings)*) };
}
