use super::*;
use crate::motion::animate;
use crate::recognise::{Attribute, difference, psnr};
use crate::spec::{Mood, Style};

fn still(seed: u64) -> (ShotSpec, FrameLayout) {
    let shot = ShotSpec::sample(seed).with_style(Style::Flat);
    let frame = animate(&shot, seed, 4, 12.0)[3];
    (shot, frame)
}

#[test]
fn a_picture_depends_on_its_arguments_alone() {
    let (shot, frame) = still(4);
    let (a, b) = (render(&shot, &frame, 96, 64), render(&shot, &frame, 96, 64));
    assert_eq!(a, b);
    assert_eq!((a.rgb.len(), a.mask.len()), (96 * 64 * 3, 96 * 64));
}

#[test]
fn a_window_shows_what_the_whole_shows_there() {
    for seed in 0..10 {
        let (shot, frame) = still(seed);
        let whole = render(&shot, &frame, 192, 112);
        let part = render_window(&shot, &frame, (192, 112), Window { x: 61, y: 23, width: 64, height: 64 });
        for row in 0..64 {
            let at = (row + 23) * 192 + 61;
            assert_eq!(part.rgb[row * 192..(row + 1) * 192], whole.rgb[at * 3..(at + 64) * 3], "seed {seed} row {row}");
            assert_eq!(part.mask[row * 64..(row + 1) * 64], whole.mask[at..at + 64], "seed {seed} row {row}");
        }
    }
}

#[test]
fn the_picture_repeats_with_the_phase_and_the_scroll() {
    for seed in 0..24 {
        let (shot, frame) = still(seed);
        let mut later = frame;
        later.weather_phase += 3.0;
        later.scroll_near += crate::motion::PERIOD * 2.0;
        later.scroll_far += crate::motion::PERIOD * 2.0;
        let (a, b) = (render(&shot, &frame, 96, 64), render(&shot, &later, 96, 64));
        assert!(psnr(&a, &b, &a.mask, 0) > 38.0, "seed {seed}: {}", psnr(&a, &b, &a.mask, 0));
    }
}

#[test]
fn every_word_looks_different() {
    let (mut shot, mut frame) = still(11);
    shot.characters.truncate(1);
    shot.prop = Prop::Ball;
    (frame.prop_present, frame.prop_x, frame.prop_y, frame.prop_scale) = (1.0, 0.4, 0.25, 0.25);
    shot.place = crate::spec::Place::Meadow;
    for attribute in Attribute::ALL {
        let pictures: Vec<_> = attribute.alternatives(&shot).iter().map(|s| render(s, &frame, 96, 64)).collect();
        for i in 0..pictures.len() {
            for j in 0..i {
                let d = difference(&pictures[i], &pictures[j]);
                assert!(d > 0.12, "{} {i} and {j}: {d}", attribute.name());
            }
        }
    }
    let mut last: Option<Image> = None;
    for &mood in Mood::ALL {
        shot.characters[0].mood = mood;
        let frame = animate(&shot, 5, 3, 12.0)[2];
        let picture = render(&shot, &frame, 96, 64);
        assert!(last.is_none_or(|l| difference(&l, &picture) > 0.01), "{mood}");
        last = Some(picture);
    }
}

#[test]
fn masks_cover_the_character_and_the_prop() {
    for seed in 0..40 {
        let (shot, frame) = still(seed);
        let picture = render(&shot, &frame, 96, 64);
        let share = |v: u8| picture.mask.iter().filter(|&&m| m == v).count() as f32 / picture.mask.len() as f32;
        assert!(share(255) > 0.008 && share(255) < 0.5, "seed {seed}: {}", share(255));
        assert_eq!(share(128) > 0.0, shot.prop != Prop::None, "seed {seed} {}", shot.prop);
        assert!(picture.mask.iter().all(|m| matches!(m, 0 | 128 | 255)));
        // the middle of the first character's body is its own, unless something stands before it
        let p = &frame.characters[0];
        let (x, y) = ((p.x - frame.cam_x) * frame.cam_zoom, (p.y - frame.cam_y) * frame.cam_zoom);
        let (column, row) = ((x * 64.0 + 48.0) as usize, (y * 64.0 + 32.0) as usize);
        if column < 96 && row < 64 {
            assert!(picture.mask[row * 96 + column] > 0, "seed {seed}");
        }
    }
}

#[test]
fn styles_differ_and_hold_still() {
    let (shot, frame) = still(2);
    let flat = render(&shot, &frame, 96, 64);
    for &style in Style::ALL {
        let a = crate::style::stylise(&flat, style, 7, 1.0);
        assert_eq!(a, crate::style::stylise(&flat, style, 7, 1.0));
        assert_eq!(a.mask, flat.mask);
        let next = crate::style::stylise(&flat, style, 7, 1.0 + 1.0 / 12.0);
        assert!(difference(&a, &next) < 8.0, "{style}: {}", difference(&a, &next));
        let changed = difference(&a, &flat);
        assert_eq!(style == Style::Flat, changed < 1.0, "{style}: {changed}");
    }
}
