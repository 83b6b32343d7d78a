//! What is compiled with this crate, once for `f32` and once for `f64`.
//!
//! Generic code is compiled anew in each program that uses it, and the kernels, with their copies for each instruction
//! set, are most of what there is to compile. Here generic code is called from functions that are not generic.

use crate::loss::Tally;
use crate::network::LayerOutput;
use crate::plan::{Op, Plan};
use crate::tensor::Lanes;
use crate::workspace::{Task, Workspace};

/// An operation of this crate, for either scalar.
pub trait Builtin {
    /// For `f32`.
    fn f32(self: Box<Self>) -> Box<dyn Op<f32>>;
    /// For `f64`.
    fn f64(self: Box<Self>) -> Box<dyn Op<f64>>;
}

/// Makes types that are an [`Op`] for both scalars [`Builtin`].
macro_rules! builtin {
    ($($op:ty),+ $(,)?) => {
        $(
            impl $crate::engine::Builtin for $op {
                fn f32(self: Box<Self>) -> Box<dyn $crate::plan::Op<f32>> {
                    self
                }
                fn f64(self: Box<Self>) -> Box<dyn $crate::plan::Op<f64>> {
                    self
                }
            }

            impl From<$op> for Box<dyn $crate::engine::Builtin> {
                // Not inlined: the caller would be the one that compiles the operation.
                #[inline(never)]
                fn from(op: $op) -> Self {
                    Box::new(op)
                }
            }
        )+
    };
}
pub(crate) use builtin;

/// The calls behind which everything is compiled with this crate.
pub trait Engine: Sized {
    /// An operation of this crate.
    fn op(op: Box<dyn Builtin>) -> Box<dyn Op<Self>>;

    /// [`Plan::gradient`].
    fn gradient(plan: &Plan<Self>, space: &mut Workspace<Self>, task: Task<'_, Self>) -> Tally;

    /// [`Plan::infer`].
    fn infer(plan: &Plan<Self>, y: &mut [Lanes<Self>], x: &[Lanes<Self>], samples: usize, params: &[Self]);

    /// [`Plan::infer_sample`].
    fn infer_sample(plan: &Plan<Self>, y: &mut [Self], x: &[Self], params: &[Self]);

    /// [`Plan::trace`].
    fn trace(plan: &Plan<Self>, x: &[Self], params: &[Self]) -> Vec<LayerOutput<Self>>;
}

macro_rules! engine {
    ($($scalar:ident),+) => {
        $(impl Engine for $scalar {
            fn op(op: Box<dyn Builtin>) -> Box<dyn Op<Self>> {
                op.$scalar()
            }

            #[inline(never)]
            fn gradient(plan: &Plan<Self>, space: &mut Workspace<Self>, task: Task<'_, Self>) -> Tally {
                plan.gradient(space, task)
            }

            #[inline(never)]
            fn infer(plan: &Plan<Self>, y: &mut [Lanes<Self>], x: &[Lanes<Self>], samples: usize, params: &[Self]) {
                plan.infer(y, x, samples, params);
            }

            #[inline(never)]
            fn infer_sample(plan: &Plan<Self>, y: &mut [Self], x: &[Self], params: &[Self]) {
                plan.infer_sample(y, x, params);
            }

            #[inline(never)]
            fn trace(plan: &Plan<Self>, x: &[Self], params: &[Self]) -> Vec<LayerOutput<Self>> {
                plan.trace(x, params)
            }
        })+
    };
}
engine!(f32, f64);
