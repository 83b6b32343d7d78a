//! Counts of the files that are no samples.

use std::collections::BTreeMap;
use std::fmt;

use crate::data::decode::{ending_of, is_unread};

/// The longest ending that is told; longer ones are no endings of a format.
const LONGEST: usize = 10;
/// The most counts that an error tells.
const TOLD: usize = 5;

/// Files beside or in the folders of the classes that are no samples: those with one ending and for one reason.
///
/// It prints as `94 .heic (images in a format that is not read)`.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LeftOut {
    /// The ending of their names, such as "heic"; empty if they have none.
    pub ending: String,
    /// Why they are no samples.
    pub reason: LeftOutReason,
    /// The number of files.
    pub count: usize,
}

/// Why files are no samples.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum LeftOutReason {
    /// They are images in a format that is not read, by their ending: HEIC, AVIF, SVG, raw photographs.
    UnreadFormat,
    /// Their names do not end as those of images do.
    NoImage,
    /// They are named as images are, but lie beside the folders of the classes.
    OutsideClasses,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LeftOut { ending, reason, count } = self;
        match &**ending {
            "" => write!(f, "{count} without an ending")?,
            ending => write!(f, "{count} .{ending}")?,
        }
        f.write_str(match reason {
            LeftOutReason::UnreadFormat => " (images in a format that is not read)",
            LeftOutReason::NoImage => " (not named as images are)",
            LeftOutReason::OutsideClasses => " (beside the folders of the classes)",
        })
    }
}

/// The counts, by the class in whose folder the files lie, reason and ending.
#[derive(Default)]
pub(super) struct Counts(BTreeMap<(Option<usize>, LeftOutReason, String), usize>);

impl Counts {
    /// Counts a file that is no sample: in the folder of a class, or beside them.
    pub fn add(&mut self, class: Option<usize>, name: &str, is_image: bool) {
        let ending = ending_of(name);
        let is_usual = ending.len() <= LONGEST && ending.chars().all(char::is_alphanumeric);
        let ending = if is_usual { ending } else { String::new() };
        let reason = match is_image {
            true => LeftOutReason::OutsideClasses,
            false if is_unread(&ending) => LeftOutReason::UnreadFormat,
            false => LeftOutReason::NoImage,
        };
        *self.0.entry((class, reason, ending)).or_default() += 1;
    }

    /// All counts, the largest first.
    pub fn of_all(&self) -> Vec<LeftOut> {
        self.sums(|_| true)
    }

    /// The counts of the files in the folder of a class, as an error tells them after "none".
    pub fn told(&self, class: usize) -> String {
        let all = self.sums(|of| of == Some(class));
        let mut told: Vec<String> = all.iter().take(TOLD).map(LeftOut::to_string).collect();
        if all.len() > TOLD {
            told.push("others".to_owned());
        }
        if told.is_empty() { String::new() } else { format!("; left out: {}", told.join(", ")) }
    }

    fn sums(&self, is_wanted: impl Fn(Option<usize>) -> bool) -> Vec<LeftOut> {
        let mut sums = BTreeMap::new();
        for ((_, reason, ending), count) in self.0.iter().filter(|((class, ..), _)| is_wanted(*class)) {
            *sums.entry((*reason, ending)).or_default() += count;
        }
        let sums = sums.into_iter();
        let mut all: Vec<LeftOut> =
            sums.map(|((reason, ending), count)| LeftOut { ending: ending.clone(), reason, count }).collect();
        all.sort_by_key(|left| std::cmp::Reverse(left.count));
        all
    }
}
