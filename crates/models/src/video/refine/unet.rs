//! The network: half the picture's size, then a quarter, then an eighth, and back (Ronneberger et al. 2015); pixels are folded into
//! channels and back (Shi et al. 2016). It sees the painted frame and says, for every pixel, what is sure and how much of each
//! texture is added.

use kinora_tensor::Tensor;

use super::super::weights::{Conv, Linear, Weights};
use super::config::Config;
use super::surface::{COLORS, PARTS};
use crate::{ModelError, Result};

/// Painted frame, place.
const INPUTS: usize = COLORS + 2;
/// A picture's sides are multiples of this.
const SIDE: usize = 8;
const BLOCKS: usize = 7;
/// Pixels that become one by a fold.
const FOLD: usize = 4;

/// Two 3×3 convolutions with a residual (He et al. 2016), the first modulated by FiLM (Perez et al. 2018).
struct Block {
    /// [inputs · 9, outputs], so that FiLM scales its columns.
    weight: Tensor,
    /// [1, outputs]
    bias: Tensor,
    conv_1: Conv,
}

pub(super) struct UNet {
    film_0: Linear,
    film_1: Linear,
    input: Conv,
    down: [Conv; 2],
    up: [Conv; 2],
    output: Conv,
    blocks: Vec<Block>,
}

/// The first convolution of each block under a shot's words: FiLM is part of its weights.
pub(super) struct Look(Vec<Conv>);

impl UNet {
    pub fn load(w: &Weights, c: &Config) -> Result<UNet> {
        let [half, quarter, eighth] = c.channels;
        let widths: [usize; BLOCKS] = [half, quarter, eighth, eighth, quarter, half, half];
        let blocks = widths.iter().enumerate().map(|(i, &width)| Block::load(w, &format!("blocks.{i}"), width));
        Ok(UNet {
            film_0: w.linear("film_0", c.context.len() * c.embedding, c.film_hidden)?,
            film_1: w.linear("film_1", c.film_hidden, 2 * widths.iter().sum::<usize>())?,
            input: w.conv("input", FOLD * INPUTS, half, 3)?,
            down: [w.conv("down_0", FOLD * half, quarter, 1)?, w.conv("down_1", FOLD * quarter, eighth, 1)?],
            up: [w.conv("up_0", quarter, FOLD * half, 1)?, w.conv("up_1", eighth, FOLD * quarter, 1)?],
            output: w.conv("output", half, FOLD * PARTS, 3)?,
            blocks: blocks.collect::<Result<_>>()?,
        })
    }

    /// `words` [1, words · embedding]
    pub fn look(&self, words: &Tensor) -> Result<Look> {
        let film = self.film_1.forward(&self.film_0.forward(words)?.silu()?)?;
        let mut first = 0;
        let mut one = |block: &Block| {
            let width = block.bias.last_dim();
            let (scale, shift) = (film.narrow(1, first, width)?, film.narrow(1, first + width, width)?);
            first += 2 * width;
            block.under(&scale, &shift)
        };
        Ok(Look(self.blocks.iter().map(&mut one).collect::<Result<_>>()?))
    }

    /// What is sure of a frame and the share of each texture [PARTS, H, W]: `look` [3, H, W] is its picture in −1..1, `place`
    /// [2, H, W] where its pixels are.
    pub fn parts(&self, look: &Tensor, place: &Tensor, shot: &Look) -> Result<Tensor> {
        let (h, w) = (look.dim(1), look.dim(2));
        let seen = padded(&Tensor::concat(&[look, place], 0)?)?;
        Ok(self.forward(&seen, shot)?.narrow(1, 0, h)?.narrow(2, 0, w)?)
    }

    /// `x` [INPUTS, H, W] → [PARTS, H, W]; sides are multiples of [`SIDE`].
    fn forward(&self, x: &Tensor, look: &Look) -> Result<Tensor> {
        let (h, w) = (x.dim(1), x.dim(2));
        let mut blocks = self.blocks.iter().zip(&look.0);
        let mut next = |x: &Tensor| match blocks.next() {
            Some((block, conv)) => block.forward(x, conv),
            None => Err(ModelError::Config("a refiner with too few blocks".to_owned())),
        };
        let [down_0, down_1] = &self.down;
        let [up_0, up_1] = &self.up;
        let x = x.reshape(&[1, INPUTS, h, w])?.pixel_unshuffle(2)?;
        let half = next(&self.input.forward(&x)?)?;
        let quarter = next(&down_0.forward(&half.pixel_unshuffle(2)?)?)?;
        let y = down_1.forward(&quarter.pixel_unshuffle(2)?)?;
        let y = next(&y)?;
        let y = next(&y)?;
        let y = next(&quarter.add(&up_1.forward(&y)?.pixel_shuffle(2)?)?)?;
        let y = half.add(&up_0.forward(&y)?.pixel_shuffle(2)?)?;
        let y = next(&y)?;
        let y = next(&y)?;
        Ok(self.output.forward(&y.silu()?)?.pixel_shuffle(2)?.reshape(&[PARTS, h, w])?)
    }
}

impl Block {
    fn load(w: &Weights, name: &str, width: usize) -> Result<Block> {
        let weight = w.float(&format!("{name}.conv_0.weight"), &[width, width, 3, 3])?;
        Ok(Block {
            weight: weight.reshape(&[width, width * 9])?.permute(&[1, 0])?,
            bias: w.float(&format!("{name}.conv_0.bias"), &[width])?.reshape(&[1, width])?,
            conv_1: w.conv(&format!("{name}.conv_1"), width, width, 3)?,
        })
    }

    /// The first convolution, its outputs times 1 + `scale` and plus `shift`, both [1, width].
    fn under(&self, scale: &Tensor, shift: &Tensor) -> Result<Conv> {
        let (device, width) = (self.bias.device(), self.bias.last_dim());
        let row = |n: usize| Tensor::from_u32(device, &[n], &vec![0; n]);
        let weight = self.weight.film(scale, &Tensor::zeros(device, &[1, width])?, &row(self.weight.dim(0))?)?;
        Ok(Conv {
            weight: weight.permute(&[1, 0])?.reshape(&[width, width, 3, 3])?,
            bias: self.bias.film(scale, shift, &row(1)?)?.reshape(&[width])?,
            padding: 1,
        })
    }

    fn forward(&self, x: &Tensor, conv_0: &Conv) -> Result<Tensor> {
        let y = conv_0.forward(&x.silu()?)?.silu()?;
        Ok(x.add(&self.conv_1.forward(&y)?)?)
    }
}

/// `x` [C, H, W] → [C, H', W'], multiples of [`SIDE`]: the last row and column go on.
pub(super) fn padded(x: &Tensor) -> Result<Tensor> {
    let mut x = x.clone();
    for dim in 1..=2 {
        let side = x.dim(dim);
        let more = side.next_multiple_of(SIDE) - side;
        if more > 0 {
            let last = x.narrow(dim, side - 1, 1)?;
            let mut parts = vec![&x];
            parts.extend(vec![&last; more]);
            x = Tensor::concat(&parts, dim)?;
        }
    }
    Ok(x)
}
