//! The transposed convolution: a convolution's passes in each other's places.
//!
//! Its input is the convolution's output, and its output the convolution's input. With w the convolution's weights it adds
//! w · x at the positions of a window where the convolution multiplies and sums.

use super::weight_gradient::plane_sums;
use super::{Conv, Start};
use crate::kernel::block::{End, Finish};
use crate::kernel::{Exec, Rectifier, Vectorized};
use crate::tensor::Lanes;

impl Conv {
    /// y = the transposed convolution of x, plus a bias for each plane, rectified.
    pub fn transposed_forward<T: Vectorized>(
        &self,
        y: &mut [Lanes<T>],
        x: &[Lanes<T>],
        weight: &[T],
        bias: &[T],
        rectifier: Option<Rectifier>,
        scratch: &mut [Lanes<T>],
        exec: Exec,
    ) {
        let end = End::Finish(Finish::rectified(rectifier));
        self.spread(y, x, weight, Start::Bias(bias), end, scratch, exec);
    }

    /// dx = the convolution of dy.
    pub fn transposed_backward_data<T: Vectorized>(
        &self,
        dx: &mut [Lanes<T>],
        dy: &[Lanes<T>],
        weight: &[T],
        scratch: &mut [Lanes<T>],
        exec: Exec,
    ) {
        self.forward(dx, dy, weight, None, Finish::rectified(None), scratch, exec);
    }

    /// dw and db = the gradients of weights and biases, summed over all tiles.
    pub fn transposed_backward_weights<T: Vectorized>(
        &self,
        dw: &mut [T],
        db: &mut [T],
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        scratch: &mut [Lanes<T>],
        exec: Exec,
    ) {
        self.backward_weights(dw, None, x, dy, scratch, exec);
        let (tiles, dy) = self.input(dy, exec);
        plane_sums(db, dy, self.geometry.input, exec, tiles);
    }
}
