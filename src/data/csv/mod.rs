//! CSV: tables of numbers with a header.

mod cells;
mod options;
mod rows;
mod text;

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write};
use std::io::Read;
use std::path::{Path, PathBuf};

use ::csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder, Terminator};

use self::rows::{Rows, Wanted};
use super::regular::open_regular;
use super::{Class, Dataset};
use crate::Error;
use crate::shape::Flat;
use crate::tensor::Tensor;

pub use self::options::{CsvOptions, Missing};

/// Characters of a cell or a name that a message shows.
const SHOWN: usize = 40;
/// Names that a message lists.
const LISTED: usize = 40;
/// The hint for a line that looks like a comment.
const COMMENT: &str = "; CsvOptions::comments(true) skips lines that begin with #";

/// A CSV file whose header has been read.
///
/// Cells are separated by commas, semicolons or tabs ([`CsvOptions::separator`]); one in double quotes may hold separators,
/// line breaks and, doubled, quotes. Lines end in `\n`, `\r\n` or, in all of the file, `\r`, and empty ones are skipped, as are a
/// UTF-8 mark at the start and white space around cells. The first line names the columns. Described by
/// [RFC 4180](https://www.rfc-editor.org/rfc/rfc4180).
///
/// A cell of a feature or of a numeric target is a number, with a point or a comma ([`CsvOptions::decimal`]), or in a column of
/// nothing else `true` or `yes`, which is 1, or `false` or `no`, which is 0, in any case. [`CsvOptions`] has settings for
/// other columns: text, an index, missing cells, numbers that 32 bits cannot tell apart.
///
/// In pandas: `read_csv`.
///
/// No file can make the reader panic or hang, and the memory it takes is a small multiple of the size of the file and of the
/// features.
///
/// ```
/// use convnet::prelude::*;
///
/// let text = "width,height,kind\n1.5,2,square\n9,1.5,line\n";
/// let table = Csv::from_reader("kinds.csv", text.as_bytes())?.classes::<2, 2>("kind")?;
/// assert_eq!(table.features, ["width", "height"]);
/// assert_eq!(table.classes, ["line", "square"]);
/// assert_eq!(table.data.sample::<f32>(0), Tensor::from([1.5, 2.0]));
/// assert_eq!(table.data.target(0).index(), 1);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias = "read_csv")]
pub struct Csv<'a> {
    path: PathBuf,
    /// The last line is ended, so that every row but one with an open quote ends where its line does.
    reader: Reader<Box<dyn Read + Send + 'a>>,
    options: CsvOptions,
    separator: u8,
    /// The names of all columns of the file.
    header: Vec<String>,
    /// The names of the columns that are not left out.
    columns: Vec<String>,
    /// Their places in a row, and a second place of those that are there twice.
    places: HashMap<String, (usize, Option<usize>)>,
}

/// Samples of `F` features in `C` classes, and what they are called.
#[derive(Clone, Debug)]
pub struct Table<const F: usize, const C: usize> {
    /// The samples.
    pub data: Dataset<Flat<F>, Class<C>>,
    /// The names of the features, in the order of a sample's values.
    pub features: Vec<String>,
    /// The names of the classes, in the order of their numbers.
    pub classes: Vec<String>,
}

impl Csv<'static> {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// Those of [`Csv::open_with`].
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let csv = Csv::open("assets/tabular/iris.csv")?;
    /// assert_eq!(csv.columns()[3..], ["petal_width", "class"]);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Csv::open_with(path, CsvOptions::new())
    }

    /// Opens a file and reads its header, with settings.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::Format`] if it is not a regular file, is not in UTF-8, has no header, or
    /// one with a name that is empty or there twice, or with numbers for names, or without a column that the settings
    /// leave out; [`Error::Argument`] for a setting outside its range.
    ///
    /// ```
    /// use convnet::data::{Csv, CsvOptions};
    ///
    /// let csv = Csv::open_with("assets/tabular/iris.csv", CsvOptions::new().without(["sepal_width"]))?;
    /// assert_eq!(csv.columns(), ["sepal_length", "petal_length", "petal_width", "class"]);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn open_with(path: impl AsRef<Path>, options: CsvOptions) -> Result<Self, Error> {
        let path = path.as_ref();
        Csv::from_reader_with(path, open_regular(path)?.0, options)
    }
}

impl<'a> Csv<'a> {
    /// Reads the header of a file that is open, in memory, or no file at all; `name` stands for its path in errors.
    ///
    /// # Errors
    /// Those of [`Csv::open_with`].
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let error = Csv::from_reader("data.csv", "x,y,x\n1,2,3".as_bytes()).unwrap_err();
    /// assert_eq!(error.to_string(), "data.csv: expected each column name once, found \"x\" in columns 1 and 3");
    /// ```
    pub fn from_reader(name: impl Into<PathBuf>, reader: impl Read + Send + 'a) -> Result<Self, Error> {
        Csv::from_reader_with(name, reader, CsvOptions::new())
    }

    /// Reads the header of a file that is open, in memory, or no file at all, with settings; `name` stands for its path in
    /// errors.
    ///
    /// # Errors
    /// Those of [`Csv::open_with`].
    ///
    /// ```
    /// use convnet::data::{Csv, CsvOptions};
    ///
    /// let text = "# made by hand\nx,y\n1,2\n";
    /// let csv = Csv::from_reader_with("data.csv", text.as_bytes(), CsvOptions::new().comments(true))?;
    /// assert_eq!(csv.columns(), ["x", "y"]);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn from_reader_with(
        name: impl Into<PathBuf>,
        reader: impl Read + Send + 'a,
        options: CsvOptions,
    ) -> Result<Self, Error> {
        let path = name.into();
        options.check()?;
        let text = match text::recognize(reader, &options).map_err(Error::io(&path, "read"))? {
            Ok(text) => text,
            Err(encoding) => return Err(Error::format(path, "text in UTF-8", encoding)),
        };
        Self::read_header(path, text, options)
    }

    fn read_header(path: PathBuf, text: text::Text<'a>, options: CsvOptions) -> Result<Self, Error> {
        // A carriage return before the end of a line is white space at the end of its last cell.
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(text.separator)
            .comment(options.comments.then_some(b'#'))
            .terminator(Terminator::Any(b'\n'))
            .from_reader(text.reader);
        let (header, columns, places) = (Vec::new(), Vec::new(), HashMap::new());
        let mut csv = Csv { path, reader, options, separator: text.separator, header, columns, places };
        let mut header = ByteRecord::new();
        if csv.read(&mut header)?.is_none() {
            return Err(csv.wrong("a header with the names of the columns", "no text"));
        }
        for (i, name) in header.iter().enumerate() {
            match std::str::from_utf8(name.trim_ascii()) {
                Ok(name) => csv.header.push(name.to_owned()),
                Err(_) => {
                    let found = format!("bytes that are not in column {}", i + 1);
                    return Err(csv.wrong("a header in UTF-8", found));
                }
            }
        }
        csv.choose_columns()?;
        Ok(csv)
    }

    /// Leaves columns out, and refuses names that do not tell the others.
    fn choose_columns(&mut self) -> Result<(), Error> {
        let without: HashSet<&String> = self.options.without.iter().collect();
        let known: HashSet<&String> = self.header.iter().collect();
        if let Some(name) = self.options.without.iter().find(|name| !known.contains(name)) {
            return Err(self.wrong(format!("a column {} to leave out", quoted(name)), list(&self.header)));
        }
        for (i, name) in self.header.iter().enumerate().filter(|(_, name)| !without.contains(name)) {
            let (first, second) = *self
                .places
                .entry(name.clone())
                .and_modify(|of| of.1 = of.1.or(Some(i)))
                .or_insert((i, None));
            self.columns.push(name.clone());
            // Columns that are chosen by name need no others.
            if !self.options.only.is_empty() {
                continue;
            }
            if name.is_empty() {
                let found = format!("none for column {}; CsvOptions::without([\"\"]) leaves it out", i + 1);
                return Err(self.wrong("a name for each column", found));
            }
            if let Some(second) = second {
                return Err(self.repeated(name, first, second));
            }
        }
        if !self.columns.is_empty() && self.columns.iter().all(|name| name.parse::<f64>().is_ok()) {
            let found = format!("the numbers {}", list(&self.columns));
            return Err(self.wrong("a header with the names of the columns", found));
        }
        Ok(())
    }

    /// The names of the columns, in their order, without those that are [left out](CsvOptions::without).
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// All rows: the columns `targets` are the numbers to be predicted from the `F` others.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read. [`Error::Format`], with line and column, if a column of the targets or of the
    /// settings is not there, there are not `F` features, a row has another number of cells than the header, a cell is
    /// missing ([`CsvOptions::missing`]) or not a finite number of 32 bits, two numbers of a column become equal that differ by
    /// more than a millionth of the column's range, or there is no row.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let read = |text: &'static str| Csv::from_reader("lines.csv", text.as_bytes())?.regression::<1, 2>(["y", "z"]);
    /// assert_eq!(*read("x,y,z\n1,2.5,3\n")?.target(0), Tensor::from([2.5, 3.0]));
    /// assert_eq!(
    ///     read("x,y,z\n1,2.5,3\n2,1e99,0\n").unwrap_err().to_string(),
    ///     "lines.csv: expected a finite number in line 3, column \"y\", found \"1e99\"",
    /// );
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn regression<const F: usize, const Y: usize>(
        self,
        targets: [&str; Y],
    ) -> Result<Dataset<Flat<F>, Tensor<Flat<Y>>>, Error> {
        let rows = self.rows(F, &Wanted::Numbers(&targets))?;
        let (targets, _) = rows.targets.as_chunks::<Y>();
        let targets = targets.iter().map(|values| Tensor::from(values.map(|value| value as f32))).collect();
        Ok(Dataset::from_numbers(rows.numbers, targets)?
            .with_feature_names(rows.features)
            .with_offsets(rows.offsets)
            .with_dropped_rows(rows.dropped))
    }

    /// All rows: the column `target` names the class, one of `C`, to be predicted from the `F` others.
    ///
    /// The classes are numbered in the order of their names, whatever the order of the rows: by value if all names are
    /// numbers, else by their letters (Unicode code points). [`CsvOptions::class_names`] gives them their numbers instead.
    ///
    /// # Errors
    /// Those of [`Csv::regression`], and [`Error::Format`] if there are not `C` classes, a row has none of the given
    /// ones, or a name is not UTF-8; [`Error::Argument`] if the given names are not `C`.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let iris = Csv::open("assets/tabular/iris.csv")?.classes::<4, 3>("class")?;
    /// assert_eq!(iris.classes, ["setosa", "versicolor", "virginica"]);
    /// assert_eq!(iris.data.len(), 150);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn classes<const F: usize, const C: usize>(self, target: &str) -> Result<Table<F, C>, Error> {
        let path = self.path.clone();
        let Rows { numbers, targets, features, classes, offsets, dropped, .. } =
            self.rows(F, &Wanted::Classes(target, C))?;
        if classes.len() < C {
            let expected = format!("{C} classes in column {}", quoted(target));
            return Err(Error::format(path, expected, format!("{}: {}", classes.len(), list(&classes))));
        }
        let targets =
            targets.into_iter().map(|class| Class::new(class as usize)).collect::<Result<_, _>>()?;
        let data = Dataset::from_numbers(numbers, targets)?;
        let data = data.with_feature_names(&features).with_class_names(&classes).with_offsets(offsets);
        let data = data.with_dropped_rows(dropped);
        Ok(Table { data, features, classes })
    }

    /// All rows of a table to predict for, whose `F` columns are features; with [`CsvOptions::only`] the table may have others,
    /// in any order. No row is left out, so that predictions keep their places: [`Missing::DropRows`] refuses missing cells
    /// here.
    ///
    /// # Errors
    /// Those of [`Csv::regression`]. Numbers that 32 bits cannot tell apart are not looked for: a few rows do not tell the
    /// range of a column.
    ///
    /// ```
    /// use convnet::data::{Csv, CsvOptions};
    /// use convnet::prelude::*;
    ///
    /// let train = Csv::from_reader("train.csv", "x,y,kind\n1,2,a\n3,4,b\n".as_bytes())?.classes::<2, 2>("kind")?;
    /// let options = CsvOptions::new().only(&train.features);
    /// let new = Csv::from_reader_with("new.csv", "id,y,x\n7,6,5\n".as_bytes(), options)?.features::<2>()?;
    /// assert_eq!(new.sample::<f32>(0), Tensor::from([5.0, 6.0]));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn features<const F: usize>(self) -> Result<Dataset<Flat<F>, ()>, Error> {
        let rows = self.rows(F, &Wanted::Nothing)?;
        let data = Dataset::from_numbers(rows.numbers, vec![(); rows.count])?;
        Ok(data.with_feature_names(rows.features).with_offsets(rows.offsets))
    }

    /// Reads the next row that is not empty, if there is one, and tells the line it begins in.
    fn read(&mut self, row: &mut ByteRecord) -> Result<Option<u64>, Error> {
        loop {
            let before = self.reader.position().line();
            match self.reader.read_byte_record(row).map_err(::csv::Error::into_kind) {
                Err(ErrorKind::Io(error)) => return Err(Error::io(&self.path, "read")(error)),
                Err(other) => return Err(self.wrong("CSV", format!("{other:?}"))),
                Ok(false) => return Ok(None),
                Ok(true) if row.len() == 1 && row[0].trim_ascii().is_empty() => {}
                Ok(true) => {
                    // Counted from the row's end: the reader skips empty lines before it.
                    let within = row.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
                    return Ok(Some(self.reader.position().line().saturating_sub(1 + within).max(before)));
                }
            }
        }
    }

    fn wrong(&self, expected: impl Into<String>, found: impl Into<String>) -> Error {
        Error::format(&self.path, expected, found)
    }

    fn wrong_cell(
        &self,
        line: u64,
        column: &str,
        expected: impl AsRef<str>,
        found: impl Into<String>,
    ) -> Error {
        let expected = format!("{} in line {line}, column {}", expected.as_ref(), quoted(column));
        self.wrong(expected, found)
    }

    fn repeated(&self, name: &str, first: usize, second: usize) -> Error {
        let found = format!("{} in columns {} and {}", quoted(name), first + 1, second + 1);
        self.wrong("each column name once", found)
    }

    /// The columns, for an error in which one is not there.
    fn found_columns(&self) -> String {
        list(&self.columns) + &self.hint()
    }

    /// The setting that a header with unexpected columns may want.
    fn hint(&self) -> String {
        let first = self.header.first().map_or("", String::as_str);
        if first.starts_with('#') {
            return COMMENT.to_owned();
        }
        let other = |separator: &char| first.contains(*separator);
        match [',', ';', '\t', '|'].iter().find(|separator| other(separator)) {
            Some(separator) if self.header.len() == 1 => {
                format!("; CsvOptions::separator({separator:?}) takes this header apart")
            }
            _ => String::new(),
        }
    }
}

impl fmt::Debug for Csv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Csv {} with the columns {}", self.path.display(), list(&self.columns))
    }
}

/// A name or a cell on one line, cut short if it is long.
fn quoted(text: &str) -> String {
    let mut start: String = text.chars().take(SHOWN).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("{start:?}")
}

/// Names with commas between them; not all if there are many.
fn list(names: &[String]) -> String {
    let mut text = names.iter().take(LISTED).map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        let _ = write!(text, " and {} more", names.len() - LISTED);
    }
    text
}
