//! The principal components of the colours in a data set.

use crate::data::{Images, Learnable};
use crate::error::Error;
use crate::shape::Chw;
use crate::tensor::Tensor;

/// The directions in which the colours of a data set's pixels vary, and how much: the eigenvectors of the covariance of
/// red, green and blue, and the standard deviations along them, the largest first. For
/// [`Augment::color_shift`](super::Augment::color_shift).
///
/// ```
/// use convnet::data::{Augment, ColorComponents};
/// use convnet::prelude::*;
///
/// // A red and a blue image.
/// let images = [0, 2].map(|c| (Tensor::<Chw<3, 1, 1>>::from_fn(|i| f32::from(i == c)), Class::<2>::new(0).unwrap()));
/// let data: Dataset<_, _> = images.into_iter().collect();
/// let components = ColorComponents::of(&data)?;
/// assert!((components.std()[0] - 0.5_f32.sqrt()).abs() < 1e-6);
/// assert!(components.std()[1] < 1e-6);
/// let train = Augment::new().color_shift(components, 0.1).apply(data);
/// # let _ = train;
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ColorComponents {
    std: [f32; 3],
    directions: [[f32; 3]; 3],
}

impl ColorComponents {
    /// The components of these images' colours. They are statistics of the training data: those of a
    /// [`TestSet`](crate::data::TestSet) do not compile.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are no images; what keeps an image from being read.
    pub fn of<const H: usize, const W: usize>(
        images: &(impl Images<3, H, W> + Learnable),
    ) -> Result<Self, Error> {
        if images.is_empty() {
            return Err(Error::argument("images to take colours from", "at least 1", 0));
        }
        let (mut sums, mut products) = ([0.0; 3], [[0.0; 3]; 3]);
        let mut image = Tensor::<Chw<3, H, W>, f64>::zeros();
        for i in 0..images.len() {
            images.write_pixels(i, image.as_mut_slice())?;
            let [red, green, blue] = [0, 1, 2].map(|c| &image.as_slice()[c * H * W..][..H * W]);
            for ((red, green), blue) in red.iter().zip(green).zip(blue) {
                let color = [*red, *green, *blue];
                for a in 0..3 {
                    sums[a] += color[a];
                    for b in 0..3 {
                        products[a][b] += color[a] * color[b];
                    }
                }
            }
        }
        let count = (images.len() * H * W) as f64;
        let mean = sums.map(|sum| sum / count);
        let mut covariance = products;
        for a in 0..3 {
            for b in 0..3 {
                covariance[a][b] = products[a][b] / count - mean[a] * mean[b];
            }
        }
        Ok(Self::of_covariance(covariance))
    }

    fn of_covariance(mut matrix: [[f64; 3]; 3]) -> Self {
        // Jacobi's rotations: each makes one pair of entries beside the diagonal zero.
        let mut vectors = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        for (p, q) in [(0, 1), (0, 2), (1, 2)].into_iter().cycle().take(60) {
            if matrix[p][q] == 0.0 {
                continue;
            }
            let theta = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
            let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
            let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
            let sine = tangent * cosine;
            let turn = |a: f64, b: f64| (cosine * a - sine * b, sine * a + cosine * b);
            for row in &mut matrix {
                (row[p], row[q]) = turn(row[p], row[q]);
            }
            for column in 0..3 {
                (matrix[p][column], matrix[q][column]) = turn(matrix[p][column], matrix[q][column]);
                (vectors[p][column], vectors[q][column]) = turn(vectors[p][column], vectors[q][column]);
            }
        }
        let mut order = [0, 1, 2];
        order.sort_by(|&a, &b| matrix[b][b].total_cmp(&matrix[a][a]));
        ColorComponents {
            std: order.map(|i| matrix[i][i].max(0.0).sqrt() as f32),
            directions: order.map(|i| vectors[i].map(|x| x as f32)),
        }
    }

    /// The standard deviation along each direction, the largest first.
    pub fn std(&self) -> [f32; 3] {
        self.std
    }

    /// The directions, each a vector of length 1 over red, green and blue.
    pub fn directions(&self) -> [[f32; 3]; 3] {
        self.directions
    }

    /// Σ amountᵢ·σᵢ·pᵢ.
    pub(super) fn along(&self, amounts: [f32; 3]) -> [f32; 3] {
        let mut shift = [0.0; 3];
        for ((amount, std), direction) in amounts.into_iter().zip(self.std).zip(self.directions) {
            for (shift, part) in shift.iter_mut().zip(direction) {
                *shift += amount * std * part;
            }
        }
        shift
    }
}
