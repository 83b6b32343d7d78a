//! The rows of a table as features and targets.

use std::collections::HashMap;

use ::csv::ByteRecord;

use super::cells::{Cells, Column, Kind, Names, is_text, made_equal};
use super::{Csv, Missing, list, quoted};
use crate::Error;
use crate::data::order_of_names;

/// The hint for text in a column of a feature.
const TEXT: &str = "; CsvOptions::without leaves the column out, one_hot makes features of its categories";

/// The target columns that are wanted.
pub(super) enum Wanted<'t> {
    Numbers(&'t [&'t str]),
    /// The column with the class, and the number of classes.
    Classes(&'t str, usize),
    Nothing,
}

/// The rows that were read.
pub(super) struct Rows {
    pub count: usize,
    /// The features of each row, one row after the other.
    pub numbers: Vec<f32>,
    /// The targets of each row, one row after the other: numbers, or the number of the class.
    pub targets: Vec<f64>,
    pub features: Vec<String>,
    pub classes: Vec<String>,
    /// The numbers that were subtracted from columns, with their names.
    pub offsets: Vec<(String, f64)>,
    /// Rows that were left out, because a cell was missing.
    pub dropped: usize,
}

/// A feature: a column, or one category of a column; all of them if they are found in the cells.
#[derive(Clone, Copy)]
struct Feature {
    column: usize,
    category: Option<usize>,
}

/// Columns to read: those of features, then those of targets.
struct Layout {
    columns: Vec<Column>,
    features: Vec<Feature>,
    targets: usize,
}

impl Csv<'_> {
    /// All rows, with `count` features each.
    pub(super) fn rows(mut self, count: usize, wanted: &Wanted<'_>) -> Result<Rows, Error> {
        let mut layout = self.layout(count, wanted)?;
        self.check_count(&layout, count)?;
        let (values, lines, dropped) = self.values(&mut layout.columns, matches!(wanted, Wanted::Nothing))?;
        self.check_missing(&layout)?;
        let width = layout.columns.len();
        if !matches!(wanted, Wanted::Nothing) {
            self.check_precision(&layout.columns, &values, &lines)?;
        }

        let mut values = values;
        for (i, column) in layout.columns.iter_mut().enumerate() {
            let Kind::Names(names) = &mut column.kind else { continue };
            if names.is_given() {
                continue;
            }
            let order = order_of_names(&names.names);
            let mut numbers = vec![0.0; order.len()];
            order.iter().enumerate().for_each(|(number, &place)| numbers[place] = number as f64);
            let cells = values.iter_mut().skip(i).step_by(width).filter(|value| !value.is_nan());
            cells.for_each(|value| *value = numbers[*value as usize]);
            names.names = order.into_iter().map(|place| std::mem::take(&mut names.names[place])).collect();
        }
        layout.expand();
        self.check_count(&layout, count)?;

        let first_target = width - layout.targets;
        let mut numbers = Vec::with_capacity(lines.len().saturating_mul(count));
        let mut targets = Vec::with_capacity(lines.len() * layout.targets);
        for row in 0..lines.len() {
            let row = &values[row * width..][..width];
            numbers.extend(layout.features.iter().map(|feature| {
                match (row[feature.column], feature.category) {
                    (value, Some(category)) if !value.is_nan() => f32::from(value == category as f64),
                    (value, _) => value as f32,
                }
            }));
            targets.extend_from_slice(&row[first_target..]);
        }
        let features = layout.names();
        let offsets = layout.offsets();
        let classes = match layout.columns.pop().map(|column| column.kind) {
            Some(Kind::Names(names)) if layout.targets > 0 => names.names,
            _ => Vec::new(),
        };
        Ok(Rows { count: lines.len(), numbers, targets, features, classes, offsets, dropped })
    }

    /// The place of a column in a row.
    fn place(&self, name: &str) -> Result<usize, Error> {
        match self.places.get(name) {
            None => Err(self.wrong(format!("a column {}", quoted(name)), self.found_columns())),
            Some(&(first, Some(second))) => Err(self.repeated(name, first, second)),
            Some(&(place, None)) => Ok(place),
        }
    }

    fn layout(&self, count: usize, wanted: &Wanted<'_>) -> Result<Layout, Error> {
        let options = &self.options;
        let targets: Vec<&str> = match wanted {
            Wanted::Numbers(names) => names.to_vec(),
            Wanted::Classes(name, _) => vec![name],
            Wanted::Nothing => Vec::new(),
        };
        let mut of_targets = Vec::new();
        for (i, name) in targets.iter().enumerate() {
            if targets[..i].contains(name) {
                return Err(Error::argument(
                    "targets",
                    "each column once",
                    format!("{} twice", quoted(name)),
                ));
            }
            let kind = match wanted {
                Wanted::Classes(_, classes) if options.class_names.is_empty() => {
                    Kind::Names(Names::found("classes", *classes))
                }
                Wanted::Classes(_, classes) => {
                    let names = options.class_names.clone();
                    if names.len() != *classes {
                        let found = format!("{}: {}", names.len(), list(&names));
                        return Err(Error::argument("class names", classes.to_string(), found));
                    }
                    Kind::Names(Names::given("classes", names))
                }
                _ => self.numbers(name),
            };
            of_targets.push(Column::new(self.place(name)?, name, kind));
        }

        let (mut columns, mut features) = (Vec::new(), Vec::new());
        let is_one_hot = |name: &str| options.one_hot.iter().any(|other| other == name);
        let kind = |name: &str| {
            if is_one_hot(name) { Kind::Names(Names::found("categories", count)) } else { self.numbers(name) }
        };
        if options.only.is_empty() {
            for (place, name) in self.header.iter().enumerate() {
                if self.places.contains_key(name) && !targets.contains(&name.as_str()) {
                    features.push(Feature { column: columns.len(), category: None });
                    columns.push(Column::new(place, name, kind(name)));
                }
            }
        }
        // The place in `columns` of each column with listed categories, and their names.
        let mut listed: HashMap<&str, (usize, Vec<String>)> = HashMap::new();
        let exists = |name: &str| self.places.contains_key(name);
        for name in options.only.iter().filter(|name| !targets.contains(&name.as_str())) {
            let split = || name.match_indices('=').map(|(at, _)| (&name[..at], &name[at + 1..]));
            match split().find(|(column, _)| exists(column)).filter(|_| !exists(name)) {
                Some((column, category)) => {
                    if !listed.contains_key(column) {
                        listed.insert(column, (columns.len(), Vec::new()));
                        columns.push(Column::new(self.place(column)?, column, self.numbers(column)));
                    }
                    let (place, names) = listed.get_mut(column).expect("it was put there");
                    features.push(Feature { column: *place, category: Some(names.len()) });
                    names.push(category.to_owned());
                }
                None => {
                    features.push(Feature { column: columns.len(), category: None });
                    columns.push(Column::new(self.place(name)?, name, kind(name)));
                }
            }
        }
        for (place, names) in listed.into_values() {
            columns[place].kind = Kind::Names(Names::given("categories", names));
        }
        if let Some(name) =
            options.one_hot.iter().find(|name| !columns.iter().any(|column| column.name == **name))
        {
            let expected = format!("a feature column {} for one_hot", quoted(name));
            return Err(self.wrong(expected, self.found_columns()));
        }
        columns.extend(of_targets.into_iter().map(|column| Column { is_target: true, ..column }));
        let unused = |name: &str| !columns.iter().any(|column| column.name == name);
        if let Some((name, _)) = options.offsets.iter().find(|(name, _)| unused(name))
            && !matches!(wanted, Wanted::Nothing)
        {
            return Err(self.wrong(format!("a column {} for offset", quoted(name)), self.found_columns()));
        }
        Ok(Layout { columns, features, targets: targets.len() })
    }

    fn numbers(&self, name: &str) -> Kind {
        let given = self.options.offsets.iter().rev().find(|(column, _)| column == name);
        Kind::Numbers { offset: given.map_or(0.0, |(_, offset)| *offset), truth: None, whole: [None; 2] }
    }

    /// Refuses another number of features, unless categories are still to be found.
    fn check_count(&self, layout: &Layout, count: usize) -> Result<(), Error> {
        if layout.features.len() == count || layout.has_unknown() {
            return Ok(());
        }
        let mut expected = format!("{count} feature columns");
        let targets = &layout.columns[layout.columns.len() - layout.targets..];
        if !targets.is_empty() {
            let names: Vec<String> = targets.iter().map(|column| column.name.clone()).collect();
            expected += &format!(" besides {}", list(&names));
        }
        let mut found = match layout.features.len() {
            0 => "none".to_owned(),
            other => format!("{other}: {}", list(&layout.names())),
        };
        found += &self.hint();
        if layout.features.len() > count && self.options.only.is_empty() && self.hint().is_empty() {
            found += "; CsvOptions::without leaves columns out";
        }
        Err(self.wrong(expected, found))
    }

    /// The values of these columns in all rows, one row after the other, the line of each row, and the number of rows that were
    /// left out. A missing value is NaN.
    fn values(
        &mut self,
        columns: &mut [Column],
        keeps_rows: bool,
    ) -> Result<(Vec<f64>, Vec<u64>, usize), Error> {
        let mut cells = Cells::new(&self.options, self.separator);
        let drops = self.options.missing == Missing::DropRows && !keeps_rows;
        let (mut values, mut lines, mut dropped) = (Vec::new(), Vec::new(), 0);
        let mut row = ByteRecord::new();
        while let Some(line) = self.read(&mut row)? {
            if row.len() != self.header.len() {
                let expected = format!("{} cells in line {line}, as in the header", self.header.len());
                let hint = if row[0].starts_with(b"#") { super::COMMENT } else { "" };
                return Err(self.wrong(expected, format!("{}{hint}", row.len())));
            }
            let cell = |column: &Column| row[column.place].trim_ascii();
            if drops && columns.iter().any(|column| cells.is_missing(cell(column))) {
                dropped += 1;
                continue;
            }
            lines.push(line);
            for column in columns.iter_mut() {
                let cell = cell(column);
                if cells.is_missing(cell) {
                    let first = if column.missing.0 == 0 { line } else { column.missing.1 };
                    column.missing = (column.missing.0 + 1, first);
                    values.push(f64::NAN);
                    continue;
                }
                let Ok(text) = std::str::from_utf8(cell) else {
                    let found = "bytes that are not";
                    return Err(self.wrong_cell(line, &column.name, "text in UTF-8", found));
                };
                match cells.value(&mut column.kind, line, text) {
                    Ok(value) => values.push(value),
                    Err((expected, found)) => {
                        let is_number = matches!(column.kind, Kind::Numbers { .. }) && !column.is_target;
                        let hint = match () {
                            () if row[0].starts_with(b"#") => super::COMMENT,
                            () if is_number && is_text(text) => TEXT,
                            () => "",
                        };
                        return Err(self.wrong_cell(line, &column.name, expected, found + hint));
                    }
                }
            }
        }
        cells.check().map_err(|(expected, found)| self.wrong(expected, found))?;
        match (lines.is_empty(), dropped) {
            (false, _) => Ok((values, lines, dropped)),
            (true, 0) => Err(self.wrong("at least one row below the header", "none")),
            (true, dropped) => {
                Err(self.wrong("at least one row without a missing cell", format!("none of {dropped}")))
            }
        }
    }

    fn check_missing(&self, layout: &Layout) -> Result<(), Error> {
        let first_target = layout.columns.len() - layout.targets;
        let keeps = self.options.missing == Missing::Keep;
        let refused = &layout.columns[if keeps { first_target } else { 0 }..];
        let refused: Vec<&Column> = refused.iter().filter(|column| column.missing.0 > 0).collect();
        let Some(first) = refused.iter().map(|column| column.missing.1).min() else { return Ok(()) };
        let counts: Vec<String> = refused
            .iter()
            .take(super::LISTED)
            .map(|column| format!("{} in column {}", column.missing.0, quoted(&column.name)))
            .collect();
        let more = match refused.len().saturating_sub(super::LISTED) {
            0 => String::new(),
            more => format!(" and others in {more} more"),
        };
        let expected = if keeps { "a target in each row" } else { "a value in each cell" };
        let choices = if keeps {
            "CsvOptions::missing(Missing::DropRows) leaves such rows out"
        } else if layout.targets == 0 {
            "CsvOptions::missing(Missing::Keep) leaves them to an Imputer"
        } else {
            "CsvOptions::missing(Missing::DropRows) leaves such rows out, Missing::Keep leaves the cells to an Imputer, and \
             CsvOptions::without leaves out a column"
        };
        let found =
            format!("missing ones: {}{more}, the first in line {first}; {choices}", counts.join(", "));
        Err(self.wrong(expected, found))
    }

    fn check_precision(&self, columns: &[Column], values: &[f64], lines: &[u64]) -> Result<(), Error> {
        for (i, column) in columns.iter().enumerate() {
            let Kind::Numbers { whole, .. } = &column.kind else { continue };
            let of_column: Vec<f64> = values.iter().skip(i).step_by(columns.len()).copied().collect();
            let is_constant = || {
                let mut known = of_column.iter().filter(|value| !value.is_nan());
                known.next().is_some_and(|first| known.all(|value| value == first))
            };
            let found = match (made_equal(&of_column), whole) {
                (Some((a, b, equal)), _) => {
                    let [first, second] =
                        [a, b].map(|row| format!("{} in line {}", of_column[row], lines[row]));
                    format!("{first} and {second}, which both become {equal}")
                }
                // They are equal in 64 bits already.
                (None, [Some((a, line)), Some((b, other))]) if is_constant() => {
                    format!("{a} in line {line} and {b} in line {other}, which become equal")
                }
                _ => continue,
            };
            let expected = format!("numbers that 32 bits can tell apart in column {}", quoted(&column.name));
            let found = format!("{found}; CsvOptions::offset subtracts a number near them first");
            return Err(self.wrong(expected, found));
        }
        Ok(())
    }
}

impl Column {
    fn new(place: usize, name: &str, kind: Kind) -> Self {
        Column { place, name: name.to_owned(), kind, is_target: false, missing: (0, 0) }
    }
}

impl Layout {
    /// The names of the categories of a feature that stands for its whole column.
    fn unexpanded(&self, feature: &Feature) -> Option<&Names> {
        match &self.columns[feature.column].kind {
            Kind::Names(names) if feature.category.is_none() => Some(names),
            _ => None,
        }
    }

    fn has_unknown(&self) -> bool {
        self.features.iter().any(|feature| self.unexpanded(feature).is_some())
    }

    /// Puts a feature for each category in the place of a column of them.
    fn expand(&mut self) {
        let features = self.features.iter().flat_map(|feature| match self.unexpanded(feature) {
            None => vec![*feature],
            Some(names) => {
                let each = 0..names.names.len();
                each.map(|category| Feature { category: Some(category), ..*feature }).collect()
            }
        });
        self.features = features.collect();
    }

    fn offsets(&self) -> Vec<(String, f64)> {
        let offset = |column: &Column| match column.kind {
            Kind::Numbers { offset, .. } if offset != 0.0 => Some((column.name.clone(), offset)),
            _ => None,
        };
        self.columns.iter().filter_map(offset).collect()
    }

    fn names(&self) -> Vec<String> {
        let name = |feature: &Feature| {
            let column = &self.columns[feature.column];
            match (&column.kind, feature.category) {
                (Kind::Names(names), Some(category)) => format!("{}={}", column.name, names.names[category]),
                _ => column.name.clone(),
            }
        };
        self.features.iter().map(name).collect()
    }
}
