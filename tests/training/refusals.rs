//! Settings and data that make no sense are refused.

use convnet::Error;
use convnet::model::LeNet5;
use convnet::prelude::*;

use crate::lenet::{digits, trainer};

#[track_caller]
fn refused<R>(result: Result<R, Error>, message: &str) {
    match result {
        Ok(_) => panic!("expected the error {message:?}"),
        Err(error) => assert_eq!(error.to_string(), message),
    }
}

#[test]
fn bad_settings_are_refused() {
    let data = digits(20);
    let fit = |batch, sgd| {
        Trainer::new(LeNet5::new(1), SoftmaxCrossEntropy, sgd).batch_size(batch).fit(&data, None)
    };
    refused(fit(0, Sgd::new(0.1)), "batch size: expected at least 1, found 0");
    refused(trainer(1).epochs(0).fit(&data, None), "epochs: expected at least 1, found 0");
    for (rate, found) in [(f64::NAN, "NaN"), (0.0, "0"), (-0.1, "-0.1"), (f64::INFINITY, "inf")] {
        let message = format!("learning rate: expected a finite number above 0, found {found}");
        refused(fit(8, Sgd::new(rate)), &message);
    }
    refused(fit(8, Sgd::new(0.1).momentum(1.0)), "momentum: expected at least 0 and less than 1, found 1");
    refused(trainer(1).fit(&digits(0), None), "training data: expected at least 1 sample, found 0");
    refused(trainer(1).fit(&data, &digits(0)), "validation data: expected at least 1 sample, found 0");
    refused(trainer(1).evaluate(&digits(0)), "data: expected at least 1 sample, found 0");
    for fraction in [0.0, 1.0, -0.5, 2.0, f64::NAN] {
        let message = format!("fraction: expected more than 0 and less than 1, found {fraction}");
        refused(data.split(fraction, 1), &message);
    }
    refused(
        data.split(0.01, 1),
        "fraction: expected at least one sample in each part, found 0.01 of 20 samples",
    );
}

#[test]
fn data_are_checked_when_they_are_made() {
    use convnet::data::Normalization;
    let classes = || vec![Class::<2>::new(0).unwrap(); 3];
    let make = |bytes: usize, std| {
        let normalization = Normalization::new([0.5], [std])?;
        Dataset::<Flat<2>, Class<2>>::from_bytes(vec![0; bytes], normalization, classes())
    };
    assert!(make(6, 0.25).is_ok());
    refused(make(5, 0.25), "values: expected 3 samples of 2 values (2), found 5");
    for std in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let found =
            format!("normalization: expected a finite mean and a std above 0, found mean 0.5, std {std}");
        refused(make(6, std), &found);
    }
}
