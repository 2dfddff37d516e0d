use super::RopeStyle;
use crate::CpuDevice;

pub(super) fn rope(
    d: &CpuDevice,
    x: &[f32],
    cos: &[f32],
    sin: &[f32],
    [heads, dim, pairs]: [usize; 3],
    style: RopeStyle,
    y: &mut [f32],
) {
    d.rows(x, y, heads * dim, |t, x, y| {
        let (cos, sin) = (&cos[t * pairs..][..pairs], &sin[t * pairs..][..pairs]);
        for (x, y) in x.chunks_exact(dim).zip(y.chunks_exact_mut(dim)) {
            match style {
                RopeStyle::Interleaved => {
                    let (x, y) = (x.as_chunks::<2>().0, y.as_chunks_mut::<2>().0);
                    for (((x, y), c), s) in x.iter().zip(y).zip(cos).zip(sin) {
                        *y = [x[0] * c - x[1] * s, x[0] * s + x[1] * c];
                    }
                }
                RopeStyle::NeoX => {
                    let (x0, x1) = x[..2 * pairs].split_at(pairs);
                    let (y0, y1) = y[..2 * pairs].split_at_mut(pairs);
                    for i in 0..pairs {
                        y0[i] = x0[i] * cos[i] - x1[i] * sin[i];
                        y1[i] = x0[i] * sin[i] + x1[i] * cos[i];
                    }
                }
            }
            y[2 * pairs..].copy_from_slice(&x[2 * pairs..]);
        }
    });
}
