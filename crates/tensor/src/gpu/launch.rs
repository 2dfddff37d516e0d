//! Kernels and their launch: the caches of pipelines and bind groups, the ring of parameters, the one compute pass.

use bytemuck::Pod;
use kinora_formats::BlockType;

use super::state::{BindKey, Dispatch, Layouts, MAX_BIND_GROUPS, MAX_PENDING, Signature};
use super::{GpuBuffer, GpuDevice, pack};
use crate::{Result, TensorError};

/// Storage buffers that WebGPU guarantees to one stage.
pub(crate) const MAX_BINDINGS: usize = 8;
/// Bytes that every kernel's `Params` fits into.
pub(crate) const PARAMS_BYTES: usize = 256;
/// Workgroups that one dimension of a grid holds.
const MAX_GRID: u32 = 65_535;
/// `override` constants of a kernel, at most.
pub(crate) const MAX_CONSTANTS: usize = 6;

/// How a kernel uses a storage binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Access {
    Read,
    Write,
}

/// A WGSL file and its interface. Storage bindings are `@group(0)`, in order; `Params` is `@group(1) @binding(0)`.
pub(crate) struct Kernel {
    pub name: &'static str,
    pub wgsl: &'static str,
    pub bindings: &'static [Access],
    /// Names of the `override` constants, in the order of [`Variant::constants`].
    pub constants: &'static [&'static str],
    /// Text in front of the file, one per [`Variant::prelude`]: constants that must be known when the file is parsed.
    pub preludes: &'static [&'static str],
    /// Whether it reads weights: a block type's snippet (`dequant8`) goes in front.
    pub weights: bool,
    /// What `Params` holds.
    pub params: ParamsLayout,
    /// The variants that are launched, for the test without a GPU.
    #[cfg_attr(not(test), expect(dead_code, reason = "read by the WGSL test only"))]
    pub variants: &'static [Variant],
}

/// Size and field names of a `Params`, compared with the WGSL by a test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ParamsLayout {
    pub size: usize,
    #[cfg_attr(not(test), expect(dead_code, reason = "read by the WGSL test only"))]
    pub fields: &'static [&'static str],
}

/// Declares the `Params` of a kernel: a uniform block of 4-byte fields, in the order of the WGSL.
macro_rules! params {
    ($($field:ident: $ty:ty),* $(,)?) => {
        #[repr(C)]
        #[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
        struct Params {
            $($field: $ty),*
        }

        impl Params {
            const LAYOUT: $crate::gpu::ParamsLayout = $crate::gpu::ParamsLayout {
                size: size_of::<Params>(),
                fields: &[$(stringify!($field)),*],
            };
        }
    };
}
pub(crate) use params;

/// Which form of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Variant {
    /// Values of the `override` constants; those behind the last are zero.
    pub constants: [u32; MAX_CONSTANTS],
    /// Which prelude.
    pub prelude: u8,
}

impl Variant {
    /// With these constants, in the kernel's order.
    pub(crate) const fn new<const N: usize>(first: [u32; N]) -> Variant {
        let mut constants = [0; MAX_CONSTANTS];
        let mut i = 0;
        while i < N {
            constants[i] = first[i];
            i += 1;
        }
        Variant { constants, prelude: 0 }
    }

    /// The same constants behind another prelude.
    pub(crate) const fn prelude(self, prelude: u8) -> Variant {
        Variant { prelude, ..self }
    }

    /// A kernel with one constant, its workgroup size.
    pub(crate) const fn workgroup(size: u32) -> Variant {
        Variant::new([size])
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PipelineKey {
    pub(super) kernel: &'static str,
    variant: Variant,
    block: Option<BlockType>,
}

impl Kernel {
    /// The file as the driver sees it.
    pub(crate) fn source(&self, variant: Variant, block: Option<BlockType>) -> String {
        let prelude = self.preludes.get(usize::from(variant.prelude)).copied().unwrap_or_default();
        [prelude, self.wgsl, block.map_or("", pack::wgsl)].join("\n")
    }
}

/// A launch being put together.
#[must_use = "nothing is recorded before `grid`"]
pub(crate) struct Launch<'a> {
    gpu: &'a GpuDevice,
    kernel: &'static Kernel,
    key: PipelineKey,
    buffers: [(Option<&'a GpuBuffer>, u32); MAX_BINDINGS],
    params: [u8; PARAMS_BYTES],
    error: Option<TensorError>,
}

impl GpuDevice {
    /// Starts a launch of `kernel`.
    pub(crate) fn launch(&self, kernel: &'static Kernel, variant: Variant) -> Launch<'_> {
        let key = PipelineKey { kernel: kernel.name, variant, block: None };
        Launch { gpu: self, kernel, key, buffers: Default::default(), params: [0; PARAMS_BYTES], error: None }
    }
}

impl<'a> Launch<'a> {
    /// The block type of the weights.
    pub(crate) fn block(mut self, block: BlockType) -> Self {
        self.key.block = Some(block);
        self
    }

    /// Buffers and offsets in elements of four bytes, in the kernel's order.
    pub(crate) fn bind(mut self, buffers: &[(&'a GpuBuffer, usize)]) -> Self {
        for (slot, &(buffer, offset)) in self.buffers.iter_mut().zip(buffers) {
            let aligned = offset % 64 == 0 && (offset as u64) * 4 < buffer.capacity();
            if !aligned || !buffer.is_on(self.gpu) {
                self.error = Some(TensorError::Unsupported {
                    what: format!("{}: a binding at element {offset}, or of another device", self.kernel.name),
                });
                continue;
            }
            *slot = (Some(buffer), (offset / 64) as u32);
        }
        if buffers.len() != self.kernel.bindings.len() {
            self.error = Some(TensorError::unsupported(format!("{}: wrong number of bindings", self.kernel.name)));
        }
        self
    }

    /// The kernel's `Params`.
    pub(crate) fn params<P: Pod>(mut self, params: &P) -> Self {
        let bytes = bytemuck::bytes_of(params);
        debug_assert_eq!(bytes.len(), self.kernel.params.size, "{}: Params", self.kernel.name);
        if let Some(slot) = self.params.get_mut(..bytes.len()) {
            slot.copy_from_slice(bytes);
        }
        self
    }

    /// Records the launch of `groups` workgroups; above the limit of a grid they fold into y.
    pub(crate) fn grid(self, groups: usize) -> Result<()> {
        let Ok(groups) = u32::try_from(groups) else {
            return Err(TensorError::unsupported(format!("{}: {groups} workgroups", self.kernel.name)));
        };
        // Rows as equal as they come, so that few workgroups idle.
        let rows = groups.div_ceil(MAX_GRID).max(1);
        self.grid3([groups.div_ceil(rows), rows, 1])
    }

    /// Records a launch with one invocation for each of `n` elements.
    pub(crate) fn elements(self, n: usize, workgroup: u32) -> Result<()> {
        self.grid(n.div_ceil(workgroup as usize))
    }

    /// Records the launch of a grid whose dimensions the kernel reads by itself.
    pub(crate) fn grid3(self, grid: [u32; 3]) -> Result<()> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if grid.iter().any(|&g| g > MAX_GRID) {
            return Err(TensorError::unsupported(format!("{}: a grid of {grid:?}", self.kernel.name)));
        }
        if self.kernel.weights != self.key.block.is_some() {
            return Err(TensorError::unsupported(format!(
                "{}: a block type, if and only if it reads weights",
                self.kernel.name
            )));
        }
        self.gpu.0.health.check()?;
        if grid.contains(&0) {
            return Ok(());
        }
        let signature = Signature::of(self.kernel.bindings);
        let mut buffers = [(0, 0); MAX_BINDINGS];
        for (key, &(buffer, offset)) in buffers.iter_mut().zip(&self.buffers) {
            *key = buffer.map_or((0, 0), |b| (b.id(), offset));
        }
        for (i, &(written, _)) in buffers.iter().enumerate().filter(|(i, _)| signature.writes & (1 << i) != 0) {
            if buffers.iter().enumerate().any(|(j, &(other, _))| j != i && other == written) {
                let what = format!("{}: reading and writing one buffer", self.kernel.name);
                return Err(TensorError::unsupported(what));
            }
        }
        let mut state = self.gpu.state();
        if let Some(plan) = &mut state.plan {
            plan.add(self.key, self.kernel, signature);
            return Ok(());
        }
        if self.gpu.0.options.idle_kernel == Some(self.kernel.name) {
            return Ok(());
        }
        while state.pending.len() >= MAX_PENDING {
            drop(state);
            self.gpu.flush()?;
            state = self.gpu.state();
        }
        let pipeline = match state.pipelines.get(&self.key) {
            Some(pipeline) => pipeline.clone(),
            None => self.gpu.create_pipeline(&mut state, self.kernel, self.key, signature),
        };
        let key = BindKey { signature, buffers };
        let bind_group = match state.bind_groups.get(&key) {
            Some(group) => group.clone(),
            None => self.create_bind_group(&mut state, key),
        };
        let (epoch, slot) = (state.epoch, state.params_slot);
        self.buffers.iter().flat_map(|(b, _)| *b).for_each(|b| b.used_in(epoch));
        let end = state.params.len() + slot;
        state.params.extend_from_slice(&self.params);
        state.params.resize(end, 0);
        state.pending.push(Dispatch { pipeline, bind_group, grid });
        state.stats.dispatches += 1;
        Ok(())
    }

    fn create_bind_group(&self, state: &mut super::State, key: BindKey) -> wgpu::BindGroup {
        let device = &self.gpu.0.device;
        let entries: Vec<wgpu::BindGroupEntry<'_>> = self
            .buffers
            .iter()
            .enumerate()
            .filter_map(|(i, &(buffer, offset))| {
                let binding =
                    wgpu::BufferBinding { buffer: buffer?.raw(), offset: u64::from(offset) * 256, size: None };
                Some(wgpu::BindGroupEntry { binding: i as u32, resource: wgpu::BindingResource::Buffer(binding) })
            })
            .collect();
        let layouts = layouts(device, state, key.signature);
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(self.kernel.name),
            layout: &layouts.storage,
            entries: &entries,
        });
        if state.bind_groups.len() >= MAX_BIND_GROUPS {
            state.bind_groups.clear();
        }
        state.bind_groups.insert(key, group.clone());
        state.stats.bind_groups_created += 1;
        group
    }
}

fn layouts<'s>(device: &wgpu::Device, state: &'s mut super::State, signature: Signature) -> &'s Layouts {
    let params = &state.params_layout;
    state.layouts.entry(signature).or_insert_with(|| {
        let entries: Vec<wgpu::BindGroupLayoutEntry> = (0..u32::from(signature.len))
            .map(|i| wgpu::BindGroupLayoutEntry {
                binding: i,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer {
                    ty: wgpu::BufferBindingType::Storage { read_only: signature.writes & (1 << i) == 0 },
                    has_dynamic_offset: false,
                    min_binding_size: None,
                },
                count: None,
            })
            .collect();
        let storage =
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
        let pipeline = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &[Some(&storage), Some(params)],
            immediate_size: 0,
        });
        Layouts { storage, pipeline }
    })
}

impl GpuDevice {
    pub(super) fn create_pipeline(
        &self,
        state: &mut super::State,
        kernel: &'static Kernel,
        key: PipelineKey,
        signature: Signature,
    ) -> wgpu::ComputePipeline {
        let device = &self.0.device;
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(kernel.name),
            source: wgpu::ShaderSource::Wgsl(kernel.source(key.variant, key.block).into()),
        });
        let constants: Vec<(&str, f64)> =
            kernel.constants.iter().zip(key.variant.constants).map(|(&n, v)| (n, f64::from(v))).collect();
        let layouts = layouts(device, state, signature);
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(kernel.name),
            layout: Some(&layouts.pipeline),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &constants,
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        });
        state.pipelines.insert(key, pipeline.clone());
        state.stats.pipelines_created += 1;
        pipeline
    }

    /// Submits what was recorded, as one compute pass. Errors: `DeviceLost`, or the first error of the device.
    pub(crate) fn flush(&self) -> Result<()> {
        self.0.health.check()?;
        self.submit(|_| ());
        Ok(())
    }

    /// Submits what was recorded and then what `also` records.
    pub(super) fn submit(&self, also: impl FnOnce(&mut wgpu::CommandEncoder)) {
        let mut state = self.state();
        let mut encoder = self.0.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None });
        if !state.pending.is_empty() {
            self.0.queue.write_buffer(&state.params_buffer, 0, &state.params);
            let mut pass =
                encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes: None });
            for (i, dispatch) in state.pending.iter().enumerate() {
                pass.set_pipeline(&dispatch.pipeline);
                pass.set_bind_group(0, &dispatch.bind_group, &[]);
                pass.set_bind_group(1, &state.params_group, &[(i * state.params_slot) as u32]);
                let [x, y, z] = dispatch.grid;
                pass.dispatch_workgroups(x, y, z);
            }
        }
        also(&mut encoder);
        let commands = encoder.finish();
        let turn = self.queue_turn();
        let submission = self.0.queue.submit([commands]);
        drop(turn);
        let health = std::sync::Arc::clone(&self.0.health);
        self.0.queue.on_submitted_work_done(move || health.count_completed());
        state.last_submission = Some(submission);
        state.pending.clear();
        state.params.clear();
        state.epoch += 1;
        state.stats.submits += 1;
    }
}
