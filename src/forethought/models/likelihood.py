"""How likely a language model finds each of several continuations, scored exactly.

Shapes: C contexts, R rows (all branches of all contexts), T tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from forethought.models.decoding import Ids

ROWS = 256
"""Branches that are scored at once."""


def likelihoods(
    lm: Any, contexts: Sequence[Ids], branches: Sequence[Sequence[Ids]], *, pad: int, rows: int = ROWS
) -> list[list[float]]:
    """Log-probability (nats) of every branch of every context, at most about ``rows`` branches at once.

    Each context is read once and its cache shared by its branches; a recurrent model reads each row whole.
    """
    found: list[list[float]] = []
    first = 0
    for last in range(1, len(contexts) + 1):
        together = sum(map(len, branches[first : last + 1]))
        if last == len(contexts) or together > rows:
            found += _scored(lm, contexts[first:last], branches[first:last], pad)
            first = last
    return found


@torch.inference_mode()
def _scored(lm: Any, contexts: Sequence[Ids], branches: Sequence[Sequence[Ids]], pad: int) -> list[list[float]]:
    owners = [c for c, of_context in enumerate(branches) for _ in of_context]
    if not owners:
        return [[] for _ in contexts]
    flat = [list(branch) for of_context in branches for branch in of_context]
    if getattr(lm, "_is_stateful", False):
        logits_RTV = _whole(lm, [list(contexts[c]) for c in owners], flat, pad)
    else:
        logits_RTV = _shared(lm, [list(context) for context in contexts], owners, flat, pad)
    scores: list[list[float]] = [[] for _ in contexts]
    for r, (c, branch) in enumerate(zip(owners, flat, strict=True)):
        logs_TV = logits_RTV[r, : len(branch)].float().log_softmax(-1)
        at_T1 = torch.tensor(branch, device=logs_TV.device)[:, None]
        scores[c].append(float(logs_TV.gather(1, at_T1).sum()))
    return scores


def _shared(lm: Any, contexts: list[list[int]], owners: list[int], branches: list[list[int]], pad: int) -> Tensor:
    """The logits before each branch's tokens, with each context (but its last token) read once."""
    from transformers import DynamicCache

    device = lm.get_input_embeddings().weight.device
    width = max(len(context) for context in contexts) - 1
    ids_CT = torch.tensor([[pad] * (width + 1 - len(c)) + c[:-1] for c in contexts], device=device)
    mask_CT = torch.tensor([[0] * (width + 1 - len(c)) + [1] * (len(c) - 1) for c in contexts], device=device)
    cache = DynamicCache(config=lm.config)
    place_CT = (mask_CT.cumsum(1) - 1).clamp(min=0)
    lm(input_ids=ids_CT, attention_mask=mask_CT, position_ids=place_CT, past_key_values=cache, use_cache=True,
       logits_to_keep=1)  # fmt: skip
    index_R = torch.tensor(owners, device=device)
    cache.batch_select_indices(index_R)
    pieces = [[contexts[c][-1], *branch[:-1]] for c, branch in zip(owners, branches, strict=True)]
    longest = max(len(piece) for piece in pieces)
    ids_RT = torch.tensor([piece + [pad] * (longest - len(piece)) for piece in pieces], device=device)
    mask_RT = torch.cat([mask_CT[index_R], torch.ones_like(ids_RT)], dim=1)
    place_RT = mask_CT.sum(1)[index_R][:, None] + torch.arange(longest, device=device)
    out = lm(input_ids=ids_RT, attention_mask=mask_RT, position_ids=place_RT, past_key_values=cache, use_cache=True)
    logits_RTV: Tensor = out.logits
    return logits_RTV


def _whole(lm: Any, contexts: list[list[int]], branches: list[list[int]], pad: int) -> Tensor:
    """The same for models whose state cannot be shared: every row read from its beginning, right-padded."""
    device = lm.get_input_embeddings().weight.device
    rows = [[*context, *branch[:-1]] for context, branch in zip(contexts, branches, strict=True)]
    longest, most = max(len(row) for row in rows), max(len(branch) for branch in branches)
    ids_RT = torch.tensor([row + [pad] * (longest - len(row)) for row in rows], device=device)
    logits_RTV = lm(input_ids=ids_RT, use_cache=False).logits
    starts_R = torch.tensor([len(context) - 1 for context in contexts], device=device)
    at_RT = (starts_R[:, None] + torch.arange(most, device=device)).clamp(max=longest - 1)
    picked_RTV: Tensor = logits_RTV[torch.arange(len(rows), device=device)[:, None], at_RT]
    return picked_RTV
