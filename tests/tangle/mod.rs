//! A layer that is a graph: every kind of merge, and values that several operations read.

use convnet::layer::Merge;
use convnet::plan::Plan;
use convnet::prelude::*;

pub type Input = Chw<3, 6, 5>;
pub type Maps = Chw<4, 6, 5>;
type Conv<const IN: usize, K, P> = Conv2d<Chw<IN, 6, 5>, Maps, K, Stride<1>, P>;
pub type First = Conv<3, Kernel<3>, Padding<1>>;
type Wide = Conv<4, Kernel<3>, Padding<1>>;
type Point = Conv<4, Kernel<1>, Padding<0>>;

/// Values that several layers read, among them the network's input and the value of a fused ReLU; sums of sums; a value
/// twice in one merge; another name for a value; a gate; and channels from four sources.
#[derive(Clone, Copy, Default)]
pub struct Tangle;

impl<T: Scalar> Layer<Input, T> for Tangle {
    type Out = Chw<15, 6, 5>;
    const PARAMS: usize = (27 + 1) * 4 + (36 + 1) * 4 + 8 + (4 + 1) * 4;
    const BUFFERS: usize = 8;

    fn add_to(&self, plan: &mut Plan<T>) {
        First::new().add_to(plan);
        Layer::<Maps, T>::add_to(&Relu, plan);
        let a = plan.current();
        Wide::new().add_to(plan);
        Layer::<Maps, T>::add_to(&BatchNorm::default(), plan);
        let b = plan.current();
        plan.merge(Merge::Add, &[b, a]);
        Layer::<Maps, T>::add_to(&Relu, plan);
        let sum = plan.current();
        Layer::<Maps, T>::add_to(&Identity, plan);
        let alias = plan.current();
        Point::new().add_to(plan);
        let side = plan.current();
        plan.merge(Merge::Add, &[side, sum, b]);
        let three = plan.current();
        Layer::<Maps, T>::add_to(&GlobalAvgPool, plan);
        Layer::<Flat<4>, T>::add_to(&Sigmoid, plan);
        let gate = plan.current();
        plan.merge(Merge::Multiply, &[three, gate]);
        let gated = plan.current();
        plan.merge(Merge::Concat, &[gated, 0, a, alias]);
        let all = plan.current();
        plan.merge(Merge::Multiply, &[all, all]);
        let square = plan.current();
        plan.merge(Merge::Add, &[square, all, square]);
    }
}
