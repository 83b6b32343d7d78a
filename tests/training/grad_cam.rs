//! Grad-CAM against the gradient that differences give.

use convnet::prelude::*;

network! {
    /// Layers that differ between training and inference, and a value that two layers read.
    struct Whole: Chw<2, 6, 5> => Flat<3> {
        conv1: Conv2d { filters: 4, kernel: 3, padding: 1 },
        relu1: Relu,
        norm: BatchNorm,
        conv2: Conv2d { filters: 4, kernel: 3, padding: 1 },
        sum: Add(conv2, relu1),
        dropout: Dropout { rate: 0.5 },
        relu2: Relu,
        flatten: Flatten,
        fc: Dense { units: 3 },
    }
}

network! {
    /// The layers of `Whole` after `relu1`.
    struct Tail: Chw<4, 6, 5> => Flat<3> {
        norm: BatchNorm,
        conv2: Conv2d { filters: 4, kernel: 3, padding: 1 },
        sum: Add(conv2, input),
        dropout: Dropout { rate: 0.5 },
        relu2: Relu,
        flatten: Flatten,
        fc: Dense { units: 3 },
    }
}

#[test]
fn maps_are_weighted_by_the_mean_gradient() {
    let mut net = Whole::<f64>::new(2);
    let mut layers = net.layers_mut();
    let [_, _, mean, variance] = layers.norm().tensors();
    (mean[1], variance[2]) = (0.5, 4.0);
    let mut tail = Tail::<f64>::new(1);
    for (name, _, values) in net.model().named_params().filter(|(name, ..)| !name.starts_with("conv1")) {
        tail.model_mut().set_param(&name, values).unwrap();
    }
    let x = Tensor::<Chw<2, 6, 5>, _>::from_fn(|i| (i * 7 % 11) as f64 / 4.0 - 1.0);
    let outputs = net.activations(&x);
    let maps = &outputs.iter().find(|output| output.name == "relu1").unwrap().values;
    for class in 0..3 {
        let logit = |maps: &[f64]| {
            let batch = [Tensor::from_fn(|i| maps[i])].into_iter().collect::<Batch<Chw<4, 6, 5>, f64>>();
            tail.infer(&batch).samples().next().unwrap()[class]
        };
        let slope = |i: usize| {
            let moved = |by: f64| {
                let mut maps = maps.clone();
                maps[i] += by;
                logit(&maps)
            };
            (moved(1e-5) - moved(-1e-5)) / 2e-5
        };
        let weights: Vec<f64> =
            (0..4).map(|k| (0..30).map(|i| slope(30 * k + i)).sum::<f64>() / 30.0).collect();
        let found = net.grad_cam(&x, "relu1", class).unwrap();
        assert_eq!((found.name.as_str(), found.values.len()), ("relu1", 30));
        for (i, found) in found.values.iter().enumerate() {
            let sum: f64 = (0..4).map(|k| weights[k] * maps[30 * k + i]).sum();
            assert!((found - sum.max(0.0)).abs() < 1e-8, "class {class}, position {i}: {found} for {sum}");
        }
    }
    assert!((0..3).any(|class| net.grad_cam(&x, "relu1", class).unwrap().values.iter().any(|v| *v > 0.01)));
}

#[test]
fn layers_without_maps_and_other_classes_are_refused() {
    let (net, x) = (Whole::<f32>::new(2), Tensor::<Chw<2, 6, 5>>::zeros());
    let refused = |layer, class| net.grad_cam(&x, layer, class).unwrap_err().to_string();
    let layers = "conv1, relu1, norm, conv2, sum, dropout, relu2, flatten, fc";
    assert_eq!(refused("relu3", 0), format!("layer: expected {layers}, found relu3"));
    assert_eq!(refused("fc", 0), "output of the layer: expected maps of channels × rows × columns, found 3");
    assert_eq!(refused("relu1", 3), "class: expected 0 to 2, found 3");
}
