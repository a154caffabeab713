"""Heads that look back at the start: in the first layer all but one attend to the token so many places before.

Finding a fact that was told needs two steps: a token learns what stands before it, and a later layer looks for that
(an induction head: Olsson et al. 2022, arXiv:2209.11895). The first step is learned late and slowly; here it is there
from the start, as biases of query and key that rotary positions turn into a preference for one distance. Training may
undo it. Measured in docs/decisions/0008-heads-that-look-back.md.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

MARGIN = 3.0
"""By how many nats the wanted distance is preferred to its neighbours."""
SLOWEST = 0.01
"""Rotations slower than this, in radians per token, tell no distances apart and are left alone."""
CONTENT = 0.1
"""What is left at the start of the weights that look at contents in these heads."""


def look_back(lm: Any) -> None:
    """Sets the first layer of a Llama with biased attention (``attention_bias``): head h looks h + 1 tokens back.

    The last head stays free. d is the width of a head; rotary dimensions i and i + d/2 are a pair.
    """
    attention = lm.model.layers[0].self_attn
    turn_f: Tensor = lm.model.rotary_emb.inv_freq.detach().float().cpu()
    heads, half = lm.config.num_attention_heads, len(turn_f)
    fast_f = (turn_f >= SLOWEST).float()
    unit = float((fast_f * (1.0 - torch.cos(turn_f))).sum())
    size_f = fast_f * (MARGIN / unit * (2 * half) ** 0.5) ** 0.5
    with torch.no_grad():
        for head in range(heads - 1):
            rows = slice(2 * half * head, 2 * half * (head + 1))
            angle_f = turn_f * (head + 1)
            attention.k_proj.bias[rows] = torch.cat([size_f, torch.zeros(half)])
            attention.q_proj.bias[rows] = torch.cat([size_f * torch.cos(angle_f), -size_f * torch.sin(angle_f)])
            attention.k_proj.weight[rows] *= CONTENT
            attention.q_proj.weight[rows] *= CONTENT
