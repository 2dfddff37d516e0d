//! f32 rows into a cache of 16 or 8 bits on the GPU.

mod gpu;
#[cfg(test)]
mod tests;

pub(crate) use gpu::cache_write;
