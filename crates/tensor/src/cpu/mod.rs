//! The CPU device: a thread pool, recycled buffers, weights.

mod cache;
mod memory;
mod pool;
mod weight;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) use cache::CpuCache;
pub(crate) use memory::CpuBuf;
use memory::Recycler;
#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
pub use pool::pool_worker;
pub(crate) use pool::{Pool, SendPtr};
#[cfg(test)]
pub(crate) use weight::is_kept;
pub(crate) use weight::{CpuWeight, MatrixRows, Packed, quantised_rows};

use crate::simd::Isa;
use crate::{Abort, Result};

/// How many bytes of weights a device may also keep widened to f32 and packed for its matrix kernel. Models within it run
/// faster; larger ones are converted tile by tile at each use.
const PACKED_BUDGET: usize = 256 << 20;

/// Values of row-wise work that are worth a task.
const MIN_WORK: usize = 8 << 10;

/// A CPU: threads, recycled memory, an instruction set chosen at run time. Cloning shares all of them.
#[derive(Clone)]
pub struct CpuDevice {
    inner: Arc<Inner>,
    isa: Isa,
    exact: bool,
}

struct Inner {
    pool: Pool,
    memory: Arc<Recycler>,
    packed: AtomicUsize,
    #[cfg(target_arch = "wasm32")]
    turn: crate::cpu::turn::Clock,
}

impl CpuDevice {
    /// At most `threads` threads, the caller's included; at least one.
    pub fn new(threads: usize) -> CpuDevice {
        let inner = Inner {
            pool: Pool::new(threads.max(1)),
            memory: Arc::new(Recycler::default()),
            packed: AtomicUsize::new(0),
            #[cfg(target_arch = "wasm32")]
            turn: Default::default(),
        };
        CpuDevice { inner: Arc::new(inner), isa: crate::simd::isa(), exact: false }
    }

    /// The same device with f32 activations everywhere: a product with quantised weights is then exact up to f32
    /// rounding, where otherwise few rows at a time are rounded to 8 bits first. For comparisons with a reference.
    pub fn exact(&self) -> CpuDevice {
        CpuDevice { exact: true, ..self.clone() }
    }

    /// Whether activations are never rounded.
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// The same device with other instructions.
    #[cfg(test)]
    pub(crate) fn with_isa(&self, isa: Isa) -> CpuDevice {
        CpuDevice { isa, ..self.clone() }
    }

    /// Which instructions kernels use.
    pub(crate) fn isa(&self) -> Isa {
        self.isa
    }

    /// Threads that can work at once.
    pub fn threads(&self) -> usize {
        self.inner.pool.threads()
    }

    /// For example `AVX2, 8 threads`.
    pub fn description(&self) -> String {
        let n = self.threads();
        format!("{}, {n} thread{}", self.isa.name(), if n == 1 { "" } else { "s" })
    }

    /// Buffers taken from the operating system so far: constant in a steady loop.
    pub fn allocations(&self) -> usize {
        self.inner.memory.allocations()
    }

    /// Looks at the abort flag and, in a page, gives the event loop a turn once 50 ms have passed.
    pub(crate) async fn turn(&self, abort: &Abort) -> Result<()> {
        #[cfg(target_arch = "wasm32")]
        self.inner.turn.turn().await;
        abort.check()
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.inner.pool
    }

    /// Calls `f(i, x_row, y_row)` for each row of `cols` values; rows of one task are neighbours.
    pub(crate) fn rows(&self, x: &[f32], y: &mut [f32], cols: usize, f: impl Fn(usize, &[f32], &mut [f32]) + Sync) {
        self.rows_mut(y, cols, |i, y| f(i, &x[i * cols..][..cols], y));
    }

    /// Calls `f(i, y_row)` for each row of `cols` values.
    pub(crate) fn rows_mut(&self, y: &mut [f32], cols: usize, f: impl Fn(usize, &mut [f32]) + Sync) {
        if cols == 0 {
            return;
        }
        let grain = self.pool().grain(y.len() / cols, cols, MIN_WORK);
        self.pool().chunks(y, grain * cols, |i, y| {
            y.chunks_exact_mut(cols).enumerate().for_each(|(j, y)| f(i * grain + j, y));
        });
    }

    /// A buffer of `len` 4-byte elements with arbitrary (but initialised) content.
    pub(crate) fn buffer(&self, len: usize) -> Result<CpuBuf> {
        self.inner.memory.take(len)
    }

    /// Takes `bytes` from the budget for packed weights; false when it is spent.
    pub(crate) fn reserve_packed(&self, bytes: usize) -> bool {
        let packed = &self.inner.packed;
        packed
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
                n.checked_add(bytes).filter(|&n| n <= PACKED_BUDGET)
            })
            .is_ok()
    }
}

#[cfg(target_arch = "wasm32")]
mod turn;
