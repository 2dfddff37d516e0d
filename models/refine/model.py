"""Refine: a small U-Net that redraws a painted frame in a style, in one step from noise. `crates/models/src/video/refine` is its
twin.

It draws a sample of the picture in the style: the draft gives the picture, the noise what the style leaves to chance (fibres, washes,
hatching, grain). The noise comes in grains of several sizes and directions: white, and white noise through filters. A style mixes
them to textures, of which some darken or lighten all colours alike, some let the paper show through, and some of these are flecks,
there or not. The network sees the draft and says, for every pixel, what is sure and how much of each texture is added. Then all of it
is moved a little, by smooth noise, as a hand does not follow a line: only textures stay where the paper is. One frame at a time; the
noise of a shot is shared by its frames, so that texture stays.
"""

import json
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# pixels that the filters reach to each side
REACH = 12
# deviations along and across, and direction in eighths of a turn, of the filters: textures are mixed of the first, the last move the
# picture to the side and up
TEXTURE_FILTERS = [(s, s, 0) for s in (0.6, 1.0, 2.0, 4.5, 7.0)] + [(4.1, 0.55, k) for k in range(4)] + [(2.0, 0.7, 0), (2.3, 0.95, 1)]
MOVE_FILTERS = [(4.5, 4.5, 0)] * 2 + [(2.0, 2.0, 0)] * 2
FILTERS = len(TEXTURE_FILTERS) + len(MOVE_FILTERS)
# white, and the first filters
GRAINS = 1 + len(TEXTURE_FILTERS)
# textures: added to all colours; towards paper; flecks, towards paper
ADDED, THIN, FLECKS = 3, 2, 1
TEXTURES = ADDED + THIN + FLECKS
COLORS = 3
# draft, place of the pixel
CHANNELS_IN = COLORS + 2
# sides of a picture are padded to multiples of this
SIDE = 8


def filters() -> Tensor:
    """[FILTERS, 1, side, side]"""
    y, x = torch.meshgrid(*[torch.arange(-REACH, REACH + 1.0)] * 2, indexing="ij")

    def one(a: float, b: float, eighths: int) -> Tensor:
        along, across = math.cos(eighths * math.pi / 4), math.sin(eighths * math.pi / 4)
        f = torch.exp(-(((x * along + y * across) / a) ** 2) / 2 - ((y * along - x * across) / b) ** 2 / 2)
        return f / f.norm()

    return torch.stack([one(*f) for f in TEXTURE_FILTERS + MOVE_FILTERS])[:, None]


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
        self.output = nn.Conv2d(half, 4 * (COLORS + TEXTURES), 3, padding=1)
        self.output.weight.data *= 0.3
        self.register_buffer("filters", filters())
        styles = len(config["scale"])
        # how each style mixes textures from grains; from where on a fleck is there, and how much of it at most; pixels by which smooth
        # noise moves the picture
        self.mix = nn.Parameter(torch.randn(styles, TEXTURES, GRAINS) * 0.3)
        self.bare = nn.Parameter(torch.full((styles, FLECKS), 0.5))
        self.full = nn.Parameter(torch.full((styles, FLECKS), 1.5))
        self.move = nn.Parameter(torch.tensor([0.4, 0.4]).repeat(styles, 1))
        self.offsets = [sum(config["words"][:k]) for k in range(len(config["words"]))]

    def textures(self, white: Tensor, filtered: Tensor, style: Tensor) -> Tensor:
        """white [B, 1, H, W], filtered [B, FILTERS, H, W], style [B] → [B, TEXTURES, H, W]; all but flecks have variance 1."""
        grains = torch.cat([white, filtered[:, : GRAINS - 1]], 1)
        y = torch.einsum("btg,bghw->bthw", F.normalize(self.mix[style], dim=2), grains)
        over = lambda p: p[style][..., None, None]
        flecks = torch.minimum(F.relu(y[:, -FLECKS:] - over(self.bare)), over(self.full))
        return torch.cat([y[:, :-FLECKS], flecks], 1)

    def moved(self, x: Tensor, filtered: Tensor, style: Tensor) -> Tensor:
        """x [B, C, H, W], each pixel fetched from a little aside; the last row and column go on."""
        h, w = x.shape[-2:]
        by = torch.einsum("bk,bkxhw->bxhw", self.move[style], filtered[:, GRAINS - 1 :].unflatten(1, (2, 2)))
        y, x0 = torch.meshgrid(torch.arange(h, device=x.device), torch.arange(w, device=x.device), indexing="ij")
        at = torch.stack([(x0 + by[:, 0]) * 2 / (w - 1) - 1, (y + by[:, 1]) * 2 / (h - 1) - 1], -1)
        return F.grid_sample(x, at, padding_mode="border", align_corners=True)

    def forward(self, x: Tensor, ids: Tensor) -> Tensor:
        """x [B, CHANNELS_IN, H, W], ids [B, words] → [B, COLORS + TEXTURES, H, W]; sides are multiples of 8."""
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


def parts(net: Refiner, draft: Tensor, place: Tensor, ids: Tensor) -> Tensor:
    """draft [B, 3, H, W], place [B, 2, H, W] → what is sure and the share of each texture [B, COLORS + TEXTURES, H, W]; edges are
    repeated to multiples of 8."""
    h, w = draft.shape[-2:]
    x = F.pad(torch.cat([2 * draft - 1, place], 1), (0, -w % SIDE, 0, -h % SIDE), mode="replicate")
    return net(x, ids)[..., :h, :w]


def drawn(net: Refiner, draft: Tensor, parts: Tensor, white: Tensor, filtered: Tensor, style: Tensor, scale: Tensor) -> Tensor:
    """draft [B, 3, H, W], parts [B, COLORS + TEXTURES, H, W], white [B, 1, H, W], filtered [B, FILTERS, H, W], scale [B] → a sample of
    the picture [B, 3, H, W]"""
    draft, sure, share = net.moved(torch.cat([draft, parts], 1), filtered, style).split([COLORS, COLORS, TEXTURES], 1)
    textured = share * net.textures(white, filtered, style)
    added, thin = textured[:, :ADDED].sum(1, keepdim=True), textured[:, ADDED:].sum(1, keepdim=True)
    return draft + scale[:, None, None, None] * (sure + added + (1 - draft) * thin)


def noise(count: int, height: int, width: int, chance: torch.Generator) -> tuple[Tensor, Tensor]:
    """White noise of pixels, and what the filters make of white noise: as `drawn` takes them."""
    field = torch.randn(count, FILTERS, height + 2 * REACH, width + 2 * REACH, generator=chance)
    return torch.randn(count, 1, height, width, generator=chance), F.conv2d(field, filters(), groups=FILTERS)


@torch.no_grad()
def refine(net: Refiner, draft: Tensor, ids: Tensor, white: Tensor, filtered: Tensor, scale: Tensor) -> Tensor:
    """draft [B, 3, H, W] of whole frames, ids [B, words] of which the first is the style → the picture in the style, 0..1."""
    place = places(draft.shape[-1], draft.shape[-2], draft.device).expand(len(draft), -1, -1, -1)
    return drawn(net, draft, parts(net, draft, place, ids), white, filtered, ids[:, 0], scale).clamp(0, 1)


def save(path: str, net: Refiner, config: dict, vocabulary: dict, extra: dict) -> None:
    """Weights as safetensors in half precision; config, vocabulary and `extra` as JSON in the header."""
    from safetensors.torch import save_file

    meta = {"config": json.dumps(config), "vocabulary": json.dumps(vocabulary)}
    meta |= {k: json.dumps(v) for k, v in extra.items()}
    save_file({k: v.half().contiguous() for k, v in net.state_dict().items()}, path, metadata=meta)
