//! Two values to learn for a network that gives two.

use convnet::prelude::*;

network! {
    struct Net: Flat<4> => Flat<2> {
        fc: Dense { units: 2 },
    }
}

fn train(data: &Dataset<Flat<4>, Tensor<Flat<2>>>) {
    let mut trainer = Trainer::new(Net::new(1), MeanSquaredError, Sgd::new(0.1));
    trainer.fit(data, None).unwrap();
}

fn main() {
    let _ = train;
}
