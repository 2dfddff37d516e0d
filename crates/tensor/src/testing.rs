//! The harness of the operations' tests: random cases from printed seeds, every device, comparison with an f64 reference.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;

use kinora_formats::{BlockType, TensorView, quant};

use crate::gpu::GpuOptions;
pub(crate) use crate::selftest::scales_of;
use crate::simd::Isa;
use crate::{CpuDevice, Device, GpuDevice, Result, Tensor, TensorError};

/// A source of random test cases (splitmix64).
pub(crate) struct Gen(u64);

impl Gen {
    pub fn new(seed: u64) -> Gen {
        Gen(seed)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `lo..=hi`.
    pub fn size(&mut self, lo: usize, hi: usize) -> usize {
        lo + (self.bits() % (hi - lo + 1) as u64) as usize
    }

    pub fn flip(&mut self) -> bool {
        self.bits() & 1 == 1
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.size(0, from.len() - 1)]
    }

    /// Uniform in [-1, 1).
    pub fn f32(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// About normal, deviation `s`.
    pub fn values(&mut self, n: usize, s: f32) -> Vec<f32> {
        (0..n).map(|_| (self.f32() + self.f32() + self.f32()) * s).collect()
    }

    /// A random activation, as a tensor of its own or as a view into the middle of a larger one.
    pub fn tensor(&mut self, d: &Device, shape: &[usize]) -> Result<(Tensor, Vec<f64>)> {
        self.scaled(d, shape, 1.0)
    }

    pub fn scaled(&mut self, d: &Device, shape: &[usize], s: f32) -> Result<(Tensor, Vec<f64>)> {
        let data = self.values(shape.iter().product(), s);
        let wide = data.iter().map(|&v| f64::from(v)).collect();
        if self.flip() || shape.is_empty() {
            return Ok((Tensor::from_f32(d, shape, &data)?, wide));
        }
        let (before, after) = (self.size(0, 2), self.size(0, 2));
        let row = data.len() / shape[0].max(1);
        let mut padded = self.values(before * row, s);
        padded.extend(&data);
        padded.extend(self.values(after * row, s));
        let mut outer = shape.to_vec();
        outer[0] += before + after;
        Ok((Tensor::from_f32(d, &outer, &padded)?.narrow(0, before, shape[0])?, wide))
    }

    /// A weight matrix [n, k] of block type `block`, and its values. `k` must be whole blocks.
    pub fn weight(&mut self, d: &Device, block: BlockType, [n, k]: [usize; 2]) -> Result<(Tensor, Vec<f64>)> {
        let bytes = self.blocks(block, n * k);
        let mut values = vec![0.0; n * k];
        quant::dequantize(block, &bytes, &mut values).expect("whole blocks");
        let view = TensorView::new(vec![n, k], block, &bytes);
        Ok((Tensor::weight(d, &view)?, values.iter().map(|&v| f64::from(v)).collect()))
    }

    /// Bytes of random blocks; values are of the order of one.
    pub fn blocks(&mut self, block: BlockType, len: usize) -> Vec<u8> {
        let values = self.values(len, 0.5);
        match block {
            BlockType::F32 => quant::f32_bytes(&values),
            BlockType::F16 => quant::f16_bytes(&values),
            BlockType::BF16 => quant::bf16_bytes(&values),
            BlockType::Q8_0 => quant::quantize_q8_0(&values).expect("whole blocks"),
            BlockType::Q4_0 => quant::quantize_q4_0(&values).expect("whole blocks"),
            _ => {
                let layout = block.quant_layout().expect("not a float");
                let mut all: Vec<u8> =
                    (0..len / block.block_len() * block.block_bytes()).map(|_| self.bits() as u8).collect();
                // the largest quant times the largest scale, to about one
                let top = if layout.table.is_some() { 127 } else { 1 << (layout.bits - 1) };
                let scales = if layout.scales { if layout.mins && layout.bits > 2 { 63 } else { 31 } } else { 1 };
                for b in all.chunks_exact_mut(block.block_bytes()) {
                    for &at in scales_of(block) {
                        let scale = (0.3 + self.f32().abs()) / (top * scales) as f32;
                        b[at..at + 2].copy_from_slice(&half::f16::from_f32(scale).to_le_bytes());
                    }
                }
                all
            }
        }
    }
}

/// The GPU twice, with the kernels for hardware and with those for software adapters, both with guard words behind every
/// buffer; none (said loudly) where there is no adapter.
pub(crate) fn gpus() -> &'static [Device] {
    static GPUS: OnceLock<Vec<Device>> = OnceLock::new();
    GPUS.get_or_init(|| {
        let open = |software| {
            let options = GpuOptions { guards: true, software_kernels: Some(software), ..GpuOptions::default() };
            pollster::block_on(GpuDevice::with_options(options)).map(Device::Gpu)
        };
        open(false).and_then(|hardware| Ok(vec![hardware, open(true)?])).unwrap_or_else(|e| {
            eprintln!("WARNING: GPU TESTS ARE SKIPPED: {e}");
            Vec::new()
        })
    })
}

/// The CPU with each instruction set of this machine, and with each choice that changes results.
pub(crate) fn cpus() -> &'static [Device] {
    static CPUS: OnceLock<Vec<Device>> = OnceLock::new();
    CPUS.get_or_init(|| {
        let threaded = CpuDevice::new(3);
        let mut all = vec![Device::Cpu(threaded.clone()), Device::Cpu(threaded.exact())];
        all.extend(Isa::available().map(|isa| Device::Cpu(CpuDevice::new(2).with_isa(isa))));
        all
    })
}

pub(crate) fn is_exact(d: &Device) -> bool {
    matches!(d, Device::Cpu(d) if d.is_exact())
}

/// Runs `n` random cases on every device (a quarter of them on each GPU). A failure prints the seed that repeats it.
pub(crate) fn sweep(name: &str, n: u64, case: impl Fn(&mut Gen, &Device) -> Result<()>) {
    for device in cpus() {
        sweep_on(name, n, device, &case);
    }
    for device in gpus() {
        sweep_on(name, n.div_ceil(4), device, &case);
    }
}

/// As [`sweep`], on one device.
pub(crate) fn sweep_on(name: &str, n: u64, device: &Device, case: impl Fn(&mut Gen, &Device) -> Result<()>) {
    let base = name.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    let only = std::env::var("KINORA_SEED").ok().and_then(|s| u64::from_str_radix(s.trim_start_matches("0x"), 16).ok());
    let seeds: Vec<u64> = only.map_or_else(|| (0..n).map(|i| base.wrapping_add(i)).collect(), |s| vec![s]);
    for seed in seeds {
        let outcome = catch_unwind(AssertUnwindSafe(|| case(&mut Gen::new(seed), device)));
        device.reset_arena();
        let again = format!("{name} on {} ({}). Again: KINORA_SEED={seed:#x}", device.name(), device.description());
        match outcome {
            Ok(Ok(())) => (),
            Ok(Err(TensorError::Unsupported { what })) if matches!(device, Device::Gpu(_)) => {
                eprintln!("WARNING: NOT TESTED ON THE GPU: {what}");
                return;
            }
            Ok(Err(error)) => panic!("{error}; in {again}"),
            Err(panic) => {
                eprintln!("FAILED {again}");
                resume_unwind(panic);
            }
        }
    }
}

/// Panics unless each value of `got` is within `abs + rel · |want|`, and shapes agree.
pub(crate) fn assert_close(what: &str, got: &Tensor, shape: &[usize], want: &[f64], abs: f64, rel: f64) -> Result<()> {
    assert_eq!(got.shape(), shape, "shape of {what}");
    let values = pollster::block_on(got.to_vec())?;
    compare(what, shape, &values, want, |_, want| abs + rel * want.abs());
    if let Device::Gpu(d) = got.device() {
        let spoilt = pollster::block_on(d.check_guards(got.gpu("test")?.0))?;
        assert_eq!(spoilt, None, "{what} wrote behind its result, at this byte");
    }
    Ok(())
}

/// Panics unless `|got[i] − want[i]| ≤ tolerance(i, want[i])` for all i.
pub(crate) fn compare(what: &str, shape: &[usize], got: &[f32], want: &[f64], tolerance: impl Fn(usize, f64) -> f64) {
    assert_eq!(got.len(), want.len(), "length of {what}");
    let wrong = |i: usize| {
        let (got, want) = (f64::from(got[i]), want[i]);
        !((got - want).abs() <= tolerance(i, want) || got == want || (got.is_nan() && want.is_nan()))
    };
    let all: Vec<usize> = (0..got.len()).filter(|&i| wrong(i)).collect();
    let Some(&first) = all.first() else { return };
    let error: f64 = got.iter().zip(want).map(|(&g, w)| (f64::from(g) - w).powi(2)).sum();
    let power: f64 = want.iter().map(|w| w * w).sum();
    panic!(
        "{what} {shape:?}: [{first}] got {}, want {} ± {:.1e}; NMSE {:.1e}; {} of {} wrong",
        got[first],
        want[first],
        tolerance(first, want[first]),
        error / power,
        all.len(),
        got.len()
    );
}

#[test]
fn one_wrong_element_is_found_and_named() {
    let device = &cpus()[0];
    let planted = catch_unwind(AssertUnwindSafe(|| {
        sweep_on("planted", 1, device, |g, d| {
            let (x, mut want) = g.tensor(d, &[5, 7])?;
            want[17] += 1e-3;
            assert_close("planted", &x, &[5, 7], &want, 1e-6, 1e-6)
        });
    }));
    let message = planted.expect_err("a planted fault must fail");
    let message = message.downcast_ref::<String>().expect("a message");
    assert!(message.contains("[17]") && message.contains("1 of 35 wrong"), "{message}");
}

#[test]
fn a_nan_is_not_close_to_a_number() {
    let compared = catch_unwind(|| compare("nan", &[2], &[0.0, f32::NAN], &[0.0, 0.0], |_, _| 1.0));
    assert!(compared.is_err());
}
