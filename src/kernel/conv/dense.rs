//! A dense layer for few samples.

use super::{Conv, Geometry};
use crate::kernel::block::{CONTIGUOUS, Inner, Tap};
use crate::kernel::{Exec, Rectifier, Vectorized};
use crate::tensor::LANES;

impl Conv {
    /// y = w·x + b for a narrow tile: vectors run along a row of weights, which is loaded once for all samples.
    pub(super) fn few_samples<T: Vectorized>(
        &self,
        y: &mut [T],
        x: &[T],
        weight: &[T],
        bias: Option<&[T]>,
        rectifier: Option<Rectifier>,
        scratch: &mut [T],
        exec: Exec,
    ) {
        const UNITS: usize = 24;
        let ([inputs, ..], [units, ..], lanes) = (self.geometry.input, self.geometry.output, exec.lanes);
        let row = inputs.next_multiple_of(LANES);
        let rows = &mut scratch[..lanes * row];
        for (lane, sample) in rows.chunks_exact_mut(row).enumerate() {
            for (to, from) in sample.iter_mut().zip(x[lane..].iter().step_by(lanes)) {
                *to = *from;
            }
        }
        let mut samples = [Tap { x: 0, w: 0 }; LANES];
        for (lane, sample) in samples.iter_mut().enumerate() {
            sample.x = (lane * row / LANES) as u32;
        }
        let (rows, samples) = (&*rows, &samples[..lanes]);
        exec.each_chunk(&mut y[..units * lanes], UNITS * lanes, |block, y| {
            let count = y.len() / lanes;
            let weight = &weight[block * UNITS * inputs..][..count * inputs];
            match bias {
                Some(bias) => {
                    for (y, bias) in y.chunks_exact_mut(lanes).zip(&bias[block * UNITS..]) {
                        y.fill(*bias);
                    }
                }
                None => y.fill(T::zero()),
            }
            let chunks = inputs / LANES;
            for first in (0..chunks).step_by(CONTIGUOUS.len()) {
                let positions = &CONTIGUOUS[..CONTIGUOUS.len().min(chunks - first)];
                let (dy, x) = (&weight[first * LANES..], &rows[first * LANES..]);
                let dy_plane = inputs;
                let (sums, bias, filters, taps, lanes) = (&mut *y, None, count, samples, LANES);
                T::call(exec.isa, Inner { sums, bias, dy, dy_plane, filters, x, taps, lanes, positions });
            }
            for (y, weight) in y.chunks_exact_mut(lanes).zip(weight.chunks_exact(inputs)) {
                for (lane, y) in y.iter_mut().enumerate() {
                    for i in chunks * LANES..inputs {
                        *y += weight[i] * rows[lane * row + i];
                    }
                    *y = rectifier.map_or(*y, |rectifier| rectifier.of(*y));
                }
            }
        });
    }

    /// Whether it is a dense layer: one position.
    pub fn is_dense(&self) -> bool {
        let Geometry { input: [_, ih, iw], window, groups, .. } = self.geometry;
        [groups, ih, iw, window.kernel[0], window.kernel[1], window.padding.iter().sum()]
            == [1, 1, 1, 1, 1, 0]
    }
}
