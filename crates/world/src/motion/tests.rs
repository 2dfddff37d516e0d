use super::*;
use crate::spec::{CHARACTERS, Prop};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn layouts_are_finite_and_in_range(seed in any::<u64>(), fps in 6.0_f32..30.0, n in 1_usize..60) {
        let shot = ShotSpec::sample(seed);
        let frames = animate(&shot, seed, n, fps);
        prop_assert_eq!(frames.len(), n);
        for f in &frames {
            prop_assert!(f.to_array().iter().all(|v| v.is_finite()));
            prop_assert!((0.9..2.0).contains(&f.cam_zoom) && f.cam_x.abs() < 0.5 && f.cam_y.abs() < 0.2);
            for (i, p) in f.characters.iter().enumerate() {
                prop_assert_eq!(p.present > 0.5, i < shot.characters.len());
                if p.present < 0.5 {
                    continue;
                }
                prop_assert!((0.38..=0.60).contains(&p.height), "height {}", p.height);
                prop_assert!(p.x.abs() < 0.65 && (-0.3..0.4).contains(&p.y), "at {} {}", p.x, p.y);
                prop_assert!((-0.25..0.4).contains(&p.lift), "lift {}", p.lift);
                for v in [p.flip, p.swing, p.squash, p.gaze_x, p.gaze_y, p.mouth_wide, p.brow] {
                    prop_assert!((-1.0..=1.0).contains(&v), "{p:?}");
                }
                for v in [p.wave, p.sit, p.blink, p.mouth_open, p.mouth_round] {
                    prop_assert!((0.0..=1.0).contains(&v), "{p:?}");
                }
            }
        }
    }

    #[test]
    fn motion_has_no_jumps(seed in any::<u64>()) {
        // at 120 frames a second nothing may leap
        let frames = animate(&ShotSpec::sample(seed), seed, 240, 120.0);
        for w in frames.windows(2) {
            for (a, b) in w[0].characters.iter().zip(&w[1].characters) {
                for (k, (x, y)) in a.to_array().iter().zip(b.to_array()).enumerate() {
                    prop_assert!((x - y).abs() < 0.35, "field {k}: {x} to {y}");
                }
            }
        }
    }
}

#[test]
fn two_characters_stay_apart_and_talkers_face_each_other() {
    for seed in 0..200 {
        let mut shot = ShotSpec::sample(seed);
        if shot.characters.len() < CHARACTERS {
            continue;
        }
        shot.characters[0].action = Action::Talk;
        shot.characters[1].action = Action::Stand;
        for f in animate(&shot, seed, 12, 12.0) {
            let [a, b] = &f.characters;
            assert!((a.x - b.x).abs() > 0.5, "seed {seed}");
            assert!(a.flip * (b.x - a.x) > 0.0 && b.flip * (a.x - b.x) > 0.0, "seed {seed}");
        }
    }
}

#[test]
fn a_mouth_follows_the_voice_and_the_others_listen() {
    let mut followed = 0;
    for seed in 0..120 {
        let shot = ShotSpec::sample(seed);
        let sound = Sound::draw(&mut Chance::new(seed, 5), 33, 12.0);
        let frames = animate_to(&shot, Some(&sound), seed, 33, 12.0);
        for (i, c) in shot.characters.iter().enumerate() {
            let open: Vec<f32> = frames.iter().map(|f| f.characters[i].mouth_open).collect();
            if c.action == Action::Sleep || c.mood != crate::spec::Mood::Neutral || c.action == Action::Wave {
                continue;
            }
            if sound.speaks() && speaker(&shot) == Some(i) {
                followed += 1;
                for (o, f) in open.iter().zip(sound.frames()) {
                    assert!((o - f[14]).abs() < 0.25, "seed {seed}: {o} {}", f[14]);
                }
            } else if sound.speaks() {
                assert!(open.iter().all(|&o| o < 0.1), "seed {seed}: a listener speaks");
            }
        }
    }
    assert!(followed > 10);
}

#[test]
fn feet_come_down_on_the_beat() {
    let sounds = (0..).map(|seed| Sound::draw(&mut Chance::new(seed, 5), 66, 24.0));
    let sound = sounds.into_iter().find(|s| s.beat().is_some()).unwrap();
    let mut shot = (0..).map(ShotSpec::sample).find(|s| s.characters.len() == 1).unwrap();
    shot.characters[0].action = Action::Dance;
    shot.characters[0].kind = Kind::Cat;
    let beat = sound.beat().unwrap();
    for (i, f) in animate_to(&shot, Some(&sound), 3, 66, 24.0).iter().enumerate() {
        let cycles = 2.0 * beat.dance(i as f32 / 24.0);
        if (cycles - cycles.round()).abs() < 0.05 {
            assert!(f.characters[0].lift < 0.01, "{cycles}: {}", f.characters[0].lift);
        }
    }
}

#[test]
fn a_prop_is_in_the_frame_and_clear_of_faces() {
    for seed in 0..200 {
        let shot = ShotSpec::sample(seed);
        let frames = animate(&shot, seed, 24, 12.0);
        for f in &frames {
            assert_eq!(f.prop_present > 0.5, shot.prop != Prop::None);
            if f.prop_present > 0.5 {
                let x = (f.prop_x - f.cam_x) * f.cam_zoom;
                assert!(x.abs() < 0.95 && f.prop_y.abs() < 0.5, "seed {seed} {:?}: {x} {}", shot.prop, f.prop_y);
            }
        }
    }
}

#[test]
fn the_same_seed_acts_the_same() {
    let shot = ShotSpec::sample(3);
    assert_eq!(animate(&shot, 9, 20, 12.0), animate(&shot, 9, 20, 12.0));
    assert_ne!(animate(&shot, 9, 20, 12.0), animate(&shot, 10, 20, 12.0));
}
