//! What dropout drops: its rate, by the key, in training alone.

use crate::kernel::Exec;
use crate::plan::{Forward, Inputs, Mode, Pass, Plan};
use crate::prelude::*;
use crate::tensor::{LANES, Lanes};

/// Values of one sample; with 16 samples, 100,000 units.
const LEN: usize = 6250;
const UNITS: f64 = (LEN * LANES) as f64;

/// What a dropout layer makes of `x` for the samples with these keys, as layer number `layer`.
fn drawn(rate: f64, x: &[Lanes<f32>], keys: &[u64], layer: usize, mode: Mode) -> Vec<Lanes<f32>> {
    let plan = Plan::<f32>::of::<Flat<LEN>, _>(&Dropout::new(rate));
    let mut y = vec![Lanes::splat(f32::NAN); LEN];
    let pass = Pass::new(mode, Exec::new(false), layer, keys);
    let xs = Inputs::one(x);
    plan.steps()[0].op.forward(Forward {
        y: &mut y,
        x,
        xs,
        params: &[],
        scratch: &mut [],
        scale: None,
        plus: None,
        rectifier: None,
        pass,
    });
    y
}

fn keys(seed: u64) -> Vec<u64> {
    (0..LANES as u64).map(|sample| 1000 * seed + sample).collect()
}

#[test]
fn the_mean_is_kept_and_the_rate_is_dropped() {
    let x: Vec<_> = (0..LEN).map(|i| Lanes([1.0 + (i % 5) as f32 / 4.0; LANES])).collect();
    let mean = |values: &[Lanes<f32>]| values.iter().flat_map(|v| v.0).map(f64::from).sum::<f64>() / UNITS;
    for rate in [0.1, 0.3, 0.5] {
        for seed in 1..=5 {
            let y = drawn(rate, &x, &keys(seed), 0, Mode::Train);
            let quotient = mean(&y) / mean(&x);
            assert!((quotient - 1.0).abs() < 0.01, "rate {rate}, seed {seed}: {quotient}");
            let zeros = y.iter().flat_map(|y| y.0).filter(|&y| y == 0.0).count() as f64 / UNITS;
            // Five standard deviations of a binomial share.
            let tolerance = 5.0 * (rate * (1.0 - rate) / UNITS).sqrt();
            assert!((zeros - rate).abs() < tolerance, "rate {rate}, seed {seed}: {zeros}");
            let scale = (1.0 / (1.0 - rate)) as f32;
            let pairs = y.iter().flat_map(|y| y.0).zip(x.iter().flat_map(|x| x.0));
            assert!(pairs.into_iter().all(|(y, x)| y == 0.0 || y == x * scale), "rate {rate}, seed {seed}");
        }
    }
}

#[test]
fn draws_are_keyed_by_sample_and_layer() {
    let x = vec![Lanes::splat(1.0); LEN];
    let y = drawn(0.3, &x, &keys(1), 0, Mode::Train);
    assert_eq!(drawn(0.3, &x, &keys(1), 0, Mode::Train), y, "the same keys draw the same");
    assert_ne!(drawn(0.3, &x, &keys(1), 1, Mode::Train), y, "another layer draws otherwise");
    let of_lane = |lane: usize| y.iter().map(|y| y.0[lane]).collect::<Vec<_>>();
    assert_ne!(of_lane(0), of_lane(1), "another sample draws otherwise");
}

/// Also of what no arithmetic would leave as it is.
#[test]
fn inference_changes_no_bit() {
    let odd =
        [-0.0, 0.1, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE / 3.0, -1e30, f32::from_bits(0xFFC0_1234)];
    let x: Vec<_> = (0..LEN).map(|i| Lanes(std::array::from_fn(|l| odd[(i + l) % odd.len()]))).collect();
    let bits = |values: &[Lanes<f32>]| values.iter().flat_map(|v| v.0.map(f32::to_bits)).collect::<Vec<_>>();
    for rate in [0.0, 0.5, 0.9] {
        assert_eq!(bits(&drawn(rate, &x, &[], 0, Mode::Infer)), bits(&x), "rate {rate}");
    }

    // In a network, where the operation need not run: first, between others and last.
    network! {
        struct Thinned: Flat<4> => Flat<3> {
            first: Dropout { rate: 0.5 },
            fc: Dense { units: 3 },
            second: Dropout { rate: 0.5 },
            tanh: Tanh,
            third: Dropout { rate: 0.5 },
        }
    }
    network! {
        struct Whole: Flat<4> => Flat<3> {
            fc: Dense { units: 3 },
            tanh: Tanh,
        }
    }
    let (thinned, mut whole) = (Thinned::new(3), Whole::new(4));
    whole.model_mut().params_mut().copy_from_slice(thinned.model().params());
    for samples in [1, 3, 16, 40] {
        let x: Batch<Flat<4>> =
            (0..samples).map(|n| Tensor::from_fn(|i| (n * 4 + i) as f32 / 9.0 - 1.0)).collect();
        let [with, without] = [thinned.infer(&x), whole.infer(&x)];
        assert_eq!(bits(with.entries()), bits(without.entries()), "{samples} samples");
    }
}
