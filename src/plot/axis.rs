//! The range of an axis and the numbers along it.

use super::canvas::{SMALL, width};

/// Larger magnitudes are left out as if they were infinite, so that differences and margins are finite; and smaller
/// numbers than its inverse where there are logarithms.
const LARGEST: f64 = 1e300;
/// A range is at least this part of the numbers in it, so that its ends have few digits.
const NARROWEST: f64 = 1e-9;

/// Where values lie along an axis, from 0 at its low end to 1 at its high end.
#[derive(Clone)]
pub(super) struct Axis {
    /// In the axis' own scale: logarithms if it is logarithmic.
    low: f64,
    high: f64,
    log: bool,
    /// Places of the labelled values and their labels.
    pub ticks: Vec<(f64, String)>,
}

/// A value in the scale of an axis, if it is on it at all.
fn scaled(value: f64, log: bool) -> Option<f64> {
    if log {
        (1.0 / LARGEST..=LARGEST).contains(&value).then(|| value.log10())
    } else {
        (value.abs() <= LARGEST).then_some(value)
    }
}

impl Axis {
    /// An axis around all values, with about `count` labels and a margin. None if no value is on it. With `counted`,
    /// no label lies between whole numbers if all values are such.
    pub fn around(
        values: impl Iterator<Item = f64> + Clone,
        log: bool,
        counted: bool,
        count: usize,
    ) -> Option<Axis> {
        let on_axis = values.clone().filter_map(|value| scaled(value, log));
        let (low, high) = on_axis
            .clone()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return None;
        }
        let whole = counted && on_axis.clone().all(|value| value.fract() == 0.0);
        let magnitude = low.abs().max(high.abs());
        let narrowest = if log { 0.1 } else { (NARROWEST * magnitude).max(1e-300) };
        let margin = if high - low >= narrowest {
            0.04 * (high - low)
        } else if log || magnitude == 0.0 || whole && magnitude < 100.0 {
            0.5
        } else {
            (0.1 * magnitude).max(narrowest)
        };
        let least = if whole { 1.0 } else { 0.0 };
        Some(Axis::with_ticks(low - margin, high + margin, log, count, least))
    }

    /// An axis from `low` to `high` and no further.
    pub fn between(low: f64, high: f64, count: usize) -> Axis {
        Axis::with_ticks(low, high, false, count, 0.0)
    }

    /// An axis from zero to all values, above and below it.
    pub fn from_zero(values: impl Iterator<Item = f64>, count: usize) -> Axis {
        let values = values.filter_map(|value| scaled(value, false));
        let (low, high) =
            values.fold((0.0, 0.0), |(low, high): (f64, f64), value| (low.min(value), high.max(value)));
        let margin = 0.04 * (high - low);
        if margin < 1e-300 {
            return Axis::between(0.0, 1.0, count);
        }
        let low = if low < 0.0 { low - margin } else { 0.0 };
        Axis::between(low, if high > 0.0 { high + margin } else { 0.0 }, count)
    }

    fn with_ticks(low: f64, high: f64, log: bool, count: usize, least: f64) -> Axis {
        let mut axis = Axis { low, high, log, ticks: Vec::new() };
        let decades = high.floor() - low.ceil();
        let labels = if log && decades >= 1.0 {
            powers_of_ten(low, high, count)
        } else if log {
            // Within a decade the values themselves are evenly spaced enough.
            round_values(10f64.powf(low), 10f64.powf(high), count, 0.0)
        } else {
            round_values(low, high, count, least)
        };
        let places = labels.into_iter().filter_map(|(value, label)| Some((axis.place(value)?, label)));
        axis.ticks = places.collect();
        axis
    }

    /// The place of a value; None if it is not on the axis.
    pub fn place(&self, value: f64) -> Option<f64> {
        let place = (scaled(value, self.log)? - self.low) / (self.high - self.low);
        // The rounding of an end must not lose it.
        (-1e-6..=1.0 + 1e-6).contains(&place).then(|| place.clamp(0.0, 1.0))
    }

    pub fn widest_label(&self) -> f64 {
        self.ticks.iter().map(|(_, label)| width(label, SMALL)).fold(0.0, f64::max)
    }

    /// Whether its labels are well apart, side by side over a length.
    pub fn has_room(&self, length: f64) -> bool {
        let step = self.ticks.windows(2).map(|pair| pair[1].0 - pair[0].0).fold(1.0, f64::min);
        self.widest_label() + 14.0 < step * length
    }
}

/// Multiples of 1, 2 or 5 times a power of ten, no closer than `least`.
fn round_values(low: f64, high: f64, count: usize, least: f64) -> Vec<(f64, String)> {
    let raw = ((high - low) / count as f64).max(least);
    let mut exponent = raw.log10().floor() as i32;
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power(exponent) >= 0.999 * raw);
    let factor = factor.unwrap_or_else(|| {
        exponent += 1;
        1.0
    });
    let step = factor * power(exponent);
    let (first, last) = ((low / step).ceil(), (high / step).floor());
    let largest = first.abs().max(last.abs()) * step;
    (0..=(last - first) as usize)
        .map(|i| {
            let value = (first + i as f64) * step;
            (value, number(value, exponent, largest))
        })
        .collect()
}

/// Ten to a power, rounded once, and zero or infinity beyond the range of numbers.
fn power(exponent: i32) -> f64 {
    format!("1e{exponent}").parse().expect("it is a number")
}

/// A number with digits down to 10^`exponent`, on an axis whose largest is `largest`.
fn number(value: f64, exponent: i32, largest: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = if (1e-4..1e6).contains(&largest) {
        format!("{value:.*}", exponent.min(0).unsigned_abs() as usize)
    } else {
        // Written as m × 10^n with the same n all along the axis.
        let shared = largest.log10().floor() as i32;
        let digits = (shared - exponent).max(0) as usize;
        let mantissa = value / power(shared);
        format!("{mantissa:.digits$}×10{}", superscript(shared))
    };
    text.replacen('-', "−", 1)
}

/// A number of three digits, for the end of a scale.
pub(super) fn brief(value: f64) -> String {
    let magnitude = value.abs();
    let exponent = if magnitude > 0.0 { magnitude.log10().floor() as i32 } else { 0 };
    number(value, exponent - 2, magnitude)
}

/// Powers of ten between two logarithms, every so many that there are about `count`.
fn powers_of_ten(low: f64, high: f64, count: usize) -> Vec<(f64, String)> {
    let (first, last) = (low.ceil() as i32, high.floor() as i32);
    let enough = |stride: &i32| (last - first) / stride <= count as i32;
    let stride = [1, 2, 5, 10, 20, 50, 100].into_iter().find(enough).unwrap_or(200);
    let plain = first >= -3 && last <= 4;
    (first..=last)
        .filter(|exponent| exponent % stride == 0)
        .map(|exponent| {
            let value = power(exponent);
            (value, if plain { format!("{value}") } else { format!("10{}", superscript(exponent)) })
        })
        .collect()
}

fn superscript(exponent: i32) -> String {
    let digit = |c: char| match c.to_digit(10) {
        Some(digit) => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize],
        None => '⁻',
    };
    exponent.to_string().chars().map(digit).collect()
}
