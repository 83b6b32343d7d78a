//! The test part, to normalise by.

use convnet::data::Normalization;
use convnet::prelude::*;

fn measure(data: &TestSet<Dataset<Chw<3, 8, 8>, Class<10>>>) {
    Normalization::of(data).unwrap();
}

fn main() {
    let _ = measure;
}
