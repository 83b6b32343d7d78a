//! Training runs: what they learn, that they repeat to the bit, and what they refuse.

mod evaluation;
mod finite;
mod freezing;
mod grad_cam;
mod learning;
mod lenet;
mod line;
mod refusals;
mod samples;
