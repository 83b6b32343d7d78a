//! A convolution for 5 channels after one that gives 6.

use convnet::prelude::*;

type Layers = Chain<
    Conv2d<Chw<1, 28, 28>, Chw<6, 24, 24>, Kernel<5>>,
    Conv2d<Chw<5, 24, 24>, Chw<16, 20, 20>, Kernel<5>>,
>;
type Net = Sequential<Chw<1, 28, 28>, Layers>;
const _: () = Net::check();

fn main() {}
