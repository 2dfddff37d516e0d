//! Noise schedules and samplers of flow matching: `x_t = (1 − σ) x₀ + σ ε`, the network predicts the velocity `v = ε − x₀`,
//! hence `x₀ = x_t − σ v`, and its timestep is `1000 σ`. Samples are flat slices; the order of their numbers is free.

mod unipc;

pub use unipc::UniPc;

/// Warps a noise level towards the noisy end: `S σ / (1 + (S − 1) σ)` (Esser et al. 2024).
pub fn shift_sigma(sigma: f64, shift: f64) -> f64 {
    shift * sigma / (1.0 + (shift - 1.0) * sigma)
}

/// Whose table of noise levels to follow: they differ by up to two timesteps of 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Wan 2.1's own sampler: from σ = 0.999 to 0, integer timesteps.
    Wan,
    /// diffusers' `UniPCMultistepScheduler` with `use_flow_sigmas`: from just below 1 to 1/1000 before the final 0.
    Diffusers,
}

/// `steps + 1` noise levels, the last 0, and the timestep of each step.
pub fn unipc_table(table: Table, steps: usize, shift: f64) -> (Vec<f64>, Vec<f64>) {
    let level = |i: usize| {
        let at = i as f64 / steps as f64;
        match table {
            Table::Wan => 0.999 * (1.0 - at),
            Table::Diffusers => 1.0 + (1.0 / 1000.0 - 1.0) * at,
        }
    };
    let mut sigmas: Vec<f64> = (0..steps).map(|i| shift_sigma(level(i), shift)).collect();
    if table == Table::Diffusers
        && let Some(first) = sigmas.first_mut()
        && (*first - 1.0).abs() < 1e-6
    {
        *first -= 1e-6; // log((1 − σ)/σ) must be finite
    }
    let timesteps = sigmas.iter().map(|s| (s * 1000.0).floor()).collect();
    sigmas.push(0.0);
    (sigmas, timesteps)
}

/// The noise levels of `FlowMatchEulerDiscreteScheduler`: `shift(linspace(1, shift⁻¹(1/1000)…))` and a final 0.
pub fn euler_sigmas(steps: usize, shift: f64) -> Vec<f64> {
    let last = shift_sigma(1.0 / 1000.0, shift);
    let level = |i: usize| if steps < 2 { 1.0 } else { 1.0 + (last - 1.0) * i as f64 / (steps - 1) as f64 };
    let mut sigmas: Vec<f64> = (0..steps).map(|i| shift_sigma(level(i), shift)).collect();
    sigmas.push(0.0);
    sigmas
}

/// One Euler step along the velocity, in place: `x += (σ' − σ) v`.
pub fn euler_step(x: &mut [f32], velocity: &[f32], sigma: f64, next: f64) {
    let step = (next - sigma) as f32;
    for (x, v) in x.iter_mut().zip(velocity) {
        *x += step * v;
    }
}

/// The clean sample that a velocity implies, in place: `x₀ = x − σ v`.
pub fn predict_clean(x: &mut [f32], velocity: &[f32], sigma: f64) {
    euler_step(x, velocity, sigma, 0.0);
}

/// The few-step recipe of DMD and Self-Forcing: back to level `next` with fresh noise, in place: `(1 − σ') x₀ + σ' ε`.
pub fn renoise(clean: &mut [f32], noise: &[f32], next: f64) {
    let next = next as f32;
    for (x, e) in clean.iter_mut().zip(noise) {
        *x = (1.0 - next) * *x + next * e;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_timesteps_come_out() {
        let (_, wan) = unipc_table(Table::Wan, 8, 8.0);
        assert_eq!(wan, [999.0, 982.0, 959.0, 930.0, 888.0, 827.0, 727.0, 533.0]);
        let (_, diffusers) = unipc_table(Table::Diffusers, 8, 8.0);
        assert_eq!(diffusers, [999.0, 982.0, 960.0, 930.0, 889.0, 827.0, 728.0, 535.0]);
        let few: Vec<f64> = [1.0, 0.75, 0.5, 0.25].map(|s| 1000.0 * shift_sigma(s, 5.0)).to_vec();
        assert!(
            (few[1] - 937.5).abs() < 1e-9 && (few[2] - 833.333_333_333).abs() < 1e-6 && (few[3] - 625.0).abs() < 1e-9
        );
    }

    #[test]
    fn one_euler_step_along_the_true_velocity_is_the_clean_sample() {
        let (clean, noise) = ([0.5f32, -1.0], [2.0f32, 0.25]);
        let sigma = 0.8;
        let mut x: Vec<f32> = clean.iter().zip(noise).map(|(c, e)| 0.2 * c + 0.8 * e).collect();
        let v: Vec<f32> = clean.iter().zip(noise).map(|(c, e)| e - c).collect();
        predict_clean(&mut x, &v, sigma);
        assert!(x.iter().zip(clean).all(|(a, b)| (a - b).abs() < 1e-6));
        renoise(&mut x, &noise, 0.8);
        assert!((x[0] - (0.2 * 0.5 + 0.8 * 2.0)).abs() < 1e-6);
    }
}
