//! The examples as a user runs them: what they print, and how they refuse.

mod photographs;

use std::path::PathBuf;
use std::process::{Command, Output};

/// An example beside this test's binary: cargo builds it for `cargo test`.
fn example(name: &str, options: &[&str]) -> Output {
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(name);
    path.set_extension(std::env::consts::EXE_EXTENSION);
    Command::new(path)
        .args(options)
        .env("CONVNET_OFFLINE", "1")
        .env_remove("CONVNET_DATA_DIR")
        .output()
        .expect("the example is built: cargo test builds it")
}

fn lenet_mnist(options: &[&str]) -> Output {
    example("lenet_mnist", options)
}

fn conv_throughput(options: &[&str]) -> Output {
    example("conv_throughput", options)
}

#[test]
fn it_trains_and_ends_with_its_accuracy() {
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join("history.json");
    let output = lenet_mnist(&[
        "--data",
        "assets/mnist",
        "--epochs",
        "1",
        "--batch-size",
        "64",
        "--learning-rate",
        "0.02",
        "--seed",
        "3",
        "--threads",
        "2",
        "--save-history",
        history.to_str().unwrap(),
    ]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let last = text.lines().last().unwrap();
    let accuracy = last.strip_prefix("test accuracy: ").and_then(|rest| rest.split_once(" % (")).unwrap();
    assert!(accuracy.0.parse::<f64>().unwrap() > 80.0, "{last}");
    assert!(accuracy.1.ends_with("/2000)"), "{last}");
    let errors = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = errors.lines().collect();
    assert!(
        matches!(lines[..], [advice, epoch] if advice.starts_with("advice: 10800 training samples for 61706 parameters")
        && epoch.starts_with("epoch  1  loss ")),
        "plain lines: {errors}"
    );
    let history: convnet::train::History =
        serde_json::from_str(&std::fs::read_to_string(history).unwrap()).unwrap();
    assert_eq!(history.epochs.len(), 1);
}

#[test]
fn it_stops_early_with_dropout_and_draws() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("pictures");
    let history = folder.path().join("history.json");
    let output = lenet_mnist(&[
        "--data",
        "assets/mnist",
        "--epochs",
        "3",
        "--schedule",
        "constant",
        "--learning-rate",
        "0.05",
        "--weight-decay",
        "0.001",
        "--dropout",
        "0.2",
        "--early-stopping",
        "1",
        "--plot",
        pictures.to_str().unwrap(),
        "--save-history",
        history.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Dropout 0.2") && text.contains("the parameters are those of epoch "), "{text}");
    let history: convnet::train::History =
        serde_json::from_str(&std::fs::read_to_string(history).unwrap()).unwrap();
    let restored = history.restored.unwrap();
    for (picture, label) in [
        ("learning_curves.svg", format!("early stopping: epoch {restored}")),
        ("confusion_matrix.svg", "true class".into()),
        ("filters.svg", "filters of the first layer".into()),
    ] {
        let svg = std::fs::read_to_string(pictures.join(picture)).unwrap();
        assert!(svg.contains(&label), "{picture} without {label}");
    }
}

#[test]
fn alexnet_trains_on_changed_images() {
    let output = example(
        "alexnet_cifar10",
        &["--epochs", "1", "--validation", "0.95", "--batch-size", "16", "--augment"],
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    assert!(text.contains("100 images to train with, 1900 to validate, 500 to test"), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("test accuracy: ") && last.ends_with("/500)"), "{last}");
    assert!(errors.starts_with("convnet: using the embedded sample of"), "{errors}");
}

#[test]
fn resnet_trains_on_the_embedded_sample() {
    let options = ["--epochs", "1", "--validation", "0.9", "--batch-size", "50"];
    let output = example("resnet20_cifar10", &options);
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    assert!(text.contains("200 images to train with, 1800 to validate, 500 to test"), "{text}");
    assert!(text.contains("the parameters are those of epoch 1"), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("test accuracy: ") && last.ends_with("/500)"), "{last}");
    assert!(errors.starts_with("advice: ") && errors.contains("epoch  1  loss "), "{errors}");
}

#[test]
fn alexnet_refuses_in_one_line() {
    for (options, status, parts) in [
        (&["--data", "no/such/folder"][..], 1, &["no/such/folder"][..]),
        (&["--data", "Cargo.toml"], 1, &["Cargo.toml"]),
        (&["--data", "src"], 1, &["src"]),
        (&["--epochs", "0"], 1, &["epochs", "at least 1", "found 0"]),
        (&["--validation", "1"], 1, &["fraction", "more than 0"]),
        (&["--dropout", "1"], 2, &["--dropout", "less than 1"]),
        (&["--schedule", "slowly"], 2, &["--schedule", "slowly", "one-cycle"]),
    ] {
        let output = example("alexnet_cifar10", options);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{options:?}: {errors}");
        let errors = errors.lines().last().unwrap();
        for part in parts {
            assert!(errors.contains(part), "{options:?}: {part:?} is not in {errors}");
        }
    }
}

/// A PGM file of a dark ring or a dark line on a light page.
fn drawn(is_ink: impl Fn(f32, f32) -> bool) -> Vec<u8> {
    let pixels = (0..120 * 100).map(|place| (place % 120, place / 120));
    let pixels = pixels.map(|(x, y)| if is_ink(x as f32 - 60.0, y as f32 - 50.0) { 30 } else { 220 });
    [b"P5 120 100 255\n".to_vec(), pixels.collect()].concat()
}

#[test]
fn digits_on_pictures_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(path("digits")).unwrap();
    let nought = drawn(|x, y| (20.0..26.0).contains(&(x * 1.3).hypot(y)));
    std::fs::write(path("digits/b.pgm"), drawn(|x, y| (x + y / 5.0).abs() < 3.0 && y.abs() < 30.0)).unwrap();
    std::fs::write(path("digits/a.pgm"), nought).unwrap();
    std::fs::write(path("digits/notes.txt"), "no picture").unwrap();
    std::fs::write(path("torn.png"), "no picture").unwrap();

    let output = example("classify", &[&path("torn.png"), &path("digits")]);
    let (text, errors) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{errors}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 11 + 1 + 11, "{text}");
    assert_eq!(
        (lines[0], lines[12]),
        (&*format!("{}: 0", path("digits/a.pgm")), &*format!("{}: 1", path("digits/b.pgm")))
    );
    assert!(
        lines[1].starts_with("▸ 0 ") && lines[1].ends_with('█') && lines[14].starts_with("▸ 1 "),
        "{text}"
    );
    let errors: Vec<&str> = errors.lines().collect();
    assert!(
        errors[0].starts_with(&format!("error: {}: expected an undamaged image", path("torn.png"))),
        "{errors:?}"
    );
    assert_eq!(errors[1..], ["error: 1 of 3 files could not be read"]);

    let output = example("classify", &["--json", "no/such.png", &path("digits")]);
    assert_eq!(output.status.code(), Some(1));
    let answers: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let classes: Vec<_> =
        answers.as_array().unwrap().iter().map(|answer| answer["class"].as_u64().unwrap()).collect();
    assert_eq!(classes, [0, 1]);
    for (answer, name) in answers.as_array().unwrap().iter().zip(["digits/a.pgm", "digits/b.pgm"]) {
        assert_eq!((answer.as_object().unwrap().len(), &answer["sure"]), (5, &serde_json::Value::Bool(true)));
        assert_eq!(answer["name"], answer["class"].to_string());
        assert_eq!(answer["file"], path(name));
        let sum: f64 = answer["probabilities"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{answer}");
    }
    let output = example("classify", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("<FILE>"));
}

/// Ctrl-C ends a run with its history and an accuracy.
#[cfg(unix)]
#[test]
fn an_interrupted_run_ends_well() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join("history.json");
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let mut child = Command::new(path.join("examples/lenet_mnist"))
        .args(["--data", "assets/mnist", "--epochs", "100000", "--save-history"])
        .arg(&history)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
    errors.find(|line| line.as_ref().unwrap().starts_with("epoch  2")).unwrap().unwrap();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let rest: Vec<String> = errors.map(Result::unwrap).collect();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{rest:?}");
    assert!(
        text.contains("interrupted after ") && text.contains("the parameters are those of epoch "),
        "{text}"
    );
    assert!(text.lines().last().unwrap().starts_with("test accuracy: "), "{text}");
    let history: convnet::train::History =
        serde_json::from_str(&std::fs::read_to_string(history).unwrap()).unwrap();
    assert_eq!(history.ending, convnet::train::Ending::Interrupted);
    assert!(history.epochs.len() >= 2 && history.restored.is_some());
}

#[test]
fn it_refuses_in_one_line() {
    for (options, status, parts) in [
        (&["--data", "no/such/folder"][..], 1, &["no/such/folder"][..]),
        (&["--data", "Cargo.toml"], 1, &["Cargo.toml"]),
        (&["--data", "two\nlines"], 1, &["two\\nlines"]),
        (&["--epochs", "0"], 1, &["epochs", "at least 1", "found 0"]),
        (&["--batch-size", "0"], 1, &["batch size", "at least 1", "found 0"]),
        (&["--learning-rate", "nan"], 1, &["learning rate", "above 0", "found NaN"]),
        (&["--learning-rate", "-1"], 1, &["learning rate", "above 0", "found -1"]),
        (&["--weight-decay", "-1"], 1, &["found -1"]),
        (&["--early-stopping", "0"], 1, &["patience", "at least 1", "found 0"]),
        (&["--plot", "Cargo.toml/pictures"], 1, &["Cargo.toml/pictures", "cannot create"]),
        (&["--schedule", "slowly"], 2, &["--schedule", "slowly", "one-cycle"]),
        (&["--dropout", "1"], 2, &["--dropout", "less than 1"]),
        (&["--save-history", "no/such/folder/h.json"], 1, &["no/such/folder/h.json", "cannot write"]),
        (&["--epochs", "ten"], 2, &["--epochs", "ten"]),
        (&["--threads", "0"], 2, &["--threads", "0"]),
        (&["--speed"], 2, &["--speed"]),
    ] {
        let output = lenet_mnist(options);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{options:?}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{options:?}: {errors}");
        assert!(output.stdout.is_empty(), "{options:?}: refused before anything is printed");
        for part in parts {
            assert!(errors.contains(part), "{options:?}: {part:?} is not in {errors}");
        }
    }
}

#[test]
fn it_prints_writes_and_draws_throughput() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name).to_str().unwrap().to_owned();
    let (json, plot) = (path("figures.json"), path("figures.svg"));
    let options =
        ["--seconds", "0.001", "--only", "lenet", "--threads", "2", "--json", &json, "--plot", &plot];
    let output = conv_throughput(&options);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = text.lines().filter(|line| line.starts_with("lenet_c"));
    assert_eq!(rows.count(), 6, "two geometries, three passes: {text}");

    let figures: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(figures["threads"], 2);
    assert!(figures["peak_gflops"].as_f64().unwrap() > 0.0);
    let rows = figures["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 6);
    for row in rows {
        for figure in ["gflops", "milliseconds", "percent_of_peak", "percent_of_bound"] {
            assert!(row[figure].as_f64().unwrap() > 0.0, "{figure} of {row}");
        }
        assert!(row["bound"] == "peak" || row["bound"] == "copy", "{row}");
    }
    // Input, output and weights of 64 samples, four bytes a value.
    assert_eq!(rows[0]["bytes"], (4 * (64 * (784 + 6 * 784) + 6 * 25)) as f64);

    let svg = std::fs::read_to_string(&plot).unwrap();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    for label in [
        "forward",
        "backward-data",
        "backward-weights",
        "GFLOP/s of multiply-adds",
        "GB/s of a copy",
        "for each byte",
    ] {
        assert!(svg.contains(label), "{label} is not in the plot");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left behind");
}

#[test]
fn throughput_takes_any_sizes_a_file_and_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let (file, json) = (folder.path().join("sizes.txt"), folder.path().join("figures.json"));
    std::fs::write(
        &file,
        "# of some network\nstem 3x9x8:4:3x1:s2x1:p1x0:b2\n\n4x6x6:8:3:d2:p2:g4 # dilated\n",
    )
    .unwrap();
    let (file, json) = (file.to_str().unwrap(), json.to_str().unwrap());
    let rows = |options: &[&str]| -> (Vec<serde_json::Value>, String) {
        let output = conv_throughput(&[options, &["--seconds", "0.0001", "--json", json]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let figures: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
        (figures["rows"].as_array().unwrap().clone(), String::from_utf8(output.stdout).unwrap())
    };
    let (of_both, _) = rows(&["--conv", "64x5x5:32:1:s2:g32", "--file", file, "--batch", "3"]);
    let facts = |row: &serde_json::Value| {
        let keys = [
            "name", "samples", "input", "output", "kernel", "stride", "padding", "dilation", "groups",
            "count",
        ];
        keys.map(|key| row[key].to_string()).join(" ")
    };
    let names: Vec<String> = of_both.iter().step_by(3).map(facts).collect();
    let expected = [
        "\"64x5x5:32:1:s2:g32\" 3 [64,5,5] [32,3,3] [1,1] [2,2] [0,0,0,0] [1,1] 32 1",
        "\"stem\" 2 [3,9,8] [4,5,8] [3,1] [2,1] [1,0,1,0] [1,1] 1 1",
        "\"4x6x6:8:3:d2:p2:g4\" 3 [4,6,6] [8,6,6] [3,3] [1,1] [2,2,2,2] [2,2] 4 1",
    ];
    assert_eq!(names, expected);

    let (of_model, text) = rows(&["--model", "resnet20-cifar", "--batch", "1"]);
    let count: u64 = of_model.iter().step_by(3).map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!(count, 20, "nineteen convolutions and a dense layer: {text}");
    let flop: f64 = of_model
        .iter()
        .step_by(3)
        .map(|row| row["flop"].as_f64().unwrap() * row["count"].as_f64().unwrap())
        .sum();
    assert_eq!(flop as usize, 2 * convnet::model::ResNet20Cifar::<10>::MACS);
    assert!(text.contains("All convolutions and dense layers: forward"), "{text}");
}

#[test]
fn throughput_refuses_in_one_line() {
    for (options, status, parts) in [
        (&["--threads", "0"][..], 2, &["--threads", "0"][..]),
        (&["--seconds", "-1"], 2, &["--seconds", "-1", "above 0"]),
        (&["--seconds", "nan"], 2, &["--seconds", "nan", "above 0"]),
        (&["--seconds", "inf"], 2, &["--seconds", "inf", "above 0"]),
        (&["--seconds", "0"], 2, &["--seconds", "above 0"]),
        (&["--only", "lenet_c9"], 1, &["--only", "lenet_c9", "lenet_c1"]),
        (&["--json", "no/such/folder/f.json"], 1, &["no/such/folder/f.json", "cannot write"]),
        (&["--plot", "tests"], 1, &["tests", "cannot write", "not a file"]),
        (&["--speed"], 2, &["--speed"]),
        (&["--conv", "64x56:128:3"], 2, &["64x56", "3 whole numbers"]),
        (&["--conv", "64x56x56:128"], 2, &["CHANNELSxROWSxCOLUMNS:FILTERS:KERNEL", "64x56x56:128"]),
        (&["--conv", "3x4x4:8:7"], 2, &["a kernel of at most 4, found 7"]),
        (&["--conv", "3x4x4:8:3:s0"], 2, &["sizes above 0"]),
        (&["--conv", "3x4x4:8:3:q2"], 2, &["s, p, d, g or b", "q2"]),
        (&["--conv", "3x4x4:8:3:g2"], 2, &["groups that divide 3 channels and 8 filters, found 2"]),
        (&["--conv", "3x4x4:8:99999999999"], 2, &["99999999999"]),
        (&["--conv", "1000x1000x1000:8:3"], 1, &["at most 268435456 values"]),
        (&["--conv", "9x1000000x1:9:1:p1000000"], 1, &["at most 268435456 values"]),
        (&["--conv", "64x56x56:64:3", "--batch", "60000"], 1, &["at most 268435456 values"]),
        (&["--file", "no/such.txt"], 1, &["no/such.txt", "No such file"]),
        (&["--file", "LICENSE-MIT"], 1, &["LICENSE-MIT, line"]),
        (&["--model", "resnet51"], 2, &["resnet51", "resnet50"]),
        (&["--model", "vgg16", "--batch", "60000"], 1, &["at most 268435456 values"]),
    ] {
        let output = conv_throughput(options);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{options:?}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{options:?}: {errors}");
        assert!(output.stdout.is_empty(), "{options:?}: refused before anything is measured");
        for part in parts {
            assert!(errors.contains(part), "{options:?}: {part:?} is not in {errors}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_its_output_is_an_error() {
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let run = |command: &mut Command| {
        command
            .args(["--data", "assets/mnist", "--epochs", "1"])
            .env("CONVNET_OFFLINE", "1")
            .status()
            .unwrap()
    };
    let path = path.join("examples/lenet_mnist");
    assert_eq!(run(Command::new(&path).stdout(full()).stderr(std::process::Stdio::null())).code(), Some(1));
    // What cannot be told on standard error does not stop the training.
    assert!(run(Command::new(&path).stdout(std::process::Stdio::null()).stderr(full())).success());
}

#[test]
fn a_network_is_exported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("net.onnx");
    let output = example("export_onnx", &[file.to_str().unwrap(), "--network", "lenet5-original"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let bytes = std::fs::read(&file).unwrap();
    assert!(text.contains("c3") && text.ends_with(&format!("wrote {}\n", file.display())), "{text}");
    assert!(bytes.windows(9).any(|part| part == b"c3.weight"));
    let output = example("export_onnx", &[file.to_str().unwrap(), "--network", "lenet"]);
    assert_eq!((output.status.code(), output.stdout), (Some(2), Vec::new()));
}

#[test]
fn a_graph_is_declared_or_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("networks");
    let convert = |name: &str, network: &str| {
        let model = format!("tests/golden/onnx_graphs/{name}.onnx");
        example("onnx_to_network", &[&model, "--name", network, "--out", out.to_str().unwrap()])
    };
    for (name, network, sentence) in [
        ("unknown", "Net", "found Einsum (nodes \"Einsum1\", \"Einsum5\"), TopK (node \"TopK3\")"),
        ("windows", "net", "with a capital first, found \"net\""),
    ] {
        let output = convert(name, network);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout), (Some(1), Vec::new()));
        assert!(error.contains(sentence) && error.lines().count() == 1, "{error}");
        assert!(!out.exists());
    }
    let output = convert("windows", "Windows");
    assert!(output.status.success());
    let text = std::fs::read_to_string(out.join("windows.rs")).unwrap();
    assert!(text.contains("pub struct Windows: Chw<2, 8, 8> => Flat<3> {"), "{text}");
    assert!(out.join("windows.safetensors").exists());
}

/// A tiny run: pictures of both kinds are drawn, read and learned from, and the network that is saved can be loaded.
#[test]
fn single_digits_are_told_from_several() {
    use convnet::prelude::*;
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("single.safetensors");
    let save = weights.to_str().unwrap();
    let options = ["--data", "assets/mnist", "--digits", "100", "--epochs", "1", "--save", save];
    let output = example("single_digit", &options);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = text.trim().lines().collect();
    assert!(lines[0].ends_with(" pictures that read_digit takes"), "{text}");
    assert_eq!(lines[1], "single from   sure: single digits   several", "{text}");
    assert_eq!(lines.len(), 2 + 8, "{text}");
    convnet::model::SingleDigit::<f32>::new(0).load(weights).unwrap();
}
