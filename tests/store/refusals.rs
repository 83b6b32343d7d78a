//! Checkpoints of another run, damaged or forged ones are refused, and the trainer is what it was.

use std::fs;
use std::path::PathBuf;

use convnet::Error;
use convnet::model::LeNet5;
use convnet::prelude::*;
use convnet::train::{Checkpoints, SettingChange};

use crate::short_run::{data, filled, trainer};
use crate::{Small, bits};

fn step(folder: &tempfile::TempDir, step: u64) -> PathBuf {
    folder.path().join(format!("checkpoint-{step:010}.safetensors"))
}

/// Another network, optimiser, batch, seed, version; other data; damaged; no checkpoint at all. An older one is offered if
/// it can be resumed from, and the trainer is what it was.
#[test]
fn what_cannot_be_resumed_from_is_refused_in_words() {
    let folder = filled();
    let latest = step(&folder, 24);
    let refused = |what: &str, result: Result<Vec<SettingChange>, Error>, parts: &[&str]| {
        let error = result.unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{what}: {part:?} is not in {error}");
        }
        error
    };
    let momentum = || Sgd::new(0.05).momentum(0.9);

    let mut lenet = Trainer::new(LeNet5::new(1), SoftmaxCrossEntropy, momentum()).batch_size(7).seed(3);
    refused(
        "another network",
        lenet.resume(&latest),
        &["cannot resume", "conv1.weight: expected F32 [6, 1, 5, 5], found F32 [4, 1, 3, 3]"],
    );
    assert_eq!(bits(lenet.network()), bits(&LeNet5::new(1)));
    refused(
        "another optimiser",
        trainer(5, Adam::new(0.1)).resume(&latest),
        &[
            "expected the optimiser Adam (Adam { learning_rate: 0.1, betas: [0.9, 0.999], epsilon: 1e-8 }), found Sgd (Sgd {",
            "momentum: 0.9",
        ],
    );
    refused(
        "another batch",
        trainer(5, momentum()).batch_size(8).resume(&latest),
        &["expected batches of 8, found 7"],
    );
    refused(
        "another seed",
        trainer(5, momentum()).seed(4).resume(&latest),
        &["expected the seed 4, found 3"],
    );
    refused("fewer epochs", trainer(2, momentum()).resume(&latest), &["expected at most 2 epochs, found 3"]);
    refused(
        "weights",
        trainer(5, momentum()).resume(folder.path().join("best.safetensors")),
        &["expected a checkpoint, found weights alone"],
    );
    refused("nothing", trainer(5, momentum()).resume("no/such/file"), &["no/such/file: cannot read"]);
    let empty = tempfile::tempdir().unwrap();
    refused(
        "an empty folder",
        trainer(5, momentum()).resume(empty.path()),
        &["expected a folder with checkpoints, found none"],
    );

    let mut resumed = trainer(5, momentum());
    resumed.resume(&latest).unwrap();
    let error = resumed.fit(&data(0, 50), None).unwrap_err().to_string();
    assert_eq!(error, "training data: expected the 51 samples of the run that is resumed, found 50");
    resumed.fit(&data(0, 51), None).unwrap();

    let whole = fs::read(&latest).unwrap();
    let other_version = {
        let at = whole.windows(7).position(|part| part == b"version").unwrap();
        let text = String::from_utf8_lossy(&whole[at..at + 120]).into_owned();
        let offsets = text.split("\"data_offsets\":[").nth(1).unwrap();
        let start: usize = offsets.split(',').next().unwrap().parse().unwrap();
        let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
        let mut bytes = whole.clone();
        bytes[header + start] = b'9';
        bytes
    };
    let older = format!("{} is an older checkpoint that can be resumed", step(&folder, 16).display());
    for (what, bytes, part) in [
        ("cut off", whole[..whole.len() / 2].to_vec(), "a safetensors file"),
        ("empty", Vec::new(), "an empty file"),
        ("of another version", other_version, "expected a checkpoint of version 4, found version 9"),
    ] {
        fs::write(&latest, bytes).unwrap();
        let mut untouched = trainer(5, momentum());
        let error = refused(
            what,
            untouched.resume(folder.path()),
            &["checkpoint-0000000024.safetensors: cannot resume", part],
        );
        assert!(error.ends_with(&older), "{error}");
        assert_eq!(bits(untouched.network()), bits(&Small::new(5)));
        assert!(untouched.history().epochs.is_empty());
    }
    // With the older one damaged too, the oldest is offered.
    fs::write(step(&folder, 16), &whole[..100]).unwrap();
    let error = trainer(5, momentum()).resume(folder.path()).unwrap_err().to_string();
    assert!(error.contains("checkpoint-0000000008"), "{error}");
    let mut resumed = trainer(5, momentum());
    resumed.resume(step(&folder, 8)).unwrap();
    assert_eq!(resumed.fit(&data(0, 51), None).unwrap().epochs.len(), 5);
}

/// Any prefix of a checkpoint, and any changed byte of it, resumes or is refused.
#[test]
fn damaged_checkpoints_are_no_panic() {
    let folder = filled();
    let whole = fs::read(step(&folder, 24)).unwrap();
    let path = folder.path().join("damaged");
    let mut resumed = trainer(5, Sgd::new(0.05).momentum(0.9));
    for i in (0..whole.len()).step_by(37) {
        fs::write(&path, &whole[..i]).unwrap();
        assert!(resumed.resume(&path).is_err(), "the first {i} bytes");
        let mut bytes = whole.clone();
        bytes[i] ^= 0x55;
        fs::write(&path, bytes).unwrap();
        if resumed.resume(&path).is_ok() {
            let _ = resumed.fit(&data(0, 51), None);
        }
    }
}

/// States whose numbers contradict each other.
#[test]
fn forged_states_are_refused() {
    let folder = filled();
    let whole = fs::read(step(&folder, 24)).unwrap();
    let path = folder.path().join("forged.safetensors");
    for (part, forged) in [
        ("\"step\":24,", "\"step\":99,"),
        ("\"samples\":51,", "\"samples\":99,"),
        ("\"epochs\":3,", "\"epochs\":4,"),
        ("\"batches\":0,", "\"batches\":7,"),
        ("\"epoch\":3,", "\"epoch\":9,"),
        // The epoch of the best, in a run of three.
        ("\"best\":[", ""),
        ("\"judged\":0,", "\"judged\":1,"),
    ] {
        let at = whole.windows(part.len()).position(|window| window == part.as_bytes()).expect(part);
        let mut bytes = whole.clone();
        match forged {
            "" => bytes[at + part.len()] = b'9',
            _ => bytes[at..at + part.len()].copy_from_slice(forged.as_bytes()),
        }
        fs::write(&path, bytes).unwrap();
        let error = trainer(20, Sgd::new(0.05).momentum(0.9)).resume(&path).unwrap_err().to_string();
        assert!(error.contains("expected a place in the run, with its history"), "{part}: {error}");
    }
}

/// State that is not finite would spoil the network at the first step.
#[test]
fn state_that_is_not_finite_is_refused() {
    let folder = filled();
    let mut bytes = fs::read(step(&folder, 24)).unwrap();
    let len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + len]).unwrap();
    let start = header["optimizer"]["data_offsets"][0].as_u64().unwrap() as usize + 8 + len;
    bytes[start + 4..start + 8].copy_from_slice(&f32::NAN.to_le_bytes());
    let path = folder.path().join("spoiled.safetensors");
    fs::write(&path, bytes).unwrap();
    let error = trainer(20, Sgd::new(0.05).momentum(0.9)).resume(&path).unwrap_err().to_string();
    assert!(error.contains("expected finite numbers in optimizer, found NaN at place 1"), "{error}");
}

/// Two optimisers of a user's own around [`Sgd`], with as much state as each other.
mod wrapped {
    use convnet::Error;
    use convnet::optim::{Optimizer, Update};
    use convnet::prelude::*;

    macro_rules! wrapper {
        ($name:ident) => {
            #[derive(Debug)]
            pub struct $name<O>(pub O);

            impl<O: Optimizer> Optimizer for $name<O> {
                fn name(&self) -> String {
                    format!("{}<{}>", stringify!($name), self.0.name())
                }
                fn state_per_param(&self) -> usize {
                    self.0.state_per_param()
                }
                fn check(&self) -> Result<(), Error> {
                    self.0.check()
                }
                fn step<T: Scalar>(&self, update: Update<'_, T>) {
                    self.0.step(update);
                }
            }
        };
    }
    wrapper!(Lookahead);
    wrapper!(Ema);
}

#[test]
fn another_wrapper_of_the_same_optimiser_is_refused_and_another_learning_rate_is_not() {
    use wrapped::{Ema, Lookahead};
    let folder = tempfile::tempdir().unwrap();
    let train = data(0, 51);
    let sgd = |rate| Sgd::new(rate).momentum(0.9);
    let mut first = trainer(2, Lookahead(sgd(0.05))).checkpoints(Checkpoints::new(folder.path()));
    first.fit(&train, None).unwrap();

    let mut other = trainer(3, Ema(sgd(0.05)));
    let error = other.resume(folder.path()).unwrap_err().to_string();
    assert!(error.contains("expected the optimiser Ema<Sgd> (Ema(Sgd {"), "{error}");
    assert!(error.contains("found Lookahead<Sgd> (Lookahead(Sgd { learning_rate: 0.05,"), "{error}");
    assert_eq!(bits(other.network()), bits(&Small::new(5)));

    let mut slower = trainer(3, Lookahead(sgd(0.01)));
    slower.resume(folder.path()).unwrap();
    assert_eq!(slower.fit(&train, None).unwrap().epochs.len(), 3);
}
