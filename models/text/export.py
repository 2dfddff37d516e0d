"""Writes a checkpoint of `train.py` as a Llama-type GGUF (Q8_0), and checks the file with transformers.

    python export.py --run DIR --out kinora-text.gguf
"""

import argparse
import json
import os

import gguf
import numpy as np
import torch

from train import SPECIAL, Llama

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def interleaved(w, heads):
    """Rows of a rotary projection from (i, i + d/2) pairs to (2i, 2i + 1), as the `llama` architecture of GGUF has them."""
    return w.reshape(heads, 2, -1, w.shape[1]).swapaxes(1, 2).reshape(w.shape)


def tensors(state, c):
    """GGUF names and f32 values; norms stay F32, matrices become Q8_0."""
    q, kv = c["n_head"] * c["head_dim"], c["n_head_kv"] * c["head_dim"]
    for name, t in state.items():
        t = t.float().numpy()
        if name.endswith("attn_qkv.weight"):
            at = name.removesuffix("attn_qkv.weight")
            yield at + "attn_q.weight", interleaved(t[:q], c["n_head"])
            yield at + "attn_k.weight", interleaved(t[q : q + kv], c["n_head_kv"])
            yield at + "attn_v.weight", t[q + kv :]
        elif name.endswith("ffn_gate_up.weight"):
            at = name.removesuffix("ffn_gate_up.weight")
            yield at + "ffn_gate.weight", t[: c["ffn"]]
            yield at + "ffn_up.weight", t[c["ffn"] :]
        else:
            yield name, t


def write(path, state, c, tok):
    w = gguf.GGUFWriter(path, "llama")
    w.add_name("Kinora text")
    w.add_description("Ideas to scripts and storyboards of Kinora's cartoon world; small talk; small lessons")
    w.add_license("MIT OR Apache-2.0")
    w.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    w.add_quantization_version(gguf.GGML_QUANT_VERSION)
    w.add_context_length(c["context"])
    w.add_embedding_length(c["dim"])
    w.add_block_count(c["layers"])
    w.add_feed_forward_length(c["ffn"])
    w.add_head_count(c["n_head"])
    w.add_head_count_kv(c["n_head_kv"])
    w.add_key_length(c["head_dim"])
    w.add_value_length(c["head_dim"])
    w.add_rope_dimension_count(c["head_dim"])
    w.add_rope_freq_base(c["rope_base"])
    w.add_layer_norm_rms_eps(1e-5)
    w.add_vocab_size(c["vocab"])
    vocab = sorted(tok["model"]["vocab"].items(), key=lambda kv: kv[1])
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list([t for t, _ in vocab])
    w.add_token_types([gguf.TokenType.CONTROL if t in SPECIAL else gguf.TokenType.NORMAL for t, _ in vocab])
    w.add_token_merges([" ".join(m) if isinstance(m, list) else m for m in tok["model"]["merges"]])
    ids = dict(vocab)
    w.add_bos_token_id(ids["<|endoftext|>"])
    w.add_eos_token_id(ids["<|im_end|>"])
    w.add_pad_token_id(ids["<|endoftext|>"])
    w.add_add_bos_token(False)
    w.add_chat_template(TEMPLATE)
    for name, t in tensors(state, c):
        if t.ndim == 2:
            q8 = gguf.quants.quantize(t, gguf.GGMLQuantizationType.Q8_0)
            w.add_tensor(name, q8, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        else:
            w.add_tensor(name, t)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def check(path, state, c):
    """The file as transformers reads it against the checkpoint: logits agree to the error of Q8_0, greedy text is the same."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, file = os.path.split(os.path.abspath(path))
    tok = AutoTokenizer.from_pretrained(folder, gguf_file=file)
    theirs = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32).eval()
    ours = Llama(c)
    ours.load_state_dict(state)
    text = "<|im_start|>user\nWrite a script: a shy robot finds a flower in the snow<|im_end|>\n<|im_start|>assistant\n"
    ids = tok(text, return_tensors="pt", add_special_tokens=False).input_ids
    with torch.no_grad():
        a, b = ours(ids), theirs(ids).logits
        print("logits: NMSE", float(((a - b) ** 2).sum() / (a**2).sum()), "greedy agreement", float((a.argmax(-1) == b.argmax(-1)).float().mean()))
        out = theirs.generate(ids, max_new_tokens=120, do_sample=False, eos_token_id=tok.convert_tokens_to_ids("<|im_end|>"))
    print(tok.decode(out[0, ids.shape[1] :]))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--run", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--no-check", action="store_true")
    a = ap.parse_args()
    saved = torch.load(os.path.join(a.run, "last.pt"), map_location="cpu")
    with open(os.path.join(a.run, "tokenizer.json")) as f:
        tok = json.load(f)
    state = {k: v.float() for k, v in saved["model"].items()}
    write(a.out, state, saved["config"], tok)
    print(a.out, os.path.getsize(a.out), "bytes, step", saved["step"], "tokens", saved["seen"])
    if not a.no_check:
        check(a.out, state, saved["config"])


if __name__ == "__main__":
    main()
