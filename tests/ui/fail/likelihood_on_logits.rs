//! A loss on log-probabilities after a dense layer.

use convnet::prelude::*;

network! {
    struct Net: Flat<4> => Flat<10> {
        fc: Dense { units: 10 },
    }
}

fn train(data: &Dataset<Flat<4>, Class<10>>) {
    let mut trainer = Trainer::new(Net::new(1), NegativeLogLikelihood, Sgd::new(0.1));
    trainer.fit(data, None).unwrap();
}

fn main() {
    let _ = train;
}
