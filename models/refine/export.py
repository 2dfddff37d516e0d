"""Writes the refiner of a run with the styles that it draws well enough.

    python models/refine/export.py --run target/train/refine --styles paper,watercolor,pencil,crayon,film --out models/refine/refine.safetensors

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
    p.add_argument("--styles", required=True, help="those that are kept: paper,film")
    p.add_argument("--out", required=True)
    a = p.parse_args()
    path = os.path.join(a.run, "refine.safetensors")
    with safe_open(path, "pt") as f:
        meta, tensors = f.metadata(), {k: f.get_tensor(k) for k in f.keys()}
    config, vocabulary = json.loads(meta["config"]), json.loads(meta["vocabulary"])
    styles = a.styles.split(",")
    kept = [vocabulary["style"].index(style) for style in styles]
    rest = torch.arange(len(vocabulary["style"]), len(tensors["words.weight"]))
    tensors["words.weight"] = tensors["words.weight"][torch.cat([torch.tensor(kept), rest])].contiguous()
    vocabulary["style"] = styles
    config["words"][0] = len(kept)
    for name in ("mix", "bare", "full", "move"):
        tensors[name] = tensors[name][kept].contiguous()
    # a picture that hardly moves stays
    tensors["move"] *= tensors["move"].abs() > 0.05
    for name in ("scale", "fresh_noise", "boil"):
        config[name] = [config[name][k] for k in kept]
    save_file(tensors, a.out, meta | {"config": json.dumps(config), "vocabulary": json.dumps(vocabulary)})


if __name__ == "__main__":
    main()
