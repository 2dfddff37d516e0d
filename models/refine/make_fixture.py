"""Writes the refiner's test file: a tiny network of random weights, what goes in, and what PyTorch gives.

    python models/refine/make_fixture.py crates/models/src/video/refine/fixture.safetensors
"""

import json
import os
import sys

import torch
from safetensors.torch import save_file

from model import Refiner, noise, refine

HERE = os.path.dirname(os.path.abspath(__file__))
VOCABULARY = os.path.join(HERE, "../../crates/engine/tests/vocabulary.json")


def main(path: str) -> None:
    torch.manual_seed(9)
    with open(VOCABULARY) as f:
        words = json.load(f)
    names = ["style", "weather"]
    config = {
        "architecture": "kinora-refine",
        "channels": [4, 6, 8],
        "embedding": 8,
        "film_hidden": 12,
        "context": names,
        "words": [len(words[k]) for k in names],
        "scale": [0.1] * len(words["style"]),
        "fresh_noise": [0.0] * len(words["style"]),
        "boil": [0] * len(words["style"]),
    }
    net = Refiner(config)
    for p in net.parameters():
        p.data = (p.data + 0.1 * torch.randn_like(p)).half().float()
    ids = torch.tensor([[2, 2]])
    draft, (white, filtered) = torch.rand(1, 3, 12, 20), noise(1, 12, 20, torch.Generator().manual_seed(9))
    with torch.no_grad():
        out = refine(net, draft, ids, white, filtered, torch.tensor([0.1]))
    tensors = {k: v.half().contiguous() for k, v in net.state_dict().items()}
    tensors |= {"case.draft": draft[0], "case.white": white[0], "case.filtered": filtered[0], "case.output": out[0]}
    save_file(tensors, path, {"config": json.dumps(config), "vocabulary": json.dumps(words)})


if __name__ == "__main__":
    main(sys.argv[1])
