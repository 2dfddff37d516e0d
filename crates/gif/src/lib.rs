//! An animated GIF from RGBA frames, the same on every platform: for the command line, and for pages as a module that is fetched when
//! the first GIF is written.

#![forbid(unsafe_code)]

#[cfg(target_arch = "wasm32")]
mod wasm;

use quantette::deps::palette::Srgb;
use quantette::dither::FloydSteinberg;
use quantette::{ImageRef, Pipeline};

/// Why there is no GIF, in words.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GifError(String);

/// Collects frames of one size and writes a looping GIF.
pub struct GifWriter {
    encoder: gif::Encoder<Vec<u8>>,
    size: (u16, u16),
    /// Hundredths of a second a frame.
    delay: u16,
}

impl GifWriter {
    /// A writer for frames of `width` × `height` pixels shown `fps` a second (GIF keeps time in 1/100 s).
    ///
    /// # Errors
    /// When a side is 0 or above 65,535, or `fps` is not between 1 and 50.
    pub fn new(width: u32, height: u32, fps: f32) -> Result<Self, GifError> {
        let size = match (u16::try_from(width), u16::try_from(height)) {
            (Ok(w), Ok(h)) if w > 0 && h > 0 => (w, h),
            _ => return Err(bad(format!("a GIF cannot be {width}×{height} pixels"))),
        };
        if !(1.0..=50.0).contains(&fps) {
            return Err(bad(format!("a GIF plays 1 to 50 frames a second, not {fps}")));
        }
        let mut encoder = gif::Encoder::new(Vec::new(), size.0, size.1, &[]).map_err(|e| bad(e.to_string()))?;
        encoder.set_repeat(gif::Repeat::Infinite).map_err(|e| bad(e.to_string()))?;
        Ok(Self { encoder, size, delay: (100.0 / fps).round() as u16 })
    }

    /// Appends one frame of RGBA bytes, row after row.
    ///
    /// # Errors
    /// When the frame's size differs from the writer's.
    pub fn push(&mut self, rgba: &[u8]) -> Result<(), GifError> {
        let expected = usize::from(self.size.0) * usize::from(self.size.1) * 4;
        if rgba.len() != expected {
            return Err(bad(format!("a frame of {} bytes in a GIF whose frames have {expected}", rgba.len())));
        }
        let (width, height) = self.size;
        let pixels: Vec<_> = rgba.as_chunks::<4>().0.iter().map(|&[r, g, b, _]| Srgb::new(r, g, b)).collect();
        let image = ImageRef::new(width.into(), height.into(), &pixels).map_err(|e| bad(e.to_string()))?;
        // Each frame has its own colours (Wu 1991), and half of the usual dither: the sky has no steps, and little swims.
        let dither = FloydSteinberg::with_error_diffusion(0.5);
        let colors = Pipeline::new().ditherer(dither).input_image(image).output_srgb8_indexed_image();
        let palette: Vec<u8> = colors.palette().iter().flat_map(|c| [c.red, c.green, c.blue]).collect();
        let mut out = gif::Frame::from_palette_pixels(width, height, colors.indices(), palette, None);
        out.delay = self.delay;
        self.encoder.write_frame(&out).map_err(|e| bad(e.to_string()))
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// When the encoder cannot finish.
    pub fn finish(self) -> Result<Vec<u8>, GifError> {
        self.encoder.into_inner().map_err(|e| bad(e.to_string()))
    }
}

fn bad(message: String) -> GifError {
    GifError(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(shade: u8) -> Vec<u8> {
        [shade, 10, 200, 255].repeat(32)
    }

    #[test]
    fn a_gif_read_back_has_its_frames_delays_and_colours() {
        let mut writer = GifWriter::new(8, 4, 8.0).unwrap();
        for shade in [0, 120, 250] {
            writer.push(&frame(shade)).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(bytes.as_slice()).unwrap();
        let mut shades = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            assert_eq!(frame.delay, 13);
            shades.push(frame.buffer[0]);
        }
        assert_eq!(shades.len(), 3);
        assert!(shades[0] < 20 && (100..140).contains(&shades[1]) && shades[2] > 230, "{shades:?}");
    }

    #[test]
    fn frames_of_another_size_and_impossible_sizes_are_errors() {
        assert!(GifWriter::new(0, 4, 8.0).is_err());
        assert!(GifWriter::new(8, 70_000, 8.0).is_err());
        assert!(GifWriter::new(8, 4, 0.0).is_err());
        let mut writer = GifWriter::new(9, 4, 8.0).unwrap();
        assert!(writer.push(&frame(1)).is_err());
    }
}
