"""Attention in float32 under bf16 autocast: on CPUs its bf16 backward costs more than all matrix products together.

Measured with torch 2.13 on one shared core of a Xeon with AMX, ``nano``: 7.6 k tokens per second with everything in
bf16, 9.4 k in float32, 10.6 k with bf16 matrix products and this (benchmarks/results/throughput.json).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AttentionInterface

NAME = "forethought_sdpa"


def attention_in_float32(
    module: nn.Module,
    query_BhTd: Tensor,
    key_BhTd: Tensor,
    value_BhTd: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Tensor, None]:
    """Scaled dot-product attention, in float32 on a CPU and given back in the precision that came (B batch, h heads,
    T tokens, d head width).
    """
    dtype = query_BhTd.dtype
    groups = getattr(module, "num_key_value_groups", 1)
    if groups > 1:
        key_BhTd = key_BhTd.repeat_interleave(groups, dim=1)
        value_BhTd = value_BhTd.repeat_interleave(groups, dim=1)
    if query_BhTd.device.type == "cpu":
        query_BhTd, key_BhTd, value_BhTd = query_BhTd.float(), key_BhTd.float(), value_BhTd.float()
    if attention_mask is not None and attention_mask.dtype != torch.bool:
        attention_mask = attention_mask.to(query_BhTd.dtype)
    causal = attention_mask is None and query_BhTd.shape[2] > 1
    with torch.autocast(query_BhTd.device.type, enabled=False):
        out_BhTd = F.scaled_dot_product_attention(
            query_BhTd,
            key_BhTd,
            value_BhTd,
            attn_mask=attention_mask,
            dropout_p=dropout if module.training else 0.0,
            is_causal=causal,
            scale=scaling,
        )
    return out_BhTd.transpose(1, 2).contiguous().to(dtype), None


def register() -> str:
    """Makes the function known to transformers (with SDPA's way of building masks) and returns its name."""
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask

    AttentionInterface.register(NAME, attention_in_float32)
    ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, sdpa_mask)
    return NAME
