//! Dropout.

use rand::RngExt;

use super::Layer;
use super::place::{At, Placed};
use crate::kernel::{values, values_mut};
#[cfg(feature = "store")]
use crate::plan::Node;
use crate::plan::op::builtin;
use crate::plan::{Backward, Forward, Mode, Op, Pass, Plan, Reads, Shortcut};
use crate::random;
use crate::scalar::Scalar;
use crate::shape::{Features, ShapeError};
use crate::tensor::Lanes;

/// While training, sets each value to zero with probability `rate` and divides the others by 1 − `rate`; in
/// inference, changes nothing (Srivastava et al. 2014, in the "inverted" form).
///
/// In PyTorch: `nn.Dropout(rate)`. In Keras: `Dropout(rate)`.
///
/// The draws depend only on the seed, the epoch, the sample and the layer.
///
/// # Shapes
/// Any shape to the same shape.
///
/// # In `network!`
/// `Dropout { rate: 0.5 }`, with 0 ≤ rate < 1.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Thinned: Flat<3> => Flat<3> {
///         dropout: Dropout { rate: 0.25 },
///     }
/// }
/// let x = Batch::from_iter([Tensor::<Flat<3>>::from_fn(|i| i as f32)]);
/// assert_eq!(Thinned::new(1).infer(&x), x);
/// ```
#[doc(alias = "nn.Dropout")]
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    rate: f64,
}

impl Dropout {
    /// A layer that drops values with probability `rate`.
    ///
    /// # Panics
    /// Unless 0 ≤ rate < 1; in a constant, as in `network!`, that is a compile error.
    #[track_caller]
    pub const fn new(rate: f64) -> Self {
        if let Err(error) = check_rate("Dropout", rate) {
            error.refuse("");
        }
        Dropout { rate }
    }
}

/// A rate of 0.5.
impl Default for Dropout {
    fn default() -> Self {
        DropoutSettings::DEFAULT.layer()
    }
}

/// An error if the rate is outside of its range.
pub(super) const fn check_rate(kind: &'static str, rate: f64) -> Result<(), ShapeError> {
    if rate >= 0.0 && rate < 1.0 {
        return Ok(());
    }
    Err(ShapeError::of(kind).str("expected a rate of at least 0 and below 1"))
}

/// The settings of a `Dropout` in `network!`.
#[doc(hidden)]
pub struct DropoutSettings {
    pub rate: f64,
}

impl DropoutSettings {
    pub const DEFAULT: Self = DropoutSettings { rate: 0.5 };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        at.place_same(from, check_rate(at.kind, self.rate))
    }

    #[track_caller]
    pub const fn layer(self) -> Dropout {
        Dropout::new(self.rate)
    }
}

super::unknown_setting!(
    DropoutSettings,
    NoSettingOfDropout,
    "`Dropout` has no setting `{Self}`; it has `rate`",
    "PyTorch's `p` is `rate`"
);

impl<S: Features, T: Scalar> Layer<S, T> for Dropout {
    type Out = S;
    fn add_to(&self, plan: &mut Plan<T>) {
        let rate = self.rate;
        plan.add_builtin::<S, Self>(DropOp { kind: "Dropout", rate, of_samples: false });
    }
}

/// Dropping values, or whole samples, with its rate known at run time.
pub(super) struct DropOp {
    pub kind: &'static str,
    pub rate: f64,
    /// Whether there is one draw for each sample and not one for each value.
    pub of_samples: bool,
}

impl DropOp {
    /// y = x with what is dropped set to zero and the rest scaled. The same for values and for gradients.
    fn apply<T: Scalar>(&self, y: &mut [Lanes<T>], x: &[Lanes<T>], pass: Pass<'_>) {
        if pass.mode == Mode::Infer || self.rate == 0.0 {
            y.copy_from_slice(x);
            return;
        }
        let scale = T::of(1.0 / (1.0 - self.rate));
        let lanes = pass.exec.lanes;
        let (y, x) = (values_mut(y), values(x));
        let len = y.len() / pass.keys.len().div_ceil(lanes);
        pass.exec.each_chunk(y, len, |tile, y| {
            y.fill(T::zero());
            let x = &x[tile * len..][..len];
            let keys = &pass.keys[tile * lanes..];
            for (lane, key) in keys.iter().take(lanes).enumerate() {
                let mut draws = random::keyed(*key, &[pass.layer as u64]);
                let mut keeps = || draws.random::<f64>() >= self.rate;
                let sample = self.of_samples.then(&mut keeps);
                for (y, x) in y.chunks_exact_mut(lanes).zip(x.chunks_exact(lanes)) {
                    if sample.unwrap_or_else(&mut keeps) {
                        y[lane] = x[lane] * scale;
                    }
                }
            }
        });
    }
}

builtin!(DropOp);

impl<T: Scalar> Op<T> for DropOp {
    fn describe(&self) -> String {
        format!("{} {}", self.kind, self.rate)
    }

    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        Some(Vec::new())
    }

    fn shortcut(&self, mode: Mode) -> Shortcut {
        if mode == Mode::Infer { Shortcut::Identity } else { Shortcut::None }
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, x, pass, .. }: Forward<'_, T>) {
        self.apply(y, x, pass);
    }

    fn backward(&self, Backward { dx, dy, pass, .. }: Backward<'_, T>) {
        if let Some(dx) = dx {
            self.apply(dx, dy, pass);
        }
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __Dropout {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => { $crate::layer::Dropout };
    (@value { $($settings:tt)* }) => { $crate::__settings!(@value __Dropout DropoutSettings $($settings)*).layer() };
    (@key rate $($to:tt)*) => { $crate::__settings!(@one rate $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__Dropout DropoutSettings $($settings)*) };
}

#[cfg(test)]
mod tests;
