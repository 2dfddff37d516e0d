//! Workers as threads of the operating system; they belong to one pool and end with it.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::Shared;

/// Looks at the generation before a worker sleeps: some 100 µs, longer than the gaps within a decode step.
const SPINS: u32 = 3_000;

pub(super) struct Sleep {
    sleepers: AtomicUsize,
    lock: Mutex<()>,
    condvar: Condvar,
    stop: AtomicBool,
}

impl Sleep {
    pub const fn new() -> Sleep {
        Sleep {
            sleepers: AtomicUsize::new(0),
            lock: Mutex::new(()),
            condvar: Condvar::new(),
            stop: AtomicBool::new(false),
        }
    }

    /// After a new generation. A worker counts itself asleep before it looks at the generation for the last time, so
    /// either it sees the new one or we see it.
    pub fn wake(&self, _generation: &AtomicU32) {
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.condvar.notify_all();
        }
    }

    fn wait(&self, generation: &AtomicU32, seen: u32) {
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while generation.load(Ordering::SeqCst) == seen && !self.stop.load(Ordering::SeqCst) {
            guard = self.condvar.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        drop(guard);
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }

    pub fn yield_now() {
        std::thread::yield_now();
    }
}

pub(super) struct Handle {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Handle {
    /// Starts up to `workers` threads; fewer when the system refuses.
    pub fn start(workers: usize) -> Handle {
        let shared = Arc::new(Shared::new());
        let spawn = |i: usize| {
            let shared = shared.clone();
            std::thread::Builder::new().name(format!("kinora-{i}")).spawn(move || worker(&shared)).ok()
        };
        Handle { threads: (0..workers).map_while(spawn).collect(), shared }
    }

    pub fn workers(&self) -> usize {
        self.threads.len()
    }

    pub fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.sleep.stop.store(true, Ordering::SeqCst);
        self.shared.generation.fetch_add(1, Ordering::SeqCst);
        self.shared.sleep.wake(&self.shared.generation);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn worker(shared: &Shared) {
    let mut seen = 0;
    loop {
        let mut spins = 0;
        while shared.generation.load(Ordering::Acquire) == seen {
            spins += 1;
            if spins > SPINS {
                shared.sleep.wait(&shared.generation, seen);
            }
            std::hint::spin_loop();
        }
        if shared.sleep.stop.load(Ordering::SeqCst) {
            return;
        }
        seen = shared.generation.load(Ordering::Acquire);
        shared.help();
    }
}
