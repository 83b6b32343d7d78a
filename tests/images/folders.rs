//! Folders as people have them: classes that are missing in a part, parts taken for classes, thumbnails, numbers as names.

use convnet::data::{Fractions, ImageFolder, ImageFolderOptions, LeftOutReason, Normalization};
use convnet::prelude::*;

use crate::sources::{Sources, png};

type Pets = ImageFolder<3, 4, 4, 3>;

fn options() -> ImageFolderOptions {
    ImageFolderOptions::new()
}

/// Folders, each with this number of images.
fn images(folders: &[(&str, usize)]) -> Sources {
    let names =
        folders.iter().flat_map(|(folder, count)| (0..*count).map(move |i| format!("{folder}/{i}.png")));
    let names: Vec<String> = names.collect();
    Sources::new(&names.iter().map(|name| (name.as_str(), png(4, 4))).collect::<Vec<_>>())
}

fn indices(images: &Pets) -> Vec<usize> {
    images.targets().map(|class| class.index()).collect()
}

#[test]
fn a_part_is_numbered_by_the_classes_of_another() {
    let sources =
        images(&[("train/cat", 1), ("train/dog", 1), ("train/fish", 1), ("test/dog", 2), ("test/fish", 1)]);
    for path in sources.all() {
        let train = Pets::open_with(&path, options().part("train")).unwrap();
        let test = Pets::open_with(&path, options().part("test").classes(train.classes())).unwrap();
        assert_eq!((test.classes(), indices(&test)), (train.classes(), vec![1, 1, 2]));
        assert_eq!((test.absent_classes(), train.absent_classes()), (vec!["cat"], vec![]));
    }
    let sources =
        images(&[("train/cat", 1), ("train/dog", 1), ("test/bird", 1), ("test/cat", 1), ("test/dog", 1)]);
    for path in sources.all() {
        let given = ["cat", "dog", "fish"];
        let error = Pets::open_with(&path, options().part("test").classes(&given)).unwrap_err().to_string();
        let sentence = "expected the classes that were given, 3 (cat, dog, fish), found others: 1 (bird)";
        assert!(error.ends_with(sentence), "{error}");
    }
    let error = Pets::open_with(sources.folder(), options().part("train").classes(&["cat", "dog", "cat"]))
        .unwrap_err();
    assert_eq!(error.to_string(), "classes: expected each name once, found \"cat\" twice");
    // A folder without images is that of an absent class; the list must have as many names as the type has classes.
    let sources = Sources::new(&[("cat/a.png", png(4, 4)), ("dog/notes.txt", vec![1])]);
    let found = Pets::open_with(sources.folder(), options().classes(&["cat", "dog", "fish"])).unwrap();
    assert_eq!(found.absent_classes(), ["dog", "fish"]);
    let error =
        Pets::open_with(sources.folder(), options().classes(&["cat", "dog"])).unwrap_err().to_string();
    assert!(error.contains("expected the folders of 3 classes, found 2 (cat, dog)"), "{error}");
}

#[test]
fn the_wrong_folder_is_refused_with_the_part_to_open() {
    let classes = |part: &str| ["cat", "dog", "fish"].map(|class| (format!("{part}{class}"), 2));
    let made = |folders: &[(String, usize)]| {
        images(&folders.iter().map(|(name, count)| (name.as_str(), *count)).collect::<Vec<_>>())
    };
    let fewer = || options().fewer_classes(true);
    for (sources, found) in [
        (
            made(&[classes("train/"), classes("test/")].concat()),
            r#"found parts of a data set, 2 (train, test); ImageFolderOptions::part("train") opens one"#,
        ),
        (
            made(&[classes("Validation/"), classes("other/")].concat()),
            r#"found parts of a data set, 1 (Validation); ImageFolderOptions::part("Validation") opens one"#,
        ),
        (images(&[("train", 3), ("val", 2)]), "found parts of a data set, 2 (train, val)"),
        (
            made(&classes("photos/")),
            "found images only in folders further down, such as \"photos/cat\"; ImageFolderOptions::part(\"photos\") \
             takes those for classes",
        ),
        (images(&[("cat", 3)]), "expected the folders of 2 to 3 classes, found 1 (cat)"),
    ] {
        for path in sources.all() {
            let error = Pets::open_with(&path, fewer()).unwrap_err().to_string();
            assert!(error.contains(found), "{found:?} is not in {error}");
        }
    }
    // The parts open; a class may be called "test"; and folders further down are taken if that is asked for.
    let sources = made(&[classes("train/"), classes("test/")].concat());
    assert_eq!(Pets::open_with(sources.folder(), options().part("train")).unwrap().len(), 6);
    let sources = images(&[("test", 2), ("exam", 2), ("quiz/oral", 1), ("quiz", 1)]);
    assert_eq!(Pets::open(sources.folder()).unwrap().classes(), ["exam", "quiz", "test"]);
    let sources = made(&[classes("a/"), classes("b/"), classes("c/")].concat());
    assert!(Pets::open(sources.folder()).is_err());
    assert_eq!(Pets::open_with(sources.folder(), options().nested(true)).unwrap().len(), 18);
    // A wrapper beside folders with images is no class either.
    let sources = images(&[("archive/cat", 2), ("archive/dog", 2), ("samples", 1), ("spare", 1)]);
    for path in sources.all() {
        let error = Pets::open(&path).unwrap_err().to_string();
        assert!(
            error.contains("found images only in folders further down, such as \"archive/cat\""),
            "{error}"
        );
        assert_eq!(Pets::open_with(&path, options().nested(true)).unwrap().len(), 6);
    }
}

#[test]
fn files_that_are_no_samples_are_counted() {
    let sources = Sources::new(&[
        ("cat/1.png", png(4, 4)),
        ("cat/2.HEIC", vec![1]),
        ("cat/more/3.heic", vec![1]),
        ("cat/@eaDir/1.png/thumb.png", png(4, 4)),
        ("cat/.hidden.png", png(4, 4)),
        ("dog/1.jpe", png(4, 4)),
        ("dog/2.avif", vec![1]),
        ("dog/@eaDir/1.png", png(4, 4)),
        ("@eaDir/1.png", png(4, 4)),
        ("dog/README", vec![1]),
        ("fish/a.jfif", png(4, 4)),
        ("beside.png", png(4, 4)),
        ("labels.csv", vec![1]),
    ]);
    for path in sources.all() {
        let images = Pets::open(&path).unwrap();
        assert_eq!(indices(&images), [0, 1, 2], "thumbnails are no samples");
        let texts: Vec<String> = images.left_out().iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "2 .heic (images in a format that is not read)",
                "1 .avif (images in a format that is not read)",
                "1 without an ending (not named as images are)",
                "1 .csv (not named as images are)",
                "1 .png (beside the folders of the classes)",
            ]
        );
        assert_eq!(images.left_out()[4].reason, LeftOutReason::OutsideClasses);
        assert!(images.read().is_ok());
    }
    // A class of photographs that no decoder reads.
    let sources = Sources::new(&[("a/1.png", png(4, 4)), ("b/1.heic", vec![1]), ("b/2.heic", vec![1])]);
    let error = ImageFolder::<3, 4, 4, 2>::open(sources.folder()).unwrap_err().to_string();
    let found =
        "b: expected at least one image, found none; left out: 2 .heic (images in a format that is not read)";
    assert!(error.ends_with(found), "{error}");
}

#[test]
fn classes_with_numbers_as_names_have_the_order_of_numbers() {
    let names: Vec<String> = (0..12).map(|class| class.to_string()).collect();
    let sources = images(&names.iter().map(|name| (name.as_str(), 1)).collect::<Vec<_>>());
    for path in sources.all() {
        let images = ImageFolder::<3, 4, 4, 12>::open(&path).unwrap();
        assert_eq!(images.classes(), names);
        assert!(images.targets().map(|class| class.index()).eq(0..12));
    }
}

#[test]
fn every_class_is_trained_on() {
    let sources = images(&[("cat", 30), ("dog", 30), ("fish", 1)]);
    let images = Pets::open(sources.folder()).unwrap();
    for seed in 0..20 {
        let parts = images.train_val_test_split(Fractions::default(), seed).unwrap();
        let fish = |images: &Pets| images.targets().filter(|class| class.index() == 2).count();
        assert_eq!((fish(&parts.train), parts.train.len(), parts.test.len()), (1, 49, 6));
    }
}

/// Statistics of the images themselves, without opening them twice.
#[test]
fn images_are_normalised_by_their_own_statistics() {
    let sources = Sources::new(&[("a/1.png", png(4, 4)), ("b/1.png", png(6, 5)), ("c/1.png", png(5, 9))]);
    let images = Pets::open(sources.folder()).unwrap();
    let normalization = Normalization::of(&images).unwrap();
    let normalized = images.normalized(normalization.clone()).unwrap();
    let again = Normalization::of(&normalized).unwrap();
    assert_eq!(again, normalization, "statistics are of pixels");
    let mut values = vec![0.0_f64; 48];
    let mut sum = 0.0;
    for i in 0..3 {
        normalized.write_to(i, &mut values, None).unwrap();
        sum += values[..16].iter().sum::<f64>();
    }
    assert!((sum / 48.0).abs() < 1e-6, "{sum}");
    let expected = options().normalization(normalization);
    let opened = Pets::open_with(sources.folder(), expected).unwrap();
    assert_eq!(opened.read().unwrap().sample::<f32>(1), normalized.read().unwrap().sample::<f32>(1));
}
