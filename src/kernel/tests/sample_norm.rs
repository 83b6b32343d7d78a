//! Normalisation of each sample by itself.

use super::*;
use crate::kernel::naive;
use crate::kernel::sample_norm::SampleNorm;

fn check(norm: SampleNorm, affine: bool, batch: usize, seed: u64) {
    let mut integers = Integers(seed);
    let [x, dy] = [(); 2].map(|()| integers.samples(batch, norm.len));
    let count = if affine { norm.len / norm.span } else { 0 };
    let [weight, bias] = [(); 2].map(|()| integers.values(count));
    let zeros = || vec![vec![0.0; norm.len]; batch];
    let (mut y, mut dx, mut dweight, mut dbias) = (zeros(), zeros(), vec![0.0; count], vec![0.0; count]);
    for n in 0..batch {
        naive::sample_norm_forward(&mut y[n], &x[n], [&weight, &bias], &norm);
        let slopes = [&mut dweight[..], &mut dbias];
        naive::sample_norm_backward(&mut dx[n], slopes, &dy[n], &x[n], &weight, &norm);
    }
    let (weight, bias) = (single(&weight), single(&bias));
    for exec in ways(batch) {
        let what = |pass| format!("{pass} of {norm:?}, batch {batch}");
        let (x, dy) = (tiles(&x, exec), tiles(&dy, exec));
        let mut found = nan(x.len());
        norm.forward(&mut found, &x, &weight, &bias, exec);
        assert_near(&what("forward"), exec, &found, &y);
        let mut scratch = nan(norm.scratch(batch.div_ceil(LANES)));
        let (mut found, mut to_weight, mut to_bias) =
            (nan(x.len()), vec![f32::NAN; count], vec![f32::NAN; count]);
        norm.backward(Some(&mut found), &mut to_weight, &mut to_bias, &dy, &x, &weight, &mut scratch, exec);
        assert_near(&what("gradient of the input"), exec, &found, &dx);
        assert_eq!(to_bias, single(&dbias), "{}, {exec:?}", what("gradient of biases"));
        let largest = dweight.iter().fold(1.0, |largest: f64, v| largest.max(v.abs()));
        for (found, expected) in to_weight.iter().zip(&dweight) {
            let error = (f64::from(*found) - expected).abs() / largest;
            assert!(error < 2e-6, "{}, {exec:?}: {found} for {expected}", what("gradient of weights"));
        }
    }
}

/// Groups of channels with a weight for each channel, all values with a weight for each, single channels, and no weights.
#[test]
fn normalised_samples() {
    for (channels, area, groups) in
        [(1, 2, 1), (4, 6, 2), (6, 1, 3), (3, 35, 3), (5, 4, 1), (8, 9, 4), (2, 300, 2)]
    {
        for batch in BATCHES {
            for span in [area, 1] {
                let norm = SampleNorm { len: channels * area, groups, span, epsilon: 0.5 };
                check(norm, true, batch, (channels * area) as u64);
                check(norm, false, batch, batch as u64);
            }
        }
    }
}

#[test]
fn any_normalised_samples() {
    cases(200, |draw| {
        let (groups, size, span) = (draw.of(1..5), draw.of(1..6), draw.of(1..9));
        let norm = SampleNorm { len: groups * size * span, groups, span, epsilon: 0.25 };
        check(norm, draw.of(0..2) == 0, draw.of(1..35), draw.draw());
        true
    });
}
