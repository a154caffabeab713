"""Heads that look facts up from the start: so many tokens back, and then for what is alike."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from forethought.models import Model

SIZES = ["nano", "tiny", "small"]


def attentions(lm: Any, ids_BT: Tensor) -> tuple[Tensor, ...]:
    lm.set_attn_implementation("eager")
    with torch.inference_mode():
        found: tuple[Tensor, ...] = lm(input_ids=ids_BT, output_attentions=True).attentions
    return found


@pytest.mark.parametrize("size", SIZES)
def test_each_head_of_the_first_layer_but_the_last_attends_so_many_tokens_back(size: str) -> None:
    lm = Model.from_scratch(size).lm
    ids_BT = torch.randint(10, lm.config.vocab_size, (2, 150), generator=torch.Generator().manual_seed(0))
    first, second = attentions(lm, ids_BT)[:2]
    heads = lm.config.num_attention_heads
    for head in range(heads):
        looked = first[:, head, 20:].diagonal(20 - head - 1, dim1=1, dim2=2).mean()
        assert bool(looked > 0.6) is (head < heads - 1)
    assert second.diagonal(-1, dim1=2, dim2=3).mean() < 0.2


@pytest.mark.parametrize("size", SIZES)
def test_heads_of_the_second_layer_attend_to_what_stands_after_a_likeness_and_the_last_to_the_likeness(
    size: str,
) -> None:
    lm = Model.from_scratch(size).lm
    heads, length, told = lm.config.num_attention_heads, 150, 20
    rows = [torch.randperm(lm.config.vocab_size - 10, generator=torch.Generator().manual_seed(i)) for i in range(20)]
    ids_BT = torch.stack([row[:length] + 10 for row in rows])
    ids_BT[:, -1] = ids_BT[:, told]  # everything else is there once
    second = attentions(lm, ids_BT)[1][:, :, -1].mean(0)
    for head in range(heads - 1):
        after = second[head, told + head + 1]
        assert after > 0.1 and after == second[head].max()
    assert second[-1, told] > 0.1 and set(second[-1].topk(2).indices.tolist()) == {told, length - 1}


def test_the_same_seed_gives_the_same_heads() -> None:
    one, other, another = (Model.from_scratch("nano", seed=seed) for seed in (0, 0, 1))
    assert one.fingerprint() == other.fingerprint() != another.fingerprint()


def test_recurrent_models_are_left_as_they_are() -> None:
    model = Model.from_scratch("nano", architecture="mamba2")
    assert not hasattr(model.lm.config, "attention_bias")
