//! Convolutions: chosen and drawn geometries, small blocks, and how exact Winograd's transforms are.

use super::*;
use crate::kernel::Finish;
use crate::kernel::conv::{Arithmetic, Conv, Tiling};
use crate::kernel::naive;

fn check_conv(g: Geometry, batch: usize, seed: u64) {
    let mut integers = Integers(seed);
    let (x_len, y_len) = (g.input.iter().product(), g.output.iter().product());
    let weight = integers.values(g.weights());
    let bias = integers.values(g.output[0]);
    // Every other one has no bias, which is the same as biases of zero.
    let has_bias = seed.is_multiple_of(2);
    let bias = if has_bias { bias } else { vec![0.0; bias.len()] };
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

    check_transposed(&g, batch, &weight, &x, &dy, integers.values(g.input[0]));
    // Also 6 and more.
    let twice: Vec<Vec<f64>> = x.iter().map(|x| x.iter().map(|x| 2.0 * x).collect()).collect();
    let masked = RECTIFIERS.map(|rectifier| (rectifier, masked(rectifier, &dx, &twice)));
    let (weight, bias) = (single(&weight), single(&bias));
    let given = has_bias.then_some(&bias[..]);
    for (tiling, arithmetic) in settings(&g) {
        let conv = Conv::with_tiling(g, arithmetic, tiling);
        // The gradient of the weights is exact in any arithmetic.
        let assert_samples = |what: &str, exec: Exec, found: &[Lanes<f32>], wanted: &[Vec<f64>]| {
            assert_samples(what, exec, &to_whole(found, arithmetic), wanted);
        };
        for exec in ways(batch) {
            let what = |pass| format!("{pass} of {g:?}, batch {batch}, {tiling:?}, {arithmetic:?}");
            let to_add = &dy;
            let (x, dy) = (tiles(&x, exec), tiles(&dy, exec));
            let room = conv.scratch(batch.div_ceil(LANES));
            for (scaled, added, rectifier) in
                ends().flat_map(|end| (0..4).map(move |bits| (bits & 1 > 0, bits & 2 > 0, end)))
            {
                if (scaled || added) && conv.is_dense() {
                    continue;
                }
                let pairs: Vec<[f32; 2]> =
                    (0..bias.len()).map(|f| [(f % 3) as f32 - 1.0, (f % 5) as f32 - 2.0]).collect();
                let finish = Finish {
                    scale: scaled.then_some(&pairs[..]),
                    plus: added.then_some(crate::kernel::values(&dy)),
                    rectifier,
                };
                let area = g.output[1] * g.output[2];
                let finished = |n: usize, i: usize, y: f64| {
                    let [factor, term] = pairs[i / area].map(f64::from);
                    let y = if scaled { factor * y + term } else { y };
                    let y = if added { y + to_add[n][i] } else { y };
                    rectified(rectifier, y)
                };
                let wanted: Vec<Vec<f64>> = (y.iter().enumerate())
                    .map(|(n, y)| y.iter().enumerate().map(|(i, y)| finished(n, i, *y)).collect())
                    .collect();
                let mut found = nan(dy.len());
                conv.forward(&mut found, &x, &weight, given, finish, &mut nan(room), exec);
                assert_samples(&what("forward"), exec, &found, &wanted);
            }

            let mut found = nan(x.len());
            conv.backward_data(&mut found, &dy, &weight, None, &mut nan(room), exec);
            assert_samples(&what("backward-data"), exec, &found, &dx);

            for (rectifier, masked) in &masked {
                let (mut found, twice) = (nan(x.len()), tiles(&twice, exec));
                let mask = Some((*rectifier, &twice[..]));
                conv.backward_data(&mut found, &dy, &weight, mask, &mut nan(room), exec);
                assert_samples(&what("masked backward-data"), exec, &found, masked);
            }

            let (mut found_dw, mut found_db) = (vec![f32::NAN; dw.len()], vec![f32::NAN; db.len()]);
            let to_db = has_bias.then_some(&mut found_db[..]);
            conv.backward_weights(&mut found_dw, to_db, &dy, &x, &mut nan(room), exec);
            assert_eq!(found_dw, single(&dw), "{}, {exec:?}", what("backward-weights"));
            if has_bias {
                assert_eq!(found_db, single(&db), "{}, {exec:?}", what("backward-biases"));
            }
        }
    }
}

/// The transposed convolution takes what is the output's gradient here as its input: its output is the gradient of the
/// input plus a bias, and its gradients follow by exchanging the two.
fn check_transposed(
    g: &Geometry,
    batch: usize,
    weight: &[f64],
    dy: &[Vec<f64>],
    x: &[Vec<f64>],
    bias: Vec<f64>,
) {
    let mut y = vec![vec![0.0; dy[0].len()]; batch];
    let mut dx = vec![vec![0.0; x[0].len()]; batch];
    let (mut dw, mut unused) = (vec![0.0; weight.len()], vec![0.0; g.output[0]]);
    let mut db = vec![0.0; bias.len()];
    let (area, none) = (g.input[1] * g.input[2], vec![0.0; g.output[0]]);
    for n in 0..batch {
        naive::conv_backward_data(&mut y[n], &x[n], weight, g);
        naive::conv_forward(&mut dx[n], &dy[n], weight, &none, g);
        naive::conv_backward_weights(&mut dw, &mut unused, &x[n], &dy[n], g);
        for (i, dy) in dy[n].iter().enumerate() {
            y[n][i] += bias[i / area];
            db[i / area] += dy;
        }
    }
    let (weight, bias) = (single(weight), single(&bias));
    for (tiling, arithmetic) in settings(g) {
        let conv = Conv::with_tiling(*g, arithmetic, tiling);
        let assert_samples = |what: &str, exec: Exec, found: &[Lanes<f32>], wanted: &[Vec<f64>]| {
            assert_samples(what, exec, &to_whole(found, arithmetic), wanted);
        };
        for exec in ways(batch) {
            let what =
                |pass| format!("{pass} of the transposed {g:?}, batch {batch}, {tiling:?}, {arithmetic:?}");
            let (x, dy) = (tiles(x, exec), tiles(dy, exec));
            let room = conv.scratch(batch.div_ceil(LANES));
            for rectifier in ends() {
                let mut found = nan(dy.len());
                conv.transposed_forward(&mut found, &x, &weight, &bias, rectifier, &mut nan(room), exec);
                let y: Vec<Vec<f64>> =
                    y.iter().map(|y| y.iter().map(|y| rectified(rectifier, *y)).collect()).collect();
                assert_samples(&what("forward"), exec, &found, &y);
            }
            let mut found = nan(x.len());
            conv.transposed_backward_data(&mut found, &dy, &weight, &mut nan(room), exec);
            assert_samples(&what("backward-data"), exec, &found, &dx);
            let (mut found_dw, mut found_db) = (vec![f32::NAN; dw.len()], vec![f32::NAN; db.len()]);
            conv.transposed_backward_weights(&mut found_dw, &mut found_db, &dy, &x, &mut nan(room), exec);
            assert_eq!(found_dw, single(&dw), "{}, {exec:?}", what("backward-weights"));
            assert_eq!(found_db, single(&db), "{}, {exec:?}", what("backward-biases"));
        }
    }
}

/// So small that a few channels, positions and filters make several blocks.
const SMALL_TILES: Tiling = Tiling {
    lines: 1,
    columns: 5,
    filters: 3,
    gathered: 1,
    rows: 6,
    depth: 16,
    transforms: [1, 1],
    patches: [1, 1],
    packed: 0,
};

/// The blocks and the arithmetics that every geometry is computed with.
fn settings(g: &Geometry) -> Vec<(Tiling, Arithmetic)> {
    let mut settings = vec![(Tiling::default(), Arithmetic::Exact), (SMALL_TILES, Arithmetic::Exact)];
    if g.window.kernel == [3, 3] {
        settings.push((SMALL_TILES, Arithmetic::Fast));
    }
    settings
}

/// Fast arithmetic rounds, but by so much less than a half that the nearest whole numbers are the right ones.
fn to_whole(found: &[Lanes<f32>], arithmetic: Arithmetic) -> Vec<Lanes<f32>> {
    found
        .iter()
        .map(|found| if arithmetic == Arithmetic::Fast { found.map(f32::round) } else { *found })
        .collect()
}

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
        (3, [3, 9, 14], 3, [3, 3]),
        (34, [34, 7, 7], 34, [5, 5]),
        (2, [2, 9, 75], 2, [3, 3]),
        (2, [2, 10, 69], 2, [5, 5]),
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
    // A filter for each channel, and phases of the stride that see nothing but padding.
    let window = Window { padding: [0, 0, 0, 3], ..Window::new([1, 4], [1, 4], [0, 0]) };
    all.extend(geometry([3, 4, 1], 3, window).map(|g| Geometry { groups: 3, ..g }));
    // Positions are left over after whole columns of a narrow tile, with more taps and filters than one block of them has.
    all.extend(geometry([120, 3, 19], 70, Window::new([3, 3], [1, 1], [0, 0])));
    // Winograd's weight gradient: several parts of columns, of channels and of filters.
    for (channels, filters) in [(97, 5), (3, 49)] {
        all.extend(geometry([channels, 9, 11], filters, Window::new([3, 3], [1, 1], [1, 1])));
    }
    // Winograd's transforms: rows that are longer than a vector of patches.
    for padding in [[1, 1], [2, 0]] {
        all.extend(geometry([2, 6, 75], 3, Window::new([3, 3], [1, 1], padding)));
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
            Conv::new(g, Arithmetic::Exact).forward(
                &mut nan(40),
                &nan(20),
                &[1.0; 2],
                None,
                Finish::rectified(None),
                &mut [],
                exec,
            );
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
    let dy: Vec<Vec<f64>> = (0..16).map(|_| normals(32 * 120)).collect();
    let mut expected = vec![vec![0.0; 32 * 120]; 16];
    let (mut expected_dw, mut db) = (vec![0.0; weight.len()], vec![0.0; 32]);
    for n in 0..16 {
        naive::conv_forward(&mut expected[n], &x[n], &weight, &bias, &g);
        naive::conv_backward_weights(&mut expected_dw, &mut db, &dy[n], &x[n], &g);
    }
    let exec = Exec::new(false);
    // The largest error in relation to the size of the numbers, forward and of the weight gradient.
    let errors = |transforms, arithmetic| {
        let conv = Conv::with_tiling(
            g,
            arithmetic,
            Tiling { transforms: [transforms; 2], patches: [1; 2], ..Tiling::default() },
        );
        let (mut y, mut scratch) = (nan(32 * 120), nan(conv.scratch(1)));
        let (weight, bias, x) = (single(&weight), single(&bias), tiles(&x, exec));
        conv.forward(&mut y, &x, &weight, Some(&bias), Finish::rectified(None), &mut scratch, exec);
        let mut dw = weight.clone();
        conv.backward_weights(&mut dw, None, &tiles(&dy, exec), &x, &mut scratch, exec);
        let of_sample = |n: usize| y.iter().map(move |y| y.0[n]);
        let y: Vec<f32> = (0..16).flat_map(of_sample).collect();
        [error(&y, &expected.concat()), error(&dw, &expected_dw)]
    };
    let (direct, transformed) = (errors(1000, Arithmetic::Exact), errors(1, Arithmetic::Exact));
    let fast = errors(1, Arithmetic::Fast);
    assert!(direct != transformed && transformed[0] != fast[0], "three ways to compute it");
    assert_eq!(transformed[1], fast[1], "the weights' gradient is the same");
    for error in [direct, transformed, fast].concat() {
        assert!(error < 1e-5, "largest errors {direct:?}, {transformed:?} and {fast:?}");
    }
}

/// The largest difference in relation to the root of the mean square of what is expected.
fn error(found: &[f32], expected: &[f64]) -> f64 {
    let size = expected.iter().map(|v| v * v).sum::<f64>() / expected.len() as f64;
    let differences =
        found.iter().zip(expected).map(|(found, expected)| (f64::from(*found) - expected).abs());
    differences.fold(0.0, f64::max) / size.sqrt()
}

#[test]
fn any_convolution() {
    cases(400, |draw| {
        let input = [draw.of(1..5), draw.of(1..12), draw.of(1..12)];
        let filters = draw.of(1..11);
        let window = Window {
            kernel: draw.pair(1..6),
            stride: draw.pair(1..5),
            padding: draw.sides(0..4),
            dilation: draw.pair(1..4),
            ceil: false,
        };
        let (groups, batch, seed) = (draw.of(1..4), draw.of(1..35), draw.draw());
        let [channels, height, width] = input;
        let narrow = (0..4).all(|side| window.padding[side] < window.extent()[side % 2]);
        match geometry([groups * channels, height, width], groups * filters, window) {
            Some(g) if narrow => check_conv(Geometry { groups, ..g }, batch, seed),
            _ => return false,
        }
        true
    });
}
