"""Muon: momentum whose matrices are orthogonalised before they are applied; those of one shape are done together.

torch's own Muon works in bf16, one matrix after another, which took 41% of an update of ``nano`` on a core without bf16
arithmetic (benchmarks/results/optimizer.json: how much less this takes). M matrices, R rows, C columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

A, B, C = 3.4445, -4.7750, 2.0315
"""Coefficients of the quintic iteration (Keller Jordan 2024, kellerjordan.github.io/posts/muon)."""
ITERATIONS = 5
LEAST_NORM = 1e-7


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised; decoupled weight decay (Jordan 2024). As ``torch.optim.Muon`` with its
    defaults, but for rounding; every weight is a matrix.
    """

    def __init__(self, matrices: Iterable[Tensor], lr: float, weight_decay: float, momentum: float) -> None:
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One step for every matrix that has a gradient."""
        assert closure is None, "a Muon does not evaluate the loss anew"
        for group in self.param_groups:
            shapes: dict[tuple[int, int], list[Tensor]] = {}
            for matrix in group["params"]:
                if matrix.grad is not None:
                    shapes.setdefault((min(matrix.shape), max(matrix.shape)), []).append(matrix)
            for alike in shapes.values():
                self._step(alike, group["lr"], group["weight_decay"], group["momentum"])

    def _step(self, matrices: list[Tensor], lr: float, weight_decay: float, momentum: float) -> None:
        """One step for matrices of one shape, or of that shape turned."""
        directions = [self._direction(matrix, momentum) for matrix in matrices]
        wide_MRC = torch.stack([d.T if tall(d) else d for d in directions])
        for matrix, wide_RC in zip(matrices, orthogonal(wide_MRC), strict=True):
            rows, columns = matrix.shape
            matrix.mul_(1 - lr * weight_decay)
            matrix.add_(wide_RC.T if tall(matrix) else wide_RC, alpha=-lr * max(1.0, rows / columns) ** 0.5)

    def _direction(self, matrix: Tensor, momentum: float) -> Tensor:
        """The gradient, looking ahead along its running mean."""
        assert matrix.grad is not None
        state = self.state[matrix]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(matrix.grad)
        running: Tensor = state["momentum_buffer"]
        running.lerp_(matrix.grad, 1 - momentum)
        return matrix.grad.lerp(running, momentum)


def tall(matrix: Tensor) -> bool:
    """Whether a matrix has more rows than columns."""
    return matrix.shape[0] > matrix.shape[1]


def orthogonal(wide_MRC: Tensor) -> Tensor:
    """Matrices (no more rows than columns) with all singular values brought near 1, by Newton-Schulz iterations: in
    bf16 on a GPU, where that is as good and faster, in float32 elsewhere.
    """
    x_MRC = wide_MRC.to(torch.bfloat16 if wide_MRC.is_cuda else torch.float32)
    x_MRC = x_MRC / x_MRC.norm(dim=(1, 2), keepdim=True).clamp(min=LEAST_NORM)
    for _ in range(ITERATIONS):
        gram_MRR = x_MRC @ x_MRC.mT
        change_MRR = torch.baddbmm(gram_MRR, gram_MRR, gram_MRR, beta=B, alpha=C)
        x_MRC = torch.baddbmm(x_MRC, change_MRR, x_MRC, beta=A)
    return x_MRC.to(wide_MRC.dtype)
