//! The network tells two classes apart, and the masks have three.

use convnet::prelude::*;

network! {
    struct Net: Chw<1, 4, 4> => Chw<2, 4, 4> {
        conv: Conv2d { filters: 2, kernel: 1 },
    }
}

fn train(data: &Dataset<Chw<1, 4, 4>, Mask<3, 4, 4>>) {
    let mut trainer = Trainer::new(Net::new(1), PixelCrossEntropy, Sgd::new(0.1));
    trainer.fit(data, None).unwrap();
}

fn main() {}
