//! A class for each pixel.

use std::fmt;
use std::sync::Arc;

use super::{Target, class_of};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Chw;
use crate::tensor::Tensor;

/// One of `CLASSES` classes for each pixel of `H` rows and `W` columns: the target of a segmentation.
///
/// The sizes are part of the type, as those of the images are: a network that gives C×H×W cannot be given masks of
/// another size or with another number of classes. There are at most 256 classes. Copies share their memory.
///
/// [`Augment`](super::Augment) changes images and not their targets. It refuses changes that move an image with a mask, such as
/// flips; [`color_jitter`](super::Augment::color_jitter), for example, moves nothing.
///
/// In PyTorch: a tensor \[H, W\] of `int64`, one of the targets of `nn.CrossEntropyLoss`.
///
/// ```
/// use convnet::data::Mask;
///
/// let mask = Mask::<2, 2, 3>::from_fn(|row, column| u8::from(column > row))?;
/// assert_eq!(mask.as_slice(), [0, 1, 1, 0, 0, 1]);
/// assert_eq!(mask.class(1, 2), 1);
///
/// let error = Mask::<2, 2, 3>::new(&[0, 1, 1, 0, 4, 1]).unwrap_err();
/// assert_eq!(error.to_string(), "mask: expected one of 2 classes, 0 to 1, found 4 at row 1, column 1");
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias("segmentation", "label map"))]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Mask<const CLASSES: usize, const H: usize, const W: usize>(Arc<[u8]>);

impl<const CLASSES: usize, const H: usize, const W: usize> Mask<CLASSES, H, W> {
    /// The mask with these classes, row by row.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is not one class for each pixel, or one is not below `CLASSES`: with the first such
    /// pixel.
    pub fn new(classes: &[u8]) -> Result<Self, Error> {
        const { assert!(CLASSES > 0 && CLASSES <= 256, "expected 1 to 256 classes") };
        if classes.len() != H * W {
            let expected = format!("a class for each of {H}x{W} pixels, {}", H * W);
            return Err(Error::argument("mask", expected, classes.len()));
        }
        match classes.iter().position(|&class| usize::from(class) >= CLASSES) {
            None => Ok(Mask(classes.into())),
            Some(pixel) => {
                let expected = format!("one of {CLASSES} classes, 0 to {}", CLASSES - 1);
                let (class, row, column) = (classes[pixel], pixel / W, pixel % W);
                Err(Error::argument("mask", expected, format!("{class} at row {row}, column {column}")))
            }
        }
    }

    /// The mask whose pixel in each row and column has the class that `f` returns.
    ///
    /// # Errors
    /// Those of [`Mask::new`].
    pub fn from_fn(mut f: impl FnMut(usize, usize) -> u8) -> Result<Self, Error> {
        let classes: Vec<u8> = (0..H * W).map(|pixel| f(pixel / W, pixel % W)).collect();
        Mask::new(&classes)
    }

    /// The mask that a network's output predicts: at each pixel the class of the largest value, and of the first if several are
    /// equal.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let scores = Tensor::<Chw<2, 1, 3>>::from([[[0.5, 1.5, 2.0]], [[1.0, 1.0, 2.0]]]);
    /// assert_eq!(Mask::predicted(&scores), Mask::<2, 1, 3>::new(&[1, 0, 0])?);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "argmax")]
    pub fn predicted<T: Scalar>(scores: &Tensor<Chw<CLASSES, H, W>, T>) -> Self {
        const { assert!(CLASSES > 0 && CLASSES <= 256, "expected 1 to 256 classes") };
        let scores = scores.as_slice();
        let of_pixel =
            |pixel| class_of((0..CLASSES).map(|class| scores[class * H * W + pixel]), CLASSES) as u8;
        Mask((0..H * W).map(of_pixel).collect())
    }

    /// The class of a pixel.
    ///
    /// # Panics
    /// If there is no such row or column.
    pub fn class(&self, row: usize, column: usize) -> usize {
        assert!(row < H && column < W, "row {row}, column {column} of {H}x{W} pixels");
        self.0[row * W + column].into()
    }

    /// The classes, row by row.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

/// A mask as a whole is neither right nor wrong: a run shows its loss, and
/// [`Trainer::evaluate_segmentation`](crate::train::Trainer::evaluate_segmentation) measures how many pixels are right.
impl<const CLASSES: usize, const H: usize, const W: usize> Target for Mask<CLASSES, H, W> {
    const HAS_PLACES: bool = true;

    fn is_met_by<T: Scalar>(&self, _: impl IntoIterator<Item = T>) -> Option<bool> {
        None
    }

    fn numbers(&self) -> impl Iterator<Item = f64> {
        self.0.iter().map(|class| f64::from(*class))
    }
}

impl<const CLASSES: usize, const H: usize, const W: usize> fmt::Debug for Mask<CLASSES, H, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask of {CLASSES} classes on {H}x{W} pixels")
    }
}
