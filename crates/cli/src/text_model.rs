//! The text models that a command names, or the embedded one.

use std::path::PathBuf;

use kinora_engine::{Engine, ModelFiles};

use crate::embedded::{self, DeviceArgs};
use crate::failure::{Failure, Outcome};

/// Loads `files`, or the embedded text model where there are none.
pub fn load(files: &[PathBuf], device: &DeviceArgs) -> Outcome<Engine> {
    let path = match files.first() {
        Some(path) => path.clone(),
        None => embedded::folder()?.join("text/kinora-text.gguf"),
    };
    let text = std::fs::read(&path).map_err(|e| Failure::from(e).at(path.display()))?;
    Ok(Engine::load(ModelFiles { text, ..Default::default() }, device.open()?)?)
}
