//! What helps against over-fitting: the same large network on few digits with a penalty on its weights, with dropout,
//! with early stopping, and with more data.
//!
//!     cargo run --release --example 08_regularisation

#[path = "command/pictures.rs"]
mod pictures;

use convnet::plot::validation_curves;
use convnet::prelude::*;
use convnet::train::{EarlyStopping, History, LossAndAccuracy, Progress};

network! {
    struct Plain: Chw<1, 28, 28> => Flat<10> {
        flatten: Flatten,
        fc1: Dense { units: 256 },
        relu1: Relu,
        fc2: Dense { units: 128 },
        relu2: Relu,
        fc3: Dense { units: 10 },
    }
}

network! {
    struct Thinned: Chw<1, 28, 28> => Flat<10> {
        flatten: Flatten,
        dropout0: Dropout { rate: 0.2 },
        fc1: Dense { units: 256 },
        relu1: Relu,
        dropout1: Dropout { rate: 0.5 },
        fc2: Dense { units: 128 },
        relu2: Relu,
        dropout2: Dropout { rate: 0.5 },
        fc3: Dense { units: 10 },
    }
}

type Digits = Dataset<Chw<1, 28, 28>, Class<10>>;

fn trainer<N: Network>(net: N) -> Trainer<N, SoftmaxCrossEntropy, Sgd> {
    Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.01).momentum(0.9))
        .batch_size(20)
        .epochs(40)
        .progress(Progress::Silent)
}

/// The history of a run, and the loss and accuracy of the trained network.
fn run<N>(
    mut trainer: Trainer<N, SoftmaxCrossEntropy, Sgd>,
    train: &Digits,
    validation: &Digits,
) -> Result<(History, LossAndAccuracy), convnet::Error>
where
    N: Network<Input = Chw<1, 28, 28>, Output = Flat<10>, Scalar = f32>,
{
    let history = trainer.fit(train, validation)?;
    Ok((history, trainer.loss_and_accuracy(validation)?))
}

fn main() -> Result<(), convnet::Error> {
    let digits = Mnist::sample()?.train;
    let (few, more) = (digits.subset(0..300), digits.subset(0..2000));
    let validation = digits.subset(2000..4000);
    let runs = [
        ("nothing", run(trainer(Plain::new(1)), &few, &validation)?),
        ("L2, λ = 0.01", run(trainer(Plain::new(1)).l2(0.01), &few, &validation)?),
        ("dropout", run(trainer(Thinned::new(1)), &few, &validation)?),
        (
            "early stopping",
            run(trainer(Plain::new(1)).early_stopping(EarlyStopping::new(5)), &few, &validation)?,
        ),
        ("2,000 digits", run(trainer(Plain::new(1)), &more, &validation)?),
    ];
    println!("{:16} {:>7} {:>16} {:>16}", "against it", "epochs", "validation loss", "accuracy");
    for (name, (history, score)) in &runs {
        let accuracy = 100.0 * score.accuracy.expect("targets are classes");
        println!("{name:16} {:>7} {:>16.4} {accuracy:>14.2} %", history.epochs.len(), score.loss);
    }
    let curves: Vec<_> = runs.iter().map(|(name, (history, _))| (*name, history)).collect();
    validation_curves("300 digits, 235,146 parameters", &curves)
        .save(pictures::file("08_regularisation.svg")?)?;

    let losses = runs.map(|(_, (_, score))| score.loss);
    println!(
        "validation loss: {:.4} with nothing, at most {:.4} with any of the four",
        losses[0],
        losses[1..].iter().copied().fold(0.0, f64::max)
    );
    assert!(losses[1..].iter().all(|loss| *loss < losses[0]));
    Ok(())
}
