#![allow(missing_docs)]
use convnet::prelude::*;
use convnet::data::*;
use convnet::model::LeNet5;
use std::io::Read;
fn read(p: &str, skip: usize) -> Vec<u8> {
    let mut v = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(p).unwrap()).read_to_end(&mut v).unwrap();
    v.split_off(skip)
}
fn main() {
    let a: Vec<f64> = std::env::args().skip(1).map(|x| x.parse().unwrap()).collect();
    let (epochs, batch, lr, seed) = (a[0] as usize, a[1] as usize, a[2], a[3] as u64);
    let d = "/work/shared/data/mnist/";
    let s = Scaling { mean: 0.1307, std: 0.3081 };
    let load = |n: &str| -> Dataset<Chw<1,28,28>, Class<10>> { Dataset::from_bytes(read(&format!("{d}{n}-images-idx3-ubyte.gz"), 16), s,
       read(&format!("{d}{n}-labels-idx1-ubyte.gz"), 8).into_iter().map(|l| Class::new(l as usize).unwrap()).collect()).unwrap() };
    let (train, val) = load("train").split(0.9, 1).unwrap();
    let mut t = Trainer::new(LeNet5::new(seed), SoftmaxCrossEntropy, Sgd::new(lr).momentum(0.9)).epochs(epochs).batch(batch).seed(seed);
    t.fit(&train, &val).unwrap();
}
