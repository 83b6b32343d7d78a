//! Cells: numbers, truth values, names, and what stands for a missing one.

use std::collections::HashMap;

use super::{CsvOptions, list, quoted};

/// Cells that stand for a missing value.
const MISSING: [&str; 15] = [
    "", "?", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None",
];

/// A column that is read.
pub(super) struct Column {
    /// Its place in a row.
    pub place: usize,
    pub name: String,
    pub kind: Kind,
    pub is_target: bool,
    /// Rows without a value, and the line of the first.
    pub missing: (usize, u64),
}

/// The values of a column.
pub(super) enum Kind {
    Numbers {
        offset: f64,
        /// Whether they are truth values, once one is read.
        truth: Option<bool>,
        /// The first whole number that 64 bits may not hold exactly, with its line, and the first other one that becomes the
        /// same.
        whole: [Option<(i128, u64)>; 2],
    },
    Names(Names),
}

/// The categories of a column, or the classes.
pub(super) struct Names {
    /// "classes" or "categories".
    pub what: &'static str,
    /// In order of appearance, or as they are given.
    pub names: Vec<String>,
    places: HashMap<String, usize>,
    is_given: bool,
    /// The greatest number of them.
    most: usize,
}

impl Names {
    /// Names that are found in the cells, at most `most`.
    pub fn found(what: &'static str, most: usize) -> Self {
        Names { what, names: Vec::new(), places: HashMap::new(), is_given: false, most }
    }

    /// These names and no others.
    pub fn given(what: &'static str, names: Vec<String>) -> Self {
        let places = names.iter().cloned().zip(0..).collect();
        Names { what, most: names.len(), names, places, is_given: true }
    }

    pub fn is_given(&self) -> bool {
        self.is_given
    }

    /// The place of a name, or (expected, found).
    fn place(&mut self, name: &str) -> Result<usize, (String, String)> {
        if let Some(&place) = self.places.get(name) {
            return Ok(place);
        }
        if self.is_given {
            return Err((format!("one of the {} {}", self.what, list(&self.names)), quoted(name)));
        }
        if self.names.len() == self.most {
            let found = match &self.names[..] {
                [] => quoted(name),
                names => format!("{} besides {}", quoted(name), list(names)),
            };
            let bound = if self.what == "classes" { "" } else { "at most " };
            return Err((format!("{bound}{} {}", self.most, self.what), found));
        }
        self.places.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        Ok(self.names.len() - 1)
    }
}

/// The way from cells to values.
pub(super) struct Cells {
    missing_values: Vec<String>,
    marks: Marks,
}

/// The decimal mark of a table.
enum Marks {
    Given(char),
    /// A point or a comma: the lines of the first number with each and, if there is one, of the first whose comma cannot separate
    /// thousands.
    Either {
        point: Option<(u64, String)>,
        comma: Option<(u64, String)>,
        is_clear: bool,
    },
}

impl Cells {
    pub fn new(options: &CsvOptions, separator: u8) -> Self {
        let either = Marks::Either { point: None, comma: None, is_clear: false };
        let marks = match options.decimal {
            Some(mark) => Marks::Given(mark),
            None if separator == b',' => Marks::Given('.'),
            None => either,
        };
        Cells { missing_values: options.missing_values.clone(), marks }
    }

    pub fn is_missing(&self, cell: &[u8]) -> bool {
        let is = |text: &str| text.as_bytes() == cell;
        MISSING.iter().any(|text| is(text)) || self.missing_values.iter().any(|text| is(text))
    }

    /// The value of a cell that is not missing: a number less its offset, 0 or 1 for false and true, or the place of a name. The
    /// error is (expected, found).
    pub fn value(&mut self, kind: &mut Kind, line: u64, text: &str) -> Result<f64, (String, String)> {
        match kind {
            Kind::Names(names) => names.place(text).map(|place| place as f64),
            Kind::Numbers { offset, truth, whole } => {
                let value = truth_of(text);
                let is_truth = value.is_some();
                if *truth.get_or_insert(is_truth) != is_truth {
                    let expected = if is_truth { "a finite number" } else { "true, false, yes or no" };
                    return Err((format!("{expected}, as above"), quoted(text)));
                }
                let value = match exact(text, *offset) {
                    Some((number, value)) => {
                        let (first, _) = *whole[0].get_or_insert((number, line));
                        if first != number && less(first, *offset) == Some(value) {
                            whole[1].get_or_insert((number, line));
                        }
                        value
                    }
                    None => value.map_or_else(|| self.number(line, text), Ok)? - *offset,
                };
                if (value as f32).is_finite() { Ok(value) } else { Err(not_finite(quoted(text))) }
            }
        }
    }

    fn number(&mut self, line: u64, text: &str) -> Result<f64, (String, String)> {
        let parse = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
        let with_comma = |text: &str| {
            let is_decimal = !text.contains('.') && text.matches(',').count() == 1;
            is_decimal.then(|| parse(&text.replace(',', "."))).flatten()
        };
        let number = match &mut self.marks {
            Marks::Given(',') => {
                if text.contains('.') {
                    None
                } else {
                    parse(text).or_else(|| with_comma(text))
                }
            }
            Marks::Given(_) => parse(text),
            Marks::Either { point, comma, is_clear } => {
                let number = parse(text);
                let decimal = number.map_or_else(|| with_comma(text), Some);
                if decimal.is_some() && text.contains('.') {
                    point.get_or_insert_with(|| (line, quoted(text)));
                } else if decimal.is_some() && text.contains(',') {
                    comma.get_or_insert_with(|| (line, quoted(text)));
                    *is_clear |= !may_be_thousands(text);
                }
                decimal
            }
        };
        number.ok_or_else(|| {
            let mut found = quoted(text);
            if parse(text).is_some() {
                found += "; CsvOptions::decimal names the decimal mark";
            } else if with_comma(text).is_some() {
                found += "; CsvOptions::decimal(',') reads decimal commas";
            }
            not_finite(found)
        })
    }

    /// Refuses decimal marks that are not clear: (expected, found).
    pub fn check(&self) -> Result<(), (String, String)> {
        let Marks::Either { point, comma: Some((line, comma)), is_clear } = &self.marks else {
            return Ok(());
        };
        const NAME: &str = "CsvOptions::decimal names it";
        match point {
            Some((other, point)) => {
                let found = format!("{comma} in line {line} and {point} in line {other}; {NAME}");
                Err(("one decimal mark in all numbers".to_owned(), found))
            }
            None if !is_clear => {
                let expected = "a decimal mark that cannot be a separator of thousands".to_owned();
                Err((expected, format!("numbers such as {comma} in line {line}; {NAME}")))
            }
            None => Ok(()),
        }
    }
}

/// A whole number beyond 2⁵³, from where 64 bits do not hold all of them, and the number less a whole offset, rounded once.
fn exact(text: &str, offset: f64) -> Option<(i128, f64)> {
    let number: i128 = text.parse().ok()?;
    let value = less(number, offset)?;
    (number.unsigned_abs() > 1 << 53).then_some((number, value))
}

fn less(number: i128, offset: f64) -> Option<f64> {
    let is_whole = offset.fract() == 0.0 && offset.abs() < 1e30;
    is_whole.then(|| number.checked_sub(offset as i128)).flatten().map(|difference| difference as f64)
}

fn not_finite(found: String) -> (String, String) {
    ("a finite number".to_owned(), found)
}

/// Whether a cell is text rather than a damaged number.
pub(super) fn is_text(cell: &str) -> bool {
    cell.starts_with(char::is_alphabetic) && cell.parse::<f64>().is_err() && truth_of(cell).is_none()
}

/// true and yes are 1, false and no are 0, in any case.
fn truth_of(text: &str) -> Option<f64> {
    let is = |words: [&str; 2]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["true", "yes"]) { Some(1.0) } else { is(["false", "no"]).then_some(0.0) }
}

/// Whether the comma of a number may separate thousands, as in 1,234 and unlike in 0,234 and 1,5.
fn may_be_thousands(number: &str) -> bool {
    let digits = number.trim_start_matches(['+', '-']);
    digits.split_once(',').is_some_and(|(whole, rest)| {
        (1..=3).contains(&whole.len())
            && !whole.starts_with('0')
            && rest.len() == 3
            && rest.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Two cells that differ by more than a millionth of the column's range and become the same number of 32 bits, as (row, row,
/// number).
pub(super) fn made_equal(values: &[f64]) -> Option<(usize, usize, f32)> {
    const LARGEST_LOSS: f64 = 1e-6;
    let known = || values.iter().copied().filter(|value| !value.is_nan());
    let (least, most) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    let loss = LARGEST_LOSS * (most - least);
    // No two numbers that become equal are further apart than the numbers of 32 bits.
    let apart = least.abs().max(most.abs()) * f64::from(f32::EPSILON) + f64::from(f32::from_bits(1));
    if least >= most || apart <= loss {
        return None;
    }
    let mut order: Vec<usize> = (0..values.len()).filter(|&row| !values[row].is_nan()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let equal = order.chunk_by(|&a, &b| values[a] as f32 == values[b] as f32);
    let mut pairs = equal.map(|rows| (rows[0], rows[rows.len() - 1]));
    let (a, b) = pairs.find(|&(a, b)| values[b] - values[a] > loss)?;
    Some((a.min(b), a.max(b), values[a] as f32))
}
