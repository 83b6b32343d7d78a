//! From a picture of a handwritten digit to a sample like those of MNIST.

mod ink;
mod lines;
mod paper;
mod piece;
mod placing;
mod plane;

use std::path::Path;

use image::DynamicImage;

use self::ink::contrast;
use self::lines::without_lines;
use self::piece::cut_out;
use self::placing::{boxed, placed};
use super::decode::{decode, read_image};
use super::mnist::PIXELS;
use super::{Mnist, Normalization};
use crate::error::Error;
use crate::shape::Chw;
use crate::tensor::Tensor;

/// A limit in bytes for an image, encoded or decoded.
const MAX_IMAGE_BYTES: u64 = 1 << 28;
/// The side of a sample.
const SIDE: usize = 28;

impl Mnist {
    /// Reads a picture of one handwritten digit as a sample for a network trained on MNIST: dark on light or light
    /// on dark, in colours or grey, of any size and anywhere on its page.
    ///
    /// # Steps
    /// As far as the digits of MNIST are concerned they are those of Y. LeCun, L. Bottou, Y. Bengio and P. Haffner,
    /// "Gradient-based learning applied to document recognition", 1998, section III.A.
    ///
    /// 1. The image is turned as its EXIF data say, and transparent pixels are laid on white. An image whose longer side
    ///    has more than 1024 pixels is scaled to that by means over areas.
    /// 2. The paper is what most of the image shows: a polynomial of degree 2 in row and column, for each colour, is
    ///    fitted to it and subtracted. Ink is what is left in the direction of Σ ‖d‖² d over the differences d: so light
    ///    ink or dark, or ink of another colour and the same brightness.
    /// 3. Lines of ruled and squared paper are taken out: runs of ink from border to border, at least two in parallel or
    ///    crossing, sloped by at most 1 in 20 and at most 6 % of the shorter side wide. Ink that is darker stays; where it
    ///    is not, strokes on both sides of a line are joined.
    /// 4. Otsu's threshold tells ink from its edges, both above the noise. The digit is the connected piece with most
    ///    ink, with smaller ones close by; what is further away, or has less than 1/50 of its ink, is dust.
    /// 5. The digit is scaled to fit a box of 20×20 pixels, its aspect ratio kept, by means over areas (by straight lines
    ///    between pixels, where it grows), and stretched to 255. Strokes narrower than 1.45 pixels of the box, as those of
    ///    1 in 100 training digits are, would be faint and are first widened to 2.4, the median of all. Width is
    ///    2 · ink / edges, where edges are Σ ‖gradient‖.
    /// 6. The box is placed in 28×28 pixels so that the centre of mass lies in the pixel of row 14 and column 14, counted
    ///    from 0, as in MNIST; then a pixel p becomes (p / 255 − 0.1307) / 0.3081.
    ///
    /// A digit of MNIST comes out almost as it was. A digit on a page that does not fill the image is not found. Several
    /// digits are refused if there is paper between them, or if a row of pixels crosses more than 1.9 strokes on average, as
    /// fewer than 1 in 100 training digits have. Some that touch are still taken for one, and so is a letter:
    /// [`DigitReader`](crate::model::DigitReader) tells which answers are to be trusted, and says how often it is wrong.
    ///
    /// Of 5000 pairs of training digits whose boxes overlap by 0 to 4 of their 28 pixels 84 % are refused; of 4000 single ones
    /// 0.9 %, 0.4 % for the number of strokes.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::Format`] if it has more than 2²⁸ bytes, encoded or decoded to
    /// three colours, is not an undamaged image (JPEG, PNG, GIF, BMP, WebP, PNM, QOI or TGA, or with the feature `tiff` TIFF),
    /// nothing stands out in it, it has a single line from border to border, or more than one character: pieces of ink
    /// apart from each other or side by side, or one that is wider than 1.45 times its height or has more strokes
    /// beside each other than a digit.
    ///
    /// ```
    /// use convnet::model::LeNet5;
    /// use convnet::prelude::*;
    ///
    /// let folder = tempfile::tempdir().unwrap();
    /// let path = folder.path().join("one.pgm");
    /// // A black line on 60×80 white pixels.
    /// let line = |place: usize| if (25..27).contains(&(place % 60)) && (600..4200).contains(&place) { 0 } else { 255 };
    /// let pixels: Vec<u8> = (0..60 * 80).map(line).collect();
    /// std::fs::write(&path, [b"P5 60 80 255\n", &pixels[..]].concat()).unwrap();
    ///
    /// let digit: Tensor<Chw<1, 28, 28>> = Mnist::read_digit(&path)?;
    /// println!("{}", LeNet5::new(1).predict(&digit).class);
    /// let ink = digit.as_slice().iter().filter(|value| **value > 0.0).count();
    /// assert!((20..60).contains(&ink), "{ink}");
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn read_digit(path: impl AsRef<Path>) -> Result<Tensor<Chw<1, 28, 28>>, Error> {
        read_digit(path.as_ref())
    }

    /// Reads a picture that is already in memory, as [`Mnist::read_digit`] does; `name` stands for its path in errors.
    ///
    /// # Errors
    /// As [`Mnist::read_digit`].
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let error = Mnist::decode_digit("white.pgm", b"P5 2 1 255\n\xff\xff").unwrap_err();
    /// assert_eq!(error.to_string(), "white.pgm: expected a picture of a single digit, found an image of one colour");
    /// ```
    pub fn decode_digit(name: impl AsRef<Path>, bytes: &[u8]) -> Result<Tensor<Chw<1, 28, 28>>, Error> {
        decode_digit(name.as_ref(), bytes)
    }
}

fn read_digit(path: &Path) -> Result<Tensor<Chw<1, 28, 28>>, Error> {
    decode_digit(path, &read_image(path, MAX_IMAGE_BYTES)?)
}

fn decode_digit(name: &Path, bytes: &[u8]) -> Result<Tensor<Chw<1, 28, 28>>, Error> {
    let image = decode(name, bytes, MAX_IMAGE_BYTES, 3)?;
    let pixels = digit(image).map_err(|found| Error::format(name, "a picture of a single digit", found))?;
    let [mean, std] = PIXELS;
    let mut sample = Tensor::zeros();
    Normalization::write_bytes(Some(&Normalization::new([mean], [std])?), &pixels, sample.as_mut_slice());
    Ok(sample)
}

/// The pixels of a sample, or what there is instead of a digit.
fn digit(image: DynamicImage) -> Result<[u8; SIDE * SIDE], &'static str> {
    let ink = match image.color().has_color() {
        true => contrast::<3>(image)?,
        false => contrast::<1>(image)?,
    };
    let digit = cut_out(without_lines(ink)?)?;
    Ok(placed(&boxed(digit)))
}
