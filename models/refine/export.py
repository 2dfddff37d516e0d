"""Writes the refiner of a run with the styles that it draws well enough, and how many steps each takes.

    python models/refine/export.py --run target/train/refine --styles paper:4,watercolor:1,film:4 --out models/refine/refine.safetensors

`kinora eval refine --refine FILE` says which styles those are: the film stays as the painter drew it in all others, and says so.
"""

import argparse
import json
import os

import torch
from safetensors import safe_open
from safetensors.torch import save_file

# noise levels of as many steps
SIGMAS = {1: [1.0], 2: [1.0, 0.5], 4: [1.0, 0.6, 0.3, 0.12]}


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("--run", required=True)
    p.add_argument("--styles", required=True, help="kept ones and their steps (1, 2 or 4): paper:4,film:4")
    p.add_argument("--out", required=True)
    a = p.parse_args()
    path = os.path.join(a.run, "refine.safetensors")
    with safe_open(path, "pt") as f:
        meta, tensors = f.metadata(), {k: f.get_tensor(k) for k in f.keys()}
    config, vocabulary = json.loads(meta["config"]), json.loads(meta["vocabulary"])
    asked = [item.split(":") for item in a.styles.split(",")]
    kept = [vocabulary["style"].index(style) for style, _ in asked]
    rest = torch.arange(len(vocabulary["style"]), len(tensors["context.weight"]))
    tensors["context.weight"] = tensors["context.weight"][torch.cat([torch.tensor(kept), rest])].contiguous()
    vocabulary["style"] = [style for style, _ in asked]
    config["words"][0] = len(kept)
    config["sigmas"] = [SIGMAS[int(steps)] for _, steps in asked]
    for name in ("scale", "fresh_noise"):
        config[name] = [config[name][k] for k in kept]
    save_file(tensors, a.out, meta | {"config": json.dumps(config), "vocabulary": json.dumps(vocabulary)})


if __name__ == "__main__":
    main()
