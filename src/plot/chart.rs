//! Lines and points over two axes, alone or several in a picture.

use std::ops::Range;

use super::Picture;
use super::axis::Axis;
use super::canvas::{Anchor, Canvas, FAINT, GRID, INK, LABEL, SMALL, TITLE, paint, shortened};
use super::flags::{ROW, draw_flags, flags};
use super::legend::{Legend, stroke};
use super::regions::Regions;
use crate::Error;

/// Points along a function.
const SAMPLES: usize = 600;
/// Of a chart alone, in units of the SVG.
const SIZE: [u32; 2] = [720, 480];
/// Of a chart among others.
const PANEL: [u32; 2] = [480, 340];

/// A chart of lines and points over two axes.
///
/// Each line and each set of points gets the next colour, and its name appears in a legend of up to six rows above the
/// chart. Points that are not finite are left out, and on a logarithmic axis also those that are not positive. A chart
/// without any points says "no data".
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
    log_x: bool,
    log_y: bool,
    series: Vec<Series>,
    marks: Vec<(f64, String)>,
    regions: Option<Regions>,
}

#[derive(Clone, Debug)]
pub(super) struct Series {
    pub name: String,
    pub points: Vec<[f64; 2]>,
    pub line: bool,
    pub spots: bool,
}

impl Series {
    /// One without points, which a legend shows as a patch of its colour.
    pub fn named(name: &str) -> Series {
        Series { name: name.to_owned(), points: Vec::new(), line: false, spots: false }
    }
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
            log_x: false,
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

    /// Makes the horizontal axis logarithmic.
    ///
    /// ```
    /// use convnet::plot::Chart;
    ///
    /// let chart = Chart::new("Growth").log_x().line("time", [[1.0, 1.0], [1000.0, 2.0]]);
    /// assert!(chart.draw().svg().contains("100"));
    /// ```
    pub fn log_x(mut self) -> Chart {
        self.log_x = true;
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

    /// Adds a line through points in their order, with a gap where a point is not finite.
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

    /// Adds a line through points, with a mark at each point.
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

    /// Adds points without a line.
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

    /// Adds the graph of a function over a range.
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

    /// Adds a vertical line at `x` with a text above the chart. The text is left out if there is no room for it.
    ///
    /// ```
    /// let chart = convnet::plot::Chart::new("Loss").line("loss", [(1.0, 2.0), (2.0, 1.0)]).mark(2.0, "stop");
    /// assert!(chart.draw().svg().contains("stop"));
    /// ```
    pub fn mark(mut self, x: f64, text: impl Into<String>) -> Chart {
        self.marks.push((x, text.into()));
        self
    }

    /// Colours the decision regions of a classifier over ranges of two features.
    ///
    /// The area of class k has the colour of the k-th line or set of points. If the points of the classes are added in
    /// the order of the classes, a point on its own colour is classified correctly. Both axes are linear and have
    /// these ranges; data outside them are left out. The classifier is evaluated at 120 × 120 points, and at 25 times
    /// as many near a border between two classes.
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
        self.regions = Some(Regions::of(checked("x range", x)?, checked("y range", y)?, classify));
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
        let seen = |[x, y]: &[f64; 2]| {
            let off = (self.log_x && *x <= 0.0) || (self.log_y && *y <= 0.0);
            x.is_finite() && y.is_finite() && !off
        };
        let points = points.filter(|point| seen(point));
        let y = match &self.regions {
            Some(Regions { y, .. }) => Some(Axis::between(y.start, y.end, rows)),
            None => Axis::around(points.clone().map(|point| point[1]), self.log_y, false, rows),
        };
        let data = y.is_some();
        let x = points.map(|point| point[0]).chain(self.marks.iter().map(|mark| mark.0));
        let x = |count| match &self.regions {
            Some(Regions { x, .. }) => Axis::between(x.start, x.end, count),
            None => Axis::around(x.clone(), self.log_x, !self.log_x, count)
                .unwrap_or_else(|| Axis::between(0.0, 1.0, count)),
        };
        // As many numbers as there is room for, side by side.
        let counts = [70.0, 90.0, 120.0, 160.0].map(|room| (width / room) as usize);
        let fits = |count: &usize| x(*count).has_room(width - 90.0);
        let x = x(counts.into_iter().find(fits).unwrap_or(2));
        ([x, y.unwrap_or_else(|| Axis::between(0.0, 1.0, rows))], data)
    }

    /// In a part of a picture; `among` others, its title is smaller.
    fn draw_in(&self, canvas: &mut Canvas, frame: Frame, legend: bool, among: bool) {
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

        // From a place on both axes to the picture.
        let plot_bottom = plot_top + plot_height;
        let spot = |[x, y]: [f64; 2]| [plot_left + plot_width * x, plot_bottom - plot_height * y];
        if let Some(regions) = &self.regions {
            regions.draw(canvas, spot);
        }
        // All grid lines lie below both axes.
        for (x, _) in &x_axis.ticks {
            canvas.line(&[spot([*x, 0.0]), spot([*x, 1.0])], GRID, 1.0);
        }
        for (y, _) in &y_axis.ticks {
            canvas.line(&[spot([0.0, *y]), spot([1.0, *y])], GRID, 1.0);
        }
        canvas.line(&[spot([0.0, 1.0]), spot([0.0, 0.0]), spot([1.0, 0.0])], INK, 1.0);
        for (x, label) in &x_axis.ticks {
            let [x, y] = spot([*x, 0.0]);
            canvas.line(&[[x, y], [x, y + 4.0]], INK, 1.0);
            canvas.text(label, [x, y + 13.0], SMALL, INK, Anchor::Center);
        }
        for (y, label) in &y_axis.ticks {
            let [x, y] = spot([0.0, *y]);
            canvas.line(&[[x - 4.0, y], [x, y]], INK, 1.0);
            canvas.text(label, [x - 8.0, y], SMALL, INK, Anchor::Right);
        }
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

/// Several charts in one picture, row by row, under a title. Charts with the same names share one legend.
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
