//! The sheet that pictures are drawn on: shapes, text and colours, in units of the SVG.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef};

use super::Picture;

/// Letters, digits and signs of DejaVu Sans; `assets/README.md` tells where it is from.
pub(super) static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../assets/fonts/ConvnetSans.ttf"))
        .expect("the embedded font is a font")
});
/// Shapes lie at whole numbers of tenths of a unit.
pub(super) const FINE: i32 = 10;

pub(super) const TITLE: f64 = 17.0;
pub(super) const LABEL: f64 = 14.0;
pub(super) const SMALL: f64 = 12.5;

/// Red, green and blue.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Color(pub u8, pub u8, pub u8);

pub(super) const BLACK: Color = Color(0, 0, 0);
pub(super) const WHITE: Color = Color(255, 255, 255);
pub(super) const INK: Color = Color(38, 38, 38);
pub(super) const FAINT: Color = Color(150, 150, 150);
pub(super) const GRID: Color = Color(225, 225, 225);
pub(super) const BLUE: Color = Color(0, 114, 178);
pub(super) const RED: Color = Color(213, 94, 0);
pub(super) const GREEN: Color = Color(0, 158, 115);

/// Okabe and Ito's colours without yellow, which is too light for lines on white.
pub(super) const PALETTE: [Color; 7] =
    [BLUE, Color(230, 159, 0), GREEN, RED, Color(204, 121, 167), Color(86, 180, 233), BLACK];

/// From `from` at 0 to `to` at 1.
pub(super) fn blend(from: Color, to: Color, part: f64) -> Color {
    let mix = |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
    Color(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

/// Where text lies beside its point.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Anchor {
    Left,
    Center,
    Right,
    /// Centred, and read from the bottom to the top.
    Upwards,
    /// Ends at the point, and is read from the bottom to the top.
    UpwardsTo,
}

impl Anchor {
    /// Whether the text is read from the bottom to the top.
    pub fn is_turned(self) -> bool {
        matches!(self, Anchor::Upwards | Anchor::UpwardsTo)
    }
}

/// A point in tenths of a unit.
pub(super) type Point = [i32; 2];

/// One thing on the sheet; lengths are in tenths of a unit.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Shape {
    Rectangle {
        corner: Point,
        size: Point,
        color: Color,
    },
    /// With `dashed`, dashes of 5 units and gaps of 4.
    Line {
        points: Vec<Point>,
        stroke: i32,
        dashed: bool,
        color: Color,
    },
    Circle {
        center: Point,
        radius: i32,
        color: Color,
    },
    /// Convex, with its corners counter-clockwise.
    Polygon {
        corners: Vec<Point>,
        color: Color,
    },
    /// The middle line of the letters goes through `at`; `size` is that of an em.
    Text {
        text: String,
        at: Point,
        size: i32,
        color: Color,
        anchor: Anchor,
    },
    /// Squares row by row, each with a side of `pixel` units.
    Bitmap {
        corner: Point,
        columns: usize,
        pixel: usize,
        colors: Vec<Color>,
    },
}

/// The shapes drawn so far, the later ones above the earlier ones.
pub(super) struct Canvas {
    shapes: Vec<Shape>,
}

/// Draws a picture of a size.
pub(super) fn paint(size: [u32; 2], draw: impl FnOnce(&mut Canvas)) -> Picture {
    let mut canvas = Canvas { shapes: Vec::new() };
    draw(&mut canvas);
    Picture { svg: super::svg::document(size, &canvas.shapes), size, shapes: canvas.shapes }
}

/// A text without the characters that a document of XML cannot have.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c })
        .collect()
}

/// How wide a text is.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let em = f64::from(FONT.units_per_em().expect("the embedded font says how large its letters are"));
    let advances = text.chars().map(|c| f64::from(FONT.h_advance_unscaled(FONT.glyph_id(c))));
    advances.sum::<f64>() / em * size
}

/// A text that is at most so wide, with an ellipsis where it was cut.
pub(super) fn shortened(text: &str, size: f64, most: f64) -> String {
    let text = clean(text);
    // No letter that is seen is narrower than a tenth of its height.
    let head: String = text.chars().take((10.0 * most / size) as usize).collect();
    if head.len() == text.len() && width(&text, size) <= most {
        return text;
    }
    let letters: Vec<char> = head.chars().collect();
    let cut = |count: usize| letters[..count].iter().collect::<String>().trim_end().to_owned() + "…";
    let counts: Vec<usize> = (0..=letters.len()).collect();
    cut(counts.partition_point(|count| width(&cut(*count), size) <= most).saturating_sub(1))
}

fn fine(length: f64) -> i32 {
    (length * f64::from(FINE)).round() as i32
}

impl Canvas {
    /// A filled rectangle from its left upper corner.
    pub fn rect(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], color: Color) {
        let corner = [x, y].map(fine);
        let size = [fine(x + width) - corner[0], fine(y + height) - corner[1]];
        self.shapes.push(Shape::Rectangle { corner, size, color });
    }

    /// A bar of colours, from 0 to 1 rightwards or, if it is higher than wide, upwards.
    pub fn scale(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], color: impl Fn(f64) -> Color) {
        const STEPS: u32 = 128;
        for step in 0..STEPS {
            let done = f64::from(step) / f64::from(STEPS);
            let part = done + 0.5 / f64::from(STEPS);
            // Each reaches to the end, so that no light comes through between two.
            if height > width {
                self.rect([x, y + height * done], [width, height * (1.0 - done)], color(1.0 - part));
            } else {
                self.rect([x + width * done, y], [width * (1.0 - done), height], color(part));
            }
        }
        self.frame([x, y], [width, height], INK);
    }

    /// The outline of a rectangle.
    pub fn frame(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], color: Color) {
        let (right, bottom) = (x + width, y + height);
        self.line(&[[x, y], [right, y], [right, bottom], [x, bottom], [x, y]], color, 1.0);
    }

    /// A line through points.
    pub fn line(&mut self, points: &[[f64; 2]], color: Color, stroke: f64) {
        self.stroke(points, color, stroke, false);
    }

    /// A line of dashes through points.
    pub fn dashed(&mut self, points: &[[f64; 2]], color: Color, stroke: f64) {
        self.stroke(points, color, stroke, true);
    }

    fn stroke(&mut self, points: &[[f64; 2]], color: Color, stroke: f64, dashed: bool) {
        let points = points.iter().map(|point| point.map(fine)).collect();
        self.shapes.push(Shape::Line { points, stroke: fine(stroke), dashed, color });
    }

    /// The mark of the `kind`-th sort of points, with a white rim that parts it from its neighbours.
    pub fn spot(&mut self, kind: usize, [x, y]: [f64; 2], radius: f64) {
        let color = PALETTE[kind % PALETTE.len()];
        for (radius, color) in [(radius + 1.0, WHITE), (radius, color)] {
            let corner = |angle: f64, radius: f64| {
                let angle = angle.to_radians();
                [fine(x + radius * angle.cos()), fine(y - radius * angle.sin())]
            };
            let corners: Vec<_> = match kind % 4 {
                0 => {
                    let (center, radius) = ([x, y].map(fine), fine(radius));
                    self.shapes.push(Shape::Circle { center, radius, color });
                    continue;
                }
                1 => [45.0, 135.0, 225.0, 315.0].map(|angle| corner(angle, 1.25 * radius)).into(),
                2 => [90.0, 210.0, 330.0].map(|angle| corner(angle, 1.35 * radius)).into(),
                _ => [0.0, 90.0, 180.0, 270.0].map(|angle| corner(angle, 1.3 * radius)).into(),
            };
            self.shapes.push(Shape::Polygon { corners, color });
        }
    }

    /// A text whose middle line goes through a point.
    pub fn text(&mut self, text: &str, at: [f64; 2], size: f64, color: Color, anchor: Anchor) {
        if !text.is_empty() {
            let (text, at, size) = (clean(text), at.map(fine), fine(size));
            self.shapes.push(Shape::Text { text, at, size, color, anchor });
        }
    }

    /// A bitmap, row by row, each of its pixels a square of whole units `pixel`.
    pub fn bitmap(&mut self, corner: [f64; 2], columns: usize, colors: &[Color], pixel: usize) {
        let (corner, colors) = (corner.map(fine), colors.to_vec());
        self.shapes.push(Shape::Bitmap { corner, columns, pixel, colors });
    }
}
