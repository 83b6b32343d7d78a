//! The folders of the classes: their numbers, and whether they are classes at all.

use std::collections::BTreeMap;
use std::path::Path;

use crate::Error;
use crate::data::{in_few_words, order_of_names};

/// Names of the parts of a data set, in small letters.
const PARTS: [&str; 10] =
    ["train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval", "evaluation"];

/// A folder that may be that of a class.
#[derive(Default)]
pub(super) struct Folder {
    /// Images in it and in folders further down.
    pub images: usize,
    /// Images in it.
    pub direct: usize,
    /// A folder in it that has images, directly or further down.
    pub inner: Option<String>,
}

/// The folders with their names.
#[derive(Default)]
pub(super) struct Folders {
    numbers: BTreeMap<String, usize>,
    /// In the order in which they were found.
    pub folders: Vec<Folder>,
}

impl Folders {
    /// The number of the folder with this name, which may be a new one.
    pub fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.folders.len();
        self.numbers.insert(name.to_owned(), number);
        self.folders.push(Folder::default());
        number
    }

    /// Counts an image of this folder, which lies in the folder `inner` further down, if there is one.
    pub fn count(&mut self, folder: usize, inner: Option<&str>) {
        let folder = &mut self.folders[folder];
        folder.images += 1;
        match inner {
            None => folder.direct += 1,
            Some(inner) if folder.inner.as_deref().is_none_or(|first| inner < first) => {
                folder.inner = Some(inner.to_owned());
            }
            Some(_) => {}
        }
    }

    /// The names in the order of the classes' numbers, and the class of each folder: by the names that are given, else in
    /// the order of the folders' names.
    pub fn classes(&self, root: &Path, given: Option<&[String]>) -> Result<(Vec<String>, Vec<usize>), Error> {
        let mut found = vec![String::new(); self.folders.len()];
        self.numbers.iter().for_each(|(name, &number)| found[number] = name.clone());
        if let Some(given) = given {
            if let Some(name) =
                given.iter().enumerate().find_map(|(i, name)| given[..i].contains(name).then_some(name))
            {
                return Err(Error::argument("classes", "each name once", format!("{name:?} twice")));
            }
            let place = |name: &String| given.iter().position(|known| known == name);
            let unknown: Vec<String> =
                self.numbers.keys().filter(|name| place(name).is_none()).cloned().collect();
            if !unknown.is_empty() {
                let expected = format!("the classes that were given, {}", in_few_words(given));
                return Err(Error::format(root, expected, format!("others: {}", in_few_words(&unknown))));
            }
            let places = found.iter().map(|name| place(name).expect("a known name")).collect();
            return Ok((given.to_vec(), places));
        }
        let order = order_of_names(&found);
        let mut places = vec![0; found.len()];
        order.iter().enumerate().for_each(|(class, &number)| places[number] = class);
        Ok((order.into_iter().map(|number| found[number].clone()).collect(), places))
    }

    /// Refuses folders that are the parts of a data set, or hold the folders of the classes themselves.
    pub fn check(&self, root: &Path, part: &str, nested: bool) -> Result<(), Error> {
        let is_part = |name: &str| PARTS.contains(&&*name.to_lowercase());
        let is_outer = |number: usize| {
            let Folder { images, direct, .. } = self.folders[number];
            images > 0 && direct == 0
        };
        let below = |name: &str| [part, name].join("/").trim_start_matches('/').to_owned();
        let mut parts: Vec<String> = self.numbers.keys().filter(|name| is_part(name)).cloned().collect();
        let of_parts = parts.len() > 1 && parts.len() == self.numbers.len()
            || self.numbers.iter().any(|(name, &number)| is_part(name) && is_outer(number));
        if of_parts {
            // Most often it is the training part that is wanted.
            parts.sort_by_key(|name| !name.to_lowercase().starts_with("train"));
            let (first, names) = (below(&parts[0]), in_few_words(&parts));
            let found =
                format!("parts of a data set, {names}; ImageFolderOptions::part({first:?}) opens one");
            return Err(Error::format(root, "a folder for each class", found));
        }
        let mut outer = self.numbers.iter().filter(|(_, number)| is_outer(**number));
        if let Some((name, &number)) = outer.next()
            && !nested
        {
            let inner = self.folders[number].inner.as_deref().unwrap_or_default();
            let found = format!(
                "images only in folders further down, such as {:?}; ImageFolderOptions::part({:?}) takes those for \
                 classes, and nested(true) accepts them as they are",
                below(&format!("{name}/{inner}")),
                below(name),
            );
            return Err(Error::format(root, "images in the folder of each class", found));
        }
        Ok(())
    }
}
