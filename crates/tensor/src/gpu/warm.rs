//! Pipelines made before they are needed: compiling them at the first token is what makes a first answer slow.

use std::collections::HashSet;

use super::launch::PipelineKey;
use super::state::Signature;
use super::{GpuDevice, Kernel};
use crate::Result;

/// Pipelines that a computation would need, gathered while nothing runs.
#[derive(Default)]
pub(super) struct Plan {
    seen: HashSet<PipelineKey>,
    pub(super) needed: Vec<(PipelineKey, &'static Kernel, Signature)>,
}

impl Plan {
    pub(super) fn add(&mut self, key: PipelineKey, kernel: &'static Kernel, signature: Signature) {
        if self.seen.insert(key) {
            self.needed.push((key, kernel, signature));
        }
    }
}

impl GpuDevice {
    /// Whether launches are only gathered.
    pub(crate) fn is_planning(&self) -> bool {
        self.state().plan.is_some()
    }

    /// Compiles, one after another, the pipelines that `compute` launches and that are not there yet; `compute` runs
    /// without any effect on the device but uploads, and must read nothing back. `progress` gets how many of how many
    /// are ready.
    ///
    /// Errors: of `compute`; `DeviceLost`.
    pub async fn warm_up<E: From<crate::TensorError>>(
        &self,
        compute: impl FnOnce() -> Result<(), E>,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<(), E> {
        self.flush()?;
        self.state().plan = Some(Plan::default());
        let computed = compute();
        let plan = self.state().plan.take().unwrap_or_default();
        computed?;
        let needed: Vec<_> = {
            let state = self.state();
            plan.needed.into_iter().filter(|(key, ..)| !state.pipelines.contains_key(key)).collect()
        };
        let all = needed.len();
        for (i, (key, kernel, signature)) in needed.into_iter().enumerate() {
            self.create_pipeline(&mut self.state(), kernel, key, signature);
            // Browsers compile in another process, in the order of the queue: its end is the pipeline's.
            let fence = self.fence();
            self.wait(fence).await?;
            self.0.health.check()?;
            progress(i + 1, all);
        }
        Ok(())
    }

    /// Names of the kernels that pipelines were made of.
    #[cfg(test)]
    pub(crate) fn kernels_used(&self) -> Vec<&'static str> {
        self.state().pipelines.keys().map(|key| key.kernel).collect()
    }
}
