//! Pooling with sliding and with adaptive windows.

use super::*;
use crate::kernel::naive;
use crate::kernel::pool::{Pooling, Windows};

/// A number that the divisor of every window divides.
fn common_multiple(pool: &Pooling) -> f64 {
    let gcd = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let divisors = (0..pool.output[0] * pool.output[1]).map(|p| naive::divisor(pool, p));
    divisors.fold(1, |all, divisor| all / gcd(all, divisor) * divisor) as f64
}

fn check_pool(pool: Pooling, batch: usize, seed: u64) {
    let channels = pool.channels;
    let mut integers = Integers(seed);
    let (x_area, y_area) = (pool.input[0] * pool.input[1], pool.output[0] * pool.output[1]);
    let multiple = common_multiple(&pool);
    let x = integers.samples(batch, channels * x_area);
    // Multiples of all divisors, so that means and their gradients are whole too.
    let dy: Vec<Vec<f64>> = integers
        .samples(batch, channels * y_area)
        .into_iter()
        .map(|sample| sample.into_iter().map(|v| v * multiple).collect())
        .collect();
    let multiples: Vec<Vec<f64>> = x.iter().map(|s| s.iter().map(|v| v * multiple).collect()).collect();

    let zeros = |len: usize| vec![vec![0.0; len]; batch];
    let (mut max, mut max_dx) = (zeros(channels * y_area), zeros(channels * x_area));
    let (mut mean, mut mean_dx) = (zeros(channels * y_area), zeros(channels * x_area));
    for n in 0..batch {
        for c in 0..channels {
            let (xs, ys) = (c * x_area..(c + 1) * x_area, c * y_area..(c + 1) * y_area);
            naive::max_forward(&mut max[n][ys.clone()], &x[n][xs.clone()], &pool);
            naive::max_backward(&mut max_dx[n][xs.clone()], &dy[n][ys.clone()], &x[n][xs.clone()], &pool);
            naive::mean_forward(&mut mean[n][ys.clone()], &multiples[n][xs.clone()], &pool);
            naive::mean_backward(&mut mean_dx[n][xs.clone()], &dy[n][ys.clone()], &pool);
        }
    }

    let samples = x.clone();
    for exec in ways(batch) {
        let what = |pass| format!("{pass} of {pool:?}, batch {batch}");
        let (x, multiples, dy) = (tiles(&x, exec), tiles(&multiples, exec), tiles(&dy, exec));
        let mut y = nan(dy.len());
        pool.max_forward(&mut y, &x, exec);
        assert_samples(&what("max"), exec, &y, &max);
        let mut dx = nan(x.len());
        pool.max_backward(&mut dx, &dy, &x, &y, None, exec);
        assert_samples(&what("gradient of max"), exec, &dx, &max_dx);
        // A gradient through a window whose largest value has the slope 0 dies in the rectifier before it.
        for rectifier in RECTIFIERS {
            pool.max_backward(&mut dx, &dy, &x, &y, Some(rectifier), exec);
            let masked = masked(rectifier, &max_dx, &samples);
            assert_samples(&what("gradient of max after a rectifier"), exec, &dx, &masked);
        }
        if matches!(pool.windows, Windows::Sliding(window) if window.dilation != [1, 1]) {
            continue; // A mean has no dilation.
        }
        pool.mean_forward(&mut y, &multiples, exec);
        assert_samples(&what("mean"), exec, &y, &mean);
        pool.mean_backward(&mut dx, &dy, exec);
        assert_samples(&what("gradient of mean"), exec, &dx, &mean_dx);
    }
}

#[test]
fn pooling() {
    let mut tried = 0;
    for input in [[4, 4], [5, 7], [9, 6], [3, 3]] {
        for kernel in [[1, 1], [2, 2], [3, 3], [2, 3]] {
            for stride in [[1, 1], [2, 2], [3, 2]] {
                for padding in [[0, 0], [1, 1]] {
                    let window = Window::new(kernel, stride, padding);
                    if padding[0] * 2 > kernel[0] || padding[1] * 2 > kernel[1] {
                        continue;
                    }
                    let Some(g) = geometry([1, input[0], input[1]], 1, window) else { continue };
                    let windows = Windows::Sliding(window);
                    let pool = Pooling {
                        channels: 3,
                        input,
                        output: [g.output[1], g.output[2]],
                        windows,
                        count_padding: true,
                    };
                    for batch in BATCHES {
                        check_pool(pool, batch, tried);
                    }
                    tried += 1;
                }
            }
        }
    }
    assert!(tried >= 60, "{tried} geometries");
}

/// Outputs that divide the input and that do not, one of all, as large as the input, and larger.
#[test]
fn adaptive_pooling() {
    for input in [[1, 1], [4, 6], [5, 7], [13, 3]] {
        for output in [[1, 1], [2, 3], [3, 2], [4, 6], [6, 5]] {
            let pool =
                Pooling { channels: 3, input, output, windows: Windows::Adaptive, count_padding: true };
            for batch in BATCHES {
                check_pool(pool, batch, (input[0] * 100 + output[0]) as u64);
            }
        }
    }
}

#[test]
fn any_adaptive_pooling() {
    cases(400, |draw| {
        let (input, output) = (draw.pair(1..14), draw.pair(1..8));
        let pool = Pooling { channels: 2, input, output, windows: Windows::Adaptive, count_padding: true };
        check_pool(pool, draw.of(1..35), draw.draw());
        true
    });
}

#[test]
fn any_pooling() {
    cases(400, |draw| {
        let (input, kernel) = (draw.pair(1..12), draw.pair(1..5));
        let (stride, padding) = (draw.pair(1..5), draw.sides(0..4));
        let dilation = if draw.of(0..3) == 0 { draw.pair(1..4) } else { [1, 1] };
        let (ceil, count_padding) = (draw.of(0..2) == 0, draw.of(0..2) == 0);
        let (batch, seed) = (draw.of(1..35), draw.draw());
        let window = Window { kernel, stride, padding, dilation, ceil };
        let Some(g) = geometry([1, input[0], input[1]], 1, window) else { return false };
        let (output, windows) = ([g.output[1], g.output[2]], Windows::Sliding(window));
        // No window of padding alone, by counting the entries of each that are in the input.
        let sees = |axis: usize, i: usize| {
            let places = (0..kernel[axis]).map(|u| i * stride[axis] + u * dilation[axis]);
            places.into_iter().any(|at| at >= padding[axis] && at < padding[axis] + input[axis])
        };
        let mut all = true;
        for axis in 0..2 {
            for i in 0..output[axis] {
                assert_eq!(window.meets(axis, i, input[axis]), sees(axis, i), "{window:?} {i}");
                all &= sees(axis, i);
            }
        }
        if all {
            check_pool(Pooling { channels: 2, input, output, windows, count_padding }, batch, seed);
        }
        all
    });
}
