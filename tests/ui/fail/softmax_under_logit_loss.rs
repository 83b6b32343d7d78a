//! A loss that includes a softmax after a softmax layer.

use convnet::prelude::*;

network! {
    struct Net: Flat<4> => Probabilities<10> {
        fc: Dense { units: 10 },
        softmax: Softmax,
    }
}

fn train(data: &Dataset<Flat<4>, Class<10>>) {
    let mut trainer = Trainer::new(Net::new(1), SoftmaxCrossEntropy, Sgd::new(0.1));
    trainer.fit(data, None).unwrap();
}

fn main() {
    let _ = train;
}
