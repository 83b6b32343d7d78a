//! A learnt factor and a learnt term for each channel.

use super::{Layer, Params, ParamsMut, Tensors};
use crate::kernel::channels::Channels;
use crate::plan::op::builtin;
use crate::plan::{Backward, Forward, Op, Param, Plan, Reads, Role};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::Chw;

/// Multiplies each channel by a number and adds another, both learnt.
///
/// PyTorch and Keras have no such layer. In PyTorch: `x * weight[:, None, None] + bias[:, None, None]`.
///
/// After [`AvgPool2d`](super::AvgPool2d) it is the subsampling of LeNet-5, which adds the four values of a window,
/// multiplies the sum by a coefficient and adds a bias (LeCun et al. 1998, "Gradient-based learning applied to document
/// recognition", section II.B): the weight here is four times that coefficient.
///
/// # Shapes
/// C×H×W → C×H×W; weight \[C\], which begins at 1, bias \[C\], which begins at 0. Neither has weight decay.
///
/// # Formula
/// y\[c\] = weight\[c\]·x\[c\] + bias\[c\].
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Subsampled: Chw<2, 2, 2> => Chw<2, 1, 1> {
///         pool: AvgPool2d { kernel: 2 },
///         scale_shift: ScaleShift,
///     }
/// }
/// let mut net = Subsampled::new(1);
/// net.layers_mut().scale_shift().tensors()[0].copy_from_slice(&[4.0, -1.0]);
/// let x = Tensor::<Chw<2, 2, 2>>::from_fn(|i| i as f32);
/// assert_eq!(net.infer(&Batch::from_iter([x])).sample(0).as_slice(), [6.0, -5.5]);
/// ```
#[doc(alias = "affine")]
#[derive(Clone, Copy, Default, Debug)]
pub struct ScaleShift;

impl<const C: usize, const H: usize, const W: usize, T: Scalar> Layer<Chw<C, H, W>, T> for ScaleShift {
    type Out = Chw<C, H, W>;
    const PARAMS: usize = 2 * C;
    const TENSORS: Tensors = &[("weight", &[C]), ("bias", &[C])];

    fn add_to(&self, plan: &mut Plan<T>) {
        plan.add_builtin::<Chw<C, H, W>, Self>(ScaleShiftOp(Channels { channels: C, area: H * W }));
    }
}

struct ScaleShiftOp(Channels);

builtin!(ScaleShiftOp);

impl<T: Scalar> Op<T> for ScaleShiftOp {
    fn describe(&self) -> String {
        "ScaleShift".into()
    }

    fn params(&self) -> Vec<Param> {
        let param = |name, role| Param::new(name, role, [self.0.channels]);
        vec![param("weight", Role::Scale), param("bias", Role::Shift)]
    }

    /// A batch normalisation with mean 0 and variance 1.
    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        let [weight, bias] = ["weight", "bias"].map(Operand::Param);
        let channels = self.0.channels;
        let [mean, variance] =
            [0.0, 1.0].map(|value| Operand::Floats { shape: vec![channels], values: vec![value; channels] });
        let node = Node::new("BatchNormalization", [Operand::Input, weight, bias, mean, variance]);
        Some(vec![node.with("epsilon", 0.0)])
    }

    fn scratch(&self, _: usize) -> usize {
        self.0.scratch()
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

    fn forward(&self, Forward { y, x, params, scratch, rectifier, pass, .. }: Forward<'_, T>) {
        let (weight, bias) = params.split_at(self.0.channels);
        let numbers = self.0.numbers(scratch);
        for ((numbers, weight), bias) in numbers.iter_mut().zip(weight).zip(bias) {
            (numbers.factor, numbers.term) = (*weight, *bias);
        }
        self.0.scale(y, x, numbers, rectifier, pass.exec);
    }

    fn backward(&self, Backward { dx, dparams, dy, x, params, scratch, pass, .. }: Backward<'_, T>) {
        let (dw, db) = dparams.split_at_mut(self.0.channels);
        let numbers = self.0.numbers(scratch);
        // Sums of dy and of dy · (x − 0).
        numbers.iter_mut().for_each(|numbers| numbers.mean = T::zero());
        self.0.slopes(numbers, dy, x, pass.keys.len(), pass.exec);
        for (c, numbers) in numbers.iter_mut().enumerate() {
            (db[c], dw[c]) = (numbers.sum_dy, numbers.sum_dy_x);
            (numbers.factor, numbers.term) = (params[c], T::zero());
        }
        if let Some(dx) = dx {
            self.0.scale(dx, dy, numbers, None, pass.exec);
        }
    }
}

impl<'a, T: Scalar> Params<'a, ScaleShift, T> {
    /// The factors, one for each channel.
    pub fn weight(&self) -> &'a [T] {
        self.values.split_at(self.values.len() / 2).0
    }

    /// The terms, one for each channel.
    pub fn bias(&self) -> &'a [T] {
        self.values.split_at(self.values.len() / 2).1
    }
}

impl<'a, T: Scalar> ParamsMut<'a, ScaleShift, T> {
    /// The factors and the terms, one for each channel: weight, bias.
    pub fn tensors(self) -> [&'a mut [T]; 2] {
        self.values.split_at_mut(self.values.len() / 2).into()
    }
}
