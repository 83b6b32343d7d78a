//! A flattening layer that says 401 values and gives 400.

use convnet::prelude::*;

type Layers = Flatten<Chw<16, 5, 5>, Flat<401>>;
type Net = Sequential<Chw<16, 5, 5>, Layers>;
const _: () = Net::check();

fn main() {}
