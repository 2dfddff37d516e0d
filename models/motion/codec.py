"""Layouts as the network sees them: `crates/models/src/video/motion/decode.rs` undoes what stands here.

* y becomes the height of the ground, y + height / 2 + lift, which is constant for a character;
* scrolls and the weather's phase count from the first frame: the background is periodic, so where it starts is chance;
* every number is centred and scaled by the world's own mean and deviation.
"""

import torch
from torch import Tensor

NUMBERS, CHARACTERS_AT, CHARACTER_LEN = 47, 5, 18
FROM_START = [3, 4, 46]  # scroll_far, scroll_near, weather_phase
CHARACTERS = [range(CHARACTERS_AT + i * CHARACTER_LEN, CHARACTERS_AT + (i + 1) * CHARACTER_LEN) for i in (0, 1)]
PROP = range(41, 46)
X, Y, HEIGHT, LIFT = 1, 2, 3, 7


def encode(layout: Tensor) -> Tensor:
    """[B, T, 47], as the world gives it → the same with ground and relative scrolls."""
    v = layout.clone()
    for who in CHARACTERS:
        at = who.start
        v[..., at + Y] = layout[..., at + Y] + layout[..., at + HEIGHT] / 2 + layout[..., at + LIFT]
    v[..., FROM_START] = layout[..., FROM_START] - layout[:, :1, FROM_START]
    return v


def mask(ids: Tensor) -> Tensor:
    """ids [B, 11] → [B, 47]: 1 where a number means something, 0 for who or what is not there."""
    m = torch.ones(len(ids), NUMBERS, device=ids.device)
    for i, who in enumerate(CHARACTERS):
        m[:, list(who)] = (ids[:, 5 + 3 * i] > 0).float()[:, None]
        m[:, who.start] = 0
    m[:, list(PROP)] = (ids[:, 3] > 0).float()[:, None]
    m[:, PROP.start] = 0
    return m


def statistics(v: Tensor, m: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each number where it means something: v [B, T, 47], m [B, 47] → [47], [47]"""
    w = m[:, None].expand_as(v)
    n = w.sum((0, 1)).clamp(min=1)
    mean = (v * w).sum((0, 1)) / n
    deviation = (((v - mean) ** 2 * w).sum((0, 1)) / n).sqrt()
    return mean, deviation.clamp(min=1e-2)


def rates(v: Tensor, m: Tensor, deviation: Tensor) -> Tensor:
    """What makes the differences of successive frames of normalised numbers as large as the numbers: [47], 20 at most."""
    d = (v[:, 1:] - v[:, :-1]) / deviation
    w = m[:, None].expand_as(d)
    root = ((d * d * w).sum((0, 1)) / w.sum((0, 1)).clamp(min=1)).sqrt()
    return 1 / root.clamp(min=0.05)
