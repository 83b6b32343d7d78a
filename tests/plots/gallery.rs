//! One picture of every kind, of the sizes that they have in practice.

use convnet::plot::{
    Chart, Function, Picture, bars, confusion_matrix, filters, functions, images, learning_curves, panels,
    validation_curves,
};
use convnet::train::{Epoch, Evaluation, History, LossAndAccuracy};

/// Losses that fall and rise again, by a rate.
pub fn history(rate: f64, epochs: usize, restored: Option<usize>) -> History {
    let epoch = |epoch: usize| {
        let x = epoch as f64;
        let train = 2.3 * (-rate * x).exp() + 0.02;
        let validation = 2.3 * (-0.9 * rate * x).exp() + 0.05 + 0.01 * rate * x;
        let score = |loss: f64| LossAndAccuracy { loss, accuracy: Some((1.0 - 0.38 * loss).max(0.1)) };
        Epoch::new(epoch, score(train), Some(score(validation)), 2.0)
    };
    let mut history = History::new((1..=epochs).map(epoch).collect());
    history.restored = restored;
    history
}

/// Points around a centre, from a low-discrepancy sequence.
pub fn cloud([x, y]: [f64; 2], count: usize) -> Vec<[f64; 2]> {
    let point = |i: usize| {
        let i = i as f64 + 1.0;
        let (angle, radius) = (i * 2.399, (i / count as f64).sqrt());
        [x + 1.2 * radius * angle.cos(), y + 0.8 * radius * angle.sin()]
    };
    (0..count).map(point).collect()
}

/// A 10 × 10 matrix with most samples on its diagonal.
pub fn evaluation() -> Evaluation {
    let cell = |d: usize, y: usize| if d == y { 960 - 7 * d } else { (7 * d + 3 * y + d * y) % 11 / 3 };
    let confusion = (0..10).map(|d| (0..10).map(|y| cell(d, y)).collect()).collect();
    Evaluation::new(0.05, confusion, Vec::new())
}

pub const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
pub const CLOTHES: [&str; 10] = [
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
];

pub fn weights(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * i) as f32 * 0.37).sin() * (1.0 + (i / 25) as f32 * 0.1)).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Every kind of picture, under a name.
pub fn gallery() -> Vec<(&'static str, Picture)> {
    let fit = [(0.5, 1.9), (1.1, 2.6), (1.8, 4.4), (2.6, 5.1), (3.3, 7.2), (4.2, 8.4), (5.0, 10.6)];
    let fitted = Chart::new("Linear regression by gradient descent")
        .x_label("force (N)")
        .y_label("elongation (mm)")
        .points("measured", fit)
        .function("least squares: 1.94 x + 0.61", 0.0..5.5, |x| 1.94 * x + 0.61)
        .and_then(|chart| chart.function("after 10 steps", 0.0..5.5, |x| 1.4 * x + 0.2))
        .unwrap();
    let regions =
        Chart::new("Two moons and a disc: 2-16-3 network")
            .x_label("petal length (cm)")
            .y_label("petal width (cm)")
            .regions([-3.0..3.0, -2.0..2.5], |[x, y]| {
                if y > 0.5 + 0.4 * x.sin() { 2 } else { usize::from(x > 0.3 * y) }
            })
            .unwrap()
            .points("setosa", cloud([-1.4, -0.6], 40))
            .points("versicolor", cloud([1.3, -0.6], 40))
            .points("virginica", cloud([0.0, 1.4], 40));
    let runs = [("plain", 0.2), ("dropout 0.5", 0.16), ("weight decay 10⁻⁴", 0.25), ("augmented", 0.12)];
    let runs = runs.map(|(name, rate)| (name, history(rate, 30, None)));
    let runs: Vec<_> = runs.iter().map(|(name, history)| (*name, history)).collect();
    let decay = Chart::new("Loss of four rates")
        .x_label("step")
        .y_label("training loss")
        .log_y()
        .mark(300.0, "rate / 10")
        .mark(340.0, "rate / 100 from here on")
        .mark(900.0, "end of warm-up of nothing");
    let decay = [0.02_f64, 0.01, 0.005, 0.002].into_iter().fold(decay, |chart, rate| {
        let losses = (0..1000).map(|i| [i as f64, (-rate * i as f64).exp() + 1e-5]);
        chart.line(format!("η = {rate}"), losses)
    });
    let many = (0..9).fold(Chart::new("Nine lines").x_label("x").y_label("y"), |chart, k| {
        let slope = k as f64 - 4.0;
        chart.connected(format!("slope {slope}"), (0..6).map(|i| [i as f64, slope * i as f64]))
    });
    let sketches: Vec<f64> = (0..20 * 784)
        .map(|i| {
            let (image, row, column) = (i / 784, i / 28 % 28, i % 28);
            let (x, y) = (column as f64 - 13.5, row as f64 - 13.5);
            let radius = (x * x + y * y).sqrt();
            (1.0 - (radius - 4.0 - (image % 7) as f64).abs() / 2.0).max(0.0)
        })
        .collect();
    let captions: Vec<String> = (0..20).map(|i| format!("{} → {}", i % 10, (i + i / 13) % 10)).collect();
    let captions: Vec<&str> = captions.iter().map(String::as_str).collect();
    let rates: [&[f64]; 3] = [&[173.0, 181.0, 133.0], &[90.0, 122.0, 138.0], &[120.0, 150.0, 170.0]];
    let passes = [("forward", rates[0]), ("backward-data", rates[1]), ("backward-weights", rates[2])];
    let peak = Some((213.0, "peak of multiply-adds, 213 GFLOP/s"));
    vec![
        ("bars", bars("Convolutions", "GFLOP/s", &["lenet_c1", "lenet_c2", "vgg"], &passes, peak).unwrap()),
        ("learning", learning_curves("LeNet-5 on MNIST", &history(0.25, 20, Some(14)))),
        ("validation", validation_curves("Regularisation of LeNet-5", &runs)),
        ("confusion", confusion_matrix("Test digits", &evaluation(), &DIGITS).unwrap()),
        ("clothes", confusion_matrix("FashionMNIST", &evaluation(), &CLOTHES).unwrap()),
        ("fitted", fitted.draw()),
        ("regions", regions.draw()),
        ("log", decay.draw()),
        ("many", many.draw()),
        ("panels", panels("Two charts", 2, &[fitted, many])),
        (
            "functions",
            functions(
                "Activation functions",
                -5.0..5.0,
                &[
                    Function { name: "sigmoid", value: &sigmoid, derivative: &|x| sigmoid(x) * sigmoid(-x) },
                    Function { name: "tanh", value: &f64::tanh, derivative: &|x| 1.0 - x.tanh().powi(2) },
                    Function { name: "ReLU", value: &|x| x.max(0.0), derivative: &|x| f64::from(x > 0.0) },
                ],
            )
            .unwrap(),
        ),
        ("filters", filters("conv1 of LeNet-5", &weights(150), [6, 1, 5, 5]).unwrap()),
        ("matrix", filters("conv2 of LeNet-5", &weights(2400), [16, 6, 5, 5]).unwrap()),
        ("color", filters("conv1 of AlexNet", &weights(64 * 363), [64, 3, 11, 11]).unwrap()),
        ("digits", images("Digits and answers", &sketches, [20, 1, 28, 28], &captions).unwrap()),
    ]
}
