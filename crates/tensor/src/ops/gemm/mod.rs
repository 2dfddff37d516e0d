//! The matrix kernel that linear layers, products, convolutions and attention share.

/// A matrix [N, K] packed for the kernel.
pub(crate) struct Panels;
