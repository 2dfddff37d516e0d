use crate::CpuDevice;

pub(super) fn rms_norm(d: &CpuDevice, x: &[f32], cols: usize, weight: Option<&[f32]>, eps: f32, y: &mut [f32]) {
    d.rows(x, y, cols, |_, x, y| {
        let scale = (x.iter().map(|x| x * x).sum::<f32>() / cols as f32 + eps).sqrt().recip();
        match weight {
            Some(w) => y.iter_mut().zip(x).zip(w).for_each(|((y, x), w)| *y = x * scale * w),
            None => y.iter_mut().zip(x).for_each(|(y, x)| *y = x * scale),
        }
    });
}
