//! Promise: the relatives of MNIST are read as they are published: EMNIST upright and its letters from class 0, in files or in
//! the published archive, KMNIST, and QMNIST with its rows of labels.
#![cfg(feature = "datasets")]

mod zips;

use std::fs;
use std::io::Write;
use std::path::Path;

use convnet::data::{
    EmnistBalanced, EmnistDigits, EmnistLetters, FashionMnist, Images, Kmnist, Mnist, Qmnist, Samples,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use zips::zip;

/// Images of 28×28 pixels with a bar of ten pixels that is as long as published: down the column 3.
fn images(count: u32) -> Vec<u8> {
    let lying = |place: usize| if place / 28 == 3 && place % 28 < 10 { 255 } else { 0 };
    let image: Vec<u8> = (0..784).map(lying).collect();
    let dims = [count, 28, 28].map(u32::to_be_bytes).concat();
    [&[0, 0, 8, 3][..], &dims, &image.repeat(count as usize)].concat()
}

fn labels(labels: &[u8]) -> Vec<u8> {
    [&[0, 0, 8, 1][..], &(labels.len() as u32).to_be_bytes(), labels].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The four files of a set, by their published names.
fn emnist(set: &str, train: &[u8], test: &[u8]) -> Vec<(String, Vec<u8>)> {
    let part = |part: &str, classes: &[u8]| {
        let name = |rest: &str| format!("gzip/emnist-{set}-{part}-{rest}-ubyte.gz");
        let images = gzip(&images(classes.len() as u32));
        [(name("images-idx3"), images), (name("labels-idx1"), gzip(&labels(classes)))]
    };
    [part("train", train), part("test", test)].concat()
}

/// The same files in a folder, and in the archive.
fn written(files: &[(String, Vec<u8>)]) -> tempfile::TempDir {
    let room = tempfile::tempdir().unwrap();
    for folder in ["files/gzip", "archive"] {
        fs::create_dir_all(room.path().join(folder)).unwrap();
    }
    for (name, bytes) in files {
        fs::write(room.path().join("files").join(name), bytes).unwrap();
    }
    let files: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    fs::write(room.path().join("archive/gzip.zip"), zip(&files)).unwrap();
    room
}

#[test]
fn emnist_is_upright_and_its_letters_begin_with_0() {
    let room = written(&emnist("letters", &[1, 26, 3], &[2]));
    for path in ["files", "files/gzip", "archive", "archive/gzip.zip"] {
        let letters = EmnistLetters::load_from(room.path().join(path)).unwrap();
        let names: Vec<_> =
            letters.train.targets().map(|class| EmnistLetters::CLASSES[class.index()]).collect();
        assert_eq!((names, letters.test.target(0).index()), (vec!["A", "Z", "C"], 1));
        let mut pixels = [0.0_f32; 784];
        letters.test.write_pixels(0, &mut pixels).unwrap();
        let upright = |place: usize| if place % 28 == 3 && place / 28 < 10 { 1.0 } else { 0.0 };
        assert_eq!(pixels, std::array::from_fn(upright));
        // Mean 0 and variance 1 over the training images.
        let share = 10.0_f64 / 784.0;
        let white = (1.0 - share) / (share * (1.0 - share)).sqrt();
        assert!((letters.train.sample::<f64>(1).as_slice()[3] - white).abs() < 1e-5);
    }
    let room = written(&emnist("balanced", &[0, 46], &[36]));
    let balanced = EmnistBalanced::load_from(room.path().join("archive")).unwrap();
    assert_eq!(EmnistBalanced::CLASSES[balanced.test.target(0).index()], "a");
    let room = written(&emnist("digits", &[0, 9], &[7]));
    let digits = EmnistDigits::load_from(room.path().join("files")).unwrap();
    assert_eq!(EmnistDigits::CLASSES[digits.train.target(1).index()], "9");
}

#[test]
fn emnist_that_is_none_is_refused() {
    let refusal = |path: &Path| EmnistLetters::load_from(path).unwrap_err().to_string();
    for (classes, found) in [([1, 0], "0 at item 1"), ([27, 1], "27 at item 0")] {
        let room = written(&emnist("letters", &classes, &[2]));
        for path in ["files", "archive"] {
            let text = refusal(&room.path().join(path));
            assert!(text.contains("emnist-letters-train-labels-idx1-ubyte.gz: "), "{text}");
            assert!(text.ends_with(&format!("expected labels from 1 to 26, found {found}")), "{text}");
        }
    }
    let room = written(&emnist("digits", &[0, 9], &[7]));
    let text = refusal(&room.path().join("archive"));
    let missing =
        "gzip.zip: expected a member emnist-letters-train-images-idx3-ubyte.gz, found none of this name";
    assert!(text.ends_with(missing), "{text}");
    let text = refusal(&room.path().join("files"));
    assert!(text.contains("files: expected a file emnist-letters-train-images-idx3-ubyte or "), "{text}");
    let file = room.path().join("files/gzip/emnist-digits-test-labels-idx1-ubyte.gz");
    assert!(refusal(&file).ends_with("expected a folder with the files of EMNIST letters, found a file"));
    let archive = room.path().join("archive/gzip.zip");
    let whole = fs::read(&archive).unwrap();
    for len in (0..whole.len()).step_by(7) {
        fs::write(&archive, &whole[..len]).unwrap();
        let text = EmnistDigits::load_from(&archive).unwrap_err().to_string();
        assert!(text.starts_with(archive.to_str().unwrap()), "{text}");
    }
}

#[test]
fn kmnist_has_the_form_of_mnist() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
    write("train-images-idx3-ubyte.gz", gzip(&images(2)));
    write("train-labels-idx1-ubyte.gz", gzip(&labels(&[9, 0])));
    write("t10k-images-idx3-ubyte", images(1));
    write("t10k-labels-idx1-ubyte", labels(&[4]));
    let kmnist = Kmnist::load_from(folder.path()).unwrap();
    let names = |index: usize| Kmnist::CLASSES[index];
    assert_eq!(names(kmnist.train.target(0).index()), "wo");
    assert_eq!(names(kmnist.test.target(0).index()), "na");
    // Not turned.
    let mut pixels = [0.0_f32; 784];
    kmnist.test.write_pixels(0, &mut pixels).unwrap();
    assert_eq!((pixels[3 * 28 + 9], pixels[9 * 28 + 3]), (1.0, 0.0));
    write("t10k-labels-idx1-ubyte", labels(&[10]));
    let text = Kmnist::load_from(folder.path()).unwrap_err().to_string();
    assert!(
        text.ends_with("t10k-labels-idx1-ubyte: expected labels from 0 to 9, found 10 at item 0"),
        "{text}"
    );
    write(
        "train-images-idx3-ubyte.gz",
        [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28][..], &[5; 1568]].concat(),
    );
    write("t10k-labels-idx1-ubyte", labels(&[1]));
    let text = Kmnist::load_from(folder.path()).unwrap_err().to_string();
    assert!(
        text.ends_with("train-images-idx3-ubyte.gz: expected pixels that differ, found all of one value"),
        "{text}"
    );
    let text = Kmnist::load_from("no/such").unwrap_err().to_string();
    assert_eq!(text, "no/such: expected a folder with the files of KMNIST, found nothing");
    assert_eq!((Mnist::CLASSES[7], FashionMnist::CLASSES[9]), ("7", "Ankle boot"));
}

#[test]
fn qmnist_takes_the_first_of_eight_columns() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
    let rows = |digits: &[i32], columns: u32| {
        let row = |digit: &i32| {
            (0..columns as i32).flat_map(|i| digit.wrapping_add(100 * i).to_be_bytes()).collect::<Vec<_>>()
        };
        let dims = [digits.len() as u32, columns].map(u32::to_be_bytes).concat();
        [&[0, 0, 12, 2][..], &dims, &digits.iter().flat_map(row).collect::<Vec<_>>()].concat()
    };
    write("qmnist-train-images-idx3-ubyte.gz", gzip(&images(3)));
    write("qmnist-train-labels-idx2-int.gz", gzip(&rows(&[5, 0, 9], 8)));
    write("qmnist-test-images-idx3-ubyte", images(2));
    write("qmnist-test-labels-idx2-int", rows(&[1, 8], 8));
    let qmnist = Qmnist::load_from(folder.path()).unwrap();
    assert!(qmnist.train.targets().map(|class| class.index()).eq([5, 0, 9]));
    assert!(qmnist.test.targets().map(|class| class.index()).eq([1, 8]));

    let text = || Qmnist::load_from(folder.path()).unwrap_err().to_string();
    for (bytes, reason) in [
        (rows(&[1, -1], 8), "expected labels from 0 to 9, found -1 at item 1"),
        (rows(&[i32::MAX, 1], 8), "expected labels from 0 to 9, found 2147483647 at item 0"),
        (rows(&[1, 2], 0), "expected rows that begin with the digit, found rows of no columns"),
        (labels(&[1, 8]), "expected magic 2050 (u8, 2 dimensions), found 2049 (u8, 1 dimension)"),
        (
            [&[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1][..], &[1, 8]].concat(),
            "expected IDX type 0x0c (i32), found type 0x08 (u8)",
        ),
    ] {
        write("qmnist-test-labels-idx2-int", bytes);
        assert!(text().ends_with(&format!("qmnist-test-labels-idx2-int: {reason}")), "{}", text());
    }
    write("qmnist-test-labels-idx2-int", rows(&[1, 2, 3], 8));
    let found = text();
    assert!(
        found.contains("qmnist-test-labels-idx2-int: expected 2 labels, one for each image of "),
        "{found}"
    );
}
