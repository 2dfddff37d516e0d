//! Where a network begins to compute what is no number.

use super::Decoder;
use crate::{ModelError, Result};

impl Decoder {
    /// Whether `logits` can be drawn from.
    pub fn are_finite(logits: &[f32]) -> bool {
        logits.iter().all(|x| x.is_finite())
    }

    /// Reads `tokens` again from nothing, block by block, and says where values stop being finite: for the caller whose
    /// logits were not. `None` where all are (then it was the caller's cache).
    ///
    /// # Errors
    /// As [`Decoder::forward`].
    pub async fn find_non_finite(&self, tokens: &[u32]) -> Result<Option<ModelError>> {
        let mut cache = self.new_cache(tokens.len())?;
        let mut states = vec![Vec::new(); self.config.n_layer + 1];
        let logits = {
            let mut last = None;
            let seen = |place: usize, x: &kinora_tensor::Tensor| {
                states[place].push(x.clone());
                Ok(())
            };
            self.read(tokens, &mut cache, seen, |x| {
                last = Some(x);
                Ok(())
            })?;
            last
        };
        for (place, states) in states.iter().enumerate() {
            for state in states {
                if !Self::are_finite(&state.to_vec().await?) {
                    let place = match place.checked_sub(1) {
                        None => "token_embd.weight".to_string(),
                        Some(block) => format!("blk.{block}"),
                    };
                    return Ok(Some(ModelError::NonFinite { place }));
                }
            }
        }
        let finite = match logits {
            Some(x) => Self::are_finite(&self.logits(&x)?.to_vec().await?),
            None => true,
        };
        Ok(if finite { None } else { Some(ModelError::NonFinite { place: "the output".to_string() }) })
    }
}
