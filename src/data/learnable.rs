//! Data that may be trained on.

use super::Dataset;

/// Data that [`Trainer::fit`](crate::train::Trainer::fit) may learn from or choose an epoch by, and of which
/// [`Normalization::of`](super::Normalization::of) and [`ColorComponents::of`](super::ColorComponents::of) may take
/// statistics. A [`TestSet`] part is not among them.
///
/// Data of your own are, if you say so:
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
    message = "the test part only measures: no training, validation or statistics with `{Self}`",
    label = "this data is not to learn from",
    note = "statistics are those of the training part; split it for data to validate with: `data.split(0.9, seed)?`",
    note = "a type of your own that is to learn from says `impl Learnable for` it"
)]
pub trait Learnable {}

impl<In, Y> Learnable for Dataset<In, Y> {}

/// What [`Trainer::fit`](crate::train::Trainer::fit), which learns from `D`, can validate with: other data to learn from,
/// or `None`.
#[diagnostic::on_unimplemented(
    message = "the test part only measures: `fit`, which learns from `{D}`, does not validate with `{Self}`",
    label = "expected data that can be learnt from, or `None`",
    note = "split the training part for data to validate with: `data.split(0.9, seed)?`"
)]
pub trait Validation<'a, D> {
    /// The type of the data.
    type Data: 'a;

    /// The data, if there are any.
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
