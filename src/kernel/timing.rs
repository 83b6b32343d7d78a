//! The times of tasks, for the benchmark that replays them on more workers than a machine has.

use std::cell::RefCell;
use std::time::Instant;

/// Work that is shared among threads, and the work of one thread before it.
#[derive(Clone, Debug)]
pub struct Section {
    /// Seconds of one thread's work since the section before.
    pub before: f64,
    /// Seconds of each task, in order.
    pub tasks: Vec<f64>,
}

struct Recording {
    sections: Vec<Section>,
    /// When the section before ended.
    ended: Instant,
}

thread_local! {
    static RECORDING: RefCell<Option<Recording>> = const { RefCell::new(None) };
}

/// Calls `f`, whose tasks this thread does one after the other, and gives their times. The last section has no tasks. Work that is
/// handed to another thread is not seen: call it in a pool of one thread.
pub fn timed(f: impl FnOnce()) -> Vec<Section> {
    let start = Recording { sections: Vec::new(), ended: Instant::now() };
    RECORDING.with_borrow_mut(|recording| *recording = Some(start));
    f();
    let recording = RECORDING.with_borrow_mut(Option::take);
    let Recording { mut sections, ended } = recording.expect("nothing else takes it");
    sections.push(Section { before: ended.elapsed().as_secs_f64(), tasks: Vec::new() });
    sections
}

/// Does the tasks of a section one after the other and notes their times, if this thread's are noted; false if not.
pub(super) fn note(tasks: usize, f: &dyn Fn(usize)) -> bool {
    let Some(ended) = RECORDING.with_borrow(|recording| recording.as_ref().map(|recording| recording.ended))
    else {
        return false;
    };
    let mut section = Section { before: ended.elapsed().as_secs_f64(), tasks: Vec::with_capacity(tasks) };
    for task in 0..tasks {
        let start = Instant::now();
        f(task);
        section.tasks.push(start.elapsed().as_secs_f64());
    }
    RECORDING.with_borrow_mut(|recording| {
        if let Some(recording) = recording {
            recording.sections.push(section);
            recording.ended = Instant::now();
        }
    });
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Exec;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_task_is_done_once_and_noted() {
        let done = AtomicUsize::new(0);
        let count = |_| {
            done.fetch_add(1, Ordering::Relaxed);
        };
        let sections = timed(|| {
            Exec::new(true).each(5, count);
            Exec::new(false).each(7, count);
            Exec::new(true).each(3, count);
        });
        let tasks: Vec<usize> = sections.iter().map(|section| section.tasks.len()).collect();
        assert_eq!((tasks, done.into_inner()), (vec![5, 3, 0], 15));
        assert!(!note(1, &|_| unreachable!("nothing is noted any more")));
    }
}
