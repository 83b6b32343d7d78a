//! Folders and archives of images that tests make.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use flate2::{Compression, Crc};
use image::{DynamicImage, EncodableLayout, ImageBuffer, ImageFormat, PixelWithColorType, Rgb, RgbImage};
use tempfile::TempDir;

use crate::zips::zip;

/// The same files as a folder, a tar archive, a gzipped one and a zip archive.
pub struct Sources(TempDir);

impl Sources {
    pub fn new(files: &[(&str, Vec<u8>)]) -> Self {
        let room = tempfile::tempdir().unwrap();
        let folder = room.path().join("folder");
        fs::create_dir(&folder).unwrap();
        for (name, bytes) in files {
            fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
            fs::write(folder.join(name), bytes).unwrap();
        }
        let archive = tar(files);
        fs::write(room.path().join("archive.tar.gz"), gzip(&archive)).unwrap();
        fs::write(room.path().join("archive.tar"), archive).unwrap();
        fs::write(room.path().join("archive.zip"), zip(files)).unwrap();
        Sources(room)
    }

    pub fn folder(&self) -> PathBuf {
        self.0.path().join("folder")
    }

    pub fn all(&self) -> [PathBuf; 4] {
        ["folder", "archive.tar", "archive.tar.gz", "archive.zip"].map(|name| self.0.path().join(name))
    }

    /// How an error names a file of a source.
    pub fn named(source: &Path, file: &str) -> String {
        if source.ends_with("folder") {
            source.join(file).display().to_string()
        } else {
            format!("{}: {file}", source.display())
        }
    }
}

pub fn tar(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub trait Encode {
    fn write(&self, file: &mut Cursor<Vec<u8>>, format: ImageFormat);
}

impl<P: PixelWithColorType<Subpixel = u8>> Encode for ImageBuffer<P, Vec<u8>>
where
    [u8]: EncodableLayout,
{
    fn write(&self, file: &mut Cursor<Vec<u8>>, format: ImageFormat) {
        self.write_to(file, format).unwrap();
    }
}

impl Encode for DynamicImage {
    fn write(&self, file: &mut Cursor<Vec<u8>>, format: ImageFormat) {
        self.write_to(file, format).unwrap();
    }
}

pub fn encoded(image: &impl Encode, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.write(&mut file, format);
    file.into_inner()
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    encoded(&noise(width, height, 0), ImageFormat::Png)
}

/// A PNG file whose header declares this width and height, bit depth and colour type (0 grey, 2 RGB, 6 RGBA).
pub fn huge_png(width: u32, height: u32, [depth, kind]: [u8; 2]) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes().into_iter().chain(height.to_be_bytes()).chain([depth, kind, 0, 0, 0]));
    let mut crc = Crc::new();
    crc.update(&chunk);
    let small = png(4, 4);
    [&small[..8], &[0, 0, 0, 13], &chunk, &crc.sum().to_be_bytes(), &small[33..]].concat()
}

/// An image with a pattern of its own for each seed.
pub fn noise(width: u32, height: u32, seed: u64) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let value = (u64::from(x) * 31 + u64::from(y) * 17 + seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Rgb([(value >> 56) as u8, (value >> 48) as u8, (value >> 40) as u8])
    })
}

/// A JPEG file whose EXIF data say how it is to be turned.
pub fn with_orientation(jpeg: Vec<u8>, orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let len = (exif.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &len, &exif, &jpeg[2..]].concat()
}

/// A header of a member of any size, with the right check sum.
pub fn header(name: &str, kind: tar::EntryType, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header.as_bytes().to_vec()
}
