//! Pictures of trainings, networks and data, as SVG and PNG.
//!
//! Every function here gives a [`Picture`], and [`Picture::save`] writes it. PNG files are the same drawing with two
//! pixels for each unit of the SVG, in a font that is embedded, so that they need none on the machine. The colours
//! are those of Okabe and Ito (2008), which colour-blind readers tell apart.
//!
//! A value that is not finite, or beyond ±10³⁰⁰, is left out, and where it was, a line has a gap. Equal input gives
//! equal bytes.
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

mod axis;
mod bars;
mod canvas;
mod chart;
mod curves;
mod matrix;
mod picture;
mod tiles;

pub use bars::bars;
pub use chart::{Chart, panels};
pub use curves::{Function, functions, learning_curves, validation_curves};
pub use matrix::confusion_matrix;
pub use picture::Picture;
pub use tiles::{filters, images};
