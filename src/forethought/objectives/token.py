"""The token objective: predict the outcomes of actions, and beside them the actions and the language.

N selected tokens, V vocabulary.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class TokenLoss(NamedTuple):
    """The loss to minimise, its parts for the log (mean nats per token; ``nan`` where a part has no token), and the
    nats of each of the N tokens.
    """

    total: Tensor
    outcome: Tensor
    action: Tensor
    language: Tensor
    situation: Tensor
    nll_N: Tensor


def token_loss(
    logits_NV: Tensor,
    target_N: Tensor,
    outcome_N: Tensor,
    action_N: Tensor,
    language_N: Tensor,
    situation_N: Tensor | None = None,
    *,
    outcome_weight: float = 1.0,
    action_weight: float = 0.2,
    language_weight: float = 0.0,
    situation_weight: float = 0.0,
) -> TokenLoss:
    """Sum of four weighted means, each normalised by its own number of tokens: nats per outcome token, per action
    token, per token of desire and observation, and per token of the situation that a question is about.

    The masks over the N selected tokens are disjoint, boolean or weights from 0 to 1 (then the means are weighted). A
    part without tokens contributes nothing.
    """
    nll_N = F.cross_entropy(logits_NV.float(), target_N, reduction="none")
    situation_N = torch.zeros_like(target_N, dtype=torch.bool) if situation_N is None else situation_N
    parts = [_mean(nll_N, mask_N) for mask_N in (outcome_N, action_N, language_N, situation_N)]
    weights = (outcome_weight, action_weight, language_weight, situation_weight)
    nothing = nll_N[:0].sum()  # a zero that can still be differentiated, for when no part has a token
    total = sum((w * torch.nan_to_num(part) for w, part in zip(weights, parts, strict=True)), nothing)
    outcome, action, language, situation = (part.detach() for part in parts)
    return TokenLoss(total, outcome, action, language, situation, nll_N.detach())


def _mean(nll_N: Tensor, mask_N: Tensor) -> Tensor:
    count = mask_N.sum()
    return (nll_N * mask_N).sum() / count if count else nll_N.new_full((), float("nan"))
