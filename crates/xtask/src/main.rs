//! Build steps that need a library: `bindgen` writes wasm-bindgen's glue, `size` weighs files as a server would send them.

use std::{fs, io::Write, path::Path};

use anyhow::{Context, Result, bail};

const USAGE: &str = "usage: xtask bindgen INPUT.wasm OUT_DIR | xtask size LIMIT_BYTES FILE...";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bindgen", input, out] => bindgen(Path::new(input), Path::new(out)),
        ["size", limit, files @ ..] if !files.is_empty() => size(limit.parse().context(USAGE)?, files),
        _ => bail!(USAGE),
    }
}

/// Writes `kinora.js` (a classic script that defines `wasm_bindgen`), its types and `kinora_bg.wasm` into `out`.
///
/// llguidance exports C functions that nothing calls here; they keep code alive, so they are dropped and the module swept.
fn bindgen(input: &Path, out: &Path) -> Result<()> {
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen.input_path(input).out_name("kinora").typescript(true).no_modules(true)?;
    bindgen.remove_name_section(true).remove_producers_section(true);
    let mut output = bindgen.generate_output().with_context(|| format!("wasm-bindgen on {}", input.display()))?;
    let module = output.wasm_mut();
    let unused: Vec<_> = module.exports.iter().filter(|e| e.name.starts_with("llg_")).map(|e| e.id()).collect();
    for id in unused {
        module.exports.delete(id);
    }
    walrus::passes::gc::run(module);
    fs::create_dir_all(out)?;
    output.emit(out).with_context(|| format!("writing {}", out.display()))
}

/// Fails when a file, gzipped at the highest level, is larger than `limit` bytes; prints each size either way.
fn size(limit: usize, files: &[&str]) -> Result<()> {
    let mut too_large = Vec::new();
    for file in files {
        let bytes = fs::read(file).with_context(|| file.to_string())?;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&bytes)?;
        let packed = gzip.finish()?.len();
        println!("{file}: {} bytes, {packed} gzipped (limit {limit})", bytes.len());
        if packed > limit {
            too_large.push(*file);
        }
    }
    if too_large.is_empty() { Ok(()) } else { bail!("larger than the budget: {}", too_large.join(", ")) }
}
