//! From the bytes of an image file to the pixels of a sample.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use byteorder::{BigEndian, ByteOrder};
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::Error;

/// The bytes that scaling takes grow with the sides of an image, so they have a limit beside the number of pixels.
const LONGEST_SIDE: u32 = 1 << 20;

/// How an image of another size is made to fit.
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
///     let options = ImageFolderOptions { fit, ..Default::default() };
///     let images = ImageFolder::<1, 2, 2, 1>::open_with(folder.path(), options)?.read()?;
///     Ok(images.sample::<f32>(0).as_slice().to_vec())
/// };
/// assert_eq!(fitted(Fit::Cover)?, [0.0; 4]);
/// assert!(fitted(Fit::Stretch)?.iter().all(|pixel| *pixel > 0.2));
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Fit {
    /// Scaled, without distortion, to the smallest size that covers H×W; what sticks out on both sides is cut off.
    #[default]
    Cover,
    /// Scaled to H×W, distorted if its sides have another ratio.
    Stretch,
    /// Scaled, without distortion, to the largest size that fits inside H×W; the border has the mean colour.
    Contain,
}

/// Whether a file with this name is taken for an image.
pub(super) fn has_image_name(name: &str) -> bool {
    ImageFormat::from_path(name).is_ok_and(|format| format.reading_enabled())
}

/// Decodes an image, turned as its EXIF data say. Its pixels take at most `limit` bytes, also while [`fitted`] makes `C`
/// channels of them; `path` tells the format only where the bytes do not.
pub(super) fn decode<const C: usize>(path: &Path, bytes: &[u8], limit: u64) -> Result<DynamicImage, Error> {
    if bytes.is_empty() {
        return Err(Error::format(path, "an image", "an empty file"));
    }
    // The decoder would make up the rest.
    if bytes.starts_with(&[0xff, 0xd8]) && !has_end_of_image(bytes) {
        return Err(Error::format(path, "a whole JPEG image", "one that is cut off"));
    }
    // A panic in a decoder tells of a bad image, too.
    match catch_unwind(AssertUnwindSafe(|| decode_by_content::<C>(path, bytes, limit))) {
        Ok(result) => result,
        Err(_) => Err(Error::format(path, "an undamaged image", "one that its decoder gave up")),
    }
}

fn decode_by_content<const C: usize>(path: &Path, bytes: &[u8], limit: u64) -> Result<DynamicImage, Error> {
    let bad = |error: image::ImageError| Error::format(path, "an undamaged image", error.to_string());
    let mut reader = ImageReader::new(Cursor::new(bytes));
    if let Ok(format) = ImageFormat::from_path(path) {
        reader.set_format(format);
    }
    let mut reader = reader.with_guessed_format().map_err(Error::io(path, "read"))?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(limit);
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(bad)?;
    let ((width, height), decoded) = (decoder.dimensions(), decoder.total_bytes());
    if width == 0 || height == 0 {
        return Err(Error::format(path, "an image", format!("one of {width} × {height} pixels")));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let turned = if changes_sides(orientation) { decoded } else { 0 };
    let wanted = wanted::<C>(decoder.color_type());
    let converted = match wanted == decoder.color_type() {
        true => 0,
        false => (u64::from(width) * u64::from(height)).saturating_mul(wanted.bytes_per_pixel().into()),
    };
    // One copy is gone before the other is made.
    let needed = decoded.saturating_add(turned.max(converted));
    if needed > limit {
        let found = format!("{width} × {height} pixels of {needed}");
        return Err(Error::format(path, format!("an image of at most {limit} bytes"), found));
    }
    let mut image = DynamicImage::from_decoder(decoder).map_err(bad)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// Whether an image is turned into a copy of itself.
fn changes_sides(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// `C` channels of 8 bits, and transparency where there is some.
fn wanted<const C: usize>(found: ColorType) -> ColorType {
    match (C, found.has_alpha()) {
        (1, false) => ColorType::L8,
        (1, true) => ColorType::La8,
        (_, false) => ColorType::Rgb8,
        (_, true) => ColorType::Rgba8,
    }
}

/// Whether the markers of a JPEG file lead to the one that ends it.
fn has_end_of_image(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(step) =
        bytes[at..].windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff))
    {
        let marker = bytes[at + step + 1];
        at += step + 2;
        match marker {
            0xd9 => return true,
            // Without content.
            0x01 | 0xd0..=0xd8 => {}
            // Compressed data follow a scan's header up to the next marker, as junk may follow any other.
            _ => match bytes.get(at..at + 2) {
                Some(len) => at = (at + usize::from(BigEndian::read_u16(len))).min(bytes.len()),
                None => return false,
            },
        }
    }
    false
}

/// The pixels of an image as `C` planes of H×W, one byte each.
pub(super) fn fitted<const C: usize, const H: usize, const W: usize>(
    image: DynamicImage,
    fit: Fit,
    border: [u8; C],
) -> Vec<u8> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let pixels = interleaved::<C>(image);
    let mut planes = vec![0; C * H * W];
    if (height, width) == (H, W) {
        for (place, pixel) in pixels.chunks_exact(C).enumerate() {
            for (channel, &value) in pixel.iter().enumerate() {
                planes[channel * H * W + place] = value;
            }
        }
        return planes;
    }
    let (rows, columns) = match fit {
        Fit::Cover => cover((height, width), (H, W)),
        Fit::Stretch => ((H, H), (W, W)),
        Fit::Contain => contain((height, width), (H, W)),
    };
    let (rows, columns) = (Axis::new(height, rows, H), Axis::new(width, columns, W));
    for (plane, value) in planes.chunks_exact_mut(H * W).zip(border) {
        plane.fill(value);
    }
    scale::<C>(&pixels, width, &rows, &columns, |row, column, pixel: [f32; C]| {
        for (channel, value) in pixel.into_iter().enumerate() {
            planes[(channel * H + row) * W + column] = (value + 0.5) as u8;
        }
    });
    planes
}

/// Pixels of `C` bytes, with what is transparent laid on white.
pub(super) fn interleaved<const C: usize>(image: DynamicImage) -> Vec<u8> {
    // In place, so that there is no further copy.
    let on_white = |mut pixels: Vec<u8>| -> Vec<u8> {
        let count = pixels.len() / (C + 1);
        for pixel in 0..count {
            let alpha = u32::from(pixels[pixel * (C + 1) + C]);
            for channel in 0..C {
                let value = u32::from(pixels[pixel * (C + 1) + channel]);
                let sum = value * alpha + 255 * (255 - alpha);
                pixels[pixel * C + channel] = ((sum + 127) / 255) as u8;
            }
        }
        pixels.truncate(count * C);
        pixels
    };
    match wanted::<C>(image.color()) {
        ColorType::L8 => image.into_luma8().into_raw(),
        ColorType::La8 => on_white(image.into_luma_alpha8().into_raw()),
        ColorType::Rgb8 => image.into_rgb8().into_raw(),
        _ => on_white(image.into_rgba8().into_raw()),
    }
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

/// The source pixels, with weights that sum to 1, of each place along a side.
pub(super) struct Axis {
    /// Where the image begins in the output.
    from: usize,
    /// For each place the first source pixel and the weights from there on.
    taps: Vec<(usize, Vec<f32>)>,
}

impl Axis {
    /// Scales `source` pixels to `length` with a triangle filter, which is wider than a pixel of the source when the
    /// image shrinks, and keeps the middle, or what there is, for `places` places.
    fn new(source: usize, (length, shown): (usize, usize), places: usize) -> Axis {
        let (cut, from) = ((length - shown) as f64 / 2.0, (places - shown) / 2);
        // Halves to even, as torchvision does.
        let cut = cut.round_ties_even() as usize;
        let ratio = source as f64 / length as f64;
        let support = ratio.max(1.0);
        let taps = (cut..cut + shown).map(|place| {
            let centre = (place as f64 + 0.5) * ratio;
            let first = (centre - support + 0.5).max(0.0) as usize;
            let end = ((centre + support + 0.5) as usize).min(source).max(first + 1);
            let weights = (first..end).map(|x| (1.0 - (x as f64 + 0.5 - centre).abs() / support).max(0.0));
            let sum: f64 = weights.clone().sum();
            (first, weights.map(|weight| (weight / sum) as f32).collect())
        });
        Axis { from, taps: taps.collect() }
    }

    /// Scales `source` pixels to `length`, no more, by the mean over what each place covers.
    pub(super) fn of_means(source: usize, length: usize) -> Axis {
        let ratio = source as f64 / length as f64;
        let taps = (0..length).map(|place| {
            let (start, end) = (place as f64 * ratio, (place + 1) as f64 * ratio);
            let first = (start as usize).min(source - 1);
            let pixels = first..(end.ceil() as usize).clamp(first + 1, source);
            let weights = pixels.map(|x| (end.min((x + 1) as f64) - start.max(x as f64)).max(0.0));
            let sum: f64 = weights.clone().sum();
            (first, weights.map(|weight| (weight / sum) as f32).collect())
        });
        Axis { from: 0, taps: taps.collect() }
    }

    /// Scales `source` pixels to `length` with straight lines between their centres.
    pub(super) fn of_lines(source: usize, length: usize) -> Axis {
        Axis::new(source, (length, length), length)
    }
}

/// Scales pixels row by row, so that the memory taken is the weights and the output.
pub(super) fn scale<const C: usize>(
    pixels: &[impl Copy + Into<f32>],
    width: usize,
    rows: &Axis,
    columns: &Axis,
    mut put: impl FnMut(usize, usize, [f32; C]),
) {
    let across = columns.taps.len();
    let mut sums = vec![[0.0_f32; C]; rows.taps.len() * across];
    let mut line = vec![[0.0; C]; across];
    let (start, end) = match (rows.taps.first(), rows.taps.last()) {
        (Some((start, _)), Some((last, weights))) => (*start, last + weights.len()),
        _ => return,
    };
    let mut first = 0;
    for y in start..end {
        let source = &pixels[y * width * C..][..width * C];
        for (value, (from, weights)) in line.iter_mut().zip(&columns.taps) {
            *value = [0.0; C];
            for (pixel, weight) in source[from * C..].chunks_exact(C).zip(weights) {
                for (value, &byte) in value.iter_mut().zip(pixel) {
                    *value += weight * byte.into();
                }
            }
        }
        while rows.taps[first].0 + rows.taps[first].1.len() <= y {
            first += 1;
        }
        let reached = rows.taps[first..].iter().take_while(|(from, _)| *from <= y);
        for ((from, weights), sums) in reached.zip(sums[first * across..].chunks_exact_mut(across)) {
            // The windows of later rows may end no earlier, but rounding is not to be trusted with an index.
            let Some(weight) = weights.get(y - from) else { continue };
            for (sum, value) in sums.iter_mut().zip(&line) {
                for (sum, value) in sum.iter_mut().zip(value) {
                    *sum += weight * value;
                }
            }
        }
    }
    for (place, pixel) in sums.into_iter().enumerate() {
        put(rows.from + place / across, columns.from + place % across, pixel);
    }
}
