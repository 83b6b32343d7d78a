//! A training step with its network and data.

use std::hint::black_box;

use convnet::prelude::*;

/// Samples of values from 0 to 1.
pub fn batch<S: Shape>(samples: usize) -> Batch<S> {
    (0..samples).map(|n| Tensor::from_fn(|i| ((i * (n + 7)) % 255) as f32 / 255.0)).collect()
}

/// Makes a network and samples; each call of the result is one step.
pub fn training_step<const CLASSES: usize, N>(samples: usize) -> Box<dyn FnMut()>
where
    N: Network<Output = Flat<CLASSES>, Scalar = f32> + 'static,
{
    let images = batch(samples);
    let targets: Vec<_> = (0..samples).map(|n| Class::new(n % CLASSES).expect("below CLASSES")).collect();
    // So slow that the thousandth step finds the network much as the first does.
    let mut trainer = Trainer::new(N::new(1), SoftmaxCrossEntropy, Sgd::new(1e-6).momentum(0.9));
    Box::new(move || {
        black_box(trainer.train_step(black_box(&images), &targets, 0).expect("a step that stays finite"));
    })
}
