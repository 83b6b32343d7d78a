//! Sums over channels, and operations with each channel's own numbers.

use super::*;
use crate::kernel::channels::{ChannelNumbers, Channels};
use crate::kernel::naive;

/// Sums over channels are exact, and lanes without a sample are not in them, whatever they hold.
#[test]
fn channels() {
    for (channels, area) in [(1, 1), (5, 1), (3, 7), (4, 64), (2, 300)] {
        let of = Channels { channels, area };
        for batch in BATCHES {
            let mut integers = Integers((channels * area) as u64);
            let [x, dy] = [(); 2].map(|()| integers.samples(batch, channels * area));
            // What an operation does not read is NaN.
            let unset = of.numbers(&mut nan(of.scratch()))[0];
            for exec in ways(batch) {
                let (mut spoilt, dy_tiles) = (tiles(&x, exec), tiles(&dy, exec));
                let used = (batch - 1) % exec.lanes + 1;
                let last = (batch - 1) / exec.lanes * channels * area;
                for entry in last..last + channels * area {
                    for lane in used..exec.lanes {
                        let at = entry * exec.lanes + lane;
                        spoilt[at / LANES].0[at % LANES] = 1e6;
                    }
                }
                let mut scratch = nan(of.scratch());
                let numbers = of.numbers(&mut scratch);
                assert_eq!(numbers.len(), channels);
                of.moments(numbers, &spoilt, batch, exec);
                for (c, numbers) in numbers.iter_mut().enumerate() {
                    let expected = naive::moments(&x, area, c);
                    for (found, expected) in [numbers.mean, numbers.variance].into_iter().zip(expected) {
                        let error = (f64::from(found) - expected).abs();
                        assert!(
                            error <= 1e-6 * expected.abs(),
                            "{of:?}, batch {batch}, {exec:?}: {found} for {expected}"
                        );
                    }
                    numbers.mean = c as f32;
                }
                of.slopes(numbers, &dy_tiles, &tiles(&x, exec), batch, exec);
                for (c, numbers) in numbers.iter().enumerate() {
                    let mut sums = [0.0, 0.0];
                    for (dy, x) in dy.iter().zip(&x) {
                        for i in c * area..(c + 1) * area {
                            sums[0] += dy[i];
                            sums[1] += dy[i] * (x[i] - c as f64);
                        }
                    }
                    let found = [numbers.sum_dy, numbers.sum_dy_x];
                    assert_eq!(found, sums.map(|sum| sum as f32), "{of:?}, batch {batch}, {exec:?}");
                }
                let numbers: Vec<_> = (0..channels)
                    .map(|c| c as f32)
                    .map(|c| ChannelNumbers { factor: 2.0 * c, term: 2.0 * (c + 1.0), ..unset })
                    .collect();
                for rectifier in ends() {
                    let mut y = nan(spoilt.len());
                    of.scale(&mut y, &spoilt, &numbers, rectifier, exec);
                    let expected = |x: &Vec<f64>| -> Vec<f64> {
                        let y = x.iter().enumerate().map(|(i, x)| {
                            let c = (i / area) as f64;
                            2.0 * c * x + 2.0 * (c + 1.0)
                        });
                        y.map(|y| rectified(rectifier, y)).collect()
                    };
                    assert_samples("a·x + b", exec, &y, &x.iter().map(expected).collect::<Vec<_>>());
                }
                let numbers: Vec<_> = (0..channels)
                    .map(|c| c as f32)
                    .map(|c| ChannelNumbers {
                        factor: c,
                        slope: c + 1.0,
                        mean: c + 2.0,
                        term: c + 3.0,
                        ..unset
                    })
                    .collect();
                let mut dx = nan(spoilt.len());
                of.combine(&mut dx, &dy_tiles, &spoilt, &numbers, batch, exec);
                let expected = |(dy, x): (&Vec<f64>, &Vec<f64>)| -> Vec<f64> {
                    let terms = dy.iter().zip(x).enumerate();
                    terms
                        .map(|(i, (dy, x))| {
                            let c = (i / area) as f64;
                            c * dy + (c + 1.0) * (x - c - 2.0) + c + 3.0
                        })
                        .collect()
                };
                let expected: Vec<Vec<f64>> = dy.iter().zip(&x).map(expected).collect();
                assert_samples("gradient", exec, &dx, &expected);
                for entry in last..last + channels * area {
                    for lane in used..exec.lanes {
                        assert_eq!(values(&dx)[entry * exec.lanes + lane], 0.0, "a lane without a sample");
                    }
                }
            }
        }
    }
}
