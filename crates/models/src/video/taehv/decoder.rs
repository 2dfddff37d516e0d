//! The decoder, depth first over time: a latent frame goes as far as it can before the next one enters.

use kinora_tensor::{Device, Tensor};

use super::layer::{Conv, MemBlock, Past};
use crate::{ModelError, Result, Weights};

enum Layer {
    /// tanh(x / 3) · 3
    Clamp,
    Conv(Conv),
    Relu,
    Upsample,
    Mem(Box<MemBlock>),
    /// A 1×1 convolution whose output holds `stride` consecutive frames.
    TGrow {
        conv: Conv,
        stride: usize,
    },
}

/// Where each stage of the decoder starts (the first of three memory blocks) in the published numbering.
const STAGES: [usize; 3] = [3, 9, 15];

/// Latent frames [C, h, w] to RGB frames [3, 8h, 8w].
pub struct Decoder {
    layers: Vec<Layer>,
    /// Frames that a latent frame becomes.
    time_scale: usize,
}

/// The decoder's memory of a clip. The first `time_scale − 1` frames are warm-up and are dropped.
pub struct Stream {
    past: Vec<Past>,
    skip: usize,
}

impl Decoder {
    /// Loads the tensors `decoder.*`; widths and time scales come from their shapes.
    ///
    /// # Errors
    /// A missing or misshapen tensor by name.
    pub fn load(w: &Weights, device: &Device) -> Result<Self> {
        let w = w.pp("decoder");
        let conv = |i: usize| Conv::load(&w, &i.to_string(), 1, device);
        let mut layers = vec![Layer::Clamp, Layer::Conv(conv(1)?), Layer::Relu];
        let mut time_scale = 1;
        for stage in STAGES {
            for block in stage..stage + 3 {
                layers.push(Layer::Mem(Box::new(MemBlock::load(&w, &block.to_string(), device)?)));
            }
            layers.push(Layer::Upsample);
            let grow = Conv::load(&w, &format!("{}.conv", stage + 4), 1, device)?;
            let after = conv(stage + 5)?;
            let stride = grow.channels_out() / after.channels_in().max(1);
            if stride == 0 || grow.channels_out() != stride * after.channels_in() {
                return Err(ModelError::Config(format!("decoder.{}: its frames do not fit the next layer", stage + 4)));
            }
            time_scale *= stride;
            layers.push(Layer::TGrow { conv: grow, stride });
            layers.push(Layer::Conv(after));
        }
        layers.extend([Layer::Relu, Layer::Conv(conv(22)?)]);
        Ok(Self { layers, time_scale })
    }

    /// The memory for a new clip.
    pub fn stream(&self) -> Stream {
        Stream { past: self.layers.iter().map(|_| Past::default()).collect(), skip: self.time_scale - 1 }
    }

    /// One latent frame `x` [C, h, w] in; `emit` gets each finished frame [3, 8h, 8w] in 0..1, oldest first.
    ///
    /// # Errors
    /// `Shape` when the frame does not fit, and what `emit` answers.
    pub fn push(&self, x: &Tensor, stream: &mut Stream, emit: &mut dyn FnMut(Tensor) -> Result<()>) -> Result<()> {
        self.run_from(0, x.clone(), stream, emit)
    }

    fn run_from(
        &self,
        first: usize,
        mut x: Tensor,
        stream: &mut Stream,
        emit: &mut dyn FnMut(Tensor) -> Result<()>,
    ) -> Result<()> {
        for (i, layer) in self.layers.iter().enumerate().skip(first) {
            x = match layer {
                Layer::Clamp => x.scale(1.0 / 3.0)?.tanh()?.scale(3.0)?,
                Layer::Conv(conv) => conv.forward(&x)?,
                Layer::Relu => x.relu()?,
                Layer::Upsample => {
                    let y = x.reshape(&[1, x.dim(0), x.dim(1), x.dim(2)])?.upsample_nearest2x()?;
                    y.reshape(&[y.dim(1), y.dim(2), y.dim(3)])?
                }
                Layer::Mem(block) => {
                    if x.dim(0) != block.channels() {
                        return Err(ModelError::shape(
                            "memory block",
                            x.shape(),
                            format!("{} channels", block.channels()),
                        ));
                    }
                    let past =
                        stream.past.get_mut(i).ok_or_else(|| ModelError::Config("another model's stream".into()))?;
                    let before = past.replace(&x)?;
                    block.forward(&x, &before)?
                }
                Layer::TGrow { conv, stride } => {
                    for frame in conv.forward(&x)?.chunk(*stride, 0)? {
                        self.run_from(i + 1, frame, stream, emit)?;
                    }
                    return Ok(());
                }
            };
        }
        if stream.skip > 0 {
            stream.skip -= 1;
            return Ok(());
        }
        emit(x.clamp(0.0, 1.0)?)
    }
}
