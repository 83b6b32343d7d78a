//! The arithmetic of the changes, on pixels from 0 to 1.

use crate::error::Error;

/// Weights of red, green and blue in the brightness that the eye sees (ITU-R BT.601).
const GREY: [f32; 3] = [0.299, 0.587, 0.114];

/// An image: planes of pixels from 0 to 1.
pub(super) struct Picture {
    pub(super) pixels: Vec<f32>,
    /// Memory for another image.
    pub(super) room: Vec<f32>,
    /// Rows and columns.
    pub(super) size: [usize; 2],
    /// The colour of pixels outside the image.
    pub(super) fill: Vec<f32>,
}

impl Picture {
    /// The window of the wanted size that lies at these parts of the way through the picture with `padding` pixels around
    /// it: 0 is above or left, 0.5 the middle, 1 below or right.
    pub(super) fn crop(&mut self, wanted: [usize; 2], padding: usize, at: [f32; 2]) -> Result<(), Error> {
        if self.size == wanted && padding == 0 {
            return Ok(());
        }
        let mut start = [0; 2];
        for axis in 0..2 {
            let ways = (self.size[axis] + 2 * padding + 1).checked_sub(wanted[axis]).filter(|ways| *ways > 0);
            let Some(ways) = ways else {
                let [height, width] = self.size;
                let expected = format!("images of at least {}×{}", wanted[0], wanted[1]);
                let found = format!("{height}×{width} with a padding of {padding}");
                return Err(Error::argument("crop", expected, found));
            };
            // The middle of an even number of ways is the first of the two.
            let way = if at[axis] == 0.5 {
                (ways - 1) / 2
            } else {
                ((at[axis] * ways as f32) as usize).min(ways - 1)
            };
            start[axis] = way as isize - padding as isize;
        }
        self.room.clear();
        let [height, width] = self.size;
        // The columns of the window that are not outside, as the picture counts them.
        let inside = start[1].clamp(0, width as isize) as usize
            ..(start[1] + wanted[1] as isize).clamp(0, width as isize) as usize;
        let left = (inside.start as isize - start[1]) as usize;
        for (plane, fill) in self.pixels.chunks_exact(height * width).zip(&self.fill) {
            for row in 0..wanted[0] as isize {
                let end = self.room.len() + wanted[1];
                if let Ok(row) = usize::try_from(start[0] + row)
                    && row < height
                {
                    self.room.resize(self.room.len() + left.min(wanted[1]), *fill);
                    self.room.extend_from_slice(&plane[row * width..][inside.clone()]);
                }
                self.room.resize(end, *fill);
            }
        }
        std::mem::swap(&mut self.pixels, &mut self.room);
        self.size = wanted;
        Ok(())
    }

    /// The mirror image.
    pub(super) fn flip(&mut self) {
        for row in self.pixels.chunks_exact_mut(self.size[1]) {
            row.reverse();
        }
    }

    fn planes(&mut self) -> std::slice::ChunksExactMut<'_, f32> {
        self.pixels.chunks_exact_mut(self.size[0] * self.size[1])
    }

    /// Calls `f` with each pixel's red, green and blue, if the picture has these.
    fn colors(&mut self, mut f: impl FnMut([f32; 3]) -> [f32; 3]) {
        let mut planes = self.planes();
        let (Some(red), Some(green), Some(blue), None) =
            (planes.next(), planes.next(), planes.next(), planes.next())
        else {
            return;
        };
        for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
            [*red, *green, *blue] = f([*red, *green, *blue]);
        }
    }

    pub(super) fn jitter(&mut self, brightness: f32, contrast: f32, saturation: f32, hue: f32) {
        let cut = |x: f32| x.clamp(0.0, 1.0);
        self.pixels.iter_mut().for_each(|x| *x = cut(*x * brightness));

        let mut grey = self.pixels.iter().sum::<f32>() / self.pixels.len() as f32;
        if self.fill.len() == 3 {
            let area = (self.size[0] * self.size[1]) as f32;
            grey = self.planes().zip(GREY).map(|(plane, part)| part * plane.iter().sum::<f32>() / area).sum();
        }
        self.pixels.iter_mut().for_each(|x| *x = cut(grey + contrast * (*x - grey)));

        // A turn about the grey axis of the colours' space (Rodrigues' formula), which keeps brightness and saturation
        // nearly as they are.
        let (sine, cosine) = hue.sin_cos();
        let across = sine / 3_f32.sqrt();
        self.colors(|color| {
            let [r, g, b] = color;
            let grey = GREY[0] * r + GREY[1] * g + GREY[2] * b;
            let [r, g, b] = color.map(|x| cut(grey + saturation * (x - grey)));
            if hue == 0.0 {
                return [r, g, b];
            }
            let mean = (r + g + b) / 3.0 * (1.0 - cosine);
            [
                r * cosine + mean + across * (b - g),
                g * cosine + mean + across * (r - b),
                b * cosine + mean + across * (g - r),
            ]
            .map(cut)
        });
    }

    pub(super) fn add(&mut self, shift: [f32; 3]) -> Result<(), Error> {
        if self.fill.len() != 3 {
            return Err(Error::argument("color_shift", "images of 3 channels", self.fill.len()));
        }
        for (plane, shift) in self.planes().zip(shift) {
            plane.iter_mut().for_each(|x| *x += shift);
        }
        Ok(())
    }

    pub(super) fn cutout(&mut self, middle: [usize; 2], size: usize) {
        let [rows, columns] = [0, 1].map(|axis| {
            let start = (middle[axis] + size.div_ceil(2)).saturating_sub(size);
            let end = middle[axis].saturating_add(size.div_ceil(2)).min(self.size[axis]);
            // Of an odd size the middle is a pixel of its own, of an even size the first after the middle.
            start.min(end)..end
        });
        let (width, area) = (self.size[1], self.size[0] * self.size[1]);
        for (plane, fill) in self.pixels.chunks_exact_mut(area).zip(&self.fill) {
            for row in rows.clone() {
                plane[row * width..][columns.clone()].fill(*fill);
            }
        }
    }

    /// Turns the picture about its middle and moves it; what comes from outside repeats the border.
    pub(super) fn turn(&mut self, angle: f32, by: [f32; 2]) {
        let [height, width] = self.size;
        let (sine, cosine) = angle.sin_cos();
        let middle = [(height as f32 - 1.0) / 2.0, (width as f32 - 1.0) / 2.0];
        self.room.clear();
        for plane in self.pixels.chunks_exact(height * width) {
            for row in 0..height {
                for column in 0..width {
                    // Where this pixel was before.
                    let (y, x) = (row as f32 - middle[0] - by[0], column as f32 - middle[1] - by[1]);
                    let from = [cosine * y - sine * x + middle[0], sine * y + cosine * x + middle[1]];
                    let mut corner = [[0; 2]; 2];
                    let mut part = [0.0; 2];
                    for axis in 0..2 {
                        let last = self.size[axis] - 1;
                        let place = from[axis].clamp(0.0, last as f32);
                        corner[axis] = [place as usize, (place as usize + 1).min(last)];
                        part[axis] = place - place.floor();
                    }
                    let at = |r: usize, c: usize| plane[corner[0][r] * width + corner[1][c]];
                    let above = at(0, 0) + part[1] * (at(0, 1) - at(0, 0));
                    let below = at(1, 0) + part[1] * (at(1, 1) - at(1, 0));
                    self.room.push(above + part[0] * (below - above));
                }
            }
        }
        std::mem::swap(&mut self.pixels, &mut self.room);
    }
}
