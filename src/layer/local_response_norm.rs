//! Local response normalisation.

use super::Layer;
use super::place::{At, Placed};
use crate::kernel::local_response::LocalResponse;
use crate::plan::op::builtin;
use crate::plan::{Backward, Forward, Op, Plan};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{Chw, ShapeError};

/// Divides each value by a power of the squares of its neighbours: the values at the same position in nearby channels
/// (Krizhevsky, Sutskever & Hinton 2012, "ImageNet classification with deep convolutional neural networks", section
/// 3.3).
///
/// In PyTorch: `nn.LocalResponseNorm(size, alpha, beta, k)`.
///
/// # Shapes
/// C×H×W → C×H×W.
///
/// # Formula
/// y\[c\] = x\[c\] / (k + α/n · Σ x\[j\]²)^β, summed over the n channels from c − ⌊n/2⌋ on that exist.
/// With n = `size`, this is PyTorch's formula, with its defaults: n 5, α 10⁻⁴, β 0.75, k 1.
///
/// The paper's formula has α in the place of α/n. Its values n = 5, k = 2, α = 10⁻⁴, β = 0.75 are therefore written
/// `size: 5, alpha: 5e-4, beta: 0.75, k: 2.0` here and in PyTorch.
///
/// # In `network!`
/// `LocalResponseNorm { size: 5, alpha: 1e-4, beta: 0.75, k: 1.0 }`, where each setting may be left out, or
/// `LocalResponseNorm` for all defaults. It is fastest with β = 0.75.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Inhibited: Chw<3, 1, 1> => Chw<3, 1, 1> {
///         norm: LocalResponseNorm { size: 3, alpha: 3.0, beta: 0.5, k: 7.0 },
///     }
/// }
/// let x = Tensor::<Chw<3, 1, 1>>::from([[[1.0]], [[1.0]], [[3.0]]]);
/// let y = Inhibited::new(1).infer(&Batch::from_iter([x])).sample(0);
/// // 1 / √(7 + 1 + 1), 1 / √(7 + 1 + 1 + 9), 3 / √(7 + 1 + 9)
/// assert!((y[0][0][0] - 1.0 / 3.0).abs() < 1e-6 && (y[2][0][0] - 3.0 / 17_f32.sqrt()).abs() < 1e-6);
/// ```
#[doc(alias("LRN", "nn.LocalResponseNorm"))]
#[derive(Clone, Copy, Debug)]
pub struct LocalResponseNorm {
    size: usize,
    alpha: f64,
    beta: f64,
    k: f64,
}

impl LocalResponseNorm {
    /// A layer with windows of `size` channels and these numbers.
    ///
    /// # Panics
    /// Unless size ≥ 1, alpha ≥ 0, beta > 0 and k > 0, all finite; in a constant, as in `network!`, that is a compile
    /// error.
    #[track_caller]
    pub const fn new(size: usize, alpha: f64, beta: f64, k: f64) -> Self {
        if let Some(error) = setting_error("LocalResponseNorm", size, [alpha, beta, k]) {
            error.refuse("");
        }
        LocalResponseNorm { size, alpha, beta, k }
    }
}

/// PyTorch's defaults.
impl Default for LocalResponseNorm {
    fn default() -> Self {
        LocalResponseNormSettings::DEFAULT.layer()
    }
}

impl<const C: usize, const H: usize, const W: usize, T: Scalar> Layer<Chw<C, H, W>, T> for LocalResponseNorm {
    type Out = Chw<C, H, W>;

    fn add_to(&self, plan: &mut Plan<T>) {
        let LocalResponseNorm { size, alpha, beta, k } = *self;
        let op = LocalResponse { channels: C, area: H * W, size, alpha, beta, k };
        plan.add_builtin::<Chw<C, H, W>, Self>(LocalResponseOp(op));
    }
}

/// The error for a setting outside of its range.
const fn setting_error(kind: &'static str, size: usize, [alpha, beta, k]: [f64; 3]) -> Option<ShapeError> {
    let expected = if size == 0 {
        "a size of at least 1 channel, found 0"
    } else if !(alpha >= 0.0 && alpha < f64::INFINITY) {
        "a finite alpha of at least 0"
    } else if !(beta > 0.0 && beta < f64::INFINITY) {
        "a finite beta above 0"
    } else if !(k > 0.0 && k < f64::INFINITY) {
        "a finite k above 0"
    } else {
        return None;
    };
    Some(ShapeError::of(kind).str("expected ").str(expected))
}

/// The settings of a `LocalResponseNorm` in `network!`.
#[doc(hidden)]
pub struct LocalResponseNormSettings {
    pub size: usize,
    pub alpha: f64,
    pub beta: f64,
    pub k: f64,
}

impl LocalResponseNormSettings {
    pub const DEFAULT: Self = LocalResponseNormSettings { size: 5, alpha: 1e-4, beta: 0.75, k: 1.0 };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        let input = from.output;
        let maps = input.as_maps();
        let output = match ShapeError::not_maps(at.kind, input) {
            Some(error) => Err(error),
            None => match setting_error(at.kind, self.size, [self.alpha, self.beta, self.k]) {
                Some(error) => Err(error),
                None => Ok(input),
            },
        };
        at.place(from, output, [maps, maps])
    }

    #[track_caller]
    pub const fn layer(self) -> LocalResponseNorm {
        LocalResponseNorm::new(self.size, self.alpha, self.beta, self.k)
    }
}

super::unknown_setting!(
    LocalResponseNormSettings,
    NoSettingOfLocalResponseNorm,
    "`LocalResponseNorm` has no setting `{Self}`; it has `size`, `alpha`, `beta` and `k`"
);

struct LocalResponseOp(LocalResponse);

builtin!(LocalResponseOp);

impl<T: Scalar> Op<T> for LocalResponseOp {
    fn describe(&self) -> String {
        let LocalResponse { size, alpha, beta, k, .. } = self.0;
        format!("LocalResponseNorm {size}, alpha {alpha}, beta {beta}, k {k}")
    }

    /// For an even `size` ONNX's window begins one channel later than this one. The mean squares are then written as a
    /// pooling along the channels, padded with zeros.
    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        let LocalResponse { size, alpha, beta, k, .. } = self.0;
        if size % 2 == 1 {
            let node = Node::new("LRN", [Operand::Input]).with("size", size);
            return Some(vec![node.with("alpha", alpha).with("beta", beta).with("bias", k)]);
        }
        Some(vec![
            Node::new("Mul", [Operand::Input, Operand::Input]),
            Node::new("Unsqueeze", [Operand::Last, Operand::from([1])]),
            Node::new("AveragePool", [Operand::Last])
                .with("kernel_shape", [size, 1, 1])
                .with("pads", [size / 2, 0, 0, size / 2 - 1, 0, 0])
                .with("count_include_pad", 1),
            Node::new("Squeeze", [Operand::Last, Operand::from([1])]),
            Node::new("Mul", [Operand::Last, Operand::from(alpha)]),
            Node::new("Add", [Operand::Last, Operand::from(k)]),
            Node::new("Pow", [Operand::Last, Operand::from(-beta)]),
            Node::new("Mul", [Operand::Input, Operand::Last]),
        ])
    }

    fn scratch(&self, tiles: usize) -> usize {
        tiles * self.0.channels * self.0.area
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, x, pass, .. }: Forward<'_, T>) {
        self.0.forward(y, x, pass.exec);
    }

    fn backward(&self, Backward { dx, dy, x, y, scratch, pass, .. }: Backward<'_, T>) {
        if let Some(dx) = dx {
            self.0.backward(dx, dy, x, y, scratch, pass.exec);
        }
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __LocalResponseNorm {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => { $crate::layer::LocalResponseNorm };
    (@value { $($settings:tt)* }) => { $crate::__settings!(@value __LocalResponseNorm LocalResponseNormSettings $($settings)*).layer() };
    (@key size $($to:tt)*) => { $crate::__settings!(@one size $($to)*) };
    (@key alpha $($to:tt)*) => { $crate::__settings!(@one alpha $($to)*) };
    (@key beta $($to:tt)*) => { $crate::__settings!(@one beta $($to)*) };
    (@key k $($to:tt)*) => { $crate::__settings!(@one k $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__LocalResponseNorm LocalResponseNormSettings $($settings)*) };
}
