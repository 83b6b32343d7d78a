//! Operations on each channel: sums over all its samples and positions, and a·x + b with the channel's own numbers.
//!
//! Positions are not told apart: a plane of a tile is a slice of values, and the value at index j belongs to lane j modulo
//! the number of lanes.

use super::{Exec, Rectifier, values, values_mut, vectorized};
use crate::kernel::Vectorized;
use crate::tensor::{LANES, Lanes};

/// Number of parallel sums: a multiple of every number of lanes.
const WIDTH: usize = 4 * LANES;

/// Rows of [`WIDTH`] values that are summed in the scalar type before the result is added to an `f64`.
const ROWS: usize = 64;

/// Entries of a task.
const GRAIN: usize = 1024;

/// Sizes of feature maps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Channels {
    /// Planes of a sample.
    pub channels: usize,
    /// Positions of a plane.
    pub area: usize,
}

/// The numbers of one channel. An operation reads some of them and writes others, see [`Channels`].
// Values of `T` and nothing else, so that scratch memory can hold them, see `Channels::numbers`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ChannelNumbers<T> {
    /// The mean of x.
    pub mean: T,
    /// The mean of (x − mean)².
    pub variance: T,
    /// Σ dy.
    pub sum_dy: T,
    /// Σ dy · (x − mean).
    pub sum_dy_x: T,
    /// The factor of x, or of dy in a gradient.
    pub factor: T,
    /// The factor of x − mean in a gradient.
    pub slope: T,
    /// The number that is added.
    pub term: T,
}

/// K times [`WIDTH`] parallel sums.
type ParallelSums<const K: usize> = [[f64; WIDTH]; K];

vectorized! {
    /// Adds f(a, b) for each pair of values to the sums.
    fn add_up[T: Vectorized, F: Fn(T, T) -> [T; K], const K: usize](sums: &mut ParallelSums<K>, a: &[T], b: &[T], f: F) {
        for (a, b) in a.chunks(WIDTH * ROWS).zip(b.chunks(WIDTH * ROWS)) {
            let mut part = [[T::zero(); WIDTH]; K];
            let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<WIDTH>(), b.as_chunks::<WIDTH>());
            for (a, b) in a.iter().zip(b) {
                for j in 0..WIDTH {
                    let terms = f(a[j], b[j]);
                    for k in 0..K {
                        part[k][j] += terms[k];
                    }
                }
            }
            for (j, (a, b)) in rest_a.iter().zip(rest_b).enumerate() {
                let terms = f(*a, *b);
                for k in 0..K {
                    part[k][j] += terms[k];
                }
            }
            for (sums, part) in sums.iter_mut().zip(part) {
                for (sum, part) in sums.iter_mut().zip(part) {
                    *sum += part.as_f64();
                }
            }
        }
    }
}

vectorized! {
    /// y = factor·x + term, plane by plane, rectified.
    fn scale_planes[T: Vectorized](y: &mut [T], x: &[T], plane: usize, numbers: &[ChannelNumbers<T>], rectifier: Option<Rectifier>) {
        for ((y, x), numbers) in y.chunks_exact_mut(plane).zip(x.chunks_exact(plane)).zip(numbers) {
            let ChannelNumbers { factor, term, .. } = *numbers;
            for (y, x) in y.iter_mut().zip(x) {
                let sum = factor * *x + term;
                *y = rectifier.map_or(sum, |rectifier| rectifier.of(sum));
            }
        }
    }
}

vectorized! {
    /// dx = factor·dy + slope·(x − mean) + term, plane by plane.
    fn combine_planes[T: Vectorized](dx: &mut [T], dy: &[T], x: &[T], plane: usize, numbers: &[ChannelNumbers<T>]) {
        let planes = dx.chunks_exact_mut(plane).zip(dy.chunks_exact(plane)).zip(x.chunks_exact(plane));
        for (((dx, dy), x), numbers) in planes.zip(numbers) {
            let ChannelNumbers { factor, slope, mean, term, .. } = *numbers;
            for ((dx, dy), x) in dx.iter_mut().zip(dy).zip(x) {
                *dx = factor * *dy + slope * (*x - mean) + term;
            }
        }
    }
}

vectorized! {
    /// y = v where x > 0, else slope·v, plane by plane.
    fn p_relu_planes[T: Vectorized](y: &mut [T], v: &[T], x: &[T], plane: usize, slopes: &[T]) {
        let planes = y.chunks_exact_mut(plane).zip(v.chunks_exact(plane)).zip(x.chunks_exact(plane));
        for (((y, v), x), slope) in planes.zip(slopes) {
            for ((y, v), x) in y.iter_mut().zip(v).zip(x) {
                *y = if *x > T::zero() { *v } else { *slope * *v };
            }
        }
    }
}

impl Channels {
    /// Entries of scratch memory that [`Channels::numbers`] needs.
    pub fn scratch(&self) -> usize {
        self.channels
    }

    /// The numbers of each channel, kept in scratch memory.
    pub fn numbers<'a, T: Vectorized>(&self, scratch: &'a mut [Lanes<T>]) -> &'a mut [ChannelNumbers<T>] {
        const {
            assert!(size_of::<ChannelNumbers<T>>() <= size_of::<Lanes<T>>());
            assert!(size_of::<ChannelNumbers<T>>().is_multiple_of(size_of::<T>()));
            assert!(align_of::<ChannelNumbers<T>>() == align_of::<T>());
        }
        let scratch = &mut scratch[..self.scratch()];
        // SAFETY: an entry of scratch memory for each channel is large enough for its numbers, and aligned to more. Both
        // types are values of `T` without padding, so that either may be read after the other was written.
        unsafe { std::slice::from_raw_parts_mut(scratch.as_mut_ptr().cast(), self.channels) }
    }

    /// Values of a channel in one tile.
    fn plane(&self, exec: Exec) -> usize {
        self.area * exec.lanes
    }

    /// The values of the tiles, without the unused end of a narrow tile's last entry.
    fn values<'a, T: Vectorized>(&self, x: &'a [Lanes<T>], exec: Exec) -> &'a [T] {
        let all = values(x);
        if exec.lanes == LANES { all } else { &all[..self.channels * self.plane(exec)] }
    }

    fn values_mut<'a, T: Vectorized>(&self, x: &'a mut [Lanes<T>], exec: Exec) -> &'a mut [T] {
        let all = values_mut(x);
        if exec.lanes == LANES { all } else { &mut all[..self.channels * self.plane(exec)] }
    }

    /// Channels of a task: a divisor of their number.
    fn together(&self) -> usize {
        let most = (GRAIN / self.area).clamp(1, self.channels);
        (1..=most).rev().find(|together| self.channels.is_multiple_of(*together)).unwrap_or(1)
    }

    /// The sums of f(a, b) over all samples and positions of a channel, always added in the same order.
    fn sum<T: Vectorized, const K: usize>(
        &self,
        channel: usize,
        [a, b]: [&[T]; 2],
        samples: usize,
        exec: Exec,
        f: impl Fn(T, T) -> [T; K] + Copy,
    ) -> [f64; K] {
        let plane = self.plane(exec);
        let add = |sums: &mut ParallelSums<K>, tile: usize| {
            let start = (tile * self.channels + channel) * plane;
            add_up(exec.isa, sums, &a[start..][..plane], &b[start..][..plane], f);
        };
        let mut sums = [[0.0; WIDTH]; K];
        (0..samples / exec.lanes).for_each(|tile| add(&mut sums, tile));
        let mut total = sums.map(|sums| sums.iter().sum::<f64>());
        let used = samples % exec.lanes;
        if used > 0 {
            // The last tile has lanes without samples.
            let mut sums = [[0.0; WIDTH]; K];
            add(&mut sums, samples / exec.lanes);
            for (total, sums) in total.iter_mut().zip(sums) {
                *total += sums.chunks(exec.lanes).flat_map(|lanes| &lanes[..used]).sum::<f64>();
            }
        }
        total
    }

    /// Calls `f` with each channel and its numbers.
    fn each<T: Vectorized>(
        &self,
        numbers: &mut [ChannelNumbers<T>],
        samples: usize,
        exec: Exec,
        f: impl Fn(usize, &mut ChannelNumbers<T>) + Sync,
    ) {
        let work = self.area * samples.div_ceil(exec.lanes);
        let together = GRAIN.div_ceil(work);
        exec.each_chunk(numbers, together, |i, numbers| {
            for (c, numbers) in numbers.iter_mut().enumerate() {
                f(i * together + c, numbers);
            }
        });
    }

    /// Writes the mean and variance of each channel over all samples and positions. The variance is the mean square distance
    /// from the mean, computed in a second pass.
    pub fn moments<T: Vectorized>(
        &self,
        numbers: &mut [ChannelNumbers<T>],
        x: &[Lanes<T>],
        samples: usize,
        exec: Exec,
    ) {
        let x = self.values(x, exec);
        let count = (samples * self.area) as f64;
        self.each(numbers, samples, exec, |c, numbers| {
            let [sum] = self.sum(c, [x, x], samples, exec, |x, _| [x]);
            let mean = T::of(sum / count);
            let [squares] = self.sum(c, [x, x], samples, exec, |x, _| [(x - mean) * (x - mean)]);
            (numbers.mean, numbers.variance) = (mean, T::of(squares / count));
        });
    }

    /// Writes `sum_dy` and `sum_dy_x` of each channel, which has its mean already.
    pub fn slopes<T: Vectorized>(
        &self,
        numbers: &mut [ChannelNumbers<T>],
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        samples: usize,
        exec: Exec,
    ) {
        let (dy, x) = (self.values(dy, exec), self.values(x, exec));
        self.each(numbers, samples, exec, |c, numbers| {
            let mean = numbers.mean;
            let sums = self.sum(c, [dy, x], samples, exec, |dy, x| [dy, dy * (x - mean)]);
            [numbers.sum_dy, numbers.sum_dy_x] = sums.map(T::of);
        });
    }

    /// y = factor·x + term with each channel's own numbers, rectified.
    pub fn scale<T: Vectorized>(
        &self,
        y: &mut [Lanes<T>],
        x: &[Lanes<T>],
        numbers: &[ChannelNumbers<T>],
        rectifier: Option<Rectifier>,
        exec: Exec,
    ) {
        let (plane, together) = (self.plane(exec), self.together());
        let x = self.values(x, exec);
        exec.each_chunk(self.values_mut(y, exec), together * plane, |i, y| {
            let numbers = &numbers[i * together % self.channels..][..together];
            scale_planes(exec.isa, y, &x[i * together * plane..], plane, numbers, rectifier);
        });
    }

    /// y = v where x > 0, else slope·v with each channel's own slope: a rectifier if v is x, its gradient if v is dy.
    pub fn p_relu<T: Vectorized>(
        &self,
        y: &mut [Lanes<T>],
        v: &[Lanes<T>],
        x: &[Lanes<T>],
        slopes: &[T],
        exec: Exec,
    ) {
        let (plane, together) = (self.plane(exec), self.together());
        let (v, x) = (self.values(v, exec), self.values(x, exec));
        exec.each_chunk(self.values_mut(y, exec), together * plane, |i, y| {
            let start = i * together * plane;
            let slopes = &slopes[i * together % self.channels..][..together];
            p_relu_planes(exec.isa, y, &v[start..], &x[start..], plane, slopes);
        });
    }

    /// Writes Σ min(x, 0)·dy of each channel.
    pub fn p_relu_slopes<T: Vectorized>(
        &self,
        sums: &mut [T],
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        samples: usize,
        exec: Exec,
    ) {
        let (dy, x) = (self.values(dy, exec), self.values(x, exec));
        let together = GRAIN.div_ceil(self.area * samples.div_ceil(exec.lanes));
        exec.each_chunk(sums, together, |i, sums| {
            for (c, sum) in sums.iter_mut().enumerate() {
                let at = i * together + c;
                let [total] = self.sum(at, [dy, x], samples, exec, |dy, x| {
                    [if x > T::zero() { T::zero() } else { dy * x }]
                });
                *sum = T::of(total);
            }
        });
    }

    /// dx = factor·dy + slope·(x − mean) + term with each channel's own numbers; 0 in lanes without a sample.
    pub fn combine<T: Vectorized>(
        &self,
        dx: &mut [Lanes<T>],
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        numbers: &[ChannelNumbers<T>],
        samples: usize,
        exec: Exec,
    ) {
        let (plane, together) = (self.plane(exec), self.together());
        let (dy, x) = (self.values(dy, exec), self.values(x, exec));
        let last = samples / exec.lanes * self.channels * plane;
        exec.each_chunk(self.values_mut(dx, exec), together * plane, |i, dx| {
            let start = i * together * plane;
            let numbers = &numbers[i * together % self.channels..][..together];
            combine_planes(exec.isa, dx, &dy[start..], &x[start..], plane, numbers);
            if start >= last {
                for lanes in dx.chunks_exact_mut(exec.lanes) {
                    lanes[samples % exec.lanes..].fill(T::zero());
                }
            }
        });
    }
}
