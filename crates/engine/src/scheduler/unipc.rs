//! UniPC, bh2 variant, order 2 with corrector (Zhao et al. 2023), on flow-matching noise levels; closed form.

use super::{Table, unipc_table};

/// A sampler that keeps the last two clean predictions. Call [`UniPc::step`] once for each of [`UniPc::timesteps`].
#[derive(Debug, Clone)]
pub struct UniPc {
    sigmas: Vec<f64>,
    timesteps: Vec<f64>,
    at: usize,
    /// Clean predictions of the last two steps, newest last.
    clean: Vec<Vec<f64>>,
    /// The sample that entered the last step, after correction.
    last: Vec<f64>,
    last_order: usize,
}

/// Half the log of the signal-to-noise ratio, without the half: `ln(1 − σ) − ln σ`.
fn lambda(sigma: f64) -> f64 {
    (1.0 - sigma).ln() - sigma.ln()
}

impl UniPc {
    /// A sampler of `steps` steps over `table`'s noise levels, shifted by `shift`.
    pub fn new(table: Table, steps: usize, shift: f64) -> Self {
        let (sigmas, timesteps) = unipc_table(table, steps, shift);
        Self { sigmas, timesteps, at: 0, clean: Vec::new(), last: Vec::new(), last_order: 0 }
    }

    /// The timestep of each step, 0..1000.
    pub fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    /// The noise levels, one more than steps.
    pub fn sigmas(&self) -> &[f64] {
        &self.sigmas
    }

    /// Moves `x` by one step, given the network's `velocity` at `x` and the current timestep. Past the last step `x` stays.
    pub fn step(&mut self, x: &mut [f32], velocity: &[f32]) {
        let i = self.at;
        let (Some(&sigma), Some(&next)) = (self.sigmas.get(i), self.sigmas.get(i + 1)) else { return };
        let mut sample: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
        let clean: Vec<f64> = sample.iter().zip(velocity).map(|(x, v)| x - sigma * f64::from(*v)).collect();
        if i > 0 {
            self.correct(&mut sample, &clean, sigma);
        }
        let order = 2.min(self.timesteps.len() - i).min(self.clean.len() + 1);
        if self.clean.len() == 2 {
            self.clean.remove(0);
        }
        self.clean.push(clean);
        self.last.clone_from(&sample);
        self.last_order = order;
        self.predict(&mut sample, sigma, next, order);
        for (x, s) in x.iter_mut().zip(&sample) {
            *x = *s as f32;
        }
        self.at += 1;
    }

    /// UniC: moves the sample to where the newest prediction says the last step should have ended.
    fn correct(&self, sample: &mut [f64], clean: &[f64], sigma: f64) {
        let (Some(newest), Some(&before)) = (self.clean.last(), self.sigmas.get(self.at - 1)) else { return };
        let h = lambda(sigma) - lambda(before);
        let hh = -h;
        let phi1 = hh.exp_m1();
        let alpha = 1.0 - sigma;
        let ratio = sigma / before;
        let older = self.clean.first().filter(|_| self.last_order == 2 && self.at >= 2);
        let (r0, r1, rk) = match (older, self.at.checked_sub(2).and_then(|k| self.sigmas.get(k))) {
            (Some(_), Some(&oldest)) => {
                let rk = (lambda(oldest) - lambda(before)) / h;
                let phi2 = phi1 / hh - 1.0;
                let b1 = phi2 / phi1;
                let b2 = (phi2 / hh - 0.5) * 2.0 / phi1;
                let r0 = (b1 - b2) / (1.0 - rk);
                (r0, b1 - r0, rk)
            }
            _ => (0.0, 0.5, 1.0),
        };
        for (j, x) in sample.iter_mut().enumerate() {
            let (m, c) = (newest[j], clean[j]);
            let slope = older.map_or(0.0, |o| (o[j] - m) / rk);
            *x = ratio * self.last[j] - alpha * phi1 * m - alpha * phi1 * (r0 * slope + r1 * (c - m));
        }
    }

    /// UniP: the sample at the next noise level.
    fn predict(&self, sample: &mut [f64], sigma: f64, next: f64, order: usize) {
        let Some(newest) = self.clean.last() else { return };
        let h = if next > 0.0 { lambda(next) - lambda(sigma) } else { f64::INFINITY };
        let phi1 = (-h).exp_m1();
        let alpha = 1.0 - next;
        let older = self.clean.first().filter(|_| order == 2);
        let rk = match (older, self.at.checked_sub(1).and_then(|k| self.sigmas.get(k))) {
            (Some(_), Some(&before)) => (lambda(before) - lambda(sigma)) / h,
            _ => 1.0,
        };
        for (j, x) in sample.iter_mut().enumerate() {
            let m = newest[j];
            *x = next / sigma * *x - alpha * phi1 * m;
            if let Some(o) = older {
                *x -= alpha * phi1 * 0.5 * (o[j] - m) / rk;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a velocity field whose clean sample is constant, every step must land on the straight line to it.
    #[test]
    fn a_constant_clean_sample_is_reached_exactly() {
        for table in [Table::Wan, Table::Diffusers] {
            let mut sampler = UniPc::new(table, 6, 5.0);
            let clean = [0.25f32, -0.75];
            let mut x = [1.5f32, 0.5];
            for i in 0..6 {
                let sigma = sampler.sigmas()[i] as f32;
                let v: Vec<f32> = x.iter().zip(clean).map(|(x, c)| (x - c) / sigma).collect();
                sampler.step(&mut x, &v);
            }
            assert!(x.iter().zip(clean).all(|(a, b)| (a - b).abs() < 1e-4), "{table:?}: {x:?}");
            let before = x;
            sampler.step(&mut x, &[9.0, 9.0]);
            assert_eq!(x, before);
        }
    }
}
