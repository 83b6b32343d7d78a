//! A finished drawing, and the files it is written to.

use std::io::Write;
use std::path::Path;

use super::canvas::Shape;
use super::raster;
use crate::Error;

/// Pixels of a PNG for each unit of the SVG: the letters are legible on paper too.
const RESOLUTION: u32 = 2;
/// Of a PNG; each takes five bytes while it is painted.
const MOST_PIXELS: u64 = 100_000_000;

/// A PNG file of pixels of four bytes.
pub(super) fn encoded([width, height]: [u32; 2], pixels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    let mut writer = encoder.write_header().expect("the sizes are positive");
    writer.write_image_data(pixels).expect("there are as many pixels as the sizes say");
    writer.finish().expect("a vector takes all that is written to it");
    bytes
}

/// A finished drawing.
///
/// ```
/// use convnet::plot::Chart;
///
/// let picture = Chart::new("Squares").line("x²", (0..9).map(|x| [x as f64, (x * x) as f64])).draw();
/// assert!(picture.svg().starts_with("<svg"));
/// assert!(picture.png()?.starts_with(b"\x89PNG"));
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Picture {
    pub(super) svg: String,
    /// In units of the SVG.
    pub(super) size: [u32; 2],
    pub(super) shapes: Vec<Shape>,
}

impl Picture {
    /// The picture as an SVG document.
    ///
    /// ```
    /// let picture = convnet::plot::Chart::new("Empty").draw();
    /// assert!(picture.svg().contains("no data"));
    /// ```
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// The picture as the bytes of a PNG file, with two pixels for each unit of the SVG.
    ///
    /// # Errors
    /// [`Error::Argument`] if it has more than 100 million pixels.
    ///
    /// ```
    /// let png = convnet::plot::Chart::new("Empty").draw().png()?;
    /// assert_eq!(&png[12..24], b"IHDR\0\0\x05\xa0\0\0\x03\xc0"); // 1440 × 960
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        let [width, height] = self.size.map(|length| length * RESOLUTION);
        let pixels = u64::from(width) * u64::from(height);
        if pixels > MOST_PIXELS {
            let expected = format!("at most {MOST_PIXELS} pixels");
            return Err(Error::argument("picture", expected, format!("{width}×{height} pixels")));
        }
        Ok(encoded([width, height], &raster::pixels(self.size, RESOLUTION, &self.shapes)))
    }

    /// Writes the picture to a file: SVG or PNG, as the ending of its name says.
    ///
    /// The file has the whole picture or is what it was before.
    ///
    /// # Errors
    /// [`Error::Argument`] for any other ending, and as for [`Picture::png`]; [`Error::Io`] if it cannot be written.
    ///
    /// ```
    /// let folder = tempfile::tempdir().unwrap();
    /// let picture = convnet::plot::Chart::new("Empty").draw();
    /// picture.save(folder.path().join("empty.svg"))?;
    /// assert_eq!(std::fs::read_to_string(folder.path().join("empty.svg")).unwrap(), picture.svg());
    ///
    /// let error = picture.save("empty.gif").unwrap_err();
    /// assert_eq!(error.to_string(), "picture: expected a path that ends in .svg or .png, found empty.gif");
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let write = |bytes: &[u8]| crate::file::replace(path, |to| to.write_all(bytes));
        match path.extension().and_then(|ending| ending.to_str()) {
            Some(ending) if ending.eq_ignore_ascii_case("svg") => write(self.svg.as_bytes()),
            Some(ending) if ending.eq_ignore_ascii_case("png") => write(&self.png()?),
            _ => {
                let expected = "a path that ends in .svg or .png";
                Err(Error::argument("picture", expected, crate::error::shown(path)))
            }
        }
    }
}
