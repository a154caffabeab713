"""Padding and packing change nothing about what a model says of each transcript."""

from __future__ import annotations

import random

import pytest
import torch

from forethought.errors import BadSetting
from forethought.models import Model
from forethought.training.batches import Batch, pack, pad, pad_in_groups
from forethought.training.learner import hidden_states
from forethought.transcript import Role, Tokens

PAD = 0
LENGTHS = (5, 17, 9, 1, 12, 17, 3)


def _samples(size: int = 400) -> list[Tokens]:
    rng = random.Random(0)
    return [
        Tokens([rng.randrange(5, size) for _ in range(n)], [rng.randrange(1, len(Role)) for _ in range(n)])
        for n in LENGTHS
    ]


def _logits(model: Model, batch: Batch) -> torch.Tensor:
    with torch.no_grad():
        logits_BTV: torch.Tensor = model.lm.get_output_embeddings()(hidden_states(model.lm, batch))
    return logits_BTV


def _alone(model: Model, sample: Tokens) -> torch.Tensor:
    with torch.no_grad():
        logits_TV: torch.Tensor = model.lm(input_ids=torch.tensor([sample.ids]), use_cache=False).logits[0]
    return logits_TV


@pytest.mark.parametrize("left", [False, True])
def test_padding_keeps_ids_and_roles_and_counts_no_padding(left: bool) -> None:
    samples = _samples()
    batch = pad(samples, PAD, left)
    assert batch.ids_BT.shape == batch.roles_BT.shape == (len(samples), max(LENGTHS))
    assert batch.tokens == sum(LENGTHS)
    for row, roles, sample in zip(batch.ids_BT.tolist(), batch.roles_BT.tolist(), samples, strict=True):
        gap = max(LENGTHS) - len(sample)
        kept, rest = (slice(gap, None), slice(0, gap)) if left else (slice(0, len(sample)), slice(len(sample), None))
        assert (row[kept], roles[kept]) == (sample.ids, sample.roles)
        assert set(row[rest]) <= {PAD} and set(roles[rest]) <= {Role.CONTEXT}


def test_rows_padded_on_the_right_say_what_each_says_alone(model: Model) -> None:
    samples = _samples()
    logits_BTV = _logits(model, pad(samples, PAD))
    for row_TV, sample in zip(logits_BTV, samples, strict=True):
        assert torch.allclose(row_TV[: len(sample)], _alone(model, sample), atol=1e-4)


@pytest.mark.parametrize("groups", [1, 2, 3, 100])
def test_groups_cover_every_sample_once_and_lessen_padding(groups: int) -> None:
    samples = _samples()
    batches = list(pad_in_groups(samples, PAD, groups))
    assert len(batches) <= groups and sum(batch.tokens for batch in batches) == sum(LENGTHS)
    found = [[i for i in row if i != PAD] for batch in batches for row in batch.ids_BT.tolist()]
    assert sorted(found) == sorted(sample.ids for sample in samples)
    assert sum(batch.ids_BT.numel() for batch in batches) <= pad(samples, PAD).ids_BT.numel()


def test_packed_transcripts_are_blind_to_each_other(model: Model) -> None:
    samples = _samples()
    batch = pack(samples, PAD, width=20)
    assert batch.block_BT is not None and batch.tokens == sum(LENGTHS)
    assert len(batch.ids_BT) < len(samples) and batch.ids_BT.shape[1] == 20
    logits_BTV, left = _logits(model, batch), [(sample.ids, sample.roles) for sample in samples]
    for b, blocks in enumerate(batch.block_BT):
        for block in range(int(blocks.max()) + 1):
            here = blocks == block
            ids, roles = batch.ids_BT[b, here].tolist(), batch.roles_BT[b, here].tolist()
            left.remove((ids, roles))
            assert torch.allclose(logits_BTV[b, here], _alone(model, Tokens(ids, roles)), atol=1e-4)
    assert not left, "every transcript is packed, once"


def test_a_transcript_that_does_not_fit_is_refused() -> None:
    with pytest.raises(BadSetting, match="a transcript of 17 tokens; expected at most the packing width of 16"):
        pack(_samples(), PAD, width=16)
