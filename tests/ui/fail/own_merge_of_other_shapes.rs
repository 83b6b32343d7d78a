//! Values of other shapes than a merge of one's own takes.

use convnet::layer::MergeLayer;
use convnet::plan::{Backward, Forward, Op, Plan};
use convnet::prelude::*;

#[derive(Clone, Copy, Default)]
struct Difference;

impl<S: Shape, T: Scalar> MergeLayer<(S, S), T> for Difference {
    type Out = S;

    fn add_to(&self, plan: &mut Plan<T>, inputs: &[usize]) {
        plan.add_merge::<(S, S), Self>(DifferenceOp, inputs);
    }
}

struct DifferenceOp;

impl<T: Scalar> Op<T> for DifferenceOp {
    fn describe(&self) -> String {
        "Difference".into()
    }

    fn forward(&self, _: Forward<'_, T>) {}

    fn backward(&self, _: Backward<'_, T>) {}
}

network! {
    struct Net: Chw<2, 6, 6> => Flat<3> {
        near: Conv2d { filters: 4, kernel: 3, padding: 1 },
        far: Conv2d(input) { filters: 5, kernel: 5, padding: 2 },
        contrast: Difference(near, far),
        pool: GlobalAvgPool,
        fc: Dense { units: 3 },
    }
}

fn main() {}
