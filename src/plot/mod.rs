//! Charts of training runs, networks and data, as SVG and PNG.
//!
//! | to show | function | it takes |
//! | --- | --- | --- |
//! | a training run: loss and accuracy by epoch | [`learning_curves`] | a [`History`](crate::train::History) |
//! | several runs side by side | [`validation_curves`] | names and histories |
//! | which classes are confused | [`confusion_matrix`] | an [`Evaluation`](crate::train::Evaluation) and class names |
//! | filters of a convolution | [`filters`] | its weights |
//! | samples or feature maps | [`images`](images()) | their values |
//! | functions and their derivatives | [`functions`] | [`Function`]s and a range |
//! | lines, points, decision regions | [`Chart`], several together with [`panels`] | any numbers |
//! | bars | [`bars`](bars()) | groups and series |
//!
//! Each returns a [`Picture`]. [`Picture::save`] writes it to a file: SVG if the name ends in `.svg`, and PNG if it ends
//! in `.png`, with two pixels for each unit of the SVG.
//!
//! ```
//! use convnet::plot::Chart;
//!
//! let folder = tempfile::tempdir().unwrap();
//! let samples = [(1.0, 2.1), (2.0, 3.9), (3.0, 6.2), (4.0, 7.8)];
//! let picture = Chart::new("Spring")
//!     .x_label("force (N)")
//!     .y_label("length (mm)")
//!     .points("measured", samples)
//!     .function("1.94 x + 0.15", 0.0..5.0, |x| 1.94 * x + 0.15)?
//!     .draw();
//! picture.save(folder.path().join("spring.svg"))?;
//! picture.save(folder.path().join("spring.png"))?;
//! assert!(picture.svg().contains("length (mm)"));
//! # Ok::<(), convnet::Error>(())
//! ```
//!
//! - A value that is not finite, or is beyond ±10³⁰⁰, is left out. A line has a gap there.
//! - The same data give the same bytes, on any machine: the font of a PNG is part of the crate.
//! - The colours are those of Okabe and Ito (2008), which people with colour blindness can tell apart.

mod axis;
mod bars;
mod canvas;
mod chart;
mod curves;
mod flags;
mod legend;
mod matrix;
mod picture;
mod raster;
mod regions;
mod svg;
mod tiles;

pub use bars::bars;
pub use chart::{Chart, panels};
pub use curves::{Function, functions, learning_curves, validation_curves};
pub use matrix::confusion_matrix;
pub use picture::Picture;
pub use tiles::{filters, images, predictions};
