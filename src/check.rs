//! Checks of gradients against central differences, for the crate's layers and your own.
//!
//! The derivative of a function f along a coordinate is about (f(v + ε) − f(v − ε)) / 2ε. In `f64` with
//! ε = 10⁻⁶ a correct gradient differs from that by less than 10⁻⁵ + 10⁻³·|derivative|.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use rand::RngExt;

use crate::data::Target;
use crate::init::normal;
use crate::layer::Layer;
use crate::loss::{Loss, Tally, tally_tiles};
use crate::network::Network;
use crate::plan::Plan;
use crate::random::{self, Generator, purpose};
use crate::run::{Gradient, Input, LossOf, Program, Task, Workspace};
use crate::scalar::{Scalar, compiled};
use crate::shape::Shape;
use crate::tensor::{Batch, LANES, Lanes, Layout};

const EPSILON: f64 = 1e-6;
const ABSOLUTE: f64 = 1e-5;
const RELATIVE: f64 = 1e-3;

/// Coordinates of a tensor that are tried. From a larger tensor this number is drawn.
const COORDINATES: usize = 150;

/// A gradient that differs from the derivative.
#[derive(Clone, PartialEq, Debug)]
pub struct Mismatch {
    /// The variable of the derivative: "input 17 of sample 2", "parameter 3".
    pub by: String,
    /// The central difference.
    pub expected: f64,
    /// The result of the backward pass.
    pub found: f64,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gradient by {}: expected {:e}, found {:e}", self.by, self.expected, self.found)
    }
}

impl std::error::Error for Mismatch {}

fn compare(by: impl FnOnce() -> String, expected: f64, found: f64) -> Result<(), Mismatch> {
    // Written so that a NaN is a mismatch.
    if (expected - found).abs() <= ABSOLUTE + RELATIVE * expected.abs() {
        return Ok(());
    }
    Err(Mismatch { by: by(), expected, found })
}

/// All coordinates below `len`, or a random choice of them.
fn coordinates(rng: &mut Generator, len: usize) -> Vec<usize> {
    if len <= COORDINATES {
        (0..len).collect()
    } else {
        (0..COORDINATES).map(|_| rng.random_range(0..len)).collect()
    }
}

/// For each parameter, whether it has a gradient. Running statistics have none.
fn trained<T: Scalar>(plan: &Plan<T>) -> Vec<bool> {
    let params = plan.steps().iter().flat_map(|step| step.op.params());
    params.flat_map(|param| std::iter::repeat_n(param.role.is_trained(), param.len())).collect()
}

fn normals(rng: &mut Generator, len: usize) -> Vec<f64> {
    (0..len).map(|_| normal(rng)).collect()
}

/// The entries of a batch of normally distributed values.
fn normal_batch(rng: &mut Generator, layout: Layout) -> Vec<Lanes<f64>> {
    let mut entries = layout.zeros();
    for i in 0..layout.samples {
        layout.set(&mut entries, i, normals(rng, layout.len).into_iter());
    }
    entries
}

/// Checks a layer, or a chain of them, in training mode: the gradients by its input and by its parameters, on
/// 18 random samples (a whole tile and a part of another) and on 3 (a narrow tile), for a random weighted sum of the
/// outputs.
///
/// # Errors
/// The first [`Mismatch`]. Parameters that are not trained have no gradient and are not checked.
///
/// ```
/// use convnet::prelude::*;
/// convnet::check::layer::<Flat<3>, _>(&Chain(Dense::<Flat<3>, Flat<2>>::new(), Softmax), 1)?;
/// # Ok::<(), convnet::check::Mismatch>(())
/// ```
pub fn layer<In: Shape, L: Layer<In, f64>>(layer: &L, seed: u64) -> Result<(), Mismatch> {
    cuts(Plan::of::<In, _>(layer), [In::LEN, L::Out::LEN], seed)
}

/// Checks a layer as a plan, with so many values in an input and in an output.
fn cuts(plan: Plan<f64>, ends: [usize; 2], seed: u64) -> Result<(), Mismatch> {
    let program = Program::new(plan);
    // Once as one group with parallel operations, once with a group for each tile.
    for (samples, groups) in [(LANES + 2, 1), (LANES + 2, 2), (3, 1)] {
        cut(&program, ends, seed, samples, groups)?;
    }
    Ok(())
}

/// Checks a layer on a number of samples in a number of groups.
fn cut(
    program: &Program<f64>,
    [input, output]: [usize; 2],
    seed: u64,
    samples: usize,
    groups: usize,
) -> Result<(), Mismatch> {
    let mut rng = random::keyed(seed, &[purpose::CHECK]);
    let mut params = normals(&mut rng, program.plan().params());
    let [inputs, outputs] = [input, output].map(|len| Layout { samples, len });
    let mut x = normal_batch(&mut rng, inputs);
    let weights = normal_batch(&mut rng, outputs);
    let weights: Vec<Lanes<f64>> = outputs.whole_tiles(&weights).flat_map(|tile| tile.into_owned()).collect();
    let keys: Vec<u64> = (0..samples).map(|_| rng.random()).collect();
    let sum = |dy: &mut [Lanes<f64>], y: &[Lanes<f64>], part: std::ops::Range<usize>| {
        let weights = &weights[part.start / LANES * output..][..y.len()];
        let mut tally = Tally::default();
        for (i, ((dy, y), w)) in dy.iter_mut().zip(y).zip(weights).enumerate() {
            let used = (part.len() - i / output * LANES).min(LANES);
            *dy = Lanes::zero();
            for lane in 0..used {
                dy.0[lane] = w.0[lane];
                tally.loss += w.0[lane] * y.0[lane];
            }
        }
        tally
    };
    let mut space = Workspace::with_input_gradient(program, samples);
    let mut dx = inputs.zeros();
    let mut run = |x: &[Lanes<f64>], params: &[f64], dx: Option<&mut [Lanes<f64>]>| {
        let (input, groups) = (Input::Batch(x), Some(groups));
        let task = Task { input, dx, params, keys: &keys, loss: &sum, groups };
        let tally = f64::compiled::<Gradient>((program, &mut space, task));
        (tally.loss, space.gradient().to_vec())
    };
    let (_, gradient) = run(&x, &params, Some(&mut dx));
    for i in coordinates(&mut rng, input * samples) {
        let (sample, entry) = (i / input, i % input);
        let place = inputs.place(sample);
        let centre: Vec<f64> = (0..input).map(|i| *place.value(&x, i)).collect();
        let mut value = |step: f64| {
            let mut moved = centre.clone();
            moved[entry] += step;
            inputs.set(&mut x, sample, moved.into_iter());
            run(&x, &params, None).0
        };
        let expected = (value(EPSILON) - value(-EPSILON)) / (2.0 * EPSILON);
        inputs.set(&mut x, sample, centre.into_iter());
        let by = || format!("input {entry} of sample {sample}");
        compare(by, expected, *place.value(&dx, entry))?;
    }
    let trained = trained(program.plan());
    for i in coordinates(&mut rng, params.len()) {
        if !trained[i] {
            continue;
        }
        let centre = params[i];
        params[i] = centre + EPSILON;
        let above = run(&x, &params, None).0;
        params[i] = centre - EPSILON;
        let below = run(&x, &params, None).0;
        params[i] = centre;
        compare(|| format!("parameter {i}"), (above - below) / (2.0 * EPSILON), gradient[i])?;
    }
    Ok(())
}

/// A layer's output and gradients for a batch: the result of [`passes`].
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Passes<In: Shape, Out: Shape, T: Scalar> {
    /// The output.
    pub y: Batch<Out, T>,
    /// The gradient by the input.
    pub dx: Batch<In, T>,
    /// The gradient by the parameters, summed over the samples. For a running average it is the batch's value instead.
    pub dparams: Vec<T>,
}

/// Runs a layer forward and backward in training mode, to compare the results with another library's. It takes
/// parameters in the order of [`Op::params`](crate::plan::Op::params), a batch `x`, and the gradient `dy` of a loss by
/// the output. The seed determines the layer's random draws.
///
/// # Panics
/// If the number of parameters is not the layer's, or the number of gradients is not the number of samples.
///
/// ```
/// use convnet::prelude::*;
/// let x = Batch::from_iter([Tensor::from([-1.0, 2.0])]);
/// let dy = Batch::from_iter([Tensor::from([10.0, 10.0])]);
/// let passes = convnet::check::passes(&LeakyRelu::new(0.25), &[], &x, &dy, 1);
/// assert_eq!(passes.y.sample(0).as_slice(), [-0.25, 2.0]);
/// assert_eq!(passes.dx.sample(0).as_slice(), [2.5, 10.0]);
/// ```
pub fn passes<In: Shape, L: Layer<In, T>, T: Scalar>(
    layer: &L,
    params: &[T],
    x: &Batch<In, T>,
    dy: &Batch<L::Out, T>,
    seed: u64,
) -> Passes<In, L::Out, T> {
    let plan = Plan::of::<In, _>(layer);
    assert_eq!(params.len(), plan.params(), "parameters of the layer");
    assert_eq!(dy.len(), x.len(), "gradients for the samples");
    let layout = Layout { samples: x.len(), len: L::Out::LEN };
    let mut passes = Passes {
        y: Batch::zeros(x.len()),
        dx: Batch::zeros(x.len()),
        dparams: vec![T::zero(); params.len()],
    };
    let Passes { y, dx, dparams } = &mut passes;
    let to = Ends { y: y.entries_mut(), dx: dx.entries_mut(), dparams };
    T::compiled::<Pass>((plan, params, [x.entries(), dy.entries()], to, layout, seed));
    passes
}

/// [`Passes`] to be written, without the types of shapes.
struct Ends<'a, T> {
    y: &'a mut [Lanes<T>],
    dx: &'a mut [Lanes<T>],
    dparams: &'a mut [T],
}

/// A plan, its parameters, \[x, dy\], what is written, the layout of the outputs, and the seed.
type PassArgs<'a, T> = (Plan<T>, &'a [T], [&'a [Lanes<T>]; 2], Ends<'a, T>, Layout, u64);

compiled! {
    /// Runs a layer forward and backward.
    Pass<'a, T>(PassArgs<'a, T>) -> () = pass
}

fn pass<T: Scalar>((plan, params, [x, dy], to, layout, seed): PassArgs<'_, T>) {
    let program = Program::new(plan);
    let Layout { samples, len } = layout;
    let keys: Vec<u64> = (0..samples as u64).map(|i| random::key(seed, &[purpose::SAMPLE, i])).collect();
    let gradients: Vec<Lanes<T>> = layout.whole_tiles(dy).flat_map(|tile| tile.into_owned()).collect();
    let outputs = Mutex::new(to.y);
    let loss = |dy: &mut [Lanes<T>], y: &[Lanes<T>], part: std::ops::Range<usize>| {
        let mut outputs = outputs.lock().unwrap_or_else(PoisonError::into_inner);
        for (i, dy) in dy.iter_mut().enumerate() {
            *dy = gradients[part.start / LANES * len + i];
            dy.0[(part.len() - i / len * LANES).min(LANES)..].fill(T::zero());
        }
        for place in part.clone() {
            let tile = &y[(place - part.start) / LANES * len..][..len];
            layout.set(&mut outputs, place, tile.iter().map(|y| y.0[place % LANES]));
        }
        Tally::default()
    };
    let mut space = Workspace::with_input_gradient(&program, samples);
    let task =
        Task { input: Input::Batch(x), dx: Some(to.dx), params, keys: &keys, loss: &loss, groups: Some(1) };
    T::compiled::<Gradient>((&program, &mut space, task));
    to.dparams.copy_from_slice(space.gradient());
}

/// Checks a loss: its gradient by the output, at random outputs, for these targets (at most 16).
///
/// # Errors
/// The first [`Mismatch`].
///
/// ```
/// use convnet::prelude::*;
/// let targets = [Class::<3>::new(2)?, Class::new(0)?];
/// convnet::check::loss::<Flat<3>, _>(&SoftmaxCrossEntropy, &targets, 1).unwrap();
/// # Ok::<(), convnet::Error>(())
/// ```
pub fn loss<Out: Shape, Y: Target>(
    loss: &impl Loss<Out, Y, f64>,
    targets: &[Y],
    seed: u64,
) -> Result<(), Mismatch> {
    let targets: Vec<&Y> = targets.iter().take(LANES).collect();
    tile(Out::LEN, &|dy, y, scale| loss.tile(dy, y, &targets, scale), seed)
}

/// [`Loss::tile`] for some targets: (gradient to write, output, scale) → sum of the losses.
type Tile<'a> = dyn Fn(Option<&mut [Lanes<f64>]>, &[Lanes<f64>], f64) -> f64 + 'a;

/// Checks a loss on a tile of outputs of `len` values.
fn tile(len: usize, loss: &Tile<'_>, seed: u64) -> Result<(), Mismatch> {
    let mut rng = random::keyed(seed, &[purpose::CHECK]);
    // Between 0.1 and 0.9, so that a loss on probabilities can be tried too.
    let mut y: Vec<Lanes<f64>> =
        (0..len).map(|_| Lanes([(); LANES].map(|()| rng.random_range(0.1..0.9)))).collect();
    let mut dy = y.clone();
    // Not 1, so that the check finds a loss that ignores it.
    let scale = 0.25;
    loss(Some(&mut dy), &y, scale);
    for entry in 0..len {
        for lane in 0..LANES {
            let centre = y[entry].0[lane];
            y[entry].0[lane] = centre + EPSILON;
            let above = scale * loss(None, &y, scale);
            y[entry].0[lane] = centre - EPSILON;
            let below = scale * loss(None, &y, scale);
            y[entry].0[lane] = centre;
            let by = || format!("output {entry} of sample {lane}");
            compare(by, (above - below) / (2.0 * EPSILON), dy[entry].0[lane])?;
        }
    }
    Ok(())
}

/// Checks a whole network with its loss: the derivative of the mean loss along one random direction of all
/// parameters at once.
///
/// # Errors
/// A [`Mismatch`].
///
/// # Panics
/// If the number of targets is not the number of inputs.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::model::LeNet5;
/// let net = LeNet5::<f64>::new(3);
/// let batch = Batch::from_iter([Tensor::from_fn(|i| (i % 7) as f64 - 3.0)]);
/// convnet::check::network(&net, &SoftmaxCrossEntropy, &batch, &[Class::new(4)?], 1).unwrap();
/// # Ok::<(), convnet::Error>(())
/// ```
pub fn network<N: Network<Scalar = f64>, Y: Target>(
    network: &N,
    loss: &impl Loss<N::Output, Y, f64>,
    inputs: &Batch<N::Input, f64>,
    targets: &[Y],
    seed: u64,
) -> Result<(), Mismatch> {
    assert_eq!(targets.len(), inputs.len(), "one target for each input");
    let targets: Vec<&Y> = targets.iter().collect();
    let scale = 1.0 / inputs.len() as f64;
    let loss: &LossOf<'_, f64> =
        &|dy, y, samples| tally_tiles::<N::Output, Y, f64>(loss, Some(dy), y, &targets[samples], scale);
    let model = network.model();
    direction(model.program(), model.params(), inputs.entries(), inputs.len(), loss, seed)
}

/// Checks a network with its loss along one random direction of all parameters.
fn direction(
    program: &Program<f64>,
    params: &[f64],
    inputs: &[Lanes<f64>],
    samples: usize,
    loss: &LossOf<'_, f64>,
    seed: u64,
) -> Result<(), Mismatch> {
    let mut rng = random::keyed(seed, &[purpose::CHECK]);
    let keys: Vec<u64> = (0..samples).map(|_| rng.random()).collect();
    let scale = 1.0 / samples as f64;
    let mut direction = normals(&mut rng, params.len());
    direction
        .iter_mut()
        .zip(trained(program.plan()))
        .filter(|(_, trained)| !trained)
        .for_each(|(d, _)| *d = 0.0);
    let length = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
    direction.iter_mut().for_each(|d| *d /= length);

    let mut space = Workspace::new(program, samples);
    let mut run = |params: &[f64]| {
        let input = Input::Batch(inputs);
        let task = Task { input, dx: None, params, keys: &keys, loss, groups: None };
        let tally = f64::compiled::<Gradient>((program, &mut space, task));
        (tally.loss * scale, space.gradient().iter().zip(&direction).map(|(g, d)| g * d).sum::<f64>())
    };
    let (_, found) = run(params);
    let mut value = |step: f64| {
        let moved: Vec<f64> = params.iter().zip(&direction).map(|(p, d)| p + step * d).collect();
        run(&moved).0
    };
    let expected = (value(EPSILON) - value(-EPSILON)) / (2.0 * EPSILON);
    compare(|| "a random direction of all parameters".into(), expected, found)
}
