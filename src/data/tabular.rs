//! Small public tables, embedded in the program (features `csv` and `sample`).
//!
//! The features are as they were measured, on scales of their own: standardise them before training. Sources and
//! licence are in `assets/README.md`.
//!
//! ```
//! use convnet::data::tabular;
//! use convnet::prelude::*;
//! use convnet::train::Progress;
//!
//! network! {
//!     /// Tells three vines by thirteen measurements of their wine.
//!     struct Vines: Flat<13> => Flat<3> {
//!         fc: Dense { units: 3 },
//!     }
//! }
//! let (wine, _) = tabular::wine()?.data.train_val_test_split(Fractions::default(), 1)?.standardize()?;
//! let mut trainer =
//!     Trainer::new(Vines::new(1), SoftmaxCrossEntropy, Sgd::new(0.1)).epochs(20).progress(Progress::Silent);
//! trainer.fit(&wine.train, &wine.validation)?;
//! assert!(trainer.evaluate(&wine.test)?.accuracy() > 0.8);
//! # Ok::<(), convnet::Error>(())
//! ```

use super::{Csv, Dataset, Table};
use crate::Error;
use crate::shape::Flat;
use crate::tensor::Tensor;

/// Iris flowers: 50 of each of three species, 0 setosa, 1 versicolor and 2 virginica, by length and width of sepal and
/// petal in cm. R. A. Fisher, 1936.
///
/// # Errors
/// None in practice: the file is part of the program and tested with it.
///
/// ```
/// use convnet::prelude::*;
///
/// let iris = convnet::data::tabular::iris()?;
/// assert_eq!(iris.data.len(), 150);
/// assert_eq!(iris.data.sample::<f32>(0), Tensor::from([5.1, 3.5, 1.4, 0.2]));
/// # Ok::<(), convnet::Error>(())
/// ```
pub fn iris() -> Result<Table<4, 3>, Error> {
    open("iris.csv", include_bytes!("../../assets/tabular/iris.csv"))?.classes("class")
}

/// Wines from three cultivars, 59, 71 and 48 of them, by thirteen chemical and physical measurements. S. Aeberhard and
/// M. Forina, 1992.
///
/// # Errors
/// None in practice: the file is part of the program and tested with it.
///
/// ```
/// use convnet::prelude::*;
///
/// let wine = convnet::data::tabular::wine()?;
/// assert_eq!(wine.data.len(), 178);
/// assert_eq!((&*wine.features[0], &*wine.classes[0]), ("alcohol", "cultivar_0"));
/// # Ok::<(), convnet::Error>(())
/// ```
pub fn wine() -> Result<Table<13, 3>, Error> {
    open("wine.csv", include_bytes!("../../assets/tabular/wine.csv"))?.classes("class")
}

/// Breast tumours (Wisconsin, diagnostic): 357 benign (class 0) and 212 malignant (class 1), by ten properties of the
/// cells' nuclei, each with mean, standard error and worst value. W. Wolberg, O. Mangasarian, N. Street and W. Street,
/// 1993.
///
/// # Errors
/// None in practice: the file is part of the program and tested with it.
///
/// ```
/// use convnet::prelude::*;
///
/// let tumours = convnet::data::tabular::breast_cancer()?;
/// assert_eq!(tumours.data.len(), 569);
/// assert_eq!(tumours.classes, ["benign", "malignant"]);
/// # Ok::<(), convnet::Error>(())
/// ```
pub fn breast_cancer() -> Result<Table<30, 2>, Error> {
    open("breast_cancer.csv", include_bytes!("../../assets/tabular/breast_cancer.csv"))?.classes("class")
}

/// Diabetes: the progression of the disease in 442 patients, a number from 25 to 346, one year after age, sex, body mass
/// index, blood pressure and six blood values (s1 to s6) were taken. B. Efron, T. Hastie, I. Johnstone and
/// R. Tibshirani, 2004.
///
/// The features are the raw ones, not those that scikit-learn centres and scales by default.
///
/// # Errors
/// None in practice: the file is part of the program and tested with it.
///
/// ```
/// use convnet::prelude::*;
///
/// let diabetes = convnet::data::tabular::diabetes()?;
/// assert_eq!(diabetes.len(), 442);
/// assert_eq!(*diabetes.target(0), Tensor::from([151.0]));
/// # Ok::<(), convnet::Error>(())
/// ```
pub fn diabetes() -> Result<Dataset<Flat<10>, Tensor<Flat<1>>>, Error> {
    open("diabetes.csv", include_bytes!("../../assets/tabular/diabetes.csv"))?.regression(["progression"])
}

fn open(name: &str, bytes: &'static [u8]) -> Result<Csv<'static>, Error> {
    Csv::from_reader(name, bytes)
}
