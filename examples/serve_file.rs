//! Tells the class of a picture by a file from the example image_folder, which has the names and the preprocessing with it.
//!
//!     cargo run --release --example image_folder -- FOLDER --save pets.safetensors
//!     cargo run --release --example serve_file -- pets.safetensors picture.jpg

#[path = "command/small.rs"]
mod small;

use convnet::data::Preprocessing;
use convnet::prelude::*;
use small::Small;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let [weights, picture] = &files[..] else {
        return Err("expected a file of weights and a picture".into());
    };
    let mut net = Small::new(0);
    net.load(weights)?;
    let (metadata, pixels) = (net.metadata(), Preprocessing::new());
    let image = metadata.preprocessing.as_ref().unwrap_or(&pixels).open(picture)?;
    let prediction = net.predict(&image);
    let name = prediction.name(&metadata.classes).unwrap_or("a class without a name");
    println!("{name}: {:.1} %", 100.0 * prediction.probabilities[prediction.class]);
    Ok(())
}
