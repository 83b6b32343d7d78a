//! A dense layer for 84 inputs after one that gives 120.

use convnet::prelude::*;

type Layers = Chain<
    Dense<Flat<400>, Flat<120>>,
    Dense<Flat<84>, Flat<10>>,
>;
type Net = Sequential<Flat<400>, Layers>;
const _: () = Net::check();

fn main() {}
