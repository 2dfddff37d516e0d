//! `kinora parity`: our networks against independent implementations, one line a case.

mod embedding;
mod text;
mod video;

use std::path::{Path, PathBuf};

use crate::embedded::DeviceArgs;
use crate::failure::{Failure, Outcome};

/// Compare networks with recorded outputs of independent implementations
#[derive(clap::Args)]
pub struct Args {
    /// Folders with a case.json or a manifest.json, or of such folders
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    #[command(flatten)]
    device: DeviceArgs,
}

/// What was printed so far.
#[derive(Default)]
pub struct Report {
    passed: usize,
    failed: usize,
    unsupported: usize,
}

impl Report {
    /// One case with one error.
    pub fn line(&mut self, name: &str, error: f32, tolerance: f32) {
        self.errors(name, &[("error", error, tolerance)]);
    }

    /// One case: each error has a name, a value, and the most it may be. NaN fails.
    pub fn errors(&mut self, name: &str, errors: &[(&str, f32, f32)]) {
        let good = errors.iter().all(|(_, error, tolerance)| error <= tolerance);
        let shown: Vec<String> = errors.iter().map(|(what, e, most)| format!("{what} {e:.2e} of {most:.0e}")).collect();
        println!("{name:36} {}  {}", shown.join(", "), if good { "pass" } else { "FAIL" });
        if good { self.passed += 1 } else { self.failed += 1 }
    }

    /// A case that could not be run though it should.
    pub fn failed(&mut self, name: &str, failure: Failure) {
        println!("{name:36} {failure}  FAIL");
        self.failed += 1;
    }

    /// A case of something that this engine does not run.
    pub fn unsupported(&mut self, name: &str) {
        println!("{name:36} unsupported");
        self.unsupported += 1;
    }

    /// The last line; an error when a case failed or none was run.
    fn finish(self) -> Outcome {
        let Self { passed, failed, unsupported } = self;
        println!("{passed} passed, {failed} failed, {unsupported} unsupported");
        match (passed, failed) {
            (_, 1..) => Err(Failure::new(format!("{failed} of {} parity cases failed", passed + failed))),
            (0, 0) => Err(Failure::new("no parity case was run: name folders that hold case.json or manifest.json")),
            _ => Ok(()),
        }
    }
}

/// Runs the command.
pub fn run(args: &Args) -> Outcome {
    let device = args.device.open()?;
    println!("on {}: {}", device.name(), device.description());
    let mut report = Report::default();
    for folder in &args.folders {
        visit(folder, &device, &mut report)?;
    }
    report.finish()
}

/// Runs the cases of a folder, or of its sub-folders in the order of their names.
fn visit(folder: &Path, device: &kinora_tensor::Device, report: &mut Report) -> Outcome {
    if folder.join("manifest.json").is_file() {
        return video::run(folder, device, report).map_err(|e| e.at(folder.display()));
    }
    if folder.join("case.json").is_file() {
        text::run(folder, device, report);
        return Ok(());
    }
    let entries = std::fs::read_dir(folder).map_err(|e| Failure::from(e).at(folder.display()))?;
    let mut inside: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_dir()).collect();
    inside.sort();
    inside.iter().try_for_each(|folder| visit(folder, device, report))
}
