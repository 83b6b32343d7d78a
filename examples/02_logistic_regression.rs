//! Logistic regression: benign or malignant, from thirty measurements of cells.
//!
//!     cargo run --release --example 02_logistic_regression

#[path = "command/pictures.rs"]
mod pictures;

use convnet::data::{Parts, tabular};
use convnet::plot::confusion_matrix;
use convnet::prelude::*;
use convnet::train::Progress;

network! {
    /// The logit of class 1: its probability is σ(w·x + b).
    struct Logistic: Flat<30> => Flat<1> {
        fc: Dense { units: 1 },
    }
}

fn main() -> Result<(), convnet::Error> {
    let table = tabular::breast_cancer()?;
    let (Parts { train, validation, test }, _) = table
        .data
        .train_val_test_split(Fractions { train: 0.6, validation: 0.1, test: 0.3 }, 1)?
        .standardize()?;
    let mut trainer = Trainer::new(Logistic::new(1), SigmoidCrossEntropy, Sgd::new(0.1).momentum(0.9))
        .l2(0.01)
        .full_batch()
        .epochs(500)
        .progress(Progress::Silent);
    trainer.fit(&train, &validation)?;

    let evaluation = trainer.evaluate(&test)?;
    println!("{evaluation}");
    println!("classes: {}", table.classes.join(", "));
    println!("validation accuracy: {:.2} %", 100.0 * trainer.evaluate(&validation)?.accuracy());
    println!("area under the ROC curve: {:.4}", trainer.roc_auc(&test, Class::new(1)?)?);
    let mut weights: Vec<_> = table.features.iter().zip(trainer.network().fc().weight()[0]).collect();
    weights.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    println!(
        "what counts most: {}",
        weights[..3].iter().map(|(name, w)| format!("{name} {w:+.2}")).collect::<Vec<_>>().join(", ")
    );
    confusion_matrix("Breast cancer, test part", &evaluation, &table.classes)?
        .save(pictures::file("02_logistic_regression.svg")?)?;

    println!("test accuracy: {:.2} %", 100.0 * evaluation.accuracy());
    assert!(evaluation.accuracy() >= 0.96);
    Ok(())
}
