"""Trains the painter on frames that the cartoon world renders while it trains.

    ./x train paint --minutes 75
    torchrun --nproc-per-node 4 models/paint/train.py --kinora target/release/kinora --minutes 10

It can be stopped and started again: the state in --work is continued.
"""

import argparse
import math
import os
import sys
import time

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F

from model import Painter, config_of, save
from stream import Stream

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from probe import bf16_pays  # noqa: E402

TRAIN_SEED, HELD_OUT_SEED = 1, 1_000_000_007


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser()
    p.add_argument("--kinora", default="target/release/kinora", help="the command whose `dataset paint` gives samples")
    p.add_argument("--minutes", type=float, default=75.0)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--foreground", type=float, default=6.0, help="how much more a pixel of character or prop counts")
    p.add_argument("--edges", type=float, default=0.5, help="how much the differences between neighbouring pixels count")
    p.add_argument("--fine", type=float, default=0.0, help="how much more a pixel counts that differs from its surroundings")
    p.add_argument("--work", default="target/train/paint", help="log, checkpoint, pictures")
    p.add_argument("--out", default=None, help="where the finished weights go")
    p.add_argument("--crop", default="64x64")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--eval", action="store_true", help="measure --resume and write pictures, train nothing")
    p.add_argument("--fresh", action="store_true", help="do not continue from a checkpoint")
    p.add_argument("--init", default=None, help="a checkpoint or a finished file whose weights to start from, with a new schedule")
    return p.parse_args()


def command(a: argparse.Namespace, seed: int, count: int, sizes: str, crop: str | None) -> list[str]:
    c = [a.kinora, "dataset", "paint", "--seed", str(seed), "--count", str(count), "--size", sizes]
    return c + (["--crop", crop] if crop else [])


def tensors(b: np.ndarray, device: torch.device):
    """(features [B, N, C], rows [B, N], ids [B, 10], cover [B, 1, h, w], target [B, 3, h, w], foreground [B, 1, h, w])"""
    put = lambda x, t: torch.from_numpy(x.astype(t)).to(device)
    return (
        put(b["features"], np.float32),
        put(b["rows"], np.int64),
        put(b["ids"], np.int64),
        put(b["cover"], np.float32)[:, None] / 255,
        put(b["target"], np.float32).permute(0, 3, 1, 2) / 255,
        put(b["foreground"], np.float32)[:, None] / 255,
    )


def weights_of(path: str, device) -> dict:
    """The weights of a finished file or of a checkpoint."""
    if path.endswith(".safetensors"):
        from safetensors.torch import load_file

        return {k: v.float() for k, v in load_file(path, device=str(device)).items()}
    return torch.load(path, map_location=device)["ema"]


def loss_of(y, target, foreground, weight: float, edges: float, fine: float):
    """
    |d| + 2 d², weighted towards the foreground and, by `fine`, what differs from its surroundings (drops, stars, mouths: few
    pixels, which the mean would pass over); `edges` times the same of the differences between neighbouring pixels.
    """
    around = F.avg_pool2d(target, 5, 1, 2, count_include_pad=False)
    d, w = y - target, 1 + weight * foreground + fine * (target - around).abs().amax(1, keepdim=True)
    across, down = d[..., 1:] - d[..., :-1], d[..., 1:, :] - d[..., :-1, :]
    sharp = (across.abs() * w[..., 1:]).mean() + (down.abs() * w[..., 1:, :]).mean()
    return ((d.abs() + 2 * d * d) * w).mean() + edges * sharp


class HeldOut:
    """Whole frames of seeds that training never draws."""

    def __init__(self, a: argparse.Namespace, device: torch.device, count: int = 48):
        self.sets = {}
        for k, size in enumerate(("192x112", "96x64")):
            s = Stream(command(a, HELD_OUT_SEED + k, count, size, None), 8)
            w, h = map(int, size.split("x"))
            self.sets[size] = (h // s.header["cell"], w // s.header["cell"], [tensors(b, device) for b in s.batches()])

    @torch.no_grad()
    def measure(self, net: Painter) -> dict:
        out = {}
        for size, (rows, columns, batches) in self.sets.items():
            whole, character, weight = 0.0, 0.0, 0.0
            for f, r, i, o, t, m in batches:
                e = (net(f, r, i, o, rows, columns).clamp(0, 1) - t).pow(2).mean(1, keepdim=True)
                whole += e.mean().item() * len(f)
                inside = (m > 0.9).float()
                character, weight = character + (e * inside).sum().item(), weight + inside.sum().item()
            n = sum(len(b[0]) for b in batches)
            psnr = lambda v: -10 * math.log10(max(v, 1e-10))
            out[size] = (psnr(whole / n), psnr(character / max(weight, 1)))
        return out

    @torch.no_grad()
    def sheet(self, net: Painter, path: str, size: str = "192x112", columns: int = 4, lines: int = 6) -> None:
        """A PNG: truth above, painted below."""
        from PIL import Image

        rows, cols, batches = self.sets[size]
        pictures = []
        for f, r, i, o, t, _ in batches:
            y = net(f, r, i, o, rows, cols).clamp(0, 1)
            pictures += [torch.cat([a, b], 1) for a, b in zip(t, y)]
        pictures = pictures[: columns * lines]
        lines = [torch.cat(pictures[k : k + columns], 2) for k in range(0, len(pictures) - columns + 1, columns)]
        image = (torch.cat(lines, 1).permute(1, 2, 0) * 255).round().byte().cpu().numpy()
        Image.fromarray(image).resize((image.shape[1] * 2, image.shape[0] * 2), Image.NEAREST).save(path)


def main() -> None:
    a = arguments()
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
    if world > 1:
        dist.init_process_group("nccl" if cuda else "gloo")
    if not cuda:
        torch.set_num_threads(a.threads)
        torch.set_flush_denormal(True)
    torch.manual_seed(2)
    os.makedirs(a.work, exist_ok=True)
    log_file = open(os.path.join(a.work, "log"), "a") if rank == 0 else None

    def log(*words) -> None:
        if log_file:
            line = " ".join(str(w) for w in words)
            print(line, flush=True)
            log_file.write(line + "\n")
            log_file.flush()

    checkpoint = os.path.join(a.work, "state.pt")
    state = None if a.fresh or not os.path.exists(checkpoint) else torch.load(checkpoint, map_location=device)
    spent, step = (state["spent"], state["step"]) if state else (0.0, 0)
    # a continued run draws new samples
    seed = TRAIN_SEED + 1000 * rank + 100_000 * step
    stream = Stream(command(a, seed, 10**9, "192x112,96x64", a.crop), a.batch)
    cell = stream.header["cell"]
    columns, rows = (int(v) // cell for v in a.crop.split("x"))
    config = config_of(stream.header)
    net = Painter(config).to(device)
    if world > 1:
        for p in net.parameters():
            dist.broadcast(p.data, 0)
    grid = list(net.backdrop.parameters())
    others = [p for n, p in net.named_parameters() if not n.startswith("backdrop")]
    groups = [{"params": others, "rate": 1.0}, {"params": grid, "rate": 10.0, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, a.lr, betas=(0.9, 0.99), weight_decay=1e-3, fused=True)
    if a.init:
        start = weights_of(a.init, device)
        net.load_state_dict(start)
    if state:
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
    ema = Painter(config).to(device)
    ema.load_state_dict(state["ema"] if state else net.state_dict())
    held_out = HeldOut(a, device) if rank == 0 else None
    bf16, probed = bf16_pays(device)
    log(probed)
    log(f"features {config['features']} parameters {sum(p.numel() for p in net.parameters()):,} device {device} from step {step}")

    def report(tag: str, loss: float) -> dict:
        scores = held_out.measure(ema)
        text = " ".join(f"{size} {w:.2f}/{c:.2f} dB" for size, (w, c) in scores.items())
        log(f"{tag} step {step} loss {loss:.4f} whole/character {text}")
        held_out.sheet(ema, os.path.join(a.work, "sheet.png"))
        return scores

    def write_checkpoint() -> None:
        parts = {"net": net.state_dict(), "ema": ema.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save(parts | {"spent": spent, "step": step, "config": config}, checkpoint + ".new")
        os.replace(checkpoint + ".new", checkpoint)

    if a.eval:
        report("held out", float("nan"))
        stream.close()
        return

    total, last = a.minutes * 60, time.time()
    saved = measured = last
    smooth = None
    for batch in stream.batches():
        progress = min(1.0, spent / total)
        lr = a.lr * min(1.0, (step + 1) / 100) * (0.03 + 0.97 * (0.5 + 0.5 * math.cos(math.pi * progress)))
        for group in optimizer.param_groups:
            group["lr"] = lr * group["rate"]
        f, r, i, o, t, m = tensors(batch, device)
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            y = net(f, r, i, o, rows, columns)
        loss = loss_of(y.float(), t, m, a.foreground, a.edges, a.fine)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if world > 1:
            for p in net.parameters():
                dist.all_reduce(p.grad, dist.ReduceOp.SUM)
                p.grad /= world
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        step += 1
        keep = min(0.995, step / (step + 50))
        with torch.no_grad():
            torch._foreach_lerp_(list(ema.parameters()), list(net.parameters()), 1 - keep)
        now = time.time()
        spent, last = spent + now - last, now
        value = loss.item()
        smooth = value if smooth is None else 0.98 * smooth + 0.02 * value
        if step % 50 == 0:
            log(f"{spent / 60:.2f} min step {step} lr {lr:.2e} loss {smooth:.4f}")
        stop = torch.tensor(float(spent >= total), device=device)
        if world > 1:
            dist.broadcast(stop, 0)
        if rank == 0 and now - saved > 120:
            write_checkpoint()
            saved = now
        if rank == 0 and now - measured > 300:
            report(f"{spent / 60:.1f} min", smooth)
            measured = time.time()
            last = measured
        if stop.item():
            break
    stream.close()
    if rank == 0:
        write_checkpoint()
        scores = report("end", smooth or float("nan"))
        out = a.out or os.path.join(a.work, "paint.safetensors")
        trained = {"steps": step, "minutes": round(spent / 60, 1), "batch": a.batch * world}
        measured = {size: {"whole_db": round(w, 2), "character_db": round(c, 2)} for size, (w, c) in scores.items()}
        extra = {"trained": trained, "held_out": measured, "features_version": stream.header["features_version"]}
        save(out, ema.state_dict(), config, stream.header["vocabulary"], extra)
        log(f"wrote {out}")
    if world > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    sys.exit(main())
