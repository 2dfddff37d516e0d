//! The device itself, on whatever adapter this machine has.

use std::time::Duration;

use kinora_formats::{BlockType, TensorView, quant};
use pollster::block_on;

use super::{GpuDevice, GpuOptions};
use crate::testing::scales_of;
use crate::{Abort, Attention, DType, Device, Tensor, TensorError};

/// A device with guard words, or `None` on a machine without any adapter.
fn device(options: GpuOptions) -> Option<GpuDevice> {
    match block_on(GpuDevice::with_options(options)) {
        Ok(d) => Some(d),
        Err(e) => {
            eprintln!("no GPU test here: {e}");
            None
        }
    }
}

fn guarded() -> Option<GpuDevice> {
    device(GpuOptions { guards: true, ..GpuOptions::default() })
}

fn values(n: usize, seed: u32) -> Vec<f32> {
    (0..n as u32).map(|i| ((i.wrapping_mul(2_654_435_761) ^ seed) >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
}

#[test]
fn an_upload_reads_back_at_every_length() {
    let Some(d) = guarded() else { return };
    for len in [1usize, 3, 4, 63, 64, 65, 4096, 5 << 20] {
        let data: Vec<u8> = (0..len).map(|i| (i * 7) as u8).collect();
        let buffer = d.alloc_with(&data).unwrap();
        let padded = len.next_multiple_of(4);
        let back = block_on(d.read(&buffer, 0, padded)).unwrap();
        assert_eq!(&back[..len], data, "{len} bytes");
        assert!(back[len..].iter().all(|&b| b == 0));
        assert_eq!(block_on(d.check_guards(&buffer)).unwrap(), None);
    }
}

#[test]
fn a_write_behind_a_buffer_is_found() {
    let Some(d) = guarded() else { return };
    let buffer = d.alloc(100).unwrap();
    assert_eq!(block_on(d.check_guards(&buffer)).unwrap(), None);
    // The same kernel that zeroes buffers, told that this one is a word longer than it is.
    super::fill::fill(&d, &buffer, 26).unwrap();
    assert_eq!(block_on(d.check_guards(&buffer)).unwrap(), Some(100));
    // As long as the buffer is, it spoils nothing.
    let whole = d.alloc(100).unwrap();
    super::fill::fill(&d, &whole, 25).unwrap();
    assert_eq!(block_on(d.check_guards(&whole)).unwrap(), None);
}

#[test]
fn a_steady_loop_creates_nothing() {
    let Some(d) = device(GpuOptions::default()) else { return };
    let device = Device::Gpu(d.clone());
    let w = Tensor::weight_f32(
        &device,
        &TensorView::new(vec![48, 32], BlockType::F32, bytemuck::cast_slice(&values(48 * 32, 1))),
    )
    .unwrap();
    let mut cache = crate::Persistent::zeros(&device, &[64, 2, 16]).unwrap();
    let mut memory = crate::Persistent::zeros(&device, &[1, 48]).unwrap();
    let mut steady = None;
    for step in 0..12 {
        let x = Tensor::from_f32(&device, &[1, 32], &values(32, step)).unwrap();
        let h = x.rms_norm(None, 1e-5).unwrap().linear(&w, None).unwrap();
        let before = memory.replace(&h).unwrap();
        let q = h.add(&before).unwrap().narrow(1, 0, 32).unwrap().reshape(&[1, 2, 16]).unwrap();
        cache.append(&q).unwrap();
        let kv = cache.view();
        let o = Attention {
            scale: 0.25,
            causal: Some(step as usize),
            kv_len: Some(cache.len_rows()),
            ..Attention::default()
        };
        let y = q.attention(&kv, &kv, &o).unwrap().silu().unwrap();
        block_on(device.turn(&Abort::default())).unwrap();
        let values = block_on(y.to_vec()).unwrap();
        assert!(values.iter().all(|v| v.is_finite()));
        let now = d.stats();
        if step >= 3 {
            let (was, dispatches) = steady.get_or_insert((now, 0));
            let created = |s: super::GpuStats| (s.buffers_created, s.bind_groups_created, s.pipelines_created);
            assert_eq!(created(now), created(*was), "step {step} created something");
            assert!(step == 3 || now.dispatches > *dispatches);
            *dispatches = now.dispatches;
        }
    }
}

#[test]
fn recycled_memory_does_not_mix_recorded_work() {
    let Some(d) = guarded() else { return };
    let device = Device::Gpu(d);
    let mut kept = Vec::new();
    for i in 0..40 {
        let x = Tensor::from_f32(&device, &[65], &[i as f32; 65]).unwrap();
        let y = x.scale(2.0).unwrap().add_scalar(1.0).unwrap();
        drop(x); // its buffer goes to the next upload while `y` is only recorded
        kept.push(y);
    }
    for (i, y) in kept.iter().enumerate() {
        assert_eq!(block_on(y.to_vec()).unwrap(), vec![2.0 * i as f32 + 1.0; 65]);
    }
}

#[test]
fn more_operations_than_one_submission_holds_keep_their_order() {
    let Some(d) = device(GpuOptions::default()) else { return };
    let device = Device::Gpu(d.clone());
    let mut x = Tensor::from_f32(&device, &[3], &[0.0, 1.0, 2.0]).unwrap();
    for _ in 0..1300 {
        x = x.add_scalar(1.0).unwrap();
    }
    assert_eq!(block_on(x.to_vec()).unwrap(), [1300.0, 1301.0, 1302.0]);
    assert!(d.stats().submits >= 3);
}

#[test]
fn a_lost_device_is_an_error_everywhere() {
    let Some(d) = device(GpuOptions::default()) else { return };
    let device = Device::Gpu(d.clone());
    let x = Tensor::from_f32(&device, &[4], &[1.0; 4]).unwrap();
    let y = x.scale(2.0).unwrap();
    d.destroy();
    let lost = |e: TensorError| matches!(e, TensorError::DeviceLost { .. });
    assert!(block_on(y.to_vec()).is_err_and(lost), "read");
    assert!(y.scale(1.0).is_err_and(lost), "launch");
    assert!(Tensor::from_f32(&device, &[4], &[1.0; 4]).is_err_and(lost), "upload");
    assert!(block_on(device.turn(&Abort::default())).is_err_and(lost), "turn");
    drop((x, y));
    // A new device works beside the remains of the old one.
    let Some(d) = self::device(GpuOptions::default()) else { panic!("no second device") };
    let x = Tensor::from_f32(&Device::Gpu(d), &[2], &[1.0, 2.0]).unwrap();
    assert_eq!(block_on(x.scale(3.0).unwrap().to_vec()).unwrap(), [3.0, 6.0]);
}

#[test]
fn a_device_lost_while_a_result_is_awaited_ends_the_wait_at_once() {
    let Some(d) = device(GpuOptions::default()) else { return };
    let device = Device::Gpu(d.clone());
    let a = Tensor::from_f32(&device, &[700, 700], &values(700 * 700, 3)).unwrap();
    block_on(a.matmul(&a).unwrap().to_vec()).unwrap();
    let start = std::time::Instant::now();
    block_on(a.matmul(&a).unwrap().to_vec()).unwrap();
    let mut x = a.clone();
    for _ in 0..(2.0 / start.elapsed().as_secs_f64()).ceil() as usize {
        x = x.matmul(&a).unwrap(); // two seconds of work
    }
    let waiter = std::thread::spawn(move || (block_on(x.to_vec()).err(), std::time::Instant::now()));
    std::thread::sleep(Duration::from_millis(200));
    let lost = std::time::Instant::now();
    d.0.health.fail(super::error::lost("a driver reset")); // as the callback of the driver does
    let (error, ended) = waiter.join().unwrap();
    assert!(matches!(error, Some(TensorError::DeviceLost { .. })), "{error:?}");
    assert!(ended.duration_since(lost) < Duration::from_millis(500), "{:?}", ended.duration_since(lost));
}

#[test]
fn what_exceeds_a_binding_is_refused_and_the_device_lives_on() {
    let Some(d) = device(GpuOptions::default()) else { return };
    assert!(matches!(d.alloc((128 << 20) + 1), Err(TensorError::Unsupported { .. })));
    assert!(matches!(d.alloc_persistent(usize::MAX / 8), Err(TensorError::Unsupported { .. })));
    let zeros = d.alloc_zeroed(1000).unwrap();
    assert_eq!(block_on(d.read(&zeros, 0, 1000)).unwrap(), vec![0; 1000]);
}

#[test]
fn buffers_of_an_ended_job_go_back_to_the_system() {
    let Some(d) = device(GpuOptions::default()) else { return };
    drop(d.alloc(1 << 20).unwrap());
    d.reset_arena();
    let created = d.stats().buffers_created;
    drop(d.alloc(1 << 20).unwrap());
    assert_eq!(d.stats().buffers_created, created, "kept while it may be used again");
    for _ in 0..600 {
        d.reset_arena();
    }
    drop(d.alloc(1 << 20).unwrap());
    assert_eq!(d.stats().buffers_created, created + 1, "given back after that");
}

#[test]
fn an_aborted_turn_says_so() {
    let Some(d) = device(GpuOptions::default()) else { return };
    let abort = Abort::default();
    block_on(d.turn(&abort)).unwrap();
    abort.abort();
    assert!(matches!(block_on(d.turn(&abort)), Err(TensorError::Aborted)));
}

#[test]
fn a_watchdog_ends_a_wait_without_progress() {
    let options = GpuOptions { watchdog: Duration::ZERO, ..GpuOptions::default() };
    let Some(d) = device(options) else { return };
    let device = Device::Gpu(d);
    let a = Tensor::from_f32(&device, &[512, 512], &values(512 * 512, 3)).unwrap();
    let mut x = a.clone();
    for _ in 0..8 {
        x = x.matmul(&a).unwrap();
    }
    assert!(matches!(block_on(x.to_vec()), Err(TensorError::DeviceLost { .. })));
    assert!(matches!(x.scale(1.0), Err(TensorError::DeviceLost { .. })), "the device was given up");
}

#[test]
fn a_matrix_above_the_size_of_a_binding_lies_in_several() {
    for software in [false, true] {
        let limit = 24 << 10;
        let options = GpuOptions {
            guards: true,
            max_binding: Some(limit),
            software_kernels: Some(software),
            ..GpuOptions::default()
        };
        let Some(d) = device(options) else { return };
        let device = Device::Gpu(d.clone());
        let mut g = crate::testing::Gen::new(3);
        for block in BlockType::ALL {
            let (n, k) = (733, if block.block_len() == 1 { 70 } else { 256 });
            let before = d.stats().buffers_created;
            let (w, ws) = g.weight(&device, block, [n, k]).unwrap();
            let parts = d.stats().buffers_created - before;
            assert!(parts > 1, "{block:?} took {parts} buffer");
            for m in [1, 5, 20] {
                let (x, xs) = g.tensor(&device, &[m.min(3), k]).unwrap();
                let x = Tensor::concat(&vec![&x; m.div_ceil(3)], 0).unwrap().narrow(0, 0, m).unwrap();
                if m * n * 4 > limit as usize {
                    assert!(matches!(x.linear(&w, None), Err(TensorError::Unsupported { .. })));
                    continue;
                }
                let want: Vec<f64> =
                    (0..m * n).map(|i| (0..k).map(|c| xs[i / n % 3 * k + c] * ws[i % n * k + c]).sum()).collect();
                let gated = crate::LinearFused { gate: Some(crate::Gate::Silu), ..Default::default() };
                assert!(x.linear_fused(&w, &gated).is_err(), "an odd number of rows");
                crate::testing::assert_close(block.name(), &x.linear(&w, None).unwrap(), &[m, n], &want, 1e-4, 4e-6)
                    .unwrap();
            }
            let ids = [732u32, 0, 131, 800, 57];
            let ids = Tensor::from_u32(&device, &[5], &ids).unwrap();
            let rows = block_on(Tensor::embedding(&w, &ids).unwrap().to_vec()).unwrap();
            for (t, id) in [(0usize, Some(732usize)), (1, Some(0)), (2, Some(131)), (3, None), (4, Some(57))] {
                for c in 0..k {
                    let want = id.map_or(0.0, |id| ws[id * k + c]);
                    let got = f64::from(rows[t * k + c]);
                    assert!((got - want).abs() <= 1e-6 * want.abs(), "{} row {t}: {got}, want {want}", block.name());
                }
            }
        }
    }
}

#[test]
fn a_warmed_device_compiles_nothing_and_planning_computes_nothing() {
    let Some(d) = device(GpuOptions::default()) else { return };
    let device = Device::Gpu(d.clone());
    let x = Tensor::from_f32(&device, &[4, 70], &values(280, 1)).unwrap();
    let compute = || x.rms_norm(None, 1e-5)?.silu()?.matmul(&x.permute(&[1, 0])?);
    let mut steps = Vec::new();
    let before = d.stats();
    block_on(d.warm_up(|| compute().map(drop), |done, all| steps.push((done, all)))).unwrap();
    assert_eq!(steps, [(1, 4), (2, 4), (3, 4), (4, 4)]);
    let warm = d.stats();
    assert_eq!(warm.dispatches, before.dispatches, "planning launched something");
    let y = compute().unwrap();
    assert!(block_on(y.to_vec()).unwrap().iter().any(|v| *v != 0.0));
    assert_eq!(d.stats().pipelines_created, warm.pipelines_created);
    block_on(d.warm_up(|| compute().map(drop), |_, _| panic!("nothing is missing"))).unwrap();
    // An error of the computation ends the planning.
    assert!(block_on(d.warm_up(|| x.linear(&x.reshape(&[280]).unwrap(), None).map(drop), |_, _| ())).is_err());
    assert!(block_on(x.silu().unwrap().to_vec()).is_ok());
}

#[test]
fn packed_planes_read_back_as_the_file_says() {
    let Some(d) = guarded() else { return };
    for block in BlockType::ALL {
        let (rows, cols) = (3, if block.block_len() == 1 { 517 } else { 768 });
        let len = rows * cols;
        let blocks = len / block.block_len();
        // Any bits are a valid block; scales are kept small by clearing the exponent's top bits where they lie.
        let mut bytes: Vec<u8> = (0..blocks * block.block_bytes()).map(|i| (i * 131 + i / 7) as u8).collect();
        match block {
            BlockType::F32 => bytes = bytemuck::cast_slice(&values(len, 5)).to_vec(),
            BlockType::F16 | BlockType::BF16 => bytes.as_chunks_mut::<2>().0.iter_mut().for_each(|b| b[1] &= 0xbb),
            _ => bytes.chunks_mut(block.block_bytes()).for_each(|b| {
                scales_of(block).iter().for_each(|at| b[at + 1] &= 0xbb);
            }),
        }
        let mut want = vec![0.0; len];
        quant::dequantize(block, &bytes, &mut want).unwrap();
        let device = Device::Gpu(d.clone());
        let view = TensorView::new(vec![rows, cols], block, &bytes);
        let table = Tensor::weight(&device, &view).unwrap();
        assert!(table.dtype() == DType::Block(block) || block == BlockType::F32);
        let ids = Tensor::from_u32(&device, &[4], &[2, 0, 1, 9]).unwrap();
        let got = block_on(Tensor::embedding(&table, &ids).unwrap().to_vec()).unwrap();
        for (t, row) in [2usize, 0, 1].into_iter().enumerate() {
            for c in 0..cols {
                let (g, w) = (got[t * cols + c], want[row * cols + c]);
                assert!((g - w).abs() <= 1e-6 * w.abs(), "{} [{row}, {c}] got {g}, want {w}", block.name());
            }
        }
        assert!(got[3 * cols..].iter().all(|&v| v == 0.0), "an id past the table gives zeros");
    }
}
