//! Radial basis functions: distances of vectors from fixed points.

use super::{Exec, tiles, tiles_mut, vectorized, with_lanes};
use crate::kernel::Vectorized;
use crate::tensor::Lanes;

vectorized! {
    /// y\[i\] = −½ · Σⱼ (x\[j\] − w\[i\]\[j\])², for one tile.
    fn distances[T: Vectorized, const N: usize](y: &mut [[T; N]], x: &[[T; N]], points: &[f64]) {
        for (y, point) in y.iter_mut().zip(points.chunks_exact(x.len())) {
            let mut sum = [T::zero(); N];
            for (x, w) in x.iter().zip(point) {
                let w = T::of(*w);
                for l in 0..N {
                    sum[l] += (x[l] - w) * (x[l] - w);
                }
            }
            *y = sum.map(|sum| sum * T::of(-0.5));
        }
    }
}

vectorized! {
    /// dx\[j\] = Σᵢ dy\[i\] · (w\[i\]\[j\] − x\[j\]), for one tile.
    fn slopes[T: Vectorized, const N: usize](dx: &mut [[T; N]], dy: &[[T; N]], x: &[[T; N]], points: &[f64]) {
        dx.fill([T::zero(); N]);
        for (dy, point) in dy.iter().zip(points.chunks_exact(x.len())) {
            for ((dx, x), w) in dx.iter_mut().zip(x).zip(point) {
                let w = T::of(*w);
                for l in 0..N {
                    dx[l] += dy[l] * (w - x[l]);
                }
            }
        }
    }
}

/// y\[i\] = −½ · Σⱼ (x\[j\] − w\[i\]\[j\])², with the w\[i\] in `points`, `len` numbers each.
pub fn forward<T: Vectorized>(y: &mut [Lanes<T>], x: &[Lanes<T>], points: &[f64], len: usize, exec: Exec) {
    let units = points.len() / len;
    with_lanes!(exec.lanes, N => {
        let x = tiles::<T, N>(x, len);
        exec.each_chunk(tiles_mut::<T, N>(y, units), units, |tile, y| {
            distances(exec.isa, y, &x[tile * len..][..len], points);
        });
    });
}

/// dx\[j\] = Σᵢ dy\[i\] · (w\[i\]\[j\] − x\[j\]).
pub fn backward<T: Vectorized>(
    dx: &mut [Lanes<T>],
    dy: &[Lanes<T>],
    x: &[Lanes<T>],
    points: &[f64],
    len: usize,
    exec: Exec,
) {
    let units = points.len() / len;
    with_lanes!(exec.lanes, N => {
        let (dy, x) = (tiles::<T, N>(dy, units), tiles::<T, N>(x, len));
        exec.each_chunk(tiles_mut::<T, N>(dx, len), len, |tile, dx| {
            slopes(exec.isa, dx, &dy[tile * units..][..units], &x[tile * len..][..len], points);
        });
    });
}
