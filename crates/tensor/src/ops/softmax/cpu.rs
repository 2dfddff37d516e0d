use crate::CpuDevice;

pub(super) fn softmax(d: &CpuDevice, x: &[f32], cols: usize, y: &mut [f32]) {
    d.rows(x, y, cols, |_, x, y| {
        let max = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        y.iter_mut().zip(x).for_each(|(y, x)| *y = (x - max).exp());
        let scale = y.iter().sum::<f32>().recip();
        y.iter_mut().for_each(|y| *y *= scale);
    });
}
