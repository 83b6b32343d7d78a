//! Training, validation and test parts that have the same proportions of classes.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;

use super::{Dataset, Target, TestSet};
use crate::error::Error;
use crate::random::{self, purpose};
use crate::shape::Shape;

/// Fractions of the samples for each part of a split; by default 0.8, 0.1 and 0.1.
///
/// ```
/// use convnet::prelude::*;
///
/// let fractions = Fractions { train: 0.6, validation: 0.2, test: 0.2 };
/// assert_eq!(Fractions::default(), Fractions { train: 0.8, validation: 0.1, test: 0.1 });
/// # assert_ne!(fractions, Fractions::default());
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fractions {
    /// The fraction to train on.
    pub train: f64,
    /// The fraction to validate with: it decides between networks, settings and epochs.
    pub validation: f64,
    /// The fraction for the test set, which evaluates the final network.
    pub test: f64,
}

impl Default for Fractions {
    fn default() -> Self {
        Fractions { train: 0.8, validation: 0.1, test: 0.1 }
    }
}

/// The three parts of a data set.
///
/// ```
/// use convnet::data::Parts;
/// use convnet::prelude::*;
///
/// let points = (0..100).map(|i| (Tensor::from([i as f32]), Tensor::from([2.0 * i as f32])));
/// let data: Dataset<Flat<1>, Tensor<Flat<1>>> = points.collect();
/// let Parts { train, validation, test } = data.train_val_test_split(Fractions::default(), 1)?;
/// assert_eq!((train.len(), validation.len(), test.len()), (80, 10, 10));
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Parts<D> {
    /// The samples to train on.
    pub train: D,
    /// The samples to validate with.
    pub validation: D,
    /// The test set, which cannot be trained on.
    pub test: TestSet<D>,
}

impl<In: Shape, Y: Target> Dataset<In, Y> {
    /// Splits the samples at random into two disjoint parts: `fraction` of them, rounded, and the rest. The seed decides
    /// which sample goes where, whatever its class; [`train_val_test_split`](Self::train_val_test_split) and
    /// [`folds`](Self::folds) give each part its share of each class.
    ///
    /// In PyTorch: `random_split(data, [fraction, 1 - fraction])`; in scikit-learn:
    /// `train_test_split(data, train_size=fraction)`.
    ///
    /// # Errors
    /// [`Error::Argument`] unless 0 < fraction < 1 and both parts get a sample.
    #[doc(alias = "random_split")]
    #[doc(alias = "train_test_split")]
    pub fn split(&self, fraction: f64, seed: u64) -> Result<(Self, Self), Error> {
        let (first, second) = split_index(self.index(), fraction, seed)?;
        Ok((self.with_index(first), self.with_index(second)))
    }

    /// Splits the samples at random into a training, a validation and a test set. The seed decides which sample goes
    /// where, and the order in each part.
    ///
    /// The sizes are the fractions of the number of samples, rounded by the largest remainder. Where targets are
    /// classes, each part also gets its fraction of each class, to within one sample, and every class has a sample in
    /// the training part; a class that is too rare for all parts is missing in the others.
    ///
    /// In scikit-learn: `train_test_split(x, y, stratify=y)`, twice.
    ///
    /// # Errors
    /// [`Error::Argument`] unless the fractions are between 0 and 1 and sum to 1 (to within 10⁻⁹), each part gets a
    /// sample, and the training part has room for every class.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// // 70 samples of class 0 and 30 of class 1.
    /// let samples = (0..100).map(|i| (Tensor::from([i as f32]), Class::new(usize::from(i >= 70)).unwrap()));
    /// let data: Dataset<Flat<1>, Class<2>> = samples.collect();
    /// let parts = data.train_val_test_split(Fractions::default(), 1)?;
    /// assert_eq!((parts.train.len(), parts.validation.len(), parts.test.len()), (80, 10, 10));
    /// assert_eq!(parts.test.targets().filter(|class| class.index() == 1).count(), 3);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "train_test_split")]
    #[doc(alias = "stratify")]
    pub fn train_val_test_split(&self, fractions: Fractions, seed: u64) -> Result<Parts<Self>, Error> {
        let [train, validation, test] =
            split_in_three(&self.strata(), fractions, seed)?.map(|indices| self.subset(indices));
        Ok(Parts { train, validation, test: TestSet::new(test) })
    }

    /// The stratum of each sample.
    pub(super) fn strata(&self) -> Vec<Option<usize>> {
        self.targets().map(Target::stratum).collect()
    }
}

/// Two disjoint parts of an index, the first with `fraction` of its samples.
///
/// # Errors
/// [`Error::Argument`] unless 0 < fraction < 1 and both parts get a sample.
pub(super) fn split_index(index: &[u32], fraction: f64, seed: u64) -> Result<(Vec<u32>, Vec<u32>), Error> {
    if !(fraction > 0.0 && fraction < 1.0) {
        return Err(Error::argument("fraction", "more than 0 and less than 1", fraction));
    }
    let first = (index.len() as f64 * fraction).round() as usize;
    if first == 0 || first == index.len() {
        let found = format!("{fraction} of {} samples", index.len());
        return Err(Error::argument("fraction", "at least one sample in each part", found));
    }
    let mut index = index.to_vec();
    index.shuffle(&mut random::keyed(seed, &[purpose::SPLIT]));
    let second = index.split_off(first);
    Ok((index, second))
}

/// The indices of the samples of each part, for the stratum of each sample.
pub(super) fn split_in_three(
    strata: &[Option<usize>],
    fractions: Fractions,
    seed: u64,
) -> Result<[Vec<usize>; 3], Error> {
    let Fractions { train, validation, test } = fractions;
    let fractions = [train, validation, test];
    if !fractions.iter().all(|&fraction| fraction > 0.0 && fraction < 1.0) {
        let found = format!("train {train}, validation {validation}, test {test}");
        return Err(Error::argument("fractions", "each more than 0 and less than 1", found));
    }
    let sum: f64 = fractions.iter().sum();
    if (sum - 1.0).abs() > 1e-9 {
        let found = format!("{train} + {validation} + {test} = {sum}");
        return Err(Error::argument("fractions", "a sum of 1", found));
    }
    let fractions = fractions.map(|fraction| fraction / sum);
    let sizes = apportion(strata.len(), fractions);
    if sizes.contains(&0) {
        let found = format!("{train} + {validation} + {test} of {} samples", strata.len());
        return Err(Error::argument("fractions", "at least one sample in each part", found));
    }

    let counts = counts_of(strata);
    let dealt = deal(&counts.values().copied().collect::<Vec<_>>(), fractions, sizes);
    let mut left: BTreeMap<_, _> = counts.into_keys().zip(dealt).collect();
    if let Some((Some(stratum), [_, validation, test])) = left.iter().find(|(_, counts)| counts[0] == 0) {
        let found = format!("class {stratum} with {} of {}", validation + test, strata.len());
        return Err(Error::argument("samples", "enough for every class to be trained on", found));
    }
    let mut parts = [(); 3].map(|()| Vec::new());
    for i in shuffled(strata.len(), seed, &[]) {
        let left = left.get_mut(&strata[i]).expect("a count for each stratum");
        let part = left.iter().position(|&left| left > 0).expect("a place for each sample");
        left[part] -= 1;
        parts[part].push(i);
    }
    Ok(parts)
}

/// The number of samples of each stratum.
pub(super) fn counts_of(strata: &[Option<usize>]) -> BTreeMap<Option<usize>, usize> {
    let mut counts = BTreeMap::new();
    for stratum in strata {
        *counts.entry(*stratum).or_default() += 1;
    }
    counts
}

/// The numbers below `len` in an order drawn from the seed and the key.
pub(super) fn shuffled(len: usize, seed: u64, key: &[u64]) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..len).collect();
    indices.shuffle(&mut random::keyed(seed, &[&[purpose::SPLIT], key].concat()));
    indices
}

/// Whole numbers that sum to `count`, each within one of its fraction of it, by the largest remainder.
fn apportion(count: usize, fractions: [f64; 3]) -> [usize; 3] {
    let shares = fractions.map(|fraction| count as f64 * fraction);
    let mut whole = shares.map(|share| share as usize);
    let mut order = [0, 1, 2];
    order.sort_by(|&a, &b| shares[b].fract().total_cmp(&shares[a].fract()));
    let left = count - whole.iter().sum::<usize>();
    order.iter().cycle().take(left).for_each(|&part| whole[part] += 1);
    whole
}

/// The number of samples of each stratum in each part: within one of its share, and `sizes` in all.
///
/// Rounding stratum by stratum keeps the shares, but the sums may miss the sizes; samples then move from one part to
/// another where the shares allow it, directly or by way of the third part. For three parts there is always such a way.
fn deal(strata: &[usize], fractions: [f64; 3], sizes: [usize; 3]) -> Vec<[usize; 3]> {
    let mut counts: Vec<_> = strata.iter().map(|&stratum| apportion(stratum, fractions)).collect();
    let mut sums = [0, 1, 2].map(|part| counts.iter().map(|counts| counts[part]).sum::<usize>());
    /// The stratum that had best move a sample, if one may.
    fn mover(strata: &[usize], fractions: [f64; 3], counts: &[[usize; 3]], way: [usize; 2]) -> Option<usize> {
        let excess = |stratum: usize, part: usize| {
            counts[stratum][part] as f64 - strata[stratum] as f64 * fractions[part]
        };
        let [from, to] = way;
        let may = |&s: &usize| counts[s][from] > 0 && excess(s, from) >= 0.0 && excess(s, to) <= 0.0;
        // The last sample of a class leaves a part only if no other can.
        let gain = |s: usize| (counts[s][from] > 1, excess(s, from) - excess(s, to));
        (0..counts.len()).filter(may).max_by(|&a, &b| {
            let (a, b) = (gain(a), gain(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        })
    }
    while let Some(from) = (0..3).find(|&part| sums[part] > sizes[part]) {
        let too_small = (0..3).filter(|&part| sums[part] < sizes[part]);
        let ways =
            too_small.flat_map(|to| [vec![[from, to]], vec![[from, 3 - from - to], [3 - from - to, to]]]);
        let movers = |way: Vec<[usize; 2]>| -> Option<Vec<_>> {
            way.into_iter().map(|step| Some((step, mover(strata, fractions, &counts, step)?))).collect()
        };
        let moves = ways.into_iter().find_map(movers).expect("a way between three parts");
        for ([from, to], stratum) in moves {
            counts[stratum][from] -= 1;
            counts[stratum][to] += 1;
            sums[from] -= 1;
            sums[to] += 1;
        }
    }
    counts
}
