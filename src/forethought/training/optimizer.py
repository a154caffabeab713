"""The optimiser: Muon for the hidden matrices, AdamW for the rest, behind one small face.

Measured on the errand world (docs/decisions/0003-optimizer.md): with 1.1 M training tokens Muon has learned what AdamW
needs several times as many for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from forethought.training.muon import Muon

BETAS = (0.9, 0.98)
MOMENTUM = 0.95


class Optimizer:
    """Steps all weights of a language model; ``rate`` scales both parts' learning rates."""

    def __init__(
        self, lm: nn.Module, matrix_rate: float, other_rate: float, weight_decay: float, latent: nn.Module | None = None
    ) -> None:
        embedding = {id(p) for m in lm.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
        head = lm.get_output_embeddings()  # type: ignore[operator]
        embedding |= {id(p) for p in head.parameters()}
        matrices = [p for p in lm.parameters() if p.ndim == 2 and id(p) not in embedding]
        held = {id(p) for p in matrices}
        others = [p for p in lm.parameters() if id(p) not in held]
        others += latent.parameters() if latent is not None else []
        self.parts: list[tuple[torch.optim.Optimizer, float]] = [
            (torch.optim.AdamW(others, lr=other_rate, weight_decay=0.0, betas=BETAS), other_rate)
        ]
        if matrices:
            muon = Muon(matrices, lr=matrix_rate, weight_decay=weight_decay, momentum=MOMENTUM)
            self.parts.append((muon, matrix_rate))

    def step(self, rate: float) -> None:
        """One step with the learning rates scaled by ``rate``."""
        for optimizer, full in self.parts:
            for group in optimizer.param_groups:
                group["lr"] = full * rate
            optimizer.step()

    def zero_grad(self) -> None:
        """Forgets the gradients."""
        for optimizer, _ in self.parts:
            optimizer.zero_grad(set_to_none=True)

    def tensors(self) -> Iterator[tuple[Tensor, str, Tensor]]:
        """Each (weight, name of its state, value of that state)."""
        for optimizer, _ in self.parts:
            for parameter, state in optimizer.state.items():
                for name, value in state.items():
                    yield parameter, name, value

    def restore(self, parameter: Tensor, state: dict[str, Tensor]) -> None:
        """Sets the state of one weight, as ``tensors`` gave it."""
        for optimizer, _ in self.parts:
            if any(parameter is p for group in optimizer.param_groups for p in group["params"]):
                kept: dict[str, Any] = {name: value.clone() for name, value in state.items()}
                optimizer.state[parameter] = kept
