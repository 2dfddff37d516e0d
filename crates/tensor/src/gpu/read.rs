//! Reading back: the only place where the device is waited for. Every wait has a deadline and sees a lost device.

use super::{GpuBuffer, GpuDevice, error, oneshot};
use crate::{Result, TensorError};

/// Staging buffers kept for later reads.
const MAX_STAGING: usize = 8;

/// Something that the queue reaches: the submission it belongs to, and what the callback delivers.
pub(super) struct Fence {
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "browsers poll by themselves"))]
    submission: Option<wgpu::SubmissionIndex>,
    receiver: oneshot::Receiver<bool>,
}

/// A buffer that can be mapped.
pub(super) struct Staging {
    buffer: wgpu::Buffer,
    bytes: u64,
}

impl GpuDevice {
    /// `len` bytes of `buffer` from byte `offset` (both multiples of four), after all that was recorded.
    ///
    /// Errors: `DeviceLost` when the device is gone or makes no progress for the watchdog's time, `OutOfMemory` when an
    /// allocation since the last read failed.
    pub async fn read(&self, buffer: &GpuBuffer, offset: usize, len: usize) -> Result<Vec<u8>> {
        let (offset, len) = (offset as u64, len as u64);
        if offset.checked_add(len).is_none_or(|end| end > buffer.size().next_multiple_of(4)) {
            return Err(TensorError::unsupported(format!("reading {len} bytes at {offset} of {}", buffer.size())));
        }
        self.read_range(buffer, offset, len).await
    }

    pub(super) async fn read_range(&self, buffer: &GpuBuffer, offset: u64, len: u64) -> Result<Vec<u8>> {
        self.0.health.check()?;
        if len == 0 {
            return Ok(Vec::new());
        }
        let staging = self.staging(len.next_multiple_of(4))?;
        self.submit(|encoder| {
            encoder.copy_buffer_to_buffer(buffer.raw(), offset, &staging.buffer, 0, len.next_multiple_of(4));
        });
        let (sender, receiver) = oneshot::channel();
        let slice = staging.buffer.slice(..len.next_multiple_of(4));
        slice.map_async(wgpu::MapMode::Read, move |result| sender.send(result.is_ok()));
        let submission = self.state().last_submission.clone();
        let mapped = self.wait(Fence { submission, receiver }).await;
        self.0.health.check()?;
        if !mapped? {
            return Err(error::lost("a read-back failed"));
        }
        let data = slice.get_mapped_range().map_err(|e| error::lost(format!("a read-back failed: {e}")))?;
        let bytes = data.get(..len as usize).map(<[u8]>::to_vec).unwrap_or_default();
        drop(data);
        staging.buffer.unmap();
        let mut state = self.state();
        if state.staging.len() >= MAX_STAGING {
            state.staging.remove(0).buffer.destroy();
        }
        state.staging.push(staging);
        Ok(bytes)
    }

    /// The smallest staging buffer that is kept and large enough, or a new one.
    fn staging(&self, bytes: u64) -> Result<Staging> {
        let limit = self.0.limits.max_buffer_size;
        if bytes > limit {
            return Err(error::too_large("a read-back", bytes, limit));
        }
        let mut state = self.state();
        let kept = (0..state.staging.len()).filter(|&i| state.staging[i].bytes >= bytes);
        if let Some(i) = kept.min_by_key(|&i| state.staging[i].bytes) {
            return Ok(state.staging.swap_remove(i));
        }
        let bytes = bytes.next_power_of_two().clamp(4096, limit);
        let buffer = self.0.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("staging"),
            size: bytes,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        state.stats.buffers_created += 1;
        Ok(Staging { buffer, bytes })
    }

    /// The end of what was submitted so far.
    pub(super) fn fence(&self) -> Fence {
        let (sender, receiver) = oneshot::channel();
        // Browsers resolve this also for a lost device; `health` knows.
        self.0.queue.on_submitted_work_done(move || sender.send(true));
        Fence { submission: self.state().last_submission.clone(), receiver }
    }

    /// What the callback delivers, while the device lives and makes progress.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) async fn wait(&self, fence: Fence) -> Result<bool> {
        use std::time::{Duration, Instant};
        let (mut seen, mut since) = (self.0.health.completed(), Instant::now());
        let slice = Duration::from_millis(100).min(self.0.options.watchdog);
        loop {
            let submission_index = fence.submission.clone();
            // A timeout is looked at below; a wrong index cannot be, and would end as one.
            let turn = self.queue_turn();
            let _ = self.0.device.poll(wgpu::PollType::Wait { submission_index, timeout: Some(slice) });
            drop(turn);
            if let Some(done) = fence.receiver.take() {
                return Ok(done);
            }
            self.0.health.check()?;
            let completed = self.0.health.completed();
            if completed != seen {
                (seen, since) = (completed, Instant::now());
            }
            if since.elapsed() >= self.0.options.watchdog {
                return Err(self.hung());
            }
        }
    }

    /// What the callback delivers, while the device lives and makes progress.
    #[cfg(target_arch = "wasm32")]
    pub(super) async fn wait(&self, mut fence: Fence) -> Result<bool> {
        use super::web::{Deadline, Race};
        loop {
            let seen = self.0.health.completed();
            let deadline = Deadline::after(self.0.options.watchdog);
            if let Some(done) = Race::new(&mut fence.receiver, deadline).await {
                return Ok(done);
            }
            self.0.health.check()?;
            if self.0.health.completed() == seen {
                return Err(self.hung());
            }
        }
    }

    /// Gives the device up: a shader that hangs is never ended by a software adapter.
    fn hung(&self) -> TensorError {
        let error = error::lost(format!("no progress for {} s", self.0.options.watchdog.as_secs_f32()));
        self.0.health.fail(error.clone());
        error
    }
}
