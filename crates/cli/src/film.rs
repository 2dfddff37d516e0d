//! `kinora film`: an idea becomes a film, natively; a GIF, an MP4 or PNG frames by the ending of the output.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use kinora_engine::film::{FilmEvent, FilmRequest, Frame};
use kinora_gif::GifWriter;

use crate::embedded;
use crate::failure::{Failure, Outcome};
use crate::mp4::Mp4Writer;

/// An idea becomes a film: script, storyboard, frames
#[derive(clap::Args)]
pub struct Args {
    /// What the film is about
    idea: String,
    /// film.gif, film.mp4, or a folder of frames: frames/%03d.png
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Same seed, same film
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Shots, 1 to 6
    #[arg(long, default_value_t = 3)]
    shots: usize,
    /// Seconds a shot
    #[arg(long, default_value_t = 2.75)]
    seconds: f32,
    /// Frames a second
    #[arg(long, default_value_t = 12.0)]
    fps: f32,
    /// WIDTHxHEIGHT in pixels, multiples of 4
    #[arg(long, default_value = "192x112", value_parser = parse_size)]
    size: (u32, u32),
    /// The look of the pictures, in a word of the models' vocabulary: flat, paper, watercolor, pencil, crayon, film
    #[arg(long, default_value = "flat")]
    style: String,
    /// Leave the frames as the painter draws them
    #[arg(long)]
    no_refine: bool,
    /// Every event as a line of JSON on stdout, without pixels
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: embedded::DeviceArgs,
}

fn parse_size(text: &str) -> Result<(u32, u32), String> {
    let (w, h) = text.split_once('x').ok_or("a size is WIDTHxHEIGHT, like 192x112")?;
    let side = |s: &str| s.parse().map_err(|_| format!("“{s}” is not a number of pixels"));
    Ok((side(w)?, side(h)?))
}

/// Where the frames go.
enum Output {
    Gif(GifWriter),
    Mp4(Box<Mp4Writer>),
    /// A path with a place for the frame's number.
    Pngs(String),
}

impl Output {
    /// For a film of `frames` frames.
    fn open(args: &Args, frames: usize) -> Outcome<Self> {
        match args.output.extension().and_then(|e| e.to_str()) {
            Some("gif") => Ok(Self::Gif(GifWriter::new(args.size.0, args.size.1, args.fps)?)),
            Some("mp4") => Ok(Self::Mp4(Box::new(Mp4Writer::new(args.size, args.fps, frames)?))),
            Some("png") => {
                let path = args.output.to_string_lossy();
                if !path.contains("%03d") {
                    return Err(Failure::new(
                        "a film is many frames: name them like frames/%03d.png, or write film.gif or film.mp4",
                    ));
                }
                Ok(Self::Pngs(path.into_owned()))
            }
            _ => Err(Failure::new(format!(
                "{}: films are written as .gif, .mp4 or frames/%03d.png; WebM is made by the browser's encoders in the page",
                args.output.display()
            ))),
        }
    }

    fn push(&mut self, number: usize, frame: &Frame) -> Outcome {
        match self {
            Self::Gif(gif) => Ok(gif.push(&frame.rgba)?),
            Self::Mp4(mp4) => mp4.push(&frame.rgba),
            Self::Pngs(path) => write_png(Path::new(&path.replace("%03d", &format!("{number:03}"))), frame),
        }
    }

    fn finish(self, path: &Path) -> Outcome {
        let bytes = match self {
            Self::Gif(gif) => gif.finish()?,
            Self::Mp4(mp4) => mp4.finish()?,
            Self::Pngs(_) => return Ok(()),
        };
        create_parent(path)?;
        fs::write(path, bytes).map_err(|e| Failure::from(e).at(path.display()))
    }
}

fn create_parent(path: &Path) -> Outcome {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            fs::create_dir_all(folder).map_err(|e| Failure::from(e).at(folder.display()))
        }
        _ => Ok(()),
    }
}

fn write_png(path: &Path, frame: &Frame) -> Outcome {
    create_parent(path)?;
    let file = fs::File::create(path).map_err(|e| Failure::from(e).at(path.display()))?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), frame.width, frame.height);
    encoder.set_color(png::ColorType::Rgba);
    let mut writer = encoder.write_header()?;
    Ok(writer.write_image_data(&frame.rgba)?)
}

/// Runs the command.
pub fn run(args: &Args) -> Outcome {
    let request = FilmRequest {
        idea: args.idea.clone(),
        seed: args.seed,
        shots: args.shots,
        seconds_per_shot: args.seconds,
        fps: args.fps,
        width: args.size.0,
        height: args.size.1,
        style: args.style.clone(),
        refine: !args.no_refine,
    };
    let frames = request.shots.saturating_mul(request.frames_per_shot());
    let engine = embedded::load(&args.device)?;
    let mut film = engine.film(request)?;
    let mut output = Output::open(args, frames)?;
    let refines = film.refines();
    let (mut frames, mut told, start) = (0, String::new(), Instant::now());
    let mut out = io::stdout().lock();
    while let Some(event) = pollster::block_on(film.next())? {
        let last = match &event {
            FilmEvent::Draft { frame, .. } if !refines => Some(frame),
            FilmEvent::Refined { frame, .. } => Some(frame),
            _ => None,
        };
        if let Some(frame) = last {
            output.push(frames, frame)?;
            frames += 1;
        }
        if args.json {
            let line = serde_json::to_string(&event)?;
            writeln!(out, "{line}")?;
        } else {
            tell(&mut out, &event, &mut told)?;
        }
    }
    output.finish(&args.output)?;
    if !args.json {
        let seconds = start.elapsed().as_secs_f32();
        writeln!(out, "\n{} ({frames} frames in {seconds:.1} s)", args.output.display())?;
    }
    Ok(())
}

/// Prints an event for a person; `told` is what they have of the script.
fn tell(out: &mut impl Write, event: &FilmEvent, told: &mut String) -> io::Result<()> {
    match event {
        FilmEvent::Notice { text, .. } => writeln!(out, "note: {text}"),
        FilmEvent::ScriptDelta { text } => {
            told.push_str(text);
            write!(out, "{text}")?;
            out.flush()
        }
        FilmEvent::Script { script } if script.text == *told => writeln!(out, "\n"),
        FilmEvent::Script { script } => writeln!(out, "Told again, as it is drawn:\n{}\n", script.text),
        FilmEvent::Storyboard { shots, done: true, .. } => {
            for (i, shot) in shots.iter().enumerate() {
                let cast: Vec<String> = shot
                    .characters
                    .iter()
                    .map(|c| {
                        let size = c.size.map_or(String::new(), |size| format!("{size} "));
                        format!("{size}{} {} ({}, {})", c.color, c.kind, c.action, c.mood)
                    })
                    .collect();
                let (place, time, prop) = (&shot.place, &shot.time, &shot.prop);
                writeln!(
                    out,
                    "shot {}: {} · {place}, {time}, {} · prop {prop} · {}",
                    i + 1,
                    cast.join(" + "),
                    shot.weather,
                    shot.camera
                )?;
                writeln!(out, "        {}", shot.caption)?;
            }
            Ok(())
        }
        FilmEvent::Draft { shot, index, of, .. } if index + 1 == *of => writeln!(out, "shot {} drawn", shot + 1),
        FilmEvent::Refined { shot, index, of, .. } if index + 1 == *of => writeln!(out, "shot {} refined", shot + 1),
        _ => Ok(()),
    }
}
