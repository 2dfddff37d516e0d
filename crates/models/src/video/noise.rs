//! Seeded normal numbers, the same on every platform.

use std::f64::consts::TAU;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

pub(super) struct Noise(ChaCha8Rng);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self::stream(seed, 0)
    }

    /// `stream` separates the uses of one seed.
    pub fn stream(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Evenly in 0..1.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// `n` numbers of mean 0 and variance 1 (Box and Muller 1958).
    pub fn normal(&mut self, n: usize) -> Vec<f32> {
        let one = |_| {
            let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
            (radius * (TAU * self.unit()).cos()) as f32
        };
        (0..n).map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_are_normal_and_repeat_by_seed() {
        let values = Noise::new(7).normal(20_000);
        let mean = values.iter().sum::<f32>() / 20_000.0;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
        assert_eq!(values[..5], Noise::new(7).normal(5)[..]);
        assert_ne!(values[..5], Noise::new(8).normal(5)[..]);
        assert_ne!(values[..5], Noise::stream(7, 1).normal(5)[..]);
    }
}
