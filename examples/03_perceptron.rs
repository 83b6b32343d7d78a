//! The perceptron: it converges where a line separates the classes, and only there.
//!
//!     cargo run --release --example 03_perceptron

#[path = "command/pictures.rs"]
mod pictures;

use std::ops::ControlFlow;

use convnet::data::tabular;
use convnet::plot::{Chart, panels};
use convnet::prelude::*;
use convnet::train::{Ending, Progress};

network! {
    /// Class 1 where w·x + b is above 0.
    struct Perceptron: Flat<2> => Flat<1> {
        fc: Dense { units: 1 },
    }
}

network! {
    /// One hidden layer.
    struct Hidden: Flat<2> => Flat<1> {
        fc1: Dense { units: 8 },
        tanh: Tanh,
        fc2: Dense { units: 1 },
    }
}

type Data = Dataset<Flat<2>, Class<2>>;

/// Learns one sample at a time by Rosenblatt's rule until all are right; returns the epochs this took.
fn learn(data: &Data) -> Result<(Perceptron, Option<usize>), convnet::Error> {
    let mut trainer = Trainer::new(Perceptron::new(1), PerceptronLoss, Sgd::new(0.1))
        .batch_size(1)
        .epochs(1000)
        .progress(Progress::Silent)
        .on_epoch(|epoch, _| match epoch.validation.and_then(|score| score.accuracy) {
            Some(1.0) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
    let history = trainer.fit(data, data)?;
    let epochs = (history.ending == Ending::Callback).then_some(history.epochs.len());
    Ok((trainer.into_network(), epochs))
}

/// The areas in which a network gives each answer, and the samples of each class.
fn chart(
    title: &str,
    data: &Data,
    range: f64,
    names: [&str; 2],
    net: &impl Network<Input = Flat<2>, Output = Flat<1>, Scalar = f32>,
) -> Result<Chart, convnet::Error> {
    let classify = |[x, y]: [f64; 2]| net.predict(&Tensor::from([x as f32, y as f32])).class;
    let mut chart = Chart::new(title).regions([-range..range, -range..range], classify)?;
    for (class, name) in names.into_iter().enumerate() {
        let of_class = data.targets().enumerate().filter(|(_, d)| d.index() == class);
        chart = chart.points(
            name,
            of_class.map(|(i, _)| {
                let x: Tensor<_, f64> = data.sample(i);
                [x[0], x[1]]
            }),
        );
    }
    Ok(chart)
}

fn main() -> Result<(), convnet::Error> {
    // Setosa against versicolor, by the lengths of sepal and petal.
    let iris = tabular::iris()?.data;
    let flowers: Data = iris
        .targets()
        .enumerate()
        .filter(|(_, class)| class.index() < 2)
        .map(|(i, class)| {
            let x: Tensor<_, f32> = iris.sample(i);
            (Tensor::from([x[0], x[2]]), Class::new(class.index()).expect("0 or 1"))
        })
        .collect();
    let flowers = Standardizer::fit(&flowers)?.apply(&flowers);
    let (perceptron, converged) = learn(&flowers)?;
    let epochs = converged.expect("the classes are separated by a line");
    println!("setosa against versicolor: epochs until all are right: {epochs}");

    let xor: Data = [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
        .into_iter()
        .map(|[a, b]| (Tensor::from([a, b]), Class::new(usize::from(a != b)).expect("0 or 1")))
        .collect();
    let (line, converged) = learn(&xor)?;
    println!(
        "exclusive or: {}",
        if converged.is_none() { "still wrong after 1000 epochs" } else { "all right" }
    );
    assert!(converged.is_none());

    let mut trainer = Trainer::new(Hidden::new(1), SigmoidCrossEntropy, Sgd::new(0.5).momentum(0.9))
        .full_batch()
        .epochs(200)
        .progress(Progress::Silent);
    trainer.fit(&xor, None)?;
    let accuracy = trainer.evaluate(&xor)?.accuracy();
    println!("exclusive or with a hidden layer: {:.0} % right", 100.0 * accuracy);

    let names = ["setosa", "versicolor"];
    let charts = [
        chart("Iris, a perceptron", &flowers, 3.0, names, &perceptron)?
            .x_label("sepal length, standardised")
            .y_label("petal length, standardised"),
        chart("Exclusive or, a perceptron", &xor, 2.0, ["0", "1"], &line)?,
        chart("Exclusive or, one hidden layer", &xor, 2.0, ["0", "1"], trainer.network())?,
    ];
    panels("The perceptron", 3, &charts).save(pictures::file("03_perceptron.svg")?)?;
    assert_eq!(accuracy, 1.0);
    Ok(())
}
