//! Promise: parts and folds are disjoint, hold every sample, have the proportions of the classes, and repeat by seed;
//! standardising knows the training part alone.

use std::collections::BTreeSet;

use convnet::Error;
use convnet::data::{CrossValidation, Parts};
use convnet::prelude::*;
use proptest::prelude::*;

type Labelled = Dataset<Flat<1>, Class<8>>;
type Numbers = Dataset<Flat<1>, Tensor<Flat<1>>>;

/// As many samples of each class as told, the classes by turns; every sample is a number of its own.
fn labelled(counts: &[usize]) -> Labelled {
    let longest = counts.iter().copied().max().unwrap_or(0);
    let classes = (0..longest).flat_map(|i| (0..counts.len()).filter(move |&class| i < counts[class]));
    classes.enumerate().map(|(i, class)| (Tensor::from([i as f32]), Class::new(class).unwrap())).collect()
}

fn numbers(count: usize) -> Numbers {
    (0..count).map(|i| (Tensor::from([i as f32]), Tensor::from([-(i as f32)]))).collect()
}

fn ids<D: Samples<Flat<1>>>(data: &D) -> Vec<u64> {
    (0..data.len()).map(|i| data.id(i)).collect()
}

fn of_class<D: Samples<Flat<1>, Target = Class<8>>>(data: &D, class: usize) -> usize {
    (0..data.len()).filter(|&i| data.target(i).index() == class).count()
}

/// The ids of all samples, each as often as it occurs.
fn sorted(parts: &[Vec<u64>]) -> Vec<u64> {
    let mut all = parts.concat();
    all.sort_unstable();
    all
}

/// Sizes by the largest remainder, in a way of its own: the whole numbers next to the shares that miss them least.
fn best_sizes(count: usize, fractions: [f64; 3]) -> f64 {
    let mut best = f64::INFINITY;
    for a in 0..=count {
        for b in 0..=count - a {
            best = best.min(miss(count, fractions, [a, b, count - a - b]));
        }
    }
    best
}

fn miss(count: usize, fractions: [f64; 3], sizes: [usize; 3]) -> f64 {
    fractions.iter().zip(sizes).map(|(f, size)| (size as f64 - f * count as f64).powi(2)).sum()
}

fn fractions() -> impl Strategy<Value = [f64; 3]> {
    (1_u32..20, 1_u32..20, 1_u32..20).prop_map(|parts| {
        let sum = f64::from(parts.0 + parts.1 + parts.2);
        [parts.0, parts.1, parts.2].map(|part| f64::from(part) / sum)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn three_parts_share_each_class(
        counts in prop::collection::vec(0_usize..25, 1..8),
        [train, validation, test] in fractions(),
        seed: u64,
    ) {
        let data = labelled(&counts);
        let shares = [train, validation, test];
        let parts = match data.train_val_test_split(Fractions { train, validation, test }, seed) {
            Ok(parts) => parts,
            Err(Error::Argument { name: "fractions", .. }) => {
                // The best sizes leave a part without samples.
                let n = data.len() as f64;
                prop_assert!(shares.iter().any(|share| share * n < 1.0), "{:?} of {}", shares, n);
                return Ok(());
            }
            Err(Error::Argument { name: "samples", .. }) => {
                let rare = counts.iter().any(|&count| count > 0 && count as f64 * train < 1.0);
                prop_assert!(rare, "{:?} of {:?}", shares, counts);
                return Ok(());
            }
            Err(other) => panic!("{other}"),
        };
        let sizes = [parts.train.len(), parts.validation.len(), parts.test.len()];
        let missed = miss(data.len(), shares, sizes);
        prop_assert!(missed <= best_sizes(data.len(), shares) + 1e-6, "{:?} of {}", sizes, data.len());
        let together = [ids(&parts.train), ids(&parts.validation), ids(&parts.test)];
        prop_assert_eq!(sorted(&together), (0..data.len() as u64).collect::<Vec<_>>());
        for (class, &count) in counts.iter().enumerate() {
            let found =
                [of_class(&parts.train, class), of_class(&parts.validation, class), of_class(&parts.test, class)];
            for (share, found) in shares.iter().zip(found) {
                let off = found as f64 - share * count as f64;
                prop_assert!(off.abs() <= 1.0 + 1e-9, "class {class} of {counts:?}: {found} for {shares:?}");
            }
            prop_assert!(count == 0 || found[0] > 0, "class {class} of {counts:?} is not trained on");
        }
    }

    #[test]
    fn folds_share_each_class(counts in prop::collection::vec(0_usize..25, 1..8), k in 2_usize..12, seed: u64) {
        let counts: Vec<_> = counts.into_iter().map(|count| if count == 1 { 2 } else { count }).collect();
        let data = labelled(&counts);
        prop_assume!(data.len() >= k);
        let folds: Vec<_> = data.folds(k, seed).unwrap().collect();
        prop_assert_eq!(folds.len(), k);
        let all: Vec<u64> = (0..data.len() as u64).collect();
        for (train, validation) in &folds {
            prop_assert_eq!(sorted(&[ids(train), ids(validation)]), &all[..]);
            prop_assert!(validation.len().abs_diff(data.len() / k) <= 1 && validation.len() * k < data.len() + k);
            for (class, &count) in counts.iter().enumerate() {
                let found = of_class(validation, class);
                prop_assert!(found == count / k || found == count.div_ceil(k), "{found} of {count} in {k}");
                prop_assert!(count == 0 || of_class(train, class) > 0);
            }
        }
        let validated: Vec<_> = folds.iter().map(|(_, validation)| ids(validation)).collect();
        prop_assert_eq!(sorted(&validated), all);
    }

    #[test]
    fn numbers_are_split_too(count in 10_usize..200, k in 2_usize..10, seed: u64) {
        let data = numbers(count);
        let parts = data.train_val_test_split(Fractions::default(), seed).unwrap();
        let together = [ids(&parts.train), ids(&parts.validation), ids(&parts.test)];
        let all: Vec<u64> = (0..count as u64).collect();
        prop_assert_eq!(sorted(&together), &all[..]);
        prop_assert!((parts.test.len() as f64 - 0.1 * count as f64).abs() < 1.0);
        let validated: Vec<_> = data.folds(k, seed).unwrap().map(|(_, validation)| ids(&validation)).collect();
        prop_assert!(validated.iter().all(|part| part.len() == count / k || part.len() == count.div_ceil(k)));
        prop_assert_eq!(sorted(&validated), all);
    }
}

/// All parts of a data set, in order, by a seed.
fn drawn(data: &Labelled, seed: u64) -> Vec<Vec<u64>> {
    let Parts { train, validation, test } = data.train_val_test_split(Fractions::default(), seed).unwrap();
    let folds = data.folds(4, seed).unwrap().flat_map(|(train, validation)| [ids(&train), ids(&validation)]);
    [ids(&train), ids(&validation), ids(&test)].into_iter().chain(folds).collect()
}

#[test]
fn the_seed_decides_who_goes_where() {
    let data = labelled(&[40, 30, 30]);
    let (one, same, other) = (drawn(&data, 1), drawn(&data, 1), drawn(&data, 2));
    assert_eq!(one, same);
    for (part, (one, other)) in one.iter().zip(&other).enumerate() {
        let set = |ids: &[u64]| ids.iter().copied().collect::<BTreeSet<_>>();
        assert_ne!(set(one), set(other), "part {part}");
    }
}

/// A part that lay class by class would be learnt badly without shuffling, and its beginning would stand for nothing.
#[test]
fn classes_are_mixed_in_each_part() {
    let data = labelled(&[500, 500]);
    let parts = data.train_val_test_split(Fractions::default(), 3).unwrap();
    let (fold, _) = data.folds(5, 3).unwrap().next().unwrap();
    for data in [parts.train, fold] {
        let first = of_class(&data.subset(0..100), 0);
        // Five standard deviations of a draw of 100.
        assert!((25..=75).contains(&first), "{first} of 100");
    }
}

#[test]
fn iris_is_split_evenly() {
    let data = labelled(&[50, 50, 50]);
    let parts = data.train_val_test_split(Fractions::default(), 7).unwrap();
    for class in 0..3 {
        let found =
            (of_class(&parts.train, class), of_class(&parts.validation, class), of_class(&parts.test, class));
        assert_eq!(found, (40, 5, 5));
    }
}

/// One class with one sample, one with two: the training part has them before the others.
#[test]
fn rare_classes_are_trained_on() {
    for seed in 0..50 {
        let parts = labelled(&[60, 37, 1, 2]).train_val_test_split(Fractions::default(), seed).unwrap();
        assert_eq!((parts.train.len(), parts.validation.len(), parts.test.len()), (80, 10, 10));
        assert_eq!(of_class(&parts.train, 2), 1);
        assert!(of_class(&parts.train, 3) >= 1);
    }
}

#[track_caller]
fn refused<R>(result: Result<R, Error>, message: &str) {
    let error = result.err().expect("an error");
    assert!(matches!(error, Error::Argument { .. }));
    assert_eq!(error.to_string(), message);
}

#[test]
fn impossible_splits_are_refused() {
    let data = labelled(&[10, 10]);
    let split = |train, validation, test| data.train_val_test_split(Fractions { train, validation, test }, 1);
    let range = "fractions: expected each more than 0 and less than 1, found ";
    refused(split(0.0, 0.5, 0.5), &format!("{range}train 0, validation 0.5, test 0.5"));
    refused(split(1.0, 0.5, -0.5), &format!("{range}train 1, validation 0.5, test -0.5"));
    refused(split(0.8, f64::NAN, 0.1), &format!("{range}train 0.8, validation NaN, test 0.1"));
    refused(split(0.5, 0.25, 0.5), "fractions: expected a sum of 1, found 0.5 + 0.25 + 0.5 = 1.25");
    refused(
        split(0.98, 0.01, 0.01),
        "fractions: expected at least one sample in each part, found 0.98 + 0.01 + 0.01 of 20 samples",
    );
    refused(
        labelled(&[1; 8]).train_val_test_split(Fractions { train: 0.5, validation: 0.25, test: 0.25 }, 1),
        "samples: expected enough for every class to be trained on, found class 4 with 1 of 8",
    );
    refused(
        labelled(&[]).train_val_test_split(Fractions::default(), 1),
        "fractions: expected at least one sample in each part, found 0.8 + 0.1 + 0.1 of 0 samples",
    );
}

#[test]
fn impossible_folds_are_refused() {
    refused(labelled(&[9]).folds(0, 1), "folds: expected at least 2, found 0");
    refused(labelled(&[9]).folds(1, 1), "folds: expected at least 2, found 1");
    refused(labelled(&[4, 5]).folds(10, 1), "folds: expected at most 9, one for each sample, found 10");
    refused(
        labelled(&[9, 1]).folds(2, 1),
        "samples: expected at least 2 of each class, for each to be trained on when the other validates, found 1 of class 1",
    );
    assert_eq!(numbers(9).folds(9, 1).unwrap().filter(|(train, _)| train.len() == 8).count(), 9);
}

#[test]
fn cross_validation_collects_what_is_measured() {
    let data = labelled(&[6, 6]);
    let expected: Vec<_> =
        data.folds(3, 5).unwrap().map(|(train, validation)| (ids(&train), ids(&validation))).collect();
    let result = cross_validate(&data, 3, 5, |fold, train, validation| {
        assert_eq!((ids(train), ids(validation)), expected[fold]);
        Ok([0.5, 1.0, 0.75][fold])
    })
    .unwrap();
    assert_eq!(result.scores, [0.5, 1.0, 0.75]);
    assert_eq!((result.mean(), result.std()), (0.75, 0.25));
    assert_eq!(result.to_string(), "0.7500 ± 0.2500 (3 folds)");
    assert_eq!(format!("{result:.1}"), "0.8 ± 0.2 (3 folds)");
    assert_eq!(CrossValidation { scores: vec![0.5] }.to_string(), "0.5000 ± NaN (1 fold)");
}

#[test]
fn cross_validation_ends_with_the_first_error() {
    let data = labelled(&[6, 6]);
    let mut measured = Vec::new();
    let result = cross_validate(&data, 3, 5, |fold, _, _| {
        measured.push(fold);
        if fold == 1 { Class::<2>::new(2).map(|_| 0.0) } else { Ok(1.0) }
    });
    refused(result, "class: expected 0 to 1, found 2");
    assert_eq!(measured, [0, 1]);
    refused(cross_validate(&data, 1, 5, |_, _, _| Ok(0.0)), "folds: expected at least 2, found 1");
}

/// numpy: `x = np.array([[1, -4, 0.1], [2, 0, 0.1], [4, 8, 0.1], [5, 16, 0.1]], np.float32).astype(np.float64)`, then
/// `x.mean(0)` and `x.std(0)`, where the last column, which rounding leaves with a std of 0 or nearly, is scikit-learn's
/// case of a constant.
#[test]
fn a_standardizer_has_the_statistics_of_the_training_part() {
    let rows = [[1.0, -4.0, 0.1], [2.0, 0.0, 0.1], [4.0, 8.0, 0.1], [5.0, 16.0, 0.1], [100.0, 100.0, 3.1]];
    let data: Dataset<Flat<3>, Class<2>> =
        rows.map(|row| (Tensor::from(row), Class::new(0).unwrap())).into_iter().collect();
    let train = data.subset(0..4);
    let standardizer = Standardizer::fit(&train).unwrap();
    assert_eq!(standardizer.mean(), [3.0, 5.0, f64::from(0.1_f32)]);
    assert_eq!(standardizer.std()[2], 0.0);
    assert!((standardizer.std()[0] - 1.5811388300841898).abs() < 1e-14);
    assert!((standardizer.std()[1] - 7.681145747868608).abs() < 1e-14);

    let [first, last] = [0, 4].map(|i| standardizer.apply(&data).sample::<f64>(i));
    let expected = [
        [-1.2649110640673518, -1.171700198827415, 0.0],
        [61.348186607266555, 12.367946543178268, 2.9999999031424522],
    ];
    for (found, expected) in [first, last].iter().zip(expected) {
        for (found, expected) in found.as_slice().iter().zip(expected) {
            assert!((found - expected).abs() < 1e-13 * expected.abs().max(1.0), "{found} for {expected}");
        }
    }
    let test = standardizer.apply(&TestSet::new(data.subset([4])));
    assert_eq!(test.sample::<f64>(0), standardizer.apply(&data).sample(4));
    assert_eq!(standardizer.apply(&data.sample::<f32>(1)), standardizer.apply(&data).sample(1));
}

/// Sums in single precision would lose the digits in which these numbers differ.
#[test]
fn sums_are_double() {
    let data: Dataset<Flat<1>, Class<2>> =
        (0..1000).map(|i| (Tensor::from([1e6 + f32::from(i % 2 == 0)]), Class::new(0).unwrap())).collect();
    let standardizer = Standardizer::fit(&data).unwrap();
    assert!((standardizer.mean()[0] - 1_000_000.5).abs() < 1e-6);
    assert!((standardizer.std()[0] - 0.5).abs() < 1e-9);
}

#[test]
fn standardising_keeps_all_but_the_values() {
    let data = labelled(&[30, 30]);
    let parts = data.train_val_test_split(Fractions::default(), 1).unwrap();
    let (standard, standardizer) = parts.standardize().unwrap();
    assert_eq!(standardizer, Standardizer::fit(&parts.train).unwrap());
    assert_eq!(ids(&standard.train), ids(&parts.train));
    assert!(standard.test.targets().eq(parts.test.targets()));
    for i in 0..parts.validation.len() {
        let expected = standardizer.apply(&parts.validation.sample::<f64>(i));
        assert_eq!(standard.validation.sample::<f64>(i), expected);
    }
    let again = Standardizer::fit(&standard.train).unwrap();
    assert!(again.mean()[0].abs() < 1e-12 && (again.std()[0] - 1.0).abs() < 1e-12);
    // Applied twice, it works twice, also on a part of what it was applied to.
    let twice = standardizer.apply(&standard.train).subset([3]).sample::<f64>(0);
    assert_eq!(twice, standardizer.apply(&standard.train.sample(3)));
}

#[test]
fn bytes_are_standardised_too() {
    let mnist = Mnist::load_from("../../assets/mnist").unwrap();
    let train = mnist.train.subset(0..200);
    let standardizer = Standardizer::fit(&train).unwrap();
    let again = Standardizer::fit(&standardizer.apply(&train)).unwrap();
    for (i, &std) in standardizer.std().iter().enumerate() {
        assert!(again.mean()[i].abs() < 1e-9, "pixel {i}");
        // A corner is black in all digits.
        assert!((again.std()[i] - f64::from(std > 0.0)).abs() < 1e-9, "pixel {i}");
    }
    assert_eq!(standardizer.std()[0], 0.0);
}

#[test]
fn values_that_are_not_finite_have_no_statistics() {
    let data: Dataset<Flat<2>, Class<2>> = [[1.0, 2.0], [3.0, f32::NAN]]
        .map(|row| (Tensor::from(row), Class::new(0).unwrap()))
        .into_iter()
        .collect();
    refused(
        Standardizer::fit(&data),
        "data to standardize by: expected finite numbers, found NaN in sample 1, value 1; Imputer fills missing values",
    );
}
