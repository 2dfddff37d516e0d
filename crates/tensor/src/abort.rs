//! A flag that stops a running job from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Result, TensorError};

/// A shared stop flag. Clones share the flag; long loops look at it in [`Device::turn`](crate::Device::turn).
#[derive(Debug, Clone, Default)]
pub struct Abort(Arc<AtomicBool>);

impl Abort {
    /// Asks the job to stop. May be called from any thread, any number of times.
    pub fn abort(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the job was asked to stop.
    pub fn is_aborted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// `Aborted` once the job was asked to stop.
    pub fn check(&self) -> Result<()> {
        if self.is_aborted() { Err(TensorError::Aborted) } else { Ok(()) }
    }

    /// The flag's address, one byte, 1 = stop: a page writes it through shared WebAssembly memory while the
    /// worker computes. Valid as long as a clone of this `Abort` lives.
    pub fn address(&self) -> usize {
        self.0.as_ptr() as usize
    }
}
