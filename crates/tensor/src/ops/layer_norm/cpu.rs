use crate::CpuDevice;

type Affine<'a> = Option<(&'a [f32], &'a [f32])>;

pub(super) fn layer_norm(d: &CpuDevice, x: &[f32], cols: usize, affine: Affine<'_>, eps: f32, y: &mut [f32]) {
    d.rows(x, y, cols, |_, x, y| {
        let mean = x.iter().sum::<f32>() / cols as f32;
        let var = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / cols as f32;
        let scale = (var + eps).sqrt().recip();
        y.iter_mut().zip(x).for_each(|(y, x)| *y = (x - mean) * scale);
        if let Some((w, b)) = affine {
            y.iter_mut().zip(w).zip(b).for_each(|((y, w), b)| *y = *y * w + b);
        }
    });
}
