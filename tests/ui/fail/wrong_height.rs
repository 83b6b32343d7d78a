//! A convolution that says 25 rows and gives 24.

use convnet::prelude::*;

type Layers = Conv2d<Chw<1, 28, 28>, Chw<6, 25, 24>, Kernel<5>>;
type Net = Sequential<Chw<1, 28, 28>, Layers>;
const _: () = Net::check();

fn main() {}
