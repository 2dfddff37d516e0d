"""Writes the painter's test file: a tiny network of random weights, what goes in, and what PyTorch gives.

    python models/paint/make_fixture.py crates/models/src/video/paint/fixture.safetensors
"""

import json
import os
import sys

import torch
from safetensors.torch import save_file

from model import Painter

FEATURES, ROWS, COLUMNS = 142, 4, 6
VOCABULARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../crates/engine/tests/vocabulary.json")


def main(path: str) -> None:
    torch.manual_seed(5)
    with open(VOCABULARY) as f:
        words = json.load(f)
    config = {
        "architecture": "kinora-paint",
        "features": FEATURES,
        "cell": 4,
        "dim": 16,
        "layers": 3,
        "mix_after": [1],
        "detail": 4,
        "backdrop": {"columns": 8, "rows": 5, "channels": 2},
        "embedding": 8,
        "film_hidden": 12,
    }
    for key, name in (("kinds", "character"), ("colors", "color"), ("moods", "mood"), ("places", "place")):
        config[key] = len(words[name])
    for key, name in (("times", "time"), ("weathers", "weather"), ("props", "prop")):
        config[key] = len(words[name])
    net = Painter(config)
    for p in net.parameters():
        p.data = (p.data + 0.1 * torch.randn_like(p)).half().float()
    features = torch.rand(1, ROWS * COLUMNS, FEATURES) * 2 - 1
    rows = torch.randint(0, 3, (1, ROWS * COLUMNS))
    # place, time, weather, prop; kind, colour, mood of two characters, from 1
    ids = torch.tensor([[3, 1, 2, 4, 5, 6, 1, 2, 3, 4]])
    cover = torch.rand(1, 1, 4 * ROWS, 4 * COLUMNS)
    with torch.no_grad():
        picture = net(features, rows, ids, cover, ROWS, COLUMNS).clamp(0, 1)
    tensors = {k: v.half().contiguous() for k, v in net.state_dict().items()}
    tensors |= {"case.features": features[0], "case.rows": rows[0].float(), "case.cover": cover[0], "case.picture": picture[0].contiguous()}
    save_file(tensors, path, {"config": json.dumps(config), "vocabulary": json.dumps(words), "features_version": "2"})


if __name__ == "__main__":
    main(sys.argv[1])
