//! Vector instructions: portable kernels, and a thin file for each instruction set.

/// An instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isa {
    Portable,
}

impl Isa {
    pub fn name(self) -> &'static str {
        match self {
            Isa::Portable => "portable SIMD",
        }
    }
}

/// The best instruction set of this machine.
pub(crate) fn isa() -> Isa {
    Isa::Portable
}
