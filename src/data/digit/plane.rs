//! Numbers in rows and columns, and areas of them.

use crate::data::resample::{Axis, scale};

/// Numbers in rows and columns.
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) values: Vec<f32>,
}

impl Plane {
    pub(super) fn new(height: usize, width: usize) -> Plane {
        Plane { width, values: vec![0.0; height * width] }
    }

    pub(super) fn height(&self) -> usize {
        self.values.len() / self.width
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.width)
    }

    /// With rows and columns exchanged.
    pub(super) fn transposed(&self) -> Plane {
        let (height, width) = (self.height(), self.width);
        let values =
            (0..width).flat_map(|column| (0..height).map(move |row| self.values[row * width + column]));
        Plane { width: height, values: values.collect() }
    }

    /// Part of it, with a margin of zeros on all sides.
    pub(super) fn part(&self, area: &Area, margin: usize) -> Plane {
        let width = area.width() + 2 * margin;
        let mut part = Plane::new(area.height() + 2 * margin, width);
        for (to, from) in part.values.chunks_exact_mut(width).skip(margin).zip(self.rows().skip(area.top)) {
            let from = &from[area.left..];
            to[margin..][..area.width()].copy_from_slice(&from[..area.width()]);
        }
        part
    }

    pub(super) fn whole(&self) -> Area {
        Area { top: 0, left: 0, bottom: self.height(), right: self.width }
    }

    /// The places of a number and of its neighbours.
    pub(super) fn around(&self, place: usize) -> impl Iterator<Item = usize> + use<> {
        let (row, column, width) = (place / self.width, place % self.width, self.width);
        let rows = row.saturating_sub(1)..(row + 2).min(self.height());
        rows.flat_map(move |row| {
            (column.saturating_sub(1)..(column + 2).min(width)).map(move |column| row * width + column)
        })
    }

    /// Scaled, without distortion, until its longer side has this length.
    pub(super) fn scaled(&self, length: usize) -> Plane {
        let (height, width) = (self.height(), self.width);
        let longer = height.max(width);
        let side = |side: usize| (side * length + longer / 2).div_euclid(longer).max(1);
        let axis = |from, to| if to <= from { Axis::of_means(from, to) } else { Axis::of_lines(from, to) };
        let mut scaled = Plane::new(side(height), side(width));
        let (rows, columns) = (axis(height, side(height)), axis(width, side(width)));
        let across = scaled.width;
        scale::<1>(
            &self.values,
            width,
            &rows,
            &columns,
            |sum| sum,
            |row, column, [value]| {
                scaled.values[row * across + column] = value as f32;
            },
        );
        scaled
    }

    /// Divided by its largest number, none below 0.
    pub(super) fn stretch(&mut self) {
        let most = self.values.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        self.values.iter_mut().for_each(|value| *value = (*value / most).max(0.0));
    }
}

/// Rows and columns from the first to before the last.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) top: usize,
    pub(super) left: usize,
    pub(super) bottom: usize,
    pub(super) right: usize,
}

impl Area {
    pub(super) fn height(&self) -> usize {
        self.bottom - self.top
    }

    pub(super) fn width(&self) -> usize {
        self.right - self.left
    }

    pub(super) fn longer(&self) -> usize {
        self.height().max(self.width())
    }

    pub(super) fn with(&self, other: &Area) -> Area {
        Area {
            top: self.top.min(other.top),
            left: self.left.min(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.max(other.right),
        }
    }

    /// The distance of two areas, along a row or a column.
    pub(super) fn distance(&self, other: &Area) -> usize {
        let gap = |a: usize, b: usize, c: usize, d: usize| c.saturating_sub(b).max(a.saturating_sub(d));
        let down = gap(self.top, self.bottom, other.top, other.bottom);
        down.max(gap(self.left, self.right, other.left, other.right))
    }
}

/// The middle one of some numbers.
pub(super) fn median(values: &mut [f32]) -> f32 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}
