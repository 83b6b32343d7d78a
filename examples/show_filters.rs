//! What the first layer of a network has learned, and what every convolution makes of an image, as pictures.
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
        relu1: Relu,
        pool1: MaxPool2d { kernel: 3, stride: 2 },
        conv2: Conv2d { filters: 32, kernel: 3 },
        relu2: Relu,
        pool2: MaxPool2d { kernel: 2 },
        flatten: Flatten,
        dropout: Dropout { rate: 0.5 },
        fc: Dense { units: 10 },
    }
}

/// A test image, the first car.
const IMAGE: usize = 3;

fn main() -> Result<(), convnet::Error> {
    let cifar = Cifar10::sample()?;
    let train = Augment::new().crop(4).flip().apply(cifar.train);
    let optimizer = Sgd::new(0.03).momentum(0.9);
    let mut trainer = Trainer::new(Seen::new(1), SoftmaxCrossEntropy, optimizer)
        .epochs(20)
        .batch(32)
        .schedule(Schedule::Cosine)
        .l2(0.002);
    trainer.fit(&train, None)?;
    println!("test accuracy: {:.1} %", 100.0 * trainer.score(&cifar.test)?.accuracy.unwrap_or_default());

    let net = trainer.network();
    let weights = net.conv1().as_slice();
    let filters =
        plot::filters("What the first convolution looks for", &weights[..24 * 3 * 49], [24, 3, 7, 7])?;
    filters.save(pictures::file("filters.svg")?)?;

    let image = cifar.test.sample(IMAGE);
    let class = Cifar10::CLASSES[cifar.test.targets().nth(IMAGE).map_or(0, |class| class.index())];
    let answer = Cifar10::CLASSES[net.predict(&image).class];
    let caption = format!("{class}, seen as {answer}");
    plot::images("The image", image.as_slice(), [1, 3, 32, 32], &[&caption])?
        .save(pictures::file("image.svg")?)?;
    for layer in net.trace(&image) {
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
