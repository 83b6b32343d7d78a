//! Fork-join on rayon's pool, whose helpers poll for tasks between the parallel sections of a pass.
//!
//! A pass through a network has a parallel section in nearly every layer. A worker of rayon's goes to sleep after 33 rounds without
//! work, and is woken by the operating system. Here the workers that help in a pass poll for its next section instead, until the pass
//! ends.

use std::any::Any;
use std::cell::Cell;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, null, null_mut};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::thread::yield_now;

/// After this many polls without tasks a helper yields the processor at each poll.
const SPINS: usize = 256;
/// After this many polls without tasks a helper returns to rayon's pool.
const POLLS: usize = 4096;

thread_local! {
    /// The team that this thread leads, if it does.
    static LED: Cell<*const Team> = const { Cell::new(null()) };
}

/// The threads of a pass: its leader, and those that help.
#[derive(Default)]
struct Team {
    /// The tasks that are shared now. Null if there are none.
    tasks: AtomicPtr<Tasks<'static>>,
    /// Counts the tasks that have been shared.
    turn: AtomicUsize,
    /// Threads that may use `tasks`.
    inside: AtomicUsize,
    /// Threads that may help, and those that have returned to the pool.
    others: usize,
    left: AtomicUsize,
    ended: AtomicBool,
}

/// Tasks that are shared.
struct Tasks<'a> {
    /// Does a task, given the number of the worker and of the task.
    f: &'a (dyn Fn(usize, usize) + Sync),
    count: usize,
    /// The first task that nobody has taken.
    next: AtomicUsize,
    /// The most threads that work, and how many have begun to.
    most: usize,
    workers: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Tasks<'_> {
    /// Does tasks until there are none.
    fn work(&self) {
        let worker = self.workers.fetch_add(1, Ordering::Relaxed);
        if worker >= self.most {
            return;
        }
        // Several at a time as long as there are many: neighbouring tasks read the same values.
        let part = |first: usize| (self.count.saturating_sub(first) / (2 * self.most)).max(1);
        let take = |first| (first < self.count).then(|| first + part(first));
        while let Ok(first) = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            (first..first + part(first)).for_each(|task| (self.f)(worker, task));
        }
    }
}

impl Team {
    /// Shares tasks, and returns when all are done.
    fn run(&self, tasks: &Tasks<'_>) {
        /// Takes the tasks back, also if one of the leader's panics.
        struct Back<'a>(&'a Team);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.tasks.store(null_mut(), Ordering::SeqCst);
                let mut polls = 0;
                while self.0.inside.load(Ordering::SeqCst) > 0 {
                    pause(&mut polls);
                }
            }
        }
        let back = Back(self);
        self.tasks.store(ptr::from_ref(tasks).cast_mut().cast(), Ordering::SeqCst);
        self.turn.fetch_add(1, Ordering::Release);
        tasks.work();
        drop(back);
    }

    /// Works on the leader's tasks.
    fn help(&self) {
        let (mut polls, mut seen) = (0, 0);
        while polls < POLLS && !self.ended.load(Ordering::Acquire) {
            let turn = self.turn.load(Ordering::Acquire);
            if turn == seen {
                pause(&mut polls);
                continue;
            }
            (polls, seen) = (0, turn);
            self.inside.fetch_add(1, Ordering::SeqCst);
            // SAFETY: `run` keeps the tasks until it has taken them back and then seen nobody inside; a thread that comes inside later
            // finds other tasks or none.
            if let Some(tasks) = unsafe { self.tasks.load(Ordering::SeqCst).as_ref() }
                && let Err(panic) = catch_unwind(AssertUnwindSafe(|| tasks.work()))
            {
                *tasks.panic.lock().expect("nothing panics with it") = Some(panic);
            }
            self.inside.fetch_sub(1, Ordering::SeqCst);
        }
        self.left.fetch_add(1, Ordering::Relaxed);
    }

    /// Helps on `threads` threads, as far as they are idle.
    fn help_on(&self, threads: usize) {
        if threads < 2 {
            return self.help();
        }
        rayon::join(|| self.help_on(threads / 2), || self.help_on(threads - threads / 2));
    }
}

/// Waits before the next poll.
fn pause(polls: &mut usize) {
    *polls += 1;
    if *polls < SPINS { spin_loop() } else { yield_now() }
}

/// Calls `f`, with idle threads of rayon's pool as helpers for the tasks that it shares.
pub(crate) fn together(f: &mut (dyn FnMut() + Send)) {
    /// Ends the team, also if `f` panics.
    struct End<'a>(&'a Team, *const Team);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            LED.set(self.1);
            self.0.ended.store(true, Ordering::Release);
        }
    }
    let others = rayon::current_num_threads() - 1;
    if others == 0 {
        return f();
    }
    let team = Team { others, ..Team::default() };
    let lead = || {
        let _end = End(&team, LED.replace(&raw const team));
        f();
    };
    rayon::join(lead, || team.help_on(others));
}

/// Calls `f` with a worker below `most` and each number below `count`.
pub(super) fn share(most: usize, count: usize, f: &(dyn Fn(usize, usize) + Sync)) {
    let led = LED.get();
    // SAFETY: `together` sets it for this thread, to a team that lives as long as it is set.
    let team = unsafe { led.as_ref() };
    match team.filter(|team| team.left.load(Ordering::Relaxed) < team.others) {
        // Tasks that share tasks of their own do those alone.
        Some(team) if !team.tasks.load(Ordering::Relaxed).is_null() => (0..count).for_each(|task| f(0, task)),
        Some(team) => {
            let (next, workers) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let tasks = Tasks { f, count, next, most, workers, panic: Mutex::new(None) };
            team.run(&tasks);
            if let Some(panic) = tasks.panic.into_inner().expect("nothing panics with it") {
                resume_unwind(panic);
            }
        }
        None if rayon::current_num_threads() == 1 => (0..count).for_each(|task| f(0, task)),
        None => together(&mut || share(most, count, f)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pool(threads: usize, f: impl FnOnce() + Send) {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f);
    }

    #[test]
    fn every_task_is_done_once_by_workers_that_do_one_at_a_time() {
        for threads in [1, 2, 5] {
            in_pool(threads, || {
                together(&mut || {
                    for (most, count) in [(1, 3), (2, 1000), (3, 7), (9, 100)] {
                        let done: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
                        let busy: Vec<AtomicBool> = (0..most).map(|_| AtomicBool::new(false)).collect();
                        share(most, count, &|worker, task| {
                            assert!(!busy[worker].swap(true, Ordering::SeqCst), "worker {worker} is busy");
                            done[task].fetch_add(1, Ordering::SeqCst);
                            // Tasks may share tasks of their own.
                            share(2, 3, &|_, _| {
                                done[task].fetch_add(10, Ordering::SeqCst);
                            });
                            busy[worker].store(false, Ordering::SeqCst);
                        });
                        assert!(done.into_iter().all(|done| done.into_inner() == 31));
                    }
                });
            });
        }
    }

    #[test]
    fn a_panic_of_any_task_reaches_the_caller_and_the_next_tasks_are_done() {
        in_pool(3, || {
            together(&mut || {
                for bad in 0..40 {
                    let shared = || share(3, 40, &|_, task| assert_ne!(task, bad, "a bad task"));
                    let panic = catch_unwind(AssertUnwindSafe(shared)).expect_err("a task panics");
                    assert!(panic.downcast_ref::<String>().expect("a message").contains("a bad task"));
                }
                let done = AtomicUsize::new(0);
                share(3, 40, &|_, _| {
                    done.fetch_add(1, Ordering::SeqCst);
                });
                assert_eq!(done.into_inner(), 40);
            });
        });
    }

    #[test]
    fn tasks_are_done_after_all_helpers_have_left() {
        in_pool(2, || {
            let team = Team { others: 1, ..Team::default() };
            team.left.store(1, Ordering::SeqCst);
            LED.set(&raw const team);
            let done = AtomicUsize::new(0);
            share(2, 9, &|_, _| {
                done.fetch_add(1, Ordering::SeqCst);
            });
            LED.set(null());
            assert_eq!(done.into_inner(), 9);
        });
    }
}
