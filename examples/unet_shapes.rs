//! Trains a small U-Net to find the discs among discs and rectangles in noisy pictures, and measures how well the masks agree.
//!
//!     cargo run --release --example unet_shapes pictures

#[path = "command/pictures.rs"]
mod pictures;

use std::ops::Range;

use convnet::plot;
use convnet::prelude::*;

const SIDE: usize = 64;
type Image = Chw<1, SIDE, SIDE>;
type Discs = Mask<2, SIDE, SIDE>;
type Data = Dataset<Image, Discs>;

block! {
    /// Two convolutions that keep the size.
    struct Double { filters: usize } => {
        conv1: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        norm1: BatchNorm,
        relu1: Relu,
        conv2: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        norm2: BatchNorm,
        relu2: Relu,
    }
}

network! {
    /// A U-Net with two stages; `model::UNet` has four.
    struct SmallUNet: Chw<1, 64, 64> => Chw<2, 64, 64> {
        down1: Double { filters: 8 },
        pool1: MaxPool2d { kernel: 2 },
        down2: Double { filters: 16 },
        pool2: MaxPool2d { kernel: 2 },
        bottom: Double { filters: 32 },
        larger2: ConvTranspose2d { filters: 16, kernel: 2, stride: 2 },
        both2: Concat(down2, larger2),
        up2: Double { filters: 16 },
        larger1: ConvTranspose2d { filters: 8, kernel: 2, stride: 2 },
        both1: Concat(down1, larger1),
        up1: Double { filters: 8 },
        out: Conv2d { filters: 2, kernel: 1 },
    }
}

/// Random numbers that depend on the number of a picture alone: SplitMix64.
struct Draws(u64);

impl Draws {
    /// A number from `low` to `high`.
    fn between(&mut self, low: f32, high: f32) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        low + (high - low) * ((x ^ (x >> 31)) >> 40) as f32 / (1 << 24) as f32
    }
}

/// Two to five discs and rectangles that may cover each other, with noise, and the mask of the discs.
fn picture(number: u64) -> Result<(Tensor<Image>, Discs), convnet::Error> {
    let mut draws = Draws(number << 32);
    let mut values = [[draws.between(0.1, 0.4); SIDE]; SIDE];
    let mut classes = [[0; SIDE]; SIDE];
    for _ in 0..draws.between(2.0, 6.0) as usize {
        let disc = draws.between(0.0, 1.0) < 0.5;
        let [row, column] = [0; 2].map(|_| draws.between(6.0, SIDE as f32 - 6.0));
        let [height, width] = [0; 2].map(|_| draws.between(4.0, 12.0));
        let brightness = draws.between(0.5, 0.9);
        for r in 0..SIDE {
            for c in 0..SIDE {
                let (down, across) = ((r as f32 - row).abs(), (c as f32 - column).abs());
                let inside = if disc {
                    down * down + across * across <= height * height
                } else {
                    down <= height && across <= width
                };
                if inside {
                    values[r][c] = brightness;
                    classes[r][c] = u8::from(disc);
                }
            }
        }
    }
    for value in values.as_flattened_mut() {
        // Nearly normal, with a standard deviation of 0.12.
        *value += 0.12 * (0..3).map(|_| draws.between(-1.0, 1.0)).sum::<f32>();
    }
    Ok((Tensor::from([values]), Discs::new(classes.as_flattened())?))
}

fn data(numbers: Range<u64>) -> Result<Data, convnet::Error> {
    numbers.map(picture).collect()
}

fn main() -> Result<(), convnet::Error> {
    let (train, validation, test) = (data(0..300)?, data(300..340)?, TestSet::new(data(340..400)?));
    let mut trainer = Trainer::new(SmallUNet::new(1), PixelCrossEntropy, Adam::new(0.005))
        .epochs(12)
        .batch_size(10)
        .schedule(Schedule::Cosine)
        .seed(1);
    trainer.fit(&train, &validation)?;
    let evaluation = trainer.evaluate_segmentation(&test)?;
    println!("60 test pictures; class 0 is all but discs, class 1 discs\n{evaluation}");

    // Picture, truth and prediction, side by side.
    let (mut values, mut captions) = (Vec::new(), Vec::new());
    for (sample, truth) in test.targets().enumerate().take(8) {
        let image: Tensor<Image> = test.sample(sample);
        let scores = trainer.network().infer(&Batch::from_iter([image.clone()])).sample(0);
        let predicted = Discs::predicted(&scores);
        values.extend(image.as_slice().iter().map(|value| value.clamp(0.0, 1.0)));
        values.extend(truth.as_slice().iter().chain(predicted.as_slice()).map(|class| f32::from(*class)));
        captions.extend(["picture", "true discs", "predicted"]);
    }
    let sizes = [captions.len(), 1, SIDE, SIDE];
    plot::images("Discs among discs and rectangles", &values, sizes, &captions)?
        .save(pictures::file("unet_shapes.png")?)
}
