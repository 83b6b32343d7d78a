//! Optimisers and schedules against PyTorch's (`golden/make_optimizers.py` made the file), penalties and limits.

use std::sync::{Arc, Mutex};

use convnet::error::Error;
use convnet::model::LeNet5;
use convnet::optim::{Optimizer, ScheduleState, Update};
use convnet::plan::Role;
use convnet::prelude::*;
use convnet::train::Progress;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/optimizers.json")).unwrap()
}

fn f64s(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// Takes PyTorch's steps, with each parameter several times so that there are whole vectors and a rest.
fn steps_as_pytorch<T: Scalar>(name: &str, optimizer: &impl Optimizer, role: Role, tolerance: f64) {
    const TIMES: usize = 19;
    let golden = golden();
    let repeat = |values: &Value| f64s(values).repeat(TIMES).into_iter().map(T::of).collect::<Vec<T>>();
    let mut params = repeat(&golden["start"]);
    let mut state = vec![T::zero(); optimizer.state_per_param() * params.len()];
    let kept = f64s(&golden["kept"]);
    let mut expected = golden["optimizers"][name].as_array().unwrap().iter();
    optimizer.check().unwrap();
    for (step, gradient) in (1..).zip(golden["gradients"].as_array().unwrap()) {
        let (params, gradient, state) = (&mut params, &repeat(gradient), &mut state);
        let mut update = Update::new(params, gradient, state, step);
        update.role = role;
        optimizer.step(update);
        if !kept.contains(&(step as f64)) {
            continue;
        }
        for (i, (found, expected)) in params.iter().zip(repeat(expected.next().unwrap())).enumerate() {
            let (found, expected) = (found.as_f64(), expected.as_f64());
            assert!((found - expected).abs() <= tolerance, "{name}, {step}, {i}: {found} for {expected}");
        }
    }
    assert!(expected.next().is_none(), "{name}: as many steps as in the file");
}

fn as_pytorch(name: &str, optimizer: impl Optimizer, role: Role) {
    steps_as_pytorch::<f64>(name, &optimizer, role, 1e-12);
    steps_as_pytorch::<f32>(name, &optimizer, role, 1e-5);
}

#[test]
fn sgd_steps_as_pytorch() {
    as_pytorch("sgd", Sgd::new(0.1), Role::Weight);
    as_pytorch("sgd_momentum", Sgd::new(0.05).momentum(0.9), Role::Weight);
    as_pytorch("sgd_nesterov", Sgd::new(0.05).momentum(0.8).nesterov(true), Role::Weight);
}

#[test]
fn adagrad_steps_as_pytorch() {
    as_pytorch("adagrad", Adagrad::new(0.01), Role::Weight);
    as_pytorch("adagrad_epsilon", Adagrad::new(0.3).epsilon(0.1), Role::Weight);
}

#[test]
fn rms_prop_steps_as_pytorch() {
    as_pytorch("rms_prop", RmsProp::new(0.01), Role::Weight);
    as_pytorch("rms_prop_momentum", RmsProp::new(0.02).alpha(0.9).momentum(0.9), Role::Weight);
    let centered = RmsProp::new(0.02).alpha(0.8).epsilon(0.01).centered(true);
    as_pytorch("rms_prop_centered", centered, Role::Weight);
    as_pytorch("rms_prop_both", RmsProp::new(0.01).momentum(0.5).centered(true), Role::Bias);
}

#[test]
fn adam_steps_as_pytorch() {
    as_pytorch("adam", Adam::new(0.001), Role::Weight);
    as_pytorch("adam_betas", Adam::new(0.1).betas(0.5, 0.8).epsilon(0.01), Role::Bias);
    as_pytorch("adam_w", AdamW::new(0.05).weight_decay(0.5), Role::Weight);
    as_pytorch("adam_w_default", AdamW::new(0.01), Role::Weight);
    as_pytorch("adam_w_bias", AdamW::new(0.05).weight_decay(0.5), Role::Bias);
}

/// Half the factor of twice the rate is the same step, the weight decay's too.
#[test]
fn the_factor_is_one_of_the_learning_rate() {
    fn check(optimizer: [impl Optimizer; 2]) {
        let [one, half] = [(0, 1.0), (1, 0.5)].map(|(which, factor)| {
            let (mut params, mut state) = ([1.5, -0.3], vec![0.0; 2 * optimizer[which].state_per_param()]);
            for step in 1..=3 {
                let (params, gradient, state) = (&mut params, &[0.7, -0.1], &mut state);
                let mut update = Update::new(params, gradient, state, step);
                update.factor = factor;
                optimizer[which].step(update);
            }
            params
        });
        assert_eq!(one, half);
        assert_ne!(one, [1.5, -0.3]);
    }
    check([0.1, 0.2].map(Sgd::new));
    check([0.1, 0.2].map(|rate| Sgd::new(rate).momentum(0.9)));
    check([0.1, 0.2].map(|rate| Sgd::new(rate).momentum(0.9).nesterov(true)));
    check([0.1, 0.2].map(Adagrad::new));
    check([0.1, 0.2].map(RmsProp::new));
    check([0.1, 0.2].map(Adam::new));
    check([0.1, 0.2].map(AdamW::new));
}

/// A gradient that never changes has no variance: what rounding leaves of it has no root.
#[test]
fn centred_rms_prop_stands_a_constant_gradient() {
    let optimizer = RmsProp::new(1e-12).alpha(0.5).centered(true);
    let (mut params, mut state) = ([0.0_f32; 8], [0.0; 16]);
    let gradient = [0.1, 0.3, 0.7, 1.1, 1.3, 1.7, 1.9, 2.3];
    for step in 1..=200 {
        let (params, gradient, state) = (&mut params, &gradient, &mut state);
        optimizer.step(Update::new(params, gradient, state, step));
    }
    assert!(params.iter().all(|p| p.is_finite() && *p < 0.0), "{params:?}");
}

#[track_caller]
fn refused(result: Result<impl Sized, Error>, message: &str) {
    match result {
        Ok(_) => panic!("expected the error {message:?}"),
        Err(error) => assert_eq!(error.to_string(), message),
    }
}

#[test]
fn bad_settings_of_optimizers_are_refused() {
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let message = format!("learning rate: expected a finite number above 0, found {rate}");
        refused(Sgd::new(rate).check(), &message);
        refused(Adagrad::new(rate).check(), &message);
        refused(RmsProp::new(rate).check(), &message);
        refused(Adam::new(rate).check(), &message);
        refused(AdamW::new(rate).check(), &message);
    }
    for share in [-0.1, 1.0, f64::NAN] {
        let message = |name| format!("{name}: expected at least 0 and less than 1, found {share}");
        refused(Sgd::new(0.1).momentum(share).check(), &message("momentum"));
        refused(RmsProp::new(0.1).momentum(share).check(), &message("momentum"));
        refused(RmsProp::new(0.1).alpha(share).check(), &message("alpha"));
        refused(Adam::new(0.1).betas(share, 0.9).check(), &message("beta 1"));
        refused(AdamW::new(0.1).betas(0.9, share).check(), &message("beta 2"));
    }
    let message = "epsilon: expected a finite number above 0, found 0";
    refused(Adagrad::new(0.1).epsilon(0.0).check(), message);
    refused(RmsProp::new(0.1).epsilon(0.0).check(), message);
    refused(Adam::new(0.1).epsilon(0.0).check(), message);
    refused(AdamW::new(0.1).epsilon(0.0).check(), message);
    let message = "momentum: expected more than 0 with Nesterov's, found 0";
    refused(Sgd::new(0.1).nesterov(true).check(), message);
    let message = "weight decay: expected a finite number of at least 0, found -1";
    refused(AdamW::new(0.1).weight_decay(-1.0).check(), message);
}

const ONE_CYCLE: Schedule = Schedule::OneCycle { pct_start: 0.3, div_factor: 25.0, final_div_factor: 1e4 };

#[test]
fn schedules_are_as_pytorchs() {
    let golden = golden();
    let (epochs, steps_per_epoch) =
        (golden["epochs"].as_u64().unwrap(), golden["steps_per_epoch"].as_u64().unwrap());
    let losses = f64s(&golden["losses"]);
    let check = |name: &str, schedule: Schedule| {
        schedule.check().unwrap();
        let expected = f64s(&golden["schedules"][name]);
        assert_eq!(expected.len() as u64, epochs * steps_per_epoch);
        for (step, expected) in (0..).zip(expected) {
            let losses = &losses[..(step / steps_per_epoch) as usize];
            let mut at = ScheduleState::new(step, epochs * steps_per_epoch, steps_per_epoch);
            at.losses = losses;
            let found = schedule.factor(&at);
            assert!((found - expected).abs() < 1e-12, "{name}, step {step}: {found} for {expected}");
        }
    };
    check("step", Schedule::Step { every: 3, gamma: 0.5 });
    check("exponential", Schedule::Exponential { gamma: 0.9 });
    check("cosine", Schedule::Cosine);
    check("one_cycle", ONE_CYCLE);
    let settings = Schedule::OneCycle { pct_start: 0.47, div_factor: 4.0, final_div_factor: 100.0 };
    check("one_cycle_settings", settings);
    check("plateau", Schedule::Plateau { factor: 0.3, patience: 2, threshold: 1e-4 });
    check("plateau_threshold", Schedule::Plateau { factor: 0.5, patience: 0, threshold: 0.2 });
}

#[test]
fn a_schedule_of_the_shortest_run_is_finite() {
    let all = ["constant", "step", "exponential", "cosine", "one-cycle", "plateau"];
    for schedule in all.map(|name| name.parse::<Schedule>().unwrap()) {
        for steps in 1..=20 {
            for step in 0..steps {
                let factor = schedule.factor(&ScheduleState::new(step, steps, 1));
                assert!((0.0..=1.0).contains(&factor), "{schedule:?}, step {step} of {steps}: {factor}");
            }
        }
    }
}

#[test]
fn schedules_have_names() {
    let parse = |name: &str| name.parse::<Schedule>();
    assert_eq!(parse("constant").unwrap(), Schedule::Constant);
    assert_eq!(parse("step").unwrap(), Schedule::Step { every: 10, gamma: 0.1 });
    assert_eq!(parse("exponential").unwrap(), Schedule::Exponential { gamma: 0.9 });
    assert_eq!(parse("cosine").unwrap(), Schedule::Cosine);
    assert_eq!(parse("one-cycle").unwrap(), ONE_CYCLE);
    let plateau = Schedule::Plateau { factor: 0.1, patience: 10, threshold: 1e-4 };
    assert_eq!(parse("plateau").unwrap(), plateau);
    let names = "constant, step, exponential, cosine, one-cycle, plateau";
    refused(parse("Cosine"), &format!("schedule: expected one of {names}, found Cosine"));
}

/// Changes nothing, and writes down the steps and their factors.
#[derive(Clone, Default, Debug)]
struct Recorder(Arc<Mutex<Vec<(u64, f64)>>>);

impl Optimizer for Recorder {
    fn name(&self) -> String {
        "Recorder".into()
    }
    fn state_per_param(&self) -> usize {
        0
    }
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
    fn step<T: Scalar>(&self, Update { factor, step, .. }: Update<'_, T>) {
        let mut seen = self.0.lock().unwrap();
        if seen.last() != Some(&(step, factor)) {
            seen.push((step, factor));
        }
    }
}

network! {
    struct Linear: Flat<6> => Flat<3> {
        fc: Dense { units: 3 },
    }
}

type Points = Dataset<Flat<6>, Tensor<Flat<3>>>;

fn points(count: usize) -> Points {
    let point = |n| (Tensor::from_fn(|i| ((n + 3 * i) % 7) as f32 / 7.0), Tensor::from_fn(|i| i as f32));
    (0..count).map(point).collect()
}

fn linear<O: Optimizer>(optimizer: O) -> Trainer<Linear, MeanSquaredError, O> {
    Trainer::new(Linear::new(1), MeanSquaredError, optimizer).progress(Progress::Silent).batch_size(4)
}

/// The factors of a run of a schedule.
fn factors(
    setup: impl Fn(Trainer<Linear, MeanSquaredError, Recorder>) -> Trainer<Linear, MeanSquaredError, Recorder>,
) -> Vec<f64> {
    let recorder = Recorder::default();
    let data = points(18);
    setup(linear(recorder.clone())).fit(&data, &data).unwrap();
    let seen = recorder.0.lock().unwrap();
    assert!(seen.iter().map(|(step, _)| *step).eq(1..=seen.len() as u64));
    seen.iter().map(|(_, factor)| *factor).collect()
}

#[test]
fn a_run_follows_its_schedule_after_its_warm_up() {
    let golden = golden();
    for (name, warm_up) in [("warm_cosine", 1.5), ("cosine", 0.0)] {
        let found = factors(|trainer| trainer.epochs(12).schedule(Schedule::Cosine).warm_up(warm_up));
        let expected = f64s(&golden["schedules"][name]);
        assert_eq!(found.len(), expected.len());
        for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!((found - expected).abs() < 1e-12, "{name}, step {step}: {found} for {expected}");
        }
    }
}

/// A loss that never changes is best in the first epoch, and on a plateau after two more. The epochs of a warm-up
/// do not count.
#[test]
fn a_run_looks_at_its_losses() {
    let schedule = Schedule::Plateau { factor: 0.5, patience: 1, threshold: 0.0 };
    let found = factors(|trainer| trainer.epochs(6).schedule(schedule));
    let expected: Vec<f64> = [1.0, 1.0, 1.0, 0.5, 0.5, 0.25].iter().flat_map(|factor| [*factor; 5]).collect();
    assert_eq!(found, expected);
    let warm = factors(|trainer| trainer.epochs(7).schedule(schedule).warm_up(1.0));
    assert_eq!(warm[5..], expected);
    assert!((0..5).all(|step| warm[step] == (step + 1) as f64 / 6.0), "{warm:?}");
}

#[test]
fn the_count_of_steps_goes_on_from_fit_to_fit() {
    let (recorder, data) = (Recorder::default(), points(18));
    let mut trainer = linear(recorder.clone()).epochs(2);
    trainer.fit(&data, None).unwrap();
    trainer.fit(&data, None).unwrap();
    assert!(recorder.0.lock().unwrap().iter().map(|(step, _)| *step).eq(1..=20));

    let run = |fits: usize, epochs: usize| {
        let mut trainer = linear(Adam::new(0.1)).epochs(epochs).shuffle(false);
        (0..fits).for_each(|_| drop(trainer.fit(&data, None).unwrap()));
        trainer.into_network().model().params().to_vec()
    };
    assert_eq!(run(2, 1), run(1, 2));
    assert_ne!(run(1, 1), run(1, 2));
}

#[test]
fn a_full_batch_is_one_step_an_epoch() {
    let (recorder, data) = (Recorder::default(), points(18));
    linear(recorder.clone()).epochs(3).full_batch().fit(&data, None).unwrap();
    assert_eq!(recorder.0.lock().unwrap().len(), 3);
    let mut descent = linear(Sgd::new(0.1)).epochs(50).full_batch();
    let losses: Vec<f64> = descent.fit(&data, None).unwrap().epochs.iter().map(|e| e.train.loss).collect();
    assert!(losses.is_sorted_by(|a, b| a > b), "gradient descent goes down: {losses:?}");
}

/// Inputs of zero and biases that are the targets: the gradient of the loss is zero, and what is left is the
/// penalties'.
#[test]
fn penalties_join_the_gradient_of_weights_alone() {
    let inputs: Batch<Flat<6>, f64> = (0..5).map(|_| Tensor::zeros()).collect();
    let targets: Vec<Tensor<Flat<3>, f64>> = (0..5).map(|_| Tensor::from([1.0, 2.0, 3.0])).collect();
    let mut net = Linear::<f64>::new(1);
    *net.layers_mut().fc().bias() = [1.0, 2.0, 3.0];
    net.layers_mut().fc().weight()[1][2] = 0.0;
    let before = net.model().params().to_vec();
    let check = |l1: f64, l2: f64| {
        let mut trainer = Trainer::new(net.clone(), MeanSquaredError, Sgd::new(0.5)).l1(l1).l2(l2);
        assert_eq!(trainer.train_step(&inputs, &targets, 0).unwrap(), 0.0, "the loss of the data alone");
        let gradient = trainer.gradient();
        for (i, (&found, &w)) in gradient.iter().zip(&before).enumerate() {
            let sign = if w == 0.0 { 0.0 } else { w.signum() };
            assert_eq!(found, if i < 18 { l2 * w + l1 * sign } else { 0.0 }, "{i}");
        }
        let after = trainer.network().model().params();
        assert!(after.iter().zip(&before).zip(gradient).all(|((after, p), g)| *after == p - 0.5 * g));
    };
    check(0.0, 0.0);
    check(0.0, 0.3);
    check(0.7, 0.0);
    check(0.7, 0.3);
}

/// Some digits.
fn digits(count: usize) -> (Batch<Chw<1, 28, 28>>, Vec<Class<10>>) {
    let data = Mnist::load_from("assets/mnist").unwrap().train.subset(0..count);
    ((0..count).map(|i| data.sample(i)).collect(), (0..count).map(|i| *data.target(i)).collect())
}

/// The norm of all values.
fn norm(values: &[f32]) -> f64 {
    values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt()
}

#[track_caller]
fn assert_close(found: &[f32], expected: impl Iterator<Item = f64>) {
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (f64::from(*found) - expected).abs();
        assert!(difference <= 1e-6 * expected.abs() + 1e-9, "{i}: {found} for {expected}");
    }
}

#[test]
fn gradients_are_clipped_before_the_step() {
    type Lenet = Trainer<LeNet5, SoftmaxCrossEntropy, Sgd>;
    let (inputs, targets) = digits(20);
    let net = LeNet5::new(1);
    let before = net.model().params().to_vec();
    let run = |setup: fn(Lenet) -> Lenet| {
        let mut trainer = setup(Trainer::new(net.clone(), SoftmaxCrossEntropy, Sgd::new(0.5)));
        let loss = trainer.train_step(&inputs, &targets, 0).unwrap();
        let gradient = trainer.gradient().to_vec();
        let after = trainer.network().model().params();
        let stepped = after.iter().zip(&before).zip(&gradient).all(|((after, p), g)| *after == p - 0.5 * g);
        assert!(stepped, "the step is along the gradient that the trainer shows");
        (loss, gradient)
    };
    let (loss, plain) = run(|trainer| trainer);
    let length = norm(&plain);
    assert!(length > 0.2 && plain.iter().any(|g| g.abs() > 0.01), "{length}");

    assert_eq!(
        run(|trainer| trainer.clip_grad_norm(1e3).clip_grad_value(1e3)),
        (loss, plain.clone()),
        "within limits"
    );

    let (same, clipped) = run(|trainer| trainer.clip_grad_norm(0.1));
    assert_eq!(same, loss);
    assert_close(&clipped, plain.iter().map(|g| f64::from(*g) * 0.1 / (length + 1e-6)));

    let (_, clipped) = run(|trainer| trainer.clip_grad_value(0.01));
    assert!(clipped.iter().zip(&plain).all(|(found, g)| *found == g.clamp(-0.01, 0.01)));

    // By value, and then by norm.
    let shorter = norm(&clipped);
    let (_, both) = run(|trainer| trainer.clip_grad_norm(0.1).clip_grad_value(0.01));
    assert_close(&both, clipped.iter().map(|g| f64::from(*g) * 0.1 / (shorter + 1e-6)));

    // Penalties are clipped too, and the loss is that of the data.
    let (same, penalised) = run(|trainer| trainer.l1(0.1).l2(1.0));
    assert_eq!(same, loss);
    let longer = norm(&penalised);
    assert!(longer > length);
    let (_, clipped) = run(|trainer| trainer.l1(0.1).l2(1.0).clip_grad_norm(0.1));
    assert_close(&clipped, penalised.iter().map(|g| f64::from(*g) * 0.1 / (longer + 1e-6)));
}

network! {
    /// With more weights to a unit than are updated at a time.
    struct Long: Chw<1, 28, 28> => Flat<10> {
        conv: Conv2d { filters: 20, kernel: 5 },
        flatten: Flatten,
        fc: Dense { units: 10 },
    }
}

fn norms_stay_small<N: Network<Input = Chw<1, 28, 28>, Output = Flat<10>, Scalar = f32>>(limit: f64) {
    let (inputs, targets) = digits(20);
    let trainer = || Trainer::new(N::new(3), SoftmaxCrossEntropy, Sgd::new(0.1).momentum(0.9));
    let (mut free, mut held) = (trainer(), trainer().max_norm(limit));
    free.train_step(&inputs, &targets, 0).unwrap();
    held.train_step(&inputs, &targets, 0).unwrap();
    let (mut kept, mut scaled) = (0, 0);
    let params = held.network().model().named_params();
    for ((name, param, values), (_, _, free)) in params.zip(free.network().model().named_params()) {
        if param.role == Role::Bias {
            assert_eq!(values, free, "{name}");
            continue;
        }
        let row = param.len() / param.shape[0];
        for (values, free) in values.chunks(row).zip(free.chunks(row)) {
            let length = norm(free);
            if length <= limit {
                assert_eq!(values, free, "{name}");
                kept += 1;
            } else {
                assert_close(values, free.iter().map(|w| f64::from(*w) * limit / length));
                scaled += 1;
            }
        }
    }
    assert!(kept > 0 && scaled > 0, "{kept} rows within the limit, {scaled} beyond");
    for step in 1..4 {
        held.train_step(&inputs, &targets, step).unwrap();
        for (name, param, values) in held.network().model().named_params() {
            let mut rows = values.chunks(param.len() / param.shape[0]);
            let small = rows.all(|row| norm(row) <= limit * (1.0 + 1e-6));
            assert!(param.role == Role::Bias || small, "{name} after step {step}");
        }
    }
}

#[test]
fn weights_of_a_unit_stay_within_their_norm() {
    norms_stay_small::<LeNet5>(1.2);
    norms_stay_small::<Long>(1.5);
}

#[test]
fn bad_settings_of_the_trainer_are_refused() {
    let new = || linear(Sgd::new(0.1)).epochs(3);
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let negative = |name| format!("{name}: expected a finite number of at least 0, found {bad}");
        refused(new().l1(bad).check(), &negative("l1"));
        refused(new().l2(bad).check(), &negative("l2"));
        let warm_up = format!("warm-up: expected at least 0 and less than the 3 epochs, found {bad}");
        refused(new().warm_up(bad).check(), &warm_up);
    }
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let limit = |name| format!("{name}: expected a finite number above 0, found {bad}");
        refused(new().max_norm(bad).check(), &limit("max norm"));
        refused(new().clip_grad_norm(bad).check(), &limit("clip_grad_norm"));
        refused(new().clip_grad_value(bad).check(), &limit("clip_grad_value"));
        let gamma = Schedule::Exponential { gamma: bad };
        refused(new().schedule(gamma).check(), &limit("exponential schedule's gamma"));
        refused(Schedule::Step { every: 1, gamma: bad }.check(), &limit("step schedule's gamma"));
    }
    let schedule = |schedule: Schedule| new().schedule(schedule).check();
    refused(
        schedule(Schedule::Step { every: 0, gamma: 0.1 }),
        "step schedule's every: expected at least 1, found 0",
    );
    let one_cycle = |pct_start, div_factor, final_div_factor| {
        schedule(Schedule::OneCycle { pct_start, div_factor, final_div_factor })
    };
    let share = "expected at least 0 and less than 1, found";
    let positive = "expected a finite number above 0, found";
    refused(one_cycle(1.0, 25.0, 1e4), &format!("one-cycle schedule's pct_start: {share} 1"));
    refused(one_cycle(0.3, 0.0, 1e4), &format!("one-cycle schedule's div_factor: {positive} 0"));
    refused(one_cycle(0.3, 25.0, -2.0), &format!("one-cycle schedule's final_div_factor: {positive} -2"));
    let plateau = |factor, threshold| schedule(Schedule::Plateau { factor, patience: 1, threshold });
    let factor = "plateau schedule's factor: expected more than 0 and less than 1, found 1";
    refused(plateau(1.0, 0.1), factor);
    refused(plateau(0.1, -0.1), &format!("plateau schedule's threshold: {share} -0.1"));
    refused(new().warm_up(3.0).check(), "warm-up: expected at least 0 and less than the 3 epochs, found 3");
}
