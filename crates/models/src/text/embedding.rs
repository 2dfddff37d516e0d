//! One vector for a text: hidden states pooled and brought to length one.

use kinora_formats::config::Pooling;

use super::Decoder;
use crate::{ModelError, Result};

impl Decoder {
    /// The vector of a text of `tokens`, of length one: the normed states of the last layer, pooled as the file says, else
    /// their mean. Waits for the device.
    ///
    /// # Errors
    /// As [`Decoder::forward`]; `NonFinite` where the weights are damaged.
    pub async fn embed(&self, tokens: &[u32]) -> Result<Vec<f32>> {
        let mut cache = self.new_cache(tokens.len())?;
        let states = self.normed(&self.residual(tokens, &mut cache)?)?.to_vec().await?;
        pooled(&states, self.config.n_embd, self.config.pooling.unwrap_or(Pooling::Mean))
    }
}

/// `states` [T, width] as one vector of length one.
pub(super) fn pooled(states: &[f32], width: usize, pooling: Pooling) -> Result<Vec<f32>> {
    let rows: Vec<&[f32]> = match pooling {
        Pooling::Mean => states.chunks_exact(width).collect(),
        Pooling::First => states.chunks_exact(width).take(1).collect(),
        Pooling::Last => states.rchunks_exact(width).take(1).collect(),
    };
    // The length goes, so the sum serves as the mean
    let sums: Vec<f64> = (0..width).map(|i| rows.iter().map(|row| f64::from(row[i])).sum()).collect();
    let length = sums.iter().map(|x| x * x).sum::<f64>().sqrt();
    if !length.is_finite() {
        return Err(ModelError::NonFinite { place: "the network".to_string() });
    }
    Ok(sums.iter().map(|x| (x / length.max(f64::MIN_POSITIVE)) as f32).collect())
}
