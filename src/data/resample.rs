//! Scales images: the weights of the source pixels along each side, and the sums.

/// The source pixels, with weights that sum to 1, of each place along a side.
pub(super) struct Axis {
    /// Where the image begins in the output.
    from: usize,
    /// For each place the first source pixel and the weights from there on.
    taps: Vec<(usize, Vec<f32>)>,
}

impl Axis {
    /// Scales `source` pixels to `length` with a triangle filter, which is wider than a pixel of the source when the
    /// image shrinks, and keeps the middle, or what there is, for `places` places.
    pub(super) fn new(source: usize, (length, shown): (usize, usize), places: usize) -> Axis {
        let (cut, from) = ((length - shown) as f64 / 2.0, (places - shown) / 2);
        // Halves to even, as torchvision does.
        let cut = cut.round_ties_even() as usize;
        let ratio = source as f64 / length as f64;
        let support = ratio.max(1.0);
        let taps = (cut..cut + shown).map(|place| {
            let centre = (place as f64 + 0.5) * ratio;
            let first = (centre - support + 0.5).max(0.0) as usize;
            let end = ((centre + support + 0.5) as usize).min(source).max(first + 1);
            let weights = (first..end).map(|x| (1.0 - (x as f64 + 0.5 - centre).abs() / support).max(0.0));
            let sum: f64 = weights.clone().sum();
            // Multiples of 2⁻²², as in Pillow, which torchvision uses: sums of bytes are then exact in an `f64`.
            let unit = f64::from(1 << 22);
            (first, weights.map(|weight| ((weight / sum * unit).round() / unit) as f32).collect())
        });
        Axis { from, taps: taps.collect() }
    }

    /// Scales `source` pixels to `length`, no more, by the mean over what each place covers.
    pub(super) fn of_means(source: usize, length: usize) -> Axis {
        let ratio = source as f64 / length as f64;
        let taps = (0..length).map(|place| {
            let (start, end) = (place as f64 * ratio, (place + 1) as f64 * ratio);
            let first = (start as usize).min(source - 1);
            let pixels = first..(end.ceil() as usize).clamp(first + 1, source);
            let weights = pixels.map(|x| (end.min((x + 1) as f64) - start.max(x as f64)).max(0.0));
            let sum: f64 = weights.clone().sum();
            (first, weights.map(|weight| (weight / sum) as f32).collect())
        });
        Axis { from: 0, taps: taps.collect() }
    }

    /// Scales `source` pixels to `length` with straight lines between their centres.
    pub(super) fn of_lines(source: usize, length: usize) -> Axis {
        Axis::new(source, (length, length), length)
    }
}

/// Scales pixels row by row, so that the memory taken is the weights and the output: first along the row, then, after what
/// `between` does to each sum, along the columns.
pub(super) fn scale<const C: usize>(
    pixels: &[impl Copy + Into<f32>],
    width: usize,
    rows: &Axis,
    columns: &Axis,
    between: impl Fn(f64) -> f64,
    mut put: impl FnMut(usize, usize, [f64; C]),
) {
    let across = columns.taps.len();
    let mut sums = vec![[0.0_f64; C]; rows.taps.len() * across];
    let mut line = vec![[0.0_f64; C]; across];
    let (start, end) = match (rows.taps.first(), rows.taps.last()) {
        (Some((start, _)), Some((last, weights))) => (*start, last + weights.len()),
        _ => return,
    };
    let mut first = 0;
    for y in start..end {
        let source = &pixels[y * width * C..][..width * C];
        for (value, (from, weights)) in line.iter_mut().zip(&columns.taps) {
            *value = [0.0; C];
            for (pixel, weight) in source[from * C..].chunks_exact(C).zip(weights) {
                for (value, &byte) in value.iter_mut().zip(pixel) {
                    *value += f64::from(*weight) * f64::from(byte.into());
                }
            }
            *value = value.map(&between);
        }
        while rows.taps[first].0 + rows.taps[first].1.len() <= y {
            first += 1;
        }
        let reached = rows.taps[first..].iter().take_while(|(from, _)| *from <= y);
        for ((from, weights), sums) in reached.zip(sums[first * across..].chunks_exact_mut(across)) {
            // The windows of later rows may end no earlier, but rounding is not to be trusted with an index.
            let Some(weight) = weights.get(y - from) else { continue };
            for (sum, value) in sums.iter_mut().zip(&line) {
                for (sum, value) in sum.iter_mut().zip(value) {
                    *sum += f64::from(*weight) * value;
                }
            }
        }
    }
    for (place, pixel) in sums.into_iter().enumerate() {
        put(rows.from + place / across, columns.from + place % across, pixel);
    }
}
