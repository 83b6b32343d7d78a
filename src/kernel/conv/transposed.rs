//! The transposed convolution: a convolution's passes in each other's places.
//!
//! Its input is the convolution's output, and its output the convolution's input. With w the convolution's weights it adds
//! w · x at the positions of a window where the convolution multiplies and sums.

use super::weight_gradient::plane_sums;
use super::{Conv, Start};
use crate::kernel::block::End;
use crate::kernel::{Exec, Vectorized, values_mut};
use crate::tensor::{LANES, Lanes};

impl Conv {
    /// Entries of scratch memory of the transposed convolution for a number of tiles.
    pub fn transposed_scratch(&self, tiles: usize) -> usize {
        self.unused() + self.scratch(tiles)
    }

    /// Entries for a bias of the convolution, which the transposed one does not have.
    fn unused(&self) -> usize {
        self.geometry.output[0].div_ceil(LANES)
    }

    /// y = the transposed convolution of x, plus a bias for each plane; with `relu`, max(y, 0).
    pub fn transposed_forward<T: Vectorized>(
        &self,
        y: &mut [Lanes<T>],
        x: &[Lanes<T>],
        weight: &[T],
        bias: &[T],
        relu: bool,
        scratch: &mut [Lanes<T>],
        exec: Exec,
    ) {
        let end = if relu { End::Relu } else { End::Plain };
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
        let (bias, scratch) = scratch.split_at_mut(self.unused());
        let bias = &mut values_mut(bias)[..self.geometry.output[0]];
        bias.fill(T::zero());
        self.forward(dx, dy, weight, bias, false, scratch, exec);
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
        let (unused, scratch) = scratch.split_at_mut(self.unused());
        let unused = &mut values_mut(unused)[..self.geometry.output[0]];
        self.backward_weights(dw, unused, x, dy, scratch, exec);
        let (tiles, dy) = self.input(dy, exec);
        plane_sums(db, dy, self.geometry.input, exec, tiles);
    }
}
