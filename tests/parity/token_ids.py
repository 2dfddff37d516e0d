"""Token ids of Kinora against llama.cpp's, over published and crafted vocabularies.

    g++ … llama_token_ids.cpp …        (its head says how)
    cargo build -p kinora-cli
    python token_ids.py --llama LLAMA_CPP --reference ./llama_token_ids --kinora target/debug/kinora [--lines 10000] [--only NAME]

Needs `gguf`, `numpy` and `tokenizers`. Vocabularies: llama.cpp's models/ggml-vocab-*.gguf with weights left out, and one
crafted vocabulary for each pre-tokenizer name that llama.cpp knows and for each kind. The crafted merges are learnt
without cutting words, so they cross every border that a pre-tokenizer must hold. Also checks the .inp/.out files that lie
beside the published vocabularies. `--fixture FILE` writes a small part of the crafted results for the Rust tests.
"""

import argparse
import glob
import itertools
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

import gguf

SEED = 20261125


def corpus():
    r = random.Random(SEED)
    words = (
        "the The THE of and don't I'll we've you're she'd IT'S O'Neil's naïve café Straße ﬁ Ελλάδα Привет мир МОСКВА你好世界 東京タワー "
        "ひらがな カタカナ 한국어 안녕하세요 สวัสดีครับ नमस्ते हिन्दी বাংলা தமிழ் مرحبا שלום አማርኛ ქართული Հայերեն 𝒳𝓎 ﷺ ½ Ⅷ ² ٣٤٥ १२३ "
        "123 4567 1234567890 3.14159 0x1F 1,000,000 2024-01-02 www.example.com foo_bar fooBar() { return x+=1; } \"q\" 'q' <b>a</b> "
        "😀 👨‍👩‍👧‍👦 🇩🇪 ❤️ … — “quoted” ‘single’ ¿qué? ¡sí! €5 $10 £3 #tag @user \\n \\t `code` ~/.bashrc && || -> => <= != :: /* */ // "
        "e\u0301 n\u0303 \u0301 a\u0300\u0301b \u200b\u200d \ufeff \u00a0 \u3000 \u2028 \u0085 \ue000 \u0378 \U0001fbf5 \U000e0001 "
        "i\u0307 İstanbul ıq ſ K Ω ǅ ʰ ª º ℂ ⅓ 〇 々 〆 ㍿ ﾊﾝ ｶ Ａｂ１２ ！？ ，。、 ـ \x00 \x01 \x1b[0m \x7f \x1c \x1f"
    ).split(" ")
    joins = [" ", " ", " ", "", "", "  ", "   ", "\n", "\n\n", " \n", "\n ", "\r\n", "\t", "\t\t", "    ", " \r", "\x0b", "'", "-"]
    while True:
        line = "".join(r.choice(words) + r.choice(joins) for _ in range(r.randint(0, 14)))
        kind = r.random()
        if kind < 0.15:
            line += "".join(chr(r.choice([r.randrange(0x20, 0x7F), r.randrange(0x3000), r.randrange(0xD800), r.randrange(0x10000, 0x20000)])) for _ in range(r.randint(1, 30)))
        elif kind < 0.25:
            line += "".join(r.choice("0123456789½² aA'sStTrReElLvV\n\r\t .,!") for _ in range(r.randint(1, 40)))
        elif kind < 0.3:
            line = " " * r.randint(0, 70) + line + " " * r.randint(0, 9)
        elif kind < 0.34:
            line += r.choice(["<s>", "</s>", "<|end|>", "<think>", "[CLS]", "<mask>", "<0x0A>", "▁", "<sentinel:12>IMGIMGABZ"]) + r.choice(["", " ", "x"])
        yield line


def every_character():
    step = []
    for c in range(0x20000):
        if not 0xD800 <= c < 0xE000:
            step.append(f"{chr(c)}a {chr(c)}{chr(c)}1")
        if len(step) == 200:
            yield "".join(step)
            step = []


def letters():
    shown = list(range(0x21, 0x7F)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    rest = [b for b in range(256) if b not in shown]
    return {b: chr(b) if b in shown else chr(256 + rest.index(b)) for b in range(256)}


def writer(path, model, tokens, types, **extra):
    w = gguf.GGUFWriter(path, "llama")
    w.add_tokenizer_model(model)
    w.add_token_list(tokens)
    w.add_token_types(types)
    for key, value in extra.items():
        getattr(w, key)(value)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.close()


def train(lines, size):
    import tokenizers as hf

    model = hf.Tokenizer(hf.models.BPE())
    model.pre_tokenizer = hf.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = hf.trainers.BpeTrainer(vocab_size=size, initial_alphabet=list(letters().values()), show_progress=False, max_token_length=12)
    model.train_from_iterator(lines, trainer)
    saved = json.loads(model.to_str())["model"]
    merges = [" ".join(m) if isinstance(m, list) else m for m in saved["merges"]]
    tokens = [t for t, _ in sorted(saved["vocab"].items(), key=lambda kv: kv[1])]
    return tokens, merges


def crafted(folder, llama):
    """Name and path of each crafted vocabulary."""
    source = corpus()
    specials = ["<s>", "</s>", "<|end|>", "<think>"]
    lines = [line for line in itertools.islice(source, 4000) if not any(s in line for s in specials)]
    tokens, merges = train(lines, 1500)
    types = [1] * len(tokens) + [3, 3, 3, 4]
    code = open(f"{llama}/src/llama-vocab.cpp").read()
    names = [n for n in dict.fromkeys(re.findall(r'tokenizer_pre == "([^"]+)"', code)) if n != "whitespace"]
    for pre in names:
        path = f"{folder}/bpe-{pre}.gguf"
        mine, list_, ty = tokens, merges, types
        if pre in ("gemma4", "granite-embed-multi-311m", "sarvam-moe"):
            mine, list_, ty = raw_bpe(lines)
        w_specials = specials if ty is types else []
        writer(path, "gpt2", mine + w_specials, ty, add_tokenizer_pre=pre, add_token_merges=list_, add_bos_token_id=len(tokens) if ty is types else 1, add_eos_token_id=len(tokens) + 1 if ty is types else 1)
        yield f"bpe-{pre}", path
    r = random.Random(SEED)
    pieces = {c for line in lines[:1500] for c in line.replace(" ", "▁")}
    pieces = {p for p in pieces if r.random() < 0.8 and p != "\0"}
    for line in lines:
        line = line.replace(" ", "▁").replace("\0", "")
        for _ in range(6):
            at = r.randrange(len(line) + 1)
            pieces.add(line[at : at + r.randint(2, 7)])
    pieces = sorted(p for p in pieces if p and p not in specials)
    scores = [round(-r.random() * 12, 1) for _ in pieces]
    byte_tokens = [f"<0x{b:02X}>" for b in range(256)]
    pieces = [p for p in pieces if p not in byte_tokens and p != "<unk>"]
    scores = scores[: len(pieces)]
    spm = ["<unk>", "<s>", "</s>"] + byte_tokens + pieces + ["<think>"]
    spm_types = [2, 3, 3] + [6] * 256 + [1] * len(pieces) + [4]
    for prefix in (True, False):
        path = f"{folder}/spm-{prefix}.gguf"
        writer(path, "llama", spm, spm_types, add_token_scores=[0.0] * 259 + scores + [0.0], add_add_space_prefix=prefix)
        yield f"spm-{prefix}", path
    ugm = ["<pad>", "</s>", "<unk>"] + pieces + ["<think>"]
    for i, (prefix, merge) in enumerate([(True, True), (True, False), (False, False)]):
        path = f"{folder}/ugm-{i}.gguf"
        charsmap = charsmap_of(llama) if i != 1 else None
        extra = {"add_precompiled_charsmap": charsmap} if charsmap else {}
        writer(path, "t5", ugm, [3, 3, 2] + [1] * len(pieces) + [4], add_token_scores=[0.0] * 3 + scores + [0.0], add_add_space_prefix=prefix, add_remove_extra_whitespaces=merge, **extra)
        yield f"ugm-{i}", path


def raw_bpe(lines):
    """Merges over text with ▁ for a space, as Gemma 4 has them."""
    byte_tokens = [f"<0x{b:02X}>" for b in range(256)]
    chars = sorted({c for line in lines[:1000] for c in line.replace(" ", "▁")} - {"\0"})
    tokens, merges = dict.fromkeys(["<unk>", "<s>"] + byte_tokens + chars + ["\n\n", "\n\n\n"]), []
    r = random.Random(SEED)
    while len(merges) < 2500:
        line = r.choice(lines).replace(" ", "▁").replace("\0", "")
        if len(line) < 2:
            continue
        at = r.randrange(len(line))
        word = line[at : at + r.randint(2, 6)]
        if "\n" in word:
            continue
        for cut in range(1, len(word)):
            left, right = word[:cut], word[cut:]
            if left in tokens and right in tokens and f"{left} {right}" not in merges:
                tokens[left + right] = None
                merges.append(f"{left} {right}")
                break
    return list(tokens), merges, [2, 3] + [6] * 256 + [1] * (len(tokens) - 258)


def charsmap_of(llama):
    reader = gguf.GGUFReader(f"{llama}/models/ggml-vocab-nomic-bert-moe.gguf")
    field = reader.get_field("tokenizer.ggml.precompiled_charsmap")
    return bytes(field.parts[-1].tobytes()) if field is not None and len(field.data) == 1 else bytes(int(field.parts[i][0]) for i in field.data)


def reference(binary, model, texts, flags):
    sent = b"".join(struct.pack("<BI", flags, len(t.encode())) + t.encode() for t in texts)
    done = subprocess.run([binary, model], input=sent, capture_output=True)
    if done.returncode:
        sys.exit(f"{model}: reference answered {done.returncode}: {done.stderr.decode()[-300:]}")
    return [[int(i) for i in line.split()] for line in done.stdout.decode().splitlines()]


def kinora(binary, model, texts, flags):
    args = [binary, "tokenize", model, "--json"] + ([] if flags else ["--no-special"])
    done = subprocess.run(args, input=json.dumps(texts).encode(), capture_output=True)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr.decode()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--llama", required=True)
    p.add_argument("--reference", required=True)
    p.add_argument("--kinora", required=True)
    p.add_argument("--lines", type=int, default=10000)
    p.add_argument("--only", default="")
    p.add_argument("--fixture")
    args = p.parse_args()
    source = corpus()
    texts = [next(source) for _ in range(args.lines)] + list(every_character())
    bad, kept = 0, []
    with tempfile.TemporaryDirectory() as folder:
        published = [(os.path.basename(f)[:-5], f) for f in sorted(glob.glob(f"{args.llama}/models/ggml-vocab-*.gguf"))]
        for name, path in itertools.chain(published, crafted(folder, args.llama)):
            if args.only not in name:
                continue
            wrong = total = 0
            for flags in (0, 3):
                wanted, got = reference(args.reference, path, texts, flags), kinora(args.kinora, path, texts, flags)
                if isinstance(got, str):
                    print(f"{name}: {got.strip()}")
                    wrong += len(texts)
                    continue
                for text, w, g in zip(texts, wanted, got):
                    total += 1
                    if w != g:
                        wrong += 1
                        if wrong <= 2:
                            at = next((i for i, (a, b) in enumerate(zip(w, g)) if a != b), min(len(w), len(g)))
                            print(f"  {name} flags {flags} {text[:80]!r} at {at}: llama.cpp {w[max(0, at - 2):at + 6]} kinora {g[max(0, at - 2):at + 6]}")
            if os.path.exists(path + ".inp"):
                parts = open(path + ".inp", newline="").read().split("\n__ggml_vocab_test__\n")
                outs = [[int(i) for i in line.split()] for line in open(path + ".out").read().split("\n")]
                got = kinora(args.kinora, path, parts, 0)
                wrong += sum(g != w for g, w in zip(got, outs)) if not isinstance(got, str) else len(parts)
                total += len(parts)
            print(f"{name}: {total - wrong if total else 0} of {total} equal", flush=True)
            bad += wrong
            if args.fixture and path.startswith(folder) and name != "bpe-default":
                few = texts[:24]
                kept.append({"name": name, "plain": reference(args.reference, path, few, 0)})
    if args.fixture:
        json.dump({"texts": texts[:24], "cases": kept}, open(args.fixture, "w"), ensure_ascii=True)
    print("all equal" if not bad else f"{bad} differ")
    sys.exit(bool(bad))


main()
