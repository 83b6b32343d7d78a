//! Tables as people have them: other separators, indices, missing cells, text, truth values, large numbers. Each is read right or
//! refused with the setting that reads it.
#![cfg(feature = "csv")]

use convnet::Error;
use convnet::data::{Csv, CsvOptions, Missing, Table};
use convnet::prelude::*;

const NAME: &str = "some.csv";

fn open(text: &str, options: CsvOptions) -> Result<Csv<'_>, Error> {
    Csv::from_reader_with(NAME, text.as_bytes(), options)
}

fn classes<const F: usize>(text: &str, options: CsvOptions) -> Result<Table<F, 2>, Error> {
    open(text, options)?.classes("kind")
}

fn default() -> CsvOptions {
    CsvOptions::new()
}

/// All features of a table's rows.
fn features<const F: usize, Y: convnet::data::Target>(data: &Dataset<Flat<F>, Y>) -> Vec<Vec<f32>> {
    (0..data.len()).map(|i| data.sample(i).as_slice().to_vec()).collect()
}

/// The table has the rows (1.5, 2) of class a and (3.5, 4) of class b.
#[track_caller]
fn is_plain(table: Result<Table<2, 2>, Error>) {
    let table = table.unwrap();
    assert_eq!(features(&table.data), [[1.5, 2.0], [3.5, 4.0]]);
    assert_eq!(table.data.targets().map(|class| class.index()).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(
        (&table.features[..], &table.classes[..]),
        (&["x", "y"].map(String::from)[..], &["a", "b"].map(String::from)[..])
    );
}

/// The error says this after the file's name.
#[track_caller]
fn refused<T>(result: Result<T, Error>, message: &str) {
    let error = result.err().expect("an error").to_string();
    assert_eq!(error.strip_prefix("some.csv: ").unwrap_or(&error), message);
}

const PLAIN: &str = "x,y,kind\n1.5,2,a\n3.5,4,b\n";

#[test]
fn separators_and_decimal_marks_are_recognized() {
    is_plain(classes(PLAIN, default()));
    let cases = [
        "x;y;kind\n1,5;2;a\n3,5;4;b\n",
        "x;y;kind\n1.5;2;a\n3.5;4;b\n",
        "x\ty\tkind\n1.5\t2\ta\n3.5\t4\tb\n",
        "x\ty\tkind\n1,5\t2\ta\n3,5\t4\tb\n",
        "sep=;\nx;y;kind\n1.5;2;a\n3.5;4;b\n",
        "\u{feff}SEP=;\r\nx;y;kind\r\n1,5;2;a\r\n3,5;4;b\r\n",
        "sep=\t\nx\ty\tkind\n1.5\t2\ta\n3.5\t4\tb\n",
        "sep=|\nx|y|kind\n1.5|2|a\n3.5|4|b\n",
        "sep=,\nx,y,kind\n1.5,2,a\n3.5,4,b\n",
    ];
    for text in cases {
        is_plain(classes(text, default()));
    }
    is_plain(classes("x|y|kind\n1.5|2|a\n3.5|4|b\n", default().separator('|')));
    is_plain(classes("x,y,kind\n\"1,5\",2,a\n\"3,5\",4,b\n", default().decimal(',')));
    // Commas in quotes separate nothing.
    let table = classes::<1>("\"x, in m, at noon\";kind\n1;a\n2;b\n", default()).unwrap();
    assert_eq!(table.features, ["x, in m, at noon"]);
}

#[test]
fn separators_and_decimal_marks_that_are_not_clear_are_refused() {
    refused(
        classes::<2>("x|y|kind\n1|2|a\n", default()),
        "expected a column \"kind\", found \"x|y|kind\"; CsvOptions::separator('|') takes this header apart",
    );
    refused(
        classes::<2>(PLAIN, default().separator(';')),
        "expected a column \"kind\", found \"x,y,kind\"; CsvOptions::separator(',') takes this header apart",
    );
    refused(
        classes::<2>("x,y,kind\n\"1,5\",2,a\n", default()),
        "expected a finite number in line 2, column \"x\", found \"1,5\"; CsvOptions::decimal(',') reads decimal commas",
    );
    refused(
        classes::<2>("x;y;kind\n1.5;2;a\n", default().decimal(',')),
        "expected a finite number in line 2, column \"x\", found \"1.5\"; CsvOptions::decimal names the decimal mark",
    );
    refused(
        classes::<2>("x;y;kind\n1,5;2.25;a\n3;4;b\n", default()),
        "expected one decimal mark in all numbers, found \"1,5\" in line 2 and \"2.25\" in line 2; CsvOptions::decimal names it",
    );
    refused(
        classes::<2>("x;y;kind\n1;2;a\n3;1,234;b\n", default()),
        "expected a decimal mark that cannot be a separator of thousands, found numbers such as \"1,234\" in line 3; \
         CsvOptions::decimal names it",
    );
    let named = classes::<2>("x;y;kind\n1;2;a\n3;1,234;b\n", default().decimal(',')).unwrap();
    assert_eq!(named.data.sample::<f32>(1), Tensor::from([3.0, 1.234]));
    // One number shows that the commas are decimal.
    let clear = classes::<2>("x;y;kind\n1;0,5;a\n3;1,234;b\n", default()).unwrap();
    assert_eq!(clear.data.sample::<f32>(1), Tensor::from([3.0, 1.234]));
    refused(
        classes::<2>("x;y;kind\n1.234,5;2;a\n", default()),
        "expected a finite number in line 2, column \"x\", found \"1.234,5\"",
    );
    refused(
        open(PLAIN, default().separator('x')),
        "separator: expected a comma, a semicolon, a tab, |, a colon or a space, found 'x'",
    );
    refused(open(PLAIN, default().decimal(';')), "decimal mark: expected '.' or ',', found ';'");
}

#[test]
fn indices_and_other_columns_are_left_out_and_chosen() {
    let pandas = ",x,y,kind\n0,1.5,2,a\n1,3.5,4,b\n";
    refused(
        open(pandas, default()),
        "expected a name for each column, found none for column 1; CsvOptions::without([\"\"]) leaves it out",
    );
    is_plain(classes(pandas, default().without([""])));
    is_plain(classes(pandas, default().only(["x", "y"])));
    let id = "id,x,y,kind\nA1,1.5,2,a\nA2,3.5,4,b\n";
    refused(
        classes::<2>(id, default()),
        "expected 2 feature columns besides \"kind\", found 3: \"id\", \"x\", \"y\"; CsvOptions::without leaves columns out",
    );
    refused(
        classes::<3>(id, default()),
        "expected a finite number in line 2, column \"id\", found \"A1\"; CsvOptions::without leaves the column out, one_hot \
         makes features of its categories",
    );
    is_plain(classes(id, default().without(["id"])));
    is_plain(classes(id, default().only(["x", "y"])));
    is_plain(classes("x,x,y,x2,kind\n1.5,7,2,1.5,a\n3.5,7,4,3.5,b\n", default().only(["x2", "y"])).map(
        |mut table| {
            assert_eq!(table.features, ["x2", "y"]);
            table.features[0] = "x".to_owned();
            table
        },
    ));
    refused(
        open(id, default().without(["Id"])),
        "expected a column \"Id\" to leave out, found \"id\", \"x\", \"y\", \"kind\"",
    );
    refused(
        classes::<2>(id, default().only(["x", "z"])),
        "expected a column \"z\", found \"id\", \"x\", \"y\", \"kind\"",
    );
    refused(
        classes::<1>("x,x,kind\n1,2,a\n3,4,b\n", default().only(["x"])),
        "expected each column name once, found \"x\" in columns 1 and 2",
    );
    refused(open(id, default().only(["x", "x"])), "features: expected each name once, found \"x\" twice");
}

#[test]
fn columns_are_matched_by_name() {
    let options = || default().only(["x", "y"]);
    let table = classes::<2>("kind,y,z,x\na,2,9,1.5\nb,4,9,3.5\n", options());
    is_plain(table);
    let new = open("z,y,x\n9,2,1.5\n9,4,3.5\n", options()).unwrap().features::<2>().unwrap();
    assert_eq!(features(&new), [[1.5, 2.0], [3.5, 4.0]]);
    let all = open("y,x\n2,1.5\n", default()).unwrap().features::<2>().unwrap();
    assert_eq!(features(&all), [[2.0, 1.5]]);
    refused(
        open("y,z,x\n2,1.5,3\n", default()).unwrap().features::<2>(),
        "expected 2 feature columns, found 3: \"y\", \"z\", \"x\"; CsvOptions::without leaves columns out",
    );
}

#[test]
fn missing_cells_are_counted_and_dropped_or_kept() {
    let na = "x,y,kind\n1.5,NA,a\n3.5,4,b\n";
    let choices = "CsvOptions::missing(Missing::DropRows) leaves such rows out, Missing::Keep leaves the cells to an Imputer, and \
                   CsvOptions::without leaves out a column";
    refused(
        classes::<2>(na, default()),
        &format!(
            "expected a value in each cell, found missing ones: 1 in column \"y\", the first in line 2; {choices}"
        ),
    );
    let many = "x,y,kind\n1,2,a\n?,2,a\n3,,b\n,null,b\n5,6,\n";
    refused(
        classes::<2>(many, default()),
        &format!(
            "expected a value in each cell, found missing ones: 2 in column \"x\", 2 in column \"y\", 1 in column \"kind\", \
             the first in line 3; {choices}"
        ),
    );
    let dropped =
        classes::<2>("x,y,kind\n1,2,a\n?,2,c\n3,,b\n5,6,b\n", default().missing(Missing::DropRows)).unwrap();
    assert_eq!((features(&dropped.data), dropped.classes.len()), (vec![vec![1.0, 2.0], vec![5.0, 6.0]], 2));
    assert_eq!((dropped.data.dropped_rows(), dropped.data.subset([0]).dropped_rows()), (2, 2));
    let kept = classes::<2>(na, default().missing(Missing::Keep)).unwrap();
    let first = kept.data.sample::<f32>(0);
    assert!(first[0] == 1.5 && first[1].is_nan());
    refused(
        classes::<2>(many, default().missing(Missing::Keep)),
        "expected a target in each row, found missing ones: 1 in column \"kind\", the first in line 6; \
         CsvOptions::missing(Missing::DropRows) leaves such rows out",
    );
    refused(
        classes::<2>("x,y,kind\n1,,a\n,2,b\n", default().missing(Missing::DropRows)),
        "expected at least one row without a missing cell, found none of 2",
    );
    // A column that is not used may miss what it likes.
    is_plain(classes("x,z,y,kind\n1.5,,2,a\n3.5,?,4,b\n", default().without(["z"])));
    let marked = classes::<2>(
        "x,y,kind\n1,-999,a\n3,4,b\n",
        default().missing(Missing::Keep).missing_values(["-999"]),
    );
    assert!(marked.unwrap().data.sample::<f32>(0)[1].is_nan());
    // Rows to predict for keep their places.
    refused(
        open("x,y\n1,2\n3,\n", default().missing(Missing::DropRows)).unwrap().features::<2>(),
        "expected a value in each cell, found missing ones: 1 in column \"y\", the first in line 3; \
         CsvOptions::missing(Missing::Keep) leaves them to an Imputer",
    );
}

#[test]
fn every_sign_of_a_missing_value_is_one() {
    let signs = [
        "", "?", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan", "NULL", "null",
        "None", " ", "\"\"",
    ];
    for sign in signs {
        let text = format!("x,y,kind\n1,{sign},a\n3,4,b\n");
        let table = classes::<2>(&text, default().missing(Missing::Keep)).unwrap();
        assert!(table.data.sample::<f32>(0)[1].is_nan(), "{sign}");
    }
    // "none" may be a class.
    let table = classes::<1>("x,kind\n1,none\n3,rust\n", default()).unwrap();
    assert_eq!(table.classes, ["none", "rust"]);
}

#[test]
fn truth_values_are_0_and_1() {
    let table = classes::<2>("x,y,kind\nTRUE,no,a\nFalse,Yes,b\n", default()).unwrap();
    assert_eq!(features(&table.data), [[1.0, 0.0], [0.0, 1.0]]);
    refused(
        classes::<2>("x,y,kind\n1,no,a\n2,3,b\n", default()),
        "expected true, false, yes or no, as above in line 3, column \"y\", found \"3\"",
    );
    refused(
        classes::<2>("x,y,kind\n1,3,a\n2,no,b\n", default()),
        "expected a finite number, as above in line 3, column \"y\", found \"no\"",
    );
}

#[test]
fn text_becomes_one_feature_for_each_category() {
    let text = "x,colour,y,kind\n1,red,2,a\n3,blue,4,b\n5,red,6,b\n";
    let table = classes::<4>(text, default().one_hot(["colour"])).unwrap();
    assert_eq!(table.features, ["x", "colour=blue", "colour=red", "y"]);
    assert_eq!(features(&table.data), [[1.0, 0.0, 1.0, 2.0], [3.0, 1.0, 0.0, 4.0], [5.0, 0.0, 1.0, 6.0]]);
    refused(
        classes::<3>(text, default().one_hot(["colour"])),
        "expected 3 feature columns besides \"kind\", found 4: \"x\", \"colour=blue\", \"colour=red\", \"y\"; \
         CsvOptions::without leaves columns out",
    );
    refused(
        classes::<4>(text, default().one_hot(["color"])),
        "expected a feature column \"color\" for one_hot, found \"x\", \"colour\", \"y\", \"kind\"",
    );
    // Numbers stand in the order of their values.
    let sizes = classes::<3>("size,kind\n10,a\n9,b\n100,b\n", default().one_hot(["size"])).unwrap();
    assert_eq!(sizes.features, ["size=9", "size=10", "size=100"]);
    // An identity has too many categories.
    refused(
        classes::<2>("id,kind\nA1,a\nA2,b\nA3,b\n", default().one_hot(["id"])),
        "expected at most 2 categories in line 4, column \"id\", found \"A3\" besides \"A1\", \"A2\"",
    );
    // Another table has the features of the first, whatever its categories.
    let options = || default().only(&table.features);
    let new = open("colour,y,x\nred,2,1\n", options()).unwrap().features::<4>().unwrap();
    assert_eq!(features(&new), [[1.0, 0.0, 1.0, 2.0]]);
    refused(
        open("colour,y,x\nred,2,1\ngreen,4,3\n", options()).unwrap().features::<4>(),
        "expected one of the categories \"blue\", \"red\" in line 3, column \"colour\", found \"green\"",
    );
    // A missing category is missing in all its features.
    let kept =
        classes::<4>("x,colour,y,kind\n1,,2,a\n3,blue,4,b\n", options().missing(Missing::Keep)).unwrap();
    let first = kept.data.sample::<f32>(0);
    assert!(first[0] == 1.0 && first[1].is_nan() && first[2].is_nan() && first[3] == 2.0);
    // A column may have such a name itself.
    let named = classes::<1>("a=b,a,kind\n1,b,x\n2,c,y\n", default().only(["a=b"])).unwrap();
    assert_eq!(features(&named.data), [[1.0], [2.0]]);
}

#[test]
fn comments_are_skipped_when_asked() {
    let text = "# made by hand\nx,y,kind\n1.5,2,a\n# half\n3.5,4,b\n";
    is_plain(classes(text, default().comments(true)));
    is_plain(classes("# a, b, c\nx;y;kind\n1,5;2;a\n3,5;4;b\n", default().comments(true)));
    refused(
        classes::<2>("# made by hand\nx,y,kind\n1.5,2,a\n", default()),
        "expected a column \"kind\", found \"# made by hand\"; CsvOptions::comments(true) skips lines that begin with #",
    );
    refused(
        classes::<2>("x,y,kind\n1.5,2,a\n# half\n3.5,4,b\n", default()),
        "expected 3 cells in line 3, as in the header, found 1; CsvOptions::comments(true) skips lines that begin with #",
    );
    // Lines keep their numbers.
    refused(
        classes::<2>("# made by hand\nx,y,kind\n# half\n1.5,z,a\n", default().comments(true)),
        "expected a finite number in line 4, column \"y\", found \"z\"; CsvOptions::without leaves the column out, one_hot \
         makes features of its categories",
    );
    // Without being asked, such a line is a row.
    let hashes = classes::<1>("x,kind\n1,#a\n2,b\n", default()).unwrap();
    assert_eq!(hashes.classes, ["#a", "b"]);
}

#[test]
fn old_line_ends_are_read_and_other_encodings_named() {
    is_plain(classes("x,y,kind\r1.5,2,a\r3.5,4,b\r", default()));
    is_plain(classes("x;y;kind\r1,5;2;a\r3,5;4;b", default()));
    is_plain(classes("x,y,kind\r\r\n1.5,2,a\r\r\n3.5,4,b\r\r\n", default()));
    refused(
        classes::<2>("x,y,kind\r1.5,2,a\r3.5,4\r", default()),
        "expected 3 cells in line 3, as in the header, found 2",
    );
    let long = "x,y,kind\r".to_owned() + &"1.5,2,a\r3.5,4,b\r".repeat(10_000);
    assert_eq!(classes::<2>(&long, default()).unwrap().data.len(), 20_000);
    let little: Vec<u8> = PLAIN.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = PLAIN.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [&[&[0xff, 0xfe], &little[..]].concat(), &[&[0xfe, 0xff], &big[..]].concat(), &little, &big]
    {
        refused(Csv::from_reader(NAME, &bytes[..]), "expected text in UTF-8, found UTF-16");
    }
    let wide: Vec<u8> = "\u{feff}x".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    refused(Csv::from_reader(NAME, &wide[..]), "expected text in UTF-8, found UTF-32");
}

#[test]
fn numbers_that_become_equal_are_refused() {
    let big = "x,y,kind\n1700000001,16777217,a\n1700000002,16777219,b\n";
    refused(
        classes::<2>(big, default()),
        "expected numbers that 32 bits can tell apart in column \"x\", found 1700000001 in line 2 and 1700000002 in line 3, \
         which both become 1700000000; CsvOptions::offset subtracts a number near them first",
    );
    let table = classes::<2>(big, default().offset("x", 1.7e9).offset("y", 16_777_216.0)).unwrap();
    assert_eq!(features(&table.data), [[1.0, 1.0], [2.0, 3.0]]);
    refused(
        open("t,y\n1,16777216\n2,16777217\n", default()).unwrap().regression::<1, 1>(["y"]),
        "expected numbers that 32 bits can tell apart in column \"y\", found 16777216 in line 2 and 16777217 in line 3, which \
         both become 16777216; CsvOptions::offset subtracts a number near them first",
    );
    // Time stamps in nanoseconds are equal in 64 bits already.
    let nanoseconds = "t,kind\n1700000000000000001,a\n1700000000000000002,b\n";
    refused(
        classes::<1>(nanoseconds, default()),
        "expected numbers that 32 bits can tell apart in column \"t\", found 1700000000000000001 in line 2 and \
         1700000000000000002 in line 3, which become equal; CsvOptions::offset subtracts a number near them first",
    );
    let table = classes::<1>(nanoseconds, default().offset("t", 1.7e18)).unwrap();
    assert_eq!(features(&table.data), [[1.0], [2.0]]);
    classes::<1>("t,kind\n1700000000000000001,a\n1700000000000000001,b\n", default()).unwrap();
    classes::<1>("t,kind\n1700000000000000001,a\n1700000000000000002,b\n0,b\n", default()).unwrap();
    refused(
        classes::<2>(big, default().offset("z", 1.0)),
        "expected a column \"z\" for offset, found \"x\", \"y\", \"kind\"",
    );
    // A constant, and rounding that is small beside the range, are as exact as they need to be.
    classes::<1>("x,kind\n1700000001,a\n1700000001,b\n", default()).unwrap();
    classes::<1>("x,kind\n0.1,a\n0.10000000000000002,b\n1,b\n", default()).unwrap();
    classes::<1>("x,kind\n0,a\n1700000001,b\n1700000002,b\n", default()).unwrap();
}

#[test]
fn several_targets_are_read() {
    let text = "a,x,b,y\n1,2,3,4\n5,6,7,8\n";
    let data = open(text, default()).unwrap().regression::<2, 2>(["b", "a"]).unwrap();
    assert_eq!(features(&data), [[2.0, 4.0], [6.0, 8.0]]);
    assert_eq!(
        data.targets().map(|target| target.as_slice().to_vec()).collect::<Vec<_>>(),
        [[3.0, 1.0], [7.0, 5.0]]
    );
    refused(
        open(text, default()).unwrap().regression::<1, 2>(["b", "a"]),
        "expected 1 feature columns besides \"b\", \"a\", found 2: \"x\", \"y\"; CsvOptions::without leaves columns out",
    );
    refused(
        open(text, default()).unwrap().regression::<3, 2>(["b", "b"]),
        "targets: expected each column once, found \"b\" twice",
    );
    refused(
        open(text, default()).unwrap().regression::<3, 1>(["c"]),
        "expected a column \"c\", found \"a\", \"x\", \"b\", \"y\"",
    );
}

#[test]
fn classes_are_those_of_the_first_table() {
    let train = open("x,kind\n1,cat\n2,dog\n3,fish\n", default()).unwrap().classes::<1, 3>("kind").unwrap();
    let read = |text| open(text, default().class_names(&train.classes)).unwrap().classes::<1, 3>("kind");
    let test = read("x,kind\n1,fish\n2,dog\n").unwrap();
    assert_eq!(test.data.targets().map(|class| class.index()).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(test.classes, train.classes);
    refused(
        read("x,kind\n1,dog\n2,bird\n"),
        "expected one of the classes \"cat\", \"dog\", \"fish\" in line 3, column \"kind\", found \"bird\"",
    );
    refused(
        open("x,kind\n1,cat\n", default().class_names(&train.classes)).unwrap().classes::<1, 2>("kind"),
        "class names: expected 2, found 3: \"cat\", \"dog\", \"fish\"",
    );
    refused(
        open(PLAIN, default().class_names(["a", "a"])),
        "class names: expected each name once, found \"a\" twice",
    );
}
