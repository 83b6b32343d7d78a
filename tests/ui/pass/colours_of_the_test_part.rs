//! The training part, to take colours from.

use convnet::data::ColourComponents;
use convnet::prelude::*;

fn measure(data: &Dataset<Chw<3, 8, 8>, Class<10>>) {
    ColourComponents::of(data).unwrap();
}

fn main() {
    let _ = measure;
}
