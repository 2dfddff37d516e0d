"""Muon (Jordan et al. 2024): momentum whose update is made orthogonal by a Newton-Schulz iteration, for matrices inside a network."""

import torch


class Muon:
    """`params` are matrices; `dtype` is what the iteration computes in. `step` wants the schedule's factor of `lr`."""

    def __init__(self, params, lr, dtype=torch.float32, momentum=0.95):
        self.params, self.lr, self.dtype, self.momentum = list(params), lr, dtype, momentum
        self.buf = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self, scale):
        for p, m in zip(self.params, self.buf):
            if p.grad is None:
                continue
            m.lerp_(p.grad, 1 - self.momentum)
            g = p.grad.lerp(m, self.momentum)
            flip = g.shape[0] > g.shape[1]
            x = g.T if flip else g
            x = (x / (x.norm() + 1e-7)).to(self.dtype)
            for _ in range(5):
                a = x @ x.T
                x = 3.4445 * x + (-4.7750 * a + 2.0315 * (a @ a)) @ x
            x = (x.T if flip else x).to(p.dtype)
            p.mul_(1 - self.lr * scale * 0.05)
            p.add_(x, alpha=-self.lr * scale * max(1, p.shape[0] / p.shape[1]) ** 0.5)
