//! Motion: a shot's words and noise become the layout of each of its frames, in one pass.
//!
//! A transformer over time. Its noise is a vector a shot, and anchors a second that are interpolated between (StyleGAN-V,
//! Skorokhodov et al. 2022), so any frame rate gives the same motion. Words and the shot's vector modulate each block.

mod block;
mod config;
mod decode;
mod noise;

pub use config::Config;

use super::layout::{Layout, ShotIds, Vocabulary};
use super::weights::{Linear, Weights};
use crate::{ModelError, Result};
use block::Block;
use kinora_formats::SafeTensorsFile;
use kinora_tensor::{Device, Tensor};
use std::f32::consts::PI;

const EPS: f32 = 1e-5;
/// Frames in one shot at most: attention grows with their square.
const MAX_FRAMES: usize = 1024;

/// The network that moves characters, prop and camera.
pub struct Motion {
    config: Config,
    vocabulary: Vocabulary,
    device: Device,
    words: Vec<Tensor>,
    shot_0: Linear,
    shot_2: Linear,
    text_null: Tensor,
    audio: Linear,
    audio_null: Tensor,
    time: Linear,
    anchor: Linear,
    blocks: Vec<Block>,
    output: Linear,
}
