use crate::{CpuDevice, Result};

pub(super) fn depthwise3x3(
    d: &CpuDevice,
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    [height, width, channels]: [usize; 3],
    y: &mut [f32],
) -> Result<()> {
    let row = width * channels;
    d.rows_mut(y, row, |n, y| {
        let (frame, line) = (n / height, n % height);
        for (p, y) in y.chunks_exact_mut(channels).enumerate() {
            match bias {
                Some(bias) => y.copy_from_slice(bias),
                None => y.fill(0.0),
            }
            for ky in 0..3 {
                for kx in 0..3 {
                    let (Some(iy), Some(ix)) = ((line + ky).checked_sub(1), (p + kx).checked_sub(1)) else { continue };
                    if iy < height && ix < width {
                        let x = &x[(frame * height + iy) * row + ix * channels..][..channels];
                        for c in 0..channels {
                            y[c] += x[c] * w[c * 9 + ky * 3 + kx];
                        }
                    }
                }
            }
        }
    });
    Ok(())
}
