//! The test part, to validate with.

use convnet::prelude::*;

network! {
    struct Net: Flat<4> => Flat<10> {
        fc: Dense { units: 10 },
    }
}

type Data = Dataset<Flat<4>, Class<10>>;

fn train(data: &Data, validation: &TestSet<Data>) {
    let mut trainer = Trainer::new(Net::new(1), SoftmaxCrossEntropy, Sgd::new(0.1));
    trainer.fit(data, validation).unwrap();
}

fn main() {
    let _ = train;
}
