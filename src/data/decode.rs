//! Decodes image files to pixels of one or three bytes.

use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use byteorder::{BigEndian, ByteOrder};
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::regular::open_regular;
use crate::Error;

/// The bytes that scaling takes grow with the sides of an image, so they have a limit beside the number of pixels.
const LONGEST_SIDE: u32 = 1 << 20;

/// Endings of JPEG images that the decoders' own list does not have.
const JPEG_ENDINGS: [&str; 3] = ["jpe", "jfif", "jif"];

/// Endings of images, also vector graphics and raw photographs, in formats that no decoder here reads.
const UNREAD_ENDINGS: [&str; 20] = [
    "ai", "arw", "avif", "cr2", "cr3", "dcm", "dng", "eps", "heic", "heif", "j2k", "jp2", "jxl", "nef",
    "orf", "pdf", "psd", "raw", "svg", "xcf",
];

/// The ending of a file's name in small letters, without the dot.
pub(super) fn ending_of(name: &str) -> String {
    Path::new(name).extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Whether a file with this name is taken for an image.
pub(super) fn has_image_name(name: &str) -> bool {
    ImageFormat::from_path(name).is_ok_and(|format| format.reading_enabled())
        || JPEG_ENDINGS.contains(&&*ending_of(name))
}

/// Whether a name with this ending is that of an image that no decoder here reads.
pub(super) fn is_unread(ending: &str) -> bool {
    UNREAD_ENDINGS.contains(&ending) || ImageFormat::from_extension(ending).is_some()
}

/// The bytes of an image file, at most `limit`.
pub(super) fn read_image(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let (file, size) = open_regular(path)?;
    if size > limit {
        return Err(Error::format(path, format!("an image file of at most {limit} bytes"), size.to_string()));
    }
    let mut bytes = Vec::new();
    // It may have grown since its length was taken.
    file.take(limit).read_to_end(&mut bytes).map_err(Error::io(path, "read"))?;
    Ok(bytes)
}

/// Decodes an image and turns it as its EXIF data say. Its pixels take at most `limit` bytes, also while [`interleaved`]
/// converts them to `channels` channels. The extension of `path` decides the format only if the bytes do not.
pub(super) fn decode(path: &Path, bytes: &[u8], limit: u64, channels: usize) -> Result<DynamicImage, Error> {
    if bytes.is_empty() {
        return Err(Error::format(path, "an image", "an empty file"));
    }
    // The decoder would make up the rest.
    if bytes.starts_with(&[0xff, 0xd8]) && !has_end_of_image(bytes) {
        return Err(Error::format(path, "a whole JPEG image", "one that is cut off"));
    }
    // A panic in a decoder tells of a bad image, too.
    match catch_unwind(AssertUnwindSafe(|| decode_by_content(path, bytes, limit, channels))) {
        Ok(result) => result,
        Err(_) => Err(Error::format(path, "an undamaged image", "one that its decoder gave up")),
    }
}

fn decode_by_content(path: &Path, bytes: &[u8], limit: u64, channels: usize) -> Result<DynamicImage, Error> {
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
    let wanted = wanted(channels, decoder.color_type());
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

/// The colour type of this many channels of 8 bits, with transparency if the image has it.
fn wanted(channels: usize, found: ColorType) -> ColorType {
    match (channels, found.has_alpha()) {
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

/// Pixels of `channels` bytes each, transparent ones blended with white.
pub(super) fn interleaved(image: DynamicImage, channels: usize) -> Vec<u8> {
    match wanted(channels, image.color()) {
        ColorType::L8 => image.into_luma8().into_raw(),
        ColorType::La8 => on_white::<1>(image.into_luma_alpha8().into_raw()),
        ColorType::Rgb8 => image.into_rgb8().into_raw(),
        _ => on_white::<3>(image.into_rgba8().into_raw()),
    }
}

/// Blends pixels of `C` bytes and an alpha with white.
fn on_white<const C: usize>(mut pixels: Vec<u8>) -> Vec<u8> {
    // In place, so that there is no further copy.
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
}
