//! Pictures of a first layer's filters, of every convolution's output for an image, and of where in the image the network sees
//! its answer.
//!
//!     cargo run --release --example show_filters pictures

#[path = "command/pictures.rs"]
mod pictures;

use convnet::data::Cifar10;
use convnet::network::LayerOutput;
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
    // Where the two most probable classes are seen, by Grad-CAM.
    let likely = net.predict(&image).top_k(2);
    let mut pixels = image.as_slice().to_vec();
    for (class, _) in &likely {
        pixels.extend(heated(image.as_slice(), &net.grad_cam(&image, "relu2", *class)?));
    }
    let names = [likely[0].0, likely[1].0].map(|class| Cifar10::CLASSES[class]);
    let percent = [likely[0].1, likely[1].1].map(|probability| 100.0 * probability);
    let title = format!(
        "Where {} ({:.0} %) and {} ({:.0} %) are seen (Grad-CAM)",
        names[0], percent[0], names[1], percent[1]
    );
    plot::images(&title, &pixels, [3, 3, 32, 32], &["the image", names[0], names[1]])?
        .save(pictures::file("grad_cam.svg")?)?;
    println!("drew filters.svg, image.svg, relu1.svg, relu2.svg and grad_cam.svg");
    Ok(())
}

/// An image of 32×32 in grey, with red where a smaller map is high.
fn heated(image: &[f32], map: &LayerOutput) -> Vec<f32> {
    let [height, width] = [map.shape.height(), map.shape.width()];
    let most = map.values.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(*value));
    let (low, high) = image.iter().fold((f32::MAX, f32::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
    let mut planes = vec![0.0; 3 * 1024];
    for (i, grey) in (0..1024).map(|i| (i, (image[i] + image[1024 + i] + image[2048 + i]) / 3.0)) {
        // Straight lines between the centres of the map's values.
        let [row, column] =
            [(i / 32, height), (i % 32, width)].map(|(at, len)| (at as f32 + 0.5) * len as f32 / 32.0 - 0.5);
        let value = |row: f32, column: f32| {
            let [row, column] =
                [(row, height), (column, width)].map(|(at, len)| at.clamp(0.0, len as f32 - 1.0));
            map.values[row as usize * width + column as usize] / most
        };
        let (above, left) = (row.floor(), column.floor());
        let (down, right) = (row - above, column - left);
        let heat = (1.0 - down) * ((1.0 - right) * value(above, left) + right * value(above, left + 1.0))
            + down * ((1.0 - right) * value(above + 1.0, left) + right * value(above + 1.0, left + 1.0));
        planes[i] = grey + heat * (high - grey);
        planes[1024 + i] = grey + heat * (low - grey);
        planes[2048 + i] = grey + heat * (low - grey);
    }
    planes
}
