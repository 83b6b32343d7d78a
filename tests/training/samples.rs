//! The samples of a run: how they are split, and the order, batches and dropout that the seed gives them.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use convnet::Error;
use convnet::data::Learnable;
use convnet::model::LeNet5;
use convnet::prelude::*;
use convnet::train::Progress;

use crate::lenet::{Digits, digits, trainer};

#[test]
fn the_seed_decides() {
    let data = digits(100);
    let run = |seed| {
        let mut trainer = trainer(seed).epochs(1);
        trainer.fit(&data, None).unwrap();
        trainer.into_network().model().params().to_vec()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

/// The samples that are left are a batch of their own; a single one joins the batch before it.
#[test]
fn the_last_smaller_batch_is_trained_on() {
    batches_are(34, 32, &[32, 2]);
    batches_are(33, 32, &[33]);
    batches_are(65, 32, &[32, 33]);
    batches_are(33, 33, &[33]);
    batches_are(3, 1, &[1, 1, 1]);
    batches_are(1, 32, &[1]);
}

fn batches_are(count: usize, batch_size: usize, expected: &[usize]) {
    let data = digits(count);
    let ends = Arc::new(Mutex::new(Vec::new()));
    let counted = ends.clone();
    let mut whole = trainer(1).epochs(1).batch_size(batch_size).shuffle(false).on_batch(move |end| {
        counted.lock().unwrap().push((end.batch, end.batches));
        ControlFlow::Continue(())
    });
    whole.fit(&data, None).unwrap();
    let ends = ends.lock().unwrap();
    assert!(ends.iter().copied().eq((1..=expected.len()).map(|batch| (batch, expected.len()))), "{ends:?}");

    let mut by_hand = trainer(1).shuffle(false);
    let mut start = 0;
    for count in expected {
        let samples = start..start + count;
        start += count;
        let mut inputs = Batch::zeros(samples.len());
        samples.clone().enumerate().for_each(|(place, sample)| {
            inputs.set(place, data.sample(sample).as_slice().iter().copied());
        });
        let targets: Vec<_> = samples.map(|sample| *data.target(sample)).collect();
        by_hand.train_step(&inputs, &targets, 0).unwrap();
    }
    assert_eq!(whole.network().model().params(), by_hand.network().model().params());
}

#[test]
fn a_split_is_disjoint_and_exhaustive() {
    let data = digits(101);
    let (a, b) = data.split(0.3, 5).unwrap();
    assert_eq!((a.len(), b.len()), (30, 71));
    let mut ids: Vec<u64> = (0..30).map(|i| a.id(i)).chain((0..71).map(|i| b.id(i))).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..101).collect::<Vec<u64>>());
}

/// The parameters after a run of this trainer on these digits.
fn params_after(trainer: Trainer<LeNet5, SoftmaxCrossEntropy, Sgd>, data: &Digits) -> Vec<f32> {
    let mut trainer = trainer;
    trainer.fit(data, None).unwrap();
    trainer.into_network().model().params().to_vec()
}

#[test]
fn shuffling_and_the_schedule_change_the_run() {
    let data = digits(96);
    let plain = || trainer(1).epochs(2).batch_size(32);
    let shuffled = params_after(plain(), &data);
    assert_ne!(shuffled, params_after(plain().shuffle(false), &data));
    assert_ne!(shuffled, params_after(plain().schedule(Schedule::Cosine), &data));
}

/// Counts, for each sample in each epoch, the order in which it was asked for.
struct Watched {
    data: Digits,
    seen: std::sync::Mutex<Vec<usize>>,
}

impl Learnable for Watched {}

impl Samples<Chw<1, 28, 28>> for Watched {
    type Target = Class<10>;
    fn len(&self) -> usize {
        self.data.len()
    }
    fn write_to<T: Scalar>(&self, sample: usize, values: &mut [T], key: Option<u64>) -> Result<(), Error> {
        self.seen.lock().unwrap().push(sample);
        self.data.write_to(sample, values, key)
    }
    fn target(&self, sample: usize) -> &Class<10> {
        self.data.target(sample)
    }
    fn id(&self, sample: usize) -> u64 {
        self.data.id(sample)
    }
}

#[test]
fn each_epoch_sees_every_sample_once_in_an_order_of_its_own() {
    let orders = |epochs| {
        let watched = Watched { data: digits(50), seen: Default::default() };
        trainer(4).epochs(epochs).batch_size(16).fit(&watched, None).unwrap();
        let seen = watched.seen.into_inner().unwrap();
        seen.chunks(50).map(<[usize]>::to_vec).collect::<Vec<_>>()
    };
    let three = orders(3);
    assert_eq!(three.len(), 3);
    for order in &three {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
    }
    assert!(three[0] != three[1] && three[1] != three[2] && three[0] != three[2]);
    assert_eq!(orders(2), three[..2], "an order depends on the seed and the epoch alone");
}

/// Dropout draws for each sample and epoch, by the sample's identity and not by its place in the batch.
#[test]
fn dropout_is_keyed_by_epoch_and_sample() {
    network! {
        struct Thinned: Flat<64> => Flat<1> {
            dropout: Dropout { rate: 0.5 },
            fc: Dense { units: 1 },
        }
    }
    // With all weights and inputs 1 and a tiny rate, the loss of an epoch counts what was kept.
    let losses = |samples: usize, batch, shuffle| -> Vec<f64> {
        let one = || (Tensor::from([1.0; 64]), Tensor::from([0.0]));
        let data: Dataset<Flat<64>, Tensor<Flat<1>>> = (0..samples).map(|_| one()).collect();
        let mut net = Thinned::new(1);
        *net.layers_mut().fc().weight() = [[1.0; 64]];
        let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(1e-12))
            .epochs(2)
            .batch_size(batch)
            .shuffle(shuffle)
            .progress(Progress::Silent);
        trainer.fit(&data, None).unwrap().epochs.iter().map(|epoch| epoch.train.loss).collect()
    };
    let alone = losses(1, 1, false);
    assert_ne!(alone[0], alone[1], "epochs draw by themselves");
    assert_ne!(losses(2, 2, false)[0], alone[0], "samples draw by themselves");
    let (in_order, shuffled) = (losses(20, 20, false), losses(20, 3, true));
    assert!((in_order[0] / shuffled[0] - 1.0).abs() < 1e-6, "the order and the batch do not matter");
}
