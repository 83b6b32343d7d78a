//! Distances from fixed codes.

use std::marker::PhantomData;

use super::Layer;
use crate::kernel::radial;
use crate::plan::op::builtin;
use crate::plan::{Backward, Forward, Op, Plan, Reads};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::Flat;

/// The codes of a [`RadialBasis`] layer: for each of `M` classes a vector of `N` numbers.
pub trait Codes<const N: usize, const M: usize>: Copy + Default + Send + Sync + 'static {
    /// The codes.
    const CODES: &'static [[f64; N]; M];
}

/// Minus half the squared distance of a vector from each of several fixed codes: the output layer of LeNet-5 (LeCun et
/// al. 1998, "Gradient-based learning applied to document recognition", section II.B, equation 7).
///
/// In PyTorch: `-torch.cdist(x, codes) ** 2 / 2`.
///
/// # Shapes
/// N → M: the codes are M vectors of N numbers, which are not trained.
///
/// # Formula
/// y\[i\] = −½ · Σⱼ (x\[j\] − code\[i\]\[j\])².
///
/// The paper's units give the squared distance itself, of which the smallest wins. With −½ of it the nearest code has
/// the largest output, and outputs are logits: up to a constant, the logarithms of the densities of normal
/// distributions of variance 1 around the codes, which is how the paper interprets its distances. So
/// [`SoftmaxCrossEntropy`](struct@crate::loss::SoftmaxCrossEntropy) trains the network; it is the paper's equation 9
/// without the constant for images that are not digits.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::layer::Codes;
///
/// #[derive(Clone, Copy, Default)]
/// struct Corners;
/// impl Codes<2, 3> for Corners {
///     const CODES: &'static [[f64; 2]; 3] = &[[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]];
/// }
/// network! {
///     struct Nearest: Flat<2> => Flat<3> {
///         output: RadialBasis<Flat<2>, Flat<3>, Corners>,
///     }
/// }
/// let y = Nearest::new(1).infer(&Batch::from_iter([Tensor::from([1.0, -1.0])]));
/// assert_eq!(y.sample(0).as_slice(), [-2.0, -4.0, 0.0]);
/// ```
#[doc(alias = "RBF")]
#[derive(Clone, Copy, Default, Debug)]
pub struct RadialBasis<In, Out, C>(PhantomData<(In, Out, C)>);

super::constructor!(RadialBasis<In, Out, C>);

impl<const N: usize, const M: usize, C: Codes<N, M>, T: Scalar> Layer<Flat<N>, T>
    for RadialBasis<Flat<N>, Flat<M>, C>
{
    type Out = Flat<M>;
    const MACS: usize = M * N;

    fn add_to(&self, plan: &mut Plan<T>) {
        plan.add_builtin::<_, Self>(RadialOp { codes: C::CODES.as_flattened(), len: N });
    }
}

struct RadialOp {
    /// One code after the other.
    codes: &'static [f64],
    len: usize,
}

builtin!(RadialOp);

impl<T: Scalar> Op<T> for RadialOp {
    fn describe(&self) -> String {
        "RadialBasis".into()
    }

    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        let shape = vec![self.codes.len() / self.len, self.len];
        let codes = Operand::Floats { shape, values: self.codes.into() };
        Some(vec![
            Node::new("Unsqueeze", [Operand::Input, Operand::from([1])]),
            Node::new("Sub", [Operand::Last, codes]),
            Node::new("ReduceSumSquare", [Operand::Last]).with("axes", [2]).with("keepdims", 0),
            Node::new("Mul", [Operand::Last, Operand::from(-0.5)]),
        ])
    }

    fn reads(&self) -> Reads {
        Reads::X
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, x, pass, .. }: Forward<'_, T>) {
        radial::forward(y, x, self.codes, self.len, pass.exec);
    }

    fn backward(&self, Backward { dx, dy, x, pass, .. }: Backward<'_, T>) {
        if let Some(dx) = dx {
            radial::backward(dx, dy, x, self.codes, self.len, pass.exec);
        }
    }
}
