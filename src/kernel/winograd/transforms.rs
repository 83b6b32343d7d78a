//! The transforms of F(2×2, 3×3) and F(4×4, 3×3), on vectors.
//!
//! Both follow from polynomials at points: 0, 1, −1 and ∞ give F(2×2, 3×3), whose matrices have no factor but ½, and
//! 0, ±a, ±b and ∞ give F(4×4, 3×3). The usual points 1 and 2 lose most of a sum's last digits; with ¾ and 1½, whose powers
//! are exact in 32 bits as well, the error's root mean square is half as large, and the largest error a quarter.
//!
//! The size of a patch of the input is a constant, `SIDE`: 4 or 6, and that of a patch of the output, `OUT`, is 2 less.

use crate::kernel::simd::Simd;
use crate::kernel::{Vectorized, vectorized};
use crate::tensor::LANES;

/// The points of F(4×4, 3×3), their squares and cubes.
const A: f64 = 0.75;
const B: f64 = 1.5;
const A2: f64 = A * A;
const B2: f64 = B * B;
const A3: f64 = A * A * A;
const B3: f64 = B * B * B;

/// Aᵀ of F(2×2, 3×3): a row for each output.
const TWO: [[f64; 4]; 2] = [[1.0, 1.0, 1.0, 0.0], [0.0, 1.0, -1.0, -1.0]];

/// Aᵀ of F(4×4, 3×3): powers of the points.
const FOUR: [[f64; 6]; 4] = [
    [1.0, 1.0, 1.0, 1.0, 1.0, 0.0],
    [0.0, A, -A, B, -B, 0.0],
    [0.0, A2, A2, B2, B2, 0.0],
    [0.0, A3, -A3, B3, -B3, 1.0],
];

/// The factor with which a row of products takes part in row `output` of a patch of the output: an entry of Aᵀ.
#[inline(always)]
pub(super) fn output_factor<const OUT: usize>(output: usize, row: usize) -> f64 {
    if OUT == 2 { TWO[output][row] } else { FOUR[output][row] }
}

/// Aᵀ m for a column m.
#[inline(always)]
pub(super) fn transform_output<T: Vectorized, S: Simd<T>, const SIDE: usize, const OUT: usize>(
    simd: S,
    m: [S::V; SIDE],
) -> [S::V; OUT] {
    let of = |factor: f64| simd.splat(T::of(factor));
    let zero = of(0.0);
    let mut y = [zero; OUT];
    if SIDE == 4 {
        y[0] = simd.add(simd.add(m[0], m[1]), m[2]);
        y[1] = simd.sub(simd.sub(m[1], m[2]), m[3]);
    } else {
        let [sum_a, sum_b] = [simd.add(m[1], m[2]), simd.add(m[3], m[4])];
        let [difference_a, difference_b] = [simd.sub(m[1], m[2]), simd.sub(m[3], m[4])];
        y[0] = simd.add(simd.add(m[0], sum_a), sum_b);
        y[1] = simd.mul_add(of(B), difference_b, simd.mul_add(of(A), difference_a, zero));
        y[2] = simd.mul_add(of(B2), sum_b, simd.mul_add(of(A2), sum_a, zero));
        y[3] = simd.mul_add(of(B3), difference_b, simd.mul_add(of(A3), difference_a, m[5]));
    }
    y
}

/// Bᵀ d for a column d. Of F(2×2, 3×3) the rows of Bᵀ are (1, 0, −1, 0), (0, 1, 1, 0), (0, −1, 1, 0), (0, 1, 0, −1). Of F(4×4, 3×3)
/// they are the coefficients of the polynomials that are zero at all points but one.
#[inline(always)]
pub(super) fn transform_input<T: Vectorized, S: Simd<T>, const SIDE: usize>(
    simd: S,
    d: [S::V; SIDE],
) -> [S::V; SIDE] {
    let of = |factor: f64| simd.splat(T::of(factor));
    let mut v = d;
    if SIDE == 4 {
        [v[0], v[1]] = [simd.sub(d[0], d[2]), simd.add(d[1], d[2])];
        [v[2], v[3]] = [simd.sub(d[2], d[1]), simd.sub(d[1], d[3])];
    } else {
        // x·(x² − a²)·(x² − b²) without the factor x, and with it.
        for first in 0..2 {
            let rest = simd.mul_add(of(-A2 - B2), d[first + 2], d[first + 4]);
            v[5 * first] = simd.mul_add(of(A2 * B2), d[first], rest);
        }
        // x·(x ± a)·(x² − b²), and the same with a and b exchanged.
        for (i, point, other) in [(1, A, B2), (3, B, A2)] {
            let even = simd.mul_add(of(-other), d[2], d[4]);
            let odd = simd.mul_add(of(-other), d[1], d[3]);
            v[i] = simd.mul_add(of(point), odd, even);
            v[i + 1] = simd.mul_add(of(-point), odd, even);
        }
    }
    v
}

vectorized! {
    /// G g Gᵀ for the kernels of sixteen channels. Of F(2×2, 3×3) the rows of G are (1, 0, 0), (½, ½, ½), (½, −½, ½), (0, 0, 1). Of
    /// F(4×4, 3×3) they are the powers of the points, divided by the polynomial of their row of Bᵀ there.
    pub(super) fn transform_kernels[T: Vectorized, const SIDE: usize](
        u: &mut [[[T; LANES]; SIDE]; SIDE],
        g: &[[T; LANES]; 9],
    ) {
        let mut t = [[[T::zero(); LANES]; 3]; SIDE];
        for i in 0..3 {
            for l in 0..LANES {
                let column: [T; SIDE] = transform_kernel([g[i][l], g[3 + i][l], g[6 + i][l]]);
                for j in 0..SIDE {
                    t[j][i][l] = column[j];
                }
            }
        }
        for i in 0..SIDE {
            for l in 0..LANES {
                let row: [T; SIDE] = transform_kernel([t[i][0][l], t[i][1][l], t[i][2][l]]);
                for j in 0..SIDE {
                    u[i][j][l] = row[j];
                }
            }
        }
    }
}

/// G g for a column g.
#[inline(always)]
fn transform_kernel<T: Vectorized, const SIDE: usize>([a, b, c]: [T; 3]) -> [T; SIDE] {
    let mut u = [c; SIDE];
    if SIDE == 4 {
        let half = T::of(0.5);
        [u[0], u[1], u[2]] = [a, (a + b + c) * half, (a - b + c) * half];
    } else {
        u[0] = a * T::of(1.0 / (A2 * B2));
        for (i, point, other) in [(1, A, B2), (3, B, A2)] {
            let square = point * point;
            let scale = 1.0 / (2.0 * square * (square - other));
            let even = a * T::of(scale) + c * T::of(scale * square);
            let odd = b * T::of(scale * point);
            [u[i], u[i + 1]] = [even + odd, even - odd];
        }
    }
    u
}
