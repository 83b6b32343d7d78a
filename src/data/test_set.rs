//! The test set, which a network is evaluated with and never trained on.

use super::{Dataset, Metadata, Samples, Target};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The test set: data to evaluate a trained network on, and nothing else.
///
/// [`Trainer::evaluate`](crate::train::Trainer::evaluate) and [`Trainer::loss_and_accuracy`](crate::train::Trainer::loss_and_accuracy) take it;
/// [`Trainer::fit`](crate::train::Trainer::fit) does not compile with it, neither to train on nor to validate with. A
/// result on samples that have influenced a weight, or the epoch to stop at, is too good an estimate for new samples.
/// The data in a `TestSet` cannot be taken out again.
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
/// let parts = data.train_val_test_split(Fractions::default(), 1)?;
///
/// let mut trainer = Trainer::new(Sign::new(1), SoftmaxCrossEntropy, Sgd::new(1.0));
/// trainer.fit(&parts.train, &parts.validation)?;
/// assert_eq!(trainer.evaluate(&parts.test)?.samples(), 10);
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TestSet<D>(pub(super) D);

impl<D> TestSet<D> {
    /// Declares data to be the test set.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let data: Dataset<Flat<2>, Class<2>> = [(Tensor::from([0.5, 1.5]), Class::new(1)?)].into_iter().collect();
    /// assert_eq!(TestSet::new(data).len(), 1);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn new(data: D) -> Self {
        TestSet(data)
    }
}

impl<In: Shape, Y: Target> TestSet<Dataset<In, Y>> {
    /// One sample.
    ///
    /// # Panics
    /// If `sample` is not below the number of samples.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let data: Dataset<Flat<2>, Class<2>> = [(Tensor::from([0.5, 1.5]), Class::new(1)?)].into_iter().collect();
    /// assert_eq!(TestSet::new(data).sample::<f32>(0), Tensor::from([0.5, 1.5]));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn sample<T: Scalar>(&self, sample: usize) -> Tensor<In, T> {
        self.0.sample(sample)
    }

    /// The samples whose targets `f` maps, as [`Dataset::filter_map_targets`].
    pub fn filter_map_targets<Z: Clone>(&self, f: impl FnMut(&Y) -> Option<Z>) -> TestSet<Dataset<In, Z>> {
        TestSet(self.0.filter_map_targets(f))
    }

    /// The targets, in order.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let data: Dataset<Flat<2>, Class<2>> = [(Tensor::from([0.5, 1.5]), Class::new(1)?)].into_iter().collect();
    /// assert!(TestSet::new(data).targets().eq([&Class::new(1)?]));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn targets(&self) -> impl ExactSizeIterator<Item = &Y> {
        self.0.targets()
    }
}

impl<In: Shape, D: Samples<In>> Samples<In> for TestSet<D> {
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

    fn origin(&self, sample: usize) -> Option<String> {
        self.0.origin(sample)
    }

    fn metadata(&self) -> Metadata {
        self.0.metadata()
    }

    fn fingerprint(&self) -> Result<u64, Error> {
        self.0.fingerprint()
    }
}
