//! `kinora dataset`: training samples on standard output, made as they are asked for.
//!
//! Layout, little-endian: [`MAGIC`], a u32 length and that many bytes of JSON, then samples of one fixed size until
//! `--count` are written or the reader goes away. The JSON names a sample's fields in order, with numpy's type and the shape.

pub mod motion;
mod paint;
pub mod refine;

use std::io::{self, BufWriter, Write};

use crate::failure::Outcome;

const MAGIC: &[u8; 8] = b"KINORADS";

/// Arguments of `kinora dataset`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Cells of rendered frames: their features, their pixels, what is in the foreground
    Paint(paint::Args),
    /// Frames drawn by the painter, and the world's own picture of each in every style
    Refine(refine::Args),
    /// Layouts of whole shots
    Motion(motion::Args),
}

/// Runs the command.
pub fn run(args: &Args) -> Outcome {
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    match &args.what {
        What::Paint(args) => paint::write(args, &mut out)?,
        What::Refine(args) => refine::write(args, &mut out)?,
        What::Motion(args) => motion::write(args, &mut out)?,
    }
    Ok(out.flush()?)
}

/// A field of a sample: its name, numpy's type, its shape.
type Field<'a> = (&'a str, &'a str, &'a [usize]);

/// The magic, the length and the JSON that come before the samples.
fn header(out: &mut impl Write, fields: &[Field], mut json: serde_json::Value) -> io::Result<()> {
    let fields = fields.iter().map(|(name, ty, shape)| serde_json::json!({"name": name, "type": ty, "shape": shape}));
    json["fields"] = fields.collect();
    let text = json.to_string();
    out.write_all(MAGIC)?;
    out.write_all(&(text.len() as u32).to_le_bytes())?;
    out.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_gives_its_length_and_the_fields() {
        let mut out = Vec::new();
        header(&mut out, &[("ids", "u1", &[8])], serde_json::json!({"cell": 4})).unwrap();
        assert_eq!(&out[..8], MAGIC);
        let len = u32::from_le_bytes(out[8..12].try_into().unwrap()) as usize;
        let json: serde_json::Value = serde_json::from_slice(&out[12..]).unwrap();
        assert_eq!(len, out.len() - 12);
        assert_eq!(json["fields"][0]["shape"][0], 8);
        assert_eq!(json["cell"], 4);
    }
}
