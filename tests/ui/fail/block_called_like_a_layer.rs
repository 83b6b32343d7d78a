//! A block with the name of a layer that it uses.
use convnet::prelude::*;

block! {
    struct Relu { filters: usize } => {
        conv: Conv2d { filters: filters, kernel: 3, padding: 1 },
        relu: Relu,
    }
}

fn main() {}
