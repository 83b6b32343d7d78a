//! A short run of the small network on data made here, and the checkpoints it leaves.

use std::fs;
use std::path::Path;

use convnet::optim::Optimizer;
use convnet::prelude::*;
use convnet::train::{Checkpoints, Progress};

use crate::Small;

pub type Data = Dataset<Chw<2, 6, 6>, Class<3>>;

pub fn data(from: usize, count: usize) -> Data {
    let sample = |n: usize| {
        let image = Tensor::from_fn(|i| ((i * (n + 3) + n) % 17) as f32 / 8.0 - 1.0);
        (image, Class::new(n * 7 % 3).unwrap())
    };
    (from..from + count).map(sample).collect()
}

pub fn trainer<O: Optimizer>(epochs: usize, optimizer: O) -> Trainer<Small, SoftmaxCrossEntropy, O> {
    Trainer::new(Small::new(5), SoftmaxCrossEntropy, optimizer)
        .epochs(epochs)
        .batch_size(7)
        .seed(3)
        .schedule(Schedule::Plateau { patience: 1, factor: 0.5, threshold: 1e-4 })
        .progress(Progress::Silent)
}

/// The content of a history, without the time.
pub fn told(history: &convnet::train::History) -> Vec<(usize, u64, Option<u64>)> {
    let told = |epoch: &convnet::train::Epoch| {
        let validation = epoch.validation.map(|score| score.loss.to_bits());
        (epoch.epoch, epoch.train.loss.to_bits(), validation)
    };
    history.epochs.iter().map(told).collect()
}

pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A folder with the checkpoints of steps 8, 16 and 24.
pub fn filled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    trainer(3, Sgd::new(0.05).momentum(0.9))
        .checkpoints(Checkpoints::new(folder.path()))
        .fit(&data(0, 51), None)
        .unwrap();
    folder
}
