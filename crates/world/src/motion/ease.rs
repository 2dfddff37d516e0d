//! Curves of the animator's trade. Time in, progress out; both in 0..1 unless said otherwise.

use std::f32::consts::TAU;

/// Slow at both ends.
#[must_use]
pub fn smooth(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Arrives with an overshoot of about 10 %, then settles.
#[must_use]
pub fn overshoot(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0) - 1.0;
    1.0 + 2.7 * t * t * t + 1.7 * t * t
}

/// A hump: 0 at both ends of `from..to`, 1 in the middle, 0 outside.
#[must_use]
pub fn hump(t: f32, from: f32, to: f32) -> f32 {
    let s = ((t - from) / (to - from)).clamp(0.0, 1.0);
    0.5 - 0.5 * (TAU * s).cos()
}

/// A sine of `cycles` full turns.
#[must_use]
pub fn wave(cycles: f32) -> f32 {
    (TAU * cycles).sin()
}

/// Linear between `a` and `b`.
#[must_use]
pub fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// To and fro between −1 and 1 in one cycle, slow at the turns; the second value is the direction of travel, −1..1,
/// which passes through 0 during a turn of `turn` cycles.
#[must_use]
pub fn shuttle(cycles: f32, turn: f32) -> (f32, f32) {
    let c = cycles.rem_euclid(1.0);
    let tri = if c < 0.5 { 4.0 * c - 1.0 } else { 3.0 - 4.0 * c };
    let to_turn = (c - 0.5).abs().min(c.min(1.0 - c));
    let facing = smooth(0.5 + 0.5 * (to_turn / turn).min(1.0)) * 2.0 - 1.0;
    // just before a turn the direction is still the old one
    let direction = if c < 0.5 { 1.0 } else { -1.0 };
    let eased = if tri.abs() > 0.85 {
        tri.signum() * (0.85 + 0.15 * (1.0 - (1.0 - (tri.abs() - 0.85) / 0.15).powi(2)) * 0.5)
    } else {
        tri
    };
    (eased, direction * facing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_start_and_end_where_they_say() {
        assert_eq!((smooth(0.0), smooth(1.0)), (0.0, 1.0));
        assert!(overshoot(0.0).abs() < 1e-6 && (overshoot(1.0) - 1.0).abs() < 1e-6);
        assert!((0..100).any(|i| overshoot(i as f32 / 100.0) > 1.05));
        assert_eq!(hump(0.2, 0.3, 0.5), 0.0);
        assert!((hump(0.4, 0.3, 0.5) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_shuttle_turns_without_a_jump() {
        let mut last = shuttle(0.0, 0.06);
        for i in 1..=1000 {
            let now = shuttle(i as f32 / 1000.0, 0.06);
            assert!((now.0 - last.0).abs() < 0.01 && (now.1 - last.1).abs() < 0.1, "{i}: {last:?} {now:?}");
            last = now;
        }
    }
}
