//! Predictions, evaluations and the history of a run agree with each other.

use convnet::model::LeNet5;
use convnet::prelude::*;

use crate::lenet::{digits, trainer};
use crate::line::Line;

#[test]
fn history_and_evaluation_agree() {
    let data = digits(300);
    let (train, validation) = data.split(0.8, 1).unwrap();
    assert_eq!((train.len(), validation.len()), (240, 60));
    let mut trainer = trainer(1).epochs(3);
    let history = trainer.fit(&train, &validation).unwrap();
    let evaluation = trainer.evaluate(&validation).unwrap();
    let last = history.epochs[2].validation.unwrap();
    assert_eq!(last.loss, evaluation.loss);
    assert_eq!(last.accuracy, Some(evaluation.accuracy()));
    assert_eq!(evaluation.samples(), 60);
    let supports: usize = evaluation.classes().iter().map(|class| class.support).sum();
    assert_eq!(supports, 60);
    #[cfg(feature = "store")]
    {
        let json = serde_json::to_string(&history).unwrap();
        assert_eq!(serde_json::from_str::<convnet::train::History>(&json).unwrap(), history);
    }
}

#[test]
fn precision_and_recall() {
    use convnet::train::Evaluation;
    let confusion = vec![vec![8, 2, 0], vec![1, 4, 0], vec![0, 2, 0]];
    let evaluation = Evaluation::new(0.5, confusion, vec![12, 5, 0]);
    assert_eq!((evaluation.correct(), evaluation.samples()), (12, 17));
    let classes = evaluation.classes();
    assert_eq!(
        (classes[0].precision, classes[0].recall, classes[0].support),
        (Some(8.0 / 9.0), Some(0.8), 10)
    );
    assert_eq!((classes[1].precision, classes[1].recall, classes[1].support), (Some(0.5), Some(0.8), 5));
    // Nothing was taken for class 2: its precision is not measured, which is not 0.
    assert_eq!((classes[2].precision, classes[2].recall, classes[2].support), (None, Some(0.0), 2));
    assert!(evaluation.to_string().contains("70.59 % (12/17)"), "{evaluation}");
}

#[test]
fn one_network_serves_many_threads() {
    let net = LeNet5::new(1);
    let data = digits(40);
    let alone: Vec<_> = (0..40).map(|i| net.predict(&data.sample(i))).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for (i, expected) in alone.iter().enumerate() {
                    assert_eq!(net.predict(&data.sample(i)), *expected);
                }
            });
        }
    });
    let batch: Batch<Chw<1, 28, 28>> = (0..40).map(|i| data.sample(i)).collect();
    let together = net.infer(&batch);
    for (i, prediction) in alone.iter().enumerate() {
        assert!((prediction.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        let logits = together.sample(i);
        assert!((0..10).all(|class| logits[class] <= logits[prediction.class]));
    }
}

#[test]
fn the_best_epoch_has_the_lowest_validation_loss() {
    use convnet::train::{Epoch, LossAndAccuracy};
    let score = |loss| LossAndAccuracy { loss, accuracy: None };
    let epoch =
        |epoch, train, validation: Option<f64>| Epoch::new(epoch, score(train), validation.map(score), 1.0);
    let best = |epochs: Vec<Epoch>| convnet::train::History::new(epochs).best().map(|epoch| epoch.epoch);
    assert_eq!(best(vec![]), None);
    assert_eq!(
        best(vec![epoch(1, 0.9, Some(0.3)), epoch(2, 0.5, Some(0.2)), epoch(3, 0.1, Some(0.4))]),
        Some(2)
    );
    assert_eq!(best(vec![epoch(1, 0.9, None), epoch(2, 0.5, None)]), Some(2));
    let nan = f64::INFINITY - f64::INFINITY;
    assert_eq!(
        best(vec![epoch(1, 0.9, Some(0.3)), epoch(2, 0.5, Some(nan)), epoch(3, 0.5, Some(-nan))]),
        Some(1)
    );
}

#[test]
fn an_answer_with_a_nan_in_it_is_wrong() {
    use convnet::data::Target;
    let class = |index| Class::<3>::new(index).unwrap();
    assert_eq!(class(1).is_met_by([0.0, 2.0, 1.0]), Some(true));
    assert_eq!(class(0).is_met_by([0.0, 2.0, 1.0]), Some(false));
    assert_eq!(class(0).is_met_by([f64::NAN; 3]), Some(false));
    assert_eq!(class(1).is_met_by([0.0, 2.0, f64::NAN]), Some(false));
}

/// One output for two classes is the logit of class 1: `is_met_by`, `predict` and `evaluate` agree.
#[test]
fn a_single_output_decides_between_two_classes() {
    use convnet::data::Target;
    let mut net = Line::new(1);
    net.layers_mut().fc().into_slice().copy_from_slice(&[1.0, 0.0]);
    // Too small to be seen in a probability.
    let tiny = 1e-30;
    let cases = [(-3.0, 0), (-tiny, 0), (0.0, 0), (tiny, 1), (3.0, 1)];
    for (logit, expected) in cases {
        let convnet::network::Prediction { class, probabilities } = net.predict(&Tensor::from([logit]));
        assert_eq!(class, expected, "{logit}");
        let chance = 1.0 / (1.0 + (-logit).exp());
        assert!((probabilities[0] - (1.0 - chance)).abs() < 1e-6 && (probabilities[1] - chance).abs() < 1e-6);
        for label in 0..2 {
            let class = Class::<2>::new(label).unwrap();
            assert_eq!(class.is_met_by([logit]), Some(label == expected), "{logit} for {label}");
        }
    }
    assert_eq!(Class::<2>::new(0).unwrap().is_met_by([f32::NAN]), Some(false));

    let labelled = cases.map(|(logit, _)| (Tensor::from([logit]), Class::<2>::new(1).unwrap()));
    let data: Dataset<Flat<1>, Class<2>> = labelled.into_iter().collect();
    let trainer = Trainer::new(net.clone(), SigmoidCrossEntropy, Sgd::new(0.1));
    assert_eq!(trainer.evaluate(&data).unwrap().confusion, [[0, 0], [3, 2]]);
    assert_eq!(trainer.loss_and_accuracy(&data).unwrap().accuracy, Some(0.4));

    // One output for one class is always right.
    let only = [(Tensor::from([1.0]), Class::<1>::new(0).unwrap())];
    let data: Dataset<Flat<1>, Class<1>> = only.into_iter().collect();
    let trainer = Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.1));
    assert_eq!(trainer.evaluate(&data).unwrap().confusion, [[1]]);
}

/// The loss of a run and that of the evaluation are the same, and a mask as a whole has no accuracy.
#[test]
fn a_segmentation_is_learnt() {
    network! {
        struct Bright: Chw<1, 5, 4> => Chw<3, 5, 4> {
            conv: Conv2d { filters: 3, kernel: 3, padding: 1 },
            relu: Relu,
            out: Conv2d { filters: 3, kernel: 1 },
        }
    }
    let pictures = (0..40_usize).map(|n| {
        let bright = |row: usize, column: usize| (row * 3 + column * 5 + n) % 7 < 3;
        let image = Tensor::from_fn(|i| if bright(i / 4, i % 4) { 1.0 } else { 0.0 });
        (image, Mask::from_fn(|row, column| 2 * u8::from(bright(row, column))).unwrap())
    });
    let data: Dataset<Chw<1, 5, 4>, Mask<3, 5, 4>> = pictures.collect();
    let (train, validation) = data.split(0.5, 1).unwrap();
    let mut trainer =
        Trainer::new(Bright::new(1), PixelCrossEntropy, Adam::new(0.05)).epochs(30).batch_size(4);
    trainer = trainer.progress(convnet::train::Progress::Silent);
    let history = trainer.fit(&train, &validation).unwrap();
    let last = history.epochs[29].validation.unwrap();
    let evaluation = trainer.evaluate_segmentation(&TestSet::new(validation)).unwrap();
    assert_eq!((last.loss, last.accuracy), (evaluation.loss, None));
    assert_eq!(evaluation.pixels(), 20 * 20);
    assert_eq!((evaluation.pixel_accuracy(), evaluation.dice()[1]), (1.0, None));
    assert_eq!(evaluation.confusion.iter().flatten().filter(|count| **count > 0).count(), 2);
    let error = trainer.evaluate_segmentation(&data.subset([])).unwrap_err().to_string();
    assert_eq!(error, "data: expected at least 1 sample, found 0");
    // Classes of masks are compared by name, as others are.
    trainer.fit(&train.clone().with_class_names(["road", "tree", "sky"]), None).unwrap();
    let error = trainer.evaluate_segmentation(&data.with_class_names(["sky", "tree", "road"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "classes of the data: expected those of the training data, 3 (road, tree, sky), found 3 (sky, tree, road)"
    );
}

/// A mask does not follow an image that is flipped.
#[test]
fn masks_are_not_left_behind() {
    let images = (0..4).map(|_| (Tensor::zeros(), Mask::new(&[0; 12]).unwrap()));
    let data: Dataset<Chw<1, 3, 4>, Mask<2, 3, 4>> = images.collect();
    let write = |augment: Augment| {
        let data = augment.apply(data.clone());
        Samples::<Chw<1, 3, 4>>::write_to(&data, 0, &mut [0.0_f32; 12], Some(1)).map_err(|e| e.to_string())
    };
    let expected =
        "expected targets without places in the image, which would not move with it, found masks or the like";
    for (augment, name) in [
        (Augment::new().cutout(1).random_horizontal_flip(), "random_horizontal_flip"),
        (Augment::new().random_crop(1), "random_crop"),
        (Augment::new().random_rotation(5.0), "random_rotation"),
        (Augment::new().random_rotation(5.0).random_translation(1.0), "random_translation"),
    ] {
        assert_eq!(write(augment), Err(format!("{name}: {expected}")));
    }
    assert_eq!(write(Augment::new().cutout(1)), Ok(()));
}

#[test]
fn masks_that_do_not_fit_are_refused() {
    let error = Mask::<2, 3, 4>::new(&[0; 11]).unwrap_err().to_string();
    assert_eq!(error, "mask: expected a class for each of 3x4 pixels, 12, found 11");
    assert_eq!(Mask::<256, 1, 2>::new(&[7, 255]).unwrap().class(0, 1), 255);
    let error = Mask::<3, 2, 2>::from_fn(|row, column| (2 * row + column) as u8).unwrap_err().to_string();
    assert_eq!(error, "mask: expected one of 3 classes, 0 to 2, found 3 at row 1, column 1");
}
