//! Recycled buffers: a dropped temporary serves the next tensor of about its size.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytemuck::{Pod, Zeroable};

use crate::ops::gemm::Panels;
use crate::{Result, TensorError};

/// A cache line: the unit of allocation, so that rows start on vector boundaries.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// At most this many bytes wait for reuse; more goes back to the operating system.
const KEEP_BYTES: usize = 192 << 20;

/// Free buffers by their length in lines.
#[derive(Default)]
pub(super) struct Recycler {
    free: Mutex<Free>,
    allocations: AtomicUsize,
}

#[derive(Default)]
struct Free {
    by_class: HashMap<usize, Vec<Vec<Line>>>,
    bytes: usize,
}

impl Recycler {
    pub fn allocations(&self) -> usize {
        self.allocations.load(Ordering::Relaxed)
    }

    pub fn take(self: &Arc<Self>, len: usize) -> Result<CpuBuf> {
        let class = size_class(len.div_ceil(16));
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let found = free.by_class.get_mut(&class).and_then(Vec::pop);
        if found.is_some() {
            free.bytes = free.bytes.saturating_sub(class * 64);
        }
        drop(free);
        let lines = match found {
            Some(lines) => lines,
            None => self.allocate(class)?,
        };
        Ok(CpuBuf { lines, len, home: self.clone(), constant: false, packed: OnceLock::new() })
    }

    fn allocate(&self, class: usize) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        lines.try_reserve_exact(class).map_err(|_| TensorError::OutOfMemory {
            what: "a tensor on the CPU".into(),
            bytes: class as u64 * 64,
            remedy: "use a smaller model, size or length".into(),
        })?;
        lines.resize(class, Line::zeroed());
        self.allocations.fetch_add(1, Ordering::Relaxed);
        Ok(lines)
    }

    fn give_back(&self, lines: Vec<Line>) {
        let bytes = lines.len() * 64;
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes > 0 && free.bytes + bytes <= KEEP_BYTES {
            free.bytes += bytes;
            free.by_class.entry(lines.len()).or_default().push(lines);
        }
    }
}

/// Rounds up to four steps per octave: at most a quarter is wasted, and lengths that grow by one row hit the same class.
fn size_class(lines: usize) -> usize {
    let lines = lines.max(1);
    let step = (lines.next_power_of_two() / 8).max(1);
    lines.div_ceil(step) * step
}

/// Memory of one tensor: `len` elements of 4 bytes, 64-byte aligned. Goes back to its recycler when dropped.
pub(crate) struct CpuBuf {
    lines: Vec<Line>,
    len: usize,
    home: Arc<Recycler>,
    /// Written once, at load: what is packed from it may be kept.
    pub constant: bool,
    /// The same matrix, packed for the matrix kernel (constant buffers only).
    pub packed: OnceLock<Box<Panels>>,
}

impl CpuBuf {
    pub fn f32(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
    pub fn f32_mut(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
    pub fn u32(&self) -> &[u32] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
    pub fn u32_mut(&mut self) -> &mut [u32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

impl Drop for CpuBuf {
    fn drop(&mut self) {
        self.home.give_back(std::mem::take(&mut self.lines));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_loop_allocates_nothing() {
        let home = Arc::new(Recycler::default());
        for _ in 0..3 {
            drop((home.take(1000), home.take(70), home.take(1000)));
        }
        assert_eq!(home.allocations(), 3);
    }

    #[test]
    fn classes_hold_their_length_and_waste_at_most_a_quarter() {
        for n in 1..5000 {
            let class = size_class(n);
            assert!(class >= n && (n < 8 || class * 4 <= n * 5), "{n} → {class}");
        }
    }
}
