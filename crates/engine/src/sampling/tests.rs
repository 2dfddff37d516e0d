use super::*;

fn all() -> Sampling {
    Sampling { temperature: 1.0, ..Sampling::default() }
}

/// How often each of the tokens is drawn.
fn frequencies(sampling: Sampling, logits: &[f32], draws: usize) -> Vec<f32> {
    let mut sampler = Sampler::new(sampling, 7);
    let mut counts = vec![0.0; logits.len()];
    for _ in 0..draws {
        counts[sampler.draw(&mut logits.to_vec(), &History::default()).unwrap() as usize] += 1.0 / draws as f32;
    }
    counts
}

fn logits(probabilities: &[f32]) -> Vec<f32> {
    probabilities.iter().map(|p| p.ln() + 3.0).collect()
}

#[test]
fn draws_follow_the_probabilities() {
    let p = [0.5, 0.05, 0.3, 0.15];
    let got = frequencies(all(), &logits(&p), 40_000);
    assert!(got.iter().zip(p).all(|(g, p)| (g - p).abs() < 0.01), "{got:?}");
}

#[test]
fn temperature_flattens_and_sharpens() {
    let squared = frequencies(Sampling { temperature: 0.5, ..all() }, &logits(&[0.6, 0.4]), 40_000);
    let expected = 0.36 / (0.36 + 0.16);
    assert!((squared[0] - expected).abs() < 0.01, "{squared:?}");
}

#[test]
fn temperature_zero_takes_the_likeliest_and_the_first_of_equals() {
    let mut sampler = Sampler::new(Sampling { temperature: 0.0, ..all() }, 0);
    assert_eq!(sampler.draw(&mut [0.0, 2.0, 2.0, -1.0], &History::default()).unwrap(), 1);
}

#[test]
fn cuts_keep_exactly_the_tokens_they_should() {
    let p = logits(&[0.4, 0.1, 0.3, 0.2]);
    let drawn = |s: Sampling| -> Vec<usize> {
        frequencies(s, &p, 4_000).iter().enumerate().filter(|f| *f.1 > 0.0).map(|f| f.0).collect()
    };
    assert_eq!(drawn(Sampling { top_k: 2, ..all() }), [0, 2]);
    assert_eq!(drawn(Sampling { top_k: 9, ..all() }), [0, 1, 2, 3]);
    assert_eq!(drawn(Sampling { top_p: 0.75, ..all() }), [0, 2, 3]);
    assert_eq!(drawn(Sampling { top_p: 0.0, ..all() }), [0]);
    assert_eq!(drawn(Sampling { min_p: 0.45, ..all() }), [0, 2, 3]);
    assert_eq!(drawn(Sampling { min_p: 1.0, ..all() }), [0]);
}

#[test]
fn a_seed_gives_the_same_tokens_and_another_seed_others() {
    let p = logits(&[0.2; 5]);
    let draw = |seed| {
        let mut sampler = Sampler::new(all(), seed);
        (0..40).map(|_| sampler.draw(&mut p.clone(), &History::default()).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

#[test]
fn a_penalty_lowers_what_was_said_once_however_often_it_was() {
    let mut sampler = Sampler::new(Sampling { repetition_penalty: 2.0, temperature: 0.0, ..all() }, 0);
    let mut l = [3.0, 2.0, -1.0];
    assert_eq!(sampler.draw(&mut l, &History::new(&[0, 0, 2, 99])).unwrap(), 1);
    assert_eq!(l, [1.5, 2.0, -2.0]);
    let mut old = vec![0];
    old.extend([2; PENALTY_WINDOW]);
    assert_eq!(sampler.draw(&mut [3.0, 2.0, -1.0], &History::new(&old)).unwrap(), 0);
}

#[test]
fn excluded_tokens_are_never_drawn_and_none_left_is_an_error() {
    let mut sampler = Sampler::new(all(), 0);
    for _ in 0..100 {
        assert_eq!(sampler.draw(&mut [f32::NEG_INFINITY, f32::NAN, -50.0], &History::default()).unwrap(), 2);
    }
    assert_eq!(sampler.draw(&mut [f32::NAN, f32::NEG_INFINITY], &History::default()).unwrap_err().code, "model_failed");
    assert_eq!(sampler.draw(&mut [], &History::default()).unwrap_err().code, "model_failed");
}

#[test]
fn a_field_out_of_range_is_named() {
    assert!(all().check().is_ok());
    for (bad, name) in [
        (Sampling { temperature: f32::NAN, ..all() }, "temperature"),
        (Sampling { temperature: 2.5, ..all() }, "temperature"),
        (Sampling { top_p: -0.1, ..all() }, "top_p"),
        (Sampling { min_p: 1.5, ..all() }, "min_p"),
        (Sampling { repetition_penalty: 0.0, ..all() }, "repetition_penalty"),
    ] {
        let error = bad.check().unwrap_err();
        assert!(error.code == "invalid_request" && error.message.contains(name), "{error}");
    }
}

/// The tokens that are ever drawn.
fn support(sampling: Sampling, p: &[f32], history: &History) -> Vec<u32> {
    let mut sampler = Sampler::new(sampling, 3);
    let mut seen: Vec<u32> = (0..3_000).map(|_| sampler.draw(&mut logits(p), history).unwrap()).collect();
    seen.sort_unstable();
    seen.dedup();
    seen
}

#[test]
fn typical_and_xtc_keep_exactly_the_tokens_they_should() {
    let none = History::default();
    // entropy 1.28 nats; surprises 0.92, 1.20, 1.61, 2.30: nearest are 0.3, then 0.2, then 0.4
    let p = [0.4, 0.1, 0.3, 0.2];
    assert_eq!(support(Sampling { typical_p: 0.25, ..all() }, &p, &none), [2]);
    assert_eq!(support(Sampling { typical_p: 0.45, ..all() }, &p, &none), [2, 3]);
    assert_eq!(support(Sampling { typical_p: 0.6, ..all() }, &p, &none), [0, 2, 3]);
    let xtc = |probability, threshold| Sampling { xtc: Some(Xtc { probability, threshold }), ..all() };
    assert_eq!(support(xtc(1.0, 0.15), &p, &none), [1, 3]);
    assert_eq!(support(xtc(1.0, 0.35), &p, &none), [0, 1, 2, 3], "one above is no choice");
    assert_eq!(support(xtc(0.0, 0.15), &p, &none), [0, 1, 2, 3]);
}

#[test]
fn penalties_and_bias_move_single_logits() {
    let greedy = |s: Sampling, history: &History| {
        Sampler::new(Sampling { temperature: 0.0, ..s }, 0).draw(&mut [3.0, 2.5, 1.0], history).unwrap()
    };
    let mut history = History::new(&[0, 0, 0]);
    let frequency = Sampling { frequency_penalty: 0.3, ..all() };
    assert_eq!(greedy(frequency.clone(), &history), 0, "the prompt does not count");
    history.push(0);
    assert_eq!(greedy(frequency.clone(), &history), 0);
    history.push(0);
    assert_eq!(greedy(frequency, &history), 1);
    assert_eq!(greedy(Sampling { presence_penalty: 0.6, ..all() }, &history), 1);
    assert_eq!(greedy(Sampling { logit_bias: vec![(2, 2.1), (99, 5.0)], ..all() }, &history), 2);
    assert_eq!(greedy(Sampling { logit_bias: vec![(0, -100.0)], ..all() }, &history), 1);
}

#[test]
fn dry_punishes_what_would_lengthen_a_repetition() {
    let dry = |multiplier, breakers: &[u32], text: &[u32]| {
        let dry = Dry { multiplier, base: 2.0, allowed_length: 2, ..Dry::default() };
        let history = History::new(text).with_breakers(breakers.to_vec());
        let mut logits = [0.0; 10];
        penalties::apply(&Sampling { dry: Some(dry), ..all() }, &mut logits, &history);
        logits
    };
    // "1 2 3" stood before "4": 4 would lengthen a repetition of three
    assert_eq!(dry(1.0, &[], &[1, 2, 3, 4, 9, 1, 2, 3])[4], -2.0);
    assert_eq!(dry(1.0, &[], &[1, 2, 3, 4, 9, 2, 3])[4], -1.0);
    assert_eq!(dry(1.0, &[], &[1, 2, 3, 4, 9, 3])[4], 0.0, "one token is free");
    assert_eq!(dry(1.0, &[2], &[1, 2, 3, 4, 9, 1, 2, 3])[4], 0.0, "the repetition ends at a breaker");
}

#[test]
fn mirostat_holds_the_surprise_near_its_target() {
    // a thousand tokens whose probabilities fall as 1 / rank
    let p: Vec<f32> = (1..=1000).map(|rank| 1.0 / rank as f32).collect();
    let total: f32 = p.iter().sum();
    for version in [1, 2] {
        let mirostat = Some(Mirostat { version, tau: 4.0, eta: 0.1 });
        let mut sampler = Sampler::new(Sampling { mirostat, ..all() }, 5);
        let surprise = |token: u32| -(p[token as usize] / total).log2();
        let draws: Vec<f32> =
            (0..2000).map(|_| surprise(sampler.draw(&mut logits(&p), &History::default()).unwrap())).collect();
        let mean = draws[500..].iter().sum::<f32>() / 1500.0;
        assert!((mean - 4.0).abs() < 1.3, "version {version}: {mean} bits");
    }
}
