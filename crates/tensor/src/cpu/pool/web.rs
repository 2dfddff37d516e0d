//! Workers as Web Workers that the page starts; one pool for the page, since a module has one memory.

use std::arch::wasm32::{memory_atomic_notify, memory_atomic_wait32};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::Shared;

/// Looks at the generation before a worker sleeps.
const SPINS: u32 = 20_000;

static SHARED: Shared = Shared::new();
static REGISTERED: AtomicUsize = AtomicUsize::new(0);

pub(super) struct Sleep(AtomicUsize);

impl Sleep {
    pub const fn new() -> Sleep {
        Sleep(AtomicUsize::new(0))
    }

    /// After a new generation. `memory_atomic_wait32` compares once more, so no wake-up is lost.
    pub fn wake(&self, generation: &AtomicU32) {
        if self.0.load(Ordering::SeqCst) > 0 {
            // SAFETY: the address of a live, aligned atomic.
            unsafe { memory_atomic_notify(generation.as_ptr().cast(), u32::MAX) };
        }
    }

    fn wait(&self, generation: &AtomicU32, seen: u32) {
        self.0.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the address of a live, aligned atomic; workers may block.
        unsafe { memory_atomic_wait32(generation.as_ptr().cast(), seen as i32, -1) };
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    pub fn yield_now() {}
}

/// Never returns: the life of one helper. To be called in a Web Worker that was given this module and its memory.
pub fn pool_worker() {
    REGISTERED.fetch_add(1, Ordering::SeqCst);
    let mut seen = 0;
    loop {
        let mut spins = 0;
        while SHARED.generation.load(Ordering::Acquire) == seen {
            spins += 1;
            if spins > SPINS {
                SHARED.sleep.wait(&SHARED.generation, seen);
            }
            std::hint::spin_loop();
        }
        seen = SHARED.generation.load(Ordering::Acquire);
        SHARED.help();
    }
}

pub(super) struct Handle {
    limit: usize,
}

impl Handle {
    pub fn start(workers: usize) -> Handle {
        Handle { limit: workers }
    }

    /// Helpers may register late, so this is asked at each call.
    pub fn workers(&self) -> usize {
        self.limit.min(REGISTERED.load(Ordering::Relaxed))
    }

    pub fn shared(&self) -> &Shared {
        &SHARED
    }
}
