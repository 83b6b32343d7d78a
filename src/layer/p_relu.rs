//! Rectifiers with a learnt slope.

use super::place::{At, Placed};
use super::{Layer, Params, ParamsMut, Tensors};
use crate::kernel::channels::Channels;
use crate::plan::op::builtin;
use crate::plan::{Backward, Forward, Op, Param, Plan, Reads, Role};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{Dims, Features};

/// y = x for x > 0, else weight·x, with a weight that is learnt: one for all values, or one for each channel (He et al. 2015,
/// "Delving deep into rectifiers").
///
/// In PyTorch: `nn.PReLU()`, or `nn.PReLU(channels)`. In Keras: `PReLU(shared_axes=[1, 2])`, with a weight for each channel that
/// begins at 0.
///
/// # Shapes
/// C×H×W → C×H×W, weight \[1\], or \[C\] for each channel; N → N, weight \[1\] or \[N\]. The weight begins at 0.25 and has no
/// weight decay, as the paper advises.
///
/// # Formula
/// y = max(x, 0) + weight·min(x, 0). dy/dx at 0 is the weight. The gradient by the weight is the sum of min(x, 0)·dy over all
/// values that it multiplies.
///
/// # In `network!`
/// `PRelu`, or `PRelu { per_channel: true }`.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Learnt: Chw<2, 1, 1> => Chw<2, 1, 1> {
///         one: PRelu,
///         each: PRelu { per_channel: true },
///     }
/// }
/// let mut net = Learnt::new(1);
/// assert_eq!(net.one().weight(), [0.25]);
/// net.layers_mut().each().tensors()[0].copy_from_slice(&[0.5, -3.0]);
/// let x = Tensor::<Chw<2, 1, 1>>::from([[[-8.0]], [[-4.0]]]);
/// assert_eq!(net.infer(&Batch::from_iter([x])).sample(0).as_slice(), [-1.0, 3.0]);
/// ```
#[doc(alias("PReLU", "nn.PReLU", "parametric"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct PRelu<const PER_CHANNEL: bool = false>;

/// Weights for an input of these dimensions.
const fn weights(input: Dims, per_channel: bool) -> usize {
    if per_channel { input.channels() } else { 1 }
}

/// The settings of a `PRelu` in `network!`.
#[doc(hidden)]
pub struct PReluSettings {
    pub per_channel: bool,
}

impl PReluSettings {
    pub const DEFAULT: Self = PReluSettings { per_channel: false };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        at.place_same(from, Ok(()))
    }
}

super::unknown_setting!(
    PReluSettings,
    NoSettingOfPRelu,
    "`PRelu` has no setting `{Self}`; it has `per_channel`",
    "PyTorch's `num_parameters` is inferred: `per_channel: true`"
);

impl<S: Features, T: Scalar, const PER_CHANNEL: bool> Layer<S, T> for PRelu<PER_CHANNEL> {
    type Out = S;
    const PARAMS: usize = weights(S::DIMS, PER_CHANNEL);
    const TENSORS: Tensors = &[("weight", &[weights(S::DIMS, PER_CHANNEL)])];

    fn add_to(&self, plan: &mut Plan<T>) {
        let channels = weights(S::DIMS, PER_CHANNEL);
        // With one weight, all values are one channel.
        let channels = Channels { channels, area: S::LEN / channels };
        plan.add_builtin::<S, Self>(PReluOp { channels, per_channel: PER_CHANNEL, maps: S::DIMS.is_maps() });
    }
}

struct PReluOp {
    channels: Channels,
    per_channel: bool,
    #[cfg_attr(not(feature = "store"), allow(dead_code, reason = "for the export"))]
    maps: bool,
}

builtin!(PReluOp);

impl<T: Scalar> Op<T> for PReluOp {
    fn describe(&self) -> String {
        if self.per_channel { "PRelu per channel".into() } else { "PRelu".into() }
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("weight", Role::Scale, [self.channels.channels]).start(0.25)]
    }

    /// The slopes of channels stand in the dimension that channels have.
    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        let weight = Operand::Param("weight");
        if !(self.per_channel && self.maps) {
            return Some(vec![Node::new("PRelu", [Operand::Input, weight])]);
        }
        let shape = Operand::from([self.channels.channels as i64, 1, 1]);
        let slopes = Node::new("Reshape", [weight, shape]);
        Some(vec![slopes, Node::new("PRelu", [Operand::Input, Operand::Last])])
    }

    fn reads(&self) -> Reads {
        Reads::X
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, x, params, pass, .. }: Forward<'_, T>) {
        self.channels.p_relu(y, x, x, params, pass.exec);
    }

    fn backward(&self, Backward { dx, dparams, dy, x, params, pass, .. }: Backward<'_, T>) {
        self.channels.p_relu_slopes(dparams, dy, x, pass.keys.len(), pass.exec);
        if let Some(dx) = dx {
            self.channels.p_relu(dx, dy, x, params, pass.exec);
        }
    }
}

impl<'a, const PER_CHANNEL: bool, T: Scalar> Params<'a, PRelu<PER_CHANNEL>, T> {
    /// The slope below 0, or one for each channel.
    pub fn weight(&self) -> &'a [T] {
        self.values
    }
}

impl<'a, const PER_CHANNEL: bool, T: Scalar> ParamsMut<'a, PRelu<PER_CHANNEL>, T> {
    /// The one tensor: weight.
    pub fn tensors(self) -> [&'a mut [T]; 1] {
        [self.values]
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __PRelu {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $net:tt $name:ident { $($settings:tt)* }) => {
        $crate::layer::PRelu<{ $crate::__settings!(@value __PRelu PReluSettings $($settings)*).per_channel }>
    };
    (@value $settings:tt) => { $crate::layer::PRelu };
    (@key per_channel $($to:tt)*) => { $crate::__settings!(@one per_channel $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__PRelu PReluSettings $($settings)*) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;
    use crate::shape::Chw;
    use crate::tensor::{Batch, Tensor};

    const SAMPLES: usize = 21;
    type Maps = Chw<3, 2, 2>;

    /// More than one tile, the last not full, against the formula.
    fn assert_formula<const PER_CHANNEL: bool>(weight: &[f64]) {
        let value = |n: usize, i: usize| ((n * 12 + i) * 7 % 23) as f64 / 4.0 - 2.75;
        let cotangent = |n: usize, i: usize| ((n * 12 + i) * 5 % 17) as f64 / 8.0 - 1.0;
        let batch = |f: &dyn Fn(usize, usize) -> f64| -> Batch<Maps, f64> {
            (0..SAMPLES).map(|n| Tensor::from_fn(|i| f(n, i))).collect()
        };
        let found = check::passes(&PRelu::<PER_CHANNEL>, weight, &batch(&value), &batch(&cotangent), 1);
        let mut expected = vec![0.0; weight.len()];
        for n in 0..SAMPLES {
            let (y, dx) = (found.y.sample(n), found.dx.sample(n));
            for i in 0..12 {
                let (x, dy, of) = (value(n, i), cotangent(n, i), if PER_CHANNEL { i / 4 } else { 0 });
                assert_eq!(y.as_slice()[i], if x > 0.0 { x } else { weight[of] * x });
                assert_eq!(dx.as_slice()[i], if x > 0.0 { dy } else { weight[of] * dy });
                expected[of] += x.min(0.0) * dy;
            }
        }
        // Sums of multiples of 1/32, without rounding.
        assert_eq!(found.dparams, expected);
    }

    #[test]
    fn values_and_gradients_are_those_of_the_formula() {
        assert_formula::<false>(&[0.25]);
        assert_formula::<true>(&[0.25, -1.5, 2.0]);
    }
}
