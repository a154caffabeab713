"""How likely a model finds each candidate action: its proposal prior, scored exactly.

Shapes: C contexts, R rows (all candidates of all contexts), T tokens, V vocabulary.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import DynamicCache

from forethought.errors import BadSetting
from forethought.models import Model
from forethought.planning import Situation
from forethought.training.live import Chooser
from forethought.transcript import Role


def action_likelihoods(model: Model, situations: Sequence[Situation], rows: int = 256) -> list[list[float]]:
    """Log-probability (nats) of every candidate of every situation, its end included; at most ``rows`` at once.

    Each context is read once and its cache shared by its candidates; a recurrent model reads each row whole.
    """
    found: list[list[float]] = []
    part: list[Situation] = []
    for situation in situations:
        if part and sum(len(s.candidates) for s in part) + len(situation.candidates) > rows:
            found += _likelihoods(model, part)
            part = []
        part.append(situation)
    return found + _likelihoods(model, part)


def likeliest(model: Model) -> Chooser:
    """Chooses the candidate that the model itself finds likeliest: the policy without any imagination."""

    def choose(situations: Sequence[Situation], _: random.Random) -> list[str]:
        if not all(situation.candidates for situation in situations):
            raise BadSetting("a situation lists no candidate actions; the likeliest of them cannot be chosen")
        found = action_likelihoods(model, situations)
        return [s.candidates[scores.index(max(scores))] for s, scores in zip(situations, found, strict=True)]

    return choose


@torch.inference_mode()
def _likelihoods(model: Model, situations: Sequence[Situation]) -> list[list[float]]:
    owners = [c for c, situation in enumerate(situations) for _ in situation.candidates]
    if not owners:
        return [[] for _ in situations]
    actions = [_action_ids(model, action) for situation in situations for action in situation.candidates]
    contexts = [situation.context.ids for situation in situations]
    model.lm.eval()
    if getattr(model.lm, "_is_stateful", False):
        logits_RTV = _whole(model, [contexts[c] for c in owners], actions)
    else:
        logits_RTV = _shared(model, contexts, owners, actions)
    scores: list[list[float]] = [[] for _ in situations]
    for r, (c, action) in enumerate(zip(owners, actions, strict=True)):
        logs_TV = logits_RTV[r, : len(action)].float().log_softmax(-1)
        scores[c].append(float(logs_TV.gather(1, torch.tensor(action, device=model.device)[:, None]).sum()))
    return scores


def _action_ids(model: Model, action: str) -> list[int]:
    tokens = model.transcript.action(action)
    return [i for i, role in zip(tokens.ids, tokens.roles, strict=True) if role == Role.ACTION]


def _shared(model: Model, contexts: list[list[int]], owners: list[int], actions: list[list[int]]) -> Tensor:
    """The logits before each action token, with each context (but its last token) read once."""
    pad, device = model.tokenizer.pad_token_id, model.device
    width = max(len(context) for context in contexts) - 1
    ids_CT = torch.tensor([[pad] * (width + 1 - len(c)) + c[:-1] for c in contexts], device=device)
    mask_CT = torch.tensor([[0] * (width + 1 - len(c)) + [1] * (len(c) - 1) for c in contexts], device=device)
    cache = DynamicCache(config=model.lm.config)
    place_CT = (mask_CT.cumsum(1) - 1).clamp(min=0)
    model.lm(input_ids=ids_CT, attention_mask=mask_CT, position_ids=place_CT, past_key_values=cache, use_cache=True,
             logits_to_keep=1)  # fmt: skip
    index_R = torch.tensor(owners, device=device)
    cache.batch_select_indices(index_R)
    pieces = [[contexts[c][-1], *action[:-1]] for c, action in zip(owners, actions, strict=True)]
    longest = max(len(piece) for piece in pieces)
    ids_RT = torch.tensor([piece + [pad] * (longest - len(piece)) for piece in pieces], device=device)
    mask_RT = torch.cat([mask_CT[index_R], torch.ones_like(ids_RT)], dim=1)
    place_RT = mask_CT.sum(1)[index_R][:, None] + torch.arange(longest, device=device)
    out = model.lm(
        input_ids=ids_RT, attention_mask=mask_RT, position_ids=place_RT, past_key_values=cache, use_cache=True
    )
    logits_RTV: Tensor = out.logits
    return logits_RTV


def _whole(model: Model, contexts: list[list[int]], actions: list[list[int]]) -> Tensor:
    """The same for models whose state cannot be shared: every row read from its beginning, right-padded."""
    pad = model.tokenizer.pad_token_id
    rows = [[*context, *action[:-1]] for context, action in zip(contexts, actions, strict=True)]
    longest, most = max(len(row) for row in rows), max(len(action) for action in actions)
    ids_RT = torch.tensor([row + [pad] * (longest - len(row)) for row in rows], device=model.device)
    logits_RTV = model.lm(input_ids=ids_RT, use_cache=False).logits
    starts_R = torch.tensor([len(context) - 1 for context in contexts], device=model.device)
    at_RT = (starts_R[:, None] + torch.arange(most, device=model.device)).clamp(max=longest - 1)
    picked_RTV: Tensor = logits_RTV[torch.arange(len(rows), device=model.device)[:, None], at_RT]
    return picked_RTV
