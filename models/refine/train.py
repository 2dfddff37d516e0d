"""Trains the refiner on drafts of the embedded painter and the world's styles drawn over them.

    ./x train refine --minutes 60

The world draws each style over the painter's draft, so that the refiner learns what the style does, not to guess what the painter
missed. The network gives samples, not a mean: its loss is a proper score of two of them (Gneiting and Raftery 2007), so that what it draws
varies as the world's pictures do. It can be stopped and started again: the state in --work is continued.
"""

import argparse
import json
import math
import os
import sys
import time

import torch
import torch.nn.functional as F

from model import Refiner, drawn, noise, parts, places, refine, save

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, ".."), os.path.join(HERE, "..", "paint")]
from probe import bf16_pays  # noqa: E402
from stream import Stream  # noqa: E402

TRAIN_SEED, HELD_OUT_SEED = 1, 1_000_000_007
STYLES = ["paper", "watercolor", "pencil", "crayon", "film"]
# about the deviation of what each style leaves to chance
SCALE = [0.035, 0.06, 0.08, 0.08, 0.025]
# the part of the white noise that is new in every frame, as film grain is; frames until a line is drawn anew
FRESH = [0.0, 0.0, 0.0, 0.0, 1.0]
BOIL = [0, 0, 3, 3, 0]
# pixels a side that the network sees, and of these that the loss sees
CROP, SEEN = 64, 48
# pieces of so many pixels a side, of the picture shrunk so many times: of their pixels together and of each of their frequencies
PIECES = [(1, 1), (2, 1), (4, 1), (8, 1), (2, 4)]
FREQUENCIES = [(8, 1), (4, 4)]
# luma and two chromas, orthonormal
COLORS = [[0.577, 0.577, 0.577], [0.707, 0.0, -0.707], [-0.408, 0.816, -0.408]]


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser()
    p.add_argument("--kinora", default="target/release/kinora", help="the command whose `dataset refine` gives samples")
    p.add_argument("--paint", default="models/paint/paint.safetensors", help="the painter that draws the drafts")
    p.add_argument("--minutes", type=float, default=60.0)
    p.add_argument("--frames", type=int, default=64, help="drafts to choose from; the oldest makes room for a new one")
    p.add_argument("--reuse", type=int, default=4, help="steps between two new drafts")
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--init", default=None, help="a finished file whose weights to start from, with a new schedule")
    p.add_argument("--work", default="target/train/refine", help="log, checkpoint, pictures")
    p.add_argument("--out", default=None, help="where the finished weights go")
    p.add_argument("--threads", type=int, default=1)
    return p.parse_args()


def config_of() -> dict:
    return {
        "architecture": "kinora-refine",
        "channels": [32, 64, 128],
        "embedding": 32,
        "film_hidden": 128,
        "context": ["style"],
        "words": [len(STYLES)],
        "scale": SCALE,
        "fresh_noise": FRESH,
        "boil": BOIL,
    }


class Frame:
    """A whole frame, in every style."""

    def __init__(self, sample, device):
        put = lambda x: torch.from_numpy(x.copy()).to(device)
        picture = lambda x: put(x).float().movedim(-1, -3) / 255
        self.draft, self.styled = picture(sample["draft"]), picture(sample["styled"])  # [3, H, W], [styles, 3, H, W]
        self.foreground = put(sample["foreground"]).float()[None] / 255
        h, w = self.draft.shape[-2:]
        self.place = places(w, h, device)

    def crop(self, style: int, chance: torch.Generator):
        """(draft, picture in the style, place, ids, foreground, the window that the loss sees: y, x) of a crop.
        Inside of a frame a crop's edges are no ends, as the network takes them for, so that the window keeps off them."""
        at, window = [], []
        for n in self.draft.shape[-2:]:
            # at the frame's ends too, where convolutions see them
            first = min(max(int(torch.randint(n - CROP + 40, (1,), generator=chance)) - 20, 0), n - CROP)
            edge = CROP - SEEN
            at.append(first)
            window.append(0 if first == 0 else edge if first == n - CROP else edge // 2)
        y, x = at
        cut = lambda t: t[..., y : y + CROP, x : x + CROP]
        ids = torch.tensor([style], device=self.draft.device)
        return cut(self.draft), cut(self.styled[style]), cut(self.place), ids, cut(self.foreground), torch.tensor(window)


class Noise:
    """Noise through the filters, of which any piece is taken; a new one takes the oldest's place now and then."""

    def __init__(self, device):
        self.device, self.taken = device, 0
        self.fields = torch.cat([self.new(seed) for seed in range(24)])

    def new(self, seed: int):
        return noise(1, 3 * CROP, 3 * CROP, torch.Generator().manual_seed(seed))[1].to(self.device)

    def __call__(self, count: int, chance: torch.Generator):
        """(white [count, 1, CROP, CROP], filtered [count, FILTERS, CROP, CROP])"""
        self.taken += 1
        if self.taken % 10 == 0:
            seed = int(torch.randint(2**40, (1,), generator=chance))
            self.fields = torch.cat([self.fields[1:], self.new(seed)])
        of = lambda n: torch.randint(n, (count,), generator=chance).tolist()
        places = zip(of(len(self.fields)), of(2 * CROP), of(2 * CROP))
        filtered = torch.stack([self.fields[i, :, y : y + CROP, x : x + CROP] for i, y, x in places])
        return torch.randn(count, 1, CROP, CROP, generator=chance).to(self.device), filtered


def batch(known: list[Frame], chance: torch.Generator):
    """A crop in every style, each of another frame."""
    pick = lambda: known[int(torch.randint(len(known), (1,), generator=chance))]
    return [torch.stack(t) for t in zip(*(pick().crop(style, chance) for style in range(len(STYLES))))]


def shrink(x, times: int):
    """A picture shrunk, its noise as strong as before."""
    return F.avg_pool2d(x, times) * times if times > 1 else x


class Frequencies:
    """The score of every frequency alone (the continuous ranked probability score), each measured in what is usual for its style:
    a texture is what its spectrum is, and faint frequencies count as much as strong ones."""

    def __init__(self, side: int, shrunk: int, device):
        self.side, self.shrunk = side, shrunk
        # real plane waves (Hartley 1942): those of cosines along and across cannot tell two slants apart
        k = torch.arange(side, dtype=torch.float64)
        turn = 2 * torch.pi / side * (k[:, None, None, None] * k[:, None] + k[:, None, None] * k)
        self.basis = ((turn.cos() + turn.sin()) / side).reshape(side * side, 1, side, side).float().to(device)
        self.colors = torch.tensor(COLORS, device=device)
        self.usual = torch.ones(len(STYLES), 3 * side * side, device=device)
        self.seen = torch.zeros(len(STYLES), device=device)

    def of(self, x):
        """x [B, 3, H, W] → [B, 3 · side², h, w]"""
        x = torch.einsum("kc,bchw->bkhw", self.colors, shrink(x, self.shrunk))
        y = F.conv2d(x.reshape(-1, 1, *x.shape[2:]), self.basis, stride=max(self.side // 2, 1))
        return y.view(len(x), -1, *y.shape[2:])

    def score(self, a, b, r, styles):
        a, b, r = self.of(a), self.of(b), self.of(r)
        with torch.no_grad():
            strong = r.abs().mean((2, 3))
            for style in styles.unique().tolist():
                self.seen[style] += 1
                mean = strong[styles == style].mean(0)
                self.usual[style].lerp_(mean, max(0.01, 1 / float(self.seen[style])))
            weight = 1 / (self.usual[styles] + 0.02)[..., None, None]
        return (((a - r).abs() + (b - r).abs() - (a - b).abs()) / 2 * weight).mean()


def pieces(a, b, r, weight, side: int, shrunk: int):
    """The energy score of the pixels of a piece together."""
    weight = F.avg_pool2d(weight, side * shrunk)[:, 0]

    def far(x, y):
        d = F.pixel_unshuffle(shrink(x - y, shrunk), side).square().mean(1)
        return ((d + 1e-6).sqrt() * weight).mean()

    return (far(a, r) + far(b, r) - far(a, b)) / 2


def loss_of(net, scores: list[Frequencies], batch: list, chaos: Noise, chance: torch.Generator, bf16: bool):
    draft, styled, place, ids, foreground, windows = batch
    style = ids[:, 0]
    scale = torch.tensor(SCALE, device=draft.device)[style]
    with torch.autocast(draft.device.type, torch.bfloat16, enabled=bf16):  # faint frequencies are scored in full
        said = parts(net, draft, place, ids).float()

    # pieces begin anywhere, but at a frame's ends
    shift = torch.randint(CROP - SEEN - 3, (2,), generator=chance) - (CROP - SEEN - 4) // 2
    inside = (windows > 0) & (windows < CROP - SEEN)
    corners = (windows + inside * shift).tolist()
    cut = lambda t: torch.stack([t[i, :, y : y + SEEN, x : x + SEEN] for i, (y, x) in enumerate(corners)])
    seen = lambda picture: cut((picture - draft) / scale[:, None, None, None])
    one = lambda: seen(drawn(net, draft, said, *chaos(len(draft), chance), style, scale))
    a, b, r, weight = one(), one(), seen(styled), 1 + 2 * cut(foreground)
    whole = sum(pieces(a, b, r, weight, *piece) for piece in PIECES) / len(PIECES)
    return whole + sum(score.score(a, b, r, style) for score in scores)


@torch.no_grad()
def measure(net: Refiner, held: list[Frame], path: str | None = None) -> dict:
    """For each style: deviation of the fine texture (above 4 pixels) as a part of the truth's, and dB of what is coarser,
    refined and draft. The pictures: the world's own above, refined below."""
    coarse = lambda x: F.avg_pool2d(x, 4)
    fine = lambda x: (x - F.interpolate(coarse(x), scale_factor=4, mode="bilinear")).std().item()
    psnr = lambda a, b: -10 * math.log10(max((coarse(a) - coarse(b)).square().mean().item(), 1e-9))
    sums, rows = {n: [] for n in STYLES}, []
    chance = torch.Generator().manual_seed(5)
    for frame in held:
        n = len(STYLES)
        draft = frame.draft.expand(n, -1, -1, -1)
        ids = torch.arange(n, device=draft.device)[:, None]
        chaos = (t.to(draft.device) for t in noise(n, *draft.shape[2:], chance))
        y = refine(net, draft, ids, *chaos, torch.tensor(SCALE, device=draft.device))
        for name, a, t in zip(STYLES, y, frame.styled):
            sums[name].append((fine(a[None]) / fine(t[None]), psnr(a, t), psnr(frame.draft, t)))
        rows.append(torch.cat([torch.cat(list(t), 2) for t in (frame.styled, y)], 1))
    if path:
        from PIL import Image

        image = (torch.cat(rows[:4], 1).permute(1, 2, 0) * 255).round().byte().cpu().numpy()
        Image.fromarray(image).save(path)
    return {n: [round(sum(v) / len(v), 2) for v in zip(*s)] for n, s in sums.items() if s}


def main() -> None:
    a = arguments()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        torch.set_num_threads(a.threads)
        torch.set_flush_denormal(True)
    torch.manual_seed(4)
    os.makedirs(a.work, exist_ok=True)
    log_file = open(os.path.join(a.work, "log"), "a")

    def log(text: str) -> None:
        print(text, flush=True)
        log_file.write(text + "\n")
        log_file.flush()

    bf16, probed = bf16_pays(device)
    log(probed)
    command = lambda seed, count: [a.kinora, "dataset", "refine", "--paint", a.paint, "--seed", str(seed), "--count", str(count)]
    held_stream = Stream(command(HELD_OUT_SEED, 12), 1)
    config, vocabulary = config_of(), held_stream.header["vocabulary"] | {"style": STYLES}
    if held_stream.header["styles"] != STYLES:
        raise SystemExit(f"the samples have the styles {held_stream.header['styles']}, the recipe has {STYLES}")
    held = [Frame(b[0], device) for b in held_stream.batches()]
    checkpoint = os.path.join(a.work, "state.pt")
    state = torch.load(checkpoint, map_location=device) if os.path.exists(checkpoint) else None
    spent, step = (state["spent"], state["step"]) if state else (0.0, 0)
    stream = Stream(command(TRAIN_SEED + 100_000 * step, 10**9), 1)
    net, ema = Refiner(config).to(device), Refiner(config).to(device)
    # what tells styles apart learns faster
    told_by = ("words", "film", "mix", "bare", "full", "move")
    told = [p for n, p in net.named_parameters() if n.startswith(told_by)]
    rest = [p for n, p in net.named_parameters() if not n.startswith(told_by)]
    groups = [{"params": rest, "rate": 1.0}, {"params": told, "rate": 3.0, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, a.lr, betas=(0.9, 0.99), weight_decay=1e-3, fused=True)
    if state:
        net.load_state_dict(state["net"])
        ema.load_state_dict(state["ema"])
        adam.load_state_dict(state["adam"])
    else:
        if a.init:
            from safetensors.torch import load_file

            net.load_state_dict({k: v.float() for k, v in load_file(a.init, device=str(device)).items()})
        ema.load_state_dict(net.state_dict())
    log(f"parameters {sum(p.numel() for p in net.parameters()):,} device {device} from step {step}")

    def keep() -> None:
        state = {"net": net.state_dict(), "ema": ema.state_dict(), "adam": adam.state_dict()}
        torch.save(state | {"spent": spent, "step": step}, checkpoint + ".new")
        os.replace(checkpoint + ".new", checkpoint)

    chance = torch.Generator().manual_seed(step)
    scores, chaos = [Frequencies(*f, device) for f in FREQUENCIES], Noise(device)
    last = time.time()
    measured, smooth = last, None
    new, known = stream.batches(), []
    while True:
        if step % a.reuse == 0 or len(known) < 8:
            known = [*known, Frame(next(new)[0], device)][-a.frames :]
        progress = min(1.0, spent / (60 * a.minutes))
        scale = min(1.0, (step + 1) / 200) * (0.03 + 0.97 * (0.5 + 0.5 * math.cos(math.pi * progress)))
        loss = loss_of(net, scores, batch(known, chance), chaos, chance, bf16)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        for group in adam.param_groups:
            group["lr"] = a.lr * scale * group["rate"]
        if torch.isfinite(norm):
            adam.step()
        step += 1
        with torch.no_grad():
            torch._foreach_lerp_(list(ema.parameters()), list(net.parameters()), 1 - min(0.998, step / (step + 50)))
        now = time.time()
        spent, last = spent + now - last, now
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        if step % 200 == 0:
            log(f"{spent / 60:.2f} min step {step} loss {smooth:.4f}")
        if now - measured > 240:
            log(json.dumps(measure(ema, held, os.path.join(a.work, "sheet.png"))))
            keep()
            measured = last = time.time()
        if progress >= 1:
            break
    stream.close()
    keep()
    scores = measure(ema, held, os.path.join(a.work, "sheet.png"))
    log(f"end step {step} {json.dumps(scores)}")
    out = a.out or os.path.join(a.work, "refine.safetensors")
    trained = {"steps": step, "minutes": round(spent / 60, 1), "batch": len(STYLES)}
    save(out, ema, config, vocabulary, {"trained": trained, "held_out": scores})
    log(f"wrote {out}")


if __name__ == "__main__":
    main()
