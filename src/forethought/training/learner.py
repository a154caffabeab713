"""One update: sampled transcripts in, weights changed, what was lost said. B rows, T tokens, N selected tokens."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from forethought.config import TrainConfig
from forethought.models import Model
from forethought.objectives import TokenLoss, token_loss
from forethought.training.batches import Batch, pad_in_groups
from forethought.training.latent import LatentLesson, Unroll
from forethought.training.optimizer import Optimizer
from forethought.transcript import Role, Tokens

GROUPS = 3
"""Groups of similar length that a batch is padded in. Measured with ``tiny`` in three worlds on a loaded core: 3,060
tokens per second in one group, 3,650 in two, 3,970 in three, 3,670 in four."""
PARTS = ("outcome", "action", "language", "situation")
SITUATION_WEIGHT = 8.0
"""Of the mean nats per token of what questions are about: of some forty tokens three or four decide, the others are
certain."""
MAX_NORM = 1.0
LAST_RATE = 0.05
"""What share of the rates is left at the end of the budget."""
WIDE = 128
"""Hidden width from which bf16 pays on a CPU: batches of 16 measured 7.2 k tokens per second against 6.3 k in float32
at 128 (tiny), but 7.4 k against 9.6 k, and three times the memory, at 64 (nano)."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What an update was about: figures for the log (mean nats per token of each role), how many tokens were read,
    and by how many nats the last outcome of each sample surprised.
    """

    figures: dict[str, float]
    tokens: int
    surprise: list[float]


class Learner:
    """The optimiser and its schedule around a model; ``update`` does forward, backward and step."""

    def __init__(self, model: Model, config: TrainConfig) -> None:
        self.model, self.config = model, config
        model.lm.requires_grad_(not config.freeze)
        self.autocast = autocast_dtype(config.precision, model.device, model.lm.config.hidden_size)
        self.optimizer = Optimizer(
            model.lm, config.matrix_rate, config.learning_rate, config.weight_decay, model.latent
        )

    def update(self, samples: Sequence[Tokens], number: int, progress: float, unrolls: Sequence[Unroll] = ()) -> Lesson:
        """Update ``number`` at ``progress`` (0..1) of the budget.

        ``unrolls``, one for each of the first samples, say what a model with latent dynamics imagines.
        """
        rate = self._rate(number, progress)
        self.model.lm.train(not self.config.freeze)
        self.optimizer.zero_grad()
        order = sorted(range(len(samples)), key=lambda i: len(samples[i]))
        batches = list(pad_in_groups(samples, self.model.tokenizer.pad_token_id, GROUPS))
        shares, asked = (_shares([count(batch, role) for batch in batches]) for role in (Role.OUTCOME, Role.SITUATION))
        losses, surprise, groups = [], [], []
        start = 0
        for batch, share, share_asked in zip(batches, shares, asked, strict=True):
            hidden_BTW = self._hidden(batch)
            loss, surprise_B = self._token_loss(batch, hidden_BTW, share, share_asked)
            losses.append(loss)
            surprise += surprise_B.tolist()
            here = order[start : start + len(hidden_BTW)]
            start += len(here)
            if unrolls:
                if imagined := [row for row, i in enumerate(here) if i < len(unrolls)]:
                    groups.append((hidden_BTW[imagined], [unrolls[here[row]] for row in imagined]))
            else:
                loss.total.backward()  # type: ignore[no-untyped-call]
        tokens, figures = sum(batch.tokens for batch in batches), dict[str, float]()
        if unrolls:
            lesson = LatentLesson(self.model, self.config, unrolls, self._read_alone)
            latent, figures = lesson.loss(groups, self._generator(number))
            total = sum(loss.total for loss in losses)
            (total + self.config.latent_weight * latent).backward()  # type: ignore[no-untyped-call]
            tokens += lesson.tokens
        norm = torch.nn.utils.clip_grad_norm_(self.parameters(), MAX_NORM)
        self.optimizer.step(rate)
        by_sample = [value for _, value in sorted(zip(order, surprise, strict=True))]
        means = {
            part: _mean([float(getattr(loss, part)) for loss in losses], asked if part == "situation" else shares)
            for part in PARTS
        }
        return Lesson({**means, **figures, "rate": rate, "gradient_norm": float(norm)}, tokens, by_sample)

    def parameters(self) -> list[Tensor]:
        """Everything that is trained."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """The language model's parameters under their own names, and the latent part's."""
        yield from self.model.lm.named_parameters()
        if self.model.latent is not None:
            yield from self.model.latent.named_parameters(prefix="latent")

    def _generator(self, number: int) -> torch.Generator:
        return torch.Generator().manual_seed(self.config.seed * 1_000_003 + number)

    def _cast(self) -> torch.autocast:
        return torch.autocast(self.model.device.type, self.autocast or torch.float32, enabled=self.autocast is not None)

    def _hidden(self, batch: Batch) -> Tensor:
        with self._cast():
            return hidden_states(self.model.lm, batch)

    def _read_alone(self, texts: Sequence[Tokens]) -> Tensor:
        """The hidden states (N, W) at the ends of texts, each read as a row of its own, with positions from 0."""
        with self._cast():
            return self.model.hidden_at_end(texts)

    def _token_loss(
        self, batch: Batch, hidden_BTW: Tensor, share: float = 1.0, share_asked: float = 1.0
    ) -> tuple[TokenLoss, Tensor]:
        """The loss, and how much each transcript's last outcome surprised (B). The shares are the batch's parts of all
        outcomes, and of all situations that questions are about.
        """
        target_BT, role_BT = batch.ids_BT[:, 1:], batch.roles_BT[:, 1:]
        selected = self._trained(role_BT).flatten().nonzero().flatten()
        role_N, target_N = role_BT.flatten()[selected], target_BT.flatten()[selected]
        with self._cast():
            logits_NV = self.model.lm.get_output_embeddings()(hidden_BTW[:, :-1].flatten(0, 1)[selected])
        config = self.config
        block_BT = None if batch.block_BT is None else batch.block_BT[:, 1:]
        last_N = last_outcome(role_BT, block_BT).flatten()[selected]
        outcome_N = (role_N == Role.OUTCOME) * torch.where(last_N, 1.0, config.history_weight)
        loss = token_loss(
            logits_NV,
            target_N,
            outcome_N,
            role_N == Role.ACTION,
            (role_N == Role.DESIRE) | (role_N == Role.OBSERVATION),
            role_N == Role.SITUATION,
            outcome_weight=share * config.outcome_weight,
            action_weight=share * config.action_weight,
            language_weight=share * config.language_weight,
            situation_weight=share_asked * SITUATION_WEIGHT,
        )
        row_N = selected // role_BT.shape[1]
        surprise_B = loss.nll_N.new_zeros(len(role_BT)).index_add_(0, row_N, loss.nll_N * last_N)
        return loss, surprise_B

    def _trained(self, role_BT: Tensor) -> Tensor:
        config = self.config
        trained = torch.zeros_like(role_BT, dtype=torch.bool)
        for weight, roles in (
            (config.outcome_weight, (Role.OUTCOME,)),
            (config.action_weight, (Role.ACTION,)),
            (config.language_weight, (Role.DESIRE, Role.OBSERVATION)),
            (SITUATION_WEIGHT, (Role.SITUATION,)),
        ):
            if weight > 0:
                for role in roles:
                    trained |= role_BT == role
        return trained

    def _rate(self, number: int, progress: float) -> float:
        warm = min(1.0, (number + 1) / max(1, self.config.warmup_updates))
        return warm * max(LAST_RATE, min(1.0, (1.0 - progress) / self.config.cooling))


def count(batch: Batch, role: Role) -> int:
    """How many tokens of a role are to be predicted in a batch."""
    return int((batch.roles_BT[:, 1:] == role).sum())


def last_outcome(role_BT: Tensor, block_BT: Tensor | None = None) -> Tensor:
    """Which tokens are the outcome of the last action (boolean) of each row, or of each transcript in packed rows."""
    place_BT = torch.arange(role_BT.shape[1], device=role_BT.device).expand(role_BT.shape)
    row_B1 = torch.arange(len(role_BT), device=role_BT.device)[:, None]
    transcript_BT = row_B1.expand(role_BT.shape)
    if block_BT is not None:
        transcript_BT = row_B1 * (int(block_BT.max()) + 2) + block_BT + 1
    acted = (place_BT * (role_BT == Role.ACTION)).flatten()
    last = acted.new_zeros(int(transcript_BT.max()) + 1).scatter_reduce(0, transcript_BT.flatten(), acted, "amax")
    return (role_BT == Role.OUTCOME) & (place_BT > last[transcript_BT])


def _mean(values: Sequence[float], shares: Sequence[float]) -> float:
    """The weighted mean of the values that are there; ``nan`` if none is."""
    there = [(value, share) for value, share in zip(values, shares, strict=True) if value == value and share > 0]
    weight = sum(share for _, share in there)
    return sum(value * share for value, share in there) / weight if weight else math.nan


def _shares(counts: Sequence[int]) -> list[float]:
    """Each group's part of the whole, so that every outcome token counts the same whatever group it is in."""
    total = sum(counts)
    return [count / total if total else 1.0 / len(counts) for count in counts]


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


def autocast_dtype(precision: str, device: torch.device, width: int) -> torch.dtype | None:
    """bf16 where asked for, or where this machine multiplies bf16 matrices of this width faster; else ``None``."""
    if precision == "float32":
        return None
    if precision == "bfloat16":
        return torch.bfloat16
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
    fast = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if fast and width >= WIDE else None
