//! The test part, which measures and is not learnt from.

use super::{Dataset, Samples, Target};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Data that [`Trainer::fit`](crate::train::Trainer::fit) may learn from or choose an epoch by, and of which
/// [`Normalization::of`](super::Normalization::of) and [`ColourComponents::of`](super::ColourComponents::of) may take
/// statistics. A [`Test`] part is not among them.
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

/// The test part of a data set: it measures a network that has been trained, and nothing else.
///
/// [`Trainer::evaluate`](crate::train::Trainer::evaluate) and [`Trainer::loss_and_accuracy`](crate::train::Trainer::loss_and_accuracy) take it;
/// [`Trainer::fit`](crate::train::Trainer::fit) does not compile with it, neither to train on nor to validate with. A
/// result on samples that have decided anything, a weight or the epoch to stop at, says too little about new ones.
/// There is no way back from a `Test` to the data in it.
///
/// ```
/// use convnet::prelude::*;
///
/// network! {
///     struct Sign: Flat<1> => Flat<2> {
///         fc: Dense { units: 2 },
///     }
/// }
/// let points = (-50..50).map(|i| (Tensor::from([i as f32 / 50.0]), Class::new(usize::from(i >= 0)).unwrap()));
/// let data: Dataset<Flat<1>, Class<2>> = points.collect();
/// let parts = data.split_in_three(Fractions::default(), 1)?;
///
/// let mut trainer = Trainer::new(Sign::new(1), SoftmaxCrossEntropy, Sgd::new(1.0));
/// trainer.fit(&parts.train, &parts.validation)?;
/// assert_eq!(trainer.evaluate(&parts.test)?.samples(), 10);
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Test<D>(pub(super) D);

impl<D> Test<D> {
    /// Makes data the test part.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let data: Dataset<Flat<2>, Class<2>> = [(Tensor::from([0.5, 1.5]), Class::new(1)?)].into_iter().collect();
    /// assert_eq!(Test::new(data).len(), 1);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn new(data: D) -> Self {
        Test(data)
    }
}

impl<In: Shape, Y: Target> Test<Dataset<In, Y>> {
    /// One sample.
    ///
    /// # Panics
    /// If there is no such sample.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let data: Dataset<Flat<2>, Class<2>> = [(Tensor::from([0.5, 1.5]), Class::new(1)?)].into_iter().collect();
    /// assert_eq!(Test::new(data).sample::<f32>(0), Tensor::from([0.5, 1.5]));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn sample<T: Scalar>(&self, sample: usize) -> Tensor<In, T> {
        self.0.sample(sample)
    }

    /// The targets, in order.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let data: Dataset<Flat<2>, Class<2>> = [(Tensor::from([0.5, 1.5]), Class::new(1)?)].into_iter().collect();
    /// assert!(Test::new(data).targets().eq([&Class::new(1)?]));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn targets(&self) -> impl ExactSizeIterator<Item = &Y> {
        self.0.targets()
    }
}

impl<In: Shape, D: Samples<In>> Samples<In> for Test<D> {
    type Target = D::Target;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn write_to<T: Scalar>(&self, sample: usize, values: &mut [T], key: Option<u64>) -> Result<(), Error> {
        self.0.write_to(sample, values, key)
    }

    fn target(&self, sample: usize) -> &D::Target {
        self.0.target(sample)
    }

    fn id(&self, sample: usize) -> u64 {
        self.0.id(sample)
    }

    fn is_slow(&self) -> bool {
        self.0.is_slow()
    }
}
