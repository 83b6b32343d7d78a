//! Shapes as an SVG document.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::canvas::{Anchor, Color, FINE, Point, Shape};
use super::picture::encoded;

/// The fonts that a viewer is asked for; the embedded one, with which texts are measured, is made from the first.
const FAMILY: &str = "DejaVu Sans, Verdana, Arial, Helvetica, sans-serif";

/// The document with all shapes on white paper.
pub(super) fn document([width, height]: [u32; 2], shapes: &[Shape]) -> String {
    let [fine_width, fine_height] = [width, height].map(|length| u64::from(length) * FINE as u64);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {fine_width} {fine_height}\" stroke-linejoin=\"round\" font-family=\"{FAMILY}\">\n\
         <rect width=\"{fine_width}\" height=\"{fine_height}\" fill=\"#FFFFFF\"/>\n"
    );
    for shape in shapes {
        element(&mut text, shape).expect("a string takes all that is written to it");
    }
    text + "</svg>\n"
}

fn hex(Color(red, green, blue): Color) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

fn list(points: &[Point]) -> String {
    points.iter().map(|[x, y]| format!("{x},{y}")).collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&apos;")
}

fn element(to: &mut String, shape: &Shape) -> std::fmt::Result {
    match shape {
        Shape::Rectangle { corner: [x, y], size: [width, height], color } => {
            let color = hex(*color);
            writeln!(to, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{color}\"/>")
        }
        Shape::Line { points, stroke, dashed, color } => {
            let (color, points) = (hex(*color), list(points));
            let dashes = if *dashed { " stroke-dasharray=\"50 40\"" } else { "" };
            writeln!(
                to,
                "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"{stroke}\"{dashes} points=\"{points}\"/>"
            )
        }
        Shape::Circle { center: [x, y], radius, color } => {
            writeln!(to, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{}\"/>", hex(*color))
        }
        Shape::Polygon { corners, color } => {
            writeln!(to, "<polygon fill=\"{}\" points=\"{}\"/>", hex(*color), list(corners))
        }
        Shape::Text { text, at: [x, y], size, color, anchor } => {
            let (text, color) = (escaped(text), hex(*color));
            let side = match anchor {
                Anchor::Left => "start",
                Anchor::Center | Anchor::Upwards => "middle",
                Anchor::Right | Anchor::UpwardsTo => "end",
            };
            let turn = if anchor.is_turned() {
                format!(" transform=\"rotate(270, {x}, {y})\"")
            } else {
                String::new()
            };
            writeln!(
                to,
                "<text x=\"{x}\" y=\"{y}\" dy=\"0.36em\" text-anchor=\"{side}\" font-size=\"{size}\" \
                 fill=\"{color}\"{turn}>\n{text}\n</text>"
            )
        }
        Shape::Bitmap { corner: [x, y], columns, pixel, colors } => {
            // Squares of many pixels: a viewer that smooths bitmaps still shows squares.
            let side = 2 * pixel;
            let row = |row: &[Color]| {
                let row: Vec<u8> = row.iter().flat_map(|c| [c.0, c.1, c.2, 255].repeat(side)).collect();
                row.repeat(side)
            };
            let pixels: Vec<u8> = colors.chunks(*columns).flat_map(row).collect();
            let [columns, rows] = [*columns, colors.len() / columns];
            let png =
                BASE64_STANDARD.encode(encoded([columns * side, rows * side].map(|l| l as u32), &pixels));
            let [width, height] = [columns, rows].map(|count| count * pixel * FINE as usize);
            writeln!(
                to,
                "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
                 image-rendering=\"optimizeSpeed\" href=\"data:image/png;base64,{png}\"/>"
            )
        }
    }
}
