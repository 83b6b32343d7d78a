//! Makes images of other sizes fit.

use std::fmt;
use std::str::FromStr;

use image::DynamicImage;

use super::decode::interleaved;
use super::resample::{Axis, scale};
use crate::error::Error;

/// The way an image of another size is made to fit.
///
/// ```
/// use convnet::data::{Fit, ImageFolder, ImageFolderOptions};
///
/// let folder = tempfile::tempdir().unwrap();
/// std::fs::create_dir(folder.path().join("class")).unwrap();
/// // A picture of 6×2 pixels, with a column of its own at each end.
/// let pixels = [[255, 0, 0, 0, 0, 255]; 2].concat();
/// std::fs::write(folder.path().join("class/a.pgm"), [b"P5 6 2 255\n", &pixels[..]].concat()).unwrap();
///
/// let fitted = |fit| -> Result<Vec<f32>, convnet::Error> {
///     let options = ImageFolderOptions::new().fit(fit);
///     let images = ImageFolder::<1, 2, 2, 1>::open_with(folder.path(), options)?.read()?;
///     Ok(images.sample::<f32>(0).as_slice().to_vec())
/// };
/// assert_eq!(fitted(Fit::Cover)?, [0.0; 4]);
/// assert!(fitted(Fit::Stretch)?.iter().all(|pixel| *pixel > 0.2));
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias = "Resize")]
#[doc(alias = "CenterCrop")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Fit {
    /// Scales without distortion to the smallest size that covers H×W, and crops the centre. In torchvision: `Resize` and
    /// `CenterCrop`; in Keras: `crop_to_aspect_ratio=True`.
    #[default]
    Cover,
    /// Scales to H×W, with distortion if the aspect ratio differs. In torchvision: `Resize((H, W))`.
    Stretch,
    /// Scales without distortion to the largest size that fits inside H×W; the border has the mean colour. In Keras:
    /// `pad_to_aspect_ratio=True`.
    Contain,
    /// Scales without distortion until the shorter side has this many pixels, at least as many as H and W, and cuts H×W out
    /// of the centre. In torchvision: `Resize(side)` and `CenterCrop`.
    Crop {
        /// Pixels of the shorter side.
        side: usize,
    },
}

/// "cover", "stretch", "contain", or "crop 256" with the pixels of the shorter side.
impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fit::Cover => f.write_str("cover"),
            Fit::Stretch => f.write_str("stretch"),
            Fit::Contain => f.write_str("contain"),
            Fit::Crop { side } => write!(f, "crop {side}"),
        }
    }
}

/// From the text that it prints as.
impl FromStr for Fit {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "cover" => Ok(Fit::Cover),
            "stretch" => Ok(Fit::Stretch),
            "contain" => Ok(Fit::Contain),
            _ => match text.strip_prefix("crop ").and_then(|side| side.parse().ok()) {
                Some(side) => Ok(Fit::Crop { side }),
                None => Err(Error::argument("fit", "cover, stretch, contain or \"crop\" and a number", text)),
            },
        }
    }
}

/// The pixels of an image as planes of the given channels, height and width, one byte each. `border` holds a byte for
/// each channel.
pub(super) fn fitted(image: DynamicImage, fit: Fit, border: &[u8], size: [usize; 3]) -> Vec<u8> {
    match size {
        [1, height, width] => fitted_to::<1>(image, fit, border, [height, width]),
        [channels, height, width] => {
            assert_eq!(channels, 3, "one channel or three");
            fitted_to::<3>(image, fit, border, [height, width])
        }
    }
}

fn fitted_to<const C: usize>(image: DynamicImage, fit: Fit, border: &[u8], [h, w]: [usize; 2]) -> Vec<u8> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let pixels = interleaved(image, C);
    let mut planes = vec![0; C * h * w];
    if (height, width) == (h, w) && !matches!(fit, Fit::Crop { .. }) {
        for (place, pixel) in pixels.chunks_exact(C).enumerate() {
            for (channel, &value) in pixel.iter().enumerate() {
                planes[channel * h * w + place] = value;
            }
        }
        return planes;
    }
    let (rows, columns) = match fit {
        Fit::Cover => cover((height, width), (h, w)),
        Fit::Stretch => ((h, h), (w, w)),
        Fit::Contain => contain((height, width), (h, w)),
        Fit::Crop { side } => {
            // The side that covers a square, as `cover` rounds it.
            let ((rows, _), (columns, _)) = cover((height, width), (side, side));
            ((rows, h), (columns, w))
        }
    };
    let (rows, columns) = (Axis::new(height, rows, h), Axis::new(width, columns, w));
    for (plane, value) in planes.chunks_exact_mut(h * w).zip(border) {
        plane.fill(*value);
    }
    // Pillow, which torchvision uses, keeps bytes between the two directions.
    let byte = |sum: f64| (sum + 0.5).floor();
    scale::<C>(&pixels, width, &rows, &columns, byte, |row, column, pixel: [f64; C]| {
        for (channel, value) in pixel.into_iter().enumerate() {
            planes[(channel * h + row) * w + column] = (value + 0.5) as u8;
        }
    });
    planes
}

/// For rows and for columns: the length that is scaled to, and the length of which the middle is shown.
type Lengths = ((usize, usize), (usize, usize));

fn cover((height, width): (usize, usize), (h, w): (usize, usize)) -> Lengths {
    // Whichever side would leave a gap decides; the other is rounded down, as torchvision does.
    if h * width >= w * height {
        ((h, h), (width * h / height, w))
    } else {
        ((height * w / width, h), (w, w))
    }
}

fn contain((height, width): (usize, usize), (h, w): (usize, usize)) -> Lengths {
    if h * width >= w * height {
        let rows = (height * w / width).max(1);
        ((rows, rows), (w, w))
    } else {
        let columns = (width * h / height).max(1);
        ((h, h), (columns, columns))
    }
}
