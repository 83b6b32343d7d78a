//! A dense layer for 256 inputs after 400 values.

use convnet::prelude::*;

type Layers = Chain<
    Flatten<Chw<16, 5, 5>, Flat<400>>,
    Dense<Flat<400>, Flat<10>>,
>;
type Net = Sequential<Chw<16, 5, 5>, Layers>;
const _: () = Net::check();

fn main() {}
