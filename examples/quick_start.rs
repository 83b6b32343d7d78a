//! A network, declared and trained: the program in the README.

use convnet::prelude::*;

network! {
    /// LeNet-5, with ReLU and max pooling.
    pub struct LeNet: Chw<1, 28, 28> => Flat<10> {
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
const _: () = assert!(LeNet::PARAMS == 61_706);

const SEED: u64 = 1;

fn main() -> Result<(), convnet::Error> {
    let mnist = Mnist::load()?; // CONVNET_DATA_DIR, else the cache, else a download, else the embedded sample
    let (train, validation) = mnist.train.split(0.9, SEED)?;
    let mut trainer = Trainer::new(LeNet::new(SEED), SoftmaxCrossEntropy, Sgd::new(0.01).momentum(0.9))
        .schedule(Schedule::Cosine)
        .epochs(3)
        .batch_size(32);
    let history = trainer.fit(&train, &validation)?;
    println!("{} epochs, the best: {}", history.epochs.len(), history.best().expect("three epochs"));
    println!("{}", trainer.evaluate(&mnist.test)?);

    let digit = mnist.test.sample(0);
    let answer = trainer.network().predict(&digit);
    println!("The first test digit: {} ({:.1} %)", answer.class, 100.0 * answer.probabilities[answer.class]);
    Ok(())
}
