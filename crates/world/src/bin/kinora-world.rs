//! The world's tool: contact sheets, clips as pictures, and speed.
//!
//! `kinora-world sheet OUT.png [--size 192x112] [--what places|characters|actions|props|shots|styles] [--seed N]`
//! `kinora-world clip OUT_DIR [--seed N] [--frames 33] [--size 192x112]`
//! `kinora-world bench [--size 96x64]`

#[cfg(not(target_arch = "wasm32"))]
mod tool {
    use kinora_world::motion::animate;
    use kinora_world::render::{Image, render};
    use kinora_world::spec::{
        Action, Camera, CharacterSpec, Color, Kind, Mood, Place, Prop, ShotSpec, Style, Time, Weather,
    };
    use kinora_world::style::stylise;
    use std::path::Path;

    pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

    struct Options {
        rest: Vec<String>,
        size: (usize, usize),
        what: String,
        seed: u64,
        frames: usize,
    }

    fn options(args: &[String], size: (usize, usize)) -> Result<Options> {
        let mut o = Options { rest: Vec::new(), size, what: "shots".to_owned(), seed: 1, frames: 33 };
        let mut args = args.iter();
        while let Some(a) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{a} needs a value"));
            match a.as_str() {
                "--size" => {
                    let v = value()?;
                    let (w, h) = v.split_once('x').ok_or("a size is WIDTHxHEIGHT")?;
                    o.size = (w.parse()?, h.parse()?);
                }
                "--what" => o.what.clone_from(value()?),
                "--seed" => o.seed = value()?.parse()?,
                "--frames" => o.frames = value()?.parse()?,
                _ => o.rest.push(a.clone()),
            }
        }
        Ok(o)
    }

    fn write(path: &Path, width: usize, height: usize, rgb: &[u8]) -> Result<()> {
        let mut encoder =
            png::Encoder::new(std::fs::File::create(path)?, u32::try_from(width)?, u32::try_from(height)?);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header()?.write_image_data(rgb)?;
        Ok(())
    }

    fn tile(images: &[Image], columns: usize) -> (usize, usize, Vec<u8>) {
        let (w, h) = images.first().map_or((1, 1), |i| (i.width, i.height));
        let rows = images.len().div_ceil(columns);
        let mut rgb = vec![0; w * columns * h * rows * 3];
        for (k, image) in images.iter().enumerate() {
            let (x, y) = (k % columns * w, k / columns * h);
            for row in 0..h {
                let at = ((y + row) * w * columns + x) * 3;
                rgb[at..at + w * 3].copy_from_slice(&image.rgb[row * w * 3..(row + 1) * w * 3]);
            }
        }
        (w * columns, h * rows, rgb)
    }

    fn hero(kind: Kind, color: Color, action: Action, mood: Mood) -> CharacterSpec {
        CharacterSpec { kind, color, action, mood }
    }

    fn shot(place: Place, time: Time, weather: Weather, c: CharacterSpec, prop: Prop) -> ShotSpec {
        ShotSpec { place, time, weather, characters: vec![c], prop, camera: Camera::Static, style: Style::Flat }
    }

    pub fn sheet(args: &[String]) -> Result<()> {
        let o = options(args, (192, 112))?;
        let out = o.rest.first().ok_or("sheet needs the name of a PNG file")?;
        let (w, h) = o.size;
        let one = |s: &ShotSpec, seed: u64, at: usize| {
            let frames = animate(s, seed, at + 1, 12.0);
            render(s, &frames[at], w, h)
        };
        let nth =
            |k: usize| (Kind::ALL[k % 12], Color::ALL[(k * 7 + 3) % 10], Action::ALL[(k * 5) % 12], Mood::ALL[k % 6]);
        let (columns, images): (usize, Vec<Image>) = match o.what.as_str() {
            "places" => (
                8,
                Place::ALL
                    .iter()
                    .enumerate()
                    .flat_map(|(i, &p)| {
                        let (a, b, _, d) = nth(i);
                        let c = hero(a, b, Action::Stand, d);
                        let variants = [
                            (Time::Day, Weather::Clear),
                            (Time::Sunset, Weather::Clear),
                            (Time::Night, Weather::Clear),
                            (Time::Dawn, Weather::Clear),
                            (Time::Day, Weather::Rain),
                            (Time::Day, Weather::Snow),
                            (Time::Day, Weather::Fog),
                            (Time::Night, Weather::Snow),
                        ];
                        variants
                            .map(|(t, weather)| one(&shot(p, t, weather, c, Prop::None), o.seed + i as u64, 5))
                            .into_iter()
                            .collect::<Vec<_>>()
                    })
                    .collect(),
            ),
            "characters" => (
                6,
                Kind::ALL
                    .iter()
                    .enumerate()
                    .flat_map(|(i, &k)| {
                        Mood::ALL
                            .iter()
                            .enumerate()
                            .map(|(j, &m)| {
                                let action =
                                    [Action::Stand, Action::Wave, Action::Walk, Action::Talk, Action::Sit, Action::Fly]
                                        [j];
                                one(
                                    &shot(
                                        Place::ALL[(i + j) % 12],
                                        Time::Day,
                                        Weather::Clear,
                                        hero(k, Color::ALL[(i * 3 + j) % 10], action, m),
                                        Prop::None,
                                    ),
                                    o.seed + j as u64,
                                    9,
                                )
                            })
                            .collect::<Vec<_>>()
                    })
                    .collect(),
            ),
            "actions" => (
                9,
                Action::ALL
                    .iter()
                    .enumerate()
                    .flat_map(|(i, &a)| {
                        let s = shot(
                            Place::ALL[i],
                            Time::Day,
                            Weather::Clear,
                            hero(Kind::ALL[i], Color::ALL[(i * 3 + 1) % 10], a, Mood::Happy),
                            Prop::None,
                        );
                        animate(&s, o.seed + i as u64, 18, 12.0)
                            .iter()
                            .step_by(2)
                            .map(|f| render(&s, f, w, h))
                            .collect::<Vec<_>>()
                    })
                    .collect(),
            ),
            "props" => (
                6,
                Prop::ALL
                    .iter()
                    .enumerate()
                    .flat_map(|(i, &p)| {
                        (0..2_u64)
                            .map(|k| {
                                let (a, b, ..) = nth(i + 3 * k as usize);
                                one(
                                    &shot(
                                        Place::ALL[i % 12],
                                        Time::Day,
                                        Weather::Clear,
                                        hero(a, b, Action::Stand, Mood::Happy),
                                        p,
                                    ),
                                    o.seed + 10 * i as u64 + k,
                                    5,
                                )
                            })
                            .collect::<Vec<_>>()
                    })
                    .collect(),
            ),
            "styles" => (
                6,
                (0..4_u64)
                    .flat_map(|k| {
                        let s = ShotSpec::sample(o.seed + k);
                        let f = animate(&s, o.seed + k, 6, 12.0)[5];
                        let flat = render(&s, &f, w, h);
                        Style::ALL.iter().map(|&style| stylise(&flat, style, o.seed, 0.4)).collect::<Vec<_>>()
                    })
                    .collect(),
            ),
            "shots" => (6, (0..36).map(|k| one(&ShotSpec::sample(o.seed * 100 + k), k, 10)).collect()),
            other => return Err(format!("no sheet is called {other}").into()),
        };
        let (w, h, rgb) = tile(&images, columns);
        write(Path::new(out), w, h, &rgb)
    }

    pub fn clip(args: &[String]) -> Result<()> {
        let o = options(args, (192, 112))?;
        let out = Path::new(o.rest.first().ok_or("clip needs a folder")?);
        std::fs::create_dir_all(out)?;
        let s = ShotSpec::sample(o.seed);
        println!("{}", serde_json::to_string(&s)?);
        for (k, f) in animate(&s, o.seed, o.frames, 12.0).iter().enumerate() {
            let image = render(&s, f, o.size.0, o.size.1);
            write(&out.join(format!("{k:03}.png")), image.width, image.height, &image.rgb)?;
        }
        Ok(())
    }

    pub fn bench(args: &[String]) -> Result<()> {
        let o = options(args, (96, 64))?;
        let start = std::time::Instant::now();
        let mut clips = 0_u32;
        let mut sum = 0_u64;
        while start.elapsed().as_secs_f32() < 3.0 {
            let s = ShotSpec::sample(u64::from(clips));
            for f in animate(&s, u64::from(clips), 9, 12.0) {
                sum += u64::from(render(&s, &f, o.size.0, o.size.1).rgb[0]);
            }
            clips += 1;
        }
        let wall = start.elapsed().as_secs_f64();
        // a busy machine gives the thread a part of a core: Linux says how much
        let on_core = std::fs::read_to_string("/proc/thread-self/schedstat")
            .ok()
            .and_then(|s| s.split(' ').next()?.parse::<f64>().ok());
        let seconds = on_core.map_or(wall, |ns| ns / 1e9);
        let rate = f64::from(clips) / seconds;
        println!(
            "{rate:.0} clips of {}x{}x9 a second of one core ({clips} in {wall:.1} s, checksum {sum})",
            o.size.0, o.size.1
        );
        Ok(())
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.split_first() {
        Some((c, rest)) if c == "sheet" => tool::sheet(rest),
        Some((c, rest)) if c == "clip" => tool::clip(rest),
        Some((c, rest)) if c == "bench" => tool::bench(rest),
        Some((c, _)) if c == "vocabulary" => {
            println!("{}", kinora_world::spec::vocabulary());
            Ok(())
        }
        _ => Err("usage: kinora-world sheet OUT.png | clip OUT_DIR | bench | vocabulary".into()),
    };
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("kinora-world: {e}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {}
