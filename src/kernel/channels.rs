//! Operations on each channel: sums over all its samples and positions, and a·x + b with the channel's own a and b.
//!
//! Positions are not told apart: a plane of a tile is a slice of values, and the value at index j belongs to lane j modulo
//! the number of lanes.

use super::{Exec, values, values_mut, vectorized};
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
    /// y = a·x + b, plane by plane, or max(y, 0).
    fn scale_planes[T: Vectorized](y: &mut [T], x: &[T], plane: usize, numbers: &[Lanes<T>], relu: bool) {
        for ((y, x), numbers) in y.chunks_exact_mut(plane).zip(x.chunks_exact(plane)).zip(numbers) {
            let (a, b) = (numbers.0[0], numbers.0[1]);
            for (y, x) in y.iter_mut().zip(x) {
                let sum = a * *x + b;
                *y = if !relu || sum > T::zero() || sum.is_nan() { sum } else { T::zero() };
            }
        }
    }
}

vectorized! {
    /// dx = a·dy + b·(x − c) + d, plane by plane.
    fn combine_planes[T: Vectorized](dx: &mut [T], dy: &[T], x: &[T], plane: usize, numbers: &[Lanes<T>]) {
        let planes = dx.chunks_exact_mut(plane).zip(dy.chunks_exact(plane)).zip(x.chunks_exact(plane));
        for (((dx, dy), x), numbers) in planes.zip(numbers) {
            let [a, b, c, d] = [0, 1, 2, 3].map(|i| numbers.0[i]);
            for ((dx, dy), x) in dx.iter_mut().zip(dy).zip(x) {
                *dx = a * *dy + b * (*x - c) + d;
            }
        }
    }
}

impl Channels {
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

    /// Calls `f` with each channel and its entry.
    fn each<T: Vectorized>(
        &self,
        entries: &mut [Lanes<T>],
        samples: usize,
        exec: Exec,
        f: impl Fn(usize, &mut Lanes<T>) + Sync,
    ) {
        let work = self.area * samples.div_ceil(exec.lanes);
        let together = GRAIN.div_ceil(work);
        exec.each_chunk(&mut entries[..self.channels], together, |i, entries| {
            for (c, entry) in entries.iter_mut().enumerate() {
                f(i * together + c, entry);
            }
        });
    }

    /// Writes the mean and variance of each channel over all samples and positions to lanes 0 and 1 of its entry. The
    /// variance is the mean square distance from the mean, computed in a second pass.
    pub fn moments<T: Vectorized>(&self, out: &mut [Lanes<T>], x: &[Lanes<T>], samples: usize, exec: Exec) {
        let x = self.values(x, exec);
        let count = (samples * self.area) as f64;
        self.each(out, samples, exec, |c, out| {
            let [sum] = self.sum(c, [x, x], samples, exec, |x, _| [x]);
            let mean = T::of(sum / count);
            let [squares] = self.sum(c, [x, x], samples, exec, |x, _| [(x - mean) * (x - mean)]);
            (out.0[0], out.0[1]) = (mean, T::of(squares / count));
        });
    }

    /// Writes the sums of dy and of dy · (x − m) to lanes 2 and 3 of each channel's entry, with m from lane 0.
    pub fn slopes<T: Vectorized>(
        &self,
        out: &mut [Lanes<T>],
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        samples: usize,
        exec: Exec,
    ) {
        let (dy, x) = (self.values(dy, exec), self.values(x, exec));
        self.each(out, samples, exec, |c, out| {
            let mean = out.0[0];
            let sums = self.sum(c, [dy, x], samples, exec, |dy, x| [dy, dy * (x - mean)]);
            [out.0[2], out.0[3]] = sums.map(T::of);
        });
    }

    /// y = a·x + b, with a and b from lanes 0 and 1 of the channel's entry; with `relu`, max(y, 0).
    pub fn scale<T: Vectorized>(
        &self,
        y: &mut [Lanes<T>],
        x: &[Lanes<T>],
        numbers: &[Lanes<T>],
        relu: bool,
        exec: Exec,
    ) {
        let (plane, together) = (self.plane(exec), self.together());
        let x = self.values(x, exec);
        exec.each_chunk(self.values_mut(y, exec), together * plane, |i, y| {
            let numbers = &numbers[i * together % self.channels..][..together];
            scale_planes(exec.isa, y, &x[i * together * plane..], plane, numbers, relu);
        });
    }

    /// dx = a·dy + b·(x − c) + d, with a, b, c and d from lanes 0 to 3 of the channel's entry; 0 in lanes without a sample.
    pub fn combine<T: Vectorized>(
        &self,
        dx: &mut [Lanes<T>],
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        numbers: &[Lanes<T>],
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
