//! Data that may be trained on.

use super::Dataset;

/// Data that may decide something about a network: [`Trainer::fit`](crate::train::Trainer::fit) trains on them and
/// validates with them, and [`Normalization::of`](super::Normalization::of) and
/// [`ColorComponents::of`](super::ColorComponents::of) compute statistics of them. A
/// [`TestSet`](super::TestSet) does not implement this trait.
///
/// Implement it for data of your own:
///
/// ```
/// use convnet::data::Learnable;
/// use convnet::prelude::*;
///
/// /// The numbers 0 to 99 and their squares.
/// struct Squares(Vec<Tensor<Flat<1>>>);
///
/// impl Learnable for Squares {}
///
/// impl Samples<Flat<1>> for Squares {
///     type Target = Tensor<Flat<1>>;
///     fn len(&self) -> usize {
///         self.0.len()
///     }
///     fn write_to<T: Scalar>(&self, sample: usize, values: &mut [T], _: Option<u64>) -> Result<(), convnet::Error> {
///         values[0] = T::of(sample as f64 / 100.0);
///         Ok(())
///     }
///     fn target(&self, sample: usize) -> &Tensor<Flat<1>> {
///         &self.0[sample]
///     }
///     fn id(&self, sample: usize) -> u64 {
///         sample as u64
///     }
/// }
///
/// network! {
///     struct Curve: Flat<1> => Flat<1> {
///         fc1: Dense { units: 8 },
///         tanh: Tanh,
///         fc2: Dense { units: 1 },
///     }
/// }
/// let squares = Squares((0..100).map(|i| Tensor::from([(i * i) as f32 / 10_000.0])).collect());
/// let mut trainer = Trainer::new(Curve::new(1), MeanSquaredError, Sgd::new(0.1)).epochs(2);
/// assert_eq!(trainer.fit(&squares, None)?.epochs.len(), 2);
/// # Ok::<(), convnet::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a test set is only for evaluation: no training, validation or statistics with `{Self}`",
    label = "this data must not be trained on",
    note = "take statistics of the training set, and split it for validation data: `data.split(0.9, seed)?`",
    note = "to train on a type of your own, implement `Learnable` for it"
)]
pub trait Learnable {}

impl<In, Y> Learnable for Dataset<In, Y> {}

/// Validation data for [`Trainer::fit`](crate::train::Trainer::fit) with the training data `D`: data that are
/// [`Learnable`], or `None`.
#[diagnostic::on_unimplemented(
    message = "a test set is only for evaluation: `fit`, which trains on `{D}`, does not validate with `{Self}`",
    label = "expected data that may be trained on, or `None`",
    note = "split the training set for validation data: `data.split(0.9, seed)?`"
)]
pub trait Validation<'a, D> {
    /// The type of the data.
    type Data: 'a;

    /// The data, or `None` for training without validation.
    fn data(self) -> Option<&'a Self::Data>;
}

impl<'a, D, V: Learnable> Validation<'a, D> for &'a V {
    type Data = V;

    fn data(self) -> Option<&'a V> {
        Some(self)
    }
}

impl<'a, D> Validation<'a, D> for Option<&'a D> {
    type Data = D;

    fn data(self) -> Option<&'a D> {
        self
    }
}
