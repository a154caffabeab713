"""A batch of ragged branches says exactly what each would say alone."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from transformers import RwkvConfig, RwkvForCausalLM

from forethought.models import Model
from forethought.models.decoding import Rows, continue_branches

NEW = 10
STOP = 1
CONTEXTS, BRANCHES = (70, 3, 31, 9), ((1, 5, 2), (4,), (), (3, 7, 3))


def _ragged(model: Model, seed: int = 0) -> tuple[list[list[int]], list[list[list[int]]]]:
    rng, size = random.Random(seed), len(model.tokenizer)

    def some(count: int) -> list[int]:
        return [rng.randrange(5, size) for _ in range(count)]

    return [some(n) for n in CONTEXTS], [[some(n) for n in ns] for ns in BRANCHES]


def _alone(model: Model, prompt: list[int], stop: int = STOP) -> list[int]:
    """What transformers' own greedy generation says, without its end."""
    out = model.lm.generate(
        torch.tensor([prompt]), max_new_tokens=NEW, do_sample=False, eos_token_id=stop, pad_token_id=0
    )
    return out[0, len(prompt) :].tolist()


def test_a_batch_equals_plain_greedy_generation_one_by_one(either: Model) -> None:
    contexts, branches = _ragged(either)
    found = continue_branches(either.lm, contexts, branches, stop=STOP, pad=0, max_new=NEW)
    assert [len(of_context) for of_context in found] == [len(of_context) for of_context in branches]
    for context, of_context, continuations in zip(contexts, branches, found, strict=True):
        for branch, continuation in zip(of_context, continuations, strict=True):
            assert continuation.ids == _alone(either, context + branch)[: len(continuation.ids)]
            assert continuation.closed or len(continuation.ids) == NEW


def test_rows_that_end_early_leave_the_others_as_they_were(either: Model) -> None:
    contexts, branches = _ragged(either, 1)
    free = [c.ids for cs in continue_branches(either.lm, contexts, branches, stop=-1, pad=0, max_new=NEW) for c in cs]
    stop = free[0][2]
    found = [c for cs in continue_branches(either.lm, contexts, branches, stop=stop, pad=0, max_new=NEW) for c in cs]
    assert found[0].closed and not all(c.closed for c in found)
    for before, now in zip(free, found, strict=True):
        assert now.ids == (before[: before.index(stop)] if stop in before else before)
        assert now.closed == (stop in before)


def test_kept_logits_are_those_of_a_separate_forward(either: Model) -> None:
    contexts, branches = _ragged(either, 2)
    found = continue_branches(either.lm, contexts, branches, stop=STOP, pad=0, max_new=NEW, keep_logits=3)
    for context, of_context, continuations in zip(contexts, branches, found, strict=True):
        for branch, continuation in zip(of_context, continuations, strict=True):
            row = context + branch + continuation.ids
            with torch.no_grad():
                logits = either.lm(input_ids=torch.tensor([row]), use_cache=False).logits[0].float()
            assert len(continuation.logits) == min(3, len(continuation.ids) + continuation.closed)
            for place, kept in enumerate(continuation.logits, len(context + branch) - 1):
                assert torch.allclose(kept, logits[place], atol=2e-4, rtol=1e-4)


def test_sampling_repeats_with_the_same_generator_and_varies(either: Model) -> None:
    contexts, _ = _ragged(either, 3)

    def draw(seed: int) -> list[list[int]]:
        generator = torch.Generator().manual_seed(seed)
        found = continue_branches(
            either.lm, contexts[:1], [[contexts[0][-1:]] * 4], stop=STOP, pad=0, max_new=5, temperature=5.0,
            generator=generator,
        )  # fmt: skip
        return [c.ids for c in found[0]]

    assert draw(0) == draw(0) != draw(1)
    assert len({tuple(ids) for ids in draw(0)}) > 1


def test_nothing_asked_nothing_said(llama: Model) -> None:
    assert continue_branches(llama.lm, [[5, 6], [7]], [[], []], stop=STOP, pad=0, max_new=NEW) == [[], []]
    found = continue_branches(llama.lm, [[5, 6]], [[[7]]], stop=STOP, pad=0, max_new=0)
    assert found[0][0].ids == [] and not found[0][0].closed


@pytest.mark.parametrize("forms", [[[7, 8, 9], [7, 9], [10]], [[7, 8], [9, 8]]])
def test_settling_on_a_form_scores_it_whole_and_goes_on_from_it(either: Any, forms: list[list[int]]) -> None:
    contexts, _ = _ragged(either, 4)
    with torch.inference_mode():
        rows = Rows(either.lm, 0, contexts)
        likely_RF, best_R = rows.settle(forms)
        after = rows.continued([()] * len(contexts), stop=STOP, max_new=4)
    for r, context in enumerate(contexts):
        scores = []
        for form in forms:
            with torch.no_grad():
                logs = either.lm(input_ids=torch.tensor([context + form]), use_cache=False).logits[0].log_softmax(-1)
            scores.append(sum(float(logs[len(context) - 1 + t, token]) for t, token in enumerate(form)))
        expected = torch.tensor(scores).softmax(-1)
        assert torch.allclose(likely_RF[r], expected, atol=1e-4)
        assert int(best_R[r]) == int(expected.argmax())
        assert after[r].ids == _alone(either, context + forms[int(best_R[r])])[:4][: len(after[r].ids)]


def test_ragged_rows_of_a_model_that_heeds_no_mask_read_and_write_as_each_alone() -> None:
    torch.manual_seed(5)
    lm = RwkvForCausalLM(
        RwkvConfig(vocab_size=60, hidden_size=32, num_hidden_layers=2, attention_hidden_size=32)
    ).eval()
    with torch.no_grad():
        for weight in lm.parameters():
            weight.mul_(4 if weight.ndim == 2 else 1)
    rng = random.Random(6)
    contexts, branches = ([[rng.randrange(5, 60) for _ in range(n)] for n in ns] for ns in ((9, 3, 14), (2, 5, 1)))

    def after(ids: list[int]) -> torch.Tensor:
        return lm(input_ids=torch.tensor([ids]), use_cache=False).logits[0].float()

    with torch.inference_mode():
        rows = Rows(lm, 0, contexts)
        for context, logits_V in zip(contexts, rows.logits_RV, strict=True):
            assert torch.allclose(logits_V, after(context)[-1], atol=1e-4)
        rows.select(torch.tensor([2, 0]))
        rows.read([[7, 8], [9, 10]])
        logits_RTV = rows.read([branches[2], branches[1]], keep=2)
        short, long = contexts[2] + [7, 8] + branches[2], contexts[0] + [9, 10] + branches[1]
        assert torch.allclose(logits_RTV[0, 1:], after(short)[-1:], atol=1e-4)
        assert torch.allclose(logits_RTV[1], after(long)[-2:], atol=1e-4)
        found = continue_branches(lm, contexts, [[b] for b in branches], stop=-1, pad=0, max_new=4)
    for context, branch, of_context in zip(contexts, branches, found, strict=True):
        ids = context + branch
        for token in of_context[0].ids:
            assert token == int(after(ids)[-1].argmax())
            ids.append(token)
