//! Checkpoints.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use convnet::Error;
use convnet::model::LeNet5;
use convnet::optim::Optimizer;
use convnet::prelude::*;
use convnet::train::{Checkpoints, EarlyStopping, Ending, Progress};

use super::{Small, bits};

type Data = Dataset<Chw<2, 6, 6>, Class<3>>;

fn data(from: usize, count: usize) -> Data {
    let sample = |n: usize| {
        let image = Tensor::from_fn(|i| ((i * (n + 3) + n) % 17) as f32 / 8.0 - 1.0);
        (image, Class::new(n * 7 % 3).unwrap())
    };
    (from..from + count).map(sample).collect()
}

fn trainer<O: Optimizer>(epochs: usize, optimizer: O) -> Trainer<Small, SoftmaxCrossEntropy, O> {
    Trainer::new(Small::new(5), SoftmaxCrossEntropy, optimizer)
        .epochs(epochs)
        .batch_size(7)
        .seed(3)
        .schedule(Schedule::Plateau { patience: 1, factor: 0.5, threshold: 1e-4 })
        .progress(Progress::Silent)
}

/// The content of a history, without the time.
fn told(history: &convnet::train::History) -> Vec<(usize, u64, Option<u64>)> {
    let told = |epoch: &convnet::train::Epoch| {
        let validation = epoch.validation.map(|score| score.loss.to_bits());
        (epoch.epoch, epoch.train.loss.to_bits(), validation)
    };
    history.epochs.iter().map(told).collect()
}

/// Ten epochs, and five and five, with every optimiser; and a run that stops in the middle of an epoch.
#[test]
fn a_run_that_goes_on_has_the_same_bits() {
    fn check<O: Optimizer>(optimizer: impl Fn() -> O) {
        let (train, validation) = (data(0, 50), data(50, 20));
        let mut straight = trainer(10, optimizer());
        let history = straight.fit(&train, &validation).unwrap();

        let folder = tempfile::tempdir().unwrap();
        let keeping = |epochs| trainer(epochs, optimizer()).checkpoints(Checkpoints::new(folder.path()));
        keeping(5).fit(&train, &validation).unwrap();
        let mut resumed = keeping(10);
        resumed.resume(folder.path()).unwrap();
        assert_eq!(resumed.history().epochs.len(), 5);
        let both = resumed.fit(&train, &validation).unwrap();
        assert_eq!(told(&both), told(&history));
        assert_eq!(bits(resumed.network()), bits(straight.network()));

        // After the third batch of the sixth epoch, of eight.
        let folder = tempfile::tempdir().unwrap();
        let flag = Arc::new(AtomicBool::new(false));
        let set = flag.clone();
        let mut stopped = trainer(10, optimizer())
            .checkpoints(Checkpoints::new(folder.path()))
            .interrupt(flag)
            .on_batch(move |end| {
                set.store(end.epoch == 6 && end.batch == 3, Ordering::Relaxed);
                std::ops::ControlFlow::Continue(())
            });
        assert_eq!(stopped.fit(&train, &validation).unwrap().ending, Ending::Interrupted);
        let mut resumed = trainer(10, optimizer());
        resumed.resume(folder.path().join("checkpoint-0000000043.safetensors")).unwrap();
        let both = resumed.fit(&train, &validation).unwrap();
        assert_eq!(told(&both), told(&history));
        assert_eq!(bits(resumed.network()), bits(straight.network()));
    }
    check(|| Sgd::new(0.05).momentum(0.9));
    check(|| Adam::new(0.01));
    check(|| RmsProp::new(0.01));
    check(|| Adagrad::new(0.05));
}

/// The best epoch, and what early stopping has waited, are kept too.
#[test]
fn early_stopping_goes_on() {
    let (train, validation) = (data(0, 50), data(50, 20));
    let stopping = || trainer(60, Adam::new(0.02)).early_stopping(EarlyStopping::new(4));
    let mut straight = stopping();
    let history = straight.fit(&train, &validation).unwrap();
    assert_eq!(history.ending, Ending::EarlyStopping);
    let last = history.epochs.len();
    let folder = tempfile::tempdir().unwrap();
    let mut first = trainer(last - 2, Adam::new(0.02)).checkpoints(Checkpoints::new(folder.path()));
    first.fit(&train, &validation).unwrap();
    let mut resumed = stopping();
    resumed.resume(folder.path()).unwrap();
    let both = resumed.fit(&train, &validation).unwrap();
    assert_eq!((both.ending, both.restored), (history.ending, history.restored));
    assert_eq!(bits(resumed.network()), bits(straight.network()));
    let mut best = Small::new(0);
    best.load(folder.path().join("best.safetensors")).unwrap();
    assert_eq!(bits(&best), bits(straight.network()));
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn so_many_are_kept_and_so_often() {
    let train = data(0, 50);
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

/// A folder with the checkpoints of steps 8, 16 and 24.
fn filled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    trainer(3, Sgd::new(0.05).momentum(0.9))
        .checkpoints(Checkpoints::new(folder.path()))
        .fit(&data(0, 50), None)
        .unwrap();
    folder
}

fn step(folder: &tempfile::TempDir, step: u64) -> PathBuf {
    folder.path().join(format!("checkpoint-{step:010}.safetensors"))
}

#[test]
fn the_checkpoints_of_another_run_are_left_alone() {
    let folder = filled();
    let before = names(folder.path());
    let rule = Checkpoints::new(folder.path());
    let error = trainer(3, Sgd::new(0.05)).checkpoints(rule).fit(&data(0, 50), None).unwrap_err().to_string();
    assert!(
        error.contains(
            "a folder without checkpoints, or with those of the run that is resumed, found 3 of another run"
        ),
        "{error}"
    );
    assert_eq!(names(folder.path()), before);
}

/// Another network, optimiser, batch, seed, version; other data; damaged; no checkpoint at all. An older one is offered if
/// it can be resumed from, and the trainer is what it was.
#[test]
fn what_cannot_be_resumed_from_is_refused_in_words() {
    let folder = filled();
    let latest = step(&folder, 24);
    let refused = |what: &str, result: Result<(), Error>, parts: &[&str]| {
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
    let error = resumed.fit(&data(0, 49), None).unwrap_err().to_string();
    assert_eq!(error, "training data: expected the 50 samples of the run that is resumed, found 49");
    resumed.fit(&data(0, 50), None).unwrap();

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
        ("of another version", other_version, "expected a checkpoint of version 1, found version 9"),
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
    assert_eq!(resumed.fit(&data(0, 50), None).unwrap().epochs.len(), 5);
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
            let _ = resumed.fit(&data(0, 50), None);
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
        ("\"samples\":50,", "\"samples\":99,"),
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

/// A run that early stopping has ended stays ended.
#[test]
fn a_run_that_is_over_is_over() {
    let (train, validation) = (data(0, 50), data(50, 20));
    let folder = tempfile::tempdir().unwrap();
    let stopping = || {
        trainer(60, Adam::new(0.02))
            .early_stopping(EarlyStopping::new(2))
            .checkpoints(Checkpoints::new(folder.path()))
    };
    let mut first = stopping();
    let history = first.fit(&train, &validation).unwrap();
    assert_eq!(history.ending, Ending::EarlyStopping);
    let mut again = stopping();
    again.resume(folder.path()).unwrap();
    let both = again.fit(&train, &validation).unwrap();
    assert_eq!((both.ending, both.restored, told(&both)), (history.ending, history.restored, told(&history)));
    assert_eq!(bits(again.network()), bits(first.network()));
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
        trainer.fit(&data(0, 50), None)
    };
    let error = resumed(other.path()).unwrap_err().to_string();
    assert!(error.contains("found 3 of another run"), "{error}");
    assert_eq!(names(other.path()), before);
    let fresh = tempfile::tempdir().unwrap();
    resumed(fresh.path()).unwrap();
    assert_eq!(names(fresh.path()), ["best.safetensors", "checkpoint-0000000040.safetensors"]);
}

/// Between the last batch of an epoch and its validation a run can be stopped too, and where an epoch is one batch.
#[test]
fn the_last_batch_of_an_epoch_is_a_place_like_others() {
    let (train, validation) = (data(0, 50), data(50, 20));
    let mut straight = trainer(4, Adam::new(0.01));
    let history = straight.fit(&train, &validation).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut stopped =
        trainer(4, Adam::new(0.01)).checkpoints(Checkpoints::new(folder.path())).on_batch(|end| {
            match (end.epoch, end.batch) {
                (2, 8) => std::ops::ControlFlow::Break(()),
                _ => std::ops::ControlFlow::Continue(()),
            }
        });
    assert_eq!(stopped.fit(&train, &validation).unwrap().epochs.len(), 1);
    let mut resumed = trainer(4, Adam::new(0.01));
    resumed.resume(folder.path().join("checkpoint-0000000016.safetensors")).unwrap();
    assert_eq!(told(&resumed.fit(&train, &validation).unwrap()), told(&history));
    assert_eq!(bits(resumed.network()), bits(straight.network()));

    let folder = tempfile::tempdir().unwrap();
    let rule = Checkpoints::new(folder.path()).every_epochs(1000).every_minutes(1e-9).keep(9);
    trainer(3, Sgd::new(0.05)).full_batch().checkpoints(rule).fit(&train, None).unwrap();
    assert_eq!(names(folder.path()).iter().filter(|name| name.starts_with("checkpoint")).count(), 3);
}

/// In double precision, with dropout, changed images, a warm-up, penalties, limits and a schedule by steps.
#[test]
fn nothing_of_a_run_is_lost() {
    network! {
        struct Rich: Chw<2, 6, 6> => Flat<3> {
            conv1: Conv2d { filters: 4, kernel: 3 },
            norm1: BatchNorm,
            relu1: Relu,
            flatten: Flatten,
            dropout: Dropout { rate: 0.3 },
            fc1: Dense { units: 3 },
        }
    }
    let train =
        Augment::new().random_crop(1).random_horizontal_flip().random_translation(0.5).apply(data(0, 50));
    let validation = data(50, 20);
    let rich = |epochs_seen: usize| {
        Trainer::new(Rich::<f64>::with_init(Init::PyTorch, 2), SoftmaxCrossEntropy, AdamW::new(0.01))
            .epochs(6)
            .batch_size(7)
            .schedule(Schedule::OneCycle { pct_start: 0.3, div_factor: 25.0, final_div_factor: 1e4 })
            .warm_up(1.5)
            .l1(1e-4)
            .l2(1e-3)
            .clip_grad_norm(1.0)
            .clip_grad_value(0.5)
            .max_norm(2.0)
            .freeze("norm1")
            .progress(Progress::Silent)
            .on_batch(move |end| match (end.epoch, end.batch) {
                (epoch, 5) if epoch == epochs_seen => std::ops::ControlFlow::Break(()),
                _ => std::ops::ControlFlow::Continue(()),
            })
    };
    let mut straight = rich(0);
    let history = straight.fit(&train, &validation).unwrap();
    let folder = tempfile::tempdir().unwrap();
    rich(3).checkpoints(Checkpoints::new(folder.path())).fit(&train, &validation).unwrap();
    let mut resumed = rich(0);
    resumed.resume(folder.path()).unwrap();
    assert_eq!(told(&resumed.fit(&train, &validation).unwrap()), told(&history));
    assert_eq!(resumed.network().model().params(), straight.network().model().params());
}

/// Does something only in the processes that tests start.
#[test]
fn child_process() {
    if let Some(folder) = std::env::var_os("TEST_CHECKPOINTS") {
        let mut training = trainer(10, Sgd::new(0.05).momentum(0.9))
            .checkpoints(Checkpoints::new(&folder).every_minutes(1e-9))
            .on_batch(|end| {
                println!("batch {} of epoch {}", end.batch, end.epoch);
                // The next batch has to be asked for, until nobody asks any more.
                std::io::stdin().read_line(&mut String::new()).unwrap();
                std::ops::ControlFlow::Continue(())
            });
        if !Checkpoints::in_folder(&folder).unwrap().is_empty() {
            training.resume(&folder).unwrap();
        }
        training.fit(&data(0, 50), &data(50, 20)).unwrap();
    }
}

/// Killed in its ninth batch and while it writes its first checkpoint, in turns, a run comes to the same end.
#[cfg(unix)]
#[test]
fn a_run_that_is_killed_resumes_to_the_same_bits() {
    let mut straight = trainer(10, Sgd::new(0.05).momentum(0.9));
    straight.fit(&data(0, 50), &data(50, 20)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let partial = || names(folder.path()).into_iter().filter(|name| name.ends_with(".partial")).count();
    let child = |limit: &str| {
        let command =
            format!("ulimit -c 0 {limit}; exec \"$0\" --exact checkpoints::child_process --nocapture");
        let mut child = Command::new("bash");
        child.args(["-c", &command]).arg(std::env::current_exe().unwrap());
        child.env("TEST_CHECKPOINTS", folder.path());
        child
    };
    let mut kills = 0;
    loop {
        // It has asked for eight batches, and waits in the ninth.
        let mut waiting = child("").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut asked = waiting.stdin.take().unwrap();
        std::io::Write::write_all(&mut asked, &[b'\n'; 8]).unwrap();
        let lines = std::io::BufRead::lines(std::io::BufReader::new(waiting.stdout.take().unwrap()));
        let batches = lines.map(Result::unwrap).filter(|line| line.contains("batch ")).take(9).count();
        if batches < 9 {
            assert!(waiting.wait().unwrap().success());
            break;
        }
        waiting.kill().unwrap();
        waiting.wait().unwrap();
        assert_eq!(partial(), 0, "it was not writing");

        // The system kills it after the first kibibyte of a file.
        let output = child("-f 1").stdin(Stdio::null()).output().unwrap();
        let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
        assert!(signal.is_some(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(partial(), 1, "it was writing, and what an earlier kill left is removed");
        kills += 1;
    }
    // Eight of the eighty steps between kills, and after the last.
    assert_eq!(kills, 9);
    assert_eq!(partial(), 0, "the run that completes removes what kills left");
    let mut resumed = trainer(10, Sgd::new(0.05).momentum(0.9));
    resumed.resume(folder.path()).unwrap();
    assert_eq!(bits(resumed.network()), bits(straight.network()));
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
    let train = data(0, 50);
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
