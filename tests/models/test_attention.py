"""Our attention says what transformers' own says, and computes in float32 whatever comes in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from forethought.models import attention

B, H, T, D = 2, 4, 9, 8


def _module(groups: int = 1) -> Any:
    return SimpleNamespace(num_key_value_groups=groups, training=False)


def _qkv(kv_heads: int, dtype: torch.dtype = torch.float32, queries: int = T) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(0)
    shapes = ((B, H, queries, D), (B, kv_heads, T, D), (B, kv_heads, T, D))
    return tuple(torch.randn(shape).to(dtype) for shape in shapes)


def _by_hand(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    k, v = (x.repeat_interleave(H // x.shape[1], dim=1) for x in (k, v))
    scores = (q @ k.transpose(-1, -2) / D**0.5).masked_fill(~allowed, float("-inf"))
    return (scores.softmax(-1) @ v).transpose(1, 2)


@pytest.mark.parametrize("kv_heads", [4, 2, 1])
@pytest.mark.parametrize("masked", [False, True])
def test_equals_attention_written_out(kv_heads: int, masked: bool) -> None:
    q, k, v = _qkv(kv_heads)
    causal = torch.ones(T, T, dtype=torch.bool).tril()
    mask = causal & (torch.arange(T) != 2)[None] | torch.eye(T, dtype=torch.bool) if masked else None
    found, weights = attention.attention_in_float32(_module(H // kv_heads), q, k, v, mask)
    assert weights is None
    assert torch.allclose(found, _by_hand(q, k, v, causal if mask is None else mask), atol=1e-5)


def test_one_query_sees_every_key() -> None:
    q, k, v = _qkv(H, queries=1)
    found, _ = attention.attention_in_float32(_module(), q, k, v, None)
    assert torch.allclose(found, _by_hand(q, k, v, torch.ones(1, T, dtype=torch.bool)), atol=1e-5)


def test_computes_in_float32_under_autocast_and_gives_back_what_came() -> None:
    q, k, v = _qkv(H, torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        found, _ = attention.attention_in_float32(_module(), q, k, v, None)
    exact = _by_hand(q.float(), k.float(), v.float(), torch.ones(T, T, dtype=torch.bool).tril())
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, exact.to(torch.bfloat16)) or torch.allclose(found.float(), exact, atol=5e-3)


@pytest.mark.parametrize("kv_heads", [4, 2])
@pytest.mark.parametrize("padded", [False, True])
def test_a_llama_with_it_equals_one_with_sdpa(kv_heads: int, padded: bool) -> None:
    config = LlamaConfig(
        vocab_size=50, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=kv_heads,
    )  # fmt: skip
    torch.manual_seed(0)
    ours = LlamaForCausalLM._from_config(config, attn_implementation=attention.register()).eval()
    theirs = LlamaForCausalLM._from_config(config, attn_implementation="sdpa").eval()
    theirs.load_state_dict(ours.state_dict())
    ids, mask = torch.randint(0, 50, (3, 11)), torch.ones(3, 11, dtype=torch.long)
    if padded:
        mask[0, :4] = mask[1, :7] = 0
    places = (mask.cumsum(1) - 1).clamp(min=0)
    with torch.no_grad():
        left, right = (lm(input_ids=ids, attention_mask=mask, position_ids=places).logits for lm in (ours, theirs))
    real = mask.bool()
    assert torch.isfinite(left).all()
    assert torch.allclose(left[real], right[real], atol=1e-5)


def test_weights_in_half_precision_still_run() -> None:
    config = LlamaConfig(
        vocab_size=50, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=2,
    )  # fmt: skip
    lm = LlamaForCausalLM._from_config(config, attn_implementation=attention.register()).to(torch.bfloat16)
    assert torch.isfinite(lm(input_ids=torch.tensor([[1, 2, 3]])).logits).all()
