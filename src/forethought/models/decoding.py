"""Batched greedy continuation with a shared prefix for the branches of each context.

Shapes: R rows (all branches of all contexts), T tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

Ids = Sequence[int]


@dataclass(slots=True)
class Continuation:
    """What followed one branch: the new ids (without the closing token) and the logits before each of the first ones."""

    ids: list[int] = field(default_factory=list)
    logits: list[Tensor] = field(default_factory=list)
    closed: bool = False


@torch.inference_mode()
def continue_branches(
    lm: Any,
    contexts: Sequence[Ids],
    branches: Sequence[Sequence[Ids]],
    *,
    stop: int,
    pad: int,
    max_new: int,
    keep_logits: int = 0,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> list[list[Continuation]]:
    """Continues every branch of every context, greedily (or by sampling), until ``stop`` or ``max_new`` tokens.

    Each context is read once and its cache shared by its branches; stateful (recurrent) models read each branch
    whole. ``keep_logits`` keeps the V logits before each of the first so many new tokens.
    """
    rows = [(c, branch) for c, of_context in enumerate(branches) for branch in of_context]
    out = [Continuation() for _ in rows]
    if not rows:
        return [[] for _ in contexts]
    device = next(lm.parameters()).device
    if getattr(lm, "_is_stateful", False):
        whole = [[*contexts[c], *branch] for c, branch in rows]
        state = _read(lm, None, whole, None, None, pad, device)
    else:
        used = sorted({c for c, _ in rows})
        state = _read(lm, None, [contexts[c] for c in used], None, None, pad, device)
        at = {c: i for i, c in enumerate(used)}
        index = torch.tensor([at[c] for c, _ in rows], device=device)
        cache, mask_RT, length_R, _ = state
        cache.batch_select_indices(index)
        state = _read(lm, cache, [branch for _, branch in rows], mask_RT[index], length_R[index], pad, device)
    cache, mask_RT, length_R, logits_RV = state
    alive = torch.arange(len(rows), device=device)
    for step in range(max_new):
        choice_R = _choose(logits_RV, temperature, generator)
        chosen = choice_R.tolist()
        for row, token, r in zip(alive.tolist(), chosen, range(len(chosen)), strict=True):
            if step < keep_logits:
                out[row].logits.append(logits_RV[r])
            if token == stop:
                out[row].closed = True
            else:
                out[row].ids.append(token)
        if step == max_new - 1:
            break
        going = (choice_R != stop).nonzero().flatten()
        if going.numel() == 0:
            break
        if going.numel() < choice_R.numel():
            alive, choice_R, mask_RT, length_R = alive[going], choice_R[going], mask_RT[going], length_R[going]
            _select(cache, going)
        mask_RT = torch.cat([mask_RT, mask_RT.new_ones(len(mask_RT), 1)], dim=1)
        logits_RV = _forward(lm, choice_R[:, None], mask_RT, length_R[:, None], cache)
        length_R = length_R + 1
    grouped: list[list[Continuation]] = [[] for _ in contexts]
    for (c, _), continuation in zip(rows, out, strict=True):
        grouped[c].append(continuation)
    return grouped


def _read(
    lm: Any, cache: Any, pieces: Sequence[Ids], mask_RT: Tensor | None, length_R: Tensor | None, pad: int, device: Any
) -> tuple[Any, Tensor, Tensor, Tensor]:
    """Reads one piece a row (left-padded) on top of a cache; returns cache, mask, lengths and the last logits."""
    width = max(1, *(len(piece) for piece in pieces))
    ids_RT = torch.tensor([[pad] * (width - len(p)) + list(p) for p in pieces], device=device)
    new_RT = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in pieces], device=device)
    base_R1 = 0 if length_R is None else length_R[:, None]
    position_RT = (new_RT.cumsum(1) - 1).clamp(min=0) + base_R1
    mask_RT = new_RT if mask_RT is None else torch.cat([mask_RT, new_RT], dim=1)
    if cache is None:
        cache = _new_cache(lm)
    logits_RV = _forward(lm, ids_RT, mask_RT, position_RT, cache)
    lengths = new_RT.sum(1) if length_R is None else length_R + new_RT.sum(1)
    return cache, mask_RT, lengths, logits_RV


def _new_cache(lm: Any) -> Any:
    from transformers import DynamicCache

    return DynamicCache(config=lm.config)


def _forward(lm: Any, ids_RT: Tensor, mask_RT: Tensor, position_RT: Tensor, cache: Any) -> Tensor:
    extra = {} if getattr(lm, "_is_stateful", False) else {"position_ids": position_RT}
    mask = mask_RT if not bool(mask_RT.all()) else None
    out = lm(
        input_ids=ids_RT, attention_mask=mask, past_key_values=cache, use_cache=True, logits_to_keep=1, **extra
    )
    logits: Tensor = out.logits[:, -1].float()
    return logits


def _select(cache: Any, index: Tensor) -> None:
    cache.batch_select_indices(index)


def _choose(logits_RV: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
    if temperature <= 0:
        return logits_RV.argmax(-1)
    return torch.multinomial((logits_RV / temperature).softmax(-1), 1, generator=generator).flatten()
