"""Writes the refiner of a run with the styles that it draws well enough, and the noise levels at which it is used.

    python models/refine/export.py --run target/train/refine --styles watercolor,film --sigmas 1.0 --out models/refine/refine.safetensors

`kinora eval refine --refine FILE` says which styles those are: the film stays as the painter drew it in all others, and says so.
"""

import argparse
import json
import os

import torch
from safetensors import safe_open
from safetensors.torch import save_file


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("--run", required=True)
    p.add_argument("--styles", help="kept ones, as the vocabulary names them; all if left out")
    p.add_argument("--sigmas", help="noise levels, falling: 1.0,0.5; the run's own if left out")
    p.add_argument("--out", required=True)
    a = p.parse_args()
    path = os.path.join(a.run, "refine.safetensors")
    with safe_open(path, "pt") as f:
        meta, tensors = f.metadata(), {k: f.get_tensor(k) for k in f.keys()}
    config, vocabulary = json.loads(meta["config"]), json.loads(meta["vocabulary"])
    if a.styles:
        kept = [vocabulary["style"].index(s) for s in a.styles.split(",")]
        rest = torch.arange(len(vocabulary["style"]), len(tensors["context.weight"]))
        tensors["context.weight"] = tensors["context.weight"][torch.cat([torch.tensor(kept), rest])].contiguous()
        vocabulary["style"] = [vocabulary["style"][k] for k in kept]
        config["words"][0] = len(kept)
        for name in ("scale", "fresh_noise"):
            config[name] = [config[name][k] for k in kept]
    if a.sigmas:
        config["sigmas"] = [float(s) for s in a.sigmas.split(",")]
    save_file(tensors, a.out, meta | {"config": json.dumps(config), "vocabulary": json.dumps(vocabulary)})


if __name__ == "__main__":
    main()
