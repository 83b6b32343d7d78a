//! The median time of a call.

use std::time::Instant;

/// Median seconds of a call: see [`spread_of_seconds`].
pub fn median_seconds(budget: f64, call: impl FnMut()) -> f64 {
    spread_of_seconds(budget, call)[1]
}

/// Least, median and most seconds of a call, after one that is not counted: calls until `budget` seconds have passed, and five
/// calls at least unless they take two seconds.
pub fn spread_of_seconds(budget: f64, mut call: impl FnMut()) -> [f64; 3] {
    call();
    let (begin, mut times) = (Instant::now(), Vec::new());
    loop {
        let start = Instant::now();
        call();
        times.push(start.elapsed().as_secs_f64());
        let passed = begin.elapsed().as_secs_f64();
        if passed >= budget && (times.len() >= 5 || passed >= 2.0) {
            break;
        }
    }
    times.sort_by(f64::total_cmp);
    [times[0], times[times.len() / 2], times[times.len() - 1]]
}

/// Reads an option that is a time.
pub fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if f64::is_finite(seconds) && seconds > 0.0 => Ok(seconds),
        _ => Err("expected a number of seconds above 0".into()),
    }
}
