//! A multilayer network for classification: three cultivars of wine, from thirteen measurements.
//!
//!     cargo run --release --example 06_mlp_classification

#[path = "command/pictures.rs"]
mod pictures;

use convnet::data::{Parts, tabular};
use convnet::plot::{confusion_matrix, learning_curves};
use convnet::prelude::*;
use convnet::train::{EarlyStopping, Progress};

network! {
    /// Logits; the loss has the softmax in it.
    struct Wine: Flat<13> => Flat<3> {
        fc1: Dense { units: 16 },
        relu: Relu,
        fc2: Dense { units: 3 },
    }
}

fn main() -> Result<(), convnet::Error> {
    let table = tabular::wine()?;
    let (Parts { train, validation, test }, standardizer) = table
        .data
        .train_val_test_split(Fractions { train: 0.6, validation: 0.2, test: 0.2 }, 1)?
        .standardize()?;
    let mut trainer = Trainer::new(Wine::new(1), SoftmaxCrossEntropy, Adam::new(0.01))
        .batch_size(16)
        .epochs(100)
        .early_stopping(EarlyStopping::new(20))
        .progress(Progress::Silent);
    let history = trainer.fit(&train, &validation)?;
    println!("{} epochs, the best: {}", history.epochs.len(), history.best().expect("an epoch"));

    let evaluation = trainer.evaluate(&test)?;
    println!("{evaluation}");
    println!("macro F1: {:.4}", evaluation.macro_f1());
    learning_curves("Wine: three cultivars", &history).save(pictures::file("06_mlp_classification.svg")?)?;
    confusion_matrix("Wine, test part", &evaluation, &table.classes)?
        .save(pictures::file("06_mlp_classification_confusion.svg")?)?;

    // A new bottle is measured in the units of the file.
    let bottle = [13.0, 2.0, 2.4, 19.0, 100.0, 2.3, 2.0, 0.36, 1.6, 5.0, 1.0, 2.6, 750.0];
    let bottle: Dataset<Flat<13>, Class<3>> = [(Tensor::from(bottle), Class::new(0)?)].into_iter().collect();
    let answer = trainer.network().predict(&standardizer.apply(&bottle).sample(0));
    println!(
        "a bottle: {} ({:.0} %)",
        table.classes[answer.class],
        100.0 * answer.probabilities[answer.class]
    );

    println!("test accuracy: {:.2} %", 100.0 * evaluation.accuracy());
    assert!(evaluation.accuracy() >= 0.9);
    Ok(())
}
