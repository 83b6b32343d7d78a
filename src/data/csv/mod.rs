//! CSV: tables of numbers with a header.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::io::Read;
use std::path::{Path, PathBuf};

use ::csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder, Terminator};

use super::regular::open_regular;
use super::{Class, Dataset};
use crate::Error;
use crate::shape::Flat;
use crate::tensor::Tensor;

/// Characters of a cell or a name that a message shows.
const SHOWN: usize = 40;
/// Names that a message lists.
const LISTED: usize = 40;

/// A CSV file whose header has been read.
///
/// Cells are separated by commas; one in double quotes may hold commas, line breaks and, doubled, quotes. Lines end in
/// `\n` or `\r\n`, and empty ones are skipped, as are a UTF-8 mark at the start and white space around cells. The first
/// line names the columns. Described by [RFC 4180](https://www.rfc-editor.org/rfc/rfc4180).
///
/// In pandas: `read_csv`.
///
/// No file can make the reader panic or hang, and the memory it takes is a small multiple of the file's size.
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
    columns: Vec<String>,
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

/// The rows of a table: features, the number of each row's class, and names.
struct Labelled {
    numbers: Vec<f32>,
    labels: Vec<usize>,
    features: Vec<String>,
    classes: Vec<String>,
}

impl Csv<'static> {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::Format`] if it is not a regular file, has no header, or one
    /// with a name that is empty, there twice or not UTF-8, or with numbers for names.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let csv = Csv::open("assets/tabular/iris.csv")?;
    /// assert_eq!(csv.columns()[3..], ["petal_width", "class"]);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Csv::from_reader(path, open_regular(path)?.0)
    }
}

/// Reads the label of a row: (table, number of the row, cell).
type Label<'a, C> = dyn FnMut(&C, u64, &[u8]) -> Result<(), Error> + 'a;

impl<'a> Csv<'a> {
    /// Reads the header of a file that is open, in memory, or no file at all; `name` stands for its path in errors.
    ///
    /// # Errors
    /// As [`Csv::open`].
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let error = Csv::from_reader("data.csv", "x,y,x\n1,2,3".as_bytes()).unwrap_err();
    /// assert_eq!(error.to_string(), "data.csv: expected each column name once, found \"x\" in columns 1 and 3");
    /// ```
    pub fn from_reader(name: impl Into<PathBuf>, reader: impl Read + Send + 'a) -> Result<Self, Error> {
        Self::read_header(name.into(), Box::new(reader.chain(&b"\n"[..])))
    }

    fn read_header(path: PathBuf, reader: Box<dyn Read + Send + 'a>) -> Result<Self, Error> {
        // A carriage return before the end of a line is white space at the end of its last cell.
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(reader);
        let mut csv = Csv { path, reader, columns: Vec::new() };
        let mut header = ByteRecord::new();
        if csv.read(&mut header)?.is_none() {
            return Err(csv.wrong("a header with the names of the columns", "no text"));
        }
        let mut places = HashMap::new();
        for (i, name) in header.iter().enumerate() {
            let column = i + 1;
            let Ok(name) = std::str::from_utf8(name.trim_ascii()) else {
                return Err(csv.wrong("a header in UTF-8", format!("bytes that are not in column {column}")));
            };
            if name.is_empty() {
                return Err(csv.wrong("a name for each column", format!("none for column {column}")));
            }
            if let Some(first) = places.insert(name.to_owned(), column) {
                let found = format!("{} in columns {first} and {column}", quoted(name));
                return Err(csv.wrong("each column name once", found));
            }
            csv.columns.push(name.to_owned());
        }
        if csv.columns.iter().all(|name| name.parse::<f64>().is_ok()) {
            let found = format!("the numbers {}", list(&csv.columns));
            return Err(csv.wrong("a header with the names of the columns", found));
        }
        Ok(csv)
    }

    /// The names of the columns, in their order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// All rows: the column `target` is the number to be predicted from the `F` others.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read. [`Error::Format`], with line and column, if there is no such column,
    /// there are not `F` others, a row has another number of cells than the header, a cell is not a finite number of
    /// 32 bits, or there is no row.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let read = |text: &'static str| Csv::from_reader("lines.csv", text.as_bytes())?.regression::<1>("y");
    /// assert_eq!(*read("x,y\n1,2.5\n")?.target(0), Tensor::from([2.5]));
    /// assert_eq!(
    ///     read("x,y\n1,2.5\n2,much\n").unwrap_err().to_string(),
    ///     "lines.csv: expected a finite number in line 3, column \"y\", found \"much\"",
    /// );
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn regression<const F: usize>(
        self,
        target: &str,
    ) -> Result<Dataset<Flat<F>, Tensor<Flat<1>>>, Error> {
        let mut targets = Vec::new();
        let numbers = self.rows(F, target, &mut |csv, line, cell| {
            targets.push(Tensor::from([csv.number(line, target, cell)?]));
            Ok(())
        })?;
        Dataset::from_numbers(numbers, targets)
    }

    /// All rows: the column `target` names the class, one of `C`, to be predicted from the `F` others.
    ///
    /// The classes are numbered in the order of their names, whatever the order of the rows: by value if all names are
    /// numbers, else by their letters (Unicode code points).
    ///
    /// # Errors
    /// Those of [`Csv::regression`], and [`Error::Format`] if there are not `C` classes, or a name is empty or not
    /// UTF-8.
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
        let Labelled { numbers, labels, features, classes } = self.labelled(F, C, target)?;
        let targets = labels.into_iter().map(Class::new).collect::<Result<_, _>>()?;
        Ok(Table { data: Dataset::from_numbers(numbers, targets)?, features, classes })
    }

    /// The body of [`Csv::classes`], for `count` features and `classes` classes.
    fn labelled(self, count: usize, classes: usize, target: &str) -> Result<Labelled, Error> {
        let features: Vec<_> = self.columns.iter().filter(|name| *name != target).cloned().collect();
        let path = self.path.clone();
        // In order of appearance.
        let mut names: Vec<String> = Vec::new();
        let mut places = HashMap::new();
        let mut labels = Vec::new();
        let numbers = self.rows(count, target, &mut |csv, line, cell| {
            let name = csv.text(line, target, cell)?;
            if let Some(&place) = places.get(name) {
                labels.push(place);
                return Ok(());
            }
            if names.len() == classes {
                let found = format!("{} besides {}", quoted(name), list(&names));
                return Err(csv.wrong_cell(line, target, format!("{classes} classes"), found));
            }
            places.insert(name.to_owned(), names.len());
            names.push(name.to_owned());
            labels.push(names.len() - 1);
            Ok(())
        })?;
        if names.len() < classes {
            let expected = format!("{classes} classes in column {}", quoted(target));
            return Err(Error::format(path, expected, format!("{}: {}", names.len(), list(&names))));
        }

        let values: Option<Vec<f64>> = names.iter().map(|name| name.parse().ok()).collect();
        let mut order: Vec<usize> = (0..classes).collect();
        order.sort_by(|&a, &b| {
            let by_value = values.as_ref().map(|values| values[a].total_cmp(&values[b]));
            by_value.unwrap_or(std::cmp::Ordering::Equal).then_with(|| names[a].cmp(&names[b]))
        });
        let mut numbers_of = vec![0; classes];
        order.iter().enumerate().for_each(|(number, &place)| numbers_of[place] = number);
        labels.iter_mut().for_each(|label| *label = numbers_of[*label]);
        let classes = order.into_iter().map(|place| names[place].clone()).collect();
        Ok(Labelled { numbers, labels, features, classes })
    }

    /// The `count` features of all rows, one row after the other. Calls `label` with the line and the cell of the column
    /// `target` in each.
    fn rows(mut self, count: usize, target: &str, label: &mut Label<'_, Self>) -> Result<Vec<f32>, Error> {
        let Some(place) = self.columns.iter().position(|name| name == target) else {
            return Err(self.wrong(format!("a column {}", quoted(target)), list(&self.columns)));
        };
        if self.columns.len() - 1 != count {
            let features: Vec<_> = self.columns.iter().filter(|name| *name != target).cloned().collect();
            let expected = format!("{count} feature columns besides {}", quoted(target));
            let found = match features.len() {
                0 => "none".to_owned(),
                count => format!("{count}: {}", list(&features)),
            };
            return Err(self.wrong(expected, found));
        }
        let (mut numbers, mut has_rows) = (Vec::new(), false);
        let mut row = ByteRecord::new();
        while let Some(line) = self.read(&mut row)? {
            if row.len() != self.columns.len() {
                let expected = format!("{} cells in line {line}, as in the header", self.columns.len());
                return Err(self.wrong(expected, row.len().to_string()));
            }
            has_rows = true;
            for (i, cell) in row.iter().enumerate() {
                if i == place {
                    label(&self, line, cell)?;
                } else {
                    numbers.push(self.number(line, &self.columns[i], cell)?);
                }
            }
        }
        if !has_rows {
            return Err(self.wrong("at least one row below the header", "none"));
        }
        Ok(numbers)
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

    fn number(&self, line: u64, column: &str, cell: &[u8]) -> Result<f32, Error> {
        let text = self.text(line, column, cell)?;
        match text.parse::<f32>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(self.wrong_cell(line, column, "a finite number", quoted(text))),
        }
    }

    fn text<'t>(&self, line: u64, column: &str, cell: &'t [u8]) -> Result<&'t str, Error> {
        match std::str::from_utf8(cell.trim_ascii()) {
            Ok("") => Err(self.wrong_cell(line, column, "a value", "an empty cell")),
            Ok(text) => Ok(text),
            Err(_) => Err(self.wrong_cell(line, column, "text in UTF-8", "bytes that are not")),
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
