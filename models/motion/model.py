"""Motion: a shot's words and noise become the layout of each frame, as PyTorch. `crates/models/src/video/motion` is its twin.

The generator is a small transformer over time. Its noise is what chance decides: choices of a shot (who stands where, when a
cycle begins, how fast) and of each half second (a blink, a glance, a syllable), numbers of known distribution that are the
world's own when it is trained and drawn when it is used. Words and the shot's vector modulate each block (AdaLN). Steps, wing
beats and breath are cycles: the shot's vector also sets the frequency, amplitude and phase of oscillators that every frame
sees (as the periodic autoencoder of Starke et al. 2022 finds them). Each frame may hear a sound: mouths follow the voice in it,
dancers its beat.
"""

import json
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# The columns of a sample's ids; kinds, actions and moods of a character count from 1, 0 is nobody.
ID_COLUMNS = ["place", "time", "weather", "prop", "camera"] + [f"{k}_{w}" for w in "ab" for k in ("kind", "action", "mood")]


class Block(nn.Module):
    def __init__(self, dim: int, heads: int, ffn: int):
        super().__init__()
        self.heads = heads
        self.modulation = nn.Linear(dim, 4 * dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.up = nn.Linear(dim, ffn)
        self.down = nn.Linear(ffn, dim)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, c: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        """x [B, T, C], c [B, C] → [B, T, C]"""
        b, t, d = x.shape
        scale1, shift1, scale2, shift2 = self.modulation(c)[:, None].chunk(4, -1)
        y = F.layer_norm(x, (d,)) * (1 + scale1) + shift1
        q, k, v = self.qkv(y).view(b, t, 3, self.heads, d // self.heads).unbind(2)
        with torch.autocast(x.device.type, enabled=False):  # large logits: bf16 gives gradients that are no numbers
            q, k, v = (z.float().transpose(1, 2) for z in (rotate(q, rope), rotate(k, rope), v))
            a = ((q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)).softmax(-1) @ v
        a = a.transpose(1, 2).reshape(b, t, d)
        x = x + self.out(a)
        y = F.layer_norm(x, (d,)) * (1 + scale2) + shift2
        return x + self.down(F.gelu(self.up(y), approximate="tanh"))


def rotate(x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
    """Rotary positions in interleaved pairs; x [B, T, H, D], cos and sin [B, T, D/2]."""
    cos, sin = (r[:, :, None] for r in rope)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)


def time_features(seconds: Tensor, length: Tensor, octaves: int) -> Tensor:
    """seconds [B, T], length [B] → [B, T, 3 + 2·octaves]: seconds / 4, the part that is over, length / 4, then sin and cos of
    2π·seconds·2^i / 8."""
    length = length[:, None].expand_as(seconds)
    waves = [2 * math.pi * seconds * 2.0**i / 8 for i in range(octaves)]
    return torch.stack([seconds / 4, seconds / length, length / 4] + [f(w) for w in waves for f in (torch.sin, torch.cos)], -1)


def width(kinds: list) -> int:
    """How many numbers choices of these kinds are told as."""
    return sum(2 if kind == "phase" else 1 for kind in kinds)


def draw(kinds: list, shape: tuple[int, ...], device=None) -> Tensor:
    """Choices by their kinds, each of mean square 1: [*shape, width(kinds)]"""
    out = []
    for kind in kinds:
        u = torch.rand(shape, device=device)
        if kind == "uniform":
            out.append((2 * u - 1) * 3**0.5)
        elif kind == "phase":
            out += [2**0.5 * f(2 * math.pi * u) for f in (torch.cos, torch.sin)]
        else:
            out.append(torch.where(u < kind["coin"], 1.0, -1.0))
    return torch.stack(out, -1)


def held(cells: Tensor, seconds: Tensor, spacing: float) -> Tensor:
    """cells [B, S, Z], seconds [B, T] → [B, T, 2Z]: the cell before each moment's and its own; zeros before the first."""
    at = (seconds / spacing + 1e-4).long().clamp(max=cells.shape[1] - 1)
    before = F.pad(cells, (0, 0, 1, 0))
    pick = lambda c: c.gather(1, at[..., None].expand(-1, -1, c.shape[-1]))
    return torch.cat([pick(before), pick(cells)], -1)


class Motion(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.config = config
        dim, emb = config["dim"], config["embedding"]
        self.words = nn.ModuleList(nn.Embedding(n, emb) for n in config["words"])
        self.shot_0 = nn.Linear(emb * len(config["words"]) + width(config["choices"]), 3 * dim)
        self.shot_1 = nn.Linear(3 * dim, 3 * dim)
        self.shot_2 = nn.Linear(3 * dim, dim)
        self.audio_0 = nn.Linear(config["audio"], dim)
        self.audio_1 = nn.Linear(dim, dim)
        self.audio_null = nn.Parameter(torch.zeros(dim))
        self.time = nn.Linear(3 + 2 * config["octaves"], dim)
        self.cell = nn.Linear(2 * width(config["cell_choices"]), dim)
        k = config["oscillators"]
        self.frequency = nn.Linear(dim, k)
        self.phase = nn.Linear(dim, 2 * k)
        self.cycle = nn.Linear(2 * k, dim)
        self.register_buffer("base", 0.2 * 20.0 ** (torch.arange(k) / (k - 1)))  # 0.2 to 4 Hz
        self.blocks = nn.ModuleList(Block(dim, config["heads"], config["ffn"]) for _ in range(config["layers"]))
        self.output = nn.Linear(dim, config["outputs"])

    def forward(self, ids, choices, cells, seconds, length, audio, heard) -> Tensor:
        """ids [B, 11], choices [B, K], cells [B, S, Z], seconds [B, T], length [B], audio [B, T, audio], heard [B]: whether
        there is a sound → [B, T, outputs]"""
        e = torch.cat([table(ids[:, i]) for i, table in enumerate(self.words)] + [choices], 1)
        c = self.shot_2(F.silu(self.shot_1(F.silu(self.shot_0(e)))))
        x = self.time(time_features(seconds, length, self.config["octaves"])) + c[:, None]
        x = x + self.cell(held(cells, seconds, self.config["cell_seconds"]))
        x = x + torch.where(heard[:, None, None] > 0, self.audio_1(F.silu(self.audio_0(audio))), self.audio_null)
        with torch.autocast(x.device.type, enabled=False):  # angles grow with time: bf16 is too coarse for them
            waves = self.oscillators(c.float(), seconds)
        x = x + self.cycle(waves)
        c = F.silu(c)
        half = self.config["dim"] // self.config["heads"] // 2
        angle = seconds[..., None] * 12 / 100.0 ** (torch.arange(half, device=seconds.device) / half)
        rope = (angle.cos(), angle.sin())
        for block in self.blocks:
            x = block(x, c, rope)
        with torch.autocast(x.device.type, enabled=False):
            return self.output(F.layer_norm(x.float(), (self.config["dim"],)))

    def oscillators(self, c: Tensor, seconds: Tensor) -> Tensor:
        """c [B, C], seconds [B, T] → [B, T, 2K]: a·sin + b·cos and a·cos − b·sin of each oscillator's angle"""
        hertz = self.base * (0.4 * torch.tanh(self.frequency(c))).exp()
        angle = 2 * math.pi * seconds[..., None] * hertz[:, None]
        a, b = self.phase(c)[:, None].chunk(2, -1)
        sin, cos = angle.sin(), angle.cos()
        return torch.cat([a * sin + b * cos, a * cos - b * sin], -1)


class Discriminator(nn.Module):
    """Real or made, and which words: over a window of frames and their first and second differences (DIGAN, Yu et al. 2022)."""

    def __init__(self, outputs: int, words: list[int], rate: Tensor, dim: int = 128):
        super().__init__()
        self.rate = rate
        self.words = nn.ModuleList(nn.Embedding(n, dim) for n in words)
        self.layers = nn.ModuleList(
            nn.utils.parametrizations.spectral_norm(nn.Conv1d(i, dim, 5, stride=s, padding=2))
            for i, s in ((3 * outputs, 1), (dim, 2), (dim, 2), (dim, 2))
        )
        self.real = nn.utils.parametrizations.spectral_norm(nn.Linear(dim, 1))

    def forward(self, x: Tensor, ids: Tensor) -> Tensor:
        """x [B, T, outputs] → [B]: positive for the world's own motion."""
        d1 = F.pad(x[:, 1:] - x[:, :-1], (0, 0, 1, 0))
        d2 = F.pad(d1[:, 1:] - d1[:, :-1], (0, 0, 1, 0))
        y = torch.cat([x, self.rate * d1, self.rate * d2], -1).transpose(1, 2)
        for layer in self.layers:
            y = F.leaky_relu(layer(y), 0.2)
        y = y.mean(2)
        c = sum(table(ids[:, i]) for i, table in enumerate(self.words))
        return self.real(y)[:, 0] + (y * c).sum(1) / y.shape[1] ** 0.5


class Classifier(nn.Module):
    """Which action a character does, from its own 18 numbers over a window; trained on the world's motion only."""

    def __init__(self, inputs: int, actions: int, rate: Tensor, dim: int = 96):
        super().__init__()
        self.rate = rate
        self.layers = nn.ModuleList(
            nn.Conv1d(i, dim, 5, stride=s, padding=2) for i, s in ((2 * inputs, 1), (dim, 2), (dim, 2))
        )
        self.action = nn.Linear(dim, actions)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, T, inputs] → logits [B, actions]"""
        d = F.pad(x[:, 1:] - x[:, :-1], (0, 0, 1, 0))
        y = torch.cat([x, self.rate * d], -1).transpose(1, 2)
        for layer in self.layers:
            y = F.gelu(layer(y))
        return self.action(y.mean(2))


def save(path: str, state: dict, config: dict, vocabulary: dict, extra: dict, dtype: torch.dtype = torch.float16) -> None:
    """Weights as safetensors; config, vocabulary and `extra` as JSON in the header."""
    from safetensors.torch import save_file

    meta = {"config": json.dumps(config), "vocabulary": json.dumps(vocabulary)}
    meta |= {k: v if isinstance(v, str) else json.dumps(v) for k, v in extra.items()}
    save_file({k: v.to(dtype).contiguous() for k, v in state.items()}, path, metadata=meta)
