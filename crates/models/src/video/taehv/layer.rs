//! Convolutions and the block with a memory of the frame before.

use kinora_tensor::{Conv2d, Device, Persistent, Tensor};

use crate::{ModelError, Result, Weights};

/// A square convolution that keeps the size (or halves it, with stride 2).
pub(super) struct Conv {
    weight: Tensor,
    bias: Option<Tensor>,
    stride: usize,
    padding: usize,
}

impl Conv {
    /// The convolution `name`, 3×3 or 1×1 as its weight says; the bias may be missing.
    pub fn load(w: &Weights, name: &str, stride: usize, device: &Device) -> Result<Self> {
        let weight = w.pp(name).any("weight", device)?;
        let [out, _, kernel, _] = weight.shape()[..] else {
            return Err(ModelError::shape(name, weight.shape(), "[out, in, k, k]".into()));
        };
        let bias = if w.has(&format!("{name}.bias")) { Some(w.pp(name).get("bias", &[out], device)?) } else { None };
        Ok(Self { weight, bias, stride, padding: kernel / 2 })
    }

    pub fn channels_in(&self) -> usize {
        self.weight.dim(1)
    }

    pub fn channels_out(&self) -> usize {
        self.weight.dim(0)
    }

    /// `x` [I, H, W] → [O, H', W'].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let batch = x.reshape(&[1, x.dim(0), x.dim(1), x.dim(2)])?;
        let options = Conv2d { stride: self.stride, padding: self.padding, groups: 1 };
        let y = batch.conv2d(&self.weight, self.bias.as_ref(), &options)?;
        Ok(y.reshape(&[y.dim(1), y.dim(2), y.dim(3)])?)
    }
}

/// `relu(conv₄(relu(conv₂(relu(conv₀([x, past]))))) + x)`, where `past` is the block's input one time step before.
pub(super) struct MemBlock {
    convs: [Conv; 3],
}

impl MemBlock {
    pub fn load(w: &Weights, name: &str, device: &Device) -> Result<Self> {
        let w = w.pp(name);
        let conv = |i: usize| Conv::load(&w, &format!("conv.{i}"), 1, device);
        Ok(Self { convs: [conv(0)?, conv(2)?, conv(4)?] })
    }

    pub fn channels(&self) -> usize {
        self.convs[2].channels_out()
    }

    pub fn forward(&self, x: &Tensor, past: &Tensor) -> Result<Tensor> {
        let [first, second, third] = &self.convs;
        let y = first.forward(&Tensor::concat(&[x, past], 0)?)?.relu()?;
        let y = third.forward(&second.forward(&y)?.relu()?)?;
        Ok(y.add(x)?.relu()?)
    }
}

/// What a memory block saw one time step ago; zeros at first. Its storage is made when the first frame tells its size.
#[derive(Default)]
pub(super) struct Past(Option<Persistent>);

impl Past {
    /// Stores `x` and gives what was stored before.
    pub fn replace(&mut self, x: &Tensor) -> Result<Tensor> {
        if self.0.is_none() {
            self.0 = Some(Persistent::zeros(x.device(), x.shape())?);
        }
        match &mut self.0 {
            Some(storage) => Ok(storage.replace(x)?),
            None => Ok(Tensor::zeros(x.device(), x.shape())?),
        }
    }
}
