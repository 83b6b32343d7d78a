//! Metadata in files of weights and checkpoints: class names, preprocessing, and the state of a training.

use std::fs;

use convnet::data::Samples;
use convnet::prelude::*;
use convnet::store::Weights;
use convnet::train::{Checkpoints, EarlyStopping, Progress};

use crate::short_run::{data, filled, trainer};
use crate::{Small, bits};

fn named(count: usize) -> Dataset<Chw<2, 6, 6>, Class<3>> {
    data(0, count).with_class_names(["ant \"a\"", "bee", "céphalopode\\"])
}

#[test]
fn names_of_classes_travel_with_the_network() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let mut trainer = trainer(1, Sgd::new(0.05));
    trainer.fit(&named(20), None).unwrap();
    trainer.network().save(&path).unwrap();
    let mut net = Small::new(1);
    net.load(&path).unwrap();
    assert_eq!(net.metadata(), &named(1).metadata());
    assert_eq!(net.metadata().class_name(2), Some("céphalopode\\"));
    assert_eq!(bits(&net), bits(trainer.network()));
    // A network that keeps its own last layer keeps no names of the file's.
    let mut other = Small::new(1);
    Weights::open(&path).unwrap().skip("fc2").load_into(&mut other).unwrap();
    assert!(other.metadata().classes.is_empty());

    // Names of other programs are passed over, and bad ones of ours told.
    let bytes = fs::read(&path).unwrap();
    let bad = replaced(&bytes, b"\"convnet.classes\":\"[", b"\"convnet.classes\":\"{");
    let error = net.load(write(&folder, &bad)).unwrap_err().to_string();
    assert!(error.contains("expected metadata convnet.classes as it is documented"), "{error}");
    assert_eq!(bits(&net), bits(trainer.network()));

    // Weights of another program have no names, and do not get those of the weights before them.
    let plain = replaced(&bytes, b"\"convnet.classes\":", b"\"another.classes\":");
    net.load(write(&folder, &plain)).unwrap();
    assert!(net.metadata().classes.is_empty());
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

fn write(folder: &tempfile::TempDir, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.path().join("changed.safetensors");
    fs::write(&path, bytes).unwrap();
    path
}

#[cfg(feature = "images")]
#[test]
fn preprocessing_travels_with_the_network() {
    use convnet::data::{Fit, Normalization, Preprocessing};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let normalization = Normalization::new([0.1, 0.7], [0.3, 1.0 / 3.0]).unwrap();
    for fit in [Fit::Cover, Fit::Stretch, Fit::Contain, Fit::Crop { side: 300 }] {
        let mut net = Small::new(1);
        let mut metadata = net.metadata().clone();
        metadata.preprocessing = Some(Preprocessing::new().fit(fit).normalization(normalization.clone()));
        net.model_mut().set_metadata(metadata.clone());
        net.save(&path).unwrap();
        let mut loaded = Small::new(2);
        loaded.load(&path).unwrap();
        assert_eq!(*loaded.metadata(), metadata);
    }
}

#[cfg(feature = "images")]
#[test]
fn preprocessing_that_is_not_understood_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let mut net = Small::new(1);
    let mut metadata = net.metadata().clone();
    metadata.preprocessing = Some(convnet::data::Preprocessing::new());
    net.model_mut().set_metadata(metadata);
    net.save(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    for (from, to, told) in [
        ("\"RGB\"", "\"BGR\"", "expected RGB or grey in metadata convnet.colour, found BGR"),
        (
            "\"cover\"",
            "\"blows\"",
            "expected metadata convnet.fit as it is documented, found fit: expected cover, ",
        ),
        (
            "convnet.fit",
            "another.fit",
            "expected convnet.fit beside it in metadata convnet.mean, found [0.0]",
        ),
        (
            "\"convnet.std\":\"[1.0]",
            "\"convnet.std\":\"[0.0]",
            "found normalization: expected a finite mean and a std above 0",
        ),
        (
            "\"convnet.std\":\"[1.0]",
            "\"convnet.std\":\"[\\n\\n]",
            "found normalization: expected as many means as standard",
        ),
    ] {
        let bad = replaced(&bytes, from.as_bytes(), to.as_bytes());
        let len = bytes.len();
        let error = net.load(write(&folder, &bad[..len.min(bad.len())])).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn the_scale_of_a_table_travels_with_the_network() {
    network! {
        struct Line: Flat<2> => Flat<1> { fc: Dense { units: 1 } }
    }
    let rows = (0..30).map(|i| (Tensor::from([i as f32, 5.0]), Tensor::from([2.0 * i as f32])));
    let table = rows.collect::<Dataset<Flat<2>, Tensor<Flat<1>>>>().with_feature_names(["hours", "rate"]);
    let parts = table.train_val_test_split(Fractions::default(), 1).unwrap();
    let (parts, standardizer) = parts.standardize().unwrap();
    let mut trainer =
        Trainer::new(Line::new(1), MeanSquaredError, Sgd::new(0.01)).epochs(1).progress(Progress::Silent);
    trainer.fit(&parts.train, &parts.validation).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("line.safetensors");
    trainer.network().save(&path).unwrap();
    let mut net = Line::new(2);
    net.load(&path).unwrap();
    assert_eq!(net.metadata().features, ["hours", "rate"]);
    let numbers = net.metadata().standardizer.as_ref().unwrap();
    assert_eq!((&*numbers.mean, &*numbers.std), (standardizer.mean(), standardizer.std()));
}

/// Other programs keep much in the metadata: 150 kB are nothing unusual.
#[test]
fn long_metadata_of_others_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    Small::new(1).save(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    let len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let entry = format!("{{\"__metadata__\":{{\"ss_tag\":\"{}\",", "x".repeat(150_000));
    let header = [entry.as_bytes(), bytes[8..8 + len].strip_prefix(b"{\"__metadata__\":{").unwrap()].concat();
    let start = (header.len() as u64).to_le_bytes();
    let mut net = Small::new(2);
    net.load(write(&folder, &[&start[..], &header, &bytes[8 + len..]].concat())).unwrap();
    assert_eq!(bits(&net), bits(&Small::new(1)));
}

#[test]
fn data_whose_classes_have_other_names_are_refused() {
    let mut trainer = trainer(1, Sgd::new(0.05));
    let others = data(0, 20).with_class_names(["bee", "ant", "cat"]);
    let error = trainer.fit(&named(20), &others).unwrap_err().to_string();
    let found = "found 3 (bee, ant, cat)";
    assert!(
        error.starts_with("classes of the validation data: expected those of the training data, 3 (ant ")
    );
    assert!(error.ends_with(found), "{error}");
    trainer.fit(&named(20), &named(20)).unwrap();
    for error in [trainer.evaluate(&others).map(|_| ()), trainer.loss_and_accuracy(&others).map(|_| ())] {
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("classes of the data: ") && error.ends_with(found), "{error}");
    }
    // Data without names are taken as they are.
    trainer.evaluate(&data(0, 20)).unwrap();
}

#[test]
fn a_checkpoint_is_no_file_of_weights() {
    let folder = filled();
    let path = folder.path().join("checkpoint-0000000024.safetensors");
    let error = Small::new(1).load(&path).unwrap_err().to_string();
    let found = "expected weights alone, found a checkpoint of a training: Trainer::resume continues it";
    assert!(error.contains(found), "{error}");
    Small::new(1).load(folder.path().join("best.safetensors")).unwrap();
}

#[test]
fn a_run_is_not_resumed_on_other_data() {
    let folder = tempfile::tempdir().unwrap();
    let sgd = || Sgd::new(0.05).momentum(0.9);
    let mut first = trainer(1, sgd()).checkpoints(Checkpoints::new(folder.path()));
    first.fit(&named(51), None).unwrap();
    let resumed = || {
        let mut trainer = trainer(2, sgd());
        assert!(trainer.resume(folder.path()).unwrap().is_empty());
        trainer
    };
    for (other, part) in [
        (data(1, 51).with_class_names(["ant \"a\"", "bee", "céphalopode\\"]), "found as many others"),
        (data(0, 51).with_class_names(["bee", "ant", "cat"]), "found 3 (bee, ant, cat)"),
        (data(0, 51), "found none"),
        (named(50), "expected the 51 samples of the run that is resumed, found 50"),
    ] {
        let mut trainer = resumed();
        let error = trainer.fit(&other, None).unwrap_err().to_string();
        assert!(error.starts_with("training data: ") && error.contains(part), "{error}");
    }
    assert_eq!(resumed().fit(&named(51), None).unwrap().epochs.len(), 2);
    // The validation data are compared, too.
    let error = resumed().fit(&named(51), &named(10)).unwrap_err().to_string();
    assert_eq!(error, "validation data: expected none, as in the run that is resumed, found some");
    let validated = tempfile::tempdir().unwrap();
    let mut first = trainer(1, sgd()).checkpoints(Checkpoints::new(validated.path()));
    first.fit(&named(51), &named(10)).unwrap();
    for (other, found) in [(None, "none"), (Some(named(9)), "others, or in another order")] {
        let mut trainer = trainer(2, sgd());
        trainer.resume(validated.path()).unwrap();
        let error = match &other {
            None => trainer.fit(&named(51), None),
            Some(other) => trainer.fit(&named(51), other),
        };
        let expected = "validation data: expected the samples of the run that is resumed, found ";
        assert_eq!(error.unwrap_err().to_string(), format!("{expected}{found}"));
    }
    // Masks and numbers are compared, too.
    network! {
        struct Line: Flat<1> => Flat<1> { fc: Dense { units: 1 } }
    }
    let table = |slope: f32| -> Dataset<Flat<1>, Tensor<Flat<1>>> {
        (0..20).map(|i| (Tensor::from([i as f32 / 20.0]), Tensor::from([slope * i as f32]))).collect()
    };
    let line =
        || Trainer::new(Line::new(1), MeanSquaredError, Sgd::new(0.01)).epochs(2).progress(Progress::Silent);
    let lines = tempfile::tempdir().unwrap();
    line().epochs(1).checkpoints(Checkpoints::new(lines.path())).fit(&table(1.0), None).unwrap();
    let resumed = |slope: f32| {
        let mut trainer = line();
        trainer.resume(lines.path()).unwrap();
        trainer.fit(&table(slope), None)
    };
    let error = resumed(2.0).unwrap_err().to_string();
    assert!(error.ends_with(
        "expected the samples of the run that is resumed, found as many others, or in another order"
    ));
    assert_eq!(resumed(1.0).unwrap().epochs.len(), 2);
    let best = Weights::open(folder.path().join("best.safetensors")).unwrap();
    assert_eq!(best.metadata().classes[1], "bee");
}

#[test]
fn settings_that_differ_from_a_checkpoint_are_told() {
    let folder = filled();
    let mut same = trainer(5, Sgd::new(0.05).momentum(0.9));
    assert_eq!(same.resume(folder.path()).unwrap(), []);
    let mut changed = trainer(5, Sgd::new(0.1).momentum(0.9))
        .schedule(Schedule::Cosine)
        .l2(0.01)
        .freeze("conv1")
        .early_stopping(EarlyStopping::new(3));
    let changes = changed.resume(folder.path()).unwrap();
    let texts: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts[1],
        "schedule: Plateau { factor: 0.5, patience: 1, threshold: 0.0001 } in the checkpoint, now Cosine"
    );
    assert_eq!(texts[2], "penalties and limits: none in the checkpoint, now l2 0.01");
    let names: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
    let expected =
        ["optimiser", "schedule", "penalties and limits", "frozen layers and factors", "early stopping"];
    assert_eq!(names, expected);
    assert!(changes[0].now.contains("learning_rate: 0.1") && changes[0].before.contains("0.05"));
}

/// Names and numbers that are not one for each output or value would be given to others.
#[test]
fn metadata_fit_the_network() {
    let changed = |change: &dyn Fn(&mut convnet::data::Metadata)| {
        let mut net = Small::new(1);
        let mut metadata = named(1).metadata();
        change(&mut metadata);
        net.model_mut().set_metadata(metadata);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net.safetensors");
        net.save(&path).unwrap();
        let mut other = Small::new(2);
        let error = other.load(&path).unwrap_err().to_string();
        assert_eq!(bits(&other), bits(&Small::new(2)));
        // A network with a last layer of its own has its own classes.
        let skipped = Weights::open(&path).unwrap().skip("fc2").load_into(&mut other).is_ok();
        (error.split_once(": ").unwrap().1.to_owned(), skipped)
    };
    let four = ["ant", "bee", "cat", "dog"];
    for (names, sentence) in [
        (&four[..], "at most 3 names of classes, one for each output, found 4 (ant, bee, cat, dog)"),
        (&["ant", "bee", "ant"], "each class with a name of its own, found \"ant\" twice"),
    ] {
        let data = data(0, 20).with_class_names(names.iter().copied());
        let error = trainer(1, Sgd::new(0.05)).fit(&data, None).unwrap_err().to_string();
        assert_eq!(error, format!("training data: expected {sentence}"));
        let classes: Vec<String> = names.iter().map(ToString::to_string).collect();
        let found = changed(&|metadata| metadata.classes = classes.clone());
        assert_eq!(found, (format!("expected metadata of {sentence}"), true));
    }
    let found = changed(&|metadata| metadata.imputer = Some(vec![0.0; 2]));
    let sentence =
        "expected metadata of 72 numbers for missing values, one for each value of a sample, found 2";
    assert_eq!(found, (sentence.to_owned(), false));
    let error = trainer(1, Sgd::new(0.05)).fit(&named(20).with_feature_names(["width"]), None).unwrap_err();
    let sentence = "training data: expected 72 names of features, one for each value of a sample, found 1";
    assert_eq!(error.to_string(), sentence);
    // Data may have fewer classes than the network.
    trainer(1, Sgd::new(0.05)).fit(&data(0, 20).with_class_names(["ant", "bee"]), None).unwrap();
}
