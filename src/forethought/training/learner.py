"""One update: sampled transcripts in, weights changed, what was lost said. B rows, T tokens, N selected tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from forethought.config import TrainConfig
from forethought.models import Model
from forethought.objectives import token_loss
from forethought.training.batches import Batch, pad_in_groups
from forethought.training.optimizer import Optimizer
from forethought.transcript import Role, Tokens

GROUPS = 2
MAX_NORM = 1.0


class Learner:
    """The optimiser and its schedule around a model; ``update`` does forward, backward and step."""

    def __init__(self, model: Model, config: TrainConfig) -> None:
        self.model, self.config = model, config
        self.autocast = autocast_dtype(config.precision, model.device)
        self.optimizer = Optimizer(model.lm, config.matrix_rate, config.learning_rate, config.weight_decay)

    def update(self, samples: Sequence[Tokens], number: int, progress: float) -> dict[str, float]:
        """Update ``number`` at ``progress`` (0..1) of the budget; returns mean nats per token of each role."""
        rate = self._rate(number, progress)
        self.model.lm.train()
        self.optimizer.zero_grad()
        batches = list(pad_in_groups(samples, self.model.tokenizer.pad_token_id, GROUPS))
        totals = {"outcome": 0.0, "action": 0.0, "language": 0.0}
        for batch in batches:
            for name, value in self._backward(batch, 1.0 / len(batches)).items():
                totals[name] += value / len(batches)
        norm = torch.nn.utils.clip_grad_norm_(self.model.lm.parameters(), MAX_NORM)
        self.optimizer.step(rate)
        tokens = float(sum(batch.tokens for batch in batches))
        return {**totals, "tokens": tokens, "rate": rate, "gradient_norm": float(norm)}

    def _backward(self, batch: Batch, share: float) -> dict[str, float]:
        target_BT, role_BT = batch.ids_BT[:, 1:], batch.roles_BT[:, 1:]
        selected = self._trained(role_BT).flatten().nonzero().flatten()
        role_N, target_N = role_BT.flatten()[selected], target_BT.flatten()[selected]
        with torch.autocast(self.model.device.type, self.autocast or torch.float32, enabled=self.autocast is not None):
            hidden_ND = hidden_states(self.model.lm, batch)[:, :-1].flatten(0, 1)[selected]
            logits_NV = self.model.lm.get_output_embeddings()(hidden_ND)
        config = self.config
        loss = token_loss(
            logits_NV,
            target_N,
            role_N == Role.OUTCOME,
            role_N == Role.ACTION,
            (role_N == Role.DESIRE) | (role_N == Role.OBSERVATION),
            outcome_weight=config.outcome_weight,
            action_weight=config.action_weight,
            language_weight=config.language_weight,
        )
        (loss.total * share).backward()  # type: ignore[no-untyped-call]
        return {name: float(getattr(loss, name)) for name in ("outcome", "action", "language")}

    def _trained(self, role_BT: Tensor) -> Tensor:
        config = self.config
        trained = torch.zeros_like(role_BT, dtype=torch.bool)
        for weight, roles in (
            (config.outcome_weight, (Role.OUTCOME,)),
            (config.action_weight, (Role.ACTION,)),
            (config.language_weight, (Role.DESIRE, Role.OBSERVATION)),
        ):
            if weight > 0:
                for role in roles:
                    trained |= role_BT == role
        return trained

    def _rate(self, number: int, progress: float) -> float:
        warm = min(1.0, (number + 1) / max(1, self.config.warmup_updates))
        return warm * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))


def hidden_states(lm: Any, batch: Batch) -> Tensor:
    """The last hidden states (B, T, D) of a padded or packed batch; packed rows need an attention model."""
    if batch.block_BT is None:
        hidden: Tensor = lm.base_model(input_ids=batch.ids_BT, use_cache=False).last_hidden_state
        return hidden
    out = lm.base_model(
        input_ids=batch.ids_BT, attention_mask=batch.mask_B1TT(), position_ids=batch.position_BT, use_cache=False
    )
    packed: Tensor = out.last_hidden_state
    return packed


def autocast_dtype(precision: str, device: torch.device) -> torch.dtype | None:
    """bf16 where asked for, or where this machine multiplies bf16 matrices in hardware; else ``None``."""
    if precision == "float32":
        return None
    if precision == "bfloat16":
        return torch.bfloat16
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
    fast = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if fast else None
