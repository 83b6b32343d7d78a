//! Ten crops of an image, for evaluation.

use super::with_picture;
use crate::data::{Images, Metadata, Samples};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::{Chw, Shape};

/// Ten crops of each image, of the size of the network's input: the four corners and the centre of the image padded by
/// `padding` pixels, and their horizontal flips (Krizhevsky et al. 2012, section 4.1). A sample is a crop: those of
/// image `i` are the samples `10·i` to `10·i + 9`.
///
/// [`Trainer::evaluate_ten_crop`](crate::train::Trainer::evaluate_ten_crop) averages the predictions for them. In
/// torchvision: `TenCrop`.
///
/// ```
/// use convnet::data::TenCrop;
/// use convnet::prelude::*;
///
/// let image = Tensor::<Chw<1, 4, 4>>::from_fn(|i| i as f32);
/// let data: Dataset<_, _> = [(image, Class::<2>::new(1)?)].into_iter().collect();
/// let views = TenCrop::new(data, 0);
/// let view = |number| {
///     let mut view = Tensor::<Chw<1, 2, 2>>::zeros();
///     Samples::<Chw<1, 2, 2>>::write_to(&views, number, view.as_mut_slice(), None).map(|()| view)
/// };
/// assert_eq!(view(0)?[0], [[0.0, 1.0], [4.0, 5.0]]);
/// assert_eq!(view(4)?[0], [[5.0, 6.0], [9.0, 10.0]]);
/// assert_eq!(view(5)?[0], [[1.0, 0.0], [5.0, 4.0]]);
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TenCrop<D, const C: usize, const H: usize, const W: usize> {
    data: D,
    padding: usize,
}

/// The number of crops of each image.
pub(crate) const VIEWS: usize = 10;

impl<D: Images<C, H, W>, const C: usize, const H: usize, const W: usize> TenCrop<D, C, H, W> {
    /// Ten crops of each of these images, which may be a [`TestSet`](crate::data::TestSet).
    pub fn new(data: D, padding: usize) -> Self {
        TenCrop { data, padding }
    }
}

impl<D: Images<C, IH, IW>, const C: usize, const IH: usize, const IW: usize, const H: usize, const W: usize>
    Samples<Chw<C, H, W>> for TenCrop<D, C, IH, IW>
{
    type Target = D::Target;

    fn len(&self) -> usize {
        VIEWS * self.data.len()
    }

    fn write_to<T: Scalar>(&self, sample: usize, values: &mut [T], _: Option<u64>) -> Result<(), Error> {
        const PLACES: [[f32; 2]; VIEWS / 2] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.5]];
        with_picture(&self.data, sample / VIEWS, |picture| {
            let view = sample % VIEWS;
            picture.crop([H, W], self.padding, PLACES[view % PLACES.len()])?;
            if view >= PLACES.len() {
                picture.flip();
            }
            for (value, pixel) in values.iter_mut().zip(&picture.pixels) {
                *value = T::of((*pixel).into());
            }
            self.data.normalize(&mut values[..<Chw<C, H, W>>::LEN])
        })
    }

    fn target(&self, sample: usize) -> &D::Target {
        self.data.target(sample / VIEWS)
    }

    fn id(&self, sample: usize) -> u64 {
        sample as u64
    }

    fn is_slow(&self) -> bool {
        self.data.is_slow()
    }

    fn origin(&self, sample: usize) -> Option<String> {
        self.data.origin(sample / VIEWS)
    }

    fn metadata(&self) -> Metadata {
        self.data.metadata()
    }
}
