//! Networks as papers write them, loaded from a `formats` file and run on `tensor`.

mod error;
mod source;
pub mod text;
pub mod video;

pub use error::{ModelError, Result};
pub use source::Weights;
