//! Settings of a CSV file.

use crate::Error;
use crate::data::Metadata;

/// Characters that may stand between cells.
const SEPARATORS: &str = ",;\t|: ";

/// Rows with missing cells: see [`CsvOptions::missing`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum Missing {
    /// A missing cell is an error, which counts them in each column.
    #[default]
    Refuse,
    /// A row with a missing cell in a column that is used is left out; [`Dataset::dropped_rows`](crate::data::Dataset::dropped_rows)
    /// counts them. In pandas: `dropna()`.
    DropRows,
    /// A missing number becomes NaN, to be filled by an [`Imputer`](crate::data::Imputer). A missing target is an error.
    Keep,
}

/// Settings for opening a [`Csv`](super::Csv).
///
/// In pandas: the arguments of `read_csv`.
///
/// ```
/// use convnet::data::{Csv, CsvOptions, Missing};
/// use convnet::prelude::*;
///
/// let text = "id;width;colour;kind\n7;1,5;red;square\n8;;blue;line\n9;2,5;blue;line\n";
/// let options = CsvOptions::new().without(["id"]).one_hot(["colour"]).missing(Missing::DropRows);
/// let table = Csv::from_reader_with("kinds.csv", text.as_bytes(), options)?.classes::<3, 2>("kind")?;
/// assert_eq!(table.features, ["width", "colour=blue", "colour=red"]);
/// assert_eq!(table.data.sample::<f32>(1), Tensor::from([2.5, 1.0, 0.0]));
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CsvOptions {
    pub(super) separator: Option<char>,
    pub(super) decimal: Option<char>,
    pub(super) comments: bool,
    pub(super) without: Vec<String>,
    pub(super) only: Vec<String>,
    pub(super) one_hot: Vec<String>,
    pub(super) class_names: Vec<String>,
    pub(super) missing: Missing,
    pub(super) missing_values: Vec<String>,
    pub(super) offsets: Vec<(String, f64)>,
}

fn owned(names: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    names.into_iter().map(Into::into).collect()
}

impl CsvOptions {
    /// The default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the character between cells: a comma, a semicolon, a tab, `|`, a colon or a space; another is an error on opening.
    ///
    /// By default it is named by a first line `sep=;`, as Excel reads and writes it, or else it is the one of comma,
    /// semicolon and tab that the header has most often outside of quotes; of equally frequent ones the first of these.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::data::CsvOptions;
    /// let options = CsvOptions::new().separator('|');
    /// let data = Csv::from_reader_with("a.csv", "x|y\n1|2\n".as_bytes(), options)?.regression::<1, 1>(["y"])?;
    /// assert_eq!(*data.target(0), Tensor::from([2.0]));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "delimiter")]
    #[doc(alias = "sep")]
    pub fn separator(self, separator: char) -> Self {
        CsvOptions { separator: Some(separator), ..self }
    }

    /// Sets the decimal mark: `'.'` or `','`; another is an error on opening.
    ///
    /// By default it is a point. Between cells that are not separated by commas a comma may be one too: a table that has numbers
    /// with a comma and none with a point has decimal commas. One with both is an error, and so is one whose commas could all
    /// separate thousands, as in `1,234`.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::data::CsvOptions;
    /// let options = CsvOptions::new().decimal(',');
    /// let csv = Csv::from_reader_with("a.csv", "x,y\n\"1,234\",2\n".as_bytes(), options)?;
    /// assert_eq!(csv.regression::<1, 1>(["y"])?.sample::<f32>(0), Tensor::from([1.234]));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn decimal(self, mark: char) -> Self {
        CsvOptions { decimal: Some(mark), ..self }
    }

    /// Sets whether lines that begin with `#` are comments and are skipped; by default they are rows.
    ///
    /// ```
    /// use convnet::data::{Csv, CsvOptions};
    /// let options = CsvOptions::new().comments(true);
    /// let csv = Csv::from_reader_with("a.csv", "# made by hand\nx,y\n1,2\n".as_bytes(), options)?;
    /// assert_eq!(csv.columns(), ["x", "y"]);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn comments(self, skip: bool) -> Self {
        CsvOptions { comments: skip, ..self }
    }

    /// Leaves out the columns with these names, such as an index. A column without a name, as pandas writes its index, has the
    /// name `""`.
    ///
    /// In pandas: `drop(columns=…)`.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::data::CsvOptions;
    /// let options = CsvOptions::new().without([""]);
    /// let csv = Csv::from_reader_with("a.csv", ",x,y\n0,1.5,2\n".as_bytes(), options)?;
    /// assert_eq!(csv.columns(), ["x", "y"]);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "drop")]
    #[doc(alias = "index_col")]
    pub fn without(self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        CsvOptions { without: owned(columns), ..self }
    }

    /// Takes these features, in this order, wherever their columns are in the file: `only(&train.features)` reads another
    /// table as the training data were read. Targets are not among them.
    ///
    /// A feature is the name of a column or, for a column of text, `column=category`; the categories of such a column are those
    /// that are listed, and another one in a cell is an error.
    ///
    /// In pandas: `usecols`.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::data::CsvOptions;
    /// let options = CsvOptions::new().only(["colour=red", "colour=blue", "x"]);
    /// let csv = Csv::from_reader_with("a.csv", "x,colour,z\n1,blue,2\n".as_bytes(), options)?;
    /// assert_eq!(csv.features::<3>()?.sample::<f32>(0), Tensor::from([0.0, 1.0, 1.0]));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "usecols")]
    pub fn only(self, features: impl IntoIterator<Item = impl Into<String>>) -> Self {
        CsvOptions { only: owned(features), ..self }
    }

    /// Makes a feature of each category of these columns of text: 1 in the rows that have it and 0 in the others. The features
    /// are named `column=category` and stand in the place of the column, in the order of the categories, which is that of
    /// classes ([`Csv::classes`](super::Csv::classes)).
    ///
    /// In pandas: `get_dummies(columns=…)`. In scikit-learn: `OneHotEncoder`.
    ///
    /// ```
    /// use convnet::data::{Csv, CsvOptions};
    /// let options = CsvOptions::new().one_hot(["size"]);
    /// let csv = Csv::from_reader_with("a.csv", "size,kind\nS,a\nL,b\n".as_bytes(), options)?;
    /// let table = csv.classes::<2, 2>("kind")?;
    /// assert_eq!(table.features, ["size=L", "size=S"]);
    /// assert_eq!(table.data.sample::<f32>(0).as_slice(), [0.0, 1.0]);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "get_dummies")]
    #[doc(alias = "OneHotEncoder")]
    pub fn one_hot(self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        CsvOptions { one_hot: owned(columns), ..self }
    }

    /// Sets the names of the classes in the order of their numbers: those of the training table, for a table of other samples. A
    /// row with another class is an error; a class may have no row.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::data::CsvOptions;
    /// let train = Csv::from_reader("a.csv", "x,kind\n1,cat\n2,dog\n".as_bytes())?.classes::<1, 2>("kind")?;
    /// let options = CsvOptions::new().class_names(&train.classes);
    /// let test = Csv::from_reader_with("b.csv", "x,kind\n1,dog\n".as_bytes(), options)?.classes::<1, 2>("kind")?;
    /// assert_eq!(test.data.target(0).index(), 1);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn class_names(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        CsvOptions { class_names: owned(names), ..self }
    }

    /// Sets what becomes of rows with missing cells; by default they are an error, which counts them.
    ///
    /// Missing are empty cells and those with `?`, `NA`, `N/A`, `n/a`, `#N/A`, `#NA`, `<NA>`, `NaN`, `nan`, `-NaN`, `-nan`,
    /// `NULL`, `null` or `None`, and [others](Self::missing_values) that are named. In pandas: the default of `na_values`, and
    /// `?`.
    ///
    /// ```
    /// use convnet::data::{Csv, CsvOptions, Missing};
    /// let read = |missing| {
    ///     let options = CsvOptions::new().missing(missing);
    ///     Csv::from_reader_with("a.csv", "x,y\n1,2\n3,NA\n".as_bytes(), options)?.features::<2>()
    /// };
    /// assert!(read(Missing::Refuse).unwrap_err().to_string().contains("1 in column \"y\", the first in line 3"));
    /// assert!(read(Missing::Keep)?.sample::<f32>(1)[1].is_nan());
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "dropna")]
    pub fn missing(self, missing: Missing) -> Self {
        CsvOptions { missing, ..self }
    }

    /// Names more cells that stand for a missing value, such as "-999". In pandas: `na_values`.
    ///
    /// ```
    /// use convnet::data::{Csv, CsvOptions, Missing};
    /// let options = CsvOptions::new().missing(Missing::DropRows).missing_values(["-999"]);
    /// let csv = Csv::from_reader_with("a.csv", "x,y\n1,2\n3,-999\n".as_bytes(), options)?;
    /// assert_eq!(csv.regression::<1, 1>(["y"])?.targets().len(), 1);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "na_values")]
    pub fn missing_values(self, cells: impl IntoIterator<Item = impl Into<String>>) -> Self {
        CsvOptions { missing_values: owned(cells), ..self }
    }

    /// Subtracts a number from each cell of a column, in 64 bits, before the cell becomes a number of 32 bits: for time stamps
    /// and others that are large and close to each other.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::data::CsvOptions;
    /// let read = |options| {
    ///     let text = "time,y\n1700000001,1\n1700000002,2\n";
    ///     Csv::from_reader_with("log.csv", text.as_bytes(), options)?.regression::<1, 1>(["y"])
    /// };
    /// assert_eq!(
    ///     read(CsvOptions::new()).unwrap_err().to_string(),
    ///     "log.csv: expected numbers that 32 bits can tell apart in column \"time\", found 1700000001 in line 2 and \
    ///      1700000002 in line 3, which both become 1700000000; CsvOptions::offset subtracts a number near them first",
    /// );
    /// let data = read(CsvOptions::new().offset("time", 1_700_000_000.0))?;
    /// assert_eq!(data.sample::<f32>(1), Tensor::from([2.0]));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn offset(mut self, column: impl Into<String>, offset: f64) -> Self {
        self.offsets.push((column.into(), offset));
        self
    }

    /// Reads the columns of another table as those of the training table were read: its features ([`only`](Self::only)), the names
    /// of its classes ([`class_names`](Self::class_names)) and its offsets ([`offset`](Self::offset)), by the metadata of a network
    /// or of data. A prediction for a target with an offset is the number less that offset.
    ///
    /// ```
    /// use convnet::data::{CsvOptions, Samples};
    /// use convnet::prelude::*;
    ///
    /// let options = CsvOptions::new().offset("time", 1_700_000_000.0);
    /// let text = "time,x,y\n1700000001,1,0\n1700000002,2,0\n";
    /// let train = Csv::from_reader_with("log.csv", text.as_bytes(), options)?.regression::<2, 1>(["y"])?;
    /// // In another program: net.load(path)?, and net.metadata() for train.metadata().
    /// let options = CsvOptions::new().like(&train.metadata());
    /// let new = Csv::from_reader_with("new.csv", "x,time\n5,1700000003\n".as_bytes(), options)?.features::<2>()?;
    /// assert_eq!(new.sample::<f32>(0), Tensor::from([3.0, 5.0]));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn like(self, metadata: &Metadata) -> Self {
        CsvOptions {
            only: metadata.features.clone(),
            class_names: metadata.classes.clone(),
            offsets: metadata.offsets.clone(),
            ..self
        }
    }

    /// Refuses settings outside their range.
    pub(super) fn check(&self) -> Result<(), Error> {
        if let Some(separator) = self.separator.filter(|separator| !SEPARATORS.contains(*separator)) {
            let expected = "a comma, a semicolon, a tab, |, a colon or a space";
            return Err(Error::argument("separator", expected, format!("{separator:?}")));
        }
        if let Some(mark) = self.decimal.filter(|mark| !".,".contains(*mark)) {
            return Err(Error::argument("decimal mark", "'.' or ','", format!("{mark:?}")));
        }
        if let Some((column, offset)) = self.offsets.iter().find(|(_, offset)| !offset.is_finite()) {
            let found = format!("{offset} for column {}", super::quoted(column));
            return Err(Error::argument("offset", "a finite number", found));
        }
        if let Some(name) = repeated(&self.class_names) {
            let found = format!("{} twice", super::quoted(name));
            return Err(Error::argument("class names", "each name once", found));
        }
        if let Some(name) = repeated(&self.only) {
            let found = format!("{} twice", super::quoted(name));
            return Err(Error::argument("features", "each name once", found));
        }
        Ok(())
    }
}

/// A name that is there twice.
fn repeated(names: &[String]) -> Option<&str> {
    let mut seen = std::collections::HashSet::new();
    names.iter().find(|name| !seen.insert(name.as_str())).map(String::as_str)
}
