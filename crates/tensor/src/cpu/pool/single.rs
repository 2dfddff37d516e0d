//! A build without threads: the caller does all the work.

use std::sync::atomic::AtomicU32;

use super::Shared;

static SHARED: Shared = Shared::new();

pub(super) struct Sleep;

impl Sleep {
    pub const fn new() -> Sleep {
        Sleep
    }
    pub fn wake(&self, _generation: &AtomicU32) {}
    pub fn yield_now() {}
}

pub(super) struct Handle;

impl Handle {
    pub fn start(_workers: usize) -> Handle {
        Handle
    }
    pub fn workers(&self) -> usize {
        0
    }
    pub fn shared(&self) -> &Shared {
        &SHARED
    }
}
