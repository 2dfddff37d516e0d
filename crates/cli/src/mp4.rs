//! Films as MP4: H.264 by OpenH264, which is built with this program.

use std::num::NonZeroU32;

use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, QpRange, RateControlMode,
    VuiConfig,
};
use openh264::formats::{RgbaSliceU8, YUVBuffer};
use shiguredo_mp4::TrackKind;
use shiguredo_mp4::bitstream::h264::{
    H264SampleEntryConfig, LengthSize, annexb_to_length_prefixed, build_avc1_box_from_annexb,
};
use shiguredo_mp4::boxes::SampleEntry;
use shiguredo_mp4::mux::{Mp4FileMuxer, Mp4FileMuxerOptions, Sample, estimate_maximum_moov_box_size};

use crate::failure::Outcome;

/// Bits a pixel: flat colours with clear edges stay clean.
const BITS: f32 = 1.5;
/// Units of time a frame lasts.
const DURATION: u32 = 1000;

/// A film that grows frame by frame.
pub struct Mp4Writer {
    encoder: Encoder,
    muxer: Mp4FileMuxer,
    /// The file so far.
    bytes: Vec<u8>,
    size: (usize, usize),
    /// Units of time a second.
    timescale: NonZeroU32,
    begun: bool,
}

impl Mp4Writer {
    /// A film of `width` × `height` pixels, both even, with about `frames` frames, `fps` a second.
    ///
    /// # Errors
    /// What the encoder does not take.
    pub fn new((width, height): (u32, u32), fps: f32, frames: usize) -> Outcome<Self> {
        let bits = (width * height) as f32 * fps * BITS;
        let config = EncoderConfig::new()
            .rate_control_mode(RateControlMode::Bufferbased)
            .bitrate(BitRate::from_bps(bits as u32))
            .max_frame_rate(FrameRate::from_hz(fps))
            .skip_frames(false)
            .qp(QpRange::new(10, 26))
            .complexity(Complexity::High)
            .intra_frame_period(IntraFramePeriod::from_num_frames(4 * fps.ceil() as u32))
            .vui(VuiConfig::bt601());
        // where things lie comes first, so that the film plays while it loads
        let options = Mp4FileMuxerOptions {
            reserved_moov_box_size: estimate_maximum_moov_box_size(&[frames]),
            ..Default::default()
        };
        let muxer = Mp4FileMuxer::with_options(options)?;
        Ok(Self {
            encoder: Encoder::with_api_config(OpenH264API::from_source(), config)?,
            bytes: muxer.initial_boxes_bytes().to_vec(),
            muxer,
            size: (width as usize, height as usize),
            timescale: NonZeroU32::new((fps * DURATION as f32).round() as u32).unwrap_or(NonZeroU32::MIN),
            begun: false,
        })
    }

    /// The next frame, RGBA.
    ///
    /// # Errors
    /// What the encoder says.
    pub fn push(&mut self, rgba: &[u8]) -> Outcome {
        let picture = YUVBuffer::from_rgba8_source(RgbaSliceU8::new(rgba, self.size));
        let coded = self.encoder.encode(&picture)?;
        let keyframe = matches!(coded.frame_type(), FrameType::IDR | FrameType::I);
        let stream = coded.to_vec();
        let sample_entry = if self.begun {
            None
        } else {
            let config = H264SampleEntryConfig { length_size: LengthSize::FourBytes };
            Some(SampleEntry::Avc1(build_avc1_box_from_annexb(&stream, &config)?))
        };
        self.begun = true;
        let data = annexb_to_length_prefixed(&stream, LengthSize::FourBytes)?;
        self.muxer.append_sample(&Sample {
            track_kind: TrackKind::Video,
            sample_entry,
            keyframe,
            timescale: self.timescale,
            duration: DURATION,
            composition_time_offset: None,
            data_offset: self.bytes.len() as u64,
            data_size: data.len(),
        })?;
        self.bytes.extend_from_slice(&data);
        Ok(())
    }

    /// The whole file.
    ///
    /// # Errors
    /// A film without frames.
    pub fn finish(mut self) -> Outcome<Vec<u8>> {
        for (at, part) in self.muxer.finalize()?.offset_and_bytes_pairs() {
            let (at, end) = (at as usize, at as usize + part.len());
            self.bytes.resize(self.bytes.len().max(end), 0);
            self.bytes[at..end].copy_from_slice(part);
        }
        Ok(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use openh264::decoder::Decoder;
    use openh264::formats::YUVSource;
    use shiguredo_mp4::bitstream::h264::length_prefixed_to_annexb;
    use shiguredo_mp4::demux::{Input, Mp4FileDemuxer};

    use super::*;

    /// A square of its own colour moves over another colour.
    fn frame((w, h): (u32, u32), number: u32) -> Vec<u8> {
        let inside = |x: u32, y: u32| (4 * number..4 * number + 24).contains(&x) && (8..32).contains(&y);
        let pixels = (0..w * h).map(|i| if inside(i % w, i / w) { [220, 40, 60, 255] } else { [90, 160, 220, 255] });
        pixels.flatten().collect()
    }

    #[test]
    fn what_goes_in_comes_out() {
        let (size, fps, count) = ((92, 44), 12.5, 20);
        let mut mp4 = Mp4Writer::new(size, fps, count).unwrap();
        (0..count).for_each(|i| mp4.push(&frame(size, i as u32)).unwrap());
        let file = mp4.finish().unwrap();
        let find = |name: &[u8]| file.windows(4).position(|at| at == name).unwrap();
        assert!(find(b"moov") < find(b"mdat"), "the film cannot play while it loads");

        let mut demuxer = Mp4FileDemuxer::new();
        demuxer.handle_input(Input { position: 0, data: &file });
        let mut decoder = Decoder::new().unwrap();
        let (mut shown, mut seconds) = (0, 0.0);
        let mut sets = Vec::new();
        while let Some(sample) = demuxer.next_sample().unwrap() {
            if let Some(SampleEntry::Avc1(avc1)) = sample.sample_entry {
                assert_eq!((avc1.visual.width, avc1.visual.height), (92, 44));
                for set in avc1.avcc_box.sps_list.iter().chain(&avc1.avcc_box.pps_list) {
                    sets.extend([0, 0, 0, 1]);
                    sets.extend(set);
                }
                assert!(sample.keyframe);
            }
            seconds += f64::from(sample.duration) / f64::from(sample.track.timescale.get());
            let data = &file[sample.data_offset as usize..][..sample.data_size];
            let mut stream = std::mem::take(&mut sets);
            stream.extend(length_prefixed_to_annexb(data, LengthSize::FourBytes).unwrap());
            let picture = decoder.decode(&stream).unwrap().expect("a frame of each sample");
            let (w, h) = picture.dimensions();
            let mut got = vec![0; w * h * 4];
            picture.write_rgba8(&mut got);
            let want = frame(size, shown);
            let far: f64 =
                got.iter().zip(&want).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / want.len() as f64;
            assert!((w, h) == (92, 44) && far < 3.0, "frame {shown}: {w}×{h}, {far} of 255 off on average");
            shown += 1;
        }
        assert_eq!(shown, count as u32);
        assert!((seconds - count as f64 / f64::from(fps)).abs() < 1e-6, "{seconds} s");
    }
}
