//! Activation functions and their derivatives.
//!
//!     cargo run --release --example 10_activations

#[path = "command/pictures.rs"]
mod pictures;

use convnet::plot::{Function, functions};
use convnet::prelude::*;

/// A function of the library, as the picture takes it.
type Named<'a> = (&'a str, &'a dyn Activation<f64>);

fn main() -> Result<(), convnet::Error> {
    let (leaky, elu) = (LeakyRelu::new(0.1), Elu::default());
    let all: [Named<'_>; 12] = [
        ("identity", &Identity),
        ("step (perceptron)", &Heaviside),
        ("sigmoid", &Sigmoid),
        ("tanh", &Tanh),
        ("ReLU", &Relu),
        ("leaky ReLU, slope 0.1", &leaky),
        ("ELU, α = 1", &elu),
        ("SELU", &Selu),
        ("GELU", &Gelu),
        ("SiLU", &Silu),
        ("softplus", &Softplus),
        ("hard sigmoid", &HardSigmoid),
    ];
    let pairs = all.map(|(name, f)| (name, move |x| f.value(x), move |x| f.derivative(x)));
    let drawn: Vec<_> =
        pairs.iter().map(|(name, value, derivative)| Function { name, value, derivative }).collect();
    functions("Activation functions", -4.0..4.0, &drawn)?.save(pictures::file("10_activations.svg")?)?;

    // A derivative is what the difference quotient comes near to.
    let mut worst: f64 = 0.0;
    for (name, f) in all {
        for x in [-3.7, -1.3, -0.4, 0.6, 1.9, 3.4] {
            let quotient = (f.value(x + 1e-6) - f.value(x - 1e-6)) / 2e-6;
            worst = worst.max((f.derivative(x) - quotient).abs());
        }
        println!("{name:22} f(1) = {:7.4}   f'(1) = {:7.4}", f.value(1.0), f.derivative(1.0));
    }
    println!("derivative and difference quotient differ by at most {worst:.1e}");
    assert!(worst < 1e-8);
    Ok(())
}
