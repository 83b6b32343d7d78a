//! Operations that make one value of several: sums, products, and channels one after the other.

use super::{
    Exec, GRAIN, Rectifier, Vectorized, tiles, tiles_mut, values, values_mut, vectorized, with_lanes,
};
use crate::tensor::{LANES, Lanes};

vectorized! {
    /// `y += x`, rectified.
    fn add_chunk[T: Vectorized](y: &mut [Lanes<T>], x: &[Lanes<T>], rectifier: Option<Rectifier>) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = y.zip(*x, |y, x| rectifier.map_or(y + x, |rectifier| rectifier.of(y + x)));
        }
    }
}

/// y = x(0) + x(1) + …, `count` of them, in this order, rectified.
pub(crate) fn sum<'a, T: Vectorized>(
    exec: Exec,
    y: &mut [Lanes<T>],
    x: impl Fn(usize) -> &'a [Lanes<T>] + Sync,
    count: usize,
    rectifier: Option<Rectifier>,
) {
    exec.each_chunk(y, GRAIN, |i, y| {
        y.copy_from_slice(&x(0)[i * GRAIN..][..y.len()]);
        for input in 1..count {
            add_chunk(exec.isa, y, &x(input)[i * GRAIN..], rectifier.filter(|_| input + 1 == count));
        }
    });
}

/// y = a · b, value by value.
pub(crate) fn product<T: Vectorized>(exec: Exec, y: &mut [Lanes<T>], a: &[Lanes<T>], b: &[Lanes<T>]) {
    vectorized! {
        fn chunk[T: Vectorized](y: &mut [Lanes<T>], a: &[Lanes<T>], b: &[Lanes<T>]) {
            for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
                *y = a.zip(*b, |a, b| a * b);
            }
        }
    }
    exec.each_chunk(y, GRAIN, |i, y| chunk(exec.isa, y, &a[i * GRAIN..], &b[i * GRAIN..]));
}

/// Planes of `area` positions that one task takes.
fn planes_together(exec: Exec, area: usize) -> usize {
    (GRAIN * LANES / exec.lanes).div_ceil(area)
}

/// y = x · gate, with one number of the gate for each plane of `area` values.
pub(crate) fn gated<T: Vectorized>(
    exec: Exec,
    y: &mut [Lanes<T>],
    x: &[Lanes<T>],
    gate: &[Lanes<T>],
    [channels, area]: [usize; 2],
) {
    vectorized! {
        fn planes[T: Vectorized, const N: usize](y: &mut [[T; N]], x: &[[T; N]], gate: &[[T; N]], area: usize) {
            for ((y, x), gate) in y.chunks_exact_mut(area).zip(x.chunks_exact(area)).zip(gate) {
                for (y, x) in y.iter_mut().zip(x) {
                    for lane in 0..N {
                        y[lane] = x[lane] * gate[lane];
                    }
                }
            }
        }
    }
    with_lanes!(exec.lanes, N => {
        let (x, gate) = (tiles::<T, N>(x, channels * area), tiles::<T, N>(gate, channels));
        let together = planes_together(exec, area);
        exec.each_chunk(tiles_mut::<T, N>(y, channels * area), together * area, |i, y| {
            let plane = i * together;
            planes::<T, N>(exec.isa, y, &x[plane * area..], &gate[plane..], area);
        });
    });
}

/// The gradient by the gate: the sum of dy · x over each plane.
pub(crate) fn gate_gradient<T: Vectorized>(
    exec: Exec,
    dgate: &mut [Lanes<T>],
    dy: &[Lanes<T>],
    x: &[Lanes<T>],
    [channels, area]: [usize; 2],
) {
    vectorized! {
        fn planes[T: Vectorized, const N: usize](dgate: &mut [[T; N]], dy: &[[T; N]], x: &[[T; N]], area: usize) {
            for ((dgate, dy), x) in dgate.iter_mut().zip(dy.chunks_exact(area)).zip(x.chunks_exact(area)) {
                let mut sum = [T::zero(); N];
                for (dy, x) in dy.iter().zip(x) {
                    for lane in 0..N {
                        sum[lane] += dy[lane] * x[lane];
                    }
                }
                *dgate = sum;
            }
        }
    }
    with_lanes!(exec.lanes, N => {
        let [dy, x] = [dy, x].map(|entries| tiles::<T, N>(entries, channels * area));
        let together = planes_together(exec, area);
        exec.each_chunk(tiles_mut::<T, N>(dgate, channels), together, |i, dgate| {
            let start = i * together * area;
            planes::<T, N>(exec.isa, dgate, &dy[start..], &x[start..], area);
        });
    });
}

/// A part of a value: of `whole` numbers of a sample those from `start` on, `len` of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Part {
    pub whole: usize,
    pub start: usize,
    pub len: usize,
}

impl Part {
    /// Writes this part of y.
    pub fn write<T: Vectorized>(self, exec: Exec, y: &mut [Lanes<T>], part: &[Lanes<T>]) {
        let [start, len, whole] = [self.start, self.len, self.whole].map(|values| values * exec.lanes);
        let part = values(part);
        exec.each_chunk(values_of_tiles(exec, y, whole), whole, |tile, y| {
            y[start..start + len].copy_from_slice(&part[tile * len..][..len]);
        });
    }

    /// Writes this part of y, and zeros to the rest of it.
    pub fn write_alone<T: Vectorized>(self, exec: Exec, y: &mut [Lanes<T>], part: &[Lanes<T>]) {
        let [start, len, whole] = [self.start, self.len, self.whole].map(|values| values * exec.lanes);
        let part = values(part);
        exec.each_chunk(values_of_tiles(exec, y, whole), whole, |tile, y| {
            y[..start].fill(T::zero());
            y[start..start + len].copy_from_slice(&part[tile * len..][..len]);
            y[start + len..].fill(T::zero());
        });
    }

    /// Copies this part of y.
    pub fn read<T: Vectorized>(self, exec: Exec, part: &mut [Lanes<T>], y: &[Lanes<T>]) {
        let [start, len, whole] = [self.start, self.len, self.whole].map(|values| values * exec.lanes);
        let y = values(y);
        exec.each_chunk(values_of_tiles(exec, part, len), len, |tile, part| {
            part.copy_from_slice(&y[tile * whole + start..][..len]);
        });
    }
}

/// The values of all tiles, `len` in each: a narrow tile may end inside of an entry.
fn values_of_tiles<T: Vectorized>(exec: Exec, entries: &mut [Lanes<T>], len: usize) -> &mut [T] {
    let values = values_mut(entries);
    if exec.lanes == LANES { values } else { &mut values[..len] }
}
