//! The example as a user runs it: what it prints, and how it refuses.

use std::path::PathBuf;
use std::process::{Command, Output};

/// The example beside this test's binary: cargo builds it for `cargo test`.
fn lenet_mnist(options: &[&str]) -> Output {
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples/lenet_mnist");
    path.set_extension(std::env::consts::EXE_EXTENSION);
    Command::new(path)
        .args(options)
        .env("CONVNET_OFFLINE", "1")
        .env_remove("CONVNET_DATA_DIR")
        .output()
        .expect("the example is built: cargo test builds it")
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
        "--batch",
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
    assert!(errors.lines().count() == 1 && errors.starts_with("epoch  1  loss "), "plain lines: {errors}");
    let history: convnet::train::History =
        serde_json::from_str(&std::fs::read_to_string(history).unwrap()).unwrap();
    assert_eq!(history.epochs.len(), 1);
}

#[test]
fn it_refuses_in_one_line() {
    for (options, status, parts) in [
        (&["--data", "no/such/folder"][..], 1, &["no/such/folder"][..]),
        (&["--data", "Cargo.toml"], 1, &["Cargo.toml"]),
        (&["--data", "two\nlines"], 1, &["two\\nlines"]),
        (&["--epochs", "0"], 1, &["epochs", "at least 1", "found 0"]),
        (&["--batch", "0"], 1, &["batch", "at least 1", "found 0"]),
        (&["--learning-rate", "nan"], 1, &["learning rate", "above 0", "found NaN"]),
        (&["--learning-rate", "-1"], 1, &["learning rate", "above 0", "found -1"]),
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
