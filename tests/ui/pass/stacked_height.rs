//! By hand: a pooling layer that says 13 rows and gives 12.

use convnet::prelude::*;

type Pool = MaxPool2d<Chw<6, 24, 24>, Chw<6, 12, 12>, Kernel<2>, Stride<2>>;

const _: () = {
    let _ = Stack::<Chw<6, 24, 24>>::new()
        .then(Relu)
        .then(Pool::new());
};

fn main() {}
