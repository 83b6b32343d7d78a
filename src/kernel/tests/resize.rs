//! Upsampling. The factors are powers of two, so that shares are exact in binary.

use super::*;
use crate::kernel::naive;
use crate::kernel::resize::Upsampling;

#[test]
fn any_upsampling() {
    cases(200, |draw| {
        let (channels, input) = (draw.of(1..4), draw.pair(1..8));
        let bilinear = draw.of(0..2) == 0;
        let scale = if bilinear { draw.pair(0..3).map(|n| 1 << n) } else { draw.pair(1..5) };
        let (batch, sizes) = (draw.of(1..35), [0, 1].map(|axis| input[axis] * scale[axis]));
        let up = Upsampling::new(channels, input, scale, bilinear);
        let (x_area, y_area) = (input[0] * input[1], sizes[0] * sizes[1]);
        // Multiples of all shares.
        let whole = |v: f64| v * 64.0;
        let [x, dy] = [x_area, y_area].map(|area| -> Vec<Vec<f64>> {
            let samples = draw.samples(batch, channels * area);
            samples.into_iter().map(|sample| sample.into_iter().map(whole).collect()).collect()
        });
        let mut y = vec![vec![0.0; channels * y_area]; batch];
        let mut dx = vec![vec![0.0; channels * x_area]; batch];
        for n in 0..batch {
            for c in 0..channels {
                let (xs, ys) = (c * x_area..(c + 1) * x_area, c * y_area..(c + 1) * y_area);
                naive::upsample(input, scale, bilinear, |p, q, share| {
                    y[n][ys.start + p] += share * x[n][xs.start + q];
                    dx[n][xs.start + q] += share * dy[n][ys.start + p];
                });
            }
        }
        for exec in ways(batch) {
            let what = |pass| format!("{pass} of {up:?}, batch {batch}");
            let (x, dy) = (tiles(&x, exec), tiles(&dy, exec));
            let mut found = nan(dy.len());
            up.forward(&mut found, &x, exec);
            assert_samples(&what("forward"), exec, &found, &y);
            let mut found = nan(x.len());
            up.backward(&mut found, &dy, exec);
            assert_samples(&what("gradient"), exec, &found, &dx);
        }
        true
    });
}
