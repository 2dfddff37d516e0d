"""Token ids of Kinora against llama.cpp's, over published and crafted vocabularies.

    pip install gguf numpy tokenizers sentencepiece
    pip download --no-deps --no-binary llama-cpp-python llama-cpp-python==0.3.36   # holds llama.cpp's sources and vocabularies
    npm install --ignore-scripts @node-llama-cpp/linux-x64@3.22.1                  # holds the same llama.cpp, built
    g++ … llama_token_ids.cpp …        (its head says how)
    cargo build -p kinora-cli
    python token_ids.py --llama LLAMA_CPP --reference ./llama_token_ids --kinora target/debug/kinora [--lines 10000] [--only NAME]

LLAMA_CPP is the sources' folder (`vendor/llama.cpp` of the package). Vocabularies: its models/ggml-vocab-*.gguf with weights
left out, and one crafted vocabulary for each pre-tokenizer name that llama.cpp knows and for each kind. The crafted merges
are learnt without cutting words, so they cross every border that a pre-tokenizer must hold. Texts: --lines made of words that
pre-tokenizers disagree on, as many of mixed scripts, code, emoji, numbers, spaces, controls and special tokens (the
vocabulary's own too, whole and damaged), and every character up to U+1FFFF; each once as plain text, where special tokens
are letters like others, and once with special tokens read and added. Also checks the .inp/.out files that lie beside the
published vocabularies. Texts that spell a byte's token (<0x0A>) are left out for crafted spm vocabularies: llama.cpp can merge
them into that byte, SentencePiece and Kinora keep what was written. `--fixture FILE` writes smaller crafted vocabularies and llama.cpp's answers for the Rust tests
(crates/formats/tests/llama_cpp.rs) and compares nothing.
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

from token_texts import SEED, corpus, every_character, mixed


def own_specials(path):
    """What the vocabulary itself calls special: control and user-defined tokens."""
    reader = gguf.GGUFReader(path)
    types, tokens = (reader.get_field(f"tokenizer.ggml.{key}") for key in ("token_type", "tokens"))
    chosen = [i for i, at in enumerate(types.data) if types.parts[at][0] in (3, 4)] if types else []
    texts = (bytes(tokens.parts[tokens.data[i]]).decode(errors="replace") for i in chosen)
    return [text for text in texts if text][:2000]


def letters():
    shown = list(range(0x21, 0x7F)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    rest = [b for b in range(256) if b not in shown]
    return {b: chr(b) if b in shown else chr(256 + rest.index(b)) for b in range(256)}


def write(path, case):
    """A file without tensors, which holds a vocabulary."""
    w = gguf.GGUFWriter(path, "llama")
    w.add_token_list(case["tokens"])
    w.add_token_types(case["types"])
    if "merges" in case:
        w.add_token_merges(case["merges"])
    if "scores" in case:
        w.add_token_scores(case["scores"])
    for key, value in case["keys"].items():
        key = f"tokenizer.ggml.{key}"
        if isinstance(value, bool):
            w.add_bool(key, value)
        elif isinstance(value, int):
            w.add_uint32(key, value)
        elif isinstance(value, str):
            w.add_string(key, value)
        else:
            w.add_array(key, bytes(value))
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


SPECIALS = ["<s>", "</s>", "<|end|>", "<think>"]
BYTES = [f"<0x{b:02X}>" for b in range(256)]


def crafted(llama, small):
    """Crafted vocabularies: name, family of vocabularies, tokens, types, merges, scores, keys."""
    lines = [line for line in itertools.islice(corpus(), 400 if small else 4000) if not any(s in line for s in SPECIALS)]
    tokens, merges = train(lines, 600 if small else 1500)
    n = len(tokens)
    learnt = {"family": "bpe", "tokens": tokens + SPECIALS, "types": [1] * n + [3, 3, 3, 4], "merges": merges}
    ends = {"bos_token_id": n, "eos_token_id": n + 1}
    raw = {"family": "raw", **raw_bpe(lines, 500 if small else 2500)}
    raw_ends = {"bos_token_id": 1, "eos_token_id": 1}
    code = open(f"{llama}/src/llama-vocab.cpp").read()
    for pre in dict.fromkeys(re.findall(r'tokenizer_pre == "([^"]+)"', code)):
        keys = {"model": "whitespace" if pre == "whitespace" else "gpt2", "pre": pre}
        if pre in ("gemma4", "granite-embed-multi-311m", "sarvam-moe", "whitespace"):
            yield {"name": f"bpe-{pre}", **raw, "keys": {**keys, **raw_ends}}
        else:
            yield {"name": f"bpe-{pre}", **learnt, "keys": {**keys, **ends}}
    lower = {"model": "whitespace", "pre": "whitespace", "normalizer.lowercase": True}
    yield {"name": "whitespace-lower", **raw, "keys": {**lower, **raw_ends}}
    yield {"name": "whitespace-of-bytes", **learnt, "keys": {"model": "whitespace", "pre": "gpt-2", **ends}}

    r = random.Random(SEED)
    pieces = {c for line in lines[:1500] for c in line.replace(" ", "▁")}
    pieces = {p for p in sorted(pieces) if r.random() < 0.8 and p != "\0"}
    for line in lines:
        line = line.replace(" ", "▁").replace("\0", "")
        for _ in range(2 if small else 6):
            at = r.randrange(len(line) + 1)
            pieces.add(line[at : at + r.randint(2, 7)])
    pieces = sorted(p for p in pieces if p and p not in SPECIALS + BYTES + ["<unk>"])
    scores = [round(-r.random() * 12, 1) for _ in pieces]
    spm = {
        "family": "spm", "tokens": ["<unk>", "<s>", "</s>"] + BYTES + pieces + ["<think>"],
        "types": [2, 3, 3] + [6] * 256 + [1] * len(pieces) + [4], "scores": [0.0] * 259 + scores + [0.0],
    }  # fmt: skip
    for prefix in (True, False):
        yield {"name": f"spm-{prefix}", **spm, "keys": {"model": "llama", "add_space_prefix": prefix}}
    ugm = {
        "family": "ugm", "tokens": ["<pad>", "</s>", "<unk>"] + pieces + ["<think>"],
        "types": [3, 3, 2] + [1] * len(pieces) + [4], "scores": [0.0] * 3 + scores + [0.0],
    }  # fmt: skip
    maps = charsmap() if small else charsmap_of(llama)
    for i, (prefix, merge, charsmap_) in enumerate([(True, True, maps), (True, False, None), (False, False, maps), (False, True, charsmap())]):
        keys = {"model": "t5", "add_space_prefix": prefix, "remove_extra_whitespaces": merge}
        yield {"name": f"ugm-{i}", **ugm, "keys": keys if charsmap_ is None else {**keys, "precompiled_charsmap": list(charsmap_)}}

    # Beginnings of words are marked, as in llama.cpp's files; capitals and accents are there for the cased ones
    words = sorted({w for line in lines for w in line.split() if "\0" not in w and len(w.encode()) < 1000})
    parts = {c for word in words for c in word}
    for word in words[: 250 if small else 4000]:
        for text in (word, word.lower()):
            at = r.randint(1, len(text))
            parts |= {"▁" + text[:at], text[at:]}
    parts |= {"▁" + c for c in parts if len(c) == 1 and r.random() < 0.7}
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    parts = sorted(p for p in parts if p and p not in marks and r.random() < 0.95)
    wpm = {"family": "wpm", "tokens": marks + parts, "types": [3] * 5 + [1] * len(parts)}
    ids = {"padding_token_id": 0, "unknown_token_id": 1, "bos_token_id": 2, "eos_token_id": 3, "seperator_token_id": 3, "mask_token_id": 4}
    for lower, strip in ((None, None), (False, None), (True, False), (False, True)):
        flags = {"normalizer.lowercase": lower, "normalizer.strip_accents": strip}
        flags = {key: value for key, value in flags.items() if value is not None}
        yield {"name": f"wpm-{lower}-{strip}", **wpm, "keys": {"model": "bert", **ids, **flags}}


def raw_bpe(lines, count):
    """Merges over text with ▁ for a space, as Gemma 4 has them."""
    chars = sorted({c for line in lines[:1000] for c in line.replace(" ", "▁")} - {"\0"})
    tokens, merges = dict.fromkeys(["<unk>", "<s>"] + BYTES + chars + ["\n\n", "\n\n\n"]), []
    r = random.Random(SEED)
    while len(merges) < count:
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
    return {"tokens": list(tokens), "merges": merges, "types": [2, 3] + [6] * 256 + [1] * (len(tokens) - 258)}


def charsmap():
    """A small table of replacements, compiled by SentencePiece itself."""
    import sentencepiece

    rules = {"ﬁ": "fi", "½": "1⁄2", "Ⅷ": "VIII", "ａ": "a", "Ａ": "A", "\u3000": " ", "\u00a0": " ", "\u200b": "", "e\u0301": "é", "…": "...", "ß": "ss", "㍿": "株式会社"}
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/rules.tsv", "w") as file:
            for old, new in rules.items():
                file.write(" ".join(f"{ord(c):X}" for c in old) + "\t" + " ".join(f"{ord(c):X}" for c in new) + "\n")
        with open(f"{folder}/text", "w") as file:
            file.write("a b c d e f\n" * 20)
        sentencepiece.SentencePieceTrainer.train(
            input=f"{folder}/text", model_prefix=f"{folder}/m", vocab_size=12, hard_vocab_limit=False,
            normalization_rule_tsv=f"{folder}/rules.tsv", minloglevel=2,
        )  # fmt: skip
        model = open(f"{folder}/m.model", "rb").read()
    return field(field(model, 3), 2)


def field(message, wanted):
    """The bytes of a field of a protobuf message."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        number, kind = divmod(varint(), 8)
        size = {1: 8, 5: 4}.get(kind)
        if kind == 0:
            varint()
            continue
        size = varint() if size is None else size
        if number == wanted and kind == 2:
            return message[at : at + size]
        at += size
    raise ValueError(f"no field {wanted}")


def charsmap_of(llama):
    reader = gguf.GGUFReader(f"{llama}/models/ggml-vocab-nomic-bert-moe.gguf")
    field = reader.get_field("tokenizer.ggml.precompiled_charsmap")
    return bytes(field.parts[-1].tobytes()) if field is not None and len(field.data) == 1 else bytes(int(field.parts[i][0]) for i in field.data)


def reference(binary, model, texts, flags):
    """llama.cpp's ids; none where this build refuses the vocabulary."""
    sent = b"".join(struct.pack("<BI", flags, len(t.encode())) + t.encode() for t in texts)
    done = subprocess.run([binary, model], input=sent, capture_output=True)
    if done.returncode == 1:
        return None
    if done.returncode:
        sys.exit(f"{model}: reference answered {done.returncode}: {done.stderr.decode()[-300:]}")
    return [[int(i) for i in line.split()] for line in done.stdout.decode().splitlines()]


def kinora(binary, model, texts, flags):
    args = [binary, "tokenize", model, "--json"] + ([] if flags else ["--no-special"])
    done = subprocess.run(args, input=json.dumps(texts).encode(), capture_output=True)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr.decode()


def digest(ids):
    """FNV-1a of 32 bits over the ids, folded to 16; tests/llama_cpp.rs computes the same."""
    value = 0x811C9DC5
    for byte in b"".join(struct.pack("<I", i) for i in ids):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return f"{value >> 16 ^ value & 0xFFFF:04x}"


def fixture(path, llama, binary):
    """Texts, vocabularies, and for each case a digest of llama.cpp's ids of each text (plain, then framed and with specials)."""
    texts = list(itertools.islice((t for t in corpus() if len(t) < 160), 300))
    families, cases = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for case in crafted(llama, small=True):
            file = f"{folder}/v.gguf"
            write(file, case)
            families[case["family"]] = {k: case[k] for k in ("tokens", "types", "merges", "scores") if k in case}
            answers = [reference(binary, file, texts, flags) for flags in (0, 3)]
            if None in answers:
                print(f"{case['name']} is unknown to this build of llama.cpp")
                continue
            plain, framed = ("".join(map(digest, ids)) for ids in answers)
            keys = dict(case["keys"])
            pre = keys.pop("pre", None)
            same = next((c for c in cases if (c["family"], c["keys"], c["plain"], c["framed"]) == (case["family"], keys, plain, framed)), None)
            if same:
                same["pre"].append(pre)
            else:
                cases.append({"family": case["family"], "pre": [pre] if pre else [], "keys": keys, "plain": plain, "framed": framed})
    with open(path, "w") as out:
        json.dump({"texts": texts, "families": families, "cases": cases}, out, ensure_ascii=False, separators=(",", ":"))


def compare(name, path, args, texts):
    """How many answers differ; prints them."""
    wrong = total = 0
    for flags in (0, 3):
        wanted, got = reference(args.reference, path, texts, flags), kinora(args.kinora, path, texts, flags)
        if wanted is None:
            print(f"{name} is unknown to this build of llama.cpp")
            return 0
        total += len(texts)
        if isinstance(got, str):
            print(f"{name}: {got.strip()}")
            wrong += len(texts)
            continue
        for text, w, g in zip(texts, wanted, got, strict=True):
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
    print(f"{name}: {total - wrong} of {total} equal", flush=True)
    return wrong


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--llama", required=True)
    p.add_argument("--reference", required=True)
    p.add_argument("--kinora")
    p.add_argument("--lines", type=int, default=10000)
    p.add_argument("--only", default="")
    p.add_argument("--fixture")
    args = p.parse_args()
    if args.fixture:
        return fixture(args.fixture, args.llama, args.reference)
    texts = list(itertools.islice(corpus(), args.lines)) + list(every_character())
    lines = lambda specials: texts + list(itertools.islice(mixed(specials), args.lines))
    bad = 0
    for path in sorted(glob.glob(f"{args.llama}/models/ggml-vocab-*.gguf")):
        name = os.path.basename(path)[:-5]
        bad += compare(name, path, args, lines(own_specials(path))) if args.only in name else 0
    with tempfile.TemporaryDirectory() as folder:
        for case in crafted(args.llama, small=False):
            if args.only in case["name"]:
                write(f"{folder}/v.gguf", case)
                spells = re.compile("<0x[0-9A-F]{2}>" if case["family"] == "spm" else "(?!)")
                bad += compare(case["name"], f"{folder}/v.gguf", args, [t for t in lines(SPECIALS) if not spells.search(t)])
    print("all equal" if not bad else f"{bad} differ")
    sys.exit(bool(bad))


main()
