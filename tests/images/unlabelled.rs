//! Folders of images without classes, to predict for.

use std::fs;

use convnet::data::{Dataset, Fit, ImageFiles, Normalization, Preprocessing, Samples};
use convnet::prelude::*;
use convnet::train::{PredictAll, Progress, write_csv};

use crate::sources::{encoded, noise, png};

network! {
    struct Small: Chw<3, 4, 4> => Flat<2> { flat: Flatten, fc: Dense { units: 2 } }
}

type Files = ImageFiles<3, 4, 4>;

#[test]
fn a_folder_without_classes_is_predicted_for_in_the_order_of_its_paths() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("2026/.cache")).unwrap();
    for (seed, name) in
        ["c.png", "2026/b.png", "a.jpe", ".hidden.png", "2026/.cache/d.png"].iter().enumerate()
    {
        fs::write(at(name), encoded(&noise(7, 5, seed as u64), image::ImageFormat::Png)).unwrap();
    }
    fs::write(at("notes.txt"), "").unwrap();
    fs::write(at("2026/e.heic"), "").unwrap();
    let normalization = Normalization::new([0.5], [0.25]).unwrap();
    let preprocessing = Preprocessing::new().fit(Fit::Contain).normalization(normalization);
    let images = Files::open(folder.path(), &preprocessing).unwrap();
    assert_eq!(images.files(), [at("2026/b.png"), at("a.jpe"), at("c.png")]);
    let told: Vec<String> = images.left_out().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["1 .heic (images in a format that is not read)", "1 .txt (not named as images are)"]);

    let net = Small::new(3);
    let answers: Vec<_> = net.predict_all(&images).collect::<Result<_, _>>().unwrap();
    for (file, answer) in images.files().iter().zip(&answers) {
        assert_eq!(answer.origin.as_deref(), file.to_str());
        assert_eq!((answer.truth, answer.loss()), (None, None));
        assert_eq!(answer.prediction, net.predict(&preprocessing.open(file).unwrap()));
    }
    let mut table = Vec::new();
    let names = ["cat, small".to_owned(), "dog".to_owned()];
    write_csv(&mut table, net.predict_all(&images), &names).unwrap();
    let table = String::from_utf8(table).unwrap();
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.len(), 4);
    assert!(
        rows[1].starts_with(&format!("0,{},", at("2026/b.png").display())) && rows[1].ends_with(','),
        "{table}"
    );
    // The names that the network knows do not stand in the way of images without any.
    let data = |i: usize| (Tensor::from_fn(|_| i as f32 / 4.0), convnet::data::Class::new(i % 2).unwrap());
    let train = (0..4).map(data).collect::<Dataset<_, _>>().with_class_names(names);
    let mut trainer =
        Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.1)).epochs(1).progress(Progress::Silent);
    trainer.fit(&train, None).unwrap();
    assert_eq!(trainer.network().predict_all(&images).filter_map(Result::ok).count(), 3);
}

#[test]
fn a_folder_without_images_and_a_broken_one_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let text = Files::open(at("none"), &Preprocessing::new()).unwrap_err().to_string();
    assert!(text.starts_with(at("none").to_str().unwrap()), "{text}");
    fs::write(at("a.heic"), "").unwrap();
    let error = Files::open(folder.path(), &Preprocessing::new()).unwrap_err().to_string();
    let found =
        "expected at least one image, found none; left out: 1 .heic (images in a format that is not read)";
    assert_eq!(error, format!("{}: {found}", folder.path().display()));
    let three = Preprocessing::new().normalization(Normalization::new([0.0; 2], [1.0; 2]).unwrap());
    assert!(Files::of([at("b.png")], &three).unwrap_err().to_string().starts_with("normalization"));

    fs::write(at("b.png"), png(4, 4)).unwrap();
    fs::write(at("c.png"), &png(4, 4)[..40]).unwrap();
    let images = Files::open(folder.path(), &Preprocessing::new()).unwrap();
    let net = Small::new(3);
    let error = net.predict_all(&images).find_map(Result::err).unwrap().to_string();
    assert!(error.starts_with(at("c.png").to_str().unwrap()), "{error}");
    let other = Files::of([at("b.png")], &Preprocessing::new()).unwrap();
    assert_ne!(images.fingerprint().unwrap(), other.fingerprint().unwrap());
}
