"""Heads of the first layer look back from the start."""

from __future__ import annotations

import pytest
import torch

from forethought.models import Model


@pytest.mark.parametrize("size", ["nano", "tiny", "small"])
def test_each_head_but_the_last_attends_so_many_tokens_back(size: str) -> None:
    lm = Model.from_scratch(size).lm
    lm.set_attn_implementation("eager")
    ids_BT = torch.randint(10, lm.config.vocab_size, (2, 150), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        first, second = lm(input_ids=ids_BT, output_attentions=True).attentions[:2]
    heads = lm.config.num_attention_heads
    for head in range(heads):
        looked = first[:, head, 20:].diagonal(20 - head - 1, dim1=1, dim2=2).mean()
        assert bool(looked > 0.6) is (head < heads - 1)
    assert second.diagonal(-1, dim1=2, dim2=3).mean() < 0.2


def test_recurrent_models_are_left_as_they_are() -> None:
    model = Model.from_scratch("nano", architecture="mamba2")
    assert not hasattr(model.lm.config, "attention_bias")
