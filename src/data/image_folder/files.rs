//! Opens, checks and decodes the images of a folder. Nothing here is generic: decoders are compiled once, with the
//! library, and not again in every program that reads images.

use std::io::ErrorKind;
use std::path::Path;

use rayon::prelude::*;

use super::ImageFolderOptions;
use super::listing::Listing;
use crate::data::in_few_words;
use crate::error::{Error, FirstError};
use crate::kernel::Exec;

/// The images of a folder or archive, and how they are read.
pub(super) struct Files {
    pub listing: Listing,
    pub options: ImageFolderOptions,
    /// Why each image was left out.
    pub skipped: Vec<Error>,
    /// Channels, height and width of a sample.
    size: [usize; 3],
}

impl Files {
    /// Opens a folder or an archive with the folders of `classes` classes.
    pub fn open(
        path: &Path,
        options: ImageFolderOptions,
        size: [usize; 3],
        classes: usize,
    ) -> Result<Self, Error> {
        options.preprocessing.check(size)?;
        let listing = Listing::open(path, &options)?;
        Self::new(listing, options, size, classes)
    }

    /// Opens a gzipped archive in memory; `name` stands for its path in errors.
    #[cfg(feature = "sample")]
    pub fn of_bytes(
        name: &Path,
        gzipped: &[u8],
        options: ImageFolderOptions,
        size: [usize; 3],
        classes: usize,
    ) -> Result<Self, Error> {
        let listing = Listing::of_bytes(name, gzipped, &options)?;
        Self::new(listing, options, size, classes)
    }

    fn new(
        listing: Listing,
        options: ImageFolderOptions,
        size: [usize; 3],
        classes: usize,
    ) -> Result<Self, Error> {
        let found = listing.classes.len();
        // With a single class there is nothing to tell apart.
        let least = classes.min(2);
        if found > classes || found < least || (found < classes && !options.fewer_classes) {
            let expected = match options.fewer_classes {
                true => format!("the folders of {least} to {classes} classes"),
                false => format!("the folders of {classes} classes"),
            };
            return Err(Error::format(&listing.root, expected, in_few_words(&listing.classes)));
        }
        let mut files = Files { listing, options, skipped: Vec::new(), size };
        if files.options.skip_broken {
            let check = |image| match files.decode(image) {
                Err(error) if is_of_the_image(&error) => Ok(Some(error)),
                other => other.map(|_| None),
            };
            let checked: Vec<_> = (0..files.listing.images.len()).into_par_iter().map(check).collect();
            let errors: Vec<_> = checked.into_iter().collect::<Result<_, _>>()?;
            let mut whole = errors.iter().map(Option::is_none);
            files.listing.images.retain(|_| whole.next().unwrap_or_default());
            files.skipped = errors.into_iter().flatten().collect();
        }
        Ok(files)
    }

    fn decode(&self, image: usize) -> Result<image::DynamicImage, Error> {
        let preprocessing = &self.options.preprocessing;
        let limit = preprocessing.limit();
        self.listing.read(image, limit, |path, bytes| preprocessing.decode(path, bytes, self.size))
    }

    /// An image's bytes in channel, row, column order, as large as a sample.
    pub fn pixels(&self, image: usize) -> Result<Vec<u8>, Error> {
        Ok(self.options.preprocessing.fitted(self.decode(image)?, self.size))
    }

    /// The bytes of these images, one after the other.
    pub fn read(&self, images: &[u32]) -> Result<Vec<u8>, Error> {
        let len = self.size.iter().product::<usize>();
        let mut bytes = Vec::new();
        let all = images.len().checked_mul(len);
        if all.is_none_or(|all| bytes.try_reserve_exact(all).is_err()) {
            let [channels, height, width] = self.size;
            let found = format!("{} of {channels}×{height}×{width} bytes", images.len());
            return Err(Error::argument("images", "no more than the memory holds", found));
        }
        bytes.resize(images.len() * len, 0);
        let failure = FirstError::default();
        Exec::new(true).each_chunk(&mut bytes, len, |sample, bytes| {
            let decoded = self.pixels(images[sample] as usize).map(|pixels| bytes.copy_from_slice(&pixels));
            failure.note(sample, decoded);
        });
        failure.result()?;
        Ok(bytes)
    }
}

/// Whether an error comes from the image itself, as with a link to nothing, so that reading it again would not help.
fn is_of_the_image(error: &Error) -> bool {
    match error {
        Error::Io { source, .. } => source.kind() == ErrorKind::NotFound,
        other => matches!(other, Error::Format { .. }),
    }
}
