//! The test part, to take colours from.

use convnet::data::ColorComponents;
use convnet::prelude::*;

fn measure(data: &TestSet<Dataset<Chw<3, 8, 8>, Class<10>>>) {
    ColorComponents::of(data).unwrap();
}

fn main() {
    let _ = measure;
}
