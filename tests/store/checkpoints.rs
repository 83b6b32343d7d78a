//! The checkpoints that a run keeps in a folder, how often, and whose folder it is.

use std::fs;
use std::path::Path;

use convnet::Error;
use convnet::prelude::*;
use convnet::train::Checkpoints;

use crate::short_run::{data, filled, names, trainer};

#[test]
fn so_many_are_kept_and_so_often() {
    let train = data(0, 51);
    let kept = |rule: fn(Checkpoints) -> Checkpoints| {
        let folder = tempfile::tempdir().unwrap();
        let rule = rule(Checkpoints::new(folder.path().join("new/folder")));
        trainer(5, Sgd::new(0.05)).checkpoints(rule).fit(&train, None).unwrap();
        names(&folder.path().join("new/folder"))
    };
    // Eight steps an epoch.
    let of = |steps: &[u64]| -> Vec<String> {
        let names = steps.iter().map(|step| format!("checkpoint-{step:010}.safetensors"));
        ["best.safetensors".to_owned()].into_iter().chain(names).collect()
    };
    assert_eq!(kept(|rule| rule), of(&[24, 32, 40]));
    assert_eq!(kept(|rule| rule.keep(1)), of(&[40]));
    assert_eq!(kept(|rule| rule.every_epochs(2).keep(9)), of(&[16, 32, 40]));
    // At every batch: no time is shorter than what a batch takes.
    assert_eq!(kept(|rule| rule.every_minutes(1e-9).keep(4)), of(&[37, 38, 39, 40]));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (rule, name) in [
        (Checkpoints::new(folder.path()).keep(0), "checkpoints to keep"),
        (Checkpoints::new(folder.path()).every_epochs(0), "epochs between checkpoints"),
        (Checkpoints::new(folder.path()).every_minutes(0.0), "minutes between checkpoints"),
        (Checkpoints::new(folder.path()).every_minutes(f64::NAN), "minutes between checkpoints"),
    ] {
        let error =
            trainer(1, Sgd::new(0.1)).checkpoints(rule).fit(&data(0, 9), None).unwrap_err().to_string();
        assert!(error.starts_with(name), "{error}");
    }
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let rule = Checkpoints::new(&file);
    let error = trainer(1, Sgd::new(0.1)).checkpoints(rule).fit(&data(0, 9), None).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
}

#[test]
fn the_checkpoints_of_another_run_are_left_alone() {
    let folder = filled();
    let before = names(folder.path());
    let rule = Checkpoints::new(folder.path());
    let error = trainer(3, Sgd::new(0.05)).checkpoints(rule).fit(&data(0, 51), None).unwrap_err().to_string();
    assert!(
        error.contains(
            "a folder without checkpoints, or with those of the run that is resumed, found 3 of another run"
        ),
        "{error}"
    );
    assert_eq!(names(folder.path()), before);
}

/// A run that is resumed from one folder may begin another, but not write among another run's checkpoints.
#[test]
fn a_resumed_run_keeps_to_its_own_folder() {
    let (from, other) = (filled(), filled());
    let before = names(other.path());
    let resumed = |folder: &Path| {
        let mut trainer =
            trainer(5, Sgd::new(0.05).momentum(0.9)).checkpoints(Checkpoints::new(folder).keep(1));
        trainer.resume(from.path()).unwrap();
        trainer.fit(&data(0, 51), None)
    };
    let error = resumed(other.path()).unwrap_err().to_string();
    assert!(error.contains("found 3 of another run"), "{error}");
    assert_eq!(names(other.path()), before);
    let fresh = tempfile::tempdir().unwrap();
    resumed(fresh.path()).unwrap();
    assert_eq!(names(fresh.path()), ["best.safetensors", "checkpoint-0000000040.safetensors"]);
}
