//! Batch normalisation.

use super::place::{At, Placed};
use super::{Layer, Params, ParamsMut, Tensors};
use crate::kernel::channels::{ChannelNumbers, Channels};
use crate::plan::op::builtin;
use crate::plan::{Backward, Forward, Mode, Op, Param, Plan, Reads, Role, Shortcut};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{Chw, Flat, ShapeError};

/// Normalises each channel to mean 0 and variance 1 over the batch, then applies a learnt factor and a learnt term
/// (Ioffe & Szegedy 2015, "Batch normalization", algorithms 1 and 2).
///
/// In PyTorch: `nn.BatchNorm2d(channels)`, or `nn.BatchNorm1d(inputs)` for vectors. In Keras: `BatchNormalization()`,
/// whose momentum is 1 minus the one here.
///
/// # Shapes
/// C×H×W → C×H×W, channel by channel over all samples and positions; N → N, value by value over all samples. weight
/// \[C\] (γ), bias \[C\] (β), running_mean \[C\], running_var \[C\], in PyTorch's order.
///
/// # Formula
/// y = γ·(x − μ) / √(σ² + ε) + β. In training μ and σ² are the batch's, σ² being the mean of (x − μ)². In inference
/// they are the running ones, which each training step updates: r ← r + momentum·(batch − r), where the batch's
/// variance is the sum of (x − μ)² over n − 1. Formulas and defaults are PyTorch's: momentum 0.1, ε 10⁻⁵.
///
/// A batch with a single value for each channel has variance 0, so that y = β (PyTorch refuses it). After a layer that
/// gives a vector, avoid a last batch of one sample.
///
/// γ and β are trained, without weight decay or other penalties; the running statistics are not, and
/// [`PARAMS`](crate::Network::PARAMS) does not count them. They follow β in the parameters of the network, so that a
/// copy of the parameters has everything that inference needs. A training step runs each layer on the whole batch,
/// because every sample depends on all others.
///
/// # In `network!`
/// `BatchNorm`, or `BatchNorm { momentum: 0.1, epsilon: 1e-5 }`, where either may be left out.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Small: Chw<1, 8, 8> => Flat<2> {
///         conv: Conv2d { filters: 4, kernel: 3 },
///         norm: BatchNorm,
///         relu: Relu,
///         flatten: Flatten,
///         fc1: Dense { units: 16 },
///         fc_norm: BatchNorm { momentum: 0.01 },
///         fc2: Dense { units: 2 },
///     }
/// }
/// const _: () = assert!(Small::PARAMS == (4 * 9 + 4) + 8 + (144 * 16 + 16) + 32 + (16 * 2 + 2));
/// let net = Small::new(1);
/// assert_eq!((net.norm().weight(), net.norm().running_var()), (&[1.0; 4][..], &[1.0; 4][..]));
/// ```
#[doc(alias("BatchNorm1d", "BatchNorm2d", "BatchNormalization"))]
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm {
    momentum: f64,
    epsilon: f64,
}

impl BatchNorm {
    /// A layer with this momentum of the running statistics, and this epsilon added to variances.
    ///
    /// # Panics
    /// Unless 0 ≤ momentum ≤ 1 and epsilon is finite and above 0; in a constant, as in `network!`, that is a compile
    /// error.
    #[track_caller]
    pub const fn new(momentum: f64, epsilon: f64) -> Self {
        if let Err(error) = check("BatchNorm", momentum, epsilon) {
            error.refuse("");
        }
        BatchNorm { momentum, epsilon }
    }
}

/// An error if a setting is outside of its range.
const fn check(kind: &'static str, momentum: f64, epsilon: f64) -> Result<(), ShapeError> {
    if momentum >= 0.0 && momentum <= 1.0 && epsilon > 0.0 && epsilon < f64::INFINITY {
        return Ok(());
    }
    let expected = "expected a momentum of at least 0 and at most 1, and a finite epsilon above 0";
    Err(ShapeError::of(kind).str(expected))
}

/// The settings of a `BatchNorm` in `network!`.
#[doc(hidden)]
pub struct BatchNormSettings {
    pub momentum: f64,
    pub epsilon: f64,
}

impl BatchNormSettings {
    pub const DEFAULT: Self = BatchNormSettings { momentum: 0.1, epsilon: 1e-5 };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        at.place_same(from, check(at.kind, self.momentum, self.epsilon))
    }

    #[track_caller]
    pub const fn layer(self) -> BatchNorm {
        BatchNorm::new(self.momentum, self.epsilon)
    }
}

super::unknown_setting!(
    BatchNormSettings,
    NoSettingOfBatchNorm,
    "`BatchNorm` has no setting `{Self}`; it has `momentum` and `epsilon`",
    "PyTorch's `eps` is `epsilon`; `num_features` is inferred"
);

/// A momentum of 0.1 and an epsilon of 10⁻⁵.
impl Default for BatchNorm {
    fn default() -> Self {
        BatchNormSettings::DEFAULT.layer()
    }
}

impl<const C: usize, const H: usize, const W: usize, T: Scalar> Layer<Chw<C, H, W>, T> for BatchNorm {
    type Out = Chw<C, H, W>;
    const PARAMS: usize = 2 * C;
    const BUFFERS: usize = 2 * C;
    const TENSORS: Tensors =
        &[("weight", &[C]), ("bias", &[C]), ("running_mean", &[C]), ("running_var", &[C])];

    fn add_to(&self, plan: &mut Plan<T>) {
        let channels = Channels { channels: C, area: H * W };
        plan.add_builtin::<Chw<C, H, W>, Self>(BatchNormOp { settings: *self, channels });
    }
}

impl<const N: usize, T: Scalar> Layer<Flat<N>, T> for BatchNorm {
    type Out = Flat<N>;
    const PARAMS: usize = 2 * N;
    const BUFFERS: usize = 2 * N;
    const TENSORS: Tensors =
        &[("weight", &[N]), ("bias", &[N]), ("running_mean", &[N]), ("running_var", &[N])];

    fn add_to(&self, plan: &mut Plan<T>) {
        let channels = Channels { channels: N, area: 1 };
        plan.add_builtin::<Flat<N>, Self>(BatchNormOp { settings: *self, channels });
    }
}

struct BatchNormOp {
    settings: BatchNorm,
    channels: Channels,
}

builtin!(BatchNormOp);

/// The four tensors, \[weight, bias, running_mean, running_var\].
fn quarters<T>(params: &[T]) -> [&[T]; 4] {
    let len = params.len() / 4;
    [0, 1, 2, 3].map(|i| &params[i * len..][..len])
}

impl BatchNormOp {
    /// 1 / √(σ² + ε).
    fn inverse_deviation<T: Scalar>(&self, variance: T) -> T {
        (variance + T::of(self.settings.epsilon)).sqrt().recip()
    }

    /// γ·r and β − γ·r·μ, with r = 1 / √(σ² + ε).
    fn factor_and_term<T: Scalar>(&self, weight: T, bias: T, mean: T, variance: T) -> [T; 2] {
        let factor = weight * self.inverse_deviation(variance);
        [factor, bias - factor * mean]
    }
}

impl<T: Scalar> Op<T> for BatchNormOp {
    fn describe(&self) -> String {
        let (usual, BatchNorm { momentum, epsilon }) = (BatchNorm::default(), self.settings);
        let settings = [
            (momentum != usual.momentum).then(|| format!("momentum {momentum}")),
            (epsilon != usual.epsilon).then(|| format!("epsilon {epsilon:e}")),
        ];
        let settings: Vec<String> = settings.into_iter().flatten().collect();
        format!("BatchNorm {}", settings.join(", ")).trim_end().into()
    }

    fn params(&self) -> Vec<Param> {
        let running = Role::Buffer { momentum: self.settings.momentum };
        let param = |name, role| Param::new(name, role, [self.channels.channels]);
        vec![
            param("weight", Role::Scale),
            param("bias", Role::Shift),
            param("running_mean", running).start(0.0),
            param("running_var", running).start(1.0),
        ]
    }

    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        let [weight, bias, mean, variance] =
            ["weight", "bias", "running_mean", "running_var"].map(Operand::Param);
        let node = Node::new("BatchNormalization", [Operand::Input, weight, bias, mean, variance]);
        Some(vec![node.with("epsilon", self.settings.epsilon)])
    }

    fn scratch(&self, _: usize) -> usize {
        self.channels.scratch()
    }

    fn shortcut(&self, mode: Mode) -> Shortcut {
        match mode {
            Mode::Train => Shortcut::None,
            Mode::Infer => Shortcut::Scale,
        }
    }

    fn scale(&self, params: &[T], pairs: &mut [[T; 2]]) {
        let [weight, bias, mean, variance] = quarters(params);
        for (c, pair) in pairs.iter_mut().enumerate() {
            *pair = self.factor_and_term(weight[c], bias[c], mean[c], variance[c]);
        }
    }

    fn reads(&self) -> Reads {
        Reads::X
    }

    fn rectifies(&self) -> bool {
        true
    }

    fn narrow(&self) -> bool {
        true
    }

    fn whole_batch(&self) -> bool {
        true
    }

    fn least_samples(&self) -> usize {
        if self.channels.area == 1 { 2 } else { 1 }
    }

    fn forward(&self, Forward { y, x, params, scratch, rectifier, pass, .. }: Forward<'_, T>) {
        let [weight, bias, running_mean, running_var] = quarters(params);
        let numbers = self.channels.numbers(scratch);
        match pass.mode {
            Mode::Train => self.channels.moments(numbers, x, pass.keys.len(), pass.exec),
            Mode::Infer => {
                for ((numbers, mean), var) in numbers.iter_mut().zip(running_mean).zip(running_var) {
                    (numbers.mean, numbers.variance) = (*mean, *var);
                }
            }
        }
        for ((numbers, weight), bias) in numbers.iter_mut().zip(weight).zip(bias) {
            [numbers.factor, numbers.term] =
                self.factor_and_term(*weight, *bias, numbers.mean, numbers.variance);
        }
        self.channels.scale(y, x, numbers, rectifier, pass.exec);
    }

    /// With n values in a channel, r = 1 / √(σ² + ε) and the sums over them: dβ = Σ dy, dγ = r · Σ dy·(x − μ), and
    /// dx = γ·r·(dy − dβ/n − r·(x − μ)·dγ/n). In a frozen layer the statistics are constants: dx = γ·r·dy.
    fn backward(&self, Backward { dx, dparams, dy, x, params, scratch, pass, .. }: Backward<'_, T>) {
        if pass.mode == Mode::Infer {
            dparams.fill(T::zero());
            let Some(dx) = dx else { return };
            let [weight, _, _, variance] = quarters(params);
            let numbers = self.channels.numbers(scratch);
            for ((numbers, weight), variance) in numbers.iter_mut().zip(weight).zip(variance) {
                numbers.factor = *weight * self.inverse_deviation(*variance);
                numbers.term = T::zero();
            }
            return self.channels.scale(dx, dy, numbers, None, pass.exec);
        }
        let samples = pass.keys.len();
        let count = samples * self.channels.area;
        let (n, unbiased) =
            (T::of(count as f64), T::of(count as f64 / count.saturating_sub(1).max(1) as f64));
        let numbers = self.channels.numbers(scratch);
        self.channels.moments(numbers, x, samples, pass.exec);
        self.channels.slopes(numbers, dy, x, samples, pass.exec);
        let channels = self.channels.channels;
        let weight = &params[..channels];
        for (c, numbers) in numbers.iter_mut().enumerate() {
            let ChannelNumbers { mean, variance, sum_dy, sum_dy_x, .. } = *numbers;
            let r = self.inverse_deviation(variance);
            dparams[c] = r * sum_dy_x;
            dparams[channels + c] = sum_dy;
            dparams[2 * channels + c] = mean;
            dparams[3 * channels + c] = variance * unbiased;
            let factor = weight[c] * r;
            numbers.factor = factor;
            numbers.slope = -factor * r * r * sum_dy_x / n;
            numbers.term = -factor * sum_dy / n;
        }
        if let Some(dx) = dx {
            self.channels.combine(dx, dy, x, numbers, samples, pass.exec);
        }
    }
}

impl<'a, T: Scalar> Params<'a, BatchNorm, T> {
    /// γ, one for each channel.
    pub fn weight(&self) -> &'a [T] {
        quarters(self.values)[0]
    }

    /// β, one for each channel.
    pub fn bias(&self) -> &'a [T] {
        quarters(self.values)[1]
    }

    /// The mean of each channel, over the batches seen.
    pub fn running_mean(&self) -> &'a [T] {
        quarters(self.values)[2]
    }

    /// The variance of each channel, over the batches seen.
    pub fn running_var(&self) -> &'a [T] {
        quarters(self.values)[3]
    }
}

impl<'a, T: Scalar> ParamsMut<'a, BatchNorm, T> {
    /// The four tensors, one value for each channel: weight (γ), bias (β), running mean, running variance.
    pub fn tensors(self) -> [&'a mut [T]; 4] {
        let len = self.values.len() / 4;
        let (learnt, running) = self.values.split_at_mut(2 * len);
        let ((weight, bias), (mean, variance)) = (learnt.split_at_mut(len), running.split_at_mut(len));
        [weight, bias, mean, variance]
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __BatchNorm {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => { $crate::layer::BatchNorm };
    (@value { $($settings:tt)* }) => { $crate::__settings!(@value __BatchNorm BatchNormSettings $($settings)*).layer() };
    (@key momentum $($to:tt)*) => { $crate::__settings!(@one momentum $($to)*) };
    (@key epsilon $($to:tt)*) => { $crate::__settings!(@one epsilon $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__BatchNorm BatchNormSettings $($settings)*) };
}
