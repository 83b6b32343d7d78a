//! Losses that are a mean over the values of a sample.

use super::shared::Shared;
use super::{Exec, Vectorized, vectorized};
use crate::tensor::Lanes;

/// The most parts that the values of a sample are cut into, and the fewest values of a part.
const PARTS: usize = 64;
const GRAIN: usize = 1024;
/// Values whose targets are laid out in lanes together: they stay in the nearest cache.
const BLOCK: usize = 64;

/// The sum of `loss(y, d)` over the values y of the first `lanes` samples, with `target(lane, i)` the number d that value i of a
/// sample is compared with. Writes `scale · slope(y, d) / n` to `dy`, n being the number of values, and zero in the lanes without
/// a sample. Terms are added in 64 bits, in the order of the values within a part and then part by part.
pub(crate) fn sum_of_losses<T: Vectorized>(
    exec: Exec,
    dy: Option<&mut [Lanes<T>]>,
    y: &[Lanes<T>],
    lanes: usize,
    scale: T,
    target: impl Fn(usize, usize) -> T + Sync,
    loss: impl Fn(T, T) -> T + Sync,
    slope: impl Fn(T, T) -> T + Sync,
) -> f64 {
    let size = y.len().div_ceil(PARTS).max(GRAIN);
    let count = T::of(y.len() as f64);
    let dy = dy.map(|dy| Shared::new(&mut dy[..y.len()]));
    let mut sums = [0.0; PARTS];
    exec.each_chunk(&mut sums[..y.len().div_ceil(size)], 1, |part, sum| {
        let range = part * size..y.len().min((part + 1) * size);
        // SAFETY: each part is asked for once.
        let dy = dy.map(|dy| unsafe { dy.part(range.clone()) });
        let target = |lane: usize, i: usize| target(lane, range.start + i);
        add_part(exec.isa, &mut sum[0], dy, &y[range.clone()], lanes, [scale, count], target, &loss, &slope);
    });
    sums.iter().sum()
}

vectorized! {
    fn add_part[T: Vectorized, D: Fn(usize, usize) -> T, L: Fn(T, T) -> T, S: Fn(T, T) -> T](
        sum: &mut f64,
        dy: Option<&mut [Lanes<T>]>,
        y: &[Lanes<T>],
        lanes: usize,
        factors: [T; 2],
        target: D,
        loss: L,
        slope: S,
    ) {
        let ([scale, count], mut dy) = (factors, dy);
        let mut of_lanes = Lanes([0.0_f64; crate::tensor::LANES]);
        let mut targets = [Lanes::zero(); BLOCK];
        for (block, y) in y.chunks(BLOCK).enumerate() {
            for lane in 0..lanes {
                for (i, to) in targets[..y.len()].iter_mut().enumerate() {
                    to.0[lane] = target(lane, block * BLOCK + i);
                }
            }
            for (y, d) in y.iter().zip(&targets) {
                for l in 0..crate::tensor::LANES {
                    of_lanes.0[l] += loss(y.0[l], d.0[l]).as_f64();
                }
            }
            let Some(dy) = &mut dy else { continue };
            for ((dy, y), d) in dy[block * BLOCK..].iter_mut().zip(y).zip(&targets) {
                *dy = y.zip(*d, |y, d| scale * slope(y, d) / count);
                if lanes < crate::tensor::LANES {
                    dy.0[lanes..].fill(T::zero());
                }
            }
        }
        *sum = of_lanes.0[..lanes].iter().sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::LANES;

    /// Against plain loops, exactly: whole numbers, in one part and in many, with whole and partly filled lanes.
    #[test]
    fn sums_and_gradients_are_those_of_plain_loops() {
        for (len, lanes) in [(1, 1), (5, 16), (1000, 3), (70_001, 7)] {
            let y: Vec<Lanes<f32>> =
                (0..len).map(|i| Lanes(std::array::from_fn(|l| ((i * 7 + l * 5) % 13) as f32))).collect();
            let target = |lane: usize, i: usize| ((i * 3 + lane) % 11) as f32;
            let of_value = |l: usize, i: usize| y[i].0[l] - target(l, i);
            let all = || (0..lanes).flat_map(|l| (0..len).map(move |i| (l, i)));
            let expected: f64 = all().map(|(l, i)| f64::from(of_value(l, i) * of_value(l, i))).sum();
            for parallel in [false, true] {
                for isa in crate::kernel::Isa::all() {
                    let exec = Exec { isa, ..Exec::new(parallel) };
                    let (loss, slope) = (|y: f32, d: f32| (y - d) * (y - d), |y: f32, d: f32| y - d);
                    let mut dy = vec![Lanes::splat(f32::NAN); len];
                    let with = sum_of_losses(exec, Some(&mut dy), &y, lanes, len as f32, target, loss, slope);
                    let without = sum_of_losses(exec, None, &y, lanes, 1.0, target, loss, slope);
                    assert_eq!((with, without), (expected, expected), "{len} values, {lanes} lanes");
                    assert!(all().all(|(l, i)| dy[i].0[l] == of_value(l, i)));
                    assert!(dy.iter().all(|dy| (lanes..LANES).all(|l| dy.0[l] == 0.0)));
                }
            }
        }
    }

    /// A sum of 32 bits would be off by a thousandth.
    #[test]
    fn sums_over_millions_of_values_are_exact_to_sixty_four_bits() {
        let y = vec![Lanes::splat(0.1_f32); 1 << 20];
        let sum = sum_of_losses(Exec::new(true), None, &y, LANES, 1.0, |_, _| 0.0, |y, d| y - d, |_, _| 1.0);
        let expected = f64::from(0.1_f32) * (LANES << 20) as f64;
        assert!((sum / expected - 1.0).abs() < 1e-12, "{sum} for {expected}");
    }
}
