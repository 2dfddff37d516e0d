//! GPU memory: temporaries from an arena of size classes, and persistent buffers for weights and caches.
//!
//! Each allocation is a whole buffer, because WebGPU forbids one dispatch to read and to write the same buffer. Free
//! buffers are handed out lowest id first: the same sequence of operations then gets the same buffers in each step, and
//! finds its bind groups in the cache.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{GpuDevice, error};
use crate::{Result, TensorError};

/// Uploads go in pieces of this size, so that staging memory stays small beside the weights.
const UPLOAD_BYTES: usize = 4 << 20;
/// Free temporaries are given back to the system before the arena grows beyond this.
const ARENA_BYTES: u64 = 1 << 30;
/// Room behind a buffer that guard words take, at least.
const GUARD_BYTES: u64 = 64;
/// What guard words hold: a NaN with a payload that no computation makes.
pub(super) const GUARD: u32 = 0x7fc0_beef;

/// Names one buffer for the life of the device; never reused.
pub(super) type BufferId = u32;

/// A piece of GPU memory. Clones share it; with the last clone a temporary returns to the arena and a persistent
/// buffer is destroyed (a browser frees nothing by itself in time).
#[derive(Clone)]
pub struct GpuBuffer(Arc<Allocation>);

struct Allocation {
    gpu: GpuDevice,
    slot: Slot,
    /// Bytes asked for.
    size: u64,
    /// The submission that uses it last, pending or done.
    last_use: AtomicU64,
    persistent: bool,
}

/// A buffer of the arena.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) id: BufferId,
    pub(super) buffer: wgpu::Buffer,
    pub(super) bytes: u64,
    last_use: u64,
}

impl GpuBuffer {
    /// Bytes asked for.
    pub fn size(&self) -> u64 {
        self.0.size
    }

    /// Bytes bound: the whole size class, so that lengths that grow do not change bindings.
    pub(super) fn capacity(&self) -> u64 {
        self.0.slot.bytes
    }

    pub(super) fn id(&self) -> BufferId {
        self.0.slot.id
    }

    pub(super) fn raw(&self) -> &wgpu::Buffer {
        &self.0.slot.buffer
    }

    /// Whether both are on one device.
    pub(super) fn is_on(&self, gpu: &GpuDevice) -> bool {
        Arc::ptr_eq(&self.0.gpu.0, &gpu.0)
    }

    /// Remembers that the submission `epoch` uses this buffer.
    pub(super) fn used_in(&self, epoch: u64) {
        self.0.last_use.fetch_max(epoch, Ordering::Relaxed);
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        let last_use = self.last_use.load(Ordering::Relaxed);
        if self.persistent {
            // What was recorded still names the buffer: it must reach the queue first. A failure stays in `health`.
            if last_use == self.gpu.state().epoch {
                let _ = self.gpu.flush();
            }
            self.slot.buffer.destroy();
            self.gpu.state().forget(self.slot.id);
        } else {
            self.gpu.state().arena.release(Slot { last_use, ..self.slot.clone() });
        }
    }
}

/// Free temporaries by class and id.
#[derive(Default)]
pub(super) struct Arena {
    free: BTreeMap<(u64, BufferId), Slot>,
    /// Bytes in free buffers.
    free_bytes: u64,
    /// Bytes in all temporaries, free or taken.
    total_bytes: u64,
    next_id: BufferId,
}

impl Arena {
    /// The free buffer of this class with the lowest id; with `before`, only one that no submission from that one on
    /// uses.
    fn take(&mut self, class: u64, before: Option<u64>) -> Option<Slot> {
        let mut of_class = self.free.range((Included((class, 0)), Excluded((class + 1, 0))));
        let key = *of_class.find(|(_, slot)| before.is_none_or(|epoch| slot.last_use < epoch))?.0;
        let slot = self.free.remove(&key)?;
        self.free_bytes -= slot.bytes;
        Some(slot)
    }

    fn release(&mut self, slot: Slot) {
        self.free_bytes += slot.bytes;
        self.free.insert((slot.bytes, slot.id), slot);
    }

    fn next_id(&mut self) -> BufferId {
        self.next_id += 1;
        self.next_id
    }

    /// Destroys the free buffers that only submissions before `epoch` use, and names them.
    pub(super) fn trim(&mut self, epoch: u64) -> Vec<BufferId> {
        let (old, used) = std::mem::take(&mut self.free).into_iter().partition(|(_, slot)| slot.last_use < epoch);
        self.free = used;
        let gone: BTreeMap<(u64, BufferId), Slot> = old;
        for slot in gone.values() {
            slot.buffer.destroy();
            self.free_bytes -= slot.bytes;
            self.total_bytes -= slot.bytes;
        }
        gone.into_values().map(|slot| slot.id).collect()
    }
}

/// The size class of `bytes`: four steps an octave, at most a quarter more than asked for.
fn size_class(bytes: u64) -> u64 {
    let bytes = bytes.max(256);
    let step = (bytes.next_power_of_two() / 8).max(64);
    bytes.next_multiple_of(step)
}

impl GpuDevice {
    /// A temporary of `bytes` bytes, contents undefined. Errors: `OutOfMemory`, `DeviceLost`, `Unsupported` above the
    /// size of one binding.
    pub fn alloc(&self, bytes: usize) -> Result<GpuBuffer> {
        self.alloc_where(bytes, false)
    }

    /// A temporary that holds `data`. Takes a buffer that recorded work does not touch, so nothing need be submitted.
    pub fn alloc_with(&self, data: &[u8]) -> Result<GpuBuffer> {
        let buffer = self.alloc_where(data.len(), true)?;
        self.upload(&buffer, data)?;
        Ok(buffer)
    }

    fn alloc_where(&self, bytes: usize, untouched: bool) -> Result<GpuBuffer> {
        self.0.health.check()?;
        let size = bytes as u64;
        let guards = self.0.options.guards;
        let limit = self.binding_limit();
        if size > limit {
            return Err(error::too_large("a tensor", size, limit));
        }
        let class = size_class(if guards { size + GUARD_BYTES } else { size }).min(limit);
        let (free, over) = {
            let mut state = self.state();
            let before = (untouched || guards).then_some(state.epoch);
            let free = state.arena.take(class, before);
            (free, state.arena.total_bytes + class > ARENA_BYTES && state.arena.free_bytes > 0)
        };
        let slot = match free {
            Some(slot) => slot,
            None => {
                if over {
                    self.trim()?;
                }
                let slot = match self.create("a temporary", class) {
                    Err(TensorError::OutOfMemory { .. }) => {
                        self.trim()?;
                        self.create("a temporary", class)?
                    }
                    other => other?,
                };
                self.state().arena.total_bytes += class;
                slot
            }
        };
        let last_use = AtomicU64::new(slot.last_use);
        let buffer = GpuBuffer(Arc::new(Allocation { gpu: self.clone(), slot, size, last_use, persistent: false }));
        if guards {
            self.write_guards(&buffer);
        }
        Ok(buffer)
    }

    /// Zeroed storage that outlives a step; destroyed with its last clone.
    pub fn alloc_persistent(&self, bytes: usize) -> Result<GpuBuffer> {
        self.0.health.check()?;
        let size = bytes as u64;
        let limit = self.binding_limit();
        if size > limit {
            return Err(error::too_large("a stored tensor", size, limit));
        }
        let guard = if self.0.options.guards { GUARD_BYTES } else { 0 };
        let slot = self.create("stored data", (size + guard).next_multiple_of(16).max(16).min(limit))?;
        let last_use = AtomicU64::new(0);
        let buffer = GpuBuffer(Arc::new(Allocation { gpu: self.clone(), slot, size, last_use, persistent: true }));
        if self.0.options.guards {
            self.write_guards(&buffer);
        }
        Ok(buffer)
    }

    /// Writes `data` to the start of `buffer`, after all that was recorded before.
    pub fn upload(&self, buffer: &GpuBuffer, data: &[u8]) -> Result<()> {
        self.upload_at(buffer, 0, data)
    }

    /// As [`GpuDevice::upload`], from byte `offset` on, a multiple of four.
    pub(super) fn upload_at(&self, buffer: &GpuBuffer, offset: usize, data: &[u8]) -> Result<()> {
        self.0.health.check()?;
        if !buffer.is_on(self) {
            return Err(TensorError::Device { op: "upload", arg: "buffer" });
        }
        let end = (offset + data.len()) as u64;
        if end > buffer.capacity() {
            return Err(error::too_large("an upload", end, buffer.capacity()));
        }
        // A write goes to the queue now, before work that is recorded but not submitted.
        let pending = buffer.0.last_use.load(Ordering::Relaxed) == self.state().epoch;
        if pending {
            self.flush()?;
        }
        for (i, piece) in data.chunks(UPLOAD_BYTES).enumerate() {
            self.write(buffer, offset + i * UPLOAD_BYTES, piece);
            if data.len() >= UPLOAD_BYTES / 2 {
                let _turn = self.queue_turn();
                self.0.queue.submit(None); // hands the staging memory back
            }
        }
        Ok(())
    }

    /// `piece` at a byte offset that is a multiple of four; a length that is not is padded with zeros.
    fn write(&self, buffer: &GpuBuffer, offset: usize, piece: &[u8]) {
        let whole = piece.len() / 4 * 4;
        let (words, rest) = piece.split_at(whole);
        if !words.is_empty() {
            self.0.queue.write_buffer(buffer.raw(), offset as u64, words);
        }
        if !rest.is_empty() {
            let mut last = [0u8; 4];
            last[..rest.len()].copy_from_slice(rest);
            self.0.queue.write_buffer(buffer.raw(), (offset + whole) as u64, &last);
        }
    }

    /// Bytes of one storage binding.
    pub(crate) fn binding_limit(&self) -> u64 {
        let limits = &self.0.limits;
        let limit = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        self.0.options.max_binding.map_or(limit, |most| most.min(limit))
    }

    /// Submits what was recorded and destroys the free temporaries.
    fn trim(&self) -> Result<()> {
        self.flush()?;
        let mut state = self.state();
        let epoch = state.epoch;
        state.trim(epoch);
        Ok(())
    }

    /// A new buffer; natively the driver's answer is awaited, in the browser it comes with the next read.
    fn create(&self, what: &str, bytes: u64) -> Result<Slot> {
        self.0.health.newest_bytes.store(bytes, Ordering::Relaxed);
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        let descriptor = wgpu::BufferDescriptor { label: None, size: bytes, usage, mapped_at_creation: false };
        #[cfg(not(target_arch = "wasm32"))]
        let buffer = {
            let scope = self.0.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
            let buffer = self.0.device.create_buffer(&descriptor);
            let error = std::pin::pin!(scope.pop());
            // wgpu-core answers at once; a pending answer would reach the uncaptured-error handler instead.
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            if let std::task::Poll::Ready(Some(_)) = std::future::Future::poll(error, &mut context) {
                return Err(error::out_of_memory(what, bytes));
            }
            buffer
        };
        #[cfg(target_arch = "wasm32")]
        let buffer = {
            let _ = what;
            self.0.device.create_buffer(&descriptor)
        };
        let mut state = self.state();
        state.stats.buffers_created += 1;
        let id = state.arena.next_id();
        Ok(Slot { id, buffer, bytes, last_use: 0 })
    }

    fn write_guards(&self, buffer: &GpuBuffer) {
        let start = buffer.size().next_multiple_of(4);
        let words = ((buffer.capacity() - start) / 4) as usize;
        self.0.queue.write_buffer(buffer.raw(), start, bytemuck::cast_slice(&vec![GUARD; words]));
    }

    /// Whether the words behind `buffer` are as they were written; the byte offset of the first that is not. Needs
    /// [`GpuOptions::guards`](super::GpuOptions).
    pub async fn check_guards(&self, buffer: &GpuBuffer) -> Result<Option<u64>> {
        let start = buffer.size().next_multiple_of(4);
        let bytes = self.read_range(buffer, start, buffer.capacity() - start).await?;
        let words = bytes.as_chunks::<4>().0;
        Ok(words.iter().position(|&w| u32::from_le_bytes(w) != GUARD).map(|i| start + 4 * i as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::size_class;

    #[test]
    fn size_classes_hold_what_was_asked_and_waste_little() {
        for bytes in (0..100_000u64).chain([1 << 20, (1 << 20) + 4, (1 << 27) - 4, 1 << 27]) {
            let class = size_class(bytes);
            assert!(class >= bytes && class.is_multiple_of(4), "{bytes} → {class}");
            assert!(bytes < 512 || class <= bytes + bytes / 4 + 64, "{bytes} → {class}");
            assert_eq!(class, size_class(class), "a class is its own class");
        }
    }
}
