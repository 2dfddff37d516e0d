"""Which number type multiplies fastest on this machine: processors differ fivefold in bf16."""

import time

import torch


def speed(device: torch.device, dtype: torch.dtype, seconds: float = 0.4) -> float:
    """GFLOP/s of a matrix product of the recipes' usual size."""
    a, b = (torch.randn(s, device=device).to(dtype) for s in ((4096, 256), (256, 1024)))
    for _ in range(3):
        a @ b
    runs, start = 0, time.time()
    while time.time() - start < seconds:
        a @ b
        if device.type == "cuda":
            torch.cuda.synchronize()
        runs += 1
    return 2 * 4096 * 256 * 1024 * runs / (time.time() - start) / 1e9


def bf16_pays(device: torch.device) -> tuple[bool, str]:
    """Whether autocast to bf16 is at least 1.5 times as fast as f32, and the measurement in words."""
    f32, bf16 = speed(device, torch.float32), speed(device, torch.bfloat16)
    pays = bf16 > 1.5 * f32
    return pays, f"{device.type}: {f32:.0f} GFLOP/s in f32, {bf16:.0f} in bf16; takes {'bf16' if pays else 'f32'}"
