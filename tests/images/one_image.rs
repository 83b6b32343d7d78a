//! A folder or an archive with one image, and the error for it.

use std::path::Path;

use convnet::data::ImageFolder;
use convnet::prelude::*;

pub type One = ImageFolder<3, 4, 4, 1>;

/// The error of the only image in a folder or an archive.
pub fn refusal(path: &Path) -> String {
    let folder = One::open(path).unwrap();
    let mut values = [0.0_f32; 48];
    let text = folder.write_to(0, &mut values, None).unwrap_err().to_string();
    assert_eq!(folder.read().unwrap_err().to_string(), text);
    text
}
