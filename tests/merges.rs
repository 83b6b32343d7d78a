//! Sums, products and channels one after the other, in networks whose values several layers read.

mod tangle;

use convnet::check;
use convnet::layer::Merge;
use convnet::plan::Plan;
use convnet::prelude::*;
use tangle::{First, Input, Tangle};

/// What every merge gives is what its inputs say, and inference, which reuses memory, gives what a pass does that keeps
/// every value.
#[test]
fn merges_and_reused_memory() {
    let net = Sequential::<Input, Tangle, f64>::new(3);
    let sample = Tensor::<Input, f64>::from_fn(|i| ((i * 7) % 11) as f64 / 5.0 - 1.0);
    let layers = net.activations(&sample);
    let of = |value: usize| match value {
        0 => sample.as_slice(),
        _ => &layers[value - 1].values[..],
    };
    let mut kinds = Vec::new();
    for step in net.model().plan().steps().iter().filter(|step| step.inputs.len() > 1) {
        let inputs: Vec<&[f64]> = step.inputs.iter().map(|input| of(*input)).collect();
        let output = of(step.output);
        let at = |input: &[f64], i: usize| input[if input.len() == output.len() { i } else { i / 30 }];
        let expected: Vec<f64> = match step.op.describe().as_str() {
            "Add" => (0..output.len()).map(|i| inputs.iter().map(|x| x[i]).fold(0.0, |a, b| a + b)).collect(),
            "Concat" => inputs.concat(),
            "Multiply" => (0..output.len()).map(|i| at(inputs[0], i) * at(inputs[1], i)).collect(),
            other => panic!("{other}"),
        };
        assert_eq!(output, expected, "{}", step.op.describe());
        kinds.push(step.op.describe());
    }
    assert_eq!(kinds.join(" "), "Add Add Multiply Concat Multiply Add");

    let last = &layers.last().unwrap().values;
    for samples in [1, 2, 3, 5, 8, 16, 17, 40] {
        let output = net.infer(&(0..samples).map(|_| &sample).collect());
        for i in 0..samples {
            assert_eq!(output.sample(i).as_slice(), last, "sample {i} of {samples}");
        }
    }
}

network! {
    /// Concatenations whose parts can be written where the whole lies, one inside another, and some whose parts cannot: a part
    /// of two of them, the network's input, one that would begin inside a vector, and one that is the network's output. Maps of
    /// 5×6 leave so much over after whole columns that each number is the same sum for any number of samples.
    struct Joined: Chw<16, 5, 6> => Chw<100, 5, 6> {
        a: Conv2d { filters: 16, kernel: 1 },
        b: Conv2d(a) { filters: 32, kernel: 5, padding: 2 },
        ab: Concat(a, b),
        relu: Relu(ab),
        c: Conv2d { filters: 3, kernel: 5, padding: 2 },
        abc: Concat(ab, c),
        d: Conv2d(abc) { filters: 16, kernel: 5, padding: 2 },
        bare: Concat(d, input),
        odd: Concat(c, d),
        e: Conv2d(odd) { filters: 32, kernel: 1 },
        f: Conv2d(bare) { filters: 16, kernel: 5, padding: 2 },
        // Read when the whole around it has no more readers.
        g: Conv2d(ab) { filters: 1, kernel: 1 },
        ef: Concat(e, f, g),
        one: Conv2d(ef) { filters: 1, kernel: 1 },
        more: Conv2d(ef) { filters: 51, kernel: 1 },
        h: Concat(one, more),
        last: Concat(h, ab),
    }
}

network! {
    /// So many parameters that several tiles would run through it at once.
    struct Large: Chw<16, 5, 6> => Chw<512, 5, 6> {
        a: Conv2d { filters: 16, kernel: 1 },
        b: Conv2d(a) { filters: 32, kernel: 5, padding: 2 },
        ab: Concat(a, b),
        c: Conv2d { filters: 512, kernel: 5, padding: 2 },
    }
}
const _: () = assert!(Large::PARAMS > 1 << 19);

/// In inference parts are written where their concatenation lies, for any number of samples.
#[test]
fn parts_of_concatenations() {
    fn check<N: Network<Input = Chw<16, 5, 6>, Scalar = f64>>(name: &str, all: &[usize]) {
        let net = N::new(5);
        let sample =
            |n: usize| Tensor::<Chw<16, 5, 6>, f64>::from_fn(|i| ((i * 7 + n * 5) % 11) as f64 / 5.0 - 1.0);
        for &samples in all {
            let output = net.infer(&(0..samples).map(sample).collect());
            for n in (0..samples).step_by(3) {
                let layers = net.activations(&sample(n));
                let same = *output.sample(n).as_slice() == layers.last().unwrap().values;
                assert!(same, "{name}: sample {n} of {samples}");
            }
        }
    }
    check::<Joined<f64>>("Joined", &[1, 2, 3, 8, 16, 17, 40, 100]);
    check::<Large<f64>>("Large", &[8, 40]);
}

/// A training step gives the same bits on any number of threads.
#[test]
fn threads() {
    let samples: Vec<_> =
        (0..40).map(|n| Tensor::<Input>::from_fn(|i| ((i * 5 + n) % 13) as f32 / 6.0 - 1.0)).collect();
    let gradient = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let ones = Batch::from_iter((0..40).map(|_| Tensor::<Chw<15, 6, 5>>::from_fn(|_| 1.0)));
            let params: Vec<f32> =
                (0..Sequential::<Input, Tangle>::PARAMS + 8).map(|i| (i % 7) as f32 / 7.0 - 0.3).collect();
            let passes = check::passes(&Tangle, &params, &Batch::from_iter(&samples), &ones, 1);
            (passes.y, passes.dx, passes.dparams)
        })
    };
    let one = gradient(1);
    for threads in [2, 3, 5] {
        let many = gradient(threads);
        assert_eq!(one.2, many.2, "{threads} threads");
        for i in 0..40 {
            assert_eq!(one.0.sample(i), many.0.sample(i));
            assert_eq!(one.1.sample(i), many.1.sample(i));
        }
    }
}

/// Two convolutions of the input, of which the network gives the second.
#[derive(Clone, Copy, Default)]
struct Lost;

impl<T: Scalar> Layer<Input, T> for Lost {
    type Out = Chw<4, 6, 5>;
    const PARAMS: usize = 2 * (27 + 1) * 4;

    fn add_to(&self, plan: &mut Plan<T>) {
        First::new().add_to(plan);
        plan.read(0);
        First::new().add_to(plan);
    }
}

/// `network!` refuses a value that nothing reads; a plan made by hand is refused when the network is made.
#[test]
fn a_value_that_nothing_reads_is_refused() {
    let refused = std::panic::catch_unwind(|| Sequential::<Input, Lost>::new(1)).unwrap_err();
    let message = refused.downcast::<String>().unwrap();
    assert_eq!(*message, "nothing reads the output of `0`, and it is not the network's output");
}

#[test]
fn misfits_are_told() {
    let refused = |merge: Merge, inputs: &'static [usize]| {
        let refused = std::panic::catch_unwind(move || {
            let mut plan = Plan::<f32>::of::<Input, _>(&Chain(First::new(), GlobalAvgPool));
            plan.merge(merge, inputs);
        });
        *refused.unwrap_err().downcast::<String>().unwrap()
    };
    assert_eq!(
        refused(Merge::Add, &[0, 1]),
        "Add: `value` is 3x6x5, `value` is 4x6x5; a sum takes equal shapes"
    );
    assert_eq!(
        refused(Merge::Concat, &[0, 2]),
        "Concat: `value` is 3x6x5, `value` is 4; only the numbers of channels may differ"
    );
    assert_eq!(
        refused(Merge::Multiply, &[0, 2]),
        "Multiply: `value` is 3x6x5, `value` is 4; a product takes equal shapes, or one number for each channel"
    );
}
