//! The network tells three classes apart, as the masks do.

use convnet::prelude::*;

network! {
    struct Net: Chw<1, 4, 4> => Chw<3, 4, 4> {
        conv: Conv2d { filters: 3, kernel: 1 },
    }
}

fn train(data: &Dataset<Chw<1, 4, 4>, Mask<3, 4, 4>>) {
    let mut trainer = Trainer::new(Net::new(1), PixelCrossEntropy, Sgd::new(0.1));
    trainer.fit(data, None).unwrap();
}

fn main() {}
