"""Refine: a Wan-type diffusion transformer in pixel patches, in the tensor names of Wan 2.1. `crates/models/src/video/refine` is
its twin.

It denoises the residual between the painter's draft and the picture in a style, r = (styled − draft) / scale[style]: the draft
gives the picture, diffusion what the style leaves to chance (fibres, washes, hatching, grain). x_t = (1 − σ) r + σ ε; the
network predicts r (x0-prediction). One frame at a time; the noise of a shot is shared by its frames, so that texture stays.
"""

import json
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHANNELS_IN, CHANNELS_OUT, PATCH = 8, 3, 8
EPS = 1e-6


def rope(rows: int, columns: int, head: int, device) -> tuple[Tensor, Tensor]:
    """Wan's rotary positions of one frame: cos, sin [rows·columns, head/2]; the part for time is at position 0."""
    side = 2 * (head // 6)
    time = head - 2 * side
    freq = 10000.0 ** (-torch.arange(0, side, 2, device=device).double() / side)
    y = torch.arange(rows, device=device).double()[:, None] * freq
    x = torch.arange(columns, device=device).double()[:, None] * freq
    parts = [
        torch.zeros(rows, columns, time // 2, device=device).double(),
        y[:, None].expand(rows, columns, side // 2),
        x[None].expand(rows, columns, side // 2),
    ]
    angle = torch.cat(parts, -1).reshape(rows * columns, head // 2)
    return angle.cos().float(), angle.sin().float()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x [B, H, N, D], adjacent channels are a pair."""
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)


class RMSNorm(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, x.shape[-1:], self.weight.to(x.dtype), EPS)


class Attention(nn.Module):
    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(dim, dim) for _ in range(4))
        self.norm_q, self.norm_k = RMSNorm(dim), RMSNorm(dim)

    def forward(self, x: Tensor, context: Tensor, turn=None) -> Tensor:
        b, n, d = x.shape
        split = lambda t: t.view(b, -1, self.heads, d // self.heads).transpose(1, 2)
        q, k, v = (split(t) for t in (self.norm_q(self.q(x)), self.norm_k(self.k(context)), self.v(context)))
        if turn:
            q, k = (rotate(t, *(r.to(t.dtype) for r in turn)) for t in (q, k))
        if x.device.type == "cpu":  # two plain products are faster there than PyTorch's fused kernel
            y = ((q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)).softmax(-1, dtype=q.dtype) @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v)
        return self.o(y.transpose(1, 2).reshape(b, n, d))


class Block(nn.Module):
    def __init__(self, dim: int, heads: int, ffn: int):
        super().__init__()
        self.modulation = nn.Parameter(torch.randn(1, 6, dim) / dim**0.5)
        self.self_attn, self.cross_attn = Attention(dim, heads), Attention(dim, heads)
        self.norm3 = nn.LayerNorm(dim, eps=EPS)
        self.ffn = nn.Sequential(nn.Linear(dim, ffn), nn.GELU(approximate="tanh"), nn.Linear(ffn, dim))

    def forward(self, x: Tensor, e0: Tensor, turn, context: Tensor) -> Tensor:
        """x [B, N, C], e0 [B, 6, C], context [B, L, C]"""
        norm = lambda t: F.layer_norm(t, t.shape[-1:], eps=EPS)
        shift1, scale1, gate1, shift2, scale2, gate2 = (self.modulation + e0).to(x.dtype).chunk(6, 1)
        y = norm(x) * (1 + scale1) + shift1
        x = x + gate1 * self.self_attn(y, y, turn)
        n = F.layer_norm(x, x.shape[-1:], self.norm3.weight.to(x.dtype), self.norm3.bias.to(x.dtype), EPS)
        x = x + self.cross_attn(n, context)
        return x + gate2 * self.ffn(norm(x) * (1 + scale2) + shift2)


class Refiner(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        dim, text = config["dim"], config["text_dim"]
        self.config = config
        self.context = nn.Embedding(sum(config["words"]), text)
        self.patch_embedding = nn.Conv3d(CHANNELS_IN, dim, (1, PATCH, PATCH), stride=(1, PATCH, PATCH))
        self.time_embedding = nn.Sequential(nn.Linear(256, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.time_projection = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))
        self.text_embedding = nn.Sequential(nn.Linear(text, dim), nn.GELU(approximate="tanh"), nn.Linear(dim, dim))
        self.blocks = nn.ModuleList(Block(dim, config["heads"], config["ffn"]) for _ in range(config["layers"]))
        self.head = nn.ModuleDict({"head": nn.Linear(dim, PATCH * PATCH * CHANNELS_OUT)})
        self.head.register_parameter("modulation", nn.Parameter(torch.randn(1, 2, dim) / dim**0.5))
        nn.init.zeros_(self.head["head"].weight)
        nn.init.zeros_(self.head["head"].bias)
        self.offsets = [sum(config["words"][:k]) for k in range(len(config["words"]))]

    def forward(self, x: Tensor, sigma: Tensor, ids: Tensor) -> Tensor:
        """x [B, 8, H, W], sigma [B], ids [B, words] → r0 [B, 3, H, W]; sides are multiples of the patch."""
        b, c, h, w = x.shape
        rows, columns, dim = h // PATCH, w // PATCH, self.config["dim"]
        tokens = x.view(b, c, rows, PATCH, columns, PATCH).permute(0, 2, 4, 1, 3, 5).reshape(b, rows * columns, -1)
        y = F.linear(tokens, self.patch_embedding.weight.flatten(1), self.patch_embedding.bias)
        freq = 10000.0 ** (-torch.arange(128, device=x.device) / 128)
        angle = 1000 * sigma[:, None] * freq
        e = self.time_embedding(torch.cat([angle.cos(), angle.sin()], 1))
        e0 = self.time_projection(e).view(b, 6, dim)
        context = self.text_embedding(self.context(ids + torch.tensor(self.offsets, device=x.device)))
        turn = rope(rows, columns, dim // self.config["heads"], x.device)
        for block in self.blocks:
            y = block(y, e0, turn, context)
        shift, scale = (self.head.modulation + e[:, None]).chunk(2, 1)
        y = self.head["head"](F.layer_norm(y, (dim,), eps=EPS) * (1 + scale) + shift)
        return y.view(b, rows, columns, PATCH, PATCH, 3).permute(0, 5, 1, 3, 2, 4).reshape(b, 3, h, w)


def pad(x: Tensor, shifted: bool) -> Tensor:
    """The edges repeated to whole patches; shifted by half a patch, so that no seam stays where it was."""
    h, w = x.shape[-2:]
    first = PATCH // 2 if shifted else 0
    last = lambda n: -(n + first) % PATCH
    return F.pad(x, (first, last(w), first, last(h)), mode="replicate")


def denoise(net: Refiner, r: Tensor, draft: Tensor, sigma: Tensor, ids: Tensor, shifted: bool) -> Tensor:
    """r, draft [B, 3, H, W] → r0 [B, 3, H, W]"""
    b, _, h, w = r.shape
    x = pad(torch.cat([r, 2 * draft - 1], 1), shifted)
    first = PATCH // 2 if shifted else 0
    place = lambda n, full: (torch.arange(full, device=r.device) - first + 0.5) / n * 2 - 1
    u = place(w, x.shape[3]).expand(b, 1, x.shape[2], -1)
    v = place(h, x.shape[2])[:, None].expand(b, 1, -1, x.shape[3])
    y = net(torch.cat([x, u, v], 1), sigma, ids)
    return y[..., first : first + h, first : first + w]


@torch.no_grad()
def sample(net: Refiner, draft: Tensor, ids: Tensor, eps: Tensor, sigmas: list[float], scale: Tensor) -> Tensor:
    """draft, eps [B, 3, H, W], scale [B] → the refined picture. Euler's steps of flow matching."""
    r = sigmas[0] * eps
    for i, sigma in enumerate(sigmas):
        r0 = denoise(net, r, draft, torch.full((len(r),), sigma, device=r.device), ids, i % 2 == 1)
        after = sigmas[i + 1] if i + 1 < len(sigmas) else 0.0
        r = r + (after - sigma) * (r - r0) / sigma
    return (draft + scale[:, None, None, None] * r).clamp(0, 1)


def save(path: str, net: Refiner, config: dict, vocabulary: dict, extra: dict) -> None:
    """Weights as safetensors in half precision; config, vocabulary and `extra` as JSON in the header."""
    from safetensors.torch import save_file

    meta = {"config": json.dumps(config), "vocabulary": json.dumps(vocabulary)}
    meta |= {k: json.dumps(v) for k, v in extra.items()}
    save_file({k: v.half().contiguous() for k, v in net.state_dict().items()}, path, metadata=meta)
