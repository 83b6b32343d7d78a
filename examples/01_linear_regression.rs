//! Linear regression: how far diabetes progresses in a year, from ten measurements.
//!
//! Gradient descent on the mean squared error finds what the normal equations give in closed form.
//!
//!     cargo run --release --example 01_linear_regression

#[path = "command/pictures.rs"]
mod pictures;

use convnet::data::{Parts, tabular};
use convnet::plot::Chart;
use convnet::prelude::*;
use convnet::train::{Progress, metrics};

network! {
    /// ŷ = w·x + b
    struct Linear: Flat<10> => Flat<1> {
        fc: Dense { units: 1 },
    }
}

network! {
    /// The same with one measurement.
    struct Line: Flat<1> => Flat<1> {
        fc: Dense { units: 1 },
    }
}

type Data<const F: usize> = Dataset<Flat<F>, Tensor<Flat<1>>>;

/// Solves a·x = b by Gaussian elimination with pivots.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        let pivot = (i..n).max_by(|&p, &q| a[p][i].abs().total_cmp(&a[q][i].abs())).expect("a row");
        a.swap(i, pivot);
        b.swap(i, pivot);
        for row in i + 1..n {
            let factor = a[row][i] / a[i][i];
            for column in i..n {
                a[row][column] -= factor * a[i][column];
            }
            b[row] -= factor * b[i];
        }
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| a[i][j] * b[j]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }
    b
}

/// A sample's features and a 1 for the bias.
fn row(data: &Data<10>, sample: usize) -> Vec<f64> {
    let x: Tensor<_, f64> = data.sample(sample);
    x.as_slice().iter().copied().chain([1.0]).collect()
}

/// The weights and bias with the least squared error: (XᵀX)⁻¹ Xᵀd.
fn closed_form(data: &Data<10>) -> Vec<f64> {
    let (mut xtx, mut xtd) = (vec![vec![0.0; 11]; 11], vec![0.0; 11]);
    for (sample, d) in data.targets().enumerate() {
        let x = row(data, sample);
        for i in 0..11 {
            (0..11).for_each(|j| xtx[i][j] += x[i] * x[j]);
            xtd[i] += x[i] * f64::from(d[0]);
        }
    }
    solve(xtx, xtd)
}

fn main() -> Result<(), convnet::Error> {
    let (Parts { train, test, .. }, _) =
        tabular::diabetes()?.train_val_test_split(Fractions::default(), 1)?.standardize()?;
    let mut trainer = Trainer::new(Linear::new(1), MeanSquaredError, Sgd::new(0.05).momentum(0.9))
        .full_batch()
        .epochs(2000)
        .progress(Progress::Silent);
    trainer.fit(&train, None)?;
    let descent = trainer.evaluate_regression(&train)?;
    println!("gradient descent, training: {descent}");
    println!("gradient descent, test:     {}", trainer.evaluate_regression(&test)?);

    let w = closed_form(&train);
    let outputs: Vec<f64> =
        (0..train.len()).map(|i| row(&train, i).iter().zip(&w).map(|(x, w)| x * w).sum()).collect();
    let targets: Vec<f64> = train.targets().map(|d| f64::from(d[0])).collect();
    let exact = metrics::r2(&outputs, &targets)?;
    println!("closed form, training:      R² {exact:.4}");

    // One measurement can be drawn: the body mass index, the third column.
    let bmi: Data<1> = train
        .targets()
        .enumerate()
        .map(|(i, d)| (Tensor::from([row(&train, i)[2] as f32]), d.clone()))
        .collect();
    let mut line = Trainer::new(Line::new(1), MeanSquaredError, Sgd::new(0.1)).full_batch().epochs(200);
    line = line.progress(Progress::Silent);
    line.fit(&bmi, None)?;
    let [slope, height] = [line.network().fc().weight()[0][0], line.network().fc().bias()[0]].map(f64::from);
    let points =
        bmi.targets().enumerate().map(|(i, d)| [f64::from(bmi.sample::<f32>(i)[0]), f64::from(d[0])]);
    let picture = Chart::new("Diabetes: progression by body mass index")
        .x_label("body mass index, in standard deviations from its mean")
        .y_label("progression after one year")
        .points("a patient", points)
        .function("fitted line", -2.5..4.5, |x| slope * x + height)?;
    picture.draw().save(pictures::file("01_linear_regression.svg")?)?;

    println!("R² of gradient descent {:.4}, of the closed form {exact:.4}", descent.r2);
    assert!((descent.r2 - exact).abs() < 1e-3);
    Ok(())
}
