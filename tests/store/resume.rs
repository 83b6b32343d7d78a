//! A run that stops anywhere, or is killed, resumes to the bits of a run that did not.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use convnet::optim::Optimizer;
use convnet::prelude::*;
use convnet::train::{Checkpoints, EarlyStopping, Ending, Progress};

use crate::short_run::{data, names, told, trainer};
use crate::{Small, bits};

/// Ten epochs, and five and five, with every optimiser; and a run that stops in the middle of an epoch.
#[test]
fn a_run_that_goes_on_has_the_same_bits() {
    fn check<O: Optimizer>(optimizer: impl Fn() -> O) {
        let (train, validation) = (data(0, 51), data(50, 20));
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
    let (train, validation) = (data(0, 51), data(50, 20));
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

/// A run that early stopping has ended stays ended.
#[test]
fn a_run_that_is_over_is_over() {
    let (train, validation) = (data(0, 51), data(50, 20));
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

/// Between the last batch of an epoch and its validation a run can be stopped too, and where an epoch is one batch.
#[test]
fn the_last_batch_of_an_epoch_is_a_place_like_others() {
    let (train, validation) = (data(0, 51), data(50, 20));
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
        Augment::new().random_crop(1).random_horizontal_flip().random_translation(0.5).apply(data(0, 51));
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
        training.fit(&data(0, 51), &data(50, 20)).unwrap();
    }
}

/// Killed in its ninth batch and while it writes its first checkpoint, in turns, a run comes to the same end.
#[cfg(unix)]
#[test]
fn a_run_that_is_killed_resumes_to_the_same_bits() {
    let mut straight = trainer(10, Sgd::new(0.05).momentum(0.9));
    straight.fit(&data(0, 51), &data(50, 20)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let partial = || names(folder.path()).into_iter().filter(|name| name.ends_with(".partial")).count();
    let child = |limit: &str| {
        let command = format!("ulimit -c 0 {limit}; exec \"$0\" --exact resume::child_process --nocapture");
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
