//! Stochastic depth.

use super::Layer;
use super::dropout::{DropOp, check_rate};
use super::place::{At, Placed};
use crate::plan::Plan;
use crate::scalar::Scalar;
use crate::shape::Features;

/// While training, sets all values of a sample to zero with probability `rate` and divides those of the others by 1 − `rate`;
/// in inference, changes nothing (Huang et al. 2016, "Deep networks with stochastic depth", in the "inverted" form).
///
/// It stands at the end of a residual branch, before the sum: a sample for which it draws zero skips the branch.
///
/// In PyTorch: `torchvision.ops.StochasticDepth(rate, mode="row")`. In Keras: `Dropout(rate, noise_shape=(None, 1, 1, 1))`.
///
/// The draws depend only on the seed, the epoch, the sample and the layer.
///
/// # Shapes
/// Any shape to the same shape.
///
/// # Formula
/// y = x·b / (1 − rate), with one b for each sample: 0 with probability `rate`, else 1.
///
/// # In `network!`
/// `StochasticDepth { rate: 0.2 }`, with 0 ≤ rate < 1, or `StochasticDepth` for that default.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Residual: Flat<3> => Flat<3> {
///         fc: Dense { units: 3 },
///         drop: StochasticDepth { rate: 0.25 },
///         sum: Add(drop, input),
///     }
/// }
/// let net = Residual::with_init(Init::Zeros, 1);
/// let x = Batch::from_iter([Tensor::<Flat<3>>::from_fn(|i| i as f32)]);
/// assert_eq!(net.infer(&x), x);
///
/// let x = Batch::from_iter([Tensor::from([3.0_f64, 6.0])]);
/// let y = convnet::check::passes(&StochasticDepth::new(0.25), &[], &x, &x, 1).y.sample(0);
/// assert!([[0.0, 0.0], [4.0, 8.0]].iter().any(|either| y.as_slice() == either));
/// ```
#[doc(alias("DropPath", "drop_path", "torchvision.ops.StochasticDepth"))]
#[derive(Clone, Copy, Debug)]
pub struct StochasticDepth {
    rate: f64,
}

impl StochasticDepth {
    /// A layer that drops samples with probability `rate`.
    ///
    /// # Panics
    /// Unless 0 ≤ rate < 1; in a constant, as in `network!`, that is a compile error.
    #[track_caller]
    pub const fn new(rate: f64) -> Self {
        if let Err(error) = check_rate("StochasticDepth", rate) {
            error.refuse("");
        }
        StochasticDepth { rate }
    }
}

/// A rate of 0.2.
impl Default for StochasticDepth {
    fn default() -> Self {
        StochasticDepthSettings::DEFAULT.layer()
    }
}

/// The settings of a `StochasticDepth` in `network!`.
#[doc(hidden)]
pub struct StochasticDepthSettings {
    pub rate: f64,
}

impl StochasticDepthSettings {
    pub const DEFAULT: Self = StochasticDepthSettings { rate: 0.2 };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        at.place_same(from, check_rate(at.kind, self.rate))
    }

    #[track_caller]
    pub const fn layer(self) -> StochasticDepth {
        StochasticDepth::new(self.rate)
    }
}

super::unknown_setting!(
    StochasticDepthSettings,
    NoSettingOfStochasticDepth,
    "`StochasticDepth` has no setting `{Self}`; it has `rate`",
    "PyTorch's `p` is `rate`"
);

impl<S: Features, T: Scalar> Layer<S, T> for StochasticDepth {
    type Out = S;
    fn add_to(&self, plan: &mut Plan<T>) {
        let rate = self.rate;
        plan.add_builtin::<S, Self>(DropOp { kind: "StochasticDepth", rate, of_samples: true });
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __StochasticDepth {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => { $crate::layer::StochasticDepth };
    (@value { $($settings:tt)* }) => {
        $crate::__settings!(@value __StochasticDepth StochasticDepthSettings $($settings)*).layer()
    };
    (@key rate $($to:tt)*) => { $crate::__settings!(@one rate $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__StochasticDepth StochasticDepthSettings $($settings)*) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Exec;
    use crate::plan::{Forward, Inputs, Mode, Pass};
    use crate::shape::Flat;
    use crate::tensor::{LANES, Lanes};

    /// Whole tiles of samples.
    const TILES: usize = 250;
    const SAMPLES: usize = TILES * LANES;

    /// What the layer makes of `x`, three values for each sample, with these keys.
    fn drawn(rate: f64, x: &[Lanes<f32>], keys: &[u64], layer: usize, exec: Exec) -> Vec<Lanes<f32>> {
        let plan = Plan::<f32>::of::<Flat<3>, _>(&StochasticDepth::new(rate));
        let mut y = vec![Lanes::splat(f32::NAN); x.len()];
        let pass = Pass::new(Mode::Train, exec, layer, keys);
        let xs = Inputs::one(x);
        plan.steps()[0].op.forward(Forward {
            y: &mut y,
            x,
            xs,
            params: &[],
            scratch: &mut [],
            scale: None,
            plus: None,
            rectifier: None,
            pass,
        });
        y
    }

    /// A sample is kept whole or not at all, as often as the rate says, and the draw is its key's and its layer's alone: not of
    /// the threads, its tile or the lanes of the tile.
    #[test]
    fn samples_are_dropped_whole_by_their_own_key() {
        let keys: Vec<u64> = (0..SAMPLES as u64).map(|n| 7 * n + 1).collect();
        let x: Vec<Lanes<f32>> =
            (0..3 * TILES).map(|i| Lanes(std::array::from_fn(|lane| (1 + (i + lane) % 9) as f32))).collect();
        for rate in [0.1, 0.2, 0.5] {
            let y = drawn(rate, &x, &keys, 2, Exec::new(false));
            assert_eq!(drawn(rate, &x, &keys, 2, Exec::new(true)), y, "on several threads");
            assert_ne!(drawn(rate, &x, &keys, 3, Exec::new(false)), y, "another layer draws otherwise");
            let scale = (1.0 / (1.0 - rate)) as f32;
            let mut dropped = 0;
            for sample in 0..SAMPLES {
                let (tile, lane) = (sample / LANES, sample % LANES);
                let [x, y] = [&x, &y].map(|v| [0, 1, 2].map(|i| v[3 * tile + i].0[lane]));
                assert!(y == [0.0; 3] || y == x.map(|x| x * scale), "{x:?} {y:?}");
                dropped += usize::from(y == [0.0; 3]);
                if sample < 40 {
                    // By itself, in a tile of one lane.
                    let mut alone = Lanes::splat(0.0);
                    alone.0[..3].copy_from_slice(&x);
                    let exec = Exec { lanes: 1, ..Exec::new(false) };
                    let found = drawn(rate, &[alone], &keys[sample..=sample], 2, exec);
                    assert_eq!(found[0].0[..3], y, "sample {sample}");
                }
            }
            // Five standard deviations of a binomial share.
            let tolerance = 5.0 * (rate * (1.0 - rate) / SAMPLES as f64).sqrt();
            assert!((dropped as f64 / SAMPLES as f64 - rate).abs() < tolerance, "{dropped} at rate {rate}");
        }
    }
}
