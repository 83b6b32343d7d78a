//! Networks in files: weights and checkpoints, what bad files get, and what a crash leaves.

mod checkpoints;
mod foreign;
mod metadata;
mod pytorch;
mod refusals;
mod resume;
mod short_run;
mod timm;
mod weights;

use convnet::prelude::*;

network! {
    /// One of each kind of tensor.
    pub struct Small: Chw<2, 6, 6> => Flat<3> {
        conv1: Conv2d { filters: 4, kernel: 3, groups: 2 },
        norm1: BatchNorm,
        relu1: Relu,
        affine: ScaleShift,
        flatten: Flatten,
        fc1: Dense { units: 5 },
        tanh: Tanh,
        fc2: Dense { units: 3 },
    }
}

/// The parameters' bits.
pub fn bits(network: &impl Network<Scalar = f32>) -> Vec<u32> {
    network.model().params().iter().map(|p| p.to_bits()).collect()
}
