//! timm's names: each table names all tensors of the network, and the file that timm would write loads.

use std::collections::HashMap;

use convnet::model::{EfficientNetB0, MobileNetV2, MobileNetV3Large, MobileNetV3Small, Vgg11};
use convnet::prelude::*;
use convnet::store::{Weights, timm};
use safetensors::tensor::{Dtype, TensorView};

/// Saves a network under timm's names, with the shapes that timm has, and loads it into another one.
#[track_caller]
fn check<N: Network<Scalar = f32>>(rename: fn(&str) -> String, table: &str, kernels: &[(&str, [usize; 4])]) {
    let theirs: HashMap<&str, &str> =
        table.lines().map(|line| line.split_once(' ').unwrap()).map(|(a, b)| (b, a)).collect();
    let trained = N::new(3);
    let mut found = 0;
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = trained
        .model()
        .named_params()
        .map(|(name, param, values)| {
            let name = match theirs.get(name.as_str()) {
                Some(theirs) => {
                    found += 1;
                    assert_eq!(rename(theirs), name);
                    theirs.to_string()
                }
                None => name,
            };
            let kernel = kernels.iter().find(|(known, _)| *known == name);
            let shape = kernel.map_or(param.shape, |(_, shape)| shape.to_vec());
            (name, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        })
        .collect();
    assert_eq!(found, theirs.len(), "each line of the table names a tensor of the network");
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    let mut net = N::new(4);
    Weights::from_bytes("timm.safetensors", bytes).unwrap().rename(rename).load_into(&mut net).unwrap();
    assert!(net.model().params() == trained.model().params());
}

#[test]
fn tables_name_every_tensor() {
    check::<EfficientNetB0>(
        timm::efficientnet_b0,
        include_str!("../../assets/timm/efficientnet_b0.txt"),
        &[],
    );
    check::<MobileNetV2>(timm::mobilenetv2_100, include_str!("../../assets/timm/mobilenetv2_100.txt"), &[]);
    check::<MobileNetV3Small>(
        timm::mobilenetv3_small_100,
        include_str!("../../assets/timm/mobilenetv3_small_100.txt"),
        &[("conv_head.weight", [1024, 576, 1, 1])],
    );
    check::<MobileNetV3Large>(
        timm::mobilenetv3_large_100,
        include_str!("../../assets/timm/mobilenetv3_large_100.txt"),
        &[("conv_head.weight", [1280, 960, 1, 1])],
    );
}

network! {
    /// VGG-11 in small: what matters are the names and kinds of its dense layers.
    struct Classifier: Chw<2, 3, 3> => Flat<4> {
        flatten: Flatten,
        classifier: { 0: Dense { units: 5 }, 1: Relu, 2: Dropout, 3: Dense { units: 6 }, 4: Relu, 5: Dropout, 6: Dense { units: 4 } },
    }
}

/// timm's VGG has convolutions that are as large as their input in the place of dense layers.
#[test]
fn kernels_as_large_as_their_input_are_dense_layers() {
    let table = include_str!("../../assets/timm/vgg.txt");
    let kernels = [("pre_logits.fc1.weight", [5, 2, 3, 3]), ("pre_logits.fc2.weight", [6, 5, 1, 1])];
    check::<Classifier>(timm::vgg, table, &kernels);
    for line in table.lines() {
        let ours = line.split_once(' ').unwrap().1;
        assert!(<Vgg11>::new(1).model().named_params().any(|(name, ..)| name == ours), "{ours}");
    }
}

/// Other shapes of as many numbers are refused.
#[test]
fn other_shapes_are_still_refused() {
    let numbers = vec![0; 4 * 5 * 18];
    let bias = vec![0; 4 * 5];
    let mut net = Classifier::new(1);
    for shape in [vec![18, 5], vec![2, 5, 3, 3], vec![90]] {
        let tensors =
            [("classifier.0.weight", shape.clone(), &numbers), ("classifier.0.bias", vec![5], &bias)];
        let views =
            tensors.map(|(name, shape, bytes)| (name, TensorView::new(Dtype::F32, shape, bytes).unwrap()));
        let weights = Weights::from_bytes("other", safetensors::serialize(views, None).unwrap()).unwrap();
        let error =
            weights.skip("classifier.3").skip("classifier.6").load_into(&mut net).unwrap_err().to_string();
        assert!(error.contains(&format!("expected F32 [5, 18], found F32 {shape:?}")), "{error}");
    }
}
