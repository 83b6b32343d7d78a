//! Lines and points over two axes, alone or several in a picture.

use std::ops::Range;

use plotters::prelude::*;

use super::Picture;
use super::axis::Axis;
use super::canvas::{
    Anchor, Canvas, FAINT, FINE, GRID, INK, LABEL, PALETTE, SMALL, TITLE, blend, font, paint, shortened,
    sure, width,
};
use crate::Error;

/// Points along a function.
const SAMPLES: usize = 600;
/// Cells along each axis for which a classifier is asked, and the parts of a cell at a border between answers.
const CELLS: usize = 120;
const PARTS: usize = 5;
/// Of a chart alone, in units of the SVG.
const SIZE: [u32; 2] = [720, 480];
/// Of a chart among others.
const PANEL: [u32; 2] = [480, 340];
const ROW: f64 = 20.0;
/// Rows of texts at vertical lines; more would leave no room for the chart.
const FLAG_ROWS: usize = 6;
/// Rows of names in a legend; those for which there is no room are left out.
const LEGEND_ROWS: usize = 6;

/// A chart of lines and points over two axes.
///
/// Each line and each set of points gets the next colour, and is named in a legend above the chart, which has up to six
/// rows. Points that are not finite, or on a logarithmic axis not positive, are left out; without any the chart says "no data".
///
/// ```
/// use convnet::plot::Chart;
///
/// let runs = [("rate 0.1", [2.3, 0.41, 0.22]), ("rate 0.01", [2.3, 1.2, 0.8])];
/// let mut chart = Chart::new("Two runs").x_label("epoch").y_label("loss").log_y();
/// for (name, losses) in runs {
///     chart = chart.connected(name, losses.into_iter().enumerate().map(|(i, loss)| (i as f64, loss)));
/// }
/// let svg = chart.mark(1.0, "rate halved").draw().svg().to_owned();
/// for text in ["Two runs", "rate 0.01", "epoch", "loss", "rate halved"] {
///     assert!(svg.contains(text));
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Chart {
    title: String,
    x_label: String,
    y_label: String,
    log_y: bool,
    series: Vec<Series>,
    marks: Vec<(f64, String)>,
    regions: Option<Regions>,
}

#[derive(Clone, Debug)]
pub(super) struct Series {
    name: String,
    points: Vec<[f64; 2]>,
    line: bool,
    spots: bool,
}

impl Series {
    /// One without points, which a legend shows as a patch of its colour.
    pub fn named(name: &str) -> Series {
        Series { name: name.to_owned(), points: Vec::new(), line: false, spots: false }
    }
}

/// Answers of a classifier in the middles of the parts of cells, from the lowest row to the highest.
#[derive(Clone, Debug)]
struct Regions {
    x: Range<f64>,
    y: Range<f64>,
    answers: Vec<usize>,
}

/// The part of a picture that a chart has.
#[derive(Clone, Copy)]
struct Frame {
    corner: [f64; 2],
    size: [f64; 2],
}

fn checked(name: &'static str, range: Range<f64>) -> Result<Range<f64>, Error> {
    // Ends with a difference that is neither infinite nor lost in rounding.
    let width = range.end - range.start;
    if width.is_finite() && width > 1e-9 * range.start.abs().max(range.end.abs()) && width > 1e-290 {
        Ok(range)
    } else {
        Err(Error::argument(name, "two finite numbers, the smaller first", format!("{range:?}")))
    }
}

/// The middle of the `i`-th of `count` parts of a range.
fn middle(range: &Range<f64>, i: usize, count: usize) -> f64 {
    range.start + (range.end - range.start) * ((i as f64 + 0.5) / count as f64)
}

impl Chart {
    /// An empty chart.
    ///
    /// ```
    /// assert!(convnet::plot::Chart::new("Losses").draw().svg().contains("Losses"));
    /// ```
    pub fn new(title: impl Into<String>) -> Chart {
        Chart {
            title: title.into(),
            x_label: String::new(),
            y_label: String::new(),
            log_y: false,
            series: Vec::new(),
            marks: Vec::new(),
            regions: None,
        }
    }

    /// What the horizontal axis shows, and its unit.
    ///
    /// ```
    /// assert!(convnet::plot::Chart::new("Fall").x_label("time (s)").draw().svg().contains("time (s)"));
    /// ```
    pub fn x_label(mut self, label: impl Into<String>) -> Chart {
        self.x_label = label.into();
        self
    }

    /// What the vertical axis shows, and its unit.
    ///
    /// ```
    /// assert!(convnet::plot::Chart::new("Fall").y_label("height (m)").draw().svg().contains("height (m)"));
    /// ```
    pub fn y_label(mut self, label: impl Into<String>) -> Chart {
        self.y_label = label.into();
        self
    }

    /// Makes the vertical axis logarithmic.
    ///
    /// ```
    /// use convnet::plot::Chart;
    ///
    /// let chart = Chart::new("Decay").log_y().line("rest", [[0.0, 1.0], [1.0, 0.001]]);
    /// assert!(chart.draw().svg().contains("0.01"));
    /// ```
    pub fn log_y(mut self) -> Chart {
        self.log_y = true;
        self
    }

    /// A line through points, in their order, with a gap where one is not finite.
    ///
    /// ```
    /// let chart = convnet::plot::Chart::new("Steps").line("height", [(0.0, 0.0), (1.0, 2.0), (2.0, 2.0)]);
    /// assert!(chart.draw().svg().contains("<polyline"));
    /// ```
    pub fn line<P: Into<[f64; 2]>>(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = P>,
    ) -> Chart {
        self.with(name, points, true, false)
    }

    /// A line through points that are themselves marked.
    ///
    /// ```
    /// let chart = convnet::plot::Chart::new("Steps").connected("height", [(0.0, 0.0), (1.0, 2.0)]);
    /// assert!(chart.draw().svg().contains("<circle"));
    /// ```
    pub fn connected<P: Into<[f64; 2]>>(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = P>,
    ) -> Chart {
        self.with(name, points, true, true)
    }

    /// Points, each for itself.
    ///
    /// ```
    /// let chart = convnet::plot::Chart::new("Iris").points("setosa", [[1.4, 0.2], [1.3, 0.2]]);
    /// assert!(chart.draw().svg().contains("setosa"));
    /// ```
    pub fn points<P: Into<[f64; 2]>>(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = P>,
    ) -> Chart {
        self.with(name, points, false, true)
    }

    /// The graph of a function over a range.
    ///
    /// # Errors
    /// [`Error::Argument`] if the range is empty or not finite.
    ///
    /// ```
    /// let chart = convnet::plot::Chart::new("Sine").function("sin x", -3.0..3.0, f64::sin)?;
    /// assert!(chart.draw().svg().contains("sin x"));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn function(
        self,
        name: impl Into<String>,
        range: Range<f64>,
        function: impl Fn(f64) -> f64,
    ) -> Result<Chart, Error> {
        let range = checked("range", range)?;
        let step = |i: usize| range.start + (range.end - range.start) * (i as f64 / SAMPLES as f64);
        Ok(self.line(name, (0..=SAMPLES).map(|i| [step(i), function(step(i))])))
    }

    /// A vertical line at `x` with a text above the chart, if there is room for it beside those of others.
    ///
    /// ```
    /// let chart = convnet::plot::Chart::new("Loss").line("loss", [(1.0, 2.0), (2.0, 1.0)]).mark(2.0, "stop");
    /// assert!(chart.draw().svg().contains("stop"));
    /// ```
    pub fn mark(mut self, x: f64, text: impl Into<String>) -> Chart {
        self.marks.push((x, text.into()));
        self
    }

    /// Colours the areas in which a classifier gives each of its answers, over ranges of two features.
    ///
    /// Answer k has the colour of the k-th line or set of points, so points of the classes, added in their order,
    /// lie on areas of their own colour where they are classified rightly. The ranges are those of both axes, which
    /// are linear: what lies outside is left out. The classifier is asked at 120 × 120 points, and more densely near
    /// a border between two answers.
    ///
    /// # Errors
    /// [`Error::Argument`] if a range is empty or not finite.
    ///
    /// ```
    /// use convnet::plot::Chart;
    ///
    /// let inside = [[0.1, 0.3], [-0.4, 0.2]];
    /// let outside = [[0.9, 0.8], [-0.7, -0.9]];
    /// let picture = Chart::new("A disc")
    ///     .regions([-1.0..1.0, -1.0..1.0], |[x, y]| usize::from(x * x + y * y > 0.5))?
    ///     .points("inside", inside)
    ///     .points("outside", outside)
    ///     .draw();
    /// assert!(picture.svg().contains("outside"));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn regions(
        mut self,
        [x, y]: [Range<f64>; 2],
        classify: impl Fn([f64; 2]) -> usize,
    ) -> Result<Chart, Error> {
        let (x, y) = (checked("x range", x)?, checked("y range", y)?);
        let ask = |column, row, count| classify([middle(&x, column, count), middle(&y, row, count)]);
        let cells: Vec<_> = (0..CELLS * CELLS).map(|i| ask(i % CELLS, i / CELLS, CELLS)).collect();
        let near = |at: usize| at.saturating_sub(1)..(at + 2).min(CELLS);
        let border = |column, row| {
            let own = cells[row * CELLS + column];
            near(row).any(|row| cells[row * CELLS..][near(column)].iter().any(|answer| *answer != own))
        };
        let borders: Vec<_> = (0..CELLS * CELLS).map(|i| border(i % CELLS, i / CELLS)).collect();
        let fine = CELLS * PARTS;
        let part = |i: usize| {
            let cell = i / fine / PARTS * CELLS + i % fine / PARTS;
            if borders[cell] { ask(i % fine, i / fine, fine) } else { cells[cell] }
        };
        let answers = (0..fine * fine).map(part).collect();
        self.regions = Some(Regions { x, y, answers });
        Ok(self)
    }

    /// The chart as a picture of 720 × 480.
    ///
    /// ```
    /// let picture = convnet::plot::Chart::new("One point").points("here", [(1.0, 1.0)]).draw();
    /// assert!(picture.svg().contains("width=\"720\" height=\"480\""));
    /// ```
    pub fn draw(&self) -> Picture {
        paint(SIZE, |canvas| {
            let frame = Frame { corner: [0.0, 0.0], size: SIZE.map(f64::from) };
            self.draw_in(canvas, frame, true, false);
        })
    }

    fn with<P: Into<[f64; 2]>>(
        mut self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = P>,
        line: bool,
        spots: bool,
    ) -> Chart {
        let points = points.into_iter().map(Into::into).collect();
        self.series.push(Series { name: name.into(), points, line, spots });
        self
    }

    /// Both axes, and whether there is anything on them.
    fn axes(&self, [width, height]: [f64; 2]) -> ([Axis; 2], bool) {
        let rows = (height / 45.0) as usize;
        let points = self.series.iter().flat_map(|series| &series.points);
        let seen = |[x, y]: &[f64; 2]| x.is_finite() && y.is_finite() && !(self.log_y && *y <= 0.0);
        let points = points.filter(|point| seen(point));
        let y = match &self.regions {
            Some(Regions { y, .. }) => Some(Axis::between(y.start, y.end, rows)),
            None => Axis::around(points.clone().map(|point| point[1]), self.log_y, false, rows),
        };
        let data = y.is_some();
        let x = points.map(|point| point[0]).chain(self.marks.iter().map(|mark| mark.0));
        let x = |count| match &self.regions {
            Some(Regions { x, .. }) => Axis::between(x.start, x.end, count),
            None => {
                Axis::around(x.clone(), false, true, count).unwrap_or_else(|| Axis::between(0.0, 1.0, count))
            }
        };
        // As many numbers as there is room for, side by side.
        let counts = [70.0, 90.0, 120.0, 160.0].map(|room| (width / room) as usize);
        let fits = |count: &usize| x(*count).has_room(width - 90.0);
        let x = x(counts.into_iter().find(fits).unwrap_or(2));
        ([x, y.unwrap_or_else(|| Axis::between(0.0, 1.0, rows))], data)
    }

    /// In a part of a picture; `among` others, its title is smaller.
    fn draw_in(&self, canvas: &Canvas<'_>, frame: Frame, legend: bool, among: bool) {
        let [left, top] = frame.corner;
        let [frame_width, frame_height] = frame.size;
        let (axes, data) = self.axes(frame.size);
        let [x_axis, y_axis] = &axes;
        let left_margin = y_axis.widest_label() + 48.0;
        let plot_left = left + left_margin;
        let plot_width = frame_width - left_margin - 24.0;

        let mut y = top + 10.0;
        if !self.title.is_empty() {
            let size = if among { LABEL + 1.0 } else { TITLE };
            let title = shortened(&self.title, size, frame_width - 20.0);
            canvas.text(&title, [left + frame_width / 2.0, y + 12.0], size, INK, Anchor::Center);
            y += 30.0;
        }
        if legend {
            let legend = Legend::of(&self.series, plot_width);
            legend.draw(canvas, [plot_left, y]);
            y += legend.height;
        }
        let place_x = |x: f64| x_axis.place(x).map(|place| plot_left + place * plot_width);
        let marks = self.marks.iter().filter_map(|(x, text)| Some((place_x(*x)?, text)));
        let (flags, rows) = flags(marks.collect(), [left + 30.0, left + frame_width - 4.0]);
        let plot_top = y + ROW * rows as f64 + 6.0;
        let plot_height = (top + frame_height - 54.0 - plot_top).max(20.0);

        let shift = [left, plot_top].map(|at| (at * f64::from(FINE)).round() as i32);
        let size =
            [plot_width + left_margin, plot_height + 54.0].map(|at| (at * f64::from(FINE)).round() as u32);
        let area = canvas.area.clone().shrink((shift[0], shift[1]), (size[0], size[1]));
        let mut chart = sure(
            ChartBuilder::on(&area)
                .x_label_area_size(54 * FINE)
                .y_label_area_size((left_margin * f64::from(FINE)).round() as i32)
                .build_cartesian_2d(x_axis.clone(), y_axis.clone()),
        );
        // From a place on both axes to the picture.
        let mapping = chart.as_coord_spec().clone();
        let spot = |place: [f64; 2]| {
            let (x, y) = mapping.translate(&(place[0], place[1]));
            [f64::from(x) / f64::from(FINE), f64::from(y) / f64::from(FINE)]
        };
        if let Some(regions) = &self.regions {
            regions.draw(canvas, spot);
        }
        sure(
            chart
                .configure_mesh()
                .light_line_style(TRANSPARENT)
                .bold_line_style(GRID.stroke_width(FINE as u32))
                .axis_style(INK.stroke_width(FINE as u32))
                .set_all_tick_mark_size(4 * FINE)
                .label_style(TextStyle::from(font(SMALL)).color(&INK))
                .draw(),
        );
        let x_label = shortened(&self.x_label, LABEL, plot_width);
        let below = [plot_left + plot_width / 2.0, plot_top + plot_height + 38.0];
        canvas.text(&x_label, below, LABEL, INK, Anchor::Center);
        let y_label = shortened(&self.y_label, LABEL, plot_height);
        let beside = [left + 18.0, plot_top + plot_height / 2.0];
        canvas.text(&y_label, beside, LABEL, INK, Anchor::Upwards);
        draw_flags(canvas, &flags, plot_top, plot_height);
        if !data {
            canvas.text("no data", spot([0.5, 0.5]), LABEL, FAINT, Anchor::Center);
        }
        // Points lie over all lines.
        let mut spots = Vec::new();
        for (kind, series) in self.series.iter().enumerate() {
            let place = |[x, y]: &[f64; 2]| Some(spot([x_axis.place(*x)?, y_axis.place(*y)?]));
            let places: Vec<_> = series.points.iter().map(place).collect();
            for run in places.split(Option::is_none) {
                let mut points: Vec<_> = run.iter().flatten().copied().collect();
                points.dedup();
                if series.line && points.len() > 1 {
                    stroke(canvas, &points, kind);
                }
                if series.spots || points.len() == 1 {
                    spots.extend(points.into_iter().map(|point| (kind, point)));
                }
            }
        }
        for (kind, point) in spots {
            canvas.spot(kind, point, 3.5);
        }
    }
}

impl Regions {
    fn draw(&self, canvas: &Canvas<'_>, spot: impl Fn([f64; 2]) -> [f64; 2]) {
        let fine = CELLS * PARTS;
        // On pixels of a PNG, where no neighbours mix.
        let corner = |column: usize, row: usize| {
            spot([column, row].map(|i| i as f64 / fine as f64)).map(|at| (2.0 * at).round() / 2.0)
        };
        let [end, first] = corner(fine, fine);
        let mut row = 0;
        for equal in self.answers.chunks(fine).collect::<Vec<_>>().chunk_by(|a, b| a == b) {
            let mut column = 0;
            for run in equal[0].chunk_by(|a, b| a == b) {
                let ([left, bottom], [right, top]) =
                    (corner(column, row), corner(column + run.len(), row + equal.len()));
                // Each reaches under those after it, so that no light comes through between two.
                let ([right, top], color) = ([(right + 1.0).min(end), (top - 1.0).max(first)], run[0]);
                let color = blend(WHITE, PALETTE[color % PALETTE.len()], 0.3);
                canvas.rect([left, top], [right - left, bottom - top], color);
                column += run.len();
            }
            row += equal.len();
        }
    }
}

/// The line of the `kind`-th series: dashed where its colour is not new.
fn stroke(canvas: &Canvas<'_>, points: &[[f64; 2]], kind: usize) {
    let color = PALETTE[kind % PALETTE.len()];
    if kind < PALETTE.len() { canvas.line(points, color, 2.0) } else { canvas.dashed(points, color, 2.0) }
}

/// The names of series, in rows.
pub(super) struct Legend<'a> {
    entries: Vec<Entry<'a>>,
    pub height: f64,
}

struct Entry<'a> {
    kind: usize,
    series: &'a Series,
    name: String,
    x: f64,
    row: usize,
}

impl<'a> Legend<'a> {
    /// In rows no wider than `most`.
    pub fn of(series: &'a [Series], most: f64) -> Legend<'a> {
        let (mut x, mut row) = (0.0, 0);
        let mut entries = Vec::new();
        for (kind, series) in series.iter().enumerate().filter(|(_, series)| !series.name.is_empty()) {
            let name = shortened(&series.name, SMALL, most - 34.0);
            let entry = 34.0 + width(&name, SMALL);
            if x > 0.0 && x + entry > most {
                if row + 1 == LEGEND_ROWS {
                    break;
                }
                (x, row) = (0.0, row + 1);
            }
            entries.push(Entry { kind, series, name, x, row });
            x += entry + 16.0;
        }
        let height = if entries.is_empty() { 0.0 } else { ROW * (row as f64 + 1.0) + 4.0 };
        Legend { entries, height }
    }

    pub fn draw(&self, canvas: &Canvas<'_>, [left, top]: [f64; 2]) {
        for Entry { kind, series, name, x, row } in &self.entries {
            let (x, y) = (left + x, top + ROW * (*row as f64 + 0.5));
            if series.line {
                stroke(canvas, &[[x, y], [x + 26.0, y]], *kind);
            }
            if series.spots {
                canvas.spot(*kind, [x + if series.line { 13.0 } else { 22.0 }, y], 4.0);
            }
            if !series.line && !series.spots {
                canvas.rect([x + 12.0, y - 6.0], [14.0, 12.0], PALETTE[kind % PALETTE.len()]);
            }
            canvas.text(name, [x + 32.0, y], SMALL, INK, Anchor::Left);
        }
    }
}

/// A vertical line with a text beside its upper end.
pub(super) struct Flag {
    x: f64,
    /// The ends of the text.
    text: [f64; 2],
    row: usize,
    label: String,
}

/// Gives texts that would lie over another text, or if possible line, rows of their own, and tells how many rows
/// there are.
pub(super) fn flags(mut marks: Vec<(f64, &String)>, [left, right]: [f64; 2]) -> (Vec<Flag>, usize) {
    marks.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut flags: Vec<Flag> = Vec::new();
    for (x, label) in marks {
        let label = shortened(label, SMALL, (right - x).max(x - left) - 4.0);
        let length = width(&label, SMALL);
        let text =
            if x + 4.0 + length <= right { [x + 4.0, x + 4.0 + length] } else { [x - 4.0 - length, x - 4.0] };
        let crosses = |x: f64, [start, end]: [f64; 2]| start - 3.0 < x && x < end + 3.0;
        let meets = |other: &Flag| text[0] < other.text[1] + 8.0 && other.text[0] < text[1] + 8.0;
        let beside = |row: usize| !flags.iter().any(|other| other.row == row && meets(other));
        let clear = |row: usize| {
            let over = |other: &Flag| other.row >= row && crosses(other.x, text);
            let under = |other: &Flag| other.row <= row && crosses(x, other.text);
            beside(row) && !flags.iter().any(|other| over(other) || under(other))
        };
        let row = (0..FLAG_ROWS).find(|row| clear(*row)).or_else(|| (0..FLAG_ROWS).find(|row| beside(*row)));
        // Where there is no room for a text, there is only its line.
        let (row, label) = row.map_or((0, String::new()), |row| (row, label));
        flags.push(Flag { x, text, row, label });
    }
    let rows = flags.iter().map(|flag| flag.row + 1).max().unwrap_or(0);
    (flags, rows)
}

/// Draws lines over the height of a chart from `top` on, and their texts above it.
pub(super) fn draw_flags(canvas: &Canvas<'_>, flags: &[Flag], top: f64, height: f64) {
    for Flag { x, text, row, label } in flags {
        let y = top - 12.0 - ROW * *row as f64;
        canvas.dashed(&[[*x, top + height], [*x, y - 7.0]], INK, 1.2);
        let (end, anchor) = if text[0] > *x { (text[0], Anchor::Left) } else { (text[1], Anchor::Right) };
        canvas.text(label, [end, y], SMALL, INK, anchor);
    }
}

/// Several charts in one picture, row by row, under a title. If all have the same names, one legend is for all.
///
/// ```
/// use convnet::plot::{Chart, panels};
///
/// let chart = |name| Chart::new(name).line("run 1", [(0.0, 1.0), (1.0, 0.5)]);
/// let picture = panels("Both", 2, &[chart("loss"), chart("error")]);
/// assert_eq!(picture.svg().matches("run 1").count(), 1);
/// ```
pub fn panels(title: &str, columns: usize, charts: &[Chart]) -> Picture {
    let columns = columns.clamp(1, charts.len().max(1));
    let rows = charts.len().div_ceil(columns);
    let kinds = |chart: &Chart| {
        let series = chart.series.iter().map(|series| (series.name.clone(), series.line, series.spots));
        series.collect::<Vec<_>>()
    };
    let shared = charts.windows(2).all(|pair| kinds(&pair[0]) == kinds(&pair[1]));
    let [width, height] = PANEL.map(f64::from);
    let picture_width = width * columns as f64;
    let title = shortened(title, TITLE, picture_width - 20.0);
    let below_title = if title.is_empty() { 10.0 } else { 40.0 };
    let legend =
        charts.first().filter(|_| shared).map(|first| Legend::of(&first.series, picture_width - 80.0));
    let top = below_title + legend.as_ref().map_or(0.0, |legend| legend.height);
    let size = [picture_width, top + height * rows as f64].map(|length| length.ceil() as u32);
    paint(size, |canvas| {
        canvas.text(&title, [picture_width / 2.0, 22.0], TITLE, INK, Anchor::Center);
        if let Some(legend) = legend {
            legend.draw(canvas, [60.0, below_title]);
        }
        for (i, chart) in charts.iter().enumerate() {
            let corner = [width * (i % columns) as f64, top + height * (i / columns) as f64];
            chart.draw_in(canvas, Frame { corner, size: [width, height] }, !shared, true);
        }
    })
}
