//! The networks that make a film from a storyboard.

use kinora_formats::SafeTensorsFile;
use kinora_models::video::{motion::Motion, paint::Painter, refine::Refiner};
use kinora_tensor::Device;

use crate::engine::ModelFiles;
use crate::{EngineError, error::Result};

/// The networks that make a film from a storyboard.
pub struct VideoModels {
    pub painter: Painter,
    pub motion: Motion,
    pub refiner: Option<Refiner>,
    /// Where they run.
    pub device: Device,
}

/// Their files: kept where a GPU may be lost.
pub(crate) struct VideoFiles {
    motion: SafeTensorsFile,
    paint: SafeTensorsFile,
    refine: Option<SafeTensorsFile>,
}

impl VideoFiles {
    /// Takes them out of `files`; `None` where these are not enough for a film.
    ///
    /// # Errors
    /// `model_refused` with what is wrong with which file.
    pub fn open(files: &mut ModelFiles) -> Result<Option<Self>> {
        let open = |bytes, name| SafeTensorsFile::from_bytes(bytes).map_err(|e| named(name, e.into()));
        let (Some(paint), Some(motion)) = (files.paint.take(), files.motion.take()) else { return Ok(None) };
        Ok(Some(Self {
            refine: files.refine.take().map(|bytes| open(bytes, "refine")).transpose()?,
            paint: open(paint, "paint")?,
            motion: open(motion, "motion")?,
        }))
    }

    /// The networks on `device`.
    ///
    /// # Errors
    /// `model_refused` with what is wrong with which file, `out_of_memory`, `device_lost`.
    pub fn load(&self, device: &Device) -> Result<VideoModels> {
        let refiner = self.refine.as_ref().map(|f| Refiner::load(f, device).map_err(|e| named("refine", e.into())));
        Ok(VideoModels {
            refiner: refiner.transpose()?,
            painter: Painter::load(&self.paint, device).map_err(|e| named("paint", e.into()))?,
            motion: Motion::load(&self.motion, device).map_err(|e| named("motion", e.into()))?,
            device: device.clone(),
        })
    }
}

/// The error, told of the model it belongs to.
pub(crate) fn named(name: &str, e: EngineError) -> EngineError {
    EngineError { message: format!("the {name} model: {}", e.message), ..e.at("load") }
}
