//! Pictures: what is on them, in both formats, the same bytes each time, and what data no chart is made for.
#![cfg(feature = "plot")]

#[path = "plots/gallery.rs"]
mod gallery;

use std::collections::HashSet;
use std::fs;

use convnet::Error;
use convnet::plot::{
    Chart, Function, Picture, bars, confusion_matrix, filters, functions, images, learning_curves, panels,
    validation_curves,
};
use convnet::train::{Evaluation, History};
use gallery::{CLOTHES, DIGITS, cloud, evaluation, gallery, history, weights};
use roxmltree::Document;

const BLUE: [u8; 3] = [0, 114, 178];
const ORANGE: [u8; 3] = [230, 159, 0];
const WHITE: [u8; 3] = [255; 3];

/// The texts of a picture, in the order they were drawn.
fn texts(picture: &Picture) -> Vec<String> {
    let document = Document::parse(picture.svg()).unwrap();
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.map(|node| node.text().unwrap_or_default().trim().to_owned()).collect()
}

/// The number of elements with a name and, as stroke or fill, a colour.
fn elements(picture: &Picture, name: &str, color: &str) -> usize {
    let document = Document::parse(picture.svg()).unwrap();
    let elements = document.descendants().filter(|node| node.tag_name().name() == name);
    elements.filter(|node| [node.attribute("stroke"), node.attribute("fill")].contains(&Some(color))).count()
}

/// Width, height and pixels of a PNG.
struct Pixels {
    size: [u32; 2],
    colors: Vec<[u8; 3]>,
}

impl Pixels {
    fn of(bytes: &[u8]) -> Pixels {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut buffer).unwrap();
        assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgba, png::BitDepth::Eight));
        assert!(buffer.chunks(4).all(|pixel| pixel[3] == 255), "the white of the paper is not transparent");
        let colors = buffer.chunks(4).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        Pixels { size: [info.width, info.height], colors }
    }

    fn count(&self, color: [u8; 3]) -> usize {
        self.colors.iter().filter(|pixel| **pixel == color).count()
    }

    fn at(&self, [x, y]: [u32; 2]) -> [u8; 3] {
        self.colors[(y * self.size[0] + x) as usize]
    }

    /// Dark pixels in a part of the picture: its letters.
    fn ink(&self, [left, top]: [u32; 2], [right, bottom]: [u32; 2]) -> usize {
        let dark = |pixel: [u8; 3]| pixel.iter().all(|part| *part < 100);
        (top..bottom).flat_map(|y| (left..right).map(move |x| [x, y])).filter(|at| dark(self.at(*at))).count()
    }
}

fn png(picture: &Picture) -> Pixels {
    Pixels::of(&picture.png().unwrap())
}

#[test]
fn every_picture_is_written_in_both_formats_and_is_not_blank() {
    let folder = tempfile::tempdir().unwrap();
    for (name, picture) in gallery() {
        let [svg, png] = ["svg", "png"].map(|ending| folder.path().join(format!("{name}.{ending}")));
        picture.save(&svg).unwrap();
        picture.save(&png).unwrap();
        let text = fs::read_to_string(&svg).unwrap();
        let document = Document::parse(&text).unwrap();
        let size = ["width", "height"].map(|side| document.root_element().attribute(side).unwrap());
        let size = size.map(|side| side.parse::<u32>().unwrap());
        let pixels = Pixels::of(&fs::read(&png).unwrap());
        assert_eq!(pixels.size, size.map(|side| 2 * side), "{name}");
        let share = pixels.count(WHITE) as f64 / pixels.colors.len() as f64;
        assert!((0.02..0.97).contains(&share), "{name}: {share} of it is white");
        // Its title, in the embedded font: no other is known to what makes the PNG.
        assert!(pixels.ink([0, 20], [pixels.size[0], 72]) > 200, "{name}: no title");
        assert!(texts(&picture).len() >= 2, "{name}");
    }
    // Nothing is left of the files that they were written to first.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2 * gallery().len());
}

#[test]
fn equal_input_gives_equal_bytes() {
    for ((name, first), (_, second)) in gallery().into_iter().zip(gallery()) {
        assert_eq!(first, second, "{name}");
        assert_eq!(first.png().unwrap(), second.png().unwrap(), "{name}");
    }
}

#[test]
fn however_many_there_are_they_are_drawn() {
    let chart = (0..300).fold(Chart::new("300"), |chart, k| {
        chart.connected(format!("line {k}"), [[0.0, k as f64], [1.0, 0.0]]).mark(k as f64 / 300.0, "mark")
    });
    let picture = chart.draw();
    let texts = texts(&picture);
    let names: Vec<_> = texts.iter().filter(|text| text.starts_with("line ")).collect();
    assert!((20..100).contains(&names.len()) && names[0] == "line 0", "as many as six rows hold: {names:?}");
    // Every fourth mark is a circle: two on each of 75 lines, and those in the legend; each with a rim.
    let circles = picture.svg().matches("<circle").count();
    assert!((2 * 2 * 75..2 * (2 * 75 + names.len())).contains(&circles), "{circles}");
    picture.png().unwrap();
    panels("Panels", 3, &[chart.clone(), chart]).png().unwrap();
    let points = (0..100_000).map(|i| [i as f64, (i % 97) as f64]);
    assert_eq!(elements(&Chart::new("").line("", points).draw(), "polyline", "#0072B2"), 1);
}

/// No text reaches out of its picture, by the widths that the picture is laid out with.
#[test]
fn no_text_is_cut_off_or_over_another() {
    for (name, picture) in gallery() {
        let document = Document::parse(picture.svg()).unwrap();
        let [width, height] = ["width", "height"]
            .map(|side| 10.0 * document.root_element().attribute(side).unwrap().parse::<f64>().unwrap());
        let mut boxes: Vec<([f64; 4], &str)> = Vec::new();
        for node in document.descendants().filter(|node| node.has_tag_name("text")) {
            let number = |name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
            let text = node.text().unwrap().trim();
            let size = number("font-size");
            // Half an em a letter is a little less than the mean of the font.
            let length = 0.5 * size * text.chars().count() as f64;
            let start = match node.attribute("text-anchor").unwrap() {
                "start" => 0.0,
                "middle" => -length / 2.0,
                _ => -length,
            };
            let (x, y, half) = (number("x"), number("y"), 0.4 * size);
            let found = if node.attribute("transform").is_some() {
                [x - half, y - start - length, x + half, y - start]
            } else {
                [x + start, y - half, x + start + length, y + half]
            };
            let [left, top, right, bottom] = found;
            assert!(
                left >= 0.0 && top >= 0.0 && right <= width && bottom <= height,
                "{name}: {text} at {found:?}"
            );
            for (other, other_text) in &boxes {
                let apart = left >= other[2] || right <= other[0] || top >= other[3] || bottom <= other[1];
                assert!(apart, "{name}: {text:?} lies over {other_text:?}");
            }
            boxes.push((found, text));
        }
    }
}

#[test]
fn learning_curves_have_two_panels_one_legend_and_the_mark() {
    let picture = learning_curves("LeNet-5", &history(0.3, 12, Some(9)));
    let texts = texts(&picture);
    let count = |text: &str| texts.iter().filter(|found| *found == text).count();
    assert_eq!(["LeNet-5", "training", "validation", "loss", "accuracy (%)"].map(count), [1; 5]);
    assert_eq!(["epoch", "early stopping: epoch 9"].map(count), [2, 2]);
    // Two lines in each panel and in the legend, one of each colour; twelve spots a line and one in the legend.
    assert_eq!(elements(&picture, "polyline", "#0072B2"), 3);
    assert_eq!(elements(&picture, "polyline", "#E69F00"), 3);
    assert_eq!(elements(&picture, "circle", "#0072B2"), 25);
    let pixels = png(&picture);
    assert!(pixels.count(BLUE) > 500 && pixels.count(ORANGE) > 500);

    let mut plain = history(0.3, 12, None);
    plain.epochs.iter_mut().for_each(|epoch| {
        epoch.validation = None;
        epoch.train.accuracy = None;
    });
    let picture = learning_curves("Regression", &plain);
    let texts = self::texts(&picture);
    assert!(
        !texts
            .iter()
            .any(|text| text.contains("validation") || text.contains("stopping") || text.contains('%'))
    );
    assert_eq!(elements(&picture, "polyline", "#0072B2"), 2);
}

#[test]
fn runs_are_side_by_side_and_end_where_they_ended() {
    let (long, short) = (history(0.2, 30, None), history(0.4, 10, None));
    let picture = validation_curves("Runs", &[("long", &long), ("short", &short)]);
    let texts = texts(&picture);
    assert!(
        ["validation loss", "validation accuracy (%)", "long", "short"]
            .iter()
            .all(|t| texts.contains(&t.to_string()))
    );
    assert_eq!(elements(&picture, "circle", "#0072B2"), 2 * 30 + 1);
}

#[test]
fn a_confusion_matrix_has_its_counts_names_and_shades() {
    let evaluation = evaluation();
    let picture = confusion_matrix("Digits", &evaluation, &DIGITS).unwrap();
    let found = texts(&picture);
    for text in ["true class", "answer", "fraction of the true class", "100 %", "0 %"] {
        assert!(found.contains(&text.to_owned()), "{text}");
    }
    for (d, row) in evaluation.confusion.iter().enumerate() {
        assert!(found.contains(&row[d].to_string()), "class {d}");
    }
    // A hundred counts and ten names on each side.
    assert!(found.iter().filter(|text| text.parse::<usize>().is_ok()).count() >= 120);

    // The shade is the fraction of the row, not of the column and not of all.
    let lopsided = Evaluation::new(0.0, vec![vec![1, 1], vec![0, 1000]], Vec::new());
    let pixels = png(&confusion_matrix("Two", &lopsided, &["few", "many"]).unwrap());
    let half = [128, 185, 217];
    assert!(pixels.count(half) > 2 * 100 * 100, "{}", pixels.count(half));
    assert!(pixels.count(BLUE) > 100 * 100);

    let long = confusion_matrix("Clothes", &evaluation, &CLOTHES).unwrap();
    assert_eq!(texts(&long).iter().filter(|text| *text == "ankle boot").count(), 2);
    assert!(long.svg().contains("rotate(270"));
}

#[test]
fn a_confusion_matrix_that_is_none_is_refused() {
    let matrix = |confusion| Evaluation::new(0.0, confusion, Vec::new());
    let refused = |confusion: Vec<Vec<usize>>, names: &[&str]| {
        confusion_matrix("", &matrix(confusion), names).unwrap_err().to_string()
    };
    assert_eq!(refused(vec![], &[]), "classes: expected 1 to 200, found 0");
    assert_eq!(refused(vec![vec![0; 201]; 201], &["a"]), "classes: expected 1 to 200, found 201");
    assert_eq!(refused(vec![vec![1, 0], vec![0, 1]], &["a"]), "class names: expected 2, found 1");
    let ragged = refused(vec![vec![1, 0], vec![0]], &["a", "b"]);
    assert_eq!(ragged, "row of the confusion matrix: expected 2 counts, found 1");
    // No samples at all, one class, and the most of them are drawn.
    for count in [1, 2, 40, 41, 200] {
        let names = vec!["name"; count];
        confusion_matrix("", &matrix(vec![vec![0; count]; count]), &names).unwrap().png().unwrap();
        confusion_matrix("", &matrix(vec![vec![usize::MAX / 2; count]; count]), &names).unwrap();
    }
}

#[test]
fn regions_have_the_colours_of_the_points_of_their_classes() {
    let chart = Chart::new("Halves").regions([0.0..1.0, 0.0..1.0], |[x, _]| usize::from(x > 0.5)).unwrap();
    let chart = chart.points("left", [[0.2, 0.5], [7.0, 7.0]]).points("right", [[0.7, 0.5]]);
    let picture = chart.draw();
    let pixels = png(&picture);
    let (blue, orange) = (pixels.count([179, 213, 232]), pixels.count([248, 226, 179]));
    assert!(blue > 200_000 && blue.abs_diff(orange) < blue / 50, "{blue} {orange}");
    let at =
        |color| pixels.colors.iter().position(|pixel| *pixel == color).unwrap() % pixels.size[0] as usize;
    assert!(at([179, 213, 232]) < at([248, 226, 179]));
    // One in the legend, one in the chart; the point outside the ranges is left out.
    assert_eq!(elements(&picture, "circle", "#0072B2"), 2);
    assert!(texts(&picture).contains(&"right".to_owned()));
}

#[test]
fn not_a_number_is_a_gap() {
    let losses = [0.9, 0.8, f64::NAN, 0.6, 0.5, f64::INFINITY, 0.4];
    let picture =
        Chart::new("Gaps").line("", losses.into_iter().enumerate().map(|(i, l)| (i as f64, l))).draw();
    assert_eq!(elements(&picture, "polyline", "#0072B2"), 2);
    // What is left alone between two gaps is a point.
    assert_eq!(elements(&picture, "circle", "#0072B2"), 1);
    let picture = Chart::new("Logarithm").log_y().line("", [(0.0, 1.0), (1.0, 0.1), (2.0, 0.0), (3.0, -1.0)]);
    assert_eq!(elements(&picture.draw(), "polyline", "#0072B2"), 1);
}

#[test]
fn nothing_to_draw_is_an_empty_chart_that_says_so() {
    let nan = [(f64::NAN, 1.0), (1.0, f64::NEG_INFINITY)];
    let empty = [
        Chart::new("").draw(),
        Chart::new("").line("none", [] as [[f64; 2]; 0]).draw(),
        Chart::new("").points("none", nan).draw(),
        Chart::new("").log_y().line("none", [(1.0, 0.0), (2.0, -3.0)]).mark(f64::NAN, "nowhere").draw(),
        learning_curves("", &History::default()),
        validation_curves("", &[]),
    ];
    for picture in empty {
        assert!(texts(&picture).contains(&"no data".to_owned()));
        picture.png().unwrap();
    }
    panels("", 0, &[]).png().unwrap();
    functions("", 0.0..1.0, &[]).unwrap().png().unwrap();
}

#[test]
fn any_range_of_values_has_a_few_different_labels() {
    let ranges = [
        (0.0, 0.0),
        (1.0, 1.0),
        (-3.5, -3.5),
        (1e12, 1e12),
        (1e-300, 1e-300),
        (5e-324, 5e-324),
        (0.0, 5e-324),
        (1e9, 1e9 + 1e-6),
        (-1e300, 1e300),
        (f64::MIN, f64::MAX),
        (1e-12, 3e-12),
        (-2e7, 3e7),
        (0.97, 0.98),
        (f64::MIN_POSITIVE, 1e300),
    ];
    for (low, high) in ranges {
        for log in [false, true] {
            let points = [(low, low), (high, high), ((low / 2.0 + high / 2.0), low)];
            let chart = Chart::new("").line("", points).points("", points);
            let picture = if log { chart.log_y() } else { chart }.draw();
            let found = texts(&picture);
            if found.contains(&"no data".to_owned()) {
                assert!(low == f64::MIN || log && low < 1e-299, "{low} {high}");
                continue;
            }
            // The labels of the two axes; each value has another one.
            assert!((2..40).contains(&found.len()), "{low} {high}: {found:?}");
            assert!(found.iter().all(|label| label.chars().count() < 18), "{low} {high}: {found:?}");
            let different: HashSet<_> = found.iter().collect();
            assert!(2 * different.len() >= found.len(), "{low} {high}: {found:?}");
            picture.png().unwrap();
        }
    }
}

#[test]
fn labels_are_round_numbers() {
    let labels = |points: [(f64, f64); 2]| texts(&Chart::new("").line("", points).draw());
    let found = labels([(0.0, -0.5), (10.0, 2.0)]);
    for label in ["0", "2", "10", "−0.5", "0.0", "1.5"] {
        let label = if label == "0.0" { "0" } else { label };
        assert!(found.contains(&label.to_owned()), "{label} in {found:?}");
    }
    let found = labels([(0.0, 0.0), (1.0, 4e-7)]);
    assert!(found.contains(&"2.0×10⁻⁷".to_owned()), "{found:?}");
    let found = texts(&Chart::new("").log_y().line("", [(1.0, 1e-6), (2.0, 10.0)]).draw());
    assert!(found.contains(&"10⁻⁶".to_owned()) && found.contains(&"10¹".to_owned()), "{found:?}");
    // Epochs are counted: none lies between two.
    let found = texts(&learning_curves("", &history(0.2, 2, None)));
    assert!(!found.iter().any(|label| label == "1.5"), "{found:?}");
}

#[test]
fn ranges_that_are_none_are_refused() {
    for range in [1.0..1.0, 2.0..1.0, f64::NAN..1.0, 0.0..f64::INFINITY, f64::MIN..f64::MAX, 0.0..1e-320] {
        let x = range.clone();
        let error = Chart::new("").function("", range.clone(), |x| x).unwrap_err();
        assert!(matches!(error, Error::Argument { name: "range", .. }), "{error}");
        let error = Chart::new("").regions([0.0..1.0, range.clone()], |_| 0).unwrap_err();
        assert!(error.to_string().starts_with("y range: expected two finite numbers"), "{error}");
        assert!(Chart::new("").regions([x.clone(), 0.0..1.0], |_| 0).is_err());
        let identity = Function { name: "x", value: &|x| x, derivative: &|_| 1.0 };
        assert!(functions("", x, &[identity]).is_err());
    }
}

#[test]
fn bars_are_as_long_as_their_values() {
    let picture = bars("", "s", &["a", "b"], &[("x", &[4.0, 2.0]), ("y", &[-1.0, f64::NAN])], None).unwrap();
    let document = Document::parse(picture.svg()).unwrap();
    let lengths = |color: &str| {
        let bars = document.descendants().filter(|node| node.attribute("fill") == Some(color));
        // The first is in the legend.
        bars.skip(1).map(|node| node.attribute("width").unwrap().parse().unwrap()).collect::<Vec<f64>>()
    };
    let (x, y) = (lengths("#0072B2"), lengths("#E69F00"));
    assert_eq!((x.len(), y.len()), (2, 1), "what is not a number has no bar");
    assert!((x[0] - 2.0 * x[1]).abs() < 3.0 && (x[0] - 4.0 * y[0]).abs() < 5.0, "{x:?} {y:?}");
    let error = bars("", "", &["a"], &[("x", &[1.0, 2.0])], None).unwrap_err();
    assert_eq!(error.to_string(), "bars: expected 1 of each kind, found 2");
    for values in [[0.0, 0.0], [f64::MAX, 1.0], [-1e-320, 0.0], [-5.0, -6.0], [1e300, -1e300]] {
        let mark = Some((values[0], "here"));
        bars("", "", &["a", "b"], &[("x", &values)], mark).unwrap().png().unwrap();
    }
    bars("", "", &[], &[], None).unwrap().png().unwrap();
}

#[test]
fn filters_are_magnified_without_smoothing() {
    let picture = filters("Two", &[-1.0, 0.0, 0.5, 1.0, f32::NAN, 0.0, 0.0, -0.5], [2, 1, 2, 2]).unwrap();
    let pixels = png(&picture);
    // Sixteen units a weight, two pixels a unit; some more are in the scale.
    let weight = 32 * 32;
    for (color, count) in [([0, 158, 115], 1), ([213, 94, 0], 1), (BLUE, 1), ([234, 175, 128], 1)] {
        assert!((count * weight..count * weight + 200).contains(&pixels.count(color)), "{color:?}");
    }
    let found = texts(&picture);
    assert_eq!(found[found.len() - 3..], ["−1.00", "0", "1.00"]);
    assert_eq!(texts(&filters("", &[0.0; 4], [1, 1, 2, 2]).unwrap()).last().unwrap(), "0");

    // Red, green, blue, and grey for zero; each filter for itself.
    let weights: Vec<f64> = [1.0, -1.0, -1.0, 0.0, 0.0, 0.0, -8.0, 8.0, -8.0].into();
    let pixels = png(&filters("RGB", &weights, [3, 3, 1, 1]).unwrap());
    for color in [[255, 0, 0], [128, 128, 128], [0, 255, 0]] {
        assert!(pixels.count(color) >= weight, "{color:?}");
    }
}

#[test]
fn images_span_black_and_white() {
    let picture = images("Steps", &[0u8, 51, 102, 255], [2, 1, 1, 2], &["dark", "light"]).unwrap();
    let pixels = png(&picture);
    for level in [0, 51, 102, 255] {
        assert!(pixels.count([level; 3]) >= 32 * 32, "{level}");
    }
    let found = texts(&picture);
    assert!(["dark", "light", "0", "255"].iter().all(|text| found.contains(&text.to_string())), "{found:?}");
    let equal = images("", &[f64::MAX; 4], [1, 1, 2, 2], &[]).unwrap();
    assert!(texts(&equal).contains(&"all values are equal".to_owned()));
    images("", &[f64::NAN; 4], [1, 1, 2, 2], &[]).unwrap().png().unwrap();
    images("", &[f64::MIN, f64::MAX, 0.0, f64::INFINITY], [1, 1, 2, 2], &[]).unwrap().png().unwrap();
}

#[test]
fn tiles_of_other_sizes_than_said_are_refused() {
    let refused = |sizes| filters("", &weights(100), sizes).unwrap_err().to_string();
    let expected = "weights: expected a positive number of them, [4, 1, 5, 4] multiplied, found 100";
    assert_eq!(refused([4, 1, 5, 4]), expected);
    assert!(filters("", &[] as &[f32], [0, 1, 5, 5]).is_err());
    assert!(filters("", &weights(4), [usize::MAX, 2, usize::MAX, 2]).is_err());
    assert_eq!(
        filters("", &weights(2048), [1, 2048, 1, 1]).unwrap_err().to_string(),
        "tiles: expected at most 1024, found 2048"
    );
    let error = images("", &vec![0u8; (1 << 22) + 1], [1, 1, 1, (1 << 22) + 1], &[]).unwrap_err();
    assert_eq!(error.to_string(), "values: expected at most 4194304, found 4194305");
    let error = images("", &[0.0; 4], [2, 1, 1, 2], &["one"]).unwrap_err();
    assert_eq!(error.to_string(), "captions: expected 2, found 1");
    // Tiles that are long and thin, and the most of them.
    for sizes in [[1, 1, 1, 4096], [1, 1, 4096, 1], [1024, 1, 1, 1], [1, 1024, 2, 2], [4, 3, 1, 300]] {
        filters("", &weights(sizes.iter().product()), sizes).unwrap();
    }
}

#[test]
fn text_from_outside_is_text() {
    let name = "<b>\"&'\u{1b}[1m\u{0}\n\u{ffff} Ωß漢\u{202e}";
    let picture =
        Chart::new(name).x_label(name).y_label(name).line(name, [(0.0, 1.0)]).mark(0.0, name).draw();
    assert_eq!(texts(&picture).iter().filter(|text| text.starts_with("<b>\"&'")).count(), 5);
    picture.png().unwrap();
    // However long a text is, it ends within the picture.
    let long = "long ".repeat(100_000);
    let chart = Chart::new(&long).x_label(&long).y_label(&long).line(&long, [(0.0, 1.0)]).mark(0.0, &long);
    assert!(chart.draw().svg().len() < 20_000);
    assert!(texts(&chart.draw()).iter().filter(|text| text.ends_with('…')).count() == 5);
}

#[test]
fn a_path_that_cannot_be_written_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let picture = Chart::new("Points").points("", cloud([0.0, 0.0], 5)).draw();
    for name in ["chart", "chart.gif", "chart.svg.gz", ".png", ""] {
        let error = picture.save(folder.path().join(name)).unwrap_err();
        assert!(matches!(error, Error::Argument { name: "picture", .. }), "{name}: {error}");
        assert!(error.to_string().contains(".svg or .png, found") && error.to_string().contains(name));
    }
    let missing = folder.path().join("no such folder/chart.svg");
    let error = picture.save(&missing).unwrap_err();
    assert!(matches!(&error, Error::Io { path, action: "write", .. } if *path == missing), "{error}");
    let taken = folder.path().join("folder.png");
    fs::create_dir(&taken).unwrap();
    let error = picture.save(&taken).unwrap_err();
    assert!(matches!(&error, Error::Io { path, .. } if *path == taken), "{error}");
    assert!(error.to_string().contains("not a file"));
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(picture.save(file.join("chart.svg")).unwrap_err(), Error::Io { .. }));
    // Endings in capitals are endings; what was there is replaced.
    picture.save(folder.path().join("CHART.SVG")).unwrap();
    fs::write(folder.path().join("old.svg"), "old").unwrap();
    picture.save(folder.path().join("old.svg")).unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("old.svg")).unwrap(), picture.svg());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn too_large_a_picture_is_no_png() {
    let charts = vec![Chart::new(""); 1000];
    let picture = panels("", 1, &charts);
    let error = picture.png().unwrap_err().to_string();
    assert_eq!(error, "picture: expected at most 100000000 pixels, found 960×680020 pixels");
}
