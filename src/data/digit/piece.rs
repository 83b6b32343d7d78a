//! Cuts the digit out of the ink: the piece with the most ink, and those close to it.

use super::plane::{Area, Plane, median};

/// Ink differs from the paper by at least this many levels of 255, and this many standard deviations of the noise.
const LEAST_CONTRAST: f32 = 10.0;
const LEAST_DEVIATIONS: f32 = 4.0;

/// Wider in proportion to its height than 99 in 100 training digits.
const WIDE: f32 = 1.45;
/// More strokes beside each other than in 99 of 100 training digits: those that a row crosses, on average over the rows.
const STROKES: f32 = 1.9;
/// The longer side, in pixels, of the digit when its strokes are counted.
const COUNTED: usize = 60;
/// Characters side by side are at least as high as this part of all together.
const TALL: f32 = 0.5;

/// The digit alone, to its edges, from 0 to 1.
pub(super) fn cut_out(ink: Plane) -> Result<Plane, &'static str> {
    const NO_INK: &str = "nothing that stands out from its background";
    let floor = floor(&ink);
    let strong = otsu(&ink.values, floor).ok_or(NO_INK)?;
    let (labels, pieces) = pieces_of(&ink, floor.max(strong / 4.0));
    let inked = pieces.iter().filter(|piece| piece.most >= strong);
    let strongest = inked.max_by(|a, b| a.ink.total_cmp(&b.ink)).ok_or(NO_INK)?;
    // A stroke may be apart from the rest; what is far away, or small, is not of the digit.
    let kept: Vec<bool> = pieces
        .iter()
        .map(|piece| {
            piece.ink >= strongest.ink / 50.0
                && piece.most >= strong
                && piece.area.distance(&strongest.area) <= strongest.area.longer() / 4
        })
        .collect();
    if pieces
        .iter()
        .zip(&kept)
        .any(|(piece, kept)| !kept && piece.most >= strong && piece.ink >= strongest.ink / 8.0)
    {
        return Err("several pieces of ink apart from each other");
    }
    let parts: Vec<&Piece> =
        pieces.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(piece, _)| piece).collect();
    let area = parts.iter().map(|part| part.area).reduce(|a, b| a.with(&b)).ok_or(NO_INK)?;
    let mut digit = Plane::new(ink.height(), ink.width);
    for (place, _) in labels.iter().enumerate().filter(|(_, label)| **label > 0 && kept[**label as usize - 1])
    {
        // With the faint pixels at its edge.
        for near in ink.around(place) {
            digit.values[near] = ink.values[near].max(0.0);
        }
    }
    let mut digit = digit.part(&area, 0);
    // The cores of strokes are apart where only their faint edges touch.
    if are_side_by_side(&pieces_of(&digit, strong).1, &digit.whole()) {
        return Err("several characters side by side");
    }
    if digit.width as f32 > WIDE * digit.height() as f32 {
        return Err("something wider than a digit");
    }
    // Few pixels may be stronger than the ink itself.
    let mut core: Vec<f32> = digit.values.iter().copied().filter(|&value| value >= strong).collect();
    let place = core.len() * 9 / 10;
    let level = *core.select_nth_unstable_by(place, f32::total_cmp).1;
    digit.values.iter_mut().for_each(|value| *value = (*value / level).min(1.0));
    if strokes(&digit) > STROKES {
        return Err("several strokes side by side, more than a digit has");
    }
    Ok(digit)
}

/// The number of strokes that a row crosses, on average: those of two digits that touch add up.
fn strokes(digit: &Plane) -> f32 {
    let small = digit.scaled(COUNTED);
    let of_row =
        |row: &[f32]| row.chunk_by(|a, b| (*a > 0.5) == (*b > 0.5)).filter(|run| run[0] > 0.5).count();
    small.rows().map(of_row).sum::<usize>() as f32 / small.height() as f32
}

/// The least difference from the paper that is no noise.
pub(super) fn floor(ink: &Plane) -> f32 {
    let mut off: Vec<f32> = ink.values.iter().map(|value| value.abs()).collect();
    let noise = 1.4826 * median(&mut off);
    LEAST_CONTRAST.max(LEAST_DEVIATIONS * noise)
}

/// N. Otsu's threshold ("A threshold selection method from gray-level histograms", 1979) among the numbers above `floor`:
/// it parts them into two classes that differ most.
fn otsu(values: &[f32], floor: f32) -> Option<f32> {
    const BINS: usize = 256;
    let values = || values.iter().copied().filter(|&value| value > floor);
    let most = values().reduce(f32::max)?;
    let bin = (most - floor) / BINS as f32;
    let mut counts = [0_u32; BINS];
    values().for_each(|value| counts[(((value - floor) / bin) as usize).min(BINS - 1)] += 1);
    let moments = |bins: std::ops::Range<usize>| {
        let (count, sum) = bins.fold((0.0, 0.0), |(count, sum), i| {
            let here = f64::from(counts[i]);
            (count + here, sum + here * i as f64)
        });
        (count, sum / f64::max(count, 1.0))
    };
    let apart = |bound: usize| {
        let ((below, low), (above, high)) = (moments(0..bound), moments(bound..BINS));
        below * above * (high - low).powi(2)
    };
    let best = (0..BINS).max_by(|&a, &b| apart(a).total_cmp(&apart(b)))?;
    Some(floor + best as f32 * bin)
}

/// Whether two pieces are each almost as high as all together, and beside each other.
fn are_side_by_side(parts: &[Piece], whole: &Area) -> bool {
    let high = |part: &&Piece| part.area.height() as f32 >= TALL * whole.height() as f32;
    let mut high: Vec<&Piece> = parts.iter().filter(high).collect();
    high.sort_by_key(|part| part.area.left);
    high.windows(2).any(|pair| pair[0].area.right <= pair[1].area.left)
}

/// Pixels that touch.
struct Piece {
    area: Area,
    ink: f64,
    most: f32,
}

/// The pieces of what is above a threshold, and for each pixel the number of its piece, from 1, or 0.
fn pieces_of(plane: &Plane, threshold: f32) -> (Vec<u32>, Vec<Piece>) {
    let at = |place: usize| {
        let (top, left) = (place / plane.width, place % plane.width);
        Area { top, left, bottom: top + 1, right: left + 1 }
    };
    let mut labels = vec![0; plane.values.len()];
    let mut pieces = Vec::new();
    let mut open = Vec::new();
    for start in 0..plane.values.len() {
        if labels[start] != 0 || plane.values[start] <= threshold {
            continue;
        }
        let label = pieces.len() as u32 + 1;
        let mut piece = Piece { area: at(start), ink: 0.0, most: 0.0 };
        labels[start] = label;
        open.push(start);
        while let Some(place) = open.pop() {
            piece.area = piece.area.with(&at(place));
            piece.ink += f64::from(plane.values[place]);
            piece.most = piece.most.max(plane.values[place]);
            for next in plane.around(place) {
                if labels[next] == 0 && plane.values[next] > threshold {
                    labels[next] = label;
                    open.push(next);
                }
            }
        }
        pieces.push(piece);
    }
    (labels, pieces)
}
