//! Backpropagation by hand, in matrix form, beside what the library computes.
//!
//! Two layers, four samples as the rows of X: H = σ(X·W₁ᵀ + b₁), Y = H·W₂ᵀ + b₂, P = softmax(Y), L = −mean log P_d.
//!
//!     cargo run --release --example 04_backpropagation

use convnet::prelude::*;
use convnet::train::Progress;

network! {
    struct TwoLayers: Flat<2> => Flat<2> {
        fc1: Dense { units: 3 },
        sigmoid: Sigmoid,
        fc2: Dense { units: 2 },
    }
}

/// Rows of equal length.
type Matrix = Vec<Vec<f64>>;

/// A·B
fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let dot = |row: &[f64], j: usize| row.iter().zip(b).map(|(x, b)| x * b[j]).sum();
    a.iter().map(|row| (0..b[0].len()).map(|j| dot(row, j)).collect()).collect()
}

/// Aᵀ
fn transposed(a: &Matrix) -> Matrix {
    (0..a[0].len()).map(|j| a.iter().map(|row| row[j]).collect()).collect()
}

/// f of the entries of A and B at each place.
fn entrywise(a: &Matrix, b: &Matrix, f: impl Fn(f64, f64) -> f64) -> Matrix {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| f(*a, *b)).collect()).collect()
}

/// A with b added to each row.
fn plus(a: &Matrix, b: &[f64]) -> Matrix {
    a.iter().map(|row| row.iter().zip(b).map(|(a, b)| a + b).collect()).collect()
}

/// The sums of the columns.
fn column_sums(a: &Matrix) -> Vec<f64> {
    transposed(a).iter().map(|column| column.iter().sum()).collect()
}

fn show(name: &str, a: &Matrix) {
    println!("{name} ({} × {})", a.len(), a[0].len());
    for row in a {
        println!("  {}", row.iter().map(|x| format!("{x:9.5}")).collect::<String>());
    }
}

fn main() -> Result<(), convnet::Error> {
    let net = TwoLayers::<f64>::new(1);
    let x: Matrix = vec![vec![0.5, -1.0], vec![1.5, 2.0], vec![-0.5, 0.25], vec![-1.0, -2.0]];
    let classes = [0, 1, 1, 0];
    let w1: Matrix = net.fc1().weight().iter().map(|row| row.to_vec()).collect();
    let w2: Matrix = net.fc2().weight().iter().map(|row| row.to_vec()).collect();

    println!("forward");
    show("X", &x);
    let h = plus(&product(&x, &transposed(&w1)), net.fc1().bias());
    let h: Matrix = h.iter().map(|row| row.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect()).collect();
    show("H = σ(X·W₁ᵀ + b₁)", &h);
    let y = plus(&product(&h, &transposed(&w2)), net.fc2().bias());
    let exps: Matrix = y.iter().map(|row| row.iter().map(|y| y.exp()).collect()).collect();
    let p: Matrix =
        exps.iter().map(|row| row.iter().map(|e| e / row.iter().sum::<f64>()).collect()).collect();
    show("P = softmax(H·W₂ᵀ + b₂)", &p);
    let loss = -p.iter().zip(classes).map(|(p, d)| p[d].ln()).sum::<f64>() / 4.0;
    println!("L = {loss:.5}\n\nbackward");

    let d: Matrix = classes.iter().map(|d| (0..2).map(|j| f64::from(u8::from(j == *d))).collect()).collect();
    let dy = entrywise(&p, &d, |p, d| (p - d) / 4.0);
    show("∂L/∂Y = (P − D) / n", &dy);
    let dw2 = product(&transposed(&dy), &h);
    show("∂L/∂W₂ = (∂L/∂Y)ᵀ·H", &dw2);
    let dz = entrywise(&product(&dy, &w2), &h, |dh, h| dh * h * (1.0 - h));
    show("∂L/∂Z = (∂L/∂Y·W₂) ⊙ H ⊙ (1 − H)", &dz);
    let dw1 = product(&transposed(&dz), &x);
    show("∂L/∂W₁ = (∂L/∂Z)ᵀ·X", &dw1);
    let by_hand = [dw1.concat(), column_sums(&dz), dw2.concat(), column_sums(&dy)].concat();

    let inputs: Batch<Flat<2>, f64> = x.iter().map(|row| Tensor::from_fn(|i| row[i])).collect();
    let targets = classes.map(|class| Class::<2>::new(class).expect("0 or 1"));
    let mut trainer = Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.1)).progress(Progress::Silent);
    let found = trainer.train_step(&inputs, &targets, 0)?;
    let difference = by_hand.iter().zip(trainer.gradient()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    println!("\nloss by the library {found:.5}; its gradient differs by at most {difference:.1e}");
    assert!((found - loss).abs() < 1e-10 && difference < 1e-10);
    assert_eq!(by_hand.len(), TwoLayers::PARAMS);
    Ok(())
}
