"""Heads that look facts up from the start: they look back in the first layer, and for what is alike in the second.

Finding a fact that was told needs two steps: a token learns what stands before it, and a later layer looks for that
(an induction head: Olsson et al. 2022, arXiv:2209.11895). Both steps are learned late and slowly, because neither is of
use before the other; here they are there from the start, and training may undo them. Measured in
docs/decisions/0008-heads-that-look-back.md.

D is the width, h heads, d that of a head; rotary dimensions i and i + d/2 are a pair.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

MARGIN = 3.0
"""By how many nats the wanted distance is preferred to its neighbours."""
SLOWEST = 0.01
"""Rotations slower than this, in radians per token, tell no distances apart and are left alone."""
STILL = 0.005
"""Rotations slower than this hardly turn over a transcript: what is alike is alike at any distance."""
CONTENT = 0.1
"""What is left at the start of the weights that look at contents in these heads."""
QUIET, BESIDE = 0.25, 0.7
"""About how large what a layer writes is at the start, against an embedding; and what a head writes that looks back."""
ALIKE = 10.0
"""By how many nats what is alike is preferred to what is not, if it could be told exactly."""


def look_up(lm: Any) -> None:
    """Sets the first two layers of a Llama with biased attention (``attention_bias``); the rest begins quietly.

    In the first, head h looks h + 1 tokens back and writes what it finds there beside the token; the last head is
    free. In the second, head h looks for a token that has what it is itself h + 1 tokens before it; the last looks for
    a token like itself. Draws from torch's global random state.
    """
    quiet = QUIET / lm.config.hidden_size**0.5
    with torch.no_grad():
        for layer in lm.model.layers:
            layer.self_attn.o_proj.weight *= quiet
            layer.mlp.down_proj.weight *= quiet
        _look_back(lm)
        _look_for_likes(lm)


def _look_back(lm: Any) -> None:
    attention, turn_f, heads = _parts(lm, 0)
    half = len(turn_f)
    fast_f = (turn_f >= SLOWEST).float()
    unit = float((fast_f * (1.0 - torch.cos(turn_f))).sum())
    size_f = fast_f * (MARGIN / unit * (2 * half) ** 0.5) ** 0.5
    for head in range(heads - 1):
        rows = slice(2 * half * head, 2 * half * (head + 1))
        angle_f = turn_f * (head + 1)
        attention.k_proj.bias[rows] = torch.cat([size_f, torch.zeros(half)])
        attention.q_proj.bias[rows] = torch.cat([size_f * torch.cos(angle_f), -size_f * torch.sin(angle_f)])
        attention.k_proj.weight[rows] *= CONTENT
        attention.q_proj.weight[rows] *= CONTENT


def _look_for_likes(lm: Any) -> None:
    writer, _, heads = _parts(lm, 0)
    reader, turn_f, _ = _parts(lm, 1)
    half, width = len(turn_f), lm.config.hidden_size
    still = (turn_f < STILL).nonzero().flatten()
    used = torch.cat([still, still + half])
    whole = 1 + (heads - 1) * BESIDE**2  # squared size of a token with what is written beside it; an embedding has 1
    wanted = ALIKE * (2 * half) ** 0.5 * whole / len(used)
    written = BESIDE / (2 * half) ** 0.5
    basis_hdD = torch.linalg.qr(torch.randn(width, width))[0].T.reshape(heads, 2 * half, width)
    content_dD = basis_hdD[-1]  # where likeness is looked for; what the other heads write stays out of it
    for head in range(heads):
        rows, place = slice(2 * half * head, 2 * half * (head + 1)), 2 * half * head + used
        reader.q_proj.weight[rows] *= CONTENT
        reader.k_proj.weight[rows] *= CONTENT
        size = wanted**0.5
        if head < heads - 1:
            writer.v_proj.weight[rows] = content_dD
            writer.o_proj.weight[:, rows] = written * basis_hdD[head].T
            size /= (written * width**0.5) ** 0.5
        reader.q_proj.weight[place] = size * content_dD[: len(used)]
        reader.k_proj.weight[place] = size * basis_hdD[head][: len(used)]


def _parts(lm: Any, layer: int) -> tuple[Any, Tensor, int]:
    """A layer's attention, its rotations in radians per token, and its number of heads."""
    turn_f: Tensor = lm.model.rotary_emb.inv_freq.detach().float().cpu()
    return lm.model.layers[layer].self_attn, turn_f, lm.config.num_attention_heads
