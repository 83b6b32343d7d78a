//! Under-fitting and over-fitting: a network that is too small for digits, and one that is too large for so few.
//!
//!     cargo run --release --example 07_overfitting

#[path = "command/pictures.rs"]
mod pictures;

use convnet::plot::learning_curves;
use convnet::prelude::*;
use convnet::train::{Desired, Diagnosis, History, Progress, Verdict};

network! {
    /// Ten classes through two numbers.
    struct Small: Chw<1, 28, 28> => Flat<10> {
        pool: AvgPool2d { kernel: 4 },
        flatten: Flatten,
        fc1: Dense { units: 2 },
        tanh: Tanh,
        fc2: Dense { units: 10 },
    }
}

network! {
    /// More parameters than 300 digits have pixels that differ.
    struct Large: Chw<1, 28, 28> => Flat<10> {
        flatten: Flatten,
        fc1: Dense { units: 256 },
        relu1: Relu,
        fc2: Dense { units: 128 },
        relu2: Relu,
        fc3: Dense { units: 10 },
    }
}

type Digits = Dataset<Chw<1, 28, 28>, Class<10>>;

/// Trains a network, shows its diagnosis and draws its curves.
fn learn<N>(
    name: &str,
    net: N,
    rate: f64,
    train: &Digits,
    validation: &Digits,
) -> Result<(History, Diagnosis), convnet::Error>
where
    N: Network<Input = Chw<1, 28, 28>, Output = Flat<10>, Scalar = f32>,
{
    let mut trainer = Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(rate).momentum(0.9))
        .batch_size(20)
        .epochs(40)
        .progress(Progress::Silent);
    let history = trainer.fit(train, validation)?;
    let diagnosis = Diagnosis::of(&history, Desired::Accuracy(0.95))?;
    println!("{name}, {} parameters, {} digits", N::PARAMS, train.len());
    if let Some(advice) = trainer.advice(train.len()) {
        println!("  {advice}");
    }
    println!("{diagnosis}\n");
    Ok((history, diagnosis))
}

fn main() -> Result<(), convnet::Error> {
    let digits = Mnist::sample()?.train;
    let (train, validation) = (digits.subset(0..300), digits.subset(2000..4000));
    let (under, small) = learn("a small network", Small::new(1), 0.02, &train, &validation)?;
    let (over, large) = learn("a large network", Large::new(1), 0.01, &train, &validation)?;
    learning_curves("A network that is too small under-fits", &under)
        .save(pictures::file("07_underfitting.svg")?)?;
    learning_curves("A network that is too large over-fits", &over)
        .save(pictures::file("07_overfitting.svg")?)?;

    println!(
        "small: {} (bias {:.1} %), large: {} (variance {:.1} %)",
        small.verdict,
        100.0 * small.bias,
        large.verdict,
        100.0 * large.variance
    );
    assert_eq!([small.verdict, large.verdict], [Verdict::Underfitting, Verdict::Overfitting]);
    Ok(())
}
