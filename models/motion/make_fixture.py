"""Writes motion's test file: a tiny network of random weights, what goes in, and what PyTorch gives.

    python models/motion/make_fixture.py crates/models/src/video/motion/fixture.safetensors
"""

import json
import os
import sys

import torch
from safetensors.torch import save_file

from model import Motion, draw

FRAMES, FPS = 7, 6
VOCABULARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../crates/engine/tests/vocabulary.json")


def main(path: str) -> None:
    torch.manual_seed(6)
    with open(VOCABULARY) as f:
        words = json.load(f)
    who = [len(words[k]) + 1 for k in ("character", "action", "mood")]
    config = {
        "architecture": "kinora-motion",
        "frames": 33,
        "dim": 16,
        "heads": 2,
        "layers": 2,
        "ffn": 24,
        "embedding": 4,
        "words": [len(words[k]) for k in ("place", "time", "weather", "prop", "camera")] + who + who,
        "choices": ["uniform", {"coin": 0.3}, "phase"],
        "lasting": [1],
        "cell_choices": ["phase", "uniform", {"coin": 0.5}],
        "cell_seconds": 0.5,
        "octaves": 3,
        "oscillators": 4,
        "audio": 18,
        "outputs": 47,
    }
    net = Motion(config)
    for p in net.parameters():
        p.data = (p.data + 0.1 * torch.randn_like(p)).half().float()
    net.base = net.base.half().float()
    ids = torch.tensor([[3, 1, 2, 4, 5, 6, 7, 2, 0, 0, 0]])
    choices, cells = draw(config["choices"], (1,)), draw(config["cell_choices"], (1, 4))
    seconds = torch.arange(FRAMES)[None] / FPS
    audio = torch.rand(1, FRAMES, 18)
    with torch.no_grad():
        out, heard = (net(ids, choices, cells, seconds, torch.tensor([FRAMES / FPS]), audio, torch.tensor([h]))[0] for h in (0, 1))
    tensors = {k: v.half().contiguous() for k, v in net.state_dict().items()}
    tensors |= {"mean": torch.zeros(47), "deviation": torch.ones(47)}
    tensors |= {"case.choices": choices[0], "case.cells": cells[0], "case.seconds": seconds[0], "case.output": out}
    tensors |= {"case.audio": audio[0], "case.output_heard": heard}
    save_file(tensors, path, {"config": json.dumps(config), "vocabulary": json.dumps(words)})


if __name__ == "__main__":
    main(sys.argv[1])
