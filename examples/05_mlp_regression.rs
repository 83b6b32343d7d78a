//! A multilayer network for regression, against a linear one, on the same measurements.
//!
//!     cargo run --release --example 05_mlp_regression

#[path = "command/pictures.rs"]
mod pictures;

use convnet::data::{Parts, tabular};
use convnet::plot::learning_curves;
use convnet::prelude::*;
use convnet::train::{EarlyStopping, Progress};

network! {
    struct Linear: Flat<10> => Flat<1> {
        fc: Dense { units: 1 },
    }
}

network! {
    struct Multilayer: Flat<10> => Flat<1> {
        fc1: Dense { units: 16 },
        relu: Relu,
        fc2: Dense { units: 1 },
    }
}

/// Targets in hundreds, so that the loss is about 1 and one learning rate suits both networks.
fn in_hundreds(data: &Dataset<Flat<10>, Tensor<Flat<1>>>) -> Dataset<Flat<10>, Tensor<Flat<1>>> {
    data.targets().enumerate().map(|(i, d)| (data.sample(i), Tensor::from([d[0] / 100.0]))).collect()
}

fn main() -> Result<(), convnet::Error> {
    let data = in_hundreds(&tabular::diabetes()?);
    let (Parts { train, validation, test }, _) =
        data.train_val_test_split(Fractions { train: 0.6, validation: 0.2, test: 0.2 }, 1)?.standardize()?;

    let mut linear = Trainer::new(Linear::new(1), MeanSquaredError, Sgd::new(0.02).momentum(0.9))
        .full_batch()
        .epochs(1000)
        .progress(Progress::Silent);
    linear.fit(&train, &validation)?;

    let mut multilayer = Trainer::new(Multilayer::new(1), MeanSquaredError, Adam::new(0.003))
        .batch_size(32)
        .epochs(300)
        .l2(0.01)
        .early_stopping(EarlyStopping::new(30))
        .progress(Progress::Silent);
    let history = multilayer.fit(&train, &validation)?;
    learning_curves("Diabetes: a multilayer network", &history)
        .save(pictures::file("05_mlp_regression.svg")?)?;

    let [a, b] = [linear.evaluate_regression(&validation)?, multilayer.evaluate_regression(&validation)?];
    println!("linear,     validation: {a}");
    println!("multilayer, validation: {b}");
    if b.r2 > a.r2 {
        println!("The multilayer network is better by {:.3} in R².", b.r2 - a.r2);
    } else {
        println!(
            "The multilayer network is not better: {:.3} less in R². 265 patients show no more than a plane.",
            a.r2 - b.r2
        );
    }
    println!("linear,     test: {}", linear.evaluate_regression(&test)?);
    println!("multilayer, test: {}", multilayer.evaluate_regression(&test)?);
    println!("validation R² of the multilayer network: {:.3}", b.r2);
    assert!(b.r2 > 0.4);
    Ok(())
}
