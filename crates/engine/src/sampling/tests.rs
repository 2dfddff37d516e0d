use super::*;

const ALL: Sampling = Sampling { repetition_penalty: 1.0, temperature: 1.0, top_k: 0, top_p: 1.0, min_p: 0.0 };

/// How often each of the tokens is drawn.
fn frequencies(sampling: Sampling, logits: &[f32], draws: usize) -> Vec<f32> {
    let mut sampler = Sampler::new(sampling, 7);
    let mut counts = vec![0.0; logits.len()];
    for _ in 0..draws {
        counts[sampler.draw(&mut logits.to_vec(), &[]).unwrap() as usize] += 1.0 / draws as f32;
    }
    counts
}

fn logits(probabilities: &[f32]) -> Vec<f32> {
    probabilities.iter().map(|p| p.ln() + 3.0).collect()
}

#[test]
fn draws_follow_the_probabilities() {
    let p = [0.5, 0.05, 0.3, 0.15];
    let got = frequencies(ALL, &logits(&p), 40_000);
    assert!(got.iter().zip(p).all(|(g, p)| (g - p).abs() < 0.01), "{got:?}");
}

#[test]
fn temperature_flattens_and_sharpens() {
    let squared = frequencies(Sampling { temperature: 0.5, ..ALL }, &logits(&[0.6, 0.4]), 40_000);
    let expected = 0.36 / (0.36 + 0.16);
    assert!((squared[0] - expected).abs() < 0.01, "{squared:?}");
}

#[test]
fn temperature_zero_takes_the_likeliest_and_the_first_of_equals() {
    let mut sampler = Sampler::new(Sampling { temperature: 0.0, ..ALL }, 0);
    assert_eq!(sampler.draw(&mut [0.0, 2.0, 2.0, -1.0], &[]).unwrap(), 1);
}

#[test]
fn cuts_keep_exactly_the_tokens_they_should() {
    let p = logits(&[0.4, 0.1, 0.3, 0.2]);
    let drawn = |s: Sampling| -> Vec<usize> {
        frequencies(s, &p, 4_000).iter().enumerate().filter(|f| *f.1 > 0.0).map(|f| f.0).collect()
    };
    assert_eq!(drawn(Sampling { top_k: 2, ..ALL }), [0, 2]);
    assert_eq!(drawn(Sampling { top_k: 9, ..ALL }), [0, 1, 2, 3]);
    assert_eq!(drawn(Sampling { top_p: 0.75, ..ALL }), [0, 2, 3]);
    assert_eq!(drawn(Sampling { top_p: 0.0, ..ALL }), [0]);
    assert_eq!(drawn(Sampling { min_p: 0.45, ..ALL }), [0, 2, 3]);
    assert_eq!(drawn(Sampling { min_p: 1.0, ..ALL }), [0]);
}

#[test]
fn a_seed_gives_the_same_tokens_and_another_seed_others() {
    let p = logits(&[0.2; 5]);
    let draw = |seed| {
        let mut sampler = Sampler::new(ALL, seed);
        (0..40).map(|_| sampler.draw(&mut p.clone(), &[]).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

#[test]
fn a_penalty_lowers_what_was_said_once_however_often_it_was() {
    let mut sampler = Sampler::new(Sampling { repetition_penalty: 2.0, temperature: 0.0, ..ALL }, 0);
    let mut l = [3.0, 2.0, -1.0];
    assert_eq!(sampler.draw(&mut l, &[0, 0, 2, 99]).unwrap(), 1);
    assert_eq!(l, [1.5, 2.0, -2.0]);
    let mut old = vec![0];
    old.extend([2; PENALTY_WINDOW]);
    assert_eq!(sampler.draw(&mut [3.0, 2.0, -1.0], &old).unwrap(), 0);
}

#[test]
fn excluded_tokens_are_never_drawn_and_none_left_is_an_error() {
    let mut sampler = Sampler::new(ALL, 0);
    for _ in 0..100 {
        assert_eq!(sampler.draw(&mut [f32::NEG_INFINITY, f32::NAN, -50.0], &[]).unwrap(), 2);
    }
    assert_eq!(sampler.draw(&mut [f32::NAN, f32::NEG_INFINITY], &[]).unwrap_err().code, "model_failed");
    assert_eq!(sampler.draw(&mut [], &[]).unwrap_err().code, "model_failed");
}

#[test]
fn a_field_out_of_range_is_named() {
    assert!(ALL.check().is_ok());
    for (bad, name) in [
        (Sampling { temperature: f32::NAN, ..ALL }, "temperature"),
        (Sampling { temperature: 2.5, ..ALL }, "temperature"),
        (Sampling { top_p: -0.1, ..ALL }, "top_p"),
        (Sampling { min_p: 1.5, ..ALL }, "min_p"),
        (Sampling { repetition_penalty: 0.0, ..ALL }, "repetition_penalty"),
    ] {
        let error = bad.check().unwrap_err();
        assert!(error.code == "invalid_request" && error.message.contains(name), "{error}");
    }
}
