//! Decoders with random weights: however tokens are read, taken back, saved and adapted, the logits are the same.

use std::collections::BTreeMap;

use kinora_formats::{BlockType, GgufFile, GgufWriter, MetaArray, MetaValue};
use kinora_tensor::{Abort, Device, TensorError};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

const WIDTH: usize = 64;
const FF: usize = 96;
const VOCAB: usize = 80;
const HEAD: usize = 32;

/// The f32 tensors of a model by name, to be changed before they are written.
pub(in crate::text) type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn random(rng: &mut ChaCha8Rng, shape: &[usize]) -> (Vec<usize>, Vec<f32>) {
    let scale = if let [_, columns] = shape { (3.0 / *columns as f32).sqrt() } else { 0.2 };
    let offset = if shape.len() == 1 { 1.0 } else { 0.0 };
    let values = (0..shape.iter().product()).map(|_| offset + scale * (rng.random::<f32>() * 2.0 - 1.0)).collect();
    (shape.to_vec(), values)
}

/// Two layers of attention with a window of 20 tokens.
pub(in crate::text) fn windowed() -> (&'static str, Tensors, Vec<(&'static str, MetaValue)>) {
    let mut tensors = trunk(1);
    (0..2).for_each(|i| attention(&mut tensors, i, false));
    let window = ("attention.sliding_window", MetaValue::U32(20));
    ("llama", tensors, vec![window, ("attention.head_count_kv", MetaValue::U32(1))])
}

/// A short convolution, then attention.
pub(in crate::text) fn hybrid() -> (&'static str, Tensors, Vec<(&'static str, MetaValue)>) {
    let mut tensors = trunk(2);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for (name, shape) in [("in_proj", [3 * WIDTH, WIDTH]), ("out_proj", [WIDTH, WIDTH]), ("conv", [WIDTH, 3])] {
        tensors.insert(format!("blk.0.shortconv.{name}.weight"), random(&mut rng, &shape));
    }
    attention(&mut tensors, 1, true);
    let norm = tensors.remove("output_norm.weight").unwrap();
    tensors.insert("token_embd_norm.weight".into(), norm);
    let heads = MetaValue::Array(MetaArray::I32(vec![0, 1]));
    ("lfm2", tensors, vec![("attention.head_count_kv", heads), ("shortconv.l_cache", MetaValue::U32(3))])
}

fn trunk(seed: u64) -> Tensors {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tensors = Tensors::new();
    tensors.insert("token_embd.weight".into(), random(&mut rng, &[VOCAB, WIDTH]));
    tensors.insert("output_norm.weight".into(), random(&mut rng, &[WIDTH]));
    for i in 0..2 {
        for (name, shape) in [
            ("attn_norm", &[WIDTH][..]),
            ("ffn_norm", &[WIDTH]),
            ("ffn_gate", &[FF, WIDTH]),
            ("ffn_up", &[FF, WIDTH]),
            ("ffn_down", &[WIDTH, FF]),
        ] {
            tensors.insert(format!("blk.{i}.{name}.weight"), random(&mut rng, shape));
        }
    }
    tensors
}

fn attention(tensors: &mut Tensors, i: usize, head_norms: bool) {
    let mut rng = ChaCha8Rng::seed_from_u64(7 + i as u64);
    for (name, shape) in [
        ("attn_q", &[WIDTH, WIDTH][..]),
        ("attn_k", &[HEAD, WIDTH]),
        ("attn_v", &[HEAD, WIDTH]),
        ("attn_output", &[WIDTH, WIDTH]),
        ("attn_q_norm", &[HEAD]),
        ("attn_k_norm", &[HEAD]),
    ] {
        if head_norms || shape.len() == 2 {
            tensors.insert(format!("blk.{i}.{name}.weight"), random(&mut rng, shape));
        }
    }
}

fn decoder(model: (&str, Tensors, Vec<(&str, MetaValue)>)) -> Decoder {
    let file = GgufFile::from_bytes(bytes_of(model)).unwrap();
    Decoder::load(&file, &Device::cpu(1)).unwrap()
}

pub(in crate::text) fn bytes_of((arch, tensors, keys): (&str, Tensors, Vec<(&str, MetaValue)>)) -> Vec<u8> {
    let mut w = GgufWriter::new();
    w.str("general.architecture", arch).unwrap();
    for (key, value) in [
        ("block_count", 2),
        ("context_length", 4096),
        ("embedding_length", WIDTH as u32),
        ("feed_forward_length", FF as u32),
        ("attention.head_count", (WIDTH / HEAD) as u32),
    ] {
        w.u32(&format!("{arch}.{key}"), value).unwrap();
    }
    w.f32(&format!("{arch}.attention.layer_norm_rms_epsilon"), 1e-5).unwrap();
    keys.into_iter().for_each(|(key, value)| w.meta(&format!("{arch}.{key}"), value).unwrap());
    write(&mut w, &tensors);
    w.finish().unwrap()
}

fn write(w: &mut GgufWriter, tensors: &Tensors) {
    for (name, (shape, values)) in tensors {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        w.tensor(name, shape, BlockType::F32, &bytes).unwrap();
    }
}

pub(in crate::text) fn tokens(n: usize) -> Vec<u32> {
    let mut rng = ChaCha8Rng::seed_from_u64(99);
    (0..n).map(|_| rng.random_range(0..VOCAB as u32)).collect()
}

fn values(t: &Tensor) -> Vec<f32> {
    pollster::block_on(t.to_vec()).unwrap()
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Logits after the last token.
pub(in crate::text) fn last(decoder: &Decoder, tokens: &[u32], cache: &mut KvCache) -> Vec<f32> {
    values(&decoder.forward(tokens, cache).unwrap())
}

#[test]
fn tokens_may_be_read_in_any_pieces() {
    let tokens = tokens(900);
    for decoder in [decoder(windowed()), decoder(hybrid())] {
        let mut whole = decoder.new_cache(2000).unwrap();
        let all = values(&decoder.forward_all(&tokens, &mut whole).unwrap());
        let mut cache = decoder.new_cache(2000).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut at = 0;
        while at < tokens.len() {
            let n = if rng.random() { 1 } else { rng.random_range(1..300) }.min(tokens.len() - at);
            let got = last(&decoder, &tokens[at..at + n], &mut cache);
            at += n;
            assert!(difference(&got, &all[(at - 1) * VOCAB..at * VOCAB]) < 1e-4, "after {at} tokens");
            // Speculation: a few wrong tokens are read and taken back
            let wrong = rng.random_range(0..30);
            if wrong > 0 {
                last(&decoder, &vec![3; wrong], &mut cache);
                assert_eq!(cache.truncate(at).unwrap(), at);
            }
        }
    }
}

#[test]
fn a_fork_goes_its_own_way() {
    let tokens = tokens(400);
    for decoder in [decoder(windowed()), decoder(hybrid())] {
        for kind in [CacheType::F32, CacheType::F16] {
            let mut cache = decoder.new_cache_in(500, kind).unwrap();
            last(&decoder, &tokens[..300], &mut cache);
            let mut other = cache.fork().unwrap();
            last(&decoder, &[7; 50], &mut other);
            let want = last(&decoder, &tokens[300..], &mut cache);
            assert_eq!((cache.len(), other.len()), (400, 350));
            assert_eq!(other.truncate(300).unwrap(), 300);
            assert_eq!(last(&decoder, &tokens[300..], &mut other), want);
        }
    }
}

#[test]
fn a_window_bounds_the_memory_and_going_far_back_starts_anew() {
    let decoder = decoder(windowed());
    let (short, mut long) = (decoder.new_cache(1000).unwrap(), decoder.new_cache(100_000).unwrap());
    assert_eq!(short.bytes(), long.bytes());
    let tokens = tokens(700);
    let want = last(&decoder, &tokens[..301], &mut long);
    last(&decoder, &tokens[301..], &mut long);
    assert_eq!(long.truncate(300).unwrap(), 0, "token 300's window was dropped");
    assert!(long.is_empty());
    assert!(difference(&last(&decoder, &tokens[..301], &mut long), &want) < 1e-4);
    assert!(matches!(long.truncate(302), Err(ModelError::Input(_))));
}

#[test]
fn rounded_caches_stay_close() {
    let tokens = tokens(300);
    for decoder in [decoder(windowed()), decoder(hybrid())] {
        let mut exact = decoder.new_cache(300).unwrap();
        let want = last(&decoder, &tokens, &mut exact);
        for (kind, tolerance, part) in [(CacheType::F16, 0.005, 2), (CacheType::Q8_0, 0.05, 3)] {
            let mut cache = decoder.new_cache_in(300, kind).unwrap();
            assert_eq!(cache.kind(), kind);
            let half = last(&decoder, &tokens[..299], &mut cache);
            assert!(half.iter().all(|x| x.is_finite()));
            let far = difference(&last(&decoder, &tokens[299..], &mut cache), &want);
            assert!(far > 0.0 && far < tolerance, "{kind:?} moves a logit by {far}");
            if !decoder.config().layers.contains(&kinora_formats::config::Layer::ShortConv) {
                assert!(cache.bytes() <= exact.bytes() / part, "{kind:?}");
            }
        }
    }
}

#[test]
fn the_size_of_a_cache_is_known_before_it_is_made() {
    for decoder in [decoder(windowed()), decoder(hybrid())] {
        for kind in CacheType::ALL {
            for len in [1, 63, 300, 5000] {
                let cache = decoder.new_cache_in(len, kind).unwrap();
                assert_eq!(cache.bytes() as u64, cache_bytes(decoder.config(), len, kind), "{kind:?} {len}");
            }
            assert_eq!(kind.name().parse::<CacheType>().unwrap(), kind);
        }
    }
    assert!(matches!("q4".parse::<CacheType>(), Err(ModelError::Input(m)) if m.contains("q8_0")));
}

#[test]
fn a_saved_cache_goes_on_where_it_was() {
    let tokens = tokens(500);
    for make in [windowed, hybrid] {
        let decoder = decoder(make());
        for kind in [CacheType::F32, CacheType::F16, CacheType::Q8_0] {
            let mut cache = decoder.new_cache_in(600, kind).unwrap();
            last(&decoder, &tokens[..499], &mut cache);
            let saved = pollster::block_on(decoder.save_cache(&cache)).unwrap();
            let mut again = decoder.restore_cache(&saved, 600).unwrap();
            assert_eq!((again.len(), again.kind()), (499, kind));
            let (a, b) = (last(&decoder, &tokens[499..], &mut cache), last(&decoder, &tokens[499..], &mut again));
            assert_eq!(a, b);
            for cut in (0..saved.len()).step_by(997).chain([saved.len() - 1]) {
                assert!(matches!(decoder.restore_cache(&saved[..cut], 600), Err(ModelError::Input(_))), "cut at {cut}");
            }
            assert!(matches!(decoder.restore_cache(&saved, 400), Err(ModelError::ContextFull { .. })));
            for byte in (0..60).chain((60..saved.len()).step_by(499)) {
                let mut bad = saved.clone();
                bad[byte] ^= 0x81;
                assert!(decoder.restore_cache(&bad, 600).is_err(), "byte {byte}");
            }
        }
    }
    let cache = decoder(windowed()).new_cache(10).unwrap();
    let mut other = windowed();
    other.1.get_mut("blk.0.ffn_down.weight").unwrap().1[3] += 0.5;
    let (a, b) = (decoder(windowed()), decoder(other));
    let saved = pollster::block_on(a.save_cache(&cache)).unwrap();
    assert!(matches!(b.restore_cache(&saved, 10), Err(ModelError::Input(_))), "another model");
}

/// Factors for some matrices of [`windowed`]: two in one stack, one alone.
fn adapter(seed: u64, rank: usize, alpha: f32) -> (Adapter, Tensors) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tensors = Tensors::new();
    for (name, out, cols) in
        [("blk.0.attn_q", WIDTH, WIDTH), ("blk.0.attn_v", HEAD, WIDTH), ("blk.1.ffn_down", WIDTH, FF)]
    {
        tensors.insert(format!("{name}.weight.lora_a"), random(&mut rng, &[rank, cols]));
        tensors.insert(format!("{name}.weight.lora_b"), random(&mut rng, &[out, rank]));
    }
    (read_adapter(&tensors, alpha).unwrap(), tensors)
}

fn read_adapter(tensors: &Tensors, alpha: f32) -> Result<Adapter> {
    let mut w = GgufWriter::new();
    w.str("general.type", "adapter").unwrap();
    w.str("adapter.type", "lora").unwrap();
    w.f32("adapter.lora.alpha", alpha).unwrap();
    write(&mut w, tensors);
    Adapter::load(&GgufFile::from_bytes(w.finish().unwrap()).unwrap())
}

/// W + scale · B A for each adapted matrix.
fn merge(model: &mut Tensors, factors: &Tensors, rank: usize, scale: f32) {
    for (name, (_, a)) in factors.iter().filter(|(name, _)| name.ends_with("lora_a")) {
        let matrix = name.strip_suffix(".lora_a").unwrap();
        let b = &factors[&format!("{matrix}.lora_b")].1;
        let (shape, w) = model.get_mut(matrix).unwrap();
        let columns = shape[1];
        for (i, w) in w.iter_mut().enumerate() {
            let (row, column) = (i / columns, i % columns);
            *w += scale * (0..rank).map(|r| b[row * rank + r] * a[r * columns + column]).sum::<f32>();
        }
    }
}

#[test]
fn adapters_equal_merged_weights_and_can_be_switched() {
    let tokens = tokens(40);
    let run = |decoder: &Decoder| last(decoder, &tokens, &mut decoder.new_cache(40).unwrap());
    let adapted = decoder(windowed());
    let (plain, print) = (run(&adapted), adapted.fingerprint());
    let ((one, one_factors), (two, two_factors)) = (adapter(21, 4, 8.0), adapter(22, 3, 0.0));

    let mut merged = windowed();
    merge(&mut merged.1, &one_factors, 4, 0.7 * 8.0 / 4.0);
    adapted.set_adapters(&[(&one, 0.7)]).unwrap();
    assert_ne!(adapted.fingerprint(), print);
    let got = run(&adapted);
    assert!(difference(&got, &plain) > 0.1, "it does something");
    assert!(difference(&got, &run(&decoder(merged))) < 1e-4);

    let mut merged = windowed();
    merge(&mut merged.1, &one_factors, 4, 0.7 * 2.0);
    merge(&mut merged.1, &two_factors, 3, -0.3);
    adapted.set_adapters(&[(&one, 0.7), (&two, -0.3)]).unwrap();
    assert!(difference(&run(&adapted), &run(&decoder(merged))) < 1e-4);

    adapted.set_adapters(&[]).unwrap();
    assert_eq!(run(&adapted), plain);
    assert_eq!(adapted.fingerprint(), print);
}

#[test]
fn adapters_of_other_models_are_refused() {
    let decoder = decoder(windowed());
    let (_, factors) = adapter(21, 4, 8.0);
    let mut unknown = factors.clone();
    for end in ["a", "b"] {
        let moved = unknown.remove(&format!("blk.1.ffn_down.weight.lora_{end}")).unwrap();
        unknown.insert(format!("blk.9.ffn_down.weight.lora_{end}"), moved);
    }
    let unknown = read_adapter(&unknown, 1.0).unwrap();
    assert!(matches!(decoder.set_adapters(&[(&unknown, 1.0)]), Err(ModelError::Config(m)) if m.contains("blk.9")));
    let mut narrow = factors.clone();
    narrow.insert("blk.0.attn_q.weight.lora_a".into(), (vec![4, 8], vec![0.0; 32]));
    let narrow = read_adapter(&narrow, 1.0).unwrap();
    assert!(matches!(decoder.set_adapters(&[(&narrow, 1.0)]), Err(ModelError::Shape { .. })));
    let mut single = factors.clone();
    single.remove("blk.0.attn_q.weight.lora_a");
    assert!(matches!(read_adapter(&single, 1.0), Err(ModelError::Format(_))));
    let mut ranks = factors;
    ranks.insert("blk.0.attn_q.weight.lora_a".into(), (vec![2, WIDTH], vec![0.0; 2 * WIDTH]));
    assert!(matches!(read_adapter(&ranks, 1.0), Err(ModelError::Shape { .. })));
}

#[test]
fn a_reading_with_turns_is_the_same_and_can_be_stopped_between_blocks() {
    let tokens = tokens(40);
    let decoder = decoder(windowed());
    let in_turns = |cache: &mut KvCache, abort: &Abort| -> Result<Vec<f32>> {
        pollster::block_on(async { Ok(decoder.forward_in_turns(&tokens, cache, abort).await?.to_vec().await?) })
    };
    let mut cache = decoder.new_cache(40).unwrap();
    let want = last(&decoder, &tokens, &mut decoder.new_cache(40).unwrap());
    assert_eq!(in_turns(&mut cache, &Abort::default()).unwrap(), want);
    let mut cache = decoder.new_cache(40).unwrap();
    let stopped = Abort::default();
    stopped.abort();
    assert!(matches!(in_turns(&mut cache, &stopped), Err(ModelError::Tensor(TensorError::Aborted))));
    assert_eq!((cache.len(), cache.truncate(0).unwrap()), (0, 0));
    assert_eq!(in_turns(&mut cache, &Abort::default()).unwrap(), want, "what was begun is gone");
}

#[test]
fn damaged_weights_are_found() {
    let tokens = tokens(10);
    let find = |name: &str| {
        let mut model = windowed();
        model.1.get_mut(name).unwrap().1[17] = f32::NAN;
        let decoder = decoder(model);
        let got = last(&decoder, &tokens, &mut decoder.new_cache(10).unwrap());
        assert!(!Decoder::are_finite(&got));
        match pollster::block_on(decoder.find_non_finite(&tokens)).unwrap() {
            Some(ModelError::NonFinite { place }) => place,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(find("blk.1.ffn_up.weight"), "blk.1");
    assert_eq!(find("blk.0.attn_v.weight"), "blk.0");
    assert_eq!(find("output_norm.weight"), "the output");
    let sound = decoder(windowed());
    assert!(pollster::block_on(sound.find_non_finite(&tokens)).unwrap().is_none());
}
