//! A pooling layer that says 13 columns and gives 14.

use convnet::prelude::*;

type Layers = MaxPool2d<Chw<6, 28, 28>, Chw<6, 14, 13>, Kernel<2>, Stride<2>>;
type Net = Sequential<Chw<6, 28, 28>, Layers>;
const _: () = Net::check();

fn main() {}
