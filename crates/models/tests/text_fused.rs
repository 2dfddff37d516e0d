//! Blocks in few launches: the same values as block by block, few launches, and nothing made in a steady loop.

use kinora_formats::{BlockType, GgufFile, GgufWriter, quant};
use kinora_models::text::{CacheType, Decoder};
use kinora_tensor::gpu::GpuOptions;
use kinora_tensor::{Abort, Device, GpuDevice, LogitEdits};
use pollster::block_on;

const WIDTH: usize = 64;
const FF: usize = 96;
const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const VOCAB: usize = 100;

/// Numbers around zero that look random, the same each time.
struct Noise(u64);

impl Noise {
    fn values(&mut self, n: usize, scale: f32) -> Vec<f32> {
        let mut next = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0) * scale
        };
        (0..n).map(|_| next()).collect()
    }
}

/// A small model of this architecture with random weights; `block` where rows are whole blocks.
fn model(arch: &str, layers: usize, block: BlockType) -> GgufFile {
    let (mut w, mut noise) = (GgufWriter::new(), Noise(7));
    let key = |name: &str| format!("{arch}.{name}");
    w.str("general.architecture", arch).unwrap();
    for (name, value) in [
        ("block_count", layers),
        ("embedding_length", WIDTH),
        ("feed_forward_length", FF),
        ("attention.head_count", HEADS),
        ("attention.head_count_kv", KV_HEADS),
        ("context_length", 512),
        ("vocab_size", VOCAB),
    ] {
        w.u32(&key(name), value as u32).unwrap();
    }
    w.f32(&key("attention.layer_norm_rms_epsilon"), 1e-5).unwrap();
    if arch == "gemma3" {
        w.u32(&key("attention.sliding_window"), 8).unwrap();
    }
    let tokens: Vec<String> = (0..VOCAB).map(|i| format!("t{i}")).collect();
    w.strs("tokenizer.ggml.tokens", &tokens).unwrap();
    let mut matrix = |name: &str, rows: usize, cols: usize| {
        let values = noise.values(rows * cols, 1.5 / (cols as f32).sqrt());
        let (block, bytes) = match block {
            BlockType::Q8_0 => (block, quant::quantize_q8_0(&values).unwrap()),
            BlockType::Q4_0 if !name.contains("attn_v") => (block, quant::quantize_q4_0(&values).unwrap()),
            // like K types: v in more bits than q and k
            BlockType::Q4_0 => (BlockType::Q8_0, quant::quantize_q8_0(&values).unwrap()),
            _ => (BlockType::F32, quant::f32_bytes(&values)),
        };
        w.tensor(name, &[rows, cols], block, &bytes).unwrap();
    };
    matrix("token_embd.weight", VOCAB, WIDTH);
    let (q, kv) = (WIDTH, WIDTH / HEADS * KV_HEADS);
    for i in 0..layers {
        let mut get = |name: &str, rows, cols| matrix(&format!("blk.{i}.{name}.weight"), rows, cols);
        get("attn_q", q, WIDTH);
        get("attn_k", kv, WIDTH);
        get("attn_v", kv, WIDTH);
        get("attn_output", WIDTH, q);
        get("ffn_gate", FF, WIDTH);
        get("ffn_up", FF, WIDTH);
        get("ffn_down", WIDTH, FF);
    }
    let mut vector = |name: &str, n: usize, middle: f32| {
        let values: Vec<f32> = noise.values(n, 0.3).iter().map(|v| v + middle).collect();
        w.tensor(name, &[n], BlockType::F32, &quant::f32_bytes(&values)).unwrap();
    };
    vector("output_norm.weight", WIDTH, 1.0);
    for i in 0..layers {
        let mut get = |name: &str, n, middle| vector(&format!("blk.{i}.{name}"), n, middle);
        if arch != "olmo2" {
            get("attn_norm.weight", WIDTH, 1.0);
            get("ffn_norm.weight", WIDTH, 1.0);
        }
        if matches!(arch, "olmo2" | "gemma3") {
            get("post_attention_norm.weight", WIDTH, 1.0);
            get("post_ffw_norm.weight", WIDTH, 1.0);
        }
        match arch {
            "qwen2" => {
                ["attn_q.bias", "attn_k.bias", "attn_v.bias"].iter().zip([q, kv, kv]).for_each(|(b, n)| get(b, n, 0.0))
            }
            "qwen3" | "gemma3" => {
                ["attn_q_norm.weight", "attn_k_norm.weight"].iter().for_each(|n| get(n, WIDTH / HEADS, 1.0))
            }
            "olmo2" => {
                ["attn_q_norm.weight", "attn_k_norm.weight"].iter().zip([q, kv]).for_each(|(b, n)| get(b, n, 1.0))
            }
            _ => (),
        }
    }
    GgufFile::from_bytes(w.finish().unwrap()).unwrap()
}

/// The CPU, and the GPU with both sets of kernels; said where there is none.
fn devices() -> Vec<Device> {
    let gpu = |software| {
        let options = GpuOptions { software_kernels: Some(software), ..GpuOptions::default() };
        block_on(GpuDevice::with_options(options))
            .map(Device::Gpu)
            .inspect_err(|e| eprintln!("NOT TESTED ON THE GPU: {e}"))
    };
    [Device::Cpu(kinora_tensor::CpuDevice::new(2).exact())]
        .into_iter()
        .chain([false, true].into_iter().filter_map(|s| gpu(s).ok()))
        .collect()
}

#[test]
fn fused_and_single_operations_agree_in_every_family() {
    let tokens: Vec<u32> = (0..40u32).map(|i| i * 37 % VOCAB as u32).collect();
    for device in devices() {
        for arch in ["llama", "qwen2", "qwen3", "gemma3", "olmo2", "granite"] {
            for (block, kind) in [(BlockType::F32, CacheType::F32), (BlockType::Q4_0, CacheType::F16)] {
                let file = model(arch, 3, block);
                let mut decoder = Decoder::load(&file, &device).unwrap_or_else(|e| panic!("{arch}: {e}"));
                let mut run = |fused: bool| {
                    decoder.set_fused(fused);
                    let mut cache = decoder.new_cache_in(64, kind).unwrap();
                    // a prompt for the many-row kernels, a few rows, single ones
                    [&tokens[..30], &tokens[30..33], &tokens[33..34], &tokens[34..35]]
                        .map(|t| block_on(decoder.forward_all(t, &mut cache).unwrap().to_vec()).unwrap())
                };
                let (fused, single) = (run(true).concat(), run(false).concat());
                assert_eq!(fused.len(), 35 * VOCAB);
                assert!(single.iter().any(|v| v.abs() > 0.1), "{arch}: the logits are nothing");
                for (i, (f, s)) in fused.iter().zip(&single).enumerate() {
                    assert!(
                        (f - s).abs() <= if kind == CacheType::F32 { 2e-4 } else { 5e-3 } * (1.0 + s.abs()),
                        "{arch} {block:?} on {}: logit {i} is {f}, singly {s}",
                        device.name()
                    );
                }
            }
        }
    }
}

#[test]
fn a_token_of_thirty_layers_takes_few_launches_and_makes_nothing() {
    let file = model("llama", 30, BlockType::Q8_0);
    for device in devices() {
        let Device::Gpu(gpu) = &device else { continue };
        let decoder = Decoder::load(&file, &device).unwrap();
        let (mut cache, mut ready) = (decoder.new_cache(200).unwrap(), 0);
        block_on(decoder.warm_up(CacheType::F32, |done, all| {
            ready += 1;
            assert!(done == ready && ready <= all);
        }))
        .unwrap();
        let warm = gpu.stats();
        assert!(ready >= 6 && warm.pipelines_created == ready as u64 && warm.dispatches == 0);
        block_on(decoder.forward(&[1, 2, 3, 4, 5], &mut cache).unwrap().to_vec()).unwrap();
        let mut token = 7;
        let mut before = gpu.stats();
        for step in 0..40 {
            let logits = decoder.forward(&[token], &mut cache).unwrap();
            token = if step % 2 == 0 {
                block_on(logits.argmax().unwrap().to_vec_u32()).unwrap()[0]
            } else {
                block_on(logits.top_candidates(20, &LogitEdits::default(), 1.0)).unwrap().top[0].0
            };
            block_on(device.turn(&Abort::default())).unwrap();
            let now = gpu.stats();
            let launches = now.dispatches - before.dispatches;
            assert!(launches <= 200, "{launches} launches for a token");
            if step >= 8 {
                let made =
                    |s: kinora_tensor::gpu::GpuStats| [s.buffers_created, s.bind_groups_created, s.pipelines_created];
                assert_eq!(made(now), made(before), "step {step} made buffers, bind groups or pipelines");
            }
            before = now;
        }
        assert_eq!(before.pipelines_created, warm.pipelines_created, "a pipeline was not warm");
        eprintln!("{}: {} launches in all", device.description(), before.dispatches);
    }
}
