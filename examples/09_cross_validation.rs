//! Ten-fold cross-validation: how sure an accuracy is, and which of two networks to choose.
//!
//!     cargo run --release --example 09_cross_validation

use convnet::data::{CrossValidation, tabular};
use convnet::prelude::*;
use convnet::train::Progress;

network! {
    struct Linear: Flat<4> => Flat<3> {
        fc: Dense { units: 3 },
    }
}

network! {
    struct Hidden: Flat<4> => Flat<3> {
        fc1: Dense { units: 8 },
        tanh: Tanh,
        fc2: Dense { units: 3 },
    }
}

/// Accuracy on each of ten folds; each fold is standardised with the statistics of its own training part.
fn accuracy<N>(
    data: &Dataset<Flat<4>, Class<3>>,
    net: fn(u64) -> N,
) -> Result<CrossValidation, convnet::Error>
where
    N: Network<Input = Flat<4>, Output = Flat<3>, Scalar = f32>,
{
    cross_validate(data, 10, 1, |fold, train, validation| {
        let standardizer = Standardizer::fit(train)?;
        let mut trainer = Trainer::new(net(fold as u64), SoftmaxCrossEntropy, Adam::new(0.02))
            .batch_size(16)
            .epochs(60)
            .progress(Progress::Silent);
        trainer.fit(&standardizer.apply(train), None)?;
        Ok(trainer.evaluate(&standardizer.apply(validation))?.accuracy())
    })
}

fn main() -> Result<(), convnet::Error> {
    let iris = tabular::iris()?.data;
    let linear = accuracy(&iris, Linear::new)?;
    let hidden = accuracy(&iris, Hidden::new)?;
    println!("iris, {} flowers", iris.len());
    println!("softmax regression: {linear}");
    println!("one hidden layer:   {hidden}");
    let difference = (linear.mean() - hidden.mean()).abs();
    println!(
        "They differ by {difference:.4}, one fold deviates by {:.4}: no reason to choose the larger.",
        hidden.std()
    );
    println!("accuracy over 10 folds: {linear}");
    assert!(linear.mean() > 0.9 && linear.std() < 0.1);
    Ok(())
}
