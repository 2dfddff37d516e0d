"""Trains the embedded text model: corpus, tokenizer, Llama-type decoder, and the GGUF by `export.py`.

    ./x train text --minutes 75                                   # one CPU thread, or CUDA where there is one
    torchrun --nproc-per-node 8 models/text/train.py --minutes 5

`kinora-corpus` (crate kinora-world) must be on the PATH, as `./x train` sees to; or give --corpus. A run that was stopped goes on from OUT/last.pt. The schedule follows the clock, so a slower machine sees fewer tokens, not a cut run.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import time

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from muon import Muon  # noqa: E402
from probe import bf16_pays  # noqa: E402

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def turns_text(turns):
    """ChatML, as the template in the GGUF renders it."""
    return "".join(f"<|im_start|>user\n{q}<|im_end|>\n<|im_start|>assistant\n{a}<|im_end|>\n" for q, a in turns)


def generate(out, name, rank, args):
    """What `kinora-corpus` prints for `args`, kept as OUT/name."""
    path = os.path.join(out, name)
    if rank == 0 and not os.path.exists(path):
        with open(path + ".tmp", "w") as f:
            subprocess.run(["kinora-corpus", *args], stdout=f, check=True)
        os.replace(path + ".tmp", path)
    return path


def train_tokenizer(path, corpus, vocab, lines):
    """Byte-level BPE with the GPT-2 splitter, so that any llama.cpp reads it as `gpt-2`."""
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )

    def texts():
        with open(corpus) as f:
            for i, line in enumerate(f):
                if i >= lines:
                    return
                for q, a in json.loads(line)["turns"]:
                    yield q
                    yield a

    tok.train_from_iterator(texts(), trainer)
    tok.save(path)
    return tok


def encode(tok, corpus, row, script_share):
    """Rows of token ids and loss weights. Short samples share a row as one long conversation.

    Of `script_share` of the films only the first exchange is kept: the storyboard is mostly a copy of the script and learnt
    early, while script from idea is the hard part.
    """
    chance = random.Random(0)
    im_start, im_end = tok.token_to_id("<|im_start|>"), tok.token_to_id("<|im_end|>")
    nl, user, bot = (tok.encode(s).ids for s in ("\n", "user\n", "assistant\n"))
    rows, cur = [], ([], [])
    with open(corpus) as f:
        for line in f:
            ids, w = [], []
            sample = json.loads(line)
            turns, film = sample["turns"], sample["kind"] == "film"
            if film and chance.random() < script_share:
                turns = turns[:1]
            for q, a in turns:
                q, a = (e.ids for e in tok.encode_batch([q, a]))
                head = [im_start, *user, *q, im_end, *nl, im_start, *bot]
                ids += [*head, *a, im_end, *nl]
                w += [0.1] * len(head) + [1.0] * (len(a) + 1) + [0.1] * len(nl)
            if film or len(ids) > row * 0.6:
                rows.append((ids, w))
                continue
            if len(cur[0]) + len(ids) > row:
                rows.append(cur)
                cur = ([], [])
            cur = (cur[0] + ids, cur[1] + w)
    if cur[0]:
        rows.append(cur)
    ids = np.concatenate([np.array(r[0], np.uint16) for r in rows])
    w = np.concatenate([np.array(r[1], np.float16) for r in rows])
    return ids, w, np.cumsum([0] + [len(r[0]) for r in rows])


def stress(tok, path, ids, weight):
    """Weighs the words that an idea decides (one a line in the file) three times as much as those that the teller chose."""
    with open(path) as f:
        words = {line.strip().lower() for line in f}
    factor = np.full(tok.get_vocab_size(), 0.7, np.float16)
    for token, i in tok.get_vocab().items():
        if token.lstrip("Ġ").lower() in words:
            factor[i] = 2.1
    return np.where(weight == 1, weight * factor[ids], weight)


def attention(q, k, v):
    """Causal attention with grouped heads. On a CPU in bf16 two plain products are faster than PyTorch's fused kernel."""
    if q.device.type != "cpu" or q.dtype != torch.bfloat16:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    t, groups = q.shape[2], q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    mask = torch.full((t, t), float("-inf"), dtype=q.dtype).triu(1)
    return ((q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2) + mask).softmax(-1, dtype=q.dtype) @ v


class Block(nn.Module):
    """Pre-norm attention with grouped heads and rotary positions, then SwiGLU."""

    def __init__(self, c):
        super().__init__()
        d, kv = c["dim"], c["n_head_kv"] * c["head_dim"]
        q = c["n_head"] * c["head_dim"]
        self.c = c
        self.attn_norm, self.ffn_norm = nn.RMSNorm(d, eps=1e-5), nn.RMSNorm(d, eps=1e-5)
        self.attn_qkv = nn.Linear(d, q + 2 * kv, bias=False)
        self.attn_output = nn.Linear(q, d, bias=False)
        self.ffn_gate_up = nn.Linear(d, 2 * c["ffn"], bias=False)
        self.ffn_down = nn.Linear(c["ffn"], d, bias=False)

    def forward(self, x, cos, sin):
        b, t, _ = x.shape
        h, kv, hd = self.c["n_head"], self.c["n_head_kv"], self.c["head_dim"]
        qkv = self.attn_qkv(self.attn_norm(x)).view(b, t, h + 2 * kv, hd)
        qk, v = qkv.split([h + kv, kv], dim=2)
        one, two = qk.chunk(2, dim=-1)
        qk = torch.cat([one * cos - two * sin, two * cos + one * sin], dim=-1)
        q, k = qk.split([h, kv], dim=2)
        a = attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
        x = x + self.attn_output(a.transpose(1, 2).reshape(b, t, h * hd))
        gate, up = self.ffn_gate_up(self.ffn_norm(x)).chunk(2, dim=-1)
        return x + self.ffn_down(F.silu(gate) * up)


class Llama(nn.Module):
    """The decoder; the output matrix is the embedding."""

    def __init__(self, c):
        super().__init__()
        self.c = c
        self.token_embd = nn.Embedding(c["vocab"], c["dim"])
        self.blk = nn.ModuleList(Block(c) for _ in range(c["layers"]))
        self.output_norm = nn.RMSNorm(c["dim"], eps=1e-5)
        freq = c["rope_base"] ** (-torch.arange(0, c["head_dim"], 2).float() / c["head_dim"])
        angle = torch.arange(c["context"]).float()[:, None] * freq
        self.register_buffer("cos", angle.cos()[:, None], persistent=False)
        self.register_buffer("sin", angle.sin()[:, None], persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02 if "embd" in name else p.shape[1] ** -0.5)
                if "attn_output" in name or "ffn_down" in name:
                    p.data.zero_()

    def hidden(self, ids):
        x = self.token_embd(ids)
        cos, sin = self.cos[: ids.shape[1]].to(x.dtype), self.sin[: ids.shape[1]].to(x.dtype)
        for blk in self.blk:
            x = blk(x, cos, sin)
        return self.output_norm(x)

    def forward(self, ids):
        return F.linear(self.hidden(ids), self.token_embd.weight)


def batches(order, bounds, tokens):
    """Batches of rows of like length, `tokens` in each, in random order over pools of rows."""
    for at in range(0, len(order), 2048):
        pool = sorted(order[at : at + 2048], key=lambda r: bounds[r + 1] - bounds[r])
        out, cur, longest = [], [], 0
        for r in pool:
            n = bounds[r + 1] - bounds[r]
            if cur and max(longest, n) * (len(cur) + 1) > tokens:
                out.append(cur)
                cur, longest = [], 0
            cur.append(r)
            longest = max(longest, n)
        random.shuffle(out)
        yield from out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--corpus", help="lines of JSON; generated if left out")
    ap.add_argument("--samples", type=int, default=220_000, help="of the generated corpus")
    ap.add_argument("--out", default="target/train/text")
    ap.add_argument("--minutes", type=float, default=65)
    ap.add_argument("--vocab", type=int, default=1792)
    ap.add_argument("--dim", type=int, default=192)
    ap.add_argument("--layers", type=int, default=6)
    ap.add_argument("--ffn", type=int, default=512)
    ap.add_argument("--heads", type=int, default=6)
    ap.add_argument("--kv", type=int, default=2)
    ap.add_argument("--tokens", type=int, default=4096, help="tokens of a step and process")
    ap.add_argument("--script-share", type=float, default=0.65, help="films of which only idea and script are trained on")
    ap.add_argument("--words", help="words that an idea decides; from `kinora-corpus --words` if left out")
    ap.add_argument("--lr", type=float, default=0.02, help="of the matrices")
    ap.add_argument("--adam-lr", type=float, default=3e-3, help="of embedding and norms")
    ap.add_argument("--optimizer", choices=["muon", "adamw"], default="muon")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--threads", type=int, default=1)
    a = ap.parse_args()

    world, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
    if world > 1:
        dist.init_process_group("nccl" if cuda else "gloo")
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    random.seed(a.seed + rank)
    os.makedirs(a.out, exist_ok=True)

    a.corpus = a.corpus or generate(a.out, "corpus.jsonl", rank, ["--seed", str(a.seed), "--count", str(a.samples)])
    a.words = a.words or generate(a.out, "words.txt", rank, ["--words"])
    tok_path = os.path.join(a.out, "tokenizer.json")
    if rank == 0 and not os.path.exists(tok_path):
        train_tokenizer(tok_path, a.corpus, a.vocab, 20000)
    if world > 1:
        dist.barrier()
    tok = Tokenizer.from_file(tok_path)
    cache = os.path.join(a.out, "tokens.npz")
    if rank == 0 and not os.path.exists(cache):
        ids, w, bounds = encode(tok, a.corpus, 384, a.script_share)
        np.savez(cache, ids=ids, w=w, bounds=bounds)
    if world > 1:
        dist.barrier()
    data = np.load(cache)
    ids, weight, bounds = data["ids"], data["w"], data["bounds"]
    weight = stress(tok, a.words, ids, weight)
    rows = list(range(rank, len(bounds) - 1, world))

    config = dict(vocab=tok.get_vocab_size(), dim=a.dim, layers=a.layers, ffn=a.ffn, n_head=a.heads, n_head_kv=a.kv,
                  head_dim=32, context=1024, rope_base=10000.0)
    bf16, probed = bf16_pays(device)
    model = Llama(config).to(device)
    matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and "embd" not in n]
    rest = [p for n, p in model.named_parameters() if p.dim() != 2 or "embd" in n]
    if a.optimizer == "adamw":
        muon, rest = None, rest + matrices
    else:
        muon = Muon(matrices, a.lr, torch.bfloat16 if bf16 else torch.float32)
    adam = torch.optim.AdamW(rest, lr=a.adam_lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    log = open(os.path.join(a.out, "log"), "a") if rank == 0 else None

    def say(text):
        if log:
            print(text, file=log, flush=True)
            print(text, flush=True)

    say(f"{time.strftime('%H:%M:%S')} {sum(p.numel() for p in model.parameters()):,} parameters, {len(ids):,} tokens in {len(bounds) - 1:,} rows, {config}")
    say(probed)
    last = os.path.join(a.out, "last.pt")
    done_s, step, seen = 0.0, 0, 0
    if os.path.exists(last):
        state = torch.load(last, map_location=device)
        model.load_state_dict(state["model"])
        adam.load_state_dict(state["adam"])
        if muon:
            muon.buf = [b.to(device) for b in state["muon"]]
        done_s, step, seen = state["done_s"], state["step"], state["seen"]
        say(f"goes on from step {step}")

    total_s = a.minutes * 60
    start = time.time() - done_s
    losses, saved = [], time.time()
    random.seed(a.seed + 1000 * step + rank)
    finished = False
    while not finished:
        random.shuffle(rows)
        for batch in batches(rows, bounds, a.tokens):
            progress = torch.tensor((time.time() - start) / total_s, device=device)
            if world > 1:
                dist.broadcast(progress, 0)
            progress = float(progress)
            if progress >= 1:
                finished = True
                break
            scale = min(1.0, (step + 1) / 30) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * progress)))
            longest = max(bounds[r + 1] - bounds[r] for r in batch)
            x = np.zeros((len(batch), longest), np.int64)
            w = np.zeros((len(batch), longest), np.float32)
            for i, r in enumerate(batch):
                n = bounds[r + 1] - bounds[r]
                x[i, :n], w[i, :n] = ids[bounds[r] : bounds[r + 1]], weight[bounds[r] : bounds[r + 1]]
            x, w = torch.from_numpy(x).to(device), torch.from_numpy(w).to(device)[:, 1:].reshape(-1)
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                logits = model(x[:, :-1])
            loss = F.cross_entropy(logits.float().flatten(0, 1), x[:, 1:].reshape(-1), reduction="none")
            loss = (loss * w).sum() / w.sum()
            loss.backward()
            if world > 1:
                for p in model.parameters():
                    dist.all_reduce(p.grad)
                    p.grad /= world
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for group in adam.param_groups:
                group["lr"] = a.adam_lr * scale
            adam.step()
            if muon:
                muon.step(scale)
            model.zero_grad(set_to_none=False)
            losses.append(loss.item())
            step += 1
            seen += x.numel() * world
            if step % 20 == 0:
                s = time.time() - start
                say(f"step {step} loss {sum(losses) / len(losses):.4f} tokens {seen / 1e6:.2f}M min {s / 60:.1f} tok/s {seen / s:.0f}")
                losses = []
            if rank == 0 and time.time() - saved > 120:
                saved = time.time()
                save(last, model, adam, muon, time.time() - start, step, seen, config)
    if rank == 0:
        save(last, model, adam, muon, total_s, step, seen, config)
        say(f"{time.strftime('%H:%M:%S')} done: {step} steps, {seen:,} tokens")
        print(f"now: python models/text/export.py --run {a.out} --out models/text/kinora-text.gguf")


def save(path, model, adam, muon, done_s, step, seen, config):
    torch.save(dict(model=model.state_dict(), adam=adam.state_dict(), muon=muon.buf if muon else [], done_s=done_s, step=step,
                    seen=seen, config=config), path + ".tmp")
    os.replace(path + ".tmp", path)


if __name__ == "__main__":
    main()
