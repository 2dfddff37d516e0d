use pollster::block_on;

use super::{cases::CASES, selftest};
use crate::gpu::GpuOptions;
use crate::testing::cpus;
use crate::{Abort, Device, GpuDevice, TensorError};

fn gpu(options: GpuOptions) -> Option<GpuDevice> {
    block_on(GpuDevice::with_options(options)).inspect_err(|e| eprintln!("NOT TESTED ON THE GPU: {e}")).ok()
}

#[test]
fn devices_that_compute_right_pass_and_every_kernel_was_run() {
    let mut seen = Vec::new();
    for software in [false, true] {
        let Some(d) = gpu(GpuOptions { software_kernels: Some(software), ..Default::default() }) else { return };
        let mut calls = 0;
        let found = block_on(selftest(&Device::Gpu(d.clone()), &Abort::default(), |done, all| {
            calls += 1;
            assert!(done == calls && all == CASES.len());
        }))
        .unwrap();
        assert_eq!(found.failures().collect::<Vec<_>>(), Vec::<&super::KernelReport>::new());
        assert_eq!(found.set, Some(if software { "software" } else { "hardware" }));
        seen.extend(d.kernels_used());
    }
    let ops = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops");
    let mut kernels = 0;
    for op in std::fs::read_dir(ops).unwrap() {
        let Ok(rust) = std::fs::read_to_string(op.unwrap().path().join("gpu.rs")) else { continue };
        for name in rust.lines().filter_map(|l| l.trim().strip_prefix("name: \"")?.strip_suffix("\",")) {
            assert!(seen.contains(&name), "no case of the self-test runs the kernel {name}");
            kernels += 1;
        }
    }
    assert!(kernels >= 25, "found {kernels} kernels");
}

#[test]
fn a_wrong_kernel_is_named_and_the_other_set_is_used() {
    let options =
        |kernel| GpuOptions { software_kernels: Some(false), idle_kernel: Some(kernel), ..Default::default() };
    let Some(d) = gpu(options("linear_tile")) else { return };
    let device = Device::Gpu(d.clone());
    let found = block_on(selftest(&device, &Abort::default(), |_, _| ())).unwrap();
    assert_eq!(found.set, Some("software"));
    assert!(found.failures().count() >= 15, "{:?}", found.failures().collect::<Vec<_>>());
    assert!(
        found.failures().all(|r| r.set == "hardware" && (r.kernel.contains("products") || r.kernel.contains("linear")))
    );
    // From here on the device computes with the right ones.
    let x = crate::Tensor::from_f32(&device, &[20, 8], &[1.0; 160]).unwrap();
    let w = crate::Tensor::from_f32(&device, &[4, 8], &[0.5; 32]).unwrap();
    assert_eq!(block_on(x.linear(&w, None).unwrap().to_vec()).unwrap(), vec![4.0; 80]);
    // What both sets share has no other form.
    let Some(d) = gpu(options("binary")) else { return };
    let found = block_on(selftest(&Device::Gpu(d), &Abort::default(), |_, _| ())).unwrap();
    assert_eq!(found.set, None);
    assert!(found.failures().any(|r| r.kernel == "arithmetic" && r.set == "software"));
}

#[test]
fn a_lost_device_is_reported_and_a_stop_is_seen() {
    let Some(d) = gpu(GpuOptions::default()) else { return };
    d.destroy();
    let found = block_on(selftest(&Device::Gpu(d), &Abort::default(), |_, _| ())).unwrap();
    assert_eq!(found.set, None);
    assert!(found.reports.iter().all(|r| r.error.is_some()));
    let abort = Abort::default();
    abort.abort();
    assert!(matches!(block_on(selftest(&cpus()[0], &abort, |_, _| ())), Err(TensorError::Aborted)));
}

#[test]
fn the_cpu_passes_with_every_instruction_set() {
    for device in cpus() {
        let found = block_on(selftest(device, &Abort::default(), |_, _| ())).unwrap();
        assert_eq!(found.failures().collect::<Vec<_>>(), Vec::<&super::KernelReport>::new());
        assert_eq!(found.set, Some("cpu"));
    }
}
