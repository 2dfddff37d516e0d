use super::Conv2d;
use crate::{CpuDevice, Result};

pub(super) struct Dims {
    pub images: usize,
    pub inputs: usize,
    pub size: [usize; 2],
    pub outputs: usize,
    pub kernel: [usize; 2],
    pub out: [usize; 2],
}

pub(super) fn conv2d(
    d: &CpuDevice,
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    c: &Conv2d,
    s: &Dims,
    y: &mut [f32],
) -> Result<()> {
    let ([h, wd], [kh, kw], [oh, ow]) = (s.size, s.kernel, s.out);
    let (gi, go) = (s.inputs / c.groups, s.outputs / c.groups);
    d.rows_mut(y, oh * ow, |plane, y| {
        let (n, o) = (plane / s.outputs, plane % s.outputs);
        let base = n * s.inputs + o / go * gi;
        for (p, y) in y.iter_mut().enumerate() {
            let mut sum = bias.map_or(0.0, |b| b[o]);
            for i in 0..gi {
                for ky in 0..kh {
                    for kx in 0..kw {
                        let (iy, ix) = (p / ow * c.stride + ky, p % ow * c.stride + kx);
                        let (Some(iy), Some(ix)) = (iy.checked_sub(c.padding), ix.checked_sub(c.padding)) else {
                            continue;
                        };
                        if iy < h && ix < wd {
                            sum += x[((base + i) * h + iy) * wd + ix] * w[((o * gi + i) * kh + ky) * kw + kx];
                        }
                    }
                }
            }
            *y = sum;
        }
    });
    Ok(())
}
