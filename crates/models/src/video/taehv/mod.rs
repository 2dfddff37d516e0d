//! TAEHV, the tiny autoencoder for video (madebyollin/taehv, taew2_1): latents to frames, streaming, and back.

mod decoder;
mod encoder;
mod layer;

pub use decoder::{Decoder, Stream};
pub use encoder::Encoder;
