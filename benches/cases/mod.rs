//! The convolutions that are measured, with their buffers: of LeNet-5, AlexNet, VGG, a residual network, and
//! AlexNet-small (`sa_`), and a dense layer.
//!
//! The files beside this one are modules of their own, so that each program takes in no more than it uses.

use std::borrow::Cow;

use convnet::kernel::conv::{Arithmetic, Conv, Geometry};
use convnet::kernel::{Exec, Finish};
use convnet::shape::Window;
use convnet::tensor::{LANES, Lanes};

/// A convolution of some samples.
pub struct Case {
    pub name: Cow<'static, str>,
    pub samples: usize,
    pub geometry: Geometry,
}

pub const CASES: [Case; 15] = [
    case("lenet_c1", 64, [1, 28], [6, 5], 1, 2),
    case("lenet_c2", 64, [6, 14], [16, 5], 1, 0),
    case("alex_conv1", 16, [3, 227], [96, 11], 4, 0),
    case("alex_conv2", 16, [96, 27], [256, 5], 1, 2),
    case("alex_conv3", 16, [256, 13], [384, 3], 1, 1),
    case("alex_conv4", 16, [384, 13], [384, 3], 1, 1),
    case("alex_conv5", 16, [384, 13], [256, 3], 1, 1),
    case("vgg64_56", 8, [64, 56], [64, 3], 1, 1),
    case("vgg128_28", 8, [128, 28], [128, 3], 1, 1),
    case("resnet_1x1", 8, [256, 14], [1024, 1], 1, 0),
    case("sa_c1", 64, [3, 32], [64, 3], 1, 1),
    case("sa_c2", 64, [64, 16], [192, 3], 1, 1),
    case("sa_c3", 64, [192, 8], [384, 3], 1, 1),
    case("sa_c4", 64, [384, 8], [256, 3], 1, 1),
    case("sa_c5", 64, [256, 8], [256, 3], 1, 1),
];

/// A dense layer, which is a convolution of one position.
pub const DENSE: Case = case("dense", 64, [4096, 1], [1024, 1], 1, 0);

/// Everything is square: input channels and size, filters and kernel size.
const fn case(
    name: &'static str,
    samples: usize,
    [channels, size]: [usize; 2],
    [filters, kernel]: [usize; 2],
    stride: usize,
    padding: usize,
) -> Case {
    let out = (size + 2 * padding - kernel) / stride + 1;
    let window = Window::new([kernel; 2], [stride; 2], [padding; 2]);
    let geometry = Geometry { input: [channels, size, size], output: [filters, out, out], window, groups: 1 };
    Case { name: Cow::Borrowed(name), samples, geometry }
}

/// The name of a pass, and the pass.
pub type Pass = (&'static str, fn(&mut Buffers));

/// The three passes of a layer.
pub const PASSES: [Pass; 3] = [
    ("forward", Buffers::forward),
    ("backward-data", Buffers::backward_data),
    ("backward-weights", Buffers::backward_weights),
];

impl Case {
    /// Floating-point operations of each pass: two for each multiply-accumulate of the direct method.
    pub fn flop(&self) -> usize {
        let Geometry { output: [_, rows, columns], .. } = self.geometry;
        2 * self.samples * rows * columns * self.geometry.weights()
    }

    /// Bytes that a pass reads and writes at least: input, output and weights, each once, whichever of them is computed from the
    /// others.
    #[allow(dead_code, reason = "a module of several programs")]
    pub fn bytes(&self) -> usize {
        let Geometry { input, output, .. } = self.geometry;
        let values = |dims: [usize; 3]| self.samples * dims.iter().product::<usize>();
        size_of::<f32>() * (values(input) + values(output) + self.geometry.weights())
    }

    /// The convolution with all that it reads and writes.
    pub fn buffers(&self) -> Buffers {
        let Geometry { input, output, .. } = self.geometry;
        let conv = Conv::new(self.geometry, Arithmetic::default());
        let exec = Exec { lanes: Exec::lanes_for(self.samples), ..Exec::new(true) };
        let room = |dims: [usize; 3]| {
            let values = self.samples.next_multiple_of(exec.lanes) * dims.iter().product::<usize>();
            vec![Lanes::splat(0.5); values.div_ceil(LANES)]
        };
        let weights = vec![0.1; self.geometry.weights()];
        let bias = vec![0.1; output[0]];
        Buffers {
            x: room(input),
            y: room(output),
            dx: room(input),
            dy: room(output),
            dw: weights.clone(),
            db: bias.clone(),
            scratch: vec![Lanes::zero(); conv.scratch(self.samples.div_ceil(LANES))],
            weights,
            bias,
            conv,
            exec,
        }
    }
}

/// A convolution with all that it reads and writes.
pub struct Buffers {
    conv: Conv,
    exec: Exec,
    x: Vec<Lanes<f32>>,
    y: Vec<Lanes<f32>>,
    dx: Vec<Lanes<f32>>,
    dy: Vec<Lanes<f32>>,
    weights: Vec<f32>,
    bias: Vec<f32>,
    dw: Vec<f32>,
    db: Vec<f32>,
    scratch: Vec<Lanes<f32>>,
}

impl Buffers {
    pub fn forward(&mut self) {
        let Buffers { conv, exec, x, y, weights, bias, scratch, .. } = self;
        conv.forward(y, x, weights, Some(bias), Finish::rectified(None), scratch, *exec);
    }

    pub fn backward_data(&mut self) {
        let Buffers { conv, exec, dx, dy, weights, scratch, .. } = self;
        conv.backward_data(dx, dy, weights, None, scratch, *exec);
    }

    pub fn backward_weights(&mut self) {
        let Buffers { conv, exec, x, dy, dw, db, scratch, .. } = self;
        conv.backward_weights(dw, Some(db), dy, x, scratch, *exec);
    }
}
