//! Every kernel on a person's own adapter against the CPU: a driver's fault is found before a model computes with it.
//!
//! A GPU has two sets of kernels, for hardware and for software adapters. Where one of the first set is wrong the device
//! goes over to the second and is tested again; where that is wrong too, the device is not to be used.

mod cases;
mod inputs;
#[cfg(test)]
mod tests;

use cases::{CASES, Case, Work, products};
#[cfg(test)]
pub(crate) use inputs::scales_of;

use crate::{Abort, CpuDevice, DType, Device, LogitEdits, Result, Tensor};

/// How far products with activations of eight bits, on the CPU, may differ from exact ones.
const ROUNDED: f32 = 0.03;

/// What one kernel gave.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelReport {
    /// What was computed, for example `linear q4_k, few rows`.
    pub kernel: &'static str,
    /// The set of kernels: `"hardware"`, `"software"`, or `"cpu"`.
    pub set: &'static str,
    /// The largest difference from the CPU, in parts of the largest value; infinite where one is not a number.
    pub difference: f32,
    /// The difference that rounding explains.
    pub allowed: f32,
    /// What the device answered, where it refused.
    pub error: Option<String>,
}

impl KernelReport {
    /// Whether the kernel may be used.
    pub fn passes(&self) -> bool {
        self.error.is_none() && self.difference <= self.allowed
    }
}

/// What [`selftest`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct SelfTest {
    /// Every kernel of every set that was tried, in order.
    pub reports: Vec<KernelReport>,
    /// The set of kernels that the device uses from now on; `None`: none is right, use the CPU.
    pub set: Option<&'static str>,
}

impl SelfTest {
    /// The kernels that are wrong.
    pub fn failures(&self) -> impl Iterator<Item = &KernelReport> {
        self.reports.iter().filter(|r| !r.passes())
    }
}

/// Runs every kernel of `device` against the CPU and has it use those that are right. `progress` gets how many of how many
/// kernels are done. On the CPU its fast instructions are compared with its exact ones.
///
/// # Errors
/// `Aborted`. A device that is lost meanwhile is reported, not returned.
pub async fn selftest(device: &Device, abort: &Abort, mut progress: impl FnMut(usize, usize)) -> Result<SelfTest> {
    let reference = Device::Cpu(CpuDevice::new(1).exact());
    let mut reports = Vec::new();
    let set_of = |device: &Device| match device {
        Device::Cpu(_) => "cpu",
        Device::Gpu(d) if d.has_fast_workgroup_memory() => "hardware",
        Device::Gpu(_) => "software",
    };
    loop {
        let set = set_of(device);
        let first = reports.len();
        for (i, case) in CASES.iter().enumerate() {
            abort.check()?;
            reports.push(run(case, &reference, device, set).await);
            device.turn(abort).await.or_else(|e| if abort.is_aborted() { Err(e) } else { Ok(()) })?;
            device.reset_arena();
            progress(i + 1, CASES.len());
        }
        if reports[first..].iter().all(KernelReport::passes) {
            return Ok(SelfTest { reports, set: Some(set) });
        }
        match device {
            Device::Gpu(d) if set == "hardware" => d.use_software_kernels(),
            _ => return Ok(SelfTest { reports, set: None }),
        }
    }
}

async fn run(case: &Case, reference: &Device, device: &Device, set: &'static str) -> KernelReport {
    let allowed = match device {
        Device::Cpu(d) if !d.is_exact() => ROUNDED,
        _ => case.allowed,
    };
    let mut report = KernelReport { kernel: case.name, set, difference: f32::INFINITY, allowed, error: None };
    match (outputs(&case.work, reference, set).await, outputs(&case.work, device, set).await) {
        (Ok(want), Ok(got)) => report.difference = difference(&got, &want),
        (Err(e), _) | (_, Err(e)) => report.error = Some(e.to_string()),
    }
    report
}

/// All values that the case gives on `device` to test a `set` of kernels, one list a result.
async fn outputs(work: &Work, device: &Device, set: &str) -> Result<Vec<Vec<f32>>> {
    let mut all = Vec::new();
    let tensors = match work {
        Work::Tensors(make) => make(device)?,
        Work::Products(block) => products(device, *block, set)?,
        Work::Candidates => {
            let x: Tensor = inputs::tensor(device, &[1, 5000], 1)?;
            let found = x.top_candidates(40, &LogitEdits::default(), 0.7).await?;
            all.push(found.top.iter().map(|c| c.0 as f32).collect());
            all.push(found.top.iter().map(|c| c.1).chain([found.log_sum]).collect());
            return Ok(all);
        }
    };
    for tensor in tensors {
        all.push(match tensor.dtype() {
            DType::U32 => tensor.to_vec_u32().await?.into_iter().map(|v| v as f32).collect(),
            _ => tensor.to_vec().await?,
        });
    }
    Ok(all)
}

/// The largest difference, in parts of the largest value of its list.
fn difference(got: &[Vec<f32>], want: &[Vec<f32>]) -> f32 {
    if got.len() != want.len() {
        return f32::INFINITY;
    }
    let one = |(got, want): (&Vec<f32>, &Vec<f32>)| {
        if got.len() != want.len() || got.iter().any(|v| !v.is_finite()) {
            return f32::INFINITY;
        }
        let largest = want.iter().fold(f32::MIN_POSITIVE, |m, v| m.max(v.abs()));
        got.iter().zip(want).fold(0.0f32, |m, (g, w)| m.max((g - w).abs())) / largest
    };
    got.iter().zip(want).map(one).fold(0.0, f32::max)
}
