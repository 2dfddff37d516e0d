use crate::CpuDevice;
use crate::ops::modulate::Row;

pub(super) fn film(d: &CpuDevice, x: &[f32], scale: &[f32], shift: &[f32], index: &[u32], cols: usize, y: &mut [f32]) {
    let last = (scale.len() / cols.max(1)).saturating_sub(1);
    d.rows(x, y, cols, |n, x, y| {
        let at = (index[n] as usize).min(last) * cols;
        d.isa().run(Row { x, scale: &scale[at..at + cols], shift: &shift[at..at + cols], y });
    });
}
