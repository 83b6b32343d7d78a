//! CIFAR-10 and CIFAR-100 from their binary files, from archives and from images, whole and broken.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use convnet::data::{Cifar10, Cifar100, Images, Samples};
use flate2::read::GzDecoder;
use image::ImageFormat;
use sha2::{Digest, Sha256};

use crate::sources::{Sources, encoded, gzip, noise, tar};

const TRAIN: [&str; 5] =
    ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
const TEST: &str = "test_batch.bin";

/// An image after its labels.
fn record(labels: &[u8], first: u8) -> Vec<u8> {
    let pixels = (0..3 * 32 * 32).map(|i| (i as u8).wrapping_add(first));
    labels.iter().copied().chain(pixels).collect()
}

/// Batch i holds two images of class i, the last one three of class 5.
fn cifar10() -> Vec<(String, Vec<u8>)> {
    let batches = (0..6).map(|i| record(&[i], 10 * i).repeat(2));
    let mut files: Vec<_> = TRAIN.iter().chain([&TEST]).map(|name| name.to_string()).zip(batches).collect();
    files[5].1.extend(record(&[9], 7));
    files
}

fn check(path: &Path) {
    let cifar = Cifar10::load_from(path).unwrap();
    let classes = |targets: &mut dyn Iterator<Item = usize>| targets.collect::<Vec<_>>();
    assert_eq!(
        classes(&mut cifar.train.targets().map(|class| class.index())),
        [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    );
    assert_eq!(classes(&mut cifar.test.targets().map(|class| class.index())), [5, 5, 9]);
    let sample = cifar.train.sample::<f64>(2);
    let channel = |byte: u8, mean: f64, std: f64| (f64::from(byte) / 255.0 - mean) / std;
    assert!((sample.as_slice()[0] - channel(10, 0.4914, 0.2470)).abs() < 1e-6);
    assert!((sample.as_slice()[1024] - channel(10, 0.4822, 0.2435)).abs() < 1e-6);
    assert!((sample.as_slice()[2049] - channel(11, 0.4465, 0.2616)).abs() < 1e-6);
}

fn borrowed(files: &[(String, Vec<u8>)]) -> Vec<(&str, Vec<u8>)> {
    files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect()
}

#[test]
fn binary_files_are_found_where_they_may_be() {
    let files = cifar10();
    let inside: Vec<_> =
        files.iter().map(|(name, bytes)| (format!("cifar-10-batches-bin/{name}"), bytes.clone())).collect();
    Sources::new(&borrowed(&files)).all().iter().for_each(|path| check(path));
    Sources::new(&borrowed(&inside)).all().iter().for_each(|path| check(path));
    // The order of members says nothing.
    let reversed: Vec<_> = inside.iter().rev().cloned().collect();
    let archive = gzip(&tar(&borrowed(&reversed)));
    check(&Sources::new(&[("cifar-10-binary.tar.gz", archive)]).folder());
}

#[test]
fn bad_binary_files_are_refused_by_name() {
    type Change = fn(&mut Vec<u8>);
    let cases: [(Change, &str); 6] = [
        (|bytes| bytes.clear(), "expected a multiple of 3073 bytes, at most 1073741824, found 0"),
        (|bytes| bytes.truncate(3072), "expected a multiple of 3073 bytes, at most 1073741824, found 3072"),
        (|bytes| bytes.push(1), "at most 1073741824, found 6147"),
        (|bytes| bytes[0] = 10, "expected labels from 0 to 9, found 10 at image 0"),
        (|bytes| bytes[3073] = 255, "expected labels from 0 to 9, found 255 at image 1"),
        (|bytes| *bytes = b"<html>".to_vec(), "found 6"),
    ];
    for (change, reason) in cases {
        let mut files = cifar10();
        change(&mut files[2].1);
        for path in Sources::new(&borrowed(&files)).all() {
            let text = Cifar10::load_from(&path).unwrap_err().to_string();
            assert!(text.starts_with(&Sources::named(&path, "data_batch_3.bin")), "{text}");
            assert!(text.contains(reason), "{text}");
        }
    }
    let mut files = cifar10();
    files.remove(3);
    let sources = Sources::new(&borrowed(&files));
    let [folder, archive, ..] = sources.all();
    let text = Cifar10::load_from(folder).unwrap_err().to_string();
    assert!(text.contains("data_batch_4.bin: cannot read"), "{text}");
    let text = Cifar10::load_from(archive).unwrap_err().to_string();
    assert!(
        text.ends_with("archive.tar: expected a member data_batch_4.bin, found none of this name"),
        "{text}"
    );

    let zipped = gzip(&tar(&borrowed(&cifar10())));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    for len in (0..zipped.len()).step_by(13) {
        fs::write(&path, &zipped[..len]).unwrap();
        let text = Cifar10::load_from(&path).unwrap_err().to_string();
        assert!(text.starts_with(path.to_str().unwrap()), "{text}");
    }
    let text = Cifar10::load_from(folder.path()).unwrap_err().to_string();
    assert!(
        text.contains("expected a folder with CIFAR-10, found neither data_batch_1.bin nor cifar-10"),
        "{text}"
    );
}

#[test]
fn other_versions_are_named() {
    let python = |folder: &str, file: &str| {
        Sources::new(&[
            (&format!("{folder}/{file}"), vec![0x80, 2]),
            (&format!("{folder}/batches.meta"), vec![1]),
        ])
    };
    let text = |path: &Path| Cifar10::load_from(path).unwrap_err().to_string();
    let binary = "expected the binary version of CIFAR-10 (cifar-10-binary.tar.gz), found the";
    for path in python("cifar-10-batches-py", "data_batch_1").all() {
        assert!(text(&path).ends_with(&format!("{binary} Python version")), "{}", text(&path));
    }
    let sources = python("cifar-10-batches-py", "data_batch_1");
    assert!(text(&sources.folder().join("cifar-10-batches-py")).ends_with("the Python version"));
    for path in python("cifar-10-batches-mat", "data_batch_1.mat").all() {
        assert!(text(&path).ends_with(&format!("{binary} MATLAB version")), "{}", text(&path));
    }
    let archive = fs::read(&sources.all()[2]).unwrap();
    let named = Sources::new(&[("cifar-10-python.tar.gz", archive)]);
    let path = named.folder().join("cifar-10-python.tar.gz");
    assert_eq!(text(&named.folder()), format!("{}: {binary} Python version", path.display()));
    for path in python("cifar-100-python", "train").all() {
        let text = Cifar100::load_from(&path).unwrap_err().to_string();
        let binary =
            "expected the binary version of CIFAR-100 (cifar-100-binary.tar.gz), found the Python version";
        assert!(text.ends_with(binary), "{text}");
    }
}

#[test]
fn cifar100_keeps_the_fine_labels() {
    let train = [record(&[4, 0], 1), record(&[19, 99], 2)].concat();
    let test = record(&[0, 50], 3);
    let files =
        |train: Vec<u8>| [("cifar-100-binary/train.bin", train), ("cifar-100-binary/test.bin", test.clone())];
    for path in Sources::new(&files(train)).all() {
        let cifar = Cifar100::load_from(path).unwrap();
        assert!(cifar.train.targets().map(|class| class.index()).eq([0, 99]));
        assert_eq!((Cifar100::CLASSES[99], cifar.test.target(0).index()), ("worm", 50));
        let red = (1.0 / 255.0 - 0.5071) / 0.2673;
        assert!((cifar.train.sample::<f64>(0).as_slice()[0] - red).abs() < 1e-6);
    }
    for (labels, reason) in
        [([20, 0], "coarse labels from 0 to 19, found 20"), ([0, 100], "labels from 0 to 99, found 100")]
    {
        for path in Sources::new(&files(record(&labels, 0))).all() {
            let text = Cifar100::load_from(path).unwrap_err().to_string();
            assert!(text.contains("train.bin: expected ") && text.contains(reason), "{text}");
        }
    }
    let cifar10 = Sources::new(&borrowed(&cifar10()));
    for path in cifar10.all() {
        let text = Cifar100::load_from(path).unwrap_err().to_string();
        assert!(text.contains("train.bin"), "{text}");
    }
}

#[test]
fn images_in_folders_of_the_classes_names_are_cifar10() {
    let image = noise(32, 32, 5);
    let names: Vec<String> = ["train", "test"]
        .iter()
        .flat_map(|part| Cifar10::CLASSES.map(|class| format!("{part}/{class}/0.png")))
        .collect();
    let mut files: Vec<_> =
        names.iter().map(|name| (name.as_str(), encoded(&image, ImageFormat::Png))).collect();
    let sources = Sources::new(&files);
    let named = Sources::new(&[("cifar10-jpeg.tar.gz", fs::read(&sources.all()[2]).unwrap())]);
    for path in sources.all().into_iter().chain([named.folder()]) {
        let cifar = Cifar10::load_from(path).unwrap();
        assert!(
            cifar
                .train
                .targets()
                .chain(cifar.test.targets())
                .map(|class| class.index())
                .eq((0..10).chain(0..10))
        );
        let mut pixels = [0.0_f32; 3072];
        cifar.test.write_pixels(9, &mut pixels).unwrap();
        let red = pixels.iter().take(1024).map(|value| (value * 255.0).round() as u8);
        assert!(red.eq(image.pixels().map(|pixel| pixel[0])));
    }
    files[0].0 = "train/zeppelin/0.png";
    for path in Sources::new(&files).all() {
        let text = Cifar10::load_from(path).unwrap_err().to_string();
        assert!(text.contains("expected the classes airplane, ") && text.ends_with("zeppelin"), "{text}");
    }
}

#[cfg(feature = "sample")]
#[test]
fn the_sample_has_as_many_images_of_each_class() {
    let cifar = Cifar10::sample().unwrap();
    let counts = |targets: &mut dyn Iterator<Item = usize>| {
        let mut counts = BTreeMap::new();
        targets.for_each(|class| *counts.entry(class).or_insert(0) += 1);
        counts
    };
    let even = |count| (0..10).map(|class| (class, count)).collect();
    assert_eq!(counts(&mut cifar.train.targets().map(|class| class.index())), even(200));
    assert_eq!(counts(&mut cifar.test.targets().map(|class| class.index())), even(50));
    // Near the mean of all.
    let mean =
        (0..2_000).map(|i| cifar.train.sample::<f64>(i).as_slice().iter().sum::<f64>() / 3072.0).sum::<f64>()
            / 2_000.0;
    assert!(mean.abs() < 0.05, "{mean}");
}

/// `assets/README.md` gives the size and the digests of the archive, packed and unpacked.
#[test]
fn the_documented_digests_are_those_of_the_sample() {
    let sha256 =
        |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let file = fs::read("assets/cifar10/sample.tar.gz").unwrap();
    let mut unpacked = Vec::new();
    GzDecoder::new(&file[..]).read_to_end(&mut unpacked).unwrap();
    let readme = fs::read_to_string("assets/README.md").unwrap();
    for (name, bytes) in [("cifar10/sample.tar.gz", &file), ("cifar10/sample.tar, unpacked", &unpacked)] {
        let row = format!("| {name} | {} | {} |", bytes.len(), sha256(bytes));
        assert!(readme.lines().any(|line| line == row), "assets/README.md lacks {row}");
    }
}
