//! Windows along rows or columns: the inputs of each position, forward and backward.

use std::ops::Range;

/// Positions and taps of a window along rows or columns.
pub(crate) struct WindowAxis {
    /// Index of each position's result in the output.
    pub(crate) outputs: Vec<usize>,
    /// Distance of two positions in the padded input.
    pub(crate) step: usize,
    /// Index in the kernel, and offset in the padded input from the start of a position.
    pub(crate) taps: Vec<(usize, usize)>,
    /// The part of the padded input that is not padding.
    pub(crate) inside: Range<usize>,
    /// Length of the padded input.
    pub(crate) padded: usize,
    /// Length of the output.
    pub(crate) output: usize,
    /// Phases of the padded input in memory: values whose index has the same remainder by this number are contiguous. 1 is the
    /// plain order.
    pub(crate) phases: usize,
    /// Distance, in the input, of values that are neighbours in the padded input: 1 unless some are left out.
    pub(crate) every: usize,
}

impl WindowAxis {
    /// Rows or columns of the forward pass.
    pub(super) fn forward(line: Line) -> Self {
        let Line { input, output, kernel, stride, padding, dilation } = line;
        WindowAxis {
            outputs: (0..output).collect(),
            step: stride,
            taps: (0..kernel).map(|k| (k, k * dilation)).collect(),
            inside: padding[0]..padding[0] + input,
            padded: padding[0] + input + padding[1],
            output,
            phases: 1,
            every: 1,
        }
    }

    /// The same without the values that are not read, if the kernel reads one and there is no padding.
    pub(super) fn sampled(self) -> Self {
        let WindowAxis { step, padded, output, .. } = self;
        if self.taps.len() == 1 && self.inside == (0..padded) {
            return WindowAxis { step: 1, padded: output, inside: 0..output, every: step, ..self };
        }
        self
    }

    /// The same with a phase for each remainder by the stride, so that the inputs of neighbouring positions are contiguous.
    pub(super) fn contiguous(self) -> Self {
        let WindowAxis { step, padded, .. } = self;
        WindowAxis { phases: step, padded: padded.next_multiple_of(step), ..self }
    }

    /// The place of a value of the padded input in memory.
    pub(crate) fn place(&self, index: usize) -> usize {
        index % self.phases * (self.padded / self.phases) + index / self.phases
    }

    /// Rows or columns of the backward pass, one for each phase of the stride. The input at i gathers the gradient of
    /// output (i + padding − k·dilation) / stride from each k that divides: for i = phase + stride·t that is t + a constant.
    pub(super) fn backward(line: Line) -> Vec<Self> {
        let Line { input, output, kernel, stride, padding, dilation } = line;
        let taps = |phase: usize| {
            let reach = (phase + padding[0]) as isize;
            (0..kernel).rev().filter_map(move |k| {
                let distance = reach - (k * dilation) as isize;
                (distance.rem_euclid(stride as isize) == 0).then(|| (k, distance.div_euclid(stride as isize)))
            })
        };
        let phases = || 0..stride.min(input);
        let before = phases().flat_map(taps).map(|(_, offset)| (-offset).max(0)).max().unwrap_or(0);
        let end = phases().flat_map(|phase| {
            let last = (input - 1 - phase) / stride;
            taps(phase).map(move |(_, offset)| last as isize + offset + 1)
        });
        let padded = before + end.max().unwrap_or(0).max(output as isize);
        let axis = |phase| WindowAxis {
            outputs: (phase..input).step_by(stride).collect(),
            step: 1,
            taps: taps(phase).map(|(k, offset)| (k, (offset + before) as usize)).collect(),
            inside: before as usize..before as usize + output,
            padded: padded as usize,
            output: input,
            phases: 1,
            every: 1,
        };
        phases().map(axis).collect()
    }

    /// Groups positions, in multiples of `together`, by the taps that they need. Returns a single span if several would save
    /// less than a tenth of the work.
    pub(crate) fn spans(&self, together: usize) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for start in (0..self.outputs.len()).step_by(together) {
            let positions = start..(start + together).min(self.outputs.len());
            let lives = |&(_, offset): &(usize, usize)| {
                positions.clone().any(|position| self.inside.contains(&(position * self.step + offset)))
            };
            let taps: Vec<_> = self.taps.iter().copied().filter(lives).collect();
            match spans.last_mut() {
                Some(span) if span.taps == taps => span.positions.end = positions.end,
                _ => spans.push(Span { positions, taps }),
            }
        }
        let work: usize = spans.iter().map(|span| span.positions.len() * span.taps.len()).sum();
        if 10 * work > 9 * self.outputs.len() * self.taps.len() {
            spans = vec![Span { positions: 0..self.outputs.len(), taps: self.taps.clone() }];
        }
        spans
    }
}

/// Neighbouring positions of an axis, and the taps that read more than padding in at least one of them.
pub(crate) struct Span {
    pub(crate) positions: Range<usize>,
    pub(crate) taps: Vec<(usize, usize)>,
}

/// Sizes along rows or columns.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    /// Padding before the first and after the last position.
    pub(super) padding: [usize; 2],
    pub(super) dilation: usize,
}
