//! Pictures of a first layer's filters, and of every convolution's output for an image.
//!
//!     cargo run --release --example show_filters pictures

#[path = "command/pictures.rs"]
mod pictures;

use convnet::data::Cifar10;
use convnet::plot;
use convnet::prelude::*;

network! {
    /// A first convolution with kernels large enough to be seen.
    struct Seen: Chw<3, 32, 32> => Flat<10> {
        conv1: Conv2d { filters: 24, kernel: 7, padding: 3 },
        norm1: BatchNorm,
        relu1: Relu,
        pool1: MaxPool2d { kernel: 3, stride: 2 },
        conv2: Conv2d { filters: 32, kernel: 3 },
        norm2: BatchNorm,
        relu2: Relu,
        pool2: MaxPool2d { kernel: 2 },
        flatten: Flatten,
        dropout: Dropout { rate: 0.5 },
        fc: Dense { units: 10 },
    }
}

const SHAPE: [usize; 4] = [24, 3, 7, 7];
const WEIGHTS: usize = 24 * 3 * 7 * 7;

/// A test image, an aeroplane.
const IMAGE: usize = 3;

fn main() -> Result<(), convnet::Error> {
    let cifar = Cifar10::sample()?;
    let (train, validation) = cifar.train.split(0.9, 1)?;
    let train = Augment::new().random_crop(4).random_horizontal_flip().apply(train);
    let mut net = Seen::new(1);
    // Small random weights, so that what is seen is what was learned; the normalisation makes up for their size.
    net.layers_mut().conv1().into_slice()[..WEIGHTS].iter_mut().for_each(|weight| *weight *= 0.1);
    let mut trainer = Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.02).momentum(0.9))
        .epochs(40)
        .batch_size(32)
        .schedule(Schedule::Cosine)
        .l2(0.001);
    trainer.fit(&train, &validation)?;
    println!(
        "test accuracy: {:.1} %",
        100.0 * trainer.loss_and_accuracy(&cifar.test)?.accuracy.unwrap_or_default()
    );

    let net = trainer.network();
    let weights = &net.conv1().as_slice()[..WEIGHTS];
    let filters = plot::filters("What the first convolution looks for", weights, SHAPE)?;
    filters.save(pictures::file("filters.svg")?)?;

    let image = cifar.test.sample(IMAGE);
    let class = Cifar10::CLASSES[cifar.test.targets().nth(IMAGE).map_or(0, |class| class.index())];
    let answer = Cifar10::CLASSES[net.predict(&image).class];
    plot::images(&format!("Class {class}, answer {answer}"), image.as_slice(), [1, 3, 32, 32], &[])?
        .save(pictures::file("image.svg")?)?;
    for layer in net.activations(&image) {
        if layer.name.starts_with("relu") {
            let title = format!("What {} makes of it: {}", layer.name, layer.shape);
            let sizes = [layer.shape.channels(), 1, layer.shape.height(), layer.shape.width()];
            let maps = plot::images(&title, &layer.values, sizes, &[])?;
            maps.save(pictures::file(&format!("{}.svg", layer.name))?)?;
        }
    }
    println!("drew filters.svg, image.svg, relu1.svg and relu2.svg");
    Ok(())
}
