//! What changes while a device runs: recorded work, caches, free memory.

use std::collections::HashMap;

use super::arena::{Arena, BufferId};
use super::launch::{Access, MAX_BINDINGS, PARAMS_BYTES, PipelineKey};
use super::read::{Fence, Staging};
use super::warm::Plan;

/// Counters since the device was made. A steady loop raises `dispatches` and `submits` only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GpuStats {
    pub buffers_created: u64,
    pub bind_groups_created: u64,
    pub pipelines_created: u64,
    pub dispatches: u64,
    pub submits: u64,
}

/// Operations that gather before they are submitted unasked, so that the GPU starts early on long steps.
pub(super) const MAX_PENDING: usize = 512;

/// Bind groups kept. Steady loops need one for each of their operations; beyond this, something makes new keys for
/// ever, and starting over is cheaper than keeping them.
pub(super) const MAX_BIND_GROUPS: usize = 16_384;

/// How the storage bindings of a kernel are used: part of the key of layouts and bind groups.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Signature {
    pub(super) len: u8,
    /// Bit i: binding i is written.
    pub(super) writes: u8,
}

impl Signature {
    pub(super) fn of(bindings: &[Access]) -> Signature {
        let writes = bindings.iter().enumerate().filter(|(_, a)| **a == Access::Write).map(|(i, _)| 1 << i).sum();
        Signature { len: bindings.len() as u8, writes }
    }
}

/// Layout of the storage bindings, and with the parameters of the whole pipeline.
pub(super) struct Layouts {
    pub(super) storage: wgpu::BindGroupLayout,
    pub(super) pipeline: wgpu::PipelineLayout,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct BindKey {
    pub(super) signature: Signature,
    /// Buffer and offset in 256 bytes of each binding; zeros behind the last.
    pub(super) buffers: [(BufferId, u32); MAX_BINDINGS],
}

/// A recorded operation.
pub(super) struct Dispatch {
    pub(super) pipeline: wgpu::ComputePipeline,
    pub(super) bind_group: wgpu::BindGroup,
    pub(super) grid: [u32; 3],
}

pub(crate) struct State {
    pub(super) arena: Arena,
    pub(super) pending: Vec<Dispatch>,
    /// Parameters of the pending operations, one slot each.
    pub(super) params: Vec<u8>,
    pub(super) params_buffer: wgpu::Buffer,
    pub(super) params_layout: wgpu::BindGroupLayout,
    pub(super) params_group: wgpu::BindGroup,
    pub(super) params_slot: usize,
    /// Number of the submission that is being recorded.
    pub(super) epoch: u64,
    pub(super) last_submission: Option<wgpu::SubmissionIndex>,
    /// The end of what the newest turn submitted.
    pub(super) turn: Option<Fence>,
    pub(super) pipelines: HashMap<PipelineKey, wgpu::ComputePipeline>,
    pub(super) layouts: HashMap<Signature, Layouts>,
    pub(super) bind_groups: HashMap<BindKey, wgpu::BindGroup>,
    pub(super) staging: Vec<Staging>,
    /// While launches are only gathered.
    pub(super) plan: Option<Plan>,
    pub(super) stats: GpuStats,
}

impl State {
    pub(super) fn new(device: &wgpu::Device, limits: &wgpu::Limits) -> State {
        let params_slot = PARAMS_BYTES.next_multiple_of(limits.min_uniform_buffer_offset_alignment as usize);
        let params_buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("params"),
            size: (params_slot * MAX_PENDING) as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let params_layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("params"),
            entries: &[wgpu::BindGroupLayoutEntry {
                binding: 0,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty: wgpu::BufferBindingType::Uniform,
                    has_dynamic_offset: true,
                    min_binding_size: None,
                },
                count: None,
            }],
        });
        let params_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("params"),
            layout: &params_layout,
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &params_buffer,
                    offset: 0,
                    size: wgpu::BufferSize::new(PARAMS_BYTES as u64),
                }),
            }],
        });
        State {
            arena: Arena::default(),
            pending: Vec::with_capacity(MAX_PENDING),
            params: Vec::with_capacity(params_slot * MAX_PENDING),
            params_buffer,
            params_layout,
            params_group,
            params_slot,
            epoch: 1,
            last_submission: None,
            turn: None,
            pipelines: HashMap::new(),
            layouts: HashMap::new(),
            bind_groups: HashMap::new(),
            staging: Vec::new(),
            plan: None,
            stats: GpuStats::default(),
        }
    }

    /// Destroys the free temporaries that no submission from `epoch` on uses.
    pub(super) fn trim(&mut self, epoch: u64) {
        for id in self.arena.trim(epoch) {
            self.forget(id);
        }
    }

    /// Drops the bind groups of a buffer that was destroyed.
    pub(super) fn forget(&mut self, id: BufferId) {
        self.bind_groups.retain(|key, _| key.buffers.iter().all(|&(buffer, _)| buffer != id));
    }
}
