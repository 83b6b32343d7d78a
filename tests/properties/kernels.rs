//! Every kernel against the naive reference: the same integers, exactly.
//!
//! Values are small whole numbers, so that sums are exact in any order. Outputs and working space begin as
//! NaN: what is not written shows.

use convnet::kernel::channels::Channels;
use convnet::kernel::conv::{Conv, Geometry, Tiling};
use convnet::kernel::local_response::LocalResponse;
use convnet::kernel::pool::{Pooling, Windows};
use convnet::kernel::{Exec, Isa, naive, values};
use convnet::shape::Window;
use convnet::tensor::{LANES, Lanes};
use proptest::prelude::*;

const BATCHES: [usize; 8] = [1, 2, 3, 7, 15, 16, 17, 33];

/// Whole numbers from −4 to 4 in a fixed but irregular order.
struct Integers(u64);

impl Integers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % 9) as f64 - 4.0
    }

    fn values(&mut self, len: usize) -> Vec<f64> {
        (0..len).map(|_| self.next()).collect()
    }

    fn samples(&mut self, samples: usize, len: usize) -> Vec<Vec<f64>> {
        (0..samples).map(|_| self.values(len)).collect()
    }
}

/// Every instruction set of this machine, on one thread and on all, in whole tiles and, for few samples, in a
/// narrow one.
fn ways(samples: usize) -> Vec<Exec> {
    let mut lanes = vec![Exec::lanes_for(samples), LANES];
    lanes.dedup();
    let mut ways = Vec::new();
    for isa in Isa::all() {
        for parallel in [false, true] {
            ways.extend(lanes.iter().map(|&lanes| Exec { isa, parallel, lanes }));
        }
    }
    ways
}

/// Entries of a tile of `len` values.
fn entries(len: usize, exec: Exec) -> usize {
    (len * exec.lanes).div_ceil(LANES)
}

/// Samples in the engine's layout, zeros in the lanes that are left over.
fn tiles(samples: &[Vec<f64>], exec: Exec) -> Vec<Lanes<f32>> {
    let len = samples[0].len();
    let mut tiles = vec![Lanes::zero(); samples.len().div_ceil(exec.lanes) * entries(len, exec)];
    for (n, sample) in samples.iter().enumerate() {
        for (i, value) in sample.iter().enumerate() {
            let at = (n / exec.lanes * len + i) * exec.lanes + n % exec.lanes;
            tiles[at / LANES].0[at % LANES] = *value as f32;
        }
    }
    tiles
}

fn nan(len: usize) -> Vec<Lanes<f32>> {
    vec![Lanes::splat(f32::NAN); len]
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&v| v as f32).collect()
}

#[track_caller]
fn assert_samples(what: &str, exec: Exec, found: &[Lanes<f32>], expected: &[Vec<f64>]) {
    let len = expected[0].len();
    for (n, sample) in expected.iter().enumerate() {
        for (i, value) in sample.iter().enumerate() {
            let found = values(found)[(n / exec.lanes * len + i) * exec.lanes + n % exec.lanes];
            assert_eq!(found, *value as f32, "{what}, {exec:?}, sample {n}, entry {i}");
        }
    }
}

/// A geometry from its input, filters and window; `None` where the window does not fit.
fn geometry(input: [usize; 3], filters: usize, window: Window) -> Option<Geometry> {
    let mut output = [filters, 0, 0];
    for axis in 0..2 {
        let room = (input[axis + 1] + 2 * window.padding[axis]).checked_sub(window.extent()[axis])?;
        output[axis + 1] = room / window.stride[axis] + 1;
    }
    Some(Geometry { input, output, window, groups: 1 })
}

fn check_conv(g: Geometry, batch: usize, seed: u64) {
    let mut integers = Integers(seed);
    let (x_len, y_len) = (g.input.iter().product(), g.output.iter().product());
    let weight = integers.values(g.weights());
    let bias = integers.values(g.output[0]);
    let x = integers.samples(batch, x_len);
    let dy = integers.samples(batch, y_len);

    let mut y = vec![vec![0.0; y_len]; batch];
    let mut dx = vec![vec![0.0; x_len]; batch];
    let (mut dw, mut db) = (vec![0.0; weight.len()], vec![0.0; bias.len()]);
    for n in 0..batch {
        naive::conv_forward(&mut y[n], &x[n], &weight, &bias, &g);
        naive::conv_backward_data(&mut dx[n], &dy[n], &weight, &g);
        naive::conv_backward_weights(&mut dw, &mut db, &dy[n], &x[n], &g);
    }

    let relu_backward = |(dx, x): (&Vec<f64>, &Vec<f64>)| -> Vec<f64> {
        dx.iter().zip(x).map(|(dx, x)| if *x > 0.0 { *dx } else { 0.0 }).collect()
    };
    let masked: Vec<Vec<f64>> = dx.iter().zip(&x).map(relu_backward).collect();
    let (weight, bias) = (single(&weight), single(&bias));
    for tiling in [Tiling::default(), SMALL_TILES] {
        let conv = Conv::with_tiling(g, tiling);
        for exec in ways(batch) {
            let what = |pass| format!("{pass} of {g:?}, batch {batch}, {tiling:?}");
            let (x, dy) = (tiles(&x, exec), tiles(&dy, exec));
            let room = conv.scratch(batch.div_ceil(LANES));
            for relu in [false, true] {
                let mut found = nan(dy.len());
                conv.forward(&mut found, &x, &weight, &bias, relu, &mut nan(room), exec);
                let least = if relu { 0.0 } else { f64::NEG_INFINITY };
                let y: Vec<Vec<f64>> = y.iter().map(|y| y.iter().map(|y| y.max(least)).collect()).collect();
                assert_samples(&what("forward"), exec, &found, &y);
            }

            let mut found = nan(x.len());
            conv.backward_data(&mut found, &dy, &weight, None, &mut nan(room), exec);
            assert_samples(&what("backward-data"), exec, &found, &dx);

            let mut found = nan(x.len());
            conv.backward_data(&mut found, &dy, &weight, Some(&x), &mut nan(room), exec);
            assert_samples(&what("masked backward-data"), exec, &found, &masked);

            let (mut found_dw, mut found_db) = (vec![f32::NAN; dw.len()], vec![f32::NAN; db.len()]);
            conv.backward_weights(&mut found_dw, &mut found_db, &dy, &x, &mut nan(room), exec);
            assert_eq!(found_dw, single(&dw), "{}, {exec:?}", what("backward-weights"));
            assert_eq!(found_db, single(&db), "{}, {exec:?}", what("backward-biases"));
        }
    }
}

/// So small that a few channels, positions and filters make several blocks.
const SMALL_TILES: Tiling =
    Tiling { lines: 1, columns: 5, filters: 3, rows: 6, depth: 16, transforms: 2, packed: 0 };

/// Input, filters, kernel, stride, padding: H ≠ W, strides 1–4, padding 0–3, K = H, filter counts around the
/// block of four.
fn geometries() -> Vec<Geometry> {
    let mut all = Vec::new();
    for (input, filters, kernel) in [
        ([1, 5, 7], 1, [1, 1]),
        ([1, 9, 6], 3, [3, 3]),
        ([2, 7, 5], 4, [3, 2]),
        ([3, 6, 8], 5, [5, 5]),
        ([2, 4, 4], 8, [4, 4]),
        ([5, 3, 8], 9, [3, 7]),
        ([4, 8, 3], 2, [7, 2]),
    ] {
        for stride in [[1, 1], [2, 2], [3, 1], [4, 3]] {
            for padding in [[0, 0], [1, 1], [2, 0], [3, 2]] {
                if padding[0] < kernel[0] && padding[1] < kernel[1] {
                    all.extend(geometry(input, filters, Window::new(kernel, stride, padding)));
                }
            }
        }
    }
    // Groups, one for each channel among them, and kernels with holes.
    for (groups, input, filters, kernel) in [
        (2, [4, 6, 5], 6, [3, 3]),
        (3, [3, 7, 6], 3, [3, 2]),
        (5, [5, 5, 5], 10, [1, 1]),
        (2, [8, 5, 6], 36, [3, 3]),
        (2, [36, 4, 3], 34, [1, 1]),
        (4, [8, 4, 9], 4, [2, 5]),
    ] {
        for (stride, padding, dilation) in [
            ([1, 1], [1, 1], [1, 1]),
            ([2, 1], [0, 1], [1, 1]),
            ([1, 1], [2, 0], [2, 1]),
            ([3, 2], [1, 2], [3, 2]),
        ] {
            let window = Window { dilation, ..Window::new(kernel, stride, padding) };
            if padding[0] < window.extent()[0] && padding[1] < window.extent()[1] {
                all.extend(geometry(input, filters, window).map(|g| Geometry { groups, ..g }));
            }
        }
        all.extend(
            geometry(input, filters, Window::new(kernel, [1, 1], [0, 0])).map(|g| Geometry { groups, ..g }),
        );
    }
    // A dense layer is a convolution of one position.
    for (inputs, units) in [(1, 1), (7, 3), (16, 4), (33, 10)] {
        let window = Window::new([1, 1], [1, 1], [0, 0]);
        all.extend(geometry([inputs, 1, 1], units, window));
    }
    all
}

#[test]
fn convolutions() {
    let geometries = geometries();
    assert!(geometries.len() >= 60, "{} geometries", geometries.len());
    for (i, g) in geometries.into_iter().enumerate() {
        for batch in BATCHES {
            check_conv(g, batch, i as u64);
        }
    }
}

#[test]
fn other_numbers_of_lanes_are_refused() {
    let g = geometry([1, 5, 4], 2, Window::new([1, 1], [1, 1], [0, 0])).unwrap();
    for lanes in [0, 3, 5, 32] {
        let refused = std::panic::catch_unwind(|| {
            let exec = Exec { lanes, ..Exec::new(false) };
            Conv::new(g).forward(&mut nan(40), &nan(20), &[1.0; 2], &[0.0; 2], false, &mut [], exec);
        });
        let message = *refused.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(message, format!("lanes: expected 1, 2, 4, 8 or 16, found {lanes}"));
    }
}

/// Winograd's transforms subtract neighbours, and their sums are shorter: on numbers that are not whole they are about as
/// exact as direct sums.
#[test]
fn transforms_lose_little() {
    let window = Window::new([3, 3], [1, 1], [1, 1]);
    let g = geometry([64, 12, 10], 32, window).unwrap();
    let mut integers = Integers(1);
    // Sums of twelve draws between −4 and 4: nearly normal, with thirds, so that no value is exact.
    let mut normals =
        |len| (0..len).map(|_| (0..12).map(|_| integers.next()).sum::<f64>() / 3.0).collect::<Vec<f64>>();
    let (weight, bias) = (normals(32 * 64 * 9), normals(32));
    let x: Vec<Vec<f64>> = (0..16).map(|_| normals(64 * 120)).collect();
    let mut expected = vec![vec![0.0; 32 * 120]; 16];
    for (y, x) in expected.iter_mut().zip(&x) {
        naive::conv_forward(y, x, &weight, &bias, &g);
    }
    let size = expected.iter().flatten().map(|y| y * y).sum::<f64>() / (16.0 * 32.0 * 120.0);
    let exec = Exec::new(false);
    let error = |transforms| {
        let conv = Conv::with_tiling(g, Tiling { transforms, ..Tiling::default() });
        let (mut y, mut scratch) = (nan(32 * 120), nan(conv.scratch(1)));
        let (weight, bias) = (single(&weight), single(&bias));
        conv.forward(&mut y, &tiles(&x, exec), &weight, &bias, false, &mut scratch, exec);
        let errors = expected.iter().enumerate().flat_map(|(n, sample)| {
            let y = &y;
            sample.iter().enumerate().map(move |(i, expected)| (f64::from(y[i].0[n]) - expected).abs())
        });
        errors.fold(0.0, f64::max) / size.sqrt()
    };
    let (direct, transformed) = (error(usize::MAX), error(2));
    assert_ne!(direct, transformed, "two ways to compute it");
    assert!(direct < 1e-5 && transformed < 1e-5, "largest errors {direct:e} and {transformed:e}");
}

/// A number that the area of every window divides.
fn common_area(pool: &Pooling) -> f64 {
    let gcd = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let side = |axis: usize| match pool.windows {
        Windows::Sliding(window) => window.kernel[axis],
        Windows::Adaptive => {
            let (input, output) = (pool.input[axis], pool.output[axis]);
            let sizes = (0..output).map(|i| ((i + 1) * input).div_ceil(output) - i * input / output);
            sizes.fold(1, |all, size| all / gcd(all, size) * size)
        }
    };
    (side(0) * side(1)) as f64
}

fn check_pool(pool: Pooling, batch: usize, seed: u64) {
    let channels = pool.channels;
    let mut integers = Integers(seed);
    let (x_area, y_area) = (pool.input[0] * pool.input[1], pool.output[0] * pool.output[1]);
    let area = common_area(&pool);
    let x = integers.samples(batch, channels * x_area);
    // Multiples of all areas, so that means and their gradients are whole too.
    let dy: Vec<Vec<f64>> = integers
        .samples(batch, channels * y_area)
        .into_iter()
        .map(|sample| sample.into_iter().map(|v| v * area).collect())
        .collect();
    let x_times_area: Vec<Vec<f64>> = x.iter().map(|s| s.iter().map(|v| v * area).collect()).collect();

    let zeros = |len: usize| vec![vec![0.0; len]; batch];
    let (mut max, mut max_dx) = (zeros(channels * y_area), zeros(channels * x_area));
    let (mut mean, mut mean_dx) = (zeros(channels * y_area), zeros(channels * x_area));
    for n in 0..batch {
        for c in 0..channels {
            let (xs, ys) = (c * x_area..(c + 1) * x_area, c * y_area..(c + 1) * y_area);
            naive::max_forward(&mut max[n][ys.clone()], &x[n][xs.clone()], &pool);
            naive::max_backward(&mut max_dx[n][xs.clone()], &dy[n][ys.clone()], &x[n][xs.clone()], &pool);
            naive::mean_forward(&mut mean[n][ys.clone()], &x_times_area[n][xs.clone()], &pool);
            naive::mean_backward(&mut mean_dx[n][xs.clone()], &dy[n][ys.clone()], &pool);
        }
    }

    let samples = x.clone();
    for exec in ways(batch) {
        let what = |pass| format!("{pass} of {pool:?}, batch {batch}");
        let (x, x_times_area, dy) = (tiles(&x, exec), tiles(&x_times_area, exec), tiles(&dy, exec));
        let mut y = nan(dy.len());
        pool.max_forward(&mut y, &x, exec);
        assert_samples(&what("max"), exec, &y, &max);
        let mut dx = nan(x.len());
        pool.max_backward(&mut dx, &dy, &x, &y, false, exec);
        assert_samples(&what("gradient of max"), exec, &dx, &max_dx);
        // A gradient through a window whose largest value is not positive dies in the ReLU before it.
        let positive: Vec<Vec<f64>> = max_dx
            .iter()
            .zip(&samples)
            .map(|(dx, x)| dx.iter().zip(x).map(|(dx, x)| if *x > 0.0 { *dx } else { 0.0 }).collect())
            .collect();
        pool.max_backward(&mut dx, &dy, &x, &y, true, exec);
        assert_samples(&what("gradient of max behind a ReLU"), exec, &dx, &positive);
        pool.mean_forward(&mut y, &x_times_area, exec);
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
                    let pool = Pooling { channels: 3, input, output: [g.output[1], g.output[2]], windows };
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
            let pool = Pooling { channels: 3, input, output, windows: Windows::Adaptive };
            for batch in BATCHES {
                check_pool(pool, batch, (input[0] * 100 + output[0]) as u64);
            }
        }
    }
}

/// To within a few units in the last place of the largest value.
#[track_caller]
fn assert_near(what: &str, exec: Exec, found: &[Lanes<f32>], expected: &[Vec<f64>]) {
    let len = expected[0].len();
    let largest = expected.iter().flatten().fold(1e-3, |largest: f64, v| largest.max(v.abs()));
    for (n, sample) in expected.iter().enumerate() {
        for (i, value) in sample.iter().enumerate() {
            let found = f64::from(values(found)[(n / exec.lanes * len + i) * exec.lanes + n % exec.lanes]);
            let error = (found - value).abs() / largest;
            assert!(error < 2e-6, "{what}, {exec:?}, sample {n}, entry {i}: {found} for {value}");
        }
    }
}

#[test]
fn local_responses() {
    // Planes of a part of a block, of one, and of several; windows wider than the channels, and of one channel.
    for (channels, area) in [(1, 1), (3, 7), (7, 16), (9, 35)] {
        for (size, alpha, beta, k) in
            [(5, 1e-4, 0.75, 1.0), (4, 0.5, 0.75, 2.0), (1, 1.0, 1.0, 0.5), (12, 2.0, 0.4, 1.0)]
        {
            let norm = LocalResponse { channels, area, size, alpha, beta, k };
            for batch in BATCHES {
                let mut integers = Integers((channels * size) as u64);
                let [x, dy] = [(); 2].map(|()| integers.samples(batch, channels * area));
                let (mut y, mut dx) = (x.clone(), x.clone());
                for n in 0..batch {
                    naive::local_response_forward(&mut y[n], &x[n], &norm);
                    naive::local_response_backward(&mut dx[n], &dy[n], &x[n], &norm);
                }
                for exec in ways(batch) {
                    let what = |pass| format!("{pass} of {norm:?}, batch {batch}");
                    let (x, dy) = (tiles(&x, exec), tiles(&dy, exec));
                    let (mut found_y, mut found_dx) = (nan(x.len()), nan(x.len()));
                    norm.forward(&mut found_y, &x, exec);
                    assert_near(&what("forward"), exec, &found_y, &y);
                    norm.backward(&mut found_dx, &dy, &x, &found_y, &mut nan(x.len()), exec);
                    assert_near(&what("backward"), exec, &found_dx, &dx);
                }
            }
        }
    }
}

/// Sums over channels are exact, and lanes without a sample are not in them, whatever they hold.
#[test]
fn channels() {
    for (channels, area) in [(1, 1), (5, 1), (3, 7), (4, 64), (2, 300)] {
        let of = Channels { channels, area };
        for batch in BATCHES {
            let mut integers = Integers((channels * area) as u64);
            let [x, dy] = [(); 2].map(|()| integers.samples(batch, channels * area));
            let numbers = |scale: f64| -> Vec<Lanes<f32>> {
                (0..channels)
                    .map(|c| Lanes(std::array::from_fn(|i| ((c + i) as f64 * scale) as f32)))
                    .collect()
            };
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
                let mut out = nan(channels);
                of.moments(&mut out, &spoilt, batch, exec);
                for (c, out) in out.iter_mut().enumerate() {
                    let expected = naive::moments(&x, area, c);
                    for (found, expected) in out.0.iter().zip(expected) {
                        let error = (f64::from(*found) - expected).abs();
                        assert!(
                            error <= 1e-6 * expected.abs(),
                            "{of:?}, batch {batch}, {exec:?}: {found} for {expected}"
                        );
                    }
                    out.0[0] = c as f32;
                }
                of.slopes(&mut out, &dy_tiles, &tiles(&x, exec), batch, exec);
                for (c, out) in out.iter().enumerate() {
                    let mut sums = [0.0, 0.0];
                    for (dy, x) in dy.iter().zip(&x) {
                        for i in c * area..(c + 1) * area {
                            sums[0] += dy[i];
                            sums[1] += dy[i] * (x[i] - c as f64);
                        }
                    }
                    assert_eq!(out.0[2..4], sums.map(|sum| sum as f32), "{of:?}, batch {batch}, {exec:?}");
                }
                for relu in [false, true] {
                    let mut y = nan(spoilt.len());
                    of.scale(&mut y, &spoilt, &numbers(2.0), relu, exec);
                    let least = if relu { 0.0 } else { f64::NEG_INFINITY };
                    let expected = |x: &Vec<f64>| -> Vec<f64> {
                        let y = x.iter().enumerate().map(|(i, x)| {
                            let c = (i / area) as f64;
                            2.0 * c * x + 2.0 * (c + 1.0)
                        });
                        y.map(|y| y.max(least)).collect()
                    };
                    assert_samples("a·x + b", exec, &y, &x.iter().map(expected).collect::<Vec<_>>());
                }
                let mut dx = nan(spoilt.len());
                of.combine(&mut dx, &dy_tiles, &spoilt, &numbers(1.0), batch, exec);
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_convolution(
        input in [1_usize..5, 1_usize..12, 1_usize..12],
        filters in 1_usize..11,
        kernel in [1_usize..6, 1_usize..6],
        stride in [1_usize..5, 1_usize..5],
        padding in [0_usize..4, 0_usize..4],
        dilation in [1_usize..4, 1_usize..4],
        groups in 1_usize..4,
        batch in 1_usize..35,
        seed: u64,
    ) {
        let window = Window { dilation, ..Window::new(kernel, stride, padding) };
        prop_assume!(padding[0] < window.extent()[0] && padding[1] < window.extent()[1]);
        let [channels, height, width] = input;
        if let Some(g) = geometry([groups * channels, height, width], groups * filters, window) {
            check_conv(Geometry { groups, ..g }, batch, seed);
        }
    }

    #[test]
    fn any_adaptive_pooling(
        input in [1_usize..14, 1_usize..14],
        output in [1_usize..8, 1_usize..8],
        batch in 1_usize..35,
        seed: u64,
    ) {
        check_pool(Pooling { channels: 2, input, output, windows: Windows::Adaptive }, batch, seed);
    }

    #[test]
    fn any_pooling(
        input in [1_usize..12, 1_usize..12],
        kernel in [1_usize..5, 1_usize..5],
        stride in [1_usize..5, 1_usize..5],
        padding in [0_usize..3, 0_usize..3],
        batch in 1_usize..35,
        seed: u64,
    ) {
        prop_assume!(2 * padding[0] <= kernel[0] && 2 * padding[1] <= kernel[1]);
        let window = Window::new(kernel, stride, padding);
        if let Some(g) = geometry([1, input[0], input[1]], 1, window) {
            let windows = Windows::Sliding(window);
            check_pool(Pooling { channels: 2, input, output: [g.output[1], g.output[2]], windows }, batch, seed);
        }
    }
}
