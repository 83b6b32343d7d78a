//! Checks that what was drawn at random has the distribution it should have.

use std::collections::BTreeMap;

/// Every place comes up, and as often as chance lets it: five standard deviations are not seen in a lifetime.
#[track_caller]
pub fn assert_equally_often<K: std::fmt::Debug>(counts: &BTreeMap<K, u32>, places: usize, expected: f64) {
    assert_eq!(counts.len(), places, "{counts:?}");
    for (place, count) in counts {
        assert!((f64::from(*count) - expected).abs() < 5.0 * expected.sqrt(), "{place:?} of {counts:?}");
    }
}

/// Numbers uniform in ±limit, to within five standard deviations of their mean and their variance.
#[track_caller]
pub fn assert_uniform(numbers: &[f64], limit: f64) {
    let count = numbers.len() as f64;
    assert!(numbers.iter().all(|x| x.abs() <= 1.0001 * limit), "within {limit}");
    let mean = numbers.iter().sum::<f64>() / count / limit;
    let square = numbers.iter().map(|x| x * x).sum::<f64>() / count / (limit * limit);
    assert!(mean.abs() < 5.0 * (1.0 / 3.0 / count).sqrt(), "mean {mean}");
    assert!((square - 1.0 / 3.0).abs() < 5.0 * (4.0 / 45.0 / count).sqrt(), "variance {square}");
}
