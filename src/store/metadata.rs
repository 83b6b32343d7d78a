//! The metadata of a network in the header of its file.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(feature = "images")]
use crate::data::{Fit, Normalization, Preprocessing};
use crate::data::{Metadata, Standardization};
use crate::error::Error;
use crate::shape::Dims;

/// The beginning of this library's keys.
pub(super) const OURS: &str = "convnet.";

const CLASSES: &str = "convnet.classes";
const FEATURES: &str = "convnet.features";
const INPUT: &str = "convnet.input";
const OFFSETS: &str = "convnet.offsets";
const IMPUTER: &str = "convnet.imputer";
const STANDARDIZER: &str = "convnet.standardizer";
#[cfg(feature = "images")]
const COLOUR: &str = "convnet.colour";
#[cfg(feature = "images")]
const FIT: &str = "convnet.fit";
#[cfg(feature = "images")]
const MEAN: &str = "convnet.mean";
#[cfg(feature = "images")]
const STD: &str = "convnet.std";

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("names and finite numbers")
}

/// The entries of a file for a network whose input has these dimensions.
pub(crate) fn entries_of(metadata: &Metadata, input: Dims) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    let mut add = |key: &str, value: String| entries.push((key.to_owned(), value));
    let dims = if input.is_maps() {
        vec![input.channels(), input.height(), input.width()]
    } else {
        vec![input.len()]
    };
    add(INPUT, json(&dims));
    for (key, names) in [(CLASSES, &metadata.classes), (FEATURES, &metadata.features)] {
        if !names.is_empty() {
            add(key, json(names));
        }
    }
    if !metadata.offsets.is_empty() {
        add(OFFSETS, json(&metadata.offsets));
    }
    if let Some(imputer) = &metadata.imputer {
        add(IMPUTER, json(imputer));
    }
    if let Some(standardizer) = &metadata.standardizer {
        add(STANDARDIZER, json(standardizer));
    }
    #[cfg(feature = "images")]
    if let Some(preprocessing) = &metadata.preprocessing {
        let normalization = preprocessing.pixel_normalization();
        add(COLOUR, if input.channels() == 1 { "grey" } else { "RGB" }.to_owned());
        add(FIT, preprocessing.fit_of_images().to_string());
        add(MEAN, json(&normalization.mean()));
        add(STD, json(&normalization.std()));
    }
    entries
}

/// The metadata of the entries of a file.
pub(super) fn metadata_of(path: &Path, entries: &[(String, String)]) -> Result<Metadata, Error> {
    fn value<T: DeserializeOwned + Default>(
        path: &Path,
        entries: &[(String, String)],
        key: &str,
    ) -> Result<T, Error> {
        let Some((_, text)) = entries.iter().find(|(known, _)| known == key) else { return Ok(T::default()) };
        serde_json::from_str(text).map_err(|error| {
            Error::format(path, format!("metadata {key} as it is documented"), error.to_string())
        })
    }
    let standardizer: Option<Standardization> = value(path, entries, STANDARDIZER)?;
    if let Some(Standardization { mean, std }) = &standardizer
        && mean.len() != std.len()
    {
        let found = format!("{} and {}", mean.len(), std.len());
        return Err(Error::format(
            path,
            format!("as many means as standard deviations in {STANDARDIZER}"),
            found,
        ));
    }
    #[cfg(feature = "images")]
    for (key, text) in entries {
        let expected = match &**key {
            COLOUR if !["RGB", "grey"].contains(&&**text) => "RGB or grey",
            MEAN | STD if !entries.iter().any(|(key, _)| key == FIT) => "convnet.fit beside it",
            _ => continue,
        };
        return Err(Error::format(path, format!("{expected} in metadata {key}"), text.as_str()));
    }
    Ok(Metadata {
        classes: value(path, entries, CLASSES)?,
        features: value(path, entries, FEATURES)?,
        offsets: value(path, entries, OFFSETS)?,
        #[cfg(feature = "images")]
        preprocessing: {
            let fit = entries.iter().find(|(key, _)| key == FIT).map(|(_, text)| text.parse::<Fit>());
            let wrong =
                |text: String| Error::format(path, format!("metadata {FIT} as it is documented"), text);
            match fit {
                None => None,
                Some(fit) => {
                    let (mean, std): (Vec<f32>, Vec<f32>) =
                        (value(path, entries, MEAN)?, value(path, entries, STD)?);
                    let normalization =
                        Normalization::new(mean, std).map_err(|error| wrong(error.to_string()))?;
                    Some(
                        Preprocessing::new()
                            .fit(fit.map_err(|error| wrong(error.to_string()))?)
                            .normalization(normalization),
                    )
                }
            }
        },
        imputer: value(path, entries, IMPUTER)?,
        standardizer,
    })
}
