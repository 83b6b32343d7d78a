//! The ten crops of an image, and an evaluation that averages over them.

use convnet::data::TenCrop;
use convnet::model::LeNet5;
use convnet::prelude::*;
use convnet::train::Progress;

use crate::digits::digits;
use crate::random_images::{colours, sample};

#[test]
fn ten_views_of_an_image() {
    let data = colours(3);
    let views = TenCrop::new(data.clone(), 1);
    assert_eq!(Samples::<Chw<3, 7, 5>>::len(&views), 30);
    let view = |i: usize| sample::<Chw<3, 7, 5>>(&views, i, None);
    // With a padding of 1 the last corner begins three rows and three columns further on than the first.
    for i in [0, 10, 20] {
        let [first, last, middle] = [view(i), view(i + 3), view(i + 4)];
        assert_eq!(first[0][4][4], last[0][1][1]);
        assert_eq!(middle[0][3][3], first[0][4][4]);
        for number in 0..5 {
            let (plain, mirror) = (view(i + number), view(i + 5 + number));
            assert!((0..5).all(|k| plain[2][3][k] == mirror[2][3][4 - k]));
        }
    }
}

#[test]
fn ten_crops_are_averaged() {
    let data = digits(60);
    let (train, _) = data.split(0.5, 1).unwrap();
    let mut trainer = Trainer::new(LeNet5::new(3), SoftmaxCrossEntropy, Sgd::new(0.05))
        .epochs(20)
        .batch_size(10)
        .progress(Progress::Silent);
    trainer.fit(&train, None).unwrap();
    // Without padding all crops are the image or its mirror image.
    let evaluation = trainer.evaluate_ten_crop(&TenCrop::new(TestSet::new(data.clone()), 0)).unwrap();
    assert_eq!(evaluation.samples(), 60);
    let probabilities = |image: &Tensor<Chw<1, 28, 28>>| trainer.network().predict(image).probabilities;
    let mut loss = 0.0;
    for i in 0..60 {
        let image = data.sample(i);
        let mirror = Tensor::from_fn(|k| image.as_slice()[k / 28 * 28 + 27 - k % 28]);
        let truth = data.target(i).index();
        loss -= (f64::from(probabilities(&image)[truth] + probabilities(&mirror)[truth]) / 2.0).ln() / 60.0;
    }
    assert!((evaluation.loss - loss).abs() < 1e-5, "{} {loss}", evaluation.loss);
}
