use super::CopyDim;
use crate::CpuDevice;
use crate::cpu::SendPtr;

/// Elements a task moves, at least.
const GRAIN: usize = 16 << 10;

/// The two innermost loops run in a task; the outer ones are flattened into task numbers.
pub(super) fn strided_copy<T: Copy + Send + Sync>(d: &CpuDevice, src: &[T], dst: &mut [T], dims: &[CopyDim]) {
    let one = CopyDim { len: 1, src: 0, dst: 0 };
    let (outer, [rows, cols]) = match dims {
        [] => (&[][..], [one, one]),
        [cols] => (&[][..], [one, *cols]),
        [outer @ .., rows, cols] => (outer, [*rows, *cols]),
    };
    // A single long run splits into tasks as well.
    let split = if rows.len == 1 && outer.is_empty() { cols.len.div_ceil(GRAIN) } else { 1 };
    let per_task = cols.len.div_ceil(split);
    let count: usize = outer.iter().map(|d| d.len).product::<usize>() * split;
    let grain = d.pool().grain(count, rows.len * per_task, GRAIN);
    let dst = SendPtr::new(dst);
    d.pool().run(count.div_ceil(grain), |task| {
        for item in task * grain..((task + 1) * grain).min(count) {
            let first = item % split * per_task;
            let cols_here = CopyDim { len: per_task.min(cols.len.saturating_sub(first)), ..cols };
            let (mut rest, mut from, mut to) = (item / split, first * cols.src, first * cols.dst);
            for dim in outer.iter().rev() {
                from += rest % dim.len * dim.src;
                to += rest % dim.len * dim.dst;
                rest /= dim.len;
            }
            copy_plane(src, from, &dst, to, rows, cols_here);
        }
    });
}

fn copy_plane<T: Copy>(src: &[T], from: usize, dst: &SendPtr<'_, T>, to: usize, rows: CopyDim, cols: CopyDim) {
    if cols.len == 0 {
        return;
    }
    for r in 0..rows.len {
        let (from, to) = (from + r * rows.src, to + r * rows.dst);
        if cols.dst == 1 {
            // SAFETY: no element is written twice, so this run is ours alone.
            let out = unsafe { dst.slice(to, cols.len) };
            match cols.src {
                0 => out.fill(src[from]),
                1 => out.copy_from_slice(&src[from..from + cols.len]),
                step => out.iter_mut().zip(src[from..].iter().step_by(step)).for_each(|(y, x)| *y = *x),
            }
        } else {
            for c in 0..cols.len {
                // SAFETY: no element is written twice.
                unsafe { dst.write(to + c * cols.dst, src[from + c * cols.src]) };
            }
        }
    }
}
