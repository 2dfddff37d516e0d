//! Shapes without heap storage.

use std::fmt;
use std::ops::Deref;

/// The most dimensions a tensor can have. Patchifying a clip passes through seven.
pub const MAX_DIMS: usize = 8;

/// Row-major dimensions, outermost first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    dims: [usize; MAX_DIMS],
    rank: usize,
}

impl Shape {
    /// `None` when there are too many dimensions or the number of elements overflows.
    pub fn new(dims: &[usize]) -> Option<Shape> {
        let mut all = [1; MAX_DIMS];
        all.get_mut(..dims.len())?.copy_from_slice(dims);
        dims.iter().try_fold(1usize, |n, &d| n.checked_mul(d))?.checked_mul(4)?;
        Some(Shape { dims: all, rank: dims.len() })
    }

    /// The same with another size of dimension `i`.
    pub fn set(&mut self, i: usize, len: usize) {
        if let Some(dim) = self.dims[..self.rank].get_mut(i) {
            *dim = len;
        }
    }

    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.iter().product()
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.dims[..self.rank]
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.deref().fmt(f)
    }
}
