//! Promise: no CSV file can make the reader panic or hang; each kind of bad file has its own message, which names the
//! file, the line, the column, what was expected and what was found.
#![cfg(feature = "csv")]

use std::fs;
use std::io::{self, Read};

use convnet::Error;
use convnet::data::{Csv, Table};
use convnet::prelude::*;
use proptest::prelude::*;

const NAME: &str = "folder/some.csv";

fn classes(bytes: &[u8]) -> Result<Table<2, 2>, Error> {
    Csv::from_reader(NAME, bytes)?.classes("kind")
}

fn regression(bytes: &[u8]) -> Result<Dataset<Flat<2>, Tensor<Flat<1>>>, Error> {
    Csv::from_reader(NAME, bytes)?.regression(["y"])
}

/// The hint for text where a number of a feature should be.
const TEXT: &str = "; CsvOptions::without leaves the column out, one_hot makes features of its categories";

/// The text about one missing cell.
fn missing(column: &str, line: usize) -> String {
    let choices = "CsvOptions::missing(Missing::DropRows) leaves such rows out, Missing::Keep leaves the cells to an Imputer, \
                   and CsvOptions::without leaves out a column";
    format!("missing ones: 1 in column \"{column}\", the first in line {line}; {choices}")
}

/// All samples with the names of their classes.
fn rows<const F: usize, const C: usize>(table: &Table<F, C>) -> Vec<(Vec<f32>, &str)> {
    let row = |i| (table.data.sample(i).as_slice().to_vec(), &*table.classes[table.data.target(i).index()]);
    (0..table.data.len()).map(row).collect()
}

#[test]
fn every_bad_table_of_classes_is_refused_with_its_reason() {
    let good = "a,b,kind\n1,2,x\n3,4,y\n";
    assert_eq!(rows(&classes(good.as_bytes()).unwrap()), [(vec![1.0, 2.0], "x"), (vec![3.0, 4.0], "y")]);
    let header = "a header with the names of the columns";
    let many: String = (0..50).map(|i| format!("column{i},")).collect();
    let first_40 = (0..40).map(|i| format!("\"column{i}\"")).collect::<Vec<_>>().join(", ");
    let many_found = format!("50: {first_40} and 10 more; CsvOptions::without leaves columns out");
    let long = "z".repeat(1000);
    let long_found = format!("\"{}…\"{TEXT}", "z".repeat(40));
    let cell = "a value in each cell";
    let cases: &[(&[u8], &str, &str)] = &[
        (b"", header, "no text"),
        (b"\xef\xbb\xbf", header, "no text"),
        (b"\n\r\n\n", header, "no text"),
        (b"1,2,3\n4,5,6\n", header, "the numbers \"1\", \"2\", \"3\""),
        (b"a,b,a,kind\n", "each column name once", "\"a\" in columns 1 and 3"),
        (
            b"a,,kind\n1,2,x\n",
            "a name for each column",
            "none for column 2; CsvOptions::without([\"\"]) leaves it out",
        ),
        (b"a,\xff,kind\n1,2,x\n", "a header in UTF-8", "bytes that are not in column 2"),
        (b"\xff\xfea\0,\0b\0\n\0", "text in UTF-8", "UTF-16"),
        (b"\xffa,b\n", "a header in UTF-8", "bytes that are not in column 1"),
        (b"a,b,c\n1,2,x\n", "a column \"kind\"", "\"a\", \"b\", \"c\""),
        (b"a,b,Kind\n1,2,x\n", "a column \"kind\"", "\"a\", \"b\", \"Kind\""),
        (b"kind\nx\n", "2 feature columns besides \"kind\"", "none"),
        (b"a,kind\n1,x\n", "2 feature columns besides \"kind\"", "1: \"a\""),
        (
            b"a,kind,b,c\n1,x,2,3\n",
            "2 feature columns besides \"kind\"",
            "3: \"a\", \"b\", \"c\"; CsvOptions::without leaves columns out",
        ),
        (&[many.as_bytes(), b"kind\n"].concat(), "2 feature columns besides \"kind\"", &many_found),
        (b"a,b,kind\n", "at least one row below the header", "none"),
        (b"a,b,kind", "at least one row below the header", "none"),
        (b"a,b,kind\n1,2,x\n3,4\n", "3 cells in line 3, as in the header", "2"),
        (b"a,b,kind\r\n1,2,x\r\n3,4,y,5\r\n", "3 cells in line 3, as in the header", "4"),
        (b"a,b,kind\n\n\n1,2,x\n\n3\n", "3 cells in line 6, as in the header", "1"),
        (b"a,b,kind\n1,2,\"x\ny\"\n3,4\n", "3 cells in line 4, as in the header", "2"),
        (b"a,b,kind\n1,two,x\n", "a finite number in line 2, column \"b\"", &format!("\"two\"{TEXT}")),
        (
            b"a,b,kind\n1,2,x\n3,\"4,5\",y\n",
            "a finite number in line 3, column \"b\"",
            "\"4,5\"; CsvOptions::decimal(',') reads decimal commas",
        ),
        (b"a,b,kind\n1,2,x\n3,\"4\n5\",y\n", "a finite number in line 3, column \"b\"", "\"4\\n5\""),
        (b"a,b,kind\nNaN,2,x\n", cell, &missing("a", 2)),
        (b"a,b,kind\n1,-inf,x\n", "a finite number in line 2, column \"b\"", "\"-inf\""),
        (b"a,b,kind\n1e39,2,x\n", "a finite number in line 2, column \"a\"", "\"1e39\""),
        (b"a,b,kind\n1,2,x\n3,,y\n", cell, &missing("b", 3)),
        (b"a,b,kind\n1,2,x\n3,  ,y\n", cell, &missing("b", 3)),
        (b"a,b,kind\n1,2,x\n3,4,\n", cell, &missing("kind", 3)),
        (b"a,b,kind\n1,2\xff,x\n", "text in UTF-8 in line 2, column \"b\"", "bytes that are not"),
        (b"a,b,kind\n1,2,\xc3(\n", "text in UTF-8 in line 2, column \"kind\"", "bytes that are not"),
        (b"a,b,kind\n1,2,x\n3,4,x\n", "2 classes in column \"kind\"", "1: \"x\""),
        (
            b"a,b,kind\n1,2,x\n3,4,y\n5,6,z\n",
            "2 classes in line 4, column \"kind\"",
            "\"z\" besides \"x\", \"y\"",
        ),
        (
            &[b"a,b,kind\n1,", long.as_bytes(), b",x\n"].concat(),
            "a finite number in line 2, column \"b\"",
            &long_found,
        ),
        (b"a,b,kind\n1,2,x\n3,\"4,y\n5,6,x\n", "3 cells in line 3, as in the header", "2"),
    ];
    for (bytes, expected, found) in cases {
        let error = classes(bytes).expect_err(found);
        assert!(matches!(error, Error::Format { .. }));
        assert_eq!(error.to_string(), format!("{NAME}: expected {expected}, found {found}"));
    }
}

#[test]
fn every_bad_table_of_numbers_is_refused_with_its_reason() {
    let data = regression(b"a,y,b\n1,2,3\n4,5,6\n").unwrap();
    assert_eq!(data.sample::<f32>(1), Tensor::from([4.0, 6.0]));
    assert_eq!(*data.target(1), Tensor::from([5.0]));
    let cases: &[(&[u8], &str, &str)] = &[
        (b"a,b,z\n1,2,3\n", "a column \"y\"", "\"a\", \"b\", \"z\""),
        (b"a,y\n1,2\n", "2 feature columns besides \"y\"", "1: \"a\""),
        (b"a,b,y\n1,2,3\n1,2,x\n", "a finite number in line 3, column \"y\"", "\"x\""),
        (b"a,b,y\n1,2,3\n1,2,\n", "a value in each cell", &missing("y", 3)),
        (b"a,b,y\n1,2,inf\n", "a finite number in line 2, column \"y\"", "\"inf\""),
        (b"a,b,y\n\n", "at least one row below the header", "none"),
    ];
    for (bytes, expected, found) in cases {
        let error = regression(bytes).expect_err(found);
        assert_eq!(error.to_string(), format!("{NAME}: expected {expected}, found {found}"));
    }
}

#[test]
fn unusual_but_good_tables_are_read() {
    let expected = [(vec![1.0, 2.5], "x"), (vec![-300.0, 0.25], "y")];
    let cases: &[&[u8]] = &[
        b"a,b,kind\n1,2.5,x\n-3e2,.25,y\n",
        b"a,b,kind\r\n1,2.5,x\r\n-3e2,.25,y\r\n",
        b"a,b,kind\r\n1,2.5,x\r\n-3e2,.25,y",
        b"\xef\xbb\xbfa,b,kind\n1,2.5,x\n-3e2,.25,y\n",
        b"\xef\xbb\xbf\"a\",b,kind\n1,2.5,x\n-3e2,.25,y\n",
        b"\n\na,b,kind\n\n1,2.5,x\n\n\n-3e2,.25,y\n\n",
        b"a, b, kind\n 1, +2.5, x\n-3E2 ,.25\t,y \n",
        b"\"a\",\"b\",\"kind\"\n\"1\",\"2.5\",\"x\"\n\"-300\",\"0.25\",\"y\"\n",
        b"kind,a,b\nx,1,2.5\ny,-300,0.25\n",
    ];
    for bytes in cases {
        let table = classes(bytes).unwrap_or_else(|e| panic!("{}: {e}", bytes.escape_ascii()));
        assert_eq!(rows(&table), expected, "{}", bytes.escape_ascii());
        assert_eq!(
            (&table.features[..], &table.classes[..]),
            (&["a", "b"].map(String::from)[..], &["x", "y"].map(String::from)[..])
        );
    }
}

#[test]
fn names_may_hold_commas_quotes_and_line_breaks() {
    let table = classes(b"\"a, the first\",\"b \"\"x\"\"\",kind\n1,2,\"one,\ntwo\"\n3,4,\"\"\"\"\n").unwrap();
    assert_eq!(table.features, ["a, the first", "b \"x\""]);
    assert_eq!(table.classes, ["\"", "one,\ntwo"]);
    let csv = Csv::from_reader(NAME, &b"\"a\nb\",kind\n"[..]).unwrap();
    assert_eq!(csv.columns(), ["a\nb", "kind"]);
    let error = csv.classes::<2, 2>("kind").unwrap_err();
    assert!(error.to_string().ends_with("found 1: \"a\\nb\""), "{error}");
}

/// Numbers are ordered by value, so that labels 0 to 10 keep their numbers; other names by their letters. A class may
/// be there once.
#[test]
fn classes_are_numbered_by_their_names() {
    let named = |names: &[&str]| -> String {
        ["a,kind\n".to_owned()].into_iter().chain(names.iter().map(|name| format!("1,{name}\n"))).collect()
    };
    let text = named(&["10", "9", "2", "10", "1"]);
    let table = Csv::from_reader(NAME, text.as_bytes()).unwrap().classes::<1, 4>("kind").unwrap();
    assert_eq!(table.classes, ["1", "2", "9", "10"]);
    assert_eq!(table.data.targets().map(|class| class.index()).collect::<Vec<_>>(), [3, 2, 1, 3, 0]);

    let text = named(&["b", "10", "9", "a"]);
    let table = Csv::from_reader(NAME, text.as_bytes()).unwrap().classes::<1, 4>("kind").unwrap();
    assert_eq!(table.classes, ["10", "9", "a", "b"]);

    let text = named(&["1", "1.0", "inf", "01"]);
    let table = Csv::from_reader(NAME, text.as_bytes()).unwrap().classes::<1, 4>("kind").unwrap();
    assert_eq!(table.classes, ["01", "1", "1.0", "inf"]);
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = Csv::open(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("expected a file, found a folder"), "{error}");
    let missing = folder.path().join("none.csv");
    assert!(
        matches!(Csv::open(&missing).unwrap_err(), Error::Io { action: "read", path, .. } if path == missing)
    );
    let there = folder.path().join("there.csv");
    fs::write(&there, "a,b,kind\n1,2,x\n3,4,y\n").unwrap();
    assert_eq!(Csv::open(&there).unwrap().classes::<2, 2>("kind").unwrap().data.len(), 2);
}

/// A reader that fails midway is the operating system's trouble, not the file's.
#[test]
fn a_failing_read_is_no_bad_format() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("unplugged"))
        }
    }
    let reader = b"a,b,kind\n1,2,x\n".chain(Failing);
    let csv = Csv::from_reader(NAME, reader);
    let error = csv.and_then(|csv| csv.classes::<2, 2>("kind")).unwrap_err();
    assert_eq!(error.to_string(), format!("{NAME}: cannot read: unplugged"));
}

/// One line of 64 MiB, as a cell, as cells and as a quote without an end: each is refused in a few seconds, and the
/// message is short.
#[test]
fn an_absurdly_long_line_is_refused() {
    let cases = ["9", "7,", "\""];
    for cell in cases {
        let body = cell.repeat((64 << 20) / cell.len());
        let error = classes(format!("a,b,kind\n{body}").as_bytes()).unwrap_err().to_string();
        assert!(error.len() < 200 && error.contains("line 2"), "{error}");
    }
    let header = "name".repeat(16 << 20);
    let error = classes(header.as_bytes()).unwrap_err().to_string();
    assert!(error.len() < 200, "{error}");
}

/// Pieces of CSV, in any order, which get further than bytes drawn at random.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        "kind",
        "y",
        ",",
        ",",
        ",",
        "\n",
        "\n",
        "\r\n",
        "\r",
        "\"",
        "1",
        "-2.5",
        "x",
        " ",
        "nan",
        "1e99",
        "\u{feff}",
        "\0",
        "\u{fffd}",
        "a,b,kind\n",
        "a,b,y\n",
        "1,2,3\n",
        "4,5,6\n",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat().into_bytes())
}

fn nothing_worse_than_an_error(bytes: &[u8]) {
    for error in [classes(bytes).err(), regression(bytes).err()].into_iter().flatten() {
        assert!(matches!(error, Error::Format { .. }), "{error}");
        let text = error.to_string();
        assert!(text.starts_with(NAME) && text.len() < 5000 && !text.contains('\n'), "{text}");
    }
    if let Ok(data) = regression(bytes) {
        assert!((0..data.len()).all(|i| data.sample::<f32>(i).as_slice().iter().all(|x| x.is_finite())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_can_panic_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        nothing_worse_than_an_error(&bytes);
        nothing_worse_than_an_error(&[b"a,b,y\n1,2,3\n", &bytes[..]].concat());
    }

    #[test]
    fn no_text_can_panic_the_reader(bytes in pieces()) {
        nothing_worse_than_an_error(&bytes);
    }

    /// Numbers are read from CSV as they were written, with any line ends, and the position of a damaged cell is right.
    #[test]
    fn a_bad_cell_is_named_by_line_and_column(
        numbers in prop::collection::vec((-1e6_f32..1e6, -1e6_f32..1e6, -1e6_f32..1e6), 1..30),
        crlf: bool,
        blank in 0_usize..3,
        at: prop::sample::Index,
        column in 0_usize..3,
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let text = |bad: Option<(usize, usize)>| -> String {
            let mut text = format!("a,b,y{end}");
            for (i, (a, b, y)) in numbers.iter().enumerate() {
                text += &end.repeat(blank);
                let cells = [a, b, y].into_iter().enumerate().map(|(column, number)| {
                    if bad == Some((i, column)) { "bad".to_owned() } else { number.to_string() }
                });
                text += &(cells.collect::<Vec<_>>().join(",") + end);
            }
            text
        };
        let data = regression(text(None).as_bytes()).unwrap();
        prop_assert_eq!(data.len(), numbers.len());
        for (i, &(a, b, y)) in numbers.iter().enumerate() {
            prop_assert_eq!(data.sample::<f32>(i), Tensor::from([a, b]));
            prop_assert_eq!(data.target(i), &Tensor::from([y]));
        }
        let row = at.index(numbers.len());
        let error = regression(text(Some((row, column))).as_bytes()).unwrap_err().to_string();
        let place = format!("in line {}, column \"{}\", found \"bad\"", 2 + blank + row * (1 + blank), ["a", "b", "y"][column]);
        prop_assert!(error.contains(&place), "{error}: {place}");
    }
}

#[cfg(feature = "sample")]
mod tabular {
    use super::*;
    use convnet::data::tabular;
    use sha2::{Digest, Sha256};

    /// `assets/README.md` gives the digest of each table.
    #[test]
    fn the_tables_are_those_of_the_readme() {
        let readme = fs::read_to_string("../../assets/README.md").unwrap();
        let mut files = 0;
        for file in fs::read_dir("../../assets/tabular").unwrap() {
            let path = file.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            let rows = bytes.iter().filter(|&&byte| byte == b'\n').count() - 1;
            let row = format!("| {} | {rows} | {digest} |", path.file_name().unwrap().to_str().unwrap());
            assert!(readme.lines().any(|line| line == row), "assets/README.md lacks {row}");
            files += 1;
        }
        assert_eq!(files, 4);
    }

    #[test]
    fn the_tables_are_whole() {
        fn counts<const F: usize, const C: usize>(table: &Table<F, C>) -> (usize, Vec<usize>) {
            assert_eq!((table.features.len(), table.classes.len()), (F, C));
            let of = |class| table.data.targets().filter(|target| target.index() == class).count();
            (table.data.len(), (0..C).map(of).collect())
        }
        assert_eq!(counts(&tabular::iris().unwrap()), (150, vec![50, 50, 50]));
        assert_eq!(counts(&tabular::wine().unwrap()), (178, vec![59, 71, 48]));
        assert_eq!(counts(&tabular::breast_cancer().unwrap()), (569, vec![357, 212]));
        let diabetes = tabular::diabetes().unwrap();
        assert_eq!(diabetes.len(), 442);
        let sum: f32 = diabetes.targets().map(|y| y[0]).sum();
        // numpy: np.loadtxt(file, delimiter=",", skiprows=1)[:, -1].sum()
        assert_eq!(sum, DIABETES);
    }

    const DIABETES: f32 = 67_243.0;
}
