//! A loss on logits after a softmax.

use convnet::prelude::*;

network! {
    struct Net: Flat<4> => Probabilities<10> {
        fc: Dense { units: 10 },
        softmax: Softmax,
    }
}

fn train(data: &Dataset<Flat<4>, Tensor<Flat<10>>>) {
    let mut trainer = Trainer::new(Net::new(1), SigmoidCrossEntropy, Sgd::new(0.1));
    trainer.fit(data, None).unwrap();
}

fn main() {
    let _ = train;
}
