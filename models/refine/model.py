"""Refine: a small U-Net that redraws a painted frame in a style, in one step from noise. `crates/models/src/video/refine` is its
twin.

It draws a sample of the residual between the painter's draft and the picture in a style, r = (styled − draft) / scale[style]: the
draft gives the picture, the noise what the style leaves to chance (fibres, washes, hatching, grain). The noise comes in grains of
several sizes and directions: white, and white noise through filters. The network sees the draft and says, for every pixel, what is
sure and how much of each grain is added. One frame at a time; the noise of a shot is shared by its frames, so that texture stays.
"""

import json
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# grains, of which the first is white; pixels that the filters of the others reach to each side
GRAINS, REACH = 8, 7
COLORS = 3
# draft, place of the pixel
CHANNELS_IN = COLORS + 2
# sides of a picture are padded to multiples of this
SIDE = 8


def grains() -> Tensor:
    """[GRAINS − 1, 1, side, side]: round ones of three sizes, long ones in four directions."""
    y, x = torch.meshgrid(*[torch.arange(-REACH, REACH + 1.0)] * 2, indexing="ij")
    of = lambda a, b, turn: torch.exp(
        -(((x * math.cos(turn) + y * math.sin(turn)) / a) ** 2) / 2 - ((y * math.cos(turn) - x * math.sin(turn)) / b) ** 2 / 2
    )
    all = [of(s, s, 0.0) for s in (0.8, 2.0, 5.0)] + [of(5.0, 0.7, k * math.pi / 4) for k in range(4)]
    return torch.stack([f / f.norm() for f in all])[:, None]


class Block(nn.Module):
    """Two 3×3 convolutions with a residual (He et al. 2016), the first modulated by FiLM (Perez et al. 2018)."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv_0 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_1.weight.data *= 0.2
        nn.init.zeros_(self.conv_1.bias)

    def forward(self, x: Tensor, film: Tensor) -> Tensor:
        """x [B, C, H, W], film [B, 2 · C]: scale and shift"""
        scale, shift = film[..., None, None].chunk(2, 1)
        y = self.conv_0(F.silu(x)) * (1 + scale) + shift
        return x + self.conv_1(F.silu(y))


class Refiner(nn.Module):
    """Half the picture's size, then a quarter, then an eighth, and back (Ronneberger et al. 2015); pixels are folded into channels
    and back (Shi et al. 2016)."""

    def __init__(self, config: dict):
        super().__init__()
        self.config = config
        half, quarter, eighth = config["channels"]
        # where each block works, in order: going down, at the bottom, going up
        self.widths = [half, quarter, eighth, eighth, quarter, half, half]
        self.words = nn.Embedding(sum(config["words"]), config["embedding"])
        self.film_0 = nn.Linear(len(config["words"]) * config["embedding"], config["film_hidden"])
        self.film_1 = nn.Linear(config["film_hidden"], 2 * sum(self.widths))
        self.input = nn.Conv2d(4 * CHANNELS_IN, half, 3, padding=1)
        self.blocks = nn.ModuleList(Block(width) for width in self.widths)
        self.down_0, self.down_1 = nn.Conv2d(4 * half, quarter, 1), nn.Conv2d(4 * quarter, eighth, 1)
        self.up_1, self.up_0 = nn.Conv2d(eighth, 4 * quarter, 1), nn.Conv2d(quarter, 4 * half, 1)
        self.register_buffer("grains", grains())
        self.output = nn.Conv2d(half, 4 * (COLORS + GRAINS), 3, padding=1)
        self.output.weight.data *= 0.3
        self.offsets = [sum(config["words"][:k]) for k in range(len(config["words"]))]

    def texture(self, noise: Tensor) -> Tensor:
        """noise [B, GRAINS, H + 2 · REACH, W + 2 · REACH] → [B, GRAINS, H, W]"""
        white = noise[:, :1, REACH:-REACH, REACH:-REACH]
        return torch.cat([white, F.conv2d(noise[:, 1:], self.grains, groups=GRAINS - 1)], 1)

    def forward(self, x: Tensor, ids: Tensor) -> Tensor:
        """x [B, CHANNELS_IN, H, W], ids [B, words] → [B, COLORS + GRAINS, H, W]; sides are multiples of 8."""
        words = self.words(ids + torch.tensor(self.offsets, device=x.device)).flatten(1)
        film = self.film_1(F.silu(self.film_0(words))).split([2 * width for width in self.widths], 1)
        half = self.blocks[0](self.input(F.pixel_unshuffle(x, 2)), film[0])
        quarter = self.blocks[1](self.down_0(F.pixel_unshuffle(half, 2)), film[1])
        y = self.down_1(F.pixel_unshuffle(quarter, 2))
        y = self.blocks[3](self.blocks[2](y, film[2]), film[3])
        y = self.blocks[4](quarter + F.pixel_shuffle(self.up_1(y), 2), film[4])
        y = half + F.pixel_shuffle(self.up_0(y), 2)
        y = self.blocks[6](self.blocks[5](y, film[5]), film[6])
        return F.pixel_shuffle(self.output(F.silu(y)), 2)


def places(width: int, height: int, device) -> Tensor:
    """[2, H, W]: x and y of each pixel's middle, −1..1 over the frame."""
    along = lambda n: (torch.arange(n, device=device) + 0.5) / n * 2 - 1
    return torch.stack([along(width).expand(height, -1), along(height)[:, None].expand(-1, width)])


def parts(net: Refiner, draft: Tensor, place: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    """draft [B, 3, H, W], place [B, 2, H, W] → what is sure [B, 3, H, W] and the share of each grain [B, GRAINS, H, W]; edges are
    repeated to multiples of 8."""
    h, w = draft.shape[-2:]
    x = F.pad(torch.cat([2 * draft - 1, place], 1), (0, -w % SIDE, 0, -h % SIDE), mode="replicate")
    return net(x, ids)[..., :h, :w].split([COLORS, GRAINS], 1)


def residual(net: Refiner, sure: Tensor, share: Tensor, noise: Tensor) -> Tensor:
    """noise [B, GRAINS, H + 2 · REACH, W + 2 · REACH] → r [B, 3, H, W]"""
    return sure + (share * net.texture(noise)).sum(1, keepdim=True)


def noise(count: int, height: int, width: int, chance: torch.Generator) -> Tensor:
    return torch.randn(count, GRAINS, height + 2 * REACH, width + 2 * REACH, generator=chance)


@torch.no_grad()
def refine(net: Refiner, draft: Tensor, ids: Tensor, noise: Tensor, scale: Tensor) -> Tensor:
    """draft [B, 3, H, W] of whole frames, noise as in `residual`, scale [B] → the picture in the style."""
    place = places(draft.shape[-1], draft.shape[-2], draft.device).expand(len(draft), -1, -1, -1)
    return (draft + scale[:, None, None, None] * residual(net, *parts(net, draft, place, ids), noise)).clamp(0, 1)


def save(path: str, net: Refiner, config: dict, vocabulary: dict, extra: dict) -> None:
    """Weights as safetensors in half precision; config, vocabulary and `extra` as JSON in the header."""
    from safetensors.torch import save_file

    meta = {"config": json.dumps(config), "vocabulary": json.dumps(vocabulary)}
    meta |= {k: json.dumps(v) for k, v in extra.items()}
    save_file({k: v.half().contiguous() for k, v in net.state_dict().items()}, path, metadata=meta)
