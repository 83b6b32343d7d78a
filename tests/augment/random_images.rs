//! Images of random bytes in three colours, and a sample of them as a tensor.

use convnet::data::{Images, Normalization};
use convnet::prelude::*;

pub type Colours = Dataset<Chw<3, 8, 6>, Class<2>>;

/// Images of random bytes.
pub fn colours(count: usize) -> Colours {
    let mut state = 7_u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let bytes = (0..count * 3 * 8 * 6).map(|_| byte()).collect();
    let classes = (0..count).map(|i| Class::new(i % 2).unwrap()).collect();
    let normalization = Normalization::new([0.4, 0.5, 0.6], [0.2, 0.25, 0.5]).unwrap();
    Dataset::from_bytes(bytes, normalization, classes).unwrap()
}

pub fn sample<S: Shape>(data: &impl Samples<S>, sample: usize, key: Option<u64>) -> Tensor<S> {
    let mut values = Tensor::zeros();
    data.write_to(sample, values.as_mut_slice(), key).unwrap();
    values
}

pub fn pixels(data: &Colours, sample: usize) -> Tensor<Chw<3, 8, 6>> {
    let mut values = Tensor::zeros();
    data.write_pixels(sample, values.as_mut_slice()).unwrap();
    values
}
