//! By hand: a convolution for 5 channels after one that gives 6.

use convnet::prelude::*;

fn main() {
    let stack = Stack::<Chw<1, 28, 28>>::new()
        .then(Conv2d::<Chw<1, 28, 28>, Chw<6, 24, 24>, Kernel<5>>::new())
        .then(Conv2d::<Chw<6, 24, 24>, Chw<16, 20, 20>, Kernel<5>>::new());
    stack.network(Init::default(), 1);
}
