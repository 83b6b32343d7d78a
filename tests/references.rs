//! The two linear models of the course against scikit-learn, which solves them in another way; and its scores of masks.
//!
//! `tests/golden/make_references.py` made the numbers.

use convnet::data::tabular;
use convnet::prelude::*;
use convnet::train::Progress;
use serde_json::Value;

fn reference(model: &str) -> Value {
    let text = std::fs::read_to_string("tests/golden/references.json").unwrap();
    serde_json::from_str::<Value>(&text).unwrap()[model].clone()
}

/// Weights and then the bias, near those of scikit-learn.
fn assert_near(found: &[f64], reference: &Value, tolerance: f64) {
    let weights = reference["weights"].as_array().unwrap().iter();
    let expected: Vec<f64> = weights.chain([&reference["bias"]]).map(|w| w.as_f64().unwrap()).collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < tolerance, "expected {expected}, found {found}");
    }
}

#[test]
fn gradient_descent_finds_the_least_squares() {
    network! {
        struct Linear: Flat<10> => Flat<1> {
            fc: Dense { units: 1 },
        }
    }
    let data = tabular::diabetes().unwrap();
    let data = Standardizer::fit(&data).unwrap().apply(&data);
    let data: Dataset<Flat<10>, Tensor<Flat<1>, f64>> =
        data.targets().enumerate().map(|(i, d)| (data.sample(i), Tensor::from([f64::from(d[0])]))).collect();
    let mut trainer = Trainer::new(
        Linear::<f64>::with_init(Init::default(), 1),
        MeanSquaredError,
        Sgd::new(0.1).momentum(0.95),
    )
    .full_batch()
    .epochs(20_000)
    .progress(Progress::Silent);
    trainer.fit(&data, None).unwrap();
    let reference = reference("linear");
    // The features are rounded to f32.
    assert_near(trainer.network().model().params(), &reference, 0.01);
    let r2 = trainer.evaluate_regression(&data).unwrap().r2;
    assert!((r2 - reference["r2"].as_f64().unwrap()).abs() < 1e-6, "{r2}");
}

#[test]
fn logistic_regression_with_a_penalty_is_scikit_learns() {
    network! {
        struct Logistic: Flat<30> => Flat<1> {
            fc: Dense { units: 1 },
        }
    }
    let reference = reference("logistic");
    let table = tabular::breast_cancer().unwrap();
    let classes: Vec<&str> =
        reference["classes"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
    assert_eq!(table.classes, classes);
    let data = Standardizer::fit(&table.data).unwrap().apply(&table.data);
    let net = Logistic::<f64>::with_init(Init::default(), 1);
    let mut trainer = Trainer::new(net, SigmoidCrossEntropy, Sgd::new(0.1).momentum(0.9))
        .l2(reference["lambda"].as_f64().unwrap())
        .full_batch()
        .epochs(3000)
        .progress(Progress::Silent);
    trainer.fit(&data, None).unwrap();
    assert_near(trainer.network().model().params(), &reference, 1e-4);
    assert_eq!(trainer.evaluate(&data).unwrap().accuracy(), reference["accuracy"].as_f64().unwrap());
}

/// Scores of predicted masks; a class that occurs nowhere has none.
#[test]
fn scores_of_masks_are_scikit_learns() {
    network! {
        struct Same: Chw<4, 3, 4> => Chw<4, 3, 4> {
            identity: Identity,
        }
    }
    let text = std::fs::read_to_string("tests/golden/segmentation.json").unwrap();
    let reference: Value = serde_json::from_str(&text).unwrap();
    let get = |key: &str| -> Vec<Vec<f32>> { serde_json::from_value(reference[key].clone()).unwrap() };
    let data: Dataset<Chw<4, 3, 4>, Mask<4, 3, 4>> = get("scores")
        .iter()
        .zip(get("truth"))
        .map(|(scores, truth)| {
            let classes: Vec<u8> = truth.iter().map(|class| *class as u8).collect();
            (Tensor::from_slice(scores).unwrap(), Mask::new(&classes).unwrap())
        })
        .collect();
    let trainer = Trainer::new(Same::<f64>::with_init(Init::Zeros, 0), PixelCrossEntropy, Sgd::new(1.0));
    let evaluation = trainer.evaluate_segmentation(&data).unwrap();
    assert_eq!(evaluation.pixels(), 20 * 12);
    let number = |value: &Value| value.as_f64().unwrap();
    assert_eq!(evaluation.pixel_accuracy(), number(&reference["accuracy"]));
    for (key, found, mean) in [
        ("iou", evaluation.iou(), evaluation.mean_iou()),
        ("dice", evaluation.dice(), evaluation.mean_dice()),
    ] {
        let mut expected = [None; 4];
        for (class, score) in
            reference["classes"].as_array().unwrap().iter().zip(reference[key].as_array().unwrap())
        {
            expected[class.as_u64().unwrap() as usize] = Some(number(score));
        }
        assert_eq!((expected[2], expected[3]), (None, Some(0.0)), "{key}");
        for (class, (found, expected)) in found.into_iter().zip(expected).enumerate() {
            assert_eq!(found.is_some(), expected.is_some(), "{key} of class {class}");
            let difference = found.unwrap_or_default() - expected.unwrap_or_default();
            assert!(difference.abs() < 1e-15, "{key} of class {class}: {found:?} for {expected:?}");
        }
        let expected = number(&reference[&format!("mean {key}")]);
        assert!((mean.unwrap() - expected).abs() < 1e-15, "mean {key}: {mean:?} for {expected}");
    }
    let text = evaluation.to_string();
    assert!(text.contains("    2 │ not measured not measured\n"), "{text}");
    let nothing = convnet::train::Segmentation::new(0.0, vec![vec![0; 2]; 2]);
    assert_eq!((nothing.pixel_accuracy(), nothing.mean_iou(), nothing.mean_dice()), (0.0, None, None));
}
