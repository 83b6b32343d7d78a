//! Normalisation of each sample by itself: each of its groups of values gets mean 0 and variance 1.
//!
//! The values of a group are contiguous, with one sample in each lane, so that all arithmetic is on whole vectors. Sums are
//! in `f64`.

use super::{Exec, tiles, tiles_mut, vectorized, with_lanes};
use crate::kernel::Vectorized;
use crate::tensor::Lanes;

/// Values that a task of the gradient of the parameters reads, about.
const GRAIN: usize = 1024;

/// Sizes and constants of a normalisation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SampleNorm {
    /// Values of a sample.
    pub len: usize,
    /// Groups of a sample, of equal length.
    pub groups: usize,
    /// Neighbouring values that share a weight and a bias.
    pub span: usize,
    /// ε, added to the variance.
    pub epsilon: f64,
}

impl SampleNorm {
    /// Values of a group.
    fn group(&self) -> usize {
        self.len / self.groups
    }

    /// The weights of a group, or its biases; none if there are none.
    fn of_group<'a, T>(&self, params: &'a [T], group: usize) -> &'a [T] {
        let count = params.len() / self.groups;
        &params[group % self.groups * count..][..count]
    }

    /// Entries of scratch memory for a number of tiles: two for each group.
    pub fn scratch(&self, tiles: usize) -> usize {
        2 * tiles * self.groups
    }

    /// y = (x − mean) / √(variance + ε) · weight + bias. Without parameters the weight is 1 and the bias 0.
    pub fn forward<T: Vectorized>(
        &self,
        y: &mut [Lanes<T>],
        x: &[Lanes<T>],
        weight: &[T],
        bias: &[T],
        exec: Exec,
    ) {
        let len = self.group();
        with_lanes!(exec.lanes, N => {
            let x = tiles::<T, N>(x, self.len);
            exec.each_chunk(tiles_mut::<T, N>(y, self.len), len, |i, y| {
                let (x, mut statistics) = (&x[i * len..][..len], [[T::zero(); N]; 2]);
                moments(exec.isa, &mut statistics, x, self.epsilon);
                let (weight, bias) = (self.of_group(weight, i), self.of_group(bias, i));
                normalise(exec.isa, y, x, &statistics, weight, bias, self.span);
            });
        });
    }

    /// The gradients of the input, if it is needed, and of the weights and biases, if there are any.
    pub fn backward<T: Vectorized>(
        &self,
        dx: Option<&mut [Lanes<T>]>,
        dweight: &mut [T],
        dbias: &mut [T],
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        weight: &[T],
        scratch: &mut [Lanes<T>],
        exec: Exec,
    ) {
        let len = self.group();
        with_lanes!(exec.lanes, N => {
            let [x, dy] = [x, dy].map(|entries| tiles::<T, N>(entries, self.len));
            let statistics = &mut tiles_mut::<T, N>(scratch, 2 * self.groups)[..2 * (x.len() / len)];
            exec.each_chunk(statistics, 2, |i, statistics| {
                moments(exec.isa, statistics, &x[i * len..][..len], self.epsilon);
            });
            let statistics = &*statistics;
            let together = GRAIN.div_ceil(x.len() / self.len * self.span);
            for (slopes, of_bias) in [(dweight, false), (dbias, true)] {
                exec.each_chunk(slopes, together, |i, slopes| {
                    to_params(exec.isa, self, slopes, i * together, of_bias, dy, x, statistics);
                });
            }
            let Some(dx) = dx else { return };
            exec.each_chunk(tiles_mut::<T, N>(dx, self.len), len, |i, dx| {
                let [x, dy] = [x, dy].map(|values| &values[i * len..][..len]);
                let weight = self.of_group(weight, i);
                to_input(exec.isa, dx, dy, x, &statistics[2 * i..][..2], weight, self.span);
            });
        });
    }
}

vectorized! {
    /// The mean of each lane, and 1 / √(variance + ε), the variance being the mean square distance from the mean.
    fn moments[T: Vectorized, const N: usize](statistics: &mut [[T; N]], x: &[[T; N]], epsilon: f64) {
        let count = x.len() as f64;
        let (mut sum, mut squares) = ([0.0; N], [0.0; N]);
        for x in x {
            for l in 0..N {
                sum[l] += x[l].as_f64();
            }
        }
        for l in 0..N {
            statistics[0][l] = T::of(sum[l] / count);
        }
        let mean = statistics[0];
        for x in x {
            for l in 0..N {
                let distance = (x[l] - mean[l]).as_f64();
                squares[l] += distance * distance;
            }
        }
        for l in 0..N {
            statistics[1][l] = T::of((squares[l] / count + epsilon).sqrt().recip());
        }
    }
}

vectorized! {
    /// y = (x − mean) · r · weight + bias, for a group.
    fn normalise[T: Vectorized, const N: usize](
        y: &mut [[T; N]],
        x: &[[T; N]],
        statistics: &[[T; N]; 2],
        weight: &[T],
        bias: &[T],
        span: usize,
    ) {
        let [mean, r] = *statistics;
        for (i, (y, x)) in y.chunks_exact_mut(span).zip(x.chunks_exact(span)).enumerate() {
            let (weight, bias) =
                if weight.is_empty() { (T::one(), T::zero()) } else { (weight[i], bias[i]) };
            let mut factor = r;
            for l in 0..N {
                factor[l] *= weight;
            }
            for (y, x) in y.iter_mut().zip(x) {
                for l in 0..N {
                    y[l] = (x[l] - mean[l]) * factor[l] + bias;
                }
            }
        }
    }
}

vectorized! {
    /// The gradients of some weights, Σ dy·(x − mean)·r, or of some biases, Σ dy, over the values of each.
    fn to_params[T: Vectorized, const N: usize](
        norm: &SampleNorm,
        slopes: &mut [T],
        first: usize,
        of_bias: bool,
        dy: &[[T; N]],
        x: &[[T; N]],
        statistics: &[[T; N]],
    ) {
        for (i, slope) in slopes.iter_mut().enumerate() {
            let start = (first + i) * norm.span;
            let group = start / norm.group();
            let mut sum = [0.0; N];
            for tile in 0..x.len() / norm.len {
                let at = tile * norm.len + start;
                let (dy, x) = (&dy[at..][..norm.span], &x[at..][..norm.span]);
                let statistics = &statistics[2 * (tile * norm.groups + group)..][..2];
                let (mean, r) = (statistics[0], statistics[1]);
                for (dy, x) in dy.iter().zip(x) {
                    for l in 0..N {
                        let factor = if of_bias { T::one() } else { (x[l] - mean[l]) * r[l] };
                        sum[l] += (dy[l] * factor).as_f64();
                    }
                }
            }
            *slope = T::of(sum.iter().sum::<f64>());
        }
    }
}

vectorized! {
    /// With n values in a group, z = (x − mean)·r and g = weight·dy: dx = r·(g − Σ g / n − z · Σ g·z / n).
    fn to_input[T: Vectorized, const N: usize](
        dx: &mut [[T; N]],
        dy: &[[T; N]],
        x: &[[T; N]],
        statistics: &[[T; N]],
        weight: &[T],
        span: usize,
    ) {
        let (mean, r) = (statistics[0], statistics[1]);
        let (mut sum, mut product) = ([0.0; N], [0.0; N]);
        for (i, ((dx, dy), x)) in
            dx.chunks_exact_mut(span).zip(dy.chunks_exact(span)).zip(x.chunks_exact(span)).enumerate()
        {
            let weight = if weight.is_empty() { T::one() } else { weight[i] };
            for ((dx, dy), x) in dx.iter_mut().zip(dy).zip(x) {
                for l in 0..N {
                    dx[l] = weight * dy[l];
                    sum[l] += dx[l].as_f64();
                    product[l] += (dx[l] * ((x[l] - mean[l]) * r[l])).as_f64();
                }
            }
        }
        let n = x.len() as f64;
        let [sum, product] = [sum, product].map(|sums| sums.map(|sum| T::of(sum / n)));
        for (dx, x) in dx.iter_mut().zip(x) {
            for l in 0..N {
                dx[l] = r[l] * (dx[l] - sum[l] - (x[l] - mean[l]) * r[l] * product[l]);
            }
        }
    }
}
