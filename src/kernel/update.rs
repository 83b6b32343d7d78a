//! Steps of the optimisers, penalties and clipping, as plain loops over parameters.

use super::{Isa, vectorized};
use crate::kernel::Vectorized;

vectorized! {
    /// θ ← θ − η·g.
    pub(crate) fn descend[T: Vectorized](params: &mut [T], gradient: &[T], rate: T) {
        for (p, g) in params.iter_mut().zip(gradient) {
            *p -= rate * *g;
        }
    }
}

vectorized! {
    /// v ← μ·v + g, θ ← θ − η·v.
    pub(crate) fn momentum_step[T: Vectorized](params: &mut [T], velocity: &mut [T], gradient: &[T], rate: T, momentum: T) {
        for ((p, g), v) in params.iter_mut().zip(gradient).zip(velocity) {
            *v = momentum * *v + *g;
            *p -= rate * *v;
        }
    }
}

vectorized! {
    /// v ← μ·v + g, θ ← θ − η·(g + μ·v).
    pub(crate) fn nesterov_step[T: Vectorized](params: &mut [T], velocity: &mut [T], gradient: &[T], rate: T, momentum: T) {
        for ((p, g), v) in params.iter_mut().zip(gradient).zip(velocity) {
            *v = momentum * *v + *g;
            *p -= rate * (*g + momentum * *v);
        }
    }
}

vectorized! {
    /// s ← s + g², θ ← θ − η·g / (√s + ε).
    pub(crate) fn adagrad_step[T: Vectorized](params: &mut [T], squares: &mut [T], gradient: &[T], rate: T, epsilon: T) {
        for ((p, g), s) in params.iter_mut().zip(gradient).zip(squares) {
            *s += *g * *g;
            *p -= rate * *g / (s.sqrt() + epsilon);
        }
    }
}

vectorized! {
    /// s ← α·s + (1 − α)·g²; with a mean, m ← α·m + (1 − α)·g and v = s − m², else v = s;
    /// d = g / (√v + ε); with a velocity, b ← μ·b + d and d = b; θ ← θ − η·d.
    pub(crate) fn rms_step[T: Vectorized](
        params: &mut [T],
        squares: &mut [T],
        mean: Option<&mut [T]>,
        velocity: Option<&mut [T]>,
        gradient: &[T],
        rate: T,
        decay: [T; 2],
        epsilon: T,
        momentum: T,
    ) {
        let [alpha, rest] = decay;
        let (mut mean, mut velocity) = (mean, velocity);
        let mut direction = [T::zero(); 256];
        for start in (0..params.len()).step_by(direction.len()) {
            let part = start..(start + direction.len()).min(params.len());
            let (gradient, direction) = (&gradient[part.clone()], &mut direction[..part.len()]);
            for ((d, g), s) in direction.iter_mut().zip(gradient).zip(&mut squares[part.clone()]) {
                *s = alpha * *s + rest * *g * *g;
                *d = *s;
            }
            if let Some(mean) = &mut mean {
                for ((d, g), m) in direction.iter_mut().zip(gradient).zip(&mut mean[part.clone()]) {
                    *m = alpha * *m + rest * *g;
                    // If the gradient never changes, rounding can make the difference negative.
                    let variance = *d - *m * *m;
                    *d = if variance > T::zero() { variance } else { T::zero() };
                }
            }
            for (d, g) in direction.iter_mut().zip(gradient) {
                *d = *g / (d.sqrt() + epsilon);
            }
            if let Some(velocity) = &mut velocity {
                for (d, b) in direction.iter_mut().zip(&mut velocity[part.clone()]) {
                    *b = momentum * *b + *d;
                    *d = *b;
                }
            }
            for (p, d) in params[part].iter_mut().zip(&*direction) {
                *p -= rate * *d;
            }
        }
    }
}

vectorized! {
    /// m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², θ ← keep·θ − η·m / (c·√v + ε). `betas` holds
    /// each β and 1 − β.
    pub(crate) fn adam_step[T: Vectorized](
        params: &mut [T],
        mean: &mut [T],
        square: &mut [T],
        gradient: &[T],
        rate: T,
        betas: [[T; 2]; 2],
        correction: T,
        epsilon: T,
        keep: T,
    ) {
        let [[beta1, rest1], [beta2, rest2]] = betas;
        for (((p, g), m), v) in params.iter_mut().zip(gradient).zip(mean).zip(square) {
            *m = beta1 * *m + rest1 * *g;
            *v = beta2 * *v + rest2 * *g * *g;
            *p = keep * *p - rate * *m / (correction * v.sqrt() + epsilon);
        }
    }
}

vectorized! {
    /// g ← g + λ₂·w + λ₁·sign(w), with sign(0) = 0.
    pub(crate) fn penalise[T: Vectorized](gradient: &mut [T], weights: &[T], l1: T, l2: T) {
        for (g, w) in gradient.iter_mut().zip(weights) {
            let zero = T::zero();
            let sign = if *w > zero { l1 } else if *w < zero { -l1 } else { zero };
            *g += l2 * *w + sign;
        }
    }
}

vectorized! {
    /// x ← min(max(x, −limit), limit).
    pub(crate) fn clamp[T: Vectorized](x: &mut [T], limit: T) {
        for x in x {
            let above = if *x < -limit { -limit } else { *x };
            *x = if above > limit { limit } else { above };
        }
    }
}

vectorized! {
    /// x ← factor·x.
    pub(crate) fn scale[T: Vectorized](x: &mut [T], factor: T) {
        for x in x {
            *x *= factor;
        }
    }
}

vectorized! {
    /// p ← (1 − momentum) · p + momentum · value: exactly the value with momentum 1.
    pub(crate) fn approach[T: Vectorized](params: &mut [T], values: &[T], momentum: T) {
        for (p, value) in params.iter_mut().zip(values) {
            *p = (T::one() - momentum) * *p + momentum * *value;
        }
    }
}

/// The sum of the squares, always added in the same order.
pub(crate) fn sum_of_squares<T: Vectorized>(isa: Isa, x: &[T]) -> f64 {
    vectorized! {
        fn add_up[T: Vectorized](x: &[T], sum: &mut f64) {
            let mut sums = [0.0; 32];
            let (whole, rest) = x.as_chunks::<32>();
            for x in whole {
                for (sum, x) in sums.iter_mut().zip(x) {
                    *sum += x.as_f64() * x.as_f64();
                }
            }
            for (sum, x) in sums.iter_mut().zip(rest) {
                *sum += x.as_f64() * x.as_f64();
            }
            *sum = sums.iter().sum();
        }
    }
    let mut sum = 0.0;
    add_up(isa, x, &mut sum);
    sum
}
