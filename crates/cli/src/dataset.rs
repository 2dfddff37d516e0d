//! `kinora dataset`: training samples on standard output, rendered and measured as they are asked for.
//!
//! Layout, little-endian: [`MAGIC`], a u32 length and that many bytes of JSON, then samples of one fixed size until
//! `--count` are written or the reader goes away. The JSON names a sample's fields in order, with numpy's type and the shape.

mod motion;
mod paint;

use std::io::{self, BufWriter, ErrorKind, Write};

const MAGIC: &[u8; 8] = b"KINORADS";

pub const USAGE: &str = "\
kinora dataset paint  --seed S --count N --size 192x112[,96x64] [--crop 64x64]
kinora dataset motion --seed S --count N [--frames 33] [--fps 8]

Writes training samples to standard output; models/*/stream.py reads them.";

/// Runs `kinora dataset` with the words behind it. A reader that closes the pipe ends it without an error.
pub fn run(args: &[String]) -> Result<(), String> {
    let (what, rest) = args.split_first().ok_or(USAGE)?;
    let options = Options::parse(rest)?;
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let written = match what.as_str() {
        "paint" => paint::write(&options, &mut out),
        "motion" => motion::write(&options, &mut out),
        _ => return Err(USAGE.to_owned()),
    };
    match written.and_then(|()| Ok(out.flush()?)) {
        Err(Failure::Io(e)) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(Failure::Io(e)) => Err(e.to_string()),
        Err(Failure::Usage(e)) => Err(e),
        Ok(()) => Ok(()),
    }
}

enum Failure {
    Io(io::Error),
    Usage(String),
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Failure {
        Failure::Io(e)
    }
}

type Size = (usize, usize);

struct Options {
    seed: u64,
    count: u64,
    sizes: Vec<Size>,
    crop: Option<Size>,
    frames: usize,
    fps: f32,
}

impl Options {
    fn parse(args: &[String]) -> Result<Options, String> {
        let mut o = Options { seed: 0, count: 1, sizes: vec![(192, 112)], crop: None, frames: 33, fps: 8.0 };
        let mut args = args.iter();
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name} needs a value\n{USAGE}"))?;
            let bad = || format!("{name} {value}: not understood\n{USAGE}");
            match name.as_str() {
                "--seed" => o.seed = value.parse().map_err(|_| bad())?,
                "--count" => o.count = value.parse().map_err(|_| bad())?,
                "--size" => o.sizes = value.split(',').map(size).collect::<Option<_>>().ok_or_else(bad)?,
                "--crop" => o.crop = Some(size(value).ok_or_else(bad)?),
                "--frames" => o.frames = value.parse().ok().filter(|n| (2..=1024).contains(n)).ok_or_else(bad)?,
                "--fps" => o.fps = value.parse().ok().filter(|f| (1.0..=60.0).contains(f)).ok_or_else(bad)?,
                _ => return Err(format!("{name}: unknown\n{USAGE}")),
            }
        }
        Ok(o)
    }
}

/// "192x112", both sides multiples of 4 and within 8..=4096.
fn size(text: &str) -> Option<Size> {
    let (w, h) = text.split_once('x')?;
    let side = |s: &str| s.parse::<usize>().ok().filter(|n| n % 4 == 0 && (8..=4096).contains(n));
    Some((side(w)?, side(h)?))
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

    fn strings(words: &str) -> Vec<String> {
        words.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn sizes_and_counts_are_read_and_nonsense_is_named() {
        let o = Options::parse(&strings("--seed 7 --count 3 --size 192x112,96x64 --crop 64x64")).ok().unwrap();
        assert_eq!((o.seed, o.count, o.sizes, o.crop), (7, 3, vec![(192, 112), (96, 64)], Some((64, 64))));
        assert!(Options::parse(&strings("--size 190x112")).err().unwrap().contains("--size 190x112"));
        assert!(Options::parse(&strings("--frames")).err().unwrap().contains("needs a value"));
    }

    #[test]
    fn the_header_gives_its_length_and_the_fields() {
        let mut out = Vec::new();
        header(&mut out, &[("ids", "u1", &[8])], serde_json::json!({"cell": 4})).unwrap();
        assert_eq!(&out[..8], MAGIC);
        let len = u32::from_le_bytes(out[8..12].try_into().unwrap()) as usize;
        let json: serde_json::Value = serde_json::from_slice(&out[12..]).unwrap();
        assert_eq!(len, out.len() - 12);
        assert_eq!(json["fields"][0]["shape"][0], 8);
    }
}
