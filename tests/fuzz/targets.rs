//! The fuzz targets. `fuzz/` feeds them inputs from a fuzzer, `tests/fuzz/main.rs` inputs that were found before.

#[path = "../zips/mod.rs"]
mod zips;

use std::io::{Cursor, Write};
use std::path::Path;

use convnet::data::{
    Cifar10, Csv, CsvOptions, EmnistLetters, Fill, Idx, IdxType, ImageSource, Imputer, Missing, Preprocessing,
};
use convnet::prelude::*;
use convnet::store::{OnnxGraph, Weights};
use convnet::train::{Checkpoints, Progress};
use flate2::Compression;
use flate2::write::GzEncoder;
use image::{GrayImage, ImageFormat};

network! {
    /// A layer of each kind of tensor, and few numbers.
    pub struct Tiny: Chw<1, 3, 3> => Flat<2> {
        conv1: Conv2d { filters: 2, kernel: 2 },
        norm1: BatchNorm,
        flatten: Flatten,
        fc1: Dense { units: 2 },
    }
}

pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Target); 9] = [
    ("idx", idx),
    ("idx_gzip", idx_gzip),
    ("zip", zip),
    ("pictures", pictures),
    ("csv", csv),
    ("safetensors", safetensors),
    ("checkpoint", checkpoint),
    ("onnx", onnx),
    ("pytorch", pytorch),
];

/// An IDX file, plain or gzipped.
pub fn idx(bytes: &[u8]) {
    if let Ok(idx) = Idx::parse(Path::new("file"), bytes) {
        // With a dimension of 0 there are no elements, however large the others.
        let dims = idx.dims();
        let product = if dims.contains(&0) { 0 } else { dims.iter().product() };
        assert_eq!(product, count(&idx));
    }
}

/// The number of its numbers, of whichever type.
fn count(idx: &Idx) -> usize {
    match idx.kind() {
        IdxType::U8 => idx.values::<u8>().map(<[_]>::len),
        IdxType::I8 => idx.values::<i8>().map(<[_]>::len),
        IdxType::I16 => idx.values::<i16>().map(<[_]>::len),
        IdxType::I32 => idx.values::<i32>().map(<[_]>::len),
        IdxType::F32 => idx.values::<f32>().map(<[_]>::len),
        IdxType::F64 => idx.values::<f64>().map(<[_]>::len),
    }
    .expect("numbers of their own type")
}

/// The content of a gzip stream.
pub fn idx_gzip(bytes: &[u8]) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("a vector takes all");
    let gzipped = encoder.finish().expect("a vector takes all");
    let [plain, unpacked] = [bytes, &gzipped].map(|bytes| Idx::parse(Path::new("file"), bytes));
    if let (Ok(plain), Ok(unpacked)) = (plain, unpacked) {
        // Unless what was packed was gzipped itself, or holds NaN.
        let is_whole = !matches!(plain.kind(), IdxType::F32 | IdxType::F64);
        assert!(bytes.starts_with(&[0x1f, 0x8b]) || !is_whole || plain == unpacked);
    }
}

/// A zip archive with files of EMNIST, and of CIFAR-10.
pub fn zip(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a folder for temporary files");
    file.write_all(bytes).expect("room for a small file");
    if let Ok(emnist) = EmnistLetters::load_from(file.path()) {
        assert!(!emnist.train.is_empty() && !emnist.test.is_empty());
    }
    if let Ok(cifar) = Cifar10::load_from(file.path()) {
        assert!(!cifar.train.is_empty() && !cifar.test.is_empty());
    }
}

/// A picture file, and a grey picture of these bytes as pixels, as digits and as colours.
pub fn pictures(bytes: &[u8]) {
    let (width, pixels) =
        bytes.split_first().map_or((1, bytes), |(first, rest)| (1 + usize::from(*first) % 64, rest));
    let height = (pixels.len() / width).min(64);
    let header = format!("P5 {width} {height} 255\n");
    let drawn = [header.as_bytes(), &pixels[..width * height]].concat();
    for file in [bytes, &drawn[..]] {
        if let Ok(digit) = Mnist::decode_digit("picture", file) {
            assert!(digit.as_slice().iter().all(|value| (-1.0..=3.0).contains(value)));
        }
        // So that no picture takes much memory.
        let preprocessing = Preprocessing::new().max_image_bytes(1 << 20);
        if let Ok(colours) = Tensor::<Chw<3, 5, 4>>::from_image(ImageSource::Bytes(file), &preprocessing) {
            assert!(colours.as_slice().iter().all(|value| (0.0..=1.0).contains(value)));
        }
    }
}

/// A table, read with several settings.
pub fn csv(bytes: &[u8]) {
    let Ok(csv) = Csv::from_reader("file", bytes) else {
        // Columns that are chosen need no others.
        let _ = Csv::from_reader_with("file", bytes, CsvOptions::new().only(["a"])).map(Csv::features::<1>);
        return;
    };
    let columns = csv.columns().to_vec();
    let [first, .., last] = &columns[..] else { return };
    if let Ok(data) = csv.regression::<1, 1>([last]) {
        assert!(
            (0..data.len()).all(|i| data.sample::<f32>(i)[0].is_finite() && data.target(i)[0].is_finite())
        );
    }
    let kept = CsvOptions::new().missing(Missing::Keep).missing_values(["0"]);
    let settings = [
        CsvOptions::new().missing(Missing::DropRows).without([first]).comments(true),
        CsvOptions::new().one_hot([first]).decimal(',').offset(first, 1e9),
        CsvOptions::new().separator(';').class_names(["0", "1"]),
        kept.clone().only([format!("{first}=1"), format!("{first}=2")]).one_hot([first]),
        kept,
    ];
    // One of them for each input: a reader takes longer to make than such files to read.
    let place = bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>() % settings.len();
    let options = &settings[place];
    let open = || Csv::from_reader_with("file", bytes, options.clone());
    if let Ok(table) = open().and_then(|csv| csv.classes::<2, 2>(last)) {
        assert_eq!((table.features.len(), table.classes.len()), (2, 2));
        let _ = Imputer::fit(&table.data, Fill::Median);
        // A row without a class is one to predict for.
        let again = Csv::from_reader_with("file", bytes, options.clone().only(&table.features));
        if let Ok(data) = again.and_then(Csv::features::<2>) {
            assert!(data.len() >= table.data.len());
        }
    }
    let _ = open().and_then(|csv| csv.regression::<1, 2>([first, last]));
    let _ = open().and_then(Csv::features::<2>);
}

/// Puts weights into a network, or leaves it as it is.
fn load(weights: Result<Weights, convnet::Error>) {
    let (mut net, before) = (Tiny::new(1), Tiny::new(1));
    if weights.and_then(|weights| weights.convert().load_into(&mut net)).is_err() {
        assert_eq!(net.model().params(), before.model().params());
    }
}

/// A file of weights.
pub fn safetensors(bytes: &[u8]) {
    load(Weights::from_bytes("file", bytes.to_vec()));
}

/// A file of ONNX.
pub fn onnx(bytes: &[u8]) {
    load(Weights::from_onnx("file", bytes.to_vec()));
    if let Ok(graph) = OnnxGraph::from_bytes("file", bytes.to_vec()) {
        graph.declaration("Net").expect("a name with a capital");
    }
}

/// A file of `torch.save`.
pub fn pytorch(bytes: &[u8]) {
    load(Weights::from_pytorch("file", bytes.to_vec()));
}

/// A checkpoint, from which the run resumes if it can.
pub fn checkpoint(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a folder for temporary files");
    file.write_all(bytes).expect("room for a small file");
    let mut trainer = small_training(None);
    if trainer.resume(file.path()).is_ok() {
        let _ = trainer.fit(&small_data(), None);
    } else {
        assert_eq!(trainer.network().model().params(), Tiny::new(1).model().params());
    }
}

/// Two epochs of three batches.
pub fn small_training(folder: Option<&Path>) -> Trainer<Tiny, SoftmaxCrossEntropy, Sgd> {
    let trainer = Trainer::new(Tiny::new(1), SoftmaxCrossEntropy, Sgd::new(0.1).momentum(0.9))
        .epochs(2)
        .batch_size(2)
        .progress(Progress::Silent);
    match folder {
        Some(folder) => trainer.checkpoints(Checkpoints::new(folder)),
        None => trainer,
    }
}

/// Six images.
pub fn small_data() -> Dataset<Chw<1, 3, 3>, Class<2>> {
    let sample = |n: usize| {
        (Tensor::from_fn(|i| ((i * (n + 2)) % 5) as f32 - 2.0), Class::new(n % 2).expect("0 or 1"))
    };
    (0..6).map(sample).collect()
}

/// A good file for each target, to begin with.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("net");
    let read = |path: &Path| std::fs::read(path).expect("what was written");
    match target {
        "idx" | "idx_gzip" => {
            let mut labels = vec![0, 0, 8, 1, 0, 0, 0, 3];
            labels.extend([7, 2, 1]);
            let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1][..], &[9; 4]].concat();
            let integers =
                [&[0, 0, 0x0c, 2, 0, 0, 0, 1, 0, 0, 0, 2][..], &[0, 0, 0, 7, 255, 255, 255, 255]].concat();
            let floats = [&[0, 0, 0x0e, 1, 0, 0, 0, 1][..], &0.5_f64.to_be_bytes()].concat();
            vec![labels, images, integers, floats]
        }
        "zip" => {
            let images = [&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28][..], &[9; 783], &[1]].concat();
            let labels = vec![0, 0, 8, 1, 0, 0, 0, 1, 2];
            let name = |rest: &str| format!("gzip/emnist-letters-{rest}-ubyte");
            let names =
                ["train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1"].map(name);
            let files = names.iter().zip([&images, &labels, &images, &labels]);
            let files: Vec<_> = files.map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
            vec![zips::zip(&files), zips::zip(&[("cifar-10-batches-py/data_batch_1", vec![1])])]
        }
        "pictures" => {
            // A stroke on white and on ruled paper.
            let drawn = |line: usize| {
                let ink = |i: usize| {
                    let (row, column) = (i / 40, i % 40);
                    (16..20).contains(&column) && (8..32).contains(&row) || row % line == line - 1
                };
                (0..40 * 40).map(move |i| if ink(i) { 30 } else { 230 }).collect::<Vec<u8>>()
            };
            let encoded = |format| {
                let mut file = Cursor::new(Vec::new());
                let picture = GrayImage::from_raw(40, 40, drawn(100)).expect("as many pixels");
                picture.write_to(&mut file, format).expect("a vector takes all");
                file.into_inner()
            };
            let pixels = [100, 10].map(|line| [&[39], &drawn(line)[..]].concat());
            [ImageFormat::Png, ImageFormat::Jpeg].map(encoded).into_iter().chain(pixels).collect()
        }
        "csv" => vec![
            b"a,b,class\n1,2,0\n3,4.5e-3,1\n".to_vec(),
            b"\"x\",y\r\n-1,inf\r\n".to_vec(),
            b"sep=;\n# c\nx;color;y\n1,5;red;yes\n?;blue;no\n".to_vec(),
            b"\tt\tx\r0\t1700000001\tNA\r1\t1700000002\t0\r".to_vec(),
        ],
        "safetensors" => {
            Tiny::new(2).save(&path).expect("a file can be written");
            vec![read(&path)]
        }
        "checkpoint" => {
            small_training(Some(folder.path())).fit(&small_data(), None).expect("a training");
            let all = Checkpoints::in_folder(folder.path()).expect("a folder");
            all.iter().map(|path| read(path)).collect()
        }
        "pytorch" => {
            let files = ["f32", "strides", "parameters", "protocol4", "nested", "command"];
            files.iter().map(|name| read(format!("tests/golden/pytorch/{name}.pth").as_ref())).collect()
        }
        _ => vec![convnet::store::to_onnx(&Tiny::new(2)).expect("layers that ONNX has")],
    }
}
