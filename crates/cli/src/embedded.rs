//! The embedded models on disk, and the device to run them on.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use kinora_engine::{Engine, ModelFiles};
use kinora_tensor::Device;

use crate::failure::{Failure, Outcome};

/// Where to compute.
#[derive(clap::Args, Clone)]
pub struct DeviceArgs {
    /// Where to compute: auto takes the CPU unless there is a hardware GPU
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
    /// CPU threads; 0 takes all
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DeviceChoice {
    Auto,
    Cpu,
    Gpu,
}

impl DeviceArgs {
    /// Opens the device.
    pub fn open(&self) -> Outcome<Device> {
        let threads = match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        };
        match self.device {
            DeviceChoice::Cpu | DeviceChoice::Auto => Ok(Device::cpu(threads)),
            DeviceChoice::Gpu => Ok(pollster::block_on(Device::gpu())?),
        }
    }
}

/// The folder of the embedded models: `$KINORA_MODELS`, else `models/` here or in a folder above, else beside the program.
pub fn folder() -> Outcome<PathBuf> {
    if let Some(path) = env::var_os("KINORA_MODELS") {
        return Ok(PathBuf::from(path));
    }
    let is_models = |folder: &Path| folder.join("models/text").is_dir().then(|| folder.join("models"));
    let here = env::current_dir().ok();
    let program = env::current_exe().ok();
    [here, program].iter().flatten().find_map(|start| start.ancestors().find_map(is_models)).ok_or_else(|| {
        Failure::new("the embedded models were not found: set KINORA_MODELS to the folder models/ of Kinora")
    })
}

/// Loads the engine with the embedded models.
pub fn load(args: &DeviceArgs) -> Outcome<Engine> {
    let folder = folder()?;
    let required = |file: &str| {
        let path = folder.join(file);
        fs::read(&path).map_err(|e| Failure::from(e).at(path.display()))
    };
    let optional = |file: &str| match folder.join(file) {
        path if path.exists() => required(file).map(Some),
        _ => Ok::<_, Failure>(None),
    };
    let files = ModelFiles {
        text: required("text/kinora-text.gguf")?,
        motion: Some(required("motion/motion.safetensors")?),
        paint: Some(required("paint/paint.safetensors")?),
        refine: optional("refine/refine.safetensors")?,
        ..Default::default()
    };
    Ok(Engine::load(files, args.open()?)?)
}
