//! Image files without classes.

use std::fmt;
use std::path::{Path, PathBuf};

use super::left_out::{Counts, LeftOut};
use super::listing::entries;
use crate::data::decode::has_image_name;
use crate::data::{Fingerprint, Metadata, Normalization, Preprocessing, Samples};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Chw;

/// Image files without classes, to predict for: those of a folder, or of a list. They are decoded and scaled to `C`×`H`×`W` each
/// time they are needed.
///
/// In Keras: `image_dataset_from_directory(labels=None)`.
///
/// ```
/// use convnet::data::{ImageFiles, Preprocessing, Samples};
/// use convnet::train::PredictAll;
/// use convnet::prelude::*;
///
/// network! {
///     struct Small: Chw<1, 4, 4> => Flat<2> { flat: Flatten, fc: Dense { units: 2 } }
/// }
///
/// let folder = tempfile::tempdir().unwrap();
/// for name in ["b.pgm", "a.pgm"] {
///     std::fs::write(folder.path().join(name), "P5 1 1 255\n.").unwrap();
/// }
/// let net = Small::new(1);
/// // A network that was loaded from a file has its own: `net.metadata().preprocessing`.
/// let images = ImageFiles::<1, 4, 4>::open(folder.path(), &Preprocessing::new())?;
/// let answers = net.predict_all(&images).collect::<Result<Vec<_>, _>>()?;
/// assert!(answers[0].origin.as_ref().unwrap().ends_with("a.pgm"));
/// assert_eq!((answers.len(), answers[0].truth), (2, None));
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone)]
pub struct ImageFiles<const C: usize, const H: usize, const W: usize> {
    files: Vec<PathBuf>,
    preprocessing: Preprocessing,
    left_out: Vec<LeftOut>,
}

impl<const C: usize, const H: usize, const W: usize> ImageFiles<C, H, W> {
    /// Lists the images in a folder, at any depth, in the order of their paths. Files that are no images are
    /// [counted](Self::left_out); hidden ones, those of the system, and links to folders are passed by, as an
    /// [`ImageFolder`](super::ImageFolder) does.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be read, [`Error::Format`] if it holds no image, and those of [`ImageFiles::of`].
    pub fn open(folder: impl AsRef<Path>, preprocessing: &Preprocessing) -> Result<Self, Error> {
        let (files, left_out) = list(folder.as_ref())?;
        Ok(ImageFiles { left_out, ..Self::of(files, preprocessing)? })
    }

    /// The images with these paths, in this order. A file that is missing or broken is an error when it is read.
    ///
    /// # Errors
    /// [`Error::Argument`] if the normalisation is for another number of channels, or a crop larger than the image it is cut
    /// from.
    pub fn of(
        files: impl IntoIterator<Item = impl Into<PathBuf>>,
        preprocessing: &Preprocessing,
    ) -> Result<Self, Error> {
        const {
            assert!(C == 1 || C == 3, "expected 1 channel (grey) or 3 channels (red, green, blue)");
            assert!(H > 0 && W > 0, "expected images of at least one pixel");
        }
        preprocessing.check([C, H, W])?;
        let files = files.into_iter().map(Into::into).collect();
        Ok(ImageFiles { files, preprocessing: preprocessing.clone(), left_out: Vec::new() })
    }

    /// The paths of the images, in order.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Counts of the files in the folder that are no samples, by ending and reason, the largest first.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }
}

fn list(root: &Path) -> Result<(Vec<PathBuf>, Vec<LeftOut>), Error> {
    let (mut files, mut left_out) = (Vec::new(), Counts::default());
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for (name, path, kind) in entries(&folder)? {
            let name = name.to_string_lossy();
            if kind.is_dir() {
                folders.push(path);
            } else if !has_image_name(&name) {
                left_out.add(Some(0), &name, false);
            } else if !(kind.is_symlink() && path.is_dir()) {
                files.push(path);
            }
        }
    }
    if files.is_empty() {
        return Err(Error::format(root, "at least one image", format!("none{}", left_out.told(0))));
    }
    files.sort();
    Ok((files, left_out.of_all()))
}

impl<const C: usize, const H: usize, const W: usize> Samples<Chw<C, H, W>> for ImageFiles<C, H, W> {
    type Target = ();

    fn len(&self) -> usize {
        self.files.len()
    }

    fn write_to<T: Scalar>(&self, sample: usize, values: &mut [T], _: Option<u64>) -> Result<(), Error> {
        let path = self.files[sample].as_path();
        let pixels = self.preprocessing.read(path.into(), [C, H, W])?;
        Normalization::write_bytes(Some(self.preprocessing.pixel_normalization()), &pixels, values);
        Ok(())
    }

    fn target(&self, _: usize) -> &() {
        &()
    }

    fn id(&self, sample: usize) -> u64 {
        sample as u64
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn origin(&self, sample: usize) -> Option<String> {
        Some(self.files[sample].to_string_lossy().into_owned())
    }

    fn metadata(&self) -> Metadata {
        Metadata { preprocessing: Some(self.preprocessing.clone()), ..Metadata::default() }
    }

    /// A hash of the names of the files, without their folders.
    fn fingerprint(&self) -> Result<u64, Error> {
        let mut hash = Fingerprint::default();
        for file in &self.files {
            let name = file.file_name().unwrap_or_default().as_encoded_bytes();
            name.iter().for_each(|byte| hash.add((*byte).into()));
            hash.add(256);
        }
        Ok(hash.0)
    }
}

impl<const C: usize, const H: usize, const W: usize> fmt::Debug for ImageFiles<C, H, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ImageFiles: {} of {C}×{H}×{W}", self.files.len())
    }
}
