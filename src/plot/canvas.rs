//! The sheet that pictures are drawn on: shapes, text and colours, in units of the SVG.

use std::sync::Once;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::register_font;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use resvg::tiny_skia::{ColorU8, Pixmap};

use super::Picture;

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Letters, digits and signs of DejaVu Sans; `assets/README.md` tells where it is from.
pub(super) const FONT: &[u8] = include_bytes!("../../assets/fonts/ConvnetSans.ttf");
/// What an SVG asks for. The widths of text are measured in the first of them.
pub(super) const FAMILY: &str = "DejaVu Sans, Verdana, Arial, Helvetica, sans-serif";
/// The backend places shapes at whole numbers: a unit has so many of them.
pub(super) const FINE: i32 = 10;
/// The backend divides the sizes of fonts by this.
const EM: f64 = 1.24;
/// A line of the font, in its ems: text is measured with fonts whose lines have a height.
const LINE: f64 = 1.164;

pub(super) const TITLE: f64 = 17.0;
pub(super) const LABEL: f64 = 14.0;
pub(super) const SMALL: f64 = 12.5;

pub(super) const INK: RGBColor = RGBColor(38, 38, 38);
pub(super) const FAINT: RGBColor = RGBColor(150, 150, 150);
pub(super) const GRID: RGBColor = RGBColor(225, 225, 225);
pub(super) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(super) const RED: RGBColor = RGBColor(213, 94, 0);
pub(super) const GREEN: RGBColor = RGBColor(0, 158, 115);

/// Okabe and Ito's colours without yellow, which is too light for lines on white.
pub(super) const PALETTE: [RGBColor; 7] = [
    BLUE,
    RGBColor(230, 159, 0),
    GREEN,
    RED,
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// From `from` at 0 to `to` at 1.
pub(super) fn blend(from: RGBColor, to: RGBColor, part: f64) -> RGBColor {
    let mix = |a: u8, b: u8| (f64::from(a) + part * (f64::from(b) - f64::from(a))).round() as u8;
    RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

/// Where text lies beside its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Left,
    Center,
    Right,
    /// Centred, and read from the bottom to the top.
    Upwards,
    /// Ends at the point, and is read from the bottom to the top.
    UpwardsTo,
}

pub(super) struct Canvas<'a> {
    pub area: Area<'a>,
    /// Bitmaps, as elements of the SVG; they lie above everything else.
    images: String,
}

/// Draws a picture of a size.
pub(super) fn paint(size: [u32; 2], draw: impl FnOnce(&mut Canvas<'_>)) -> Picture {
    let [width, height] = size;
    let fine = size.map(|length| length * FINE as u32);
    let mut text = String::new();
    let images = {
        let area = SVGBackend::with_string(&mut text, fine.into()).into_drawing_area();
        let mut canvas = Canvas { area, images: String::new() };
        draw(&mut canvas);
        sure(canvas.area.present());
        canvas.images
    };
    // Half an x is not the middle of a letter; text cannot have this in it, because its quotes are written otherwise.
    let text = text.replace("dy=\"0.5ex\"", "dy=\"0.36em\"");
    // The backend knows only one unit; its frame is replaced by one with both.
    let shapes = text.split_once('\n').map_or("", |(_, rest)| rest).trim_end().trim_end_matches("</svg>");
    let [fine_width, fine_height] = fine;
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {fine_width} {fine_height}\" stroke-linejoin=\"round\">\n\
         <rect width=\"{fine_width}\" height=\"{fine_height}\" fill=\"#FFFFFF\"/>\n{shapes}{images}</svg>\n"
    );
    Picture { svg, size }
}

/// Drawing into a string cannot fail.
pub(super) fn sure<T, E: std::error::Error>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("an SVG is drawn into a string: {error}"))
}

pub(super) fn font(size: f64) -> FontDesc<'static> {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| {
        let registered = register_font(FAMILY, FontStyle::Normal, FONT);
        assert!(registered.is_ok(), "the embedded font is a font");
    });
    FontDesc::new(FontFamily::Name(FAMILY), size * EM * f64::from(FINE), FontStyle::Normal)
}

/// A text without the characters that a document of XML cannot have.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c })
        .collect()
}

/// How wide a text is.
pub(super) fn width(text: &str, size: f64) -> f64 {
    f64::from(sure(font(size).box_size(text)).0) / f64::from(FINE) * LINE / EM
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

impl Canvas<'_> {
    /// A filled rectangle from its left upper corner.
    pub fn rect(&self, [x, y]: [f64; 2], [width, height]: [f64; 2], color: RGBColor) {
        let corners = [(fine(x), fine(y)), (fine(x + width), fine(y + height))];
        sure(self.area.draw(&Rectangle::new(corners, color.filled())));
    }

    /// A bar of colours, from 0 to 1 rightwards or, if it is higher than wide, upwards.
    pub fn scale(&self, [x, y]: [f64; 2], [width, height]: [f64; 2], color: impl Fn(f64) -> RGBColor) {
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
    pub fn frame(&self, [x, y]: [f64; 2], [width, height]: [f64; 2], color: RGBColor) {
        let (right, bottom) = (x + width, y + height);
        self.line(&[[x, y], [right, y], [right, bottom], [x, bottom], [x, y]], color, 1.0);
    }

    pub fn line(&self, points: &[[f64; 2]], color: RGBColor, stroke: f64) {
        let points: Vec<_> = points.iter().map(|[x, y]| (fine(*x), fine(*y))).collect();
        sure(self.area.draw(&PathElement::new(points, color.stroke_width(fine(stroke) as u32))));
    }

    pub fn dashed(&self, points: &[[f64; 2]], color: RGBColor, stroke: f64) {
        let points: Vec<_> = points.iter().map(|[x, y]| (fine(*x), fine(*y))).collect();
        let style = color.stroke_width(fine(stroke) as u32);
        sure(self.area.draw(&DashedPathElement::new(points, fine(5.0), fine(4.0), style)));
    }

    /// The mark of the `kind`-th sort of points, with a white rim that parts it from its neighbours.
    pub fn spot(&self, kind: usize, [x, y]: [f64; 2], radius: f64) {
        let color = PALETTE[kind % PALETTE.len()];
        for (radius, color) in [(radius + 1.0, WHITE), (radius, color)] {
            let corner = |angle: f64, radius: f64| {
                let angle = angle.to_radians();
                (fine(x + radius * angle.cos()), fine(y - radius * angle.sin()))
            };
            let corners: Vec<_> = match kind % 4 {
                0 => {
                    let circle = Circle::new((fine(x), fine(y)), fine(radius), color.filled());
                    sure(self.area.draw(&circle));
                    continue;
                }
                1 => [45.0, 135.0, 225.0, 315.0].map(|angle| corner(angle, 1.25 * radius)).into(),
                2 => [90.0, 210.0, 330.0].map(|angle| corner(angle, 1.35 * radius)).into(),
                _ => [0.0, 90.0, 180.0, 270.0].map(|angle| corner(angle, 1.3 * radius)).into(),
            };
            sure(self.area.draw(&Polygon::new(corners, color.filled())));
        }
    }

    /// A text whose middle line goes through a point.
    pub fn text(&self, text: &str, [x, y]: [f64; 2], size: f64, color: RGBColor, anchor: Anchor) {
        if text.is_empty() {
            return;
        }
        let (horizontal, turned) = match anchor {
            Anchor::Left => (HPos::Left, false),
            Anchor::Center => (HPos::Center, false),
            Anchor::Right => (HPos::Right, false),
            Anchor::Upwards => (HPos::Center, true),
            Anchor::UpwardsTo => (HPos::Right, true),
        };
        let font = if turned { font(size).transform(FontTransform::Rotate270) } else { font(size) };
        let style = TextStyle::from(font).color(&color).pos(Pos::new(horizontal, VPos::Center));
        sure(self.area.draw_text(&clean(text), &style, (fine(x), fine(y))));
    }

    /// A bitmap, row by row, each of its pixels a square of whole units `pixel`.
    pub fn bitmap(&mut self, [x, y]: [f64; 2], columns: usize, pixels: &[RGBColor], pixel: usize) {
        // So many to a side that a viewer that smooths bitmaps shows squares nevertheless.
        let side = 2 * pixel;
        let rows = pixels.len() / columns;
        let (width, height) = (columns * pixel, rows * pixel);
        let mut map =
            Pixmap::new(2 * width as u32, 2 * height as u32).expect("the sizes are positive and small");
        for (i, target) in map.pixels_mut().iter_mut().enumerate() {
            let (row, column) = (i / (2 * width) / side, i % (2 * width) / side);
            let RGBColor(red, green, blue) = pixels[row * columns + column];
            *target = ColorU8::from_rgba(red, green, blue, 255).premultiply();
        }
        let png = BASE64_STANDARD.encode(map.encode_png().expect("a pixmap fits a PNG"));
        let [x, y, width, height] = [x, y, width as f64, height as f64].map(fine);
        self.images += &format!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" image-rendering=\"optimizeSpeed\" \
             href=\"data:image/png;base64,{png}\"/>\n"
        );
    }
}
