//! Rows of a KV cache in 16 or 8 bits on the CPU.

use half::f16;
use kinora_formats::BlockType;

use crate::quant::f16_to_f32;
use crate::simd::{Kernel, Simd};
use crate::{CpuDevice, Result, TensorError};

/// Values of a block in 8 bits.
const BLOCK: usize = 32;

/// Values that are rounded when written and widened when read.
#[derive(Clone)]
pub(crate) enum CpuCache {
    F16(Vec<u16>),
    /// As GGUF's Q8_0: `x ≈ scale · quant`, and scales are halves.
    Q8 {
        quants: Vec<i8>,
        scales: Vec<f32>,
    },
}

impl CpuCache {
    /// `len` zeros in rows of `row` values.
    ///
    /// # Errors
    /// `Unsupported` for other types and for rows that are no whole blocks, `OutOfMemory`.
    pub fn zeros(block: BlockType, len: usize, row: usize) -> Result<CpuCache> {
        Ok(match block {
            BlockType::F16 => CpuCache::F16(zeroed(len)?),
            BlockType::Q8_0 if row.is_multiple_of(BLOCK) => {
                CpuCache::Q8 { quants: zeroed(len)?, scales: zeroed(len / BLOCK)? }
            }
            BlockType::Q8_0 => {
                return Err(TensorError::unsupported(format!("a cache in q8_0 with rows of {row} values")));
            }
            _ => return Err(TensorError::unsupported(format!("a cache in {}", block.name()))),
        })
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            CpuCache::F16(all) => all.len(),
            CpuCache::Q8 { quants, .. } => quants.len(),
        }
    }

    /// Rounds `values` to the place from `start` on; both whole blocks.
    pub fn write(&mut self, start: usize, values: &[f32]) {
        match self {
            CpuCache::F16(all) => {
                for (y, x) in all[start..start + values.len()].iter_mut().zip(values) {
                    *y = f16::from_f32(*x).to_bits();
                }
            }
            CpuCache::Q8 { quants, scales } => {
                let blocks = quants[start..start + values.len()].as_chunks_mut::<BLOCK>().0.iter_mut();
                for ((q, scale), x) in blocks.zip(&mut scales[start / BLOCK..]).zip(values.as_chunks::<BLOCK>().0) {
                    let largest = x.iter().fold(0.0f32, |m, v| m.max(v.abs()));
                    let step = largest / 127.0;
                    let inverse = if step > 0.0 { step.recip() } else { 0.0 };
                    *scale = f16::from_f32(step).to_f32();
                    q.iter_mut().zip(x).for_each(|(q, x)| *q = (x * inverse).round() as i8);
                }
            }
        }
    }

    /// Widens `out.len()` values from `start` on; both whole blocks.
    #[inline(always)]
    pub fn read(&self, start: usize, out: &mut [f32]) {
        match self {
            CpuCache::F16(all) => {
                for (y, x) in out.iter_mut().zip(&all[start..]) {
                    *y = f16_to_f32(*x);
                }
            }
            CpuCache::Q8 { quants, scales } => {
                let quants = quants[start..start + out.len()].as_chunks::<BLOCK>().0;
                let blocks = out.as_chunks_mut::<BLOCK>().0.iter_mut().zip(quants).zip(&scales[start / BLOCK..]);
                for ((out, q), &scale) in blocks {
                    for i in 0..BLOCK {
                        out[i] = f32::from(q[i]) * scale;
                    }
                }
            }
        }
    }

    /// Moves `len` values from `start` on to the front; both whole blocks.
    pub fn move_to_front(&mut self, start: usize, len: usize) {
        match self {
            CpuCache::F16(all) => all.copy_within(start..start + len, 0),
            CpuCache::Q8 { quants, scales } => {
                quants.copy_within(start..start + len, 0);
                scales.copy_within(start / BLOCK..(start + len) / BLOCK, 0);
            }
        }
    }

    /// The first `len` values widened, in `out`.
    pub fn widen(&self, d: &CpuDevice, row: usize, out: &mut [f32]) {
        d.rows_mut(out, row, |i, out| d.isa().run(Read { cache: self, start: i * row, out }));
    }

    /// The first `len` values as GGUF stores blocks of the type.
    pub fn to_bytes(&self, len: usize) -> Vec<u8> {
        match self {
            CpuCache::F16(all) => bytemuck::pod_collect_to_vec(&all[..len]),
            CpuCache::Q8 { quants, scales } => {
                let blocks = quants[..len].as_chunks::<BLOCK>().0.iter().zip(scales);
                let block = |(q, scale): (&[i8; BLOCK], &f32)| {
                    let scale = f16::from_f32(*scale).to_le_bytes();
                    scale.into_iter().chain(q.map(|q| q as u8))
                };
                blocks.flat_map(block).collect()
            }
        }
    }

    /// Takes what [`CpuCache::to_bytes`] gave: whole blocks, and no more than fit.
    pub fn set_bytes(&mut self, bytes: &[u8]) {
        match self {
            CpuCache::F16(all) => {
                all.iter_mut().zip(bytes.as_chunks::<2>().0).for_each(|(y, x)| *y = u16::from_le_bytes(*x));
            }
            CpuCache::Q8 { quants, scales } => {
                let all = quants.as_chunks_mut::<BLOCK>().0.iter_mut().zip(scales);
                for ((q, scale), [low, high, values @ ..]) in all.zip(bytes.as_chunks::<{ BLOCK + 2 }>().0) {
                    *scale = f16::from_le_bytes([*low, *high]).to_f32();
                    q.iter_mut().zip(values).for_each(|(q, v)| *q = *v as i8);
                }
            }
        }
    }
}

struct Read<'a> {
    cache: &'a CpuCache,
    start: usize,
    out: &'a mut [f32],
}

impl Kernel for Read<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        self.cache.read(self.start, self.out);
    }
}

fn zeroed<T: Clone + Default>(len: usize) -> Result<Vec<T>> {
    let mut all = Vec::new();
    all.try_reserve_exact(len).map_err(|_| TensorError::OutOfMemory {
        what: "a cache on the CPU".into(),
        bytes: (len * size_of::<T>()) as u64,
        remedy: "use a shorter context or a smaller cache type".into(),
    })?;
    all.resize(len, T::default());
    Ok(all)
}
