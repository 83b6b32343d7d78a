//! Weights.

use std::fs;
use std::path::Path;
use std::process::Command;

use convnet::Error;
use convnet::model::{LeNet5, ResNet18, ResNet34};
use convnet::prelude::*;
use convnet::store::Weights;

use super::{Small, bits};

fn file_of(net: &impl Network) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    net.save(&path).unwrap();
    fs::read(path).unwrap()
}

fn load(bytes: &[u8], net: &mut impl Network) -> Result<(), Error> {
    Weights::from_bytes("net", bytes.to_vec())?.load_into(net)
}

/// A file with this header and `data` bytes of numbers.
fn with_header(header: &str, data: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; data]].concat()
}

#[test]
fn names_and_shapes_are_those_of_a_state_dict() {
    let bytes = file_of(&Small::new(1));
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors: Vec<String> =
        file.tensors().into_iter().map(|(name, view)| format!("{name} {:?}", view.shape())).collect();
    tensors.sort();
    assert_eq!(
        tensors,
        [
            "affine.bias [4]",
            "affine.weight [4]",
            "conv1.bias [4]",
            "conv1.weight [4, 1, 3, 3]",
            "fc1.bias [5]",
            "fc1.weight [5, 64]",
            "fc2.bias [3]",
            "fc2.weight [3, 5]",
            "norm1.bias [4]",
            "norm1.running_mean [4]",
            "norm1.running_var [4]",
            "norm1.weight [4]",
        ]
    );
    assert_eq!(bytes, file_of(&Small::new(1)), "the same bytes each time");
}

#[test]
fn what_is_saved_is_loaded() {
    for seed in 1..4 {
        let trained = Small::new(seed);
        let mut net = Small::new(9);
        load(&file_of(&trained), &mut net).unwrap();
        assert_eq!(bits(&net), bits(&trained));
    }
    let exact = Small::<f64>::with_init(Init::PyTorch, 3);
    let mut net = Small::<f64>::with_init(Init::PyTorch, 4);
    load(&file_of(&exact), &mut net).unwrap();
    assert_eq!(net.model().params(), exact.model().params());
}

#[test]
fn numbers_are_converted_when_that_is_asked_for() {
    let (single, double) = (Small::new(1), Small::<f64>::with_init(Init::PyTorch, 2));
    let mut net = Small::new(9);
    let error = load(&file_of(&double), &mut net).unwrap_err().to_string();
    assert!(error.contains("conv1.weight: expected F32 [4, 1, 3, 3], found F64 [4, 1, 3, 3]"), "{error}");
    assert_eq!(bits(&net), bits(&Small::new(9)));
    let weights = |bytes| Weights::from_bytes("net", bytes).unwrap().convert();
    weights(file_of(&double)).load_into(&mut net).unwrap();
    assert!(net.model().params().iter().zip(double.model().params()).all(|(a, b)| *a == *b as f32));
    let mut wide = Small::<f64>::with_init(Init::Zeros, 0);
    weights(file_of(&single)).load_into(&mut wide).unwrap();
    assert!(wide.model().params().iter().zip(single.model().params()).all(|(a, b)| *a == f64::from(*b)));
}

#[test]
fn everything_that_does_not_fit_is_said_at_once() {
    let mut net = Small::new(1);
    let before = bits(&net);
    let error = load(&file_of(&LeNet5::new(1)), &mut net).unwrap_err();
    let Error::Weights { mismatches, .. } = &error else { panic!("{error}") };
    assert_eq!(mismatches.len(), 12 + 4, "all of the network's tensors, and four of the file's");
    let text = error.to_string();
    for part in [
        "net: these are not the weights of the network\n",
        "\n  conv1.weight: expected F32 [4, 1, 3, 3], found F32 [6, 1, 5, 5]",
        "\n  norm1.running_var: expected F32 [4], found nothing",
        "\n  fc3.bias: expected nothing, found F32 [10]",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert_eq!(bits(&net), before);
}

/// Tensors are listed by block, with their full names.
#[test]
fn weights_of_another_network_are_listed_by_block() {
    let mut net = ResNet18::<10>::new(1);
    let before = net.model().params().to_vec();
    let error = Weights::from_bytes("net", file_of(&ResNet34::<10>::new(1)))
        .unwrap()
        .load_into(&mut net)
        .unwrap_err();
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "net: these are not the weights of the network");
    assert_eq!(
        lines[1..4],
        [
            "  layer1.2:",
            "    layer1.2.bn1.bias: expected nothing, found F32 [64]",
            "    layer1.2.bn1.running_mean: expected nothing, found F32 [64]",
        ]
    );
    let headings: Vec<&str> =
        lines.iter().filter(|line| line.ends_with(':')).map(|line| line.trim()).collect();
    let blocks = [
        "layer1.2:",
        "layer2.2:",
        "layer2.3:",
        "layer3.2:",
        "layer3.3:",
        "layer3.4:",
        "layer3.5:",
        "layer4.2:",
    ];
    assert_eq!(headings, blocks);
    assert_eq!(lines.len(), 1 + 8 * (1 + 10));
    assert_eq!(net.model().params(), before);
}

#[test]
fn a_layer_can_be_left_alone() {
    let (trained, fresh) = (Small::new(1), Small::new(2));
    let mut net = fresh.clone();
    let weights = Weights::from_bytes("net", file_of(&trained)).unwrap().skip("fc2").skip("norm1");
    weights.load_into(&mut net).unwrap();
    assert_eq!(net.fc1().weight(), trained.fc1().weight());
    assert_eq!(net.fc2().weight(), fresh.fc2().weight());
    let weights = Weights::from_bytes("net", file_of(&trained)).unwrap().skip("fc");
    let error = weights.load_into(&mut net).unwrap_err().to_string();
    assert!(error.starts_with("layer to skip: expected conv1, norm1, "), "{error}");
    assert!(error.ends_with("found fc"), "{error}");
}

/// PyTorch's batch normalisation counts batches, which nothing needs.
#[test]
fn counters_of_pytorch_are_passed_over() {
    let bytes = file_of(&Small::new(1));
    let len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = std::str::from_utf8(&bytes[8..8 + len]).unwrap().trim_end();
    let data = &bytes[8 + len..];
    let counter = |name: &str| {
        let end = data.len() + 8;
        let more =
            format!(r#","{name}":{{"dtype":"I64","shape":[],"data_offsets":[{},{end}]}}}}"#, data.len());
        let header = format!("{}{more}", header.strip_suffix('}').unwrap());
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data, &[7; 8]].concat()
    };
    let mut net = Small::new(2);
    load(&counter("norm1.num_batches_tracked"), &mut net).unwrap();
    assert_eq!(bits(&net), bits(&Small::new(1)));
    let error = load(&counter("conv1.num_batches_tracked"), &mut net).unwrap_err().to_string();
    assert!(error.contains("conv1.num_batches_tracked: expected nothing, found I64 []"), "{error}");
}

#[test]
fn bad_files_are_refused_in_words() {
    let tensor = |name: &str, shape: &str, offsets: &str| {
        format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}"#)
    };
    let two = |a: String, b: String| format!("{{{a},{b}}}");
    let many: String = (0..3000).map(|i| format!(r#""{i}":"","#)).collect();
    let deep = format!("{{\"a\":{}", "[".repeat(5000));
    for (bytes, part) in [
        (Vec::new(), "found an empty file"),
        (vec![1, 0, 0], "found 3 bytes"),
        (with_header("", 0)[..8].to_vec(), "a bad header"),
        ([&100_u64.to_le_bytes()[..], b"{}"].concat(), "expected a header of 100 bytes, found 2"),
        (
            u64::MAX.to_le_bytes().to_vec(),
            "with a header of at most 4194304 bytes, found one of 18446744073709551615",
        ),
        (with_header("\u{7f}", 0), "a bad header"),
        ([&4_u64.to_le_bytes()[..], b"{\"\xff\""].concat(), "a bad header"),
        (with_header("[]", 0), "a bad header"),
        (with_header("{} {}", 0), "a bad header"),
        (with_header(&deep, 0), "a bad header"),
        (with_header(&format!("{{{}}}", tensor("a", "[1]", "[0,4]")), 8), "a safetensors file, found"),
        (with_header(&format!("{{{}}}", tensor("a", "[2]", "[0,4]")), 4), "a safetensors file, found"),
        (with_header(&format!("{{{}}}", tensor("a", "[1]", "[4,0]")), 4), "a safetensors file, found"),
        (
            with_header(&two(tensor("a", "[1]", "[0,4]"), tensor("b", "[1]", "[2,6]")), 6),
            "a safetensors file, found",
        ),
        (
            with_header(&two(tensor("a", "[1]", "[0,4]"), tensor("b", "[1]", "[8,12]")), 12),
            "a safetensors file, found",
        ),
        (
            with_header(&two(tensor("a", "[1]", "[0,4]"), tensor("a", "[1]", "[0,4]")), 4),
            "two tensors with the name \"a\"",
        ),
        (
            with_header(&format!("{{{}}}", tensor("a", "[4294967296,4294967296,16]", "[0,0]")), 0),
            "a safetensors file, found",
        ),
        (with_header(&format!("{{{many}\"b\":\"\"}}"), 0), "a bad header"),
        (with_header(r#"{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}"#, 4), "F33"),
        (with_header(r#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4), "a bad header"),
    ] {
        let error = Weights::from_bytes("net", bytes).map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::Format { .. }), "{error}");
        let error = error.to_string();
        assert!(error.starts_with("net: expected ") && error.contains(part), "{part:?} is not in {error}");
    }
    // What is right, but not this network's.
    let mut net = Small::new(1);
    for header in ["{}", r#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#] {
        assert!(matches!(load(&with_header(header, 0), &mut net), Err(Error::Weights { .. })));
    }
    for (path, part) in [
        ("no/such/file", "cannot read"),
        ("tests", "found a folder"),
        ("Cargo.toml", "or another kind of file"),
    ] {
        let error = Small::new(1).load(path).unwrap_err().to_string();
        assert!(error.starts_with(path) && error.contains(part), "{error}");
    }
}

/// Where the weights cannot be written, the old file is there.
#[test]
fn what_cannot_be_written_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let old = Small::new(1);
    old.save(&path).unwrap();
    for (path, part) in [
        (folder.path(), "not a file"),
        (Path::new("/dev/full"), "not a file"),
        (Path::new("no/such/x"), "cannot write"),
    ] {
        if path.starts_with("/dev") && !path.exists() {
            continue;
        }
        let error = Small::new(2).save(path).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    // A disk that is full after 1,024 bytes.
    #[cfg(target_os = "linux")]
    {
        let command = "ulimit -f 1; trap '' XFSZ; exec \"$0\" --exact weights::child_process --nocapture";
        let output = Command::new("bash")
            .args(["-c", command])
            .arg(std::env::current_exe().unwrap())
            .env("TEST_SAVE_ONCE", &path)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("net.safetensors: cannot write: File too large"), "{text}");
    }
    let mut net = Small::new(3);
    net.load(&path).unwrap();
    assert_eq!(bits(&net), bits(&old));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
}

/// Not run as root, whom nothing stops from writing.
#[cfg(unix)]
#[test]
fn a_read_only_folder_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    Small::new(1).save(&path).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let is_root = fs::write(folder.path().join("probe"), "").is_ok();
    let result = Small::new(2).save(&path);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    if !is_root {
        assert!(result.unwrap_err().to_string().contains("cannot write"));
        let mut net = Small::new(3);
        net.load(&path).unwrap();
        assert_eq!(bits(&net), bits(&Small::new(1)));
    }
}

/// A file keeps its permissions, a link stays a link, and a name may be as long as names can be.
#[cfg(unix)]
#[test]
fn what_was_there_is_replaced_in_its_place() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n".repeat(255));
    Small::new(1).save(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    Small::new(2).save(&link).unwrap();
    assert!(link.is_symlink());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut net = Small::new(3);
    net.load(&path).unwrap();
    assert_eq!(bits(&net), bits(&Small::new(2)));
}

/// Does something only in the processes that tests start.
#[test]
fn child_process() {
    if let Some(path) = std::env::var_os("TEST_SAVE_ONCE") {
        println!("{}", Small::new(2).save(path).unwrap_err());
    } else if let Some(path) = std::env::var_os("TEST_SAVE") {
        LeNet5::new(2).save(path).unwrap();
    }
}

/// The system kills a process that saves after more and more bytes, until one save is complete. Under the name is the old
/// file until then, or none if there was none, and the new file afterwards.
#[cfg(unix)]
#[test]
fn a_killed_process_leaves_a_whole_file() {
    let files = |folder: &Path| -> Vec<u64> {
        let partial = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().ends_with(".partial");
        let entries = fs::read_dir(folder).unwrap().map(Result::unwrap).filter(partial);
        entries.map(|entry| entry.metadata().unwrap().len()).collect()
    };
    let [old, new] = [1, 2].map(|seed| bits(&LeNet5::new(seed)));
    for is_there in [false, true] {
        let mut kills = 0;
        let mut longest = None;
        for kibibytes in (0..).step_by(4) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("net.safetensors");
            if is_there {
                LeNet5::new(1).save(&path).unwrap();
            }
            let command =
                format!("ulimit -c 0 -f {kibibytes}; exec \"$0\" --exact weights::child_process --nocapture");
            let output = Command::new("bash")
                .args(["-c", &command])
                .arg(std::env::current_exe().unwrap())
                .env("TEST_SAVE", &path)
                .output()
                .unwrap();
            let mut net = LeNet5::new(9);
            if output.status.success() {
                net.load(&path).unwrap();
                assert_eq!(bits(&net), new, "after a complete save");
                assert!(files(folder.path()).is_empty(), "after a complete save");
                break;
            }
            let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
            assert!(signal.is_some(), "{}", String::from_utf8_lossy(&output.stderr));
            let [written] = files(folder.path())[..] else { panic!("one file that is not complete") };
            assert!(longest < Some(written), "{written} bytes after {longest:?}");
            longest = Some(written);
            kills += 1;
            assert_eq!(path.exists(), is_there, "after {written} bytes");
            if is_there {
                net.load(&path).unwrap();
                assert_eq!(bits(&net), old, "after {written} bytes");
            }
        }
        assert!(kills > 50 && longest > Some(240_000), "{kills} times, the last after {longest:?} bytes");
    }
}

network! {
    struct Declared: Chw<1, 28, 28> => Flat<10> {
        conv1: Conv2d { filters: 6, kernel: 5, padding: 2 },
        relu1: Relu,
        pool1: MaxPool2d { kernel: 2 },
        conv2: Conv2d { filters: 16, kernel: 5 },
        relu2: Relu,
        pool2: MaxPool2d { kernel: 2 },
        flatten: Flatten,
        fc1: Dense { units: 120 },
        relu3: Relu,
        fc2: Dense { units: 84 },
        relu4: Relu,
        fc3: Dense { units: 10 },
    }
}

/// The embedded digits' network, from the file that is part of the program and from the file itself.
#[test]
fn weights_are_part_of_the_program() {
    let embedded = convnet::weights!(Declared, "../../assets/lenet5.safetensors");
    let mut read = LeNet5::new(1);
    read.load("assets/lenet5.safetensors").unwrap();
    assert_eq!(bits(&embedded), bits(&read));
    let len = fs::metadata("assets/lenet5.safetensors").unwrap().len();
    assert!(len < 300_000, "{len}");
    let test = Mnist::load_from("assets/mnist").unwrap().test;
    let trainer = Trainer::new(embedded, SoftmaxCrossEntropy, Sgd::new(0.1));
    let accuracy = trainer.evaluate(&test).unwrap().accuracy();
    assert!(accuracy >= 0.989, "{accuracy}");
}

/// Files that the constant refuses, with the messages.
#[test]
fn weights_of_another_network_are_refused() {
    fn refused<N: Network>(bytes: &[u8], part: &str) {
        let bytes = bytes.to_vec();
        let panic = std::panic::catch_unwind(|| convnet::store::fits::<N>("Net", &bytes)).unwrap_err();
        let text = *panic.downcast::<String>().unwrap();
        assert!(text.starts_with("weights of Net: ") && text.contains(part), "{part:?} is not in {text}");
    }
    let bytes = file_of(&Small::new(1));
    convnet::store::fits::<Small>("Net", &bytes);
    refused::<Small>(&file_of(&LeNet5::new(1)), "expected F32 [4], found F32 [6]");
    refused::<Small>(&file_of(&Small::<f64>::with_init(Init::Zeros, 0)), "found F64 [4]");
    refused::<LeNet5>(&bytes, "expected nothing, found F32 [4]");
    refused::<Small>(&[], "fewer than 8 bytes");
    refused::<Small>(&bytes[..100], "cut off");
    refused::<Small>(&bytes[..bytes.len() - 1], "bytes of numbers");
    refused::<Small>(&[&bytes[..], b"x"].concat(), "bytes of numbers");
    let only = r#"{"conv1.bias":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#;
    refused::<Small>(&with_header(only, 16), "conv1.weight: expected F32 [4, 1, 3, 3], found nothing");
    let twice = r#"{"fc":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{}}"#;
    refused::<Small>(&with_header(twice, 16), "fc: expected nothing");
    let header = |tensors: &str| with_header(&format!("{{{tensors}}}"), 32);
    let bias =
        |offsets: &str| format!(r#""conv1.bias":{{"dtype":"F32","shape":[4],"data_offsets":{offsets}}}"#);
    refused::<Small>(
        &header(&format!("{},{}", bias("[0,16]"), bias("[16,32]"))),
        "one tensor of this name, found two",
    );
    refused::<Small>(&header(&bias("[16,32]")), "side by side");
    refused::<Small>(&header(&bias("[0,016]")), "a number that begins with 0");
    refused::<Small>(&header(&format!("{}}} x", bias("[0,16]"))), "more text after the table");
    refused::<Small<f64>>(&file_of(&Small::new(1)), "expected a network of f32");
    // A space in front is no fault.
    let space = String::from_utf8_lossy(&bytes[8..]).into_owned();
    let len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let padded = [&(len as u64 + 1).to_le_bytes()[..], b" ", &bytes[8..]].concat();
    assert!(space.starts_with('{'));
    convnet::store::fits::<Small>("Net", &padded);
    type Plain = Sequential<Flat<2>, Dense<Flat<2>, Flat<2>>>;
    refused::<Plain>(&bytes, "declared by network!");
}
