//! Missing values are filled, and values scaled, by the training part alone; both can be written and read.

#[cfg(feature = "csv")]
use convnet::Error;
use convnet::data::{Fill, Imputer, Parts};
use convnet::prelude::*;

type Rows = Dataset<Flat<2>, Class<2>>;

fn rows(rows: &[[f32; 2]]) -> Rows {
    rows.iter().map(|row| (Tensor::from(*row), Class::new(0).unwrap())).collect()
}

const NAN: f32 = f32::NAN;

fn parts() -> Parts<Rows> {
    Parts {
        train: rows(&[[1.0, NAN], [NAN, 4.0], [3.0, 8.0]]),
        validation: rows(&[[NAN, 1e9]]),
        test: TestSet::new(rows(&[[1e9, NAN]])),
    }
}

#[test]
fn all_parts_are_filled_by_the_training_part() {
    let (filled, imputer) = parts().impute(Fill::Mean).unwrap();
    assert_eq!(imputer.values(), [2.0, 6.0]);
    let train: Vec<_> = (0..3).map(|i| filled.train.sample::<f32>(i)).collect();
    assert_eq!(train, [[1.0, 6.0], [2.0, 4.0], [3.0, 8.0]].map(Tensor::from));
    assert_eq!(filled.validation.sample::<f32>(0), Tensor::from([2.0, 1e9]));
    assert_eq!(filled.test.sample::<f32>(0), Tensor::from([1e9, 6.0]));
    // Then they are standardised, by the filled training part.
    let (scaled, standardizer) = filled.standardize().unwrap();
    assert_eq!(standardizer.mean(), [2.0, 6.0]);
    assert_eq!(scaled.validation.sample::<f32>(0)[0], 0.0);
    assert_eq!(scaled.test.sample::<f32>(0)[1], 0.0);
}

/// Filling after standardising fills standardised values.
#[test]
fn transformations_are_applied_in_their_order() {
    let data = rows(&[[5.0, NAN]]);
    let by = Standardizer::<Flat<2>>::new([1.0, 1.0], [2.0, 2.0]).unwrap();
    let fill = Imputer::<Flat<2>>::new([7.0, 7.0]).unwrap();
    assert_eq!(by.apply(&fill.apply(&data)).sample::<f32>(0), Tensor::from([2.0, 3.0]));
    assert_eq!(fill.apply(&by.apply(&data)).sample::<f32>(0), Tensor::from([2.0, 7.0]));
}

/// The values of scikit-learn's `SimpleImputer` with each strategy.
#[test]
fn each_way_to_fill_has_its_number() {
    let data = rows(&[[1.0, 5.0], [2.0, 3.0], [NAN, 3.0], [2.0, 5.0], [100.0, NAN]]);
    let values = |fill| Imputer::fit(&data, fill).unwrap().values().to_vec();
    assert_eq!(values(Fill::Mean), [26.25, 4.0]);
    assert_eq!(values(Fill::Median), [2.0, 4.0]);
    assert_eq!(values(Fill::MostFrequent), [2.0, 3.0]);
    assert_eq!(values(Fill::Constant(-1.0)), [-1.0, -1.0]);
}

#[test]
fn data_that_cannot_be_fitted_are_refused() {
    let message = |data: &Rows, fill| Imputer::fit(data, fill).unwrap_err().to_string();
    let none = rows(&[[1.0, NAN], [2.0, NAN]]);
    assert_eq!(
        message(&none, Fill::Mean),
        "data to impute by: expected a sample with each value, found none for value 1"
    );
    assert_eq!(message(&rows(&[]), Fill::Median), "data to impute by: expected at least 1 sample, found 0");
    let infinite = rows(&[[1.0, 2.0], [f32::INFINITY, 2.0]]);
    assert_eq!(
        message(&infinite, Fill::Mean),
        "data to impute by: expected finite numbers, or NaN, found inf in sample 1, value 0"
    );
    assert_eq!(
        message(&none, Fill::Constant(f64::NAN)),
        "values to impute: expected 2 finite numbers, found NaN at 0"
    );
    assert_eq!(
        parts().standardize().unwrap_err().to_string(),
        "data to standardize by: expected finite numbers, found NaN in sample 0, value 1; Imputer fills missing values"
    );
}

#[test]
fn a_standardizer_of_known_numbers_can_be_inverted() {
    let by = Standardizer::<Flat<2>>::new([3.0, 7.0], [2.0, 0.0]).unwrap();
    let sample = Tensor::<Flat<2>, f64>::from([5.0, 9.0]);
    assert_eq!(by.apply(&sample), Tensor::from([1.0, 2.0]));
    assert_eq!(by.inverse(&by.apply(&sample)), sample);
    for (mean, std, message) in [
        (vec![1.0], vec![1.0, 1.0], "mean: expected 2 finite numbers, found [1.0]"),
        (vec![1.0; 2], vec![1.0; 3], "std: expected 2 finite numbers, none below 0, found [1.0, 1.0, 1.0]"),
        (vec![1.0; 2], vec![1.0; 30], "std: expected 2 finite numbers, none below 0, found 30"),
        (vec![1.0, f64::NAN], vec![1.0; 2], "mean: expected 2 finite numbers, found NaN at 1"),
        (vec![1.0; 2], vec![-1.0, 1.0], "std: expected 2 finite numbers, none below 0, found -1 at 0"),
    ] {
        assert_eq!(Standardizer::<Flat<2>>::new(mean, std).unwrap_err().to_string(), message);
    }
}

#[cfg(feature = "store")]
#[test]
fn both_are_written_and_read() {
    let by = Standardizer::<Flat<2>>::new([3.0, 0.1], [2.0, 0.3]).unwrap();
    let text = serde_json::to_string(&by).unwrap();
    assert_eq!(text, r#"{"mean":[3.0,0.1],"std":[2.0,0.3]}"#);
    assert!(serde_json::from_str::<Standardizer<Flat<2>>>(&text).unwrap() == by);
    let error = serde_json::from_str::<Standardizer<Flat<3>>>(&text).unwrap_err();
    assert!(error.to_string().starts_with("mean: expected 3 finite numbers, found [3.0, 0.1]"), "{error}");
    let fill = Imputer::<Flat<2>>::new([0.1, -2.0]).unwrap();
    let text = serde_json::to_string(&fill).unwrap();
    assert_eq!(text, "[0.1,-2.0]");
    assert!(serde_json::from_str::<Imputer<Flat<2>>>(&text).unwrap() == fill);
    let error = serde_json::from_str::<Imputer<Flat<1>>>(&text).unwrap_err();
    assert!(error.to_string().starts_with("values to impute: expected 1 finite numbers"), "{error}");
}

/// A network that is loaded from its file reads another table as the training table was read.
#[cfg(all(feature = "csv", feature = "store"))]
#[test]
fn a_network_takes_its_table_along() {
    use convnet::data::{CsvOptions, Missing};
    use convnet::train::Progress;
    network! {
        struct Net: Flat<3> => Flat<2> {
            fc: Dense { units: 2 },
        }
    }
    let text = "id,x,color,kind\n1,1,red,yes\n2,,blue,no\n3,3,red,no\n4,4,blue,yes\n";
    let options = || CsvOptions::new().missing(Missing::Keep);
    let read = |text, options| Csv::from_reader_with("kinds.csv", text, options).unwrap();
    let table =
        read(text.as_bytes(), options().without(["id"]).one_hot(["color"])).classes::<3, 2>("kind").unwrap();
    let imputer = Imputer::fit(&table.data, Fill::Median).unwrap();
    let filled = imputer.apply(&table.data);
    let standardizer = Standardizer::fit(&filled).unwrap();
    let train = standardizer.apply(&filled);
    let mut trainer =
        Trainer::new(Net::new(1), SoftmaxCrossEntropy, Sgd::new(0.1)).epochs(1).progress(Progress::Silent);
    trainer.fit(&train, None).unwrap();
    let path = tempfile::tempdir().unwrap().keep().join("net.safetensors");
    trainer.network().save(&path).unwrap();

    let mut net = Net::new(2);
    net.load(&path).unwrap();
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    let metadata = net.metadata().clone();
    assert_eq!(metadata.features, ["x", "color=blue", "color=red"]);
    assert_eq!(metadata.classes, ["no", "yes"]);
    assert!(Imputer::new(metadata.imputer.unwrap()).unwrap() == imputer);
    assert!(Standardizer::try_from(metadata.standardizer.unwrap()).unwrap() == standardizer);
    let new = b"color,x\nblue,2\nred,?\n";
    let new = read(&new[..], options().only(&metadata.features)).features::<3>().unwrap();
    let new = standardizer.apply(&imputer.apply(&new));
    assert_eq!(new.sample::<f32>(1)[0], standardizer.apply(&Tensor::<Flat<3>>::from([3.0, 0.0, 1.0]))[0]);
    // Missing values that nobody filled are told by the name of the feature.
    let error = trainer.evaluate(&table.data).unwrap_err().to_string();
    assert_eq!(error, "data, sample 1: expected finite numbers, found NaN in feature \"x\"");
}

/// An imputer after a standardiser is told as one before it.
#[test]
fn metadata_have_the_imputer_before_the_standardizer() {
    let by = Standardizer::<Flat<2>>::new([1.0, 1.0], [2.0, 0.0]).unwrap();
    let fill = Imputer::<Flat<2>>::new([7.0, 7.0]).unwrap();
    let metadata = fill.apply(&by.apply(&rows(&[[5.0, NAN]]))).metadata();
    assert_eq!(metadata.imputer, Some(vec![15.0, 8.0]));
    let twice = by.apply(&by.apply(&rows(&[[5.0, NAN]]))).metadata().standardizer.unwrap();
    assert_eq!((twice.mean, twice.std), (vec![3.0, 2.0], vec![4.0, 1.0]));
}

/// The numbers that were subtracted from a table's columns are in the file of a network, and data without them are refused.
#[cfg(all(feature = "csv", feature = "store"))]
#[test]
fn a_network_takes_its_offsets_along() {
    use convnet::data::CsvOptions;
    use convnet::train::Progress;
    network! {
        struct Net: Flat<2> => Flat<1> {
            fc: Dense { units: 1 },
        }
    }
    let text = "time,x,y,z\n1700000001,1,16777217,9\n1700000002,2,16777219,9\n1700000003,4,16777221,9\n";
    let read = |text, options| Csv::from_reader_with("log.csv", text, options).unwrap();
    let options = || CsvOptions::new().without(["z"]).offset("time", 5.0).offset("time", 1.7e9);
    let with = options().offset("y", 16_777_216.0);
    let train = read(text.as_bytes(), with).regression::<2, 1>(["y"]).unwrap();
    let mut trainer =
        Trainer::new(Net::new(1), MeanSquaredError, Sgd::new(0.01)).epochs(1).progress(Progress::Silent);
    trainer.fit(&train, &train).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    trainer.network().save(&path).unwrap();
    let mut net = Net::new(2);
    net.load(&path).unwrap();
    let metadata = net.metadata();
    assert_eq!(metadata.offsets, [("time".to_owned(), 1.7e9), ("y".to_owned(), 16_777_216.0)]);
    let new = read(b"x,time\n7,1700000009\n", CsvOptions::new().like(metadata)).features::<2>().unwrap();
    assert_eq!(new.sample::<f32>(0), Tensor::from([9.0, 7.0]));

    let other = read(b"time,x,y\n1,7,0\n", CsvOptions::new()).regression::<2, 1>(["y"]).unwrap();
    assert_eq!(
        trainer.evaluate_regression(&other).unwrap_err().to_string(),
        "offsets of the data: expected 1700000000 for feature \"time\", as in training, found 0 for feature \"time\""
    );
    let error = trainer.fit(&train, &other).unwrap_err().to_string();
    assert!(error.starts_with("offsets of the validation data: expected 1700000000 for feature"), "{error}");
    // The target's own is another matter: its numbers are compared by whoever set it.
    let same = read(b"time,x,y\n1700000001,7,0\n", options().without(Vec::<String>::new()));
    trainer.evaluate_regression(&same.regression::<2, 1>(["y"]).unwrap()).unwrap();
}

/// Columns in another order are no features of the network, nor are other categories.
#[cfg(feature = "csv")]
#[test]
fn features_are_compared_by_name() {
    use convnet::data::CsvOptions;
    use convnet::train::Progress;
    network! {
        struct Net: Flat<2> => Flat<2> {
            fc: Dense { units: 2 },
        }
    }
    let read = |text: &'static str| {
        let options = CsvOptions::new();
        Csv::from_reader_with("kinds.csv", text.as_bytes(), options)
            .unwrap()
            .classes::<2, 2>("kind")
            .unwrap()
            .data
    };
    let train = read("width,height,kind\n1,2,a\n3,5,b\n");
    let turned = read("height,width,kind\n2,1,a\n5,3,b\n");
    let mut trainer =
        Trainer::new(Net::new(1), SoftmaxCrossEntropy, Sgd::new(0.1)).epochs(1).progress(Progress::Silent);
    let found = "expected those of the training data, 2 (width, height), found 2 (height, width)";
    let error = trainer.fit(&train, &turned).unwrap_err().to_string();
    assert_eq!(error, format!("features of the validation data: {found}"));
    trainer.fit(&train, &train).unwrap();
    let refused = |result: Result<(), Error>| {
        assert_eq!(result.unwrap_err().to_string(), format!("features of the data: {found}"));
    };
    refused(trainer.evaluate(&turned).map(|_| ()));
    refused(trainer.loss_and_accuracy(&turned).map(|_| ()));
    refused(trainer.roc_auc(&turned, Class::new(0).unwrap()).map(|_| ()));
    let mut answers = convnet::train::PredictAll::predict_all(trainer.network(), &turned);
    refused(answers.next().unwrap().map(|_| ()));
    assert!(answers.next().is_none());
    // Data without names are taken as they are.
    trainer.evaluate(&rows(&[[1.0, 2.0]])).unwrap();
}
