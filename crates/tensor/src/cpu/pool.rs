//! The thread pool: made for hundreds of forks a decode step, so workers spin before they sleep.
//!
//! A job is *open* while tasks remain. A worker joins an open job, takes task numbers from a counter, and leaves. The
//! caller works too, closes the job when the counter ran out, and waits only for the workers that had joined: a worker that
//! the operating system has not woken yet holds nobody up.

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, TryLockError};

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
mod single;
#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
mod web;

#[cfg(not(target_arch = "wasm32"))]
use native::{Handle, Sleep};
#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
use single::{Handle, Sleep};
#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
pub use web::pool_worker;
#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
use web::{Handle, Sleep};

/// Bit of [`Shared::state`]: tasks may remain. The bits below count the workers that joined.
const OPEN: u32 = 1 << 31;

#[derive(Clone, Copy)]
struct Job {
    data: *const (),
    call: unsafe fn(*const (), usize),
    tasks: usize,
}

struct Shared {
    job: UnsafeCell<Job>,
    state: AtomicU32,
    next: AtomicUsize,
    generation: AtomicU32,
    panicked: AtomicBool,
    busy: Mutex<()>,
    sleep: Sleep,
}

// SAFETY: `job` is written only by the holder of `busy` while `state` is 0 (closed, nobody joined), and read only by
// workers between a successful join (an acquiring change of `state` from open) and their leaving.
unsafe impl Sync for Shared {}
// SAFETY: as above; the pointer in `job` is only followed while the caller of `run` keeps the closure alive.
unsafe impl Send for Shared {}

impl Shared {
    const fn new() -> Shared {
        Shared {
            job: UnsafeCell::new(Job { data: std::ptr::null(), call: nothing, tasks: 0 }),
            state: AtomicU32::new(0),
            next: AtomicUsize::new(0),
            generation: AtomicU32::new(0),
            panicked: AtomicBool::new(false),
            busy: Mutex::new(()),
            sleep: Sleep::new(),
        }
    }

    /// A worker's life between two looks at `generation`.
    #[cfg(any(not(target_arch = "wasm32"), target_feature = "atomics"))]
    fn help(&self) {
        let join = self.state.fetch_update(Ordering::Acquire, Ordering::Relaxed, |s| (s & OPEN != 0).then_some(s + 1));
        if join.is_err() {
            return;
        }
        // SAFETY: joined an open job, so the caller waits for us and the job cannot change.
        let job = unsafe { *self.job.get() };
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.work(job))).is_err() {
            self.panicked.store(true, Ordering::Relaxed);
        }
        self.state.fetch_sub(1, Ordering::Release);
    }

    fn work(&self, job: Job) {
        loop {
            let task = self.next.fetch_add(1, Ordering::Relaxed);
            if task >= job.tasks {
                return;
            }
            // SAFETY: `data` points to the closure that `run` keeps alive until all who joined have left.
            unsafe { (job.call)(job.data, task) };
        }
    }
}

unsafe fn nothing(_: *const (), _: usize) {}

unsafe fn call_closure<F: Fn(usize) + Sync>(data: *const (), task: usize) {
    // SAFETY: `data` was made from a `&F` that outlives the job.
    unsafe { (*data.cast::<F>())(task) }
}

/// Threads that run the tasks of one kernel call at a time.
pub(crate) struct Pool {
    handle: Handle,
}

impl Pool {
    pub fn new(threads: usize) -> Pool {
        Pool { handle: Handle::start(threads - 1) }
    }

    pub fn threads(&self) -> usize {
        1 + self.handle.workers()
    }

    /// Calls `f` once for each task number below `tasks`, on whichever threads are free. When another caller is using the
    /// workers, or from inside a task, all tasks run here.
    pub fn run<F: Fn(usize) + Sync>(&self, tasks: usize, f: F) {
        let guard = if tasks > 1 && self.handle.workers() > 0 {
            match self.handle.shared().busy.try_lock() {
                Ok(guard) => Some(guard),
                Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            }
        } else {
            None
        };
        let Some(_guard) = guard else {
            (0..tasks).for_each(f);
            return;
        };
        let shared = self.handle.shared();
        let job = Job { data: (&raw const f).cast(), call: call_closure::<F>, tasks };
        // SAFETY: we hold `busy` and the last job ended with `state` 0.
        unsafe { *shared.job.get() = job };
        shared.next.store(0, Ordering::Relaxed);
        shared.panicked.store(false, Ordering::Relaxed);
        shared.state.store(OPEN, Ordering::Release);
        shared.generation.fetch_add(1, Ordering::SeqCst);
        shared.sleep.wake(&shared.generation);
        let close = Close(shared); // also when `f` panics here: nobody may use the closure after this frame
        shared.work(job);
        drop(close);
        assert!(!shared.panicked.load(Ordering::Relaxed), "a kernel panicked on a worker thread");
    }

    /// Calls `f(i, chunk)` for the i-th `chunk`-long piece of `data` (the last may be shorter).
    pub fn chunks<T: Send>(&self, data: &mut [T], chunk: usize, f: impl Fn(usize, &mut [T]) + Sync) {
        let (len, chunk) = (data.len(), chunk.max(1));
        let base = SendPtr::new(data);
        self.run(len.div_ceil(chunk), |i| {
            let start = i * chunk;
            // SAFETY: each task number runs once and the ranges are disjoint and within `data`.
            f(i, unsafe { base.slice(start, chunk.min(len - start)) });
        });
    }

    /// Rows per task, so that a task is worth a fork: at least `min_work` units of `row_work` each, and a few tasks a thread.
    pub fn grain(&self, rows: usize, row_work: usize, min_work: usize) -> usize {
        let by_work = min_work.div_ceil(row_work.max(1));
        let by_threads = rows.div_ceil(self.threads() * 4);
        by_work.max(by_threads).clamp(1, rows.max(1))
    }
}

struct Close<'a>(&'a Shared);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        self.0.next.fetch_add(usize::MAX / 2, Ordering::Relaxed); // no new tasks after a panic here
        self.0.state.fetch_and(!OPEN, Ordering::AcqRel);
        let mut spins = 0u32;
        while self.0.state.load(Ordering::Acquire) != 0 {
            std::hint::spin_loop();
            spins = spins.wrapping_add(1);
            if spins.is_multiple_of(1 << 12) {
                Sleep::yield_now();
            }
        }
    }
}

/// A mutable slice that tasks share; each takes parts that no other task takes.
pub(crate) struct SendPtr<'a, T> {
    base: *mut T,
    len: usize,
    life: PhantomData<&'a mut [T]>,
}

// SAFETY: the pointer is only used through `slice`, whose caller proves that parts are disjoint.
unsafe impl<T: Send> Sync for SendPtr<'_, T> {}

impl<'a, T> SendPtr<'a, T> {
    pub fn new(data: &'a mut [T]) -> Self {
        SendPtr { base: data.as_mut_ptr(), len: data.len(), life: PhantomData }
    }

    /// # Safety
    /// No two live slices may overlap. (The range is checked.)
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn slice(&self, start: usize, len: usize) -> &mut [T] {
        assert!(start <= self.len && len <= self.len - start);
        // SAFETY: in range by the line above, unique by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.base.add(start), len) }
    }

    /// Where element `i` lies. (The index is checked.)
    pub fn at(&self, i: usize) -> *mut T {
        assert!(i < self.len);
        self.base.wrapping_add(i)
    }

    /// # Safety
    /// Nobody else may read or write the element. (The index is checked.)
    pub unsafe fn write(&self, i: usize, value: T)
    where
        T: Copy,
    {
        assert!(i < self.len);
        // SAFETY: in range by the line above, unshared by the caller's promise.
        unsafe { self.base.add(i).write(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn every_task_runs_once() {
        let pool = Pool::new(4);
        for tasks in [0, 1, 2, 7, 100, 1000] {
            let counts: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
            pool.run(tasks, |i| _ = counts[i].fetch_add(1, Ordering::Relaxed));
            assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 1), "{tasks} tasks");
        }
    }

    #[test]
    fn two_callers_and_nested_calls_share_a_pool() {
        let pool = Pool::new(3);
        let sum = AtomicUsize::new(0);
        std::thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| {
                    for _ in 0..200 {
                        pool.run(4, |_| pool.run(3, |_| _ = sum.fetch_add(1, Ordering::Relaxed)));
                    }
                });
            }
        });
        assert_eq!(sum.into_inner(), 2 * 200 * 12);
    }

    #[test]
    fn a_panic_in_a_task_reaches_the_caller_and_the_pool_goes_on() {
        let pool = Pool::new(2);
        let failed = catch_unwind(AssertUnwindSafe(|| pool.run(50, |i| assert_ne!(i, 20)))).is_err();
        assert!(failed);
        let sum = AtomicUsize::new(0);
        pool.run(10, |i| _ = sum.fetch_add(i, Ordering::Relaxed));
        assert_eq!(sum.into_inner(), 45);
    }

    #[test]
    fn chunks_cover_the_slice() {
        let mut data = vec![0; 103];
        Pool::new(3).chunks(&mut data, 10, |i, c| c.fill(i));
        assert!(data.iter().enumerate().all(|(j, &v)| v == j / 10));
    }
}
