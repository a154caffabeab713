"""How many floating-point operations a model has done: reading, learning and imagining alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from forethought.models.model import Model

BACKWARD = 2
"""Operations of a backward pass, in forward passes."""


class Meter:
    """Counts while it is on; ``flops`` so far.

    A product of a matrix with N vectors counts 2 x its weights x N, attention 4 x width x what each token looks back at
    (half of the sequence, and all of the cache), and where gradients are wanted the backward pass counts twice the
    forward one (Kaplan et al. 2020, arXiv:2001.08361, section 2.1). Norms, activations, the scans of recurrent layers
    and optimiser steps are left out. Padding counts: it is computed.
    """

    def __init__(self, flops: int = 0) -> None:
        self.flops = flops

    @contextmanager
    def on(self, model: Model) -> Iterator[None]:
        """Counts what ``model`` does while open."""
        parts = [part for part in (model.lm, model.latent) if part is not None]
        linear = [module for part in parts for module in part.modules() if isinstance(module, nn.Linear)]
        hooks = [module.register_forward_hook(self._product) for module in linear]
        hooks.append(model.lm.base_model.register_forward_pre_hook(self._attention, with_kwargs=True))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _product(self, module: nn.Linear, inputs: tuple[torch.Tensor, ...], _: Any) -> None:
        self._count(2 * inputs[0].numel() * module.out_features, module.weight.requires_grad)

    def _attention(self, module: Any, _: Any, given: dict[str, Any]) -> None:
        config, ids_BT, cache = module.config, given.get("input_ids"), given.get("past_key_values")
        heads = getattr(config, "num_attention_heads", 0)
        if ids_BT is None or not heads or getattr(config, "model_type", "").startswith("mamba"):
            return
        rows, length = ids_BT.shape
        before = int(cache.get_seq_length()) if cache is not None else 0
        width = heads * (getattr(config, "head_dim", None) or config.hidden_size // heads)
        pairs = rows * length * before + rows * length * (length + 1) // 2
        trained = next(module.parameters()).requires_grad
        self._count(4 * width * config.num_hidden_layers * pairs, trained)

    def _count(self, forward: int, trained: bool) -> None:
        self.flops += forward * (1 + BACKWARD if trained and torch.is_grad_enabled() else 1)
