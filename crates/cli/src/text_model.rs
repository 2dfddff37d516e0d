//! The text models that a command names, or the embedded one.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use kinora_engine::{CacheType, Engine, ModelFiles, TextOptions};
use kinora_formats::{FormatError, GgufFile, ReadAt, shown};

use crate::embedded::{self, DeviceArgs};
use crate::failure::{Failure, Outcome};

/// How text models are loaded.
#[derive(clap::Args, Clone)]
pub struct TextArgs {
    /// Tokens that a conversation and its answer may take together; without it what the model was trained for, as far as
    /// 512 MiB of keys and values hold that
    #[arg(long)]
    context: Option<usize>,
    /// How keys and values are kept: f32, f16 or q8_0; without it f32 for short contexts and f16 for long ones
    #[arg(long, value_name = "TYPE")]
    kv_cache: Option<CacheType>,
}

impl TextArgs {
    /// As the engine takes them.
    pub fn options(&self) -> TextOptions {
        TextOptions { context: self.context, kv_cache: self.kv_cache }
    }
}

/// Loads the text models of `files` under the names of their files; the embedded one where there are none. Returns the
/// names beside the engine; none means the embedded one.
pub fn load(files: &[PathBuf], args: &TextArgs, device: &DeviceArgs) -> Outcome<(Engine, Vec<String>)> {
    if files.is_empty() {
        let path = embedded::folder()?.join("text/kinora-text.gguf");
        let text = std::fs::read(&path).map_err(|e| Failure::from(e).at(path.display()))?;
        let files = ModelFiles { text, text_options: args.options(), ..Default::default() };
        return Ok((Engine::load(files, device.open()?)?, Vec::new()));
    }
    let engine = Engine::load(ModelFiles::default(), device.open()?)?;
    let mut names = Vec::new();
    for path in files {
        let name = path.file_stem().map_or_else(|| "model".into(), |stem| stem.to_string_lossy().into_owned());
        let add = || -> Outcome { Ok(engine.add_text_model(&name, &open(path)?, args.options())?) };
        add().map_err(|e| e.at(path.display()))?;
        names.push(name);
    }
    Ok((engine, names))
}

/// The file, read by ranges as its tensors are needed.
pub fn open(path: &Path) -> Outcome<GgufFile> {
    let file = File::open(path)?;
    if path.is_dir() {
        return Err(Failure::new("is a folder. Name a .gguf file"));
    }
    let size = file.metadata()?.len();
    Ok(GgufFile::open(vec![Rc::new(FileOnDisk { file: RefCell::new(file), size })])?)
}

/// A file that is read where it lies.
struct FileOnDisk {
    file: RefCell<File>,
    size: u64,
}

impl ReadAt for FileOnDisk {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError> {
        let mut file = self.file.borrow_mut();
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(out));
        read.map_err(|e| FormatError::Read { at: offset, message: shown(e.to_string()) })
    }
}
