//! Shapes as pixels, with smooth edges.
//!
//! A shape covers a pixel by the signed distance of the pixel's centre from its edge: wholly from half a pixel inside
//! on, and not at all from half a pixel outside on. A rectangle along the axes covers what it covers exactly.

use std::ops::Range;

use ab_glyph::{Font, PxScale, ScaleFont, point};

use super::canvas::{Anchor, Color, FINE, FONT, Point, Shape};

/// A length of a dash and of a gap, in tenths of a unit.
const DASHES: [f64; 2] = [50.0, 40.0];

/// A picture as four bytes a pixel: red, green, blue, and 255, because paper is not transparent.
pub(super) struct Raster {
    width: usize,
    height: usize,
    pub pixels: Vec<u8>,
    /// How many 255ths of each pixel a line covers, while it is drawn: zero between lines.
    coverage: Vec<u8>,
    /// Pixels for a tenth of a unit.
    scale: f64,
}

/// The pixels of a side that lie between two places, with the ones that are cut.
fn between(low: f64, high: f64, length: usize) -> Range<usize> {
    let end = high.ceil().clamp(0.0, length as f64) as usize;
    (low.floor().max(0.0) as usize).min(end)..end
}

impl Raster {
    /// White paper of a size in units of the SVG, with `resolution` pixels for each.
    pub fn new(size: [u32; 2], resolution: u32) -> Raster {
        let [width, height] = size.map(|length| (length * resolution) as usize);
        let scale = f64::from(resolution) / f64::from(FINE);
        Raster {
            width,
            height,
            pixels: vec![255; 4 * width * height],
            coverage: vec![0; width * height],
            scale,
        }
    }

    pub fn draw(&mut self, shape: &Shape) {
        match shape {
            Shape::Rectangle { corner, size, color } => {
                let end = [corner[0] + size[0], corner[1] + size[1]];
                self.rectangle(self.place(*corner), self.place(end), *color);
            }
            Shape::Line { points, stroke, dashed, color } => {
                let points: Vec<_> = points.iter().map(|point| self.place(*point)).collect();
                let half = self.scale * f64::from(*stroke) / 2.0;
                if *dashed {
                    dashes(&points, DASHES.map(|l| l * self.scale))
                        .iter()
                        .for_each(|dash| self.line(dash, half, *color));
                } else {
                    self.line(&points, half, *color);
                }
            }
            Shape::Circle { center, radius, color } => {
                let ([x, y], radius) = (self.place(*center), self.scale * f64::from(*radius));
                let bounds = [[x - radius, y - radius], [x + radius, y + radius]];
                self.fill(bounds, *color, |at| radius - (at[0] - x).hypot(at[1] - y));
            }
            Shape::Polygon { corners, color } => {
                let corners: Vec<_> = corners.iter().map(|corner| self.place(*corner)).collect();
                let end = |axis: usize, pick: fn(f64, f64) -> f64| {
                    corners.iter().map(|corner| corner[axis]).reduce(pick).unwrap_or_default()
                };
                let bounds = [[end(0, f64::min), end(1, f64::min)], [end(0, f64::max), end(1, f64::max)]];
                // The nearest edge, with what is right of it outside.
                self.fill(bounds, *color, |at| {
                    let edges = corners.iter().zip(corners.iter().cycle().skip(1));
                    let inside = edges.map(|(a, b)| {
                        let [x, y] = [b[0] - a[0], b[1] - a[1]];
                        (y * (at[0] - a[0]) - x * (at[1] - a[1])) / x.hypot(y)
                    });
                    inside.fold(f64::INFINITY, f64::min)
                });
            }
            Shape::Text { text, at, size, color, anchor } => self.text(text, *at, *size, *color, *anchor),
            Shape::Bitmap { corner, columns, pixel, colors } => {
                let ([x, y], side) = (self.place(*corner), self.scale * f64::from(FINE) * *pixel as f64);
                for (i, color) in colors.iter().enumerate() {
                    let corner = [x + side * (i % columns) as f64, y + side * (i / columns) as f64];
                    self.rectangle(corner, corner.map(|at| at + side), *color);
                }
            }
        }
    }

    fn place(&self, point: Point) -> [f64; 2] {
        point.map(|at| self.scale * f64::from(at))
    }

    /// Paints over a part of a pixel.
    fn blend(&mut self, [column, row]: [usize; 2], color: Color, part: f64) {
        let pixel = &mut self.pixels[4 * (row * self.width + column)..][..3];
        for (value, new) in pixel.iter_mut().zip([color.0, color.1, color.2]) {
            *value = (f64::from(*value) + part * (f64::from(new) - f64::from(*value))).round() as u8;
        }
    }

    fn rectangle(&mut self, [left, top]: [f64; 2], [right, bottom]: [f64; 2], color: Color) {
        let covered = |i: usize, low: f64, high: f64| (high.min(i as f64 + 1.0) - low.max(i as f64)).max(0.0);
        for row in between(top, bottom, self.height) {
            for column in between(left, right, self.width) {
                self.blend([column, row], color, covered(row, top, bottom) * covered(column, left, right));
            }
        }
    }

    /// Paints where `inside`, the distance from the edge at a place, is positive.
    fn fill(&mut self, [low, high]: [[f64; 2]; 2], color: Color, inside: impl Fn([f64; 2]) -> f64) {
        for row in between(low[1] - 0.5, high[1] + 0.5, self.height) {
            for column in between(low[0] - 0.5, high[0] + 0.5, self.width) {
                let part = inside([column as f64 + 0.5, row as f64 + 0.5]) + 0.5;
                if part > 0.0 {
                    self.blend([column, row], color, part.min(1.0));
                }
            }
        }
    }

    /// A line with round joints and straight ends; where its pieces overlap, it is no darker.
    fn line(&mut self, points: &[[f64; 2]], half: f64, color: Color) {
        let reach = half + 0.5;
        let mut touched = Vec::new();
        for (i, piece) in points.windows(2).enumerate() {
            let ([a, b], ends) = ([piece[0], piece[1]], [i == 0, i + 2 == points.len()]);
            let [x, y] = [b[0] - a[0], b[1] - a[1]];
            let length = x.hypot(y);
            if length == 0.0 {
                continue;
            }
            for row in between(a[1].min(b[1]) - reach, a[1].max(b[1]) + reach, self.height) {
                // The part of the piece that is near this row.
                let middle = row as f64 + 0.5;
                let crossing = |at: f64| if y == 0.0 { 0.0 } else { ((at - a[1]) / y).clamp(0.0, 1.0) };
                let [one, other] = if y == 0.0 {
                    [a[0], b[0]]
                } else {
                    [middle - reach, middle + reach].map(|at| a[0] + x * crossing(at))
                };
                for column in between(one.min(other) - reach, one.max(other) + reach, self.width) {
                    let [dx, dy] = [column as f64 + 0.5 - a[0], middle - a[1]];
                    let (along, beside) = ((dx * x + dy * y) / length, (dx * y - dy * x).abs() / length);
                    let beyond = (-along).max(along - length);
                    let is_end = if along < length / 2.0 { ends[0] } else { ends[1] };
                    let part = if is_end {
                        (half + 0.5 - beside).clamp(0.0, 1.0) * (0.5 - beyond).clamp(0.0, 1.0)
                    } else {
                        (half + 0.5 - beside.hypot(beyond.max(0.0))).clamp(0.0, 1.0)
                    };
                    let part = (255.0 * part).round() as u8;
                    let pixel = row * self.width + column;
                    if part > self.coverage[pixel] {
                        if self.coverage[pixel] == 0 {
                            touched.push([column, row]);
                        }
                        self.coverage[pixel] = part;
                    }
                }
            }
        }
        for [column, row] in touched {
            let part = std::mem::take(&mut self.coverage[row * self.width + column]);
            self.blend([column, row], color, f64::from(part) / 255.0);
        }
    }

    /// Letters of the embedded font, drawn on a line of their own and laid into the picture, turned or not.
    fn text(&mut self, text: &str, at: Point, size: i32, color: Color, anchor: Anchor) {
        let em = self.scale * f64::from(size);
        let lines = FONT.height_unscaled() / FONT.units_per_em().unwrap_or(1.0);
        let font = FONT.as_scaled(PxScale::from(em as f32 * lines));
        let length: f32 = text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum();
        let [x, y] = self.place(at);
        // The line begins at the whole pixel next to the point, and the letters beside it at once.
        let (origin, rest) = ([x.floor(), y.floor()], [x - x.floor(), y - y.floor()].map(|r| r as f32));
        let [mut along, down] = if anchor.is_turned() { [-rest[1], rest[0]] } else { rest };
        along -= match anchor {
            Anchor::Left => 0.0,
            Anchor::Center | Anchor::Upwards => length / 2.0,
            Anchor::Right | Anchor::UpwardsTo => length,
        };
        for c in text.chars() {
            let id = font.glyph_id(c);
            let glyph = id.with_scale_and_position(font.scale(), point(along, down + 0.36 * em as f32));
            along += font.h_advance(id);
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            outline.draw(|i, j, part| {
                let [u, v] = [f64::from(bounds.min.x) + f64::from(i), f64::from(bounds.min.y) + f64::from(j)];
                let [column, row] = if anchor.is_turned() {
                    [origin[0] + v, origin[1] - 1.0 - u]
                } else {
                    [origin[0] + u, origin[1] + v]
                };
                let inside = |at: f64, length: usize| (0.0..length as f64).contains(&at);
                if inside(column, self.width) && inside(row, self.height) {
                    self.blend([column as usize, row as usize], color, f64::from(part.clamp(0.0, 1.0)));
                }
            });
        }
    }
}

/// The dashes of a line, each a line of its own.
fn dashes(points: &[[f64; 2]], [dash, gap]: [f64; 2]) -> Vec<Vec<[f64; 2]>> {
    let mut dashes = Vec::new();
    let mut dash_now: Vec<[f64; 2]> = points.first().copied().into_iter().collect();
    let (mut drawing, mut left) = (true, dash);
    for piece in points.windows(2) {
        let [a, b] = [piece[0], piece[1]];
        let length = (b[0] - a[0]).hypot(b[1] - a[1]);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let at = [0, 1].map(|axis| a[axis] + (b[axis] - a[axis]) * done / length);
            if drawing {
                dash_now.push(at);
                dashes.push(std::mem::take(&mut dash_now));
            } else {
                dash_now = vec![at];
            }
            drawing = !drawing;
            left = if drawing { dash } else { gap };
        }
        left -= length - done;
        if drawing {
            dash_now.push(b);
        }
    }
    dashes.push(dash_now);
    dashes
}

/// The pixels of a picture.
pub(super) fn pixels(size: [u32; 2], resolution: u32, shapes: &[Shape]) -> Vec<u8> {
    let mut raster = Raster::new(size, resolution);
    shapes.iter().for_each(|shape| raster.draw(shape));
    raster.pixels
}
