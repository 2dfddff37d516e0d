#!/usr/bin/env python3
"""Parity cases for decoder options that few small models use: fused matrices, sliding windows, rotary scaling, soft caps.

    python more_text_cases.py OUT_DIR [--seed N] [--only PATTERN] [--tiny | --embedding]

With --tiny instead the smallest case of each family, in f16: the fixtures of tests/fixtures/text. With --embedding a small
encoder of the BERT type, whose expected vectors are pooled by the mean and of length one. One folder a case, as `kinora parity` reads them: model.gguf (random weights), case.json, and expected.safetensors with
the logits of Hugging Face transformers in float32. Prompts are longer than the windows and than what a layer with a window
keeps, so that dropping old rows is exercised too. Needs (PyPI): torch, transformers, gguf, safetensors, numpy.
"""

import argparse
import fnmatch
import json
import math
import os

import gguf
import numpy as np
import torch
import transformers as tf
from safetensors.torch import save_file

VOCAB = 320
LENGTHS = [1, 7, 33, 700]


def base(**changes):
    values = dict(
        vocab_size=VOCAB, hidden_size=128, intermediate_size=192, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=1024, rms_norm_eps=1e-5, tie_word_embeddings=False,
        bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )
    return values | changes


def rope(theta=10000.0, **changes):
    return {"rope_theta": theta, "rope_type": "default"} | changes


def longrope(original, pairs):
    ramp = np.linspace(0.0, 1.0, pairs)
    return rope(
        rope_type="longrope", original_max_position_embeddings=original,
        short_factor=[float(1 + 0.3 * r) for r in ramp], long_factor=[float(1 + 15 * r) for r in ramp],
    )


def windows(layers, every):
    """All layers slide but each `every`-th."""
    return ["full_attention" if (i + 1) % every == 0 else "sliding_attention" for i in range(layers)]


# name -> (architecture in the GGUF file, config)
CASES = {
    "phi3-window": ("phi3", lambda: tf.Phi3Config(**base(rope_parameters=rope(), sliding_window=24))),
    "phi3-longrope": ("phi3", lambda: tf.Phi3Config(**base(
        rope_parameters=longrope(64, 16), original_max_position_embeddings=64, sliding_window=None))),
    "phi4-mini": ("phi3", lambda: tf.Phi3Config(**base(
        tie_word_embeddings=True, rope_parameters=longrope(256, 12) | {"partial_rotary_factor": 0.75},
        original_max_position_embeddings=256, sliding_window=None))),
    "mistral-window": ("llama", lambda: tf.MistralConfig(**base(rope_parameters=rope(), sliding_window=24))),
    "llama-biases": ("llama", lambda: tf.LlamaConfig(**base(rope_parameters=rope(), attention_bias=True, mlp_bias=True))),
    "llama-linear": ("llama", lambda: tf.LlamaConfig(**base(rope_parameters=rope(rope_type="linear", factor=4.0)))),
    "llama-yarn": ("llama", lambda: tf.LlamaConfig(**base(rope_parameters=rope(
        rope_type="yarn", factor=4.0, original_max_position_embeddings=256)))),
    "qwen3-yarn": ("qwen3", lambda: tf.Qwen3Config(**base(head_dim=32, rope_parameters=rope(
        1e6, rope_type="yarn", factor=8.0, original_max_position_embeddings=128)))),
    "gemma2": ("gemma2", lambda: tf.Gemma2Config(**base(
        num_hidden_layers=4, head_dim=32, query_pre_attn_scalar=32, sliding_window=24, tie_word_embeddings=True,
        attn_logit_softcapping=5.0, final_logit_softcapping=8.0, rope_parameters=rope(),
        layer_types=windows(4, 2)))),
    "gemma3-linear": ("gemma3", lambda: tf.Gemma3TextConfig(**base(
        num_hidden_layers=7, head_dim=32, query_pre_attn_scalar=32, sliding_window=24, tie_word_embeddings=True,
        layer_types=windows(7, 6), rope_parameters={
            "full_attention": rope(1e6, rope_type="linear", factor=8.0), "sliding_attention": rope()}))),
    "lfm2-long": ("lfm2", lambda: tf.Lfm2Config(**base(
        num_hidden_layers=3, block_auto_adjust_ff_dim=False, conv_L_cache=3, conv_bias=False, norm_eps=1e-5,
        rope_parameters=rope(1e6), tie_word_embeddings=True, layer_types=["conv", "full_attention", "conv"]))),
    "olmo3": ("olmo2", lambda: tf.Olmo3Config(**base(
        num_hidden_layers=5, num_key_value_heads=4, sliding_window=24, layer_types=windows(5, 4),
        rope_parameters=rope(rope_type="yarn", factor=4.0, original_max_position_embeddings=256)))),
}


def tiny(**changes):
    return base(**dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
                       num_key_value_heads=1, max_position_embeddings=64, tie_word_embeddings=True) | changes)


TINY_LENGTHS = [1, 5, 24]
TINY = {
    "qwen2": ("qwen2", lambda: tf.Qwen2Config(**tiny(rope_parameters=rope(1e6)))),
    "qwen3": ("qwen3", lambda: tf.Qwen3Config(**tiny(rope_parameters=rope(1e6), head_dim=16))),
    "gemma3": ("gemma3", lambda: tf.Gemma3TextConfig(**tiny(
        head_dim=16, query_pre_attn_scalar=16, sliding_window=8, num_hidden_layers=6, hidden_size=16, intermediate_size=32,
        layer_types=windows(6, 6), rope_parameters={"full_attention": rope(1e6), "sliding_attention": rope()}))),
    "smollm3": ("smollm3", lambda: tf.SmolLM3Config(**tiny(
        num_hidden_layers=4, rope_parameters=rope(5e6), no_rope_layers=[1, 1, 1, 0]))),
    "lfm2": ("lfm2", lambda: tf.Lfm2Config(**tiny(
        block_auto_adjust_ff_dim=False, conv_L_cache=3, conv_bias=False, norm_eps=1e-5, rope_parameters=rope(1e6),
        layer_types=["conv", "full_attention"]))),
    "olmo2": ("olmo2", lambda: tf.Olmo2Config(**tiny(num_key_value_heads=2, rope_parameters=rope()))),
    "granite": ("granite", lambda: tf.GraniteConfig(**tiny(
        rope_parameters=rope(), embedding_multiplier=3.0, residual_multiplier=0.5, attention_multiplier=0.2,
        logits_scaling=2.0))),
    "phi3-longrope": ("phi3", lambda: tf.Phi3Config(**tiny(
        rope_parameters=longrope(16, 8), original_max_position_embeddings=16, sliding_window=None))),
}


def to_pairs(w, heads):
    """Rows of a q or k projection: rotary halves -> interleaved pairs, as GGUF's llama family stores them."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def random_weights(model, rng, half):
    """Weights that keep activations near one, and norms and biases away from their trivial values."""
    state = {}
    for key, tensor in model.state_dict().items():
        shape = tuple(tensor.shape)
        if len(shape) == 1:
            value = tensor.numpy() + rng.normal(0, 0.1, shape)
        elif ".conv.conv." in key:
            value = rng.normal(0, 0.4, shape)
        else:
            value = rng.normal(0, 0.5 if "embed" in key else 1 / math.sqrt(shape[1]), shape)
        if half and len(shape) == 2:
            value = value.astype(np.float16)
        state[key] = torch.from_numpy(np.ascontiguousarray(value, np.float32))
    return state


def write_tensors(w, arch, cfg, state, half):
    ids = {name: i for i, name in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(ids[arch], cfg.num_hidden_layers)
    for key, tensor in state.items():
        if key == "lm_head.weight" and cfg.tie_word_embeddings:
            continue
        value = tensor.numpy()
        if arch in ("llama", "smollm3", "granite") and (".q_proj." in key or ".k_proj." in key):
            value = to_pairs(value, cfg.num_attention_heads if ".q_proj." in key else cfg.num_key_value_heads)
        if arch.startswith("gemma") and key.endswith("norm.weight"):
            value = value + 1.0
        if ".conv.conv." in key:
            value = value.squeeze(1)
        name = names.get_name(key, try_suffixes=(".weight", ".bias"))
        if name is None:
            raise SystemExit(f"no GGUF name for {key} of {arch}")
        as_half = half and value.ndim == 2 and "conv.weight" not in name
        w.add_tensor(name, np.ascontiguousarray(value, np.float16 if as_half else np.float32))


def write_rope(w, arch, cfg, head_dim):
    parameters = cfg.rope_parameters
    main = parameters.get("full_attention", parameters)
    n_rot = int(head_dim * main.get("partial_rotary_factor", 1.0))
    w.add_rope_dimension_count(n_rot)
    w.add_rope_freq_base(main["rope_theta"])
    kind, original = main["rope_type"], main.get("original_max_position_embeddings")
    if kind in ("linear", "yarn"):
        w.add_rope_scaling_type(gguf.RopeScalingType(kind))
        w.add_rope_scaling_factor(main["factor"])
    if original:
        w.add_rope_scaling_orig_ctx_len(original)
    if kind == "longrope":
        w.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(cfg.max_position_embeddings / original) / math.log(original)))
        for length in ("short", "long"):
            factors = np.array(main[f"{length}_factor"], np.float32)
            w.add_tensor(f"rope_factors_{length}.weight", factors)
    if arch == "gemma3":
        w.add_float32("gemma3.rope.freq_base_swa", parameters["sliding_attention"]["rope_theta"])


def write_model(path, arch, cfg, state, half):
    w = gguf.GGUFWriter(path, arch)
    head_dim = getattr(cfg, "head_dim", None) or cfg.hidden_size // cfg.num_attention_heads
    w.add_context_length(cfg.max_position_embeddings)
    w.add_embedding_length(cfg.hidden_size)
    w.add_block_count(cfg.num_hidden_layers)
    w.add_feed_forward_length(cfg.intermediate_size)
    w.add_head_count(cfg.num_attention_heads)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_vocab_size(cfg.vocab_size)
    w.add_key_length(head_dim)
    w.add_value_length(head_dim)
    layers = getattr(cfg, "layer_types", None) or []
    if arch == "lfm2":
        w.add_head_count_kv([0 if kind == "conv" else cfg.num_key_value_heads for kind in layers])
        w.add_shortconv_l_cache(cfg.conv_L_cache)
    else:
        w.add_head_count_kv(cfg.num_key_value_heads)
    if getattr(cfg, "sliding_window", None):
        w.add_sliding_window(cfg.sliding_window)
    if arch == "gemma2":
        w.add_attn_logit_softcapping(cfg.attn_logit_softcapping)
        w.add_final_logit_softcapping(cfg.final_logit_softcapping)
    if arch == "granite":
        w.add_embedding_scale(cfg.embedding_multiplier)
        w.add_residual_scale(cfg.residual_multiplier)
        w.add_attention_scale(cfg.attention_multiplier)
        w.add_logit_scale(cfg.logits_scaling)
    write_rope(w, arch, cfg, head_dim)
    write_tensors(w, arch, cfg, state, half)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def make_case(out, name, seed, half):
    rng = np.random.default_rng(seed)
    arch, config = (TINY if half else CASES)[name]
    cfg = config()
    model = tf.AutoModelForCausalLM.from_config(cfg, dtype=torch.float32, attn_implementation="eager").eval()
    state = random_weights(model, rng, half)
    if cfg.tie_word_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model.load_state_dict(state)
    os.makedirs(out, exist_ok=True)
    write_model(os.path.join(out, "model.gguf"), arch, cfg, state, half)
    prompts = [rng.integers(3, cfg.vocab_size, n).tolist() for n in (TINY_LENGTHS if half else LENGTHS)]
    expected = {}
    with torch.no_grad():
        for i, prompt in enumerate(prompts):
            expected[f"logits_{i}"] = model(torch.tensor([prompt])).logits[0].float().contiguous()
    save_file(expected, os.path.join(out, "expected.safetensors"))
    case = {
        "kind": "text-logits", "arch": arch, "quant": "F16" if half else "F32", "seed": seed, "tokens": prompts,
        "oracle": f"transformers {tf.__version__}, float32",
        "logit_std": float(expected[f"logits_{len(prompts) - 1}"].std()),
        "tolerance": {"exact": {"max": 0.01, "mean": 0.002}, "int8": {"max": 0.6, "mean": 0.03}},
    }
    with open(os.path.join(out, "case.json"), "w") as file:
        json.dump(case, file)
    print(f"{name:20} logit std {case['logit_std']:.3f}", flush=True)


def make_embedding_case(out, seed):
    rng = np.random.default_rng(seed)
    cfg = tf.BertConfig(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
                        max_position_embeddings=32, layer_norm_eps=1e-12)
    model = tf.AutoModel.from_config(cfg, dtype=torch.float32, attn_implementation="eager").eval()
    state = random_weights(model, rng, False)
    model.load_state_dict(state)
    os.makedirs(out, exist_ok=True)
    w = gguf.GGUFWriter(os.path.join(out, "model.gguf"), "bert")
    w.add_context_length(cfg.max_position_embeddings)
    w.add_embedding_length(cfg.hidden_size)
    w.add_block_count(cfg.num_hidden_layers)
    w.add_feed_forward_length(cfg.intermediate_size)
    w.add_head_count(cfg.num_attention_heads)
    w.add_layer_norm_eps(cfg.layer_norm_eps)
    w.add_causal_attention(False)
    w.add_pooling_type(gguf.PoolingType.MEAN)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, cfg.num_hidden_layers)
    for key, tensor in state.items():
        name = names.get_name(key, try_suffixes=(".weight", ".bias"))
        if name is not None and not key.startswith("pooler"):
            w.add_tensor(name, tensor.numpy())
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    texts = [rng.integers(0, cfg.vocab_size, n).tolist() for n in (1, 5, 32)]
    expected = {}
    with torch.no_grad():
        for i, text in enumerate(texts):
            mean = model(torch.tensor([text])).last_hidden_state[0].mean(0)
            expected[f"embedding_{i}"] = (mean / mean.norm()).contiguous()
    save_file(expected, os.path.join(out, "expected.safetensors"))
    case = {"kind": "text-embedding", "arch": "bert", "quant": "F32", "seed": seed, "tokens": texts,
            "oracle": f"transformers {tf.__version__}, float32", "tolerance": 1e-4}
    with open(os.path.join(out, "case.json"), "w") as file:
        json.dump(case, file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="*")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--embedding", action="store_true")
    arguments = parser.parse_args()
    if arguments.embedding:
        return make_embedding_case(os.path.join(arguments.out, "bert-f32"), arguments.seed)
    for i, name in enumerate(TINY if arguments.tiny else CASES):
        if fnmatch.fnmatch(name, arguments.only):
            out = os.path.join(arguments.out, f"{name}-f16" if arguments.tiny else name)
            make_case(out, name, arguments.seed * 1000 + i, arguments.tiny)


if __name__ == "__main__":
    main()
