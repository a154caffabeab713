"""Each part of the token objective is a mean over its own tokens, and weighs what it is told to."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from forethought.objectives import token_loss

N, V = 10, 7


def _masks(outcome: int, action: int, language: int) -> tuple[torch.Tensor, ...]:
    """Disjoint masks over the N tokens with so many of each."""
    part_N = torch.tensor([0] * outcome + [1] * action + [2] * language + [3] * (N - outcome - action - language))
    return tuple(part_N == part for part in range(3))


def _given(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits_NV = torch.randn(N, V, generator=generator, requires_grad=True)
    target_N = torch.randint(0, V, (N,), generator=generator)
    return logits_NV, target_N, F.cross_entropy(logits_NV, target_N, reduction="none").detach()


def test_each_part_is_the_mean_over_its_own_tokens() -> None:
    logits_NV, target_N, nll_N = _given()
    loss = token_loss(logits_NV, target_N, *_masks(2, 5, 3), action_weight=0.2, language_weight=0.05)
    parts = [nll_N[:2].mean(), nll_N[2:7].mean(), nll_N[7:].mean()]
    assert [float(x) for x in (loss.outcome, loss.action, loss.language)] == pytest.approx([float(p) for p in parts])
    assert float(loss.total.detach()) == pytest.approx(float(parts[0] + 0.2 * parts[1] + 0.05 * parts[2]))


def test_the_number_of_actions_does_not_dilute_the_outcomes() -> None:
    """If this breaks, what training optimises has changed: do not fix the test."""
    logits_NV, target_N, _ = _given()
    gradients = []
    for actions in (1, 7):
        logits_NV.grad = None
        token_loss(logits_NV, target_N, *_masks(2, actions, 0)).total.backward()
        assert logits_NV.grad is not None
        gradients.append(logits_NV.grad[:2].clone())
    assert torch.allclose(*gradients)


@pytest.mark.parametrize(("outcome", "action", "language"), [(0, 4, 2), (4, 0, 2), (4, 4, 0)])
def test_a_part_without_tokens_contributes_nothing_and_is_nan_in_the_log(
    outcome: int, action: int, language: int
) -> None:
    logits_NV, target_N, _ = _given()
    loss = token_loss(logits_NV, target_N, *_masks(outcome, action, language), language_weight=1.0)
    told = [loss.outcome, loss.action, loss.language]
    assert [math.isnan(float(part)) for part in told] == [count == 0 for count in (outcome, action, language)]
    loss.total.backward()
    assert logits_NV.grad is not None and torch.isfinite(logits_NV.grad).all() and torch.isfinite(loss.total)


@pytest.mark.parametrize("selected", [0, N])
def test_nothing_to_learn_is_no_error_and_no_gradient(selected: int) -> None:
    logits_NV, target_N, _ = _given()
    loss = token_loss(logits_NV[:selected], target_N[:selected], *(mask[:selected] for mask in _masks(0, 0, 0)))
    loss.total.backward()
    assert float(loss.total.detach()) == 0 and logits_NV.grad is not None and not logits_NV.grad.any()


@pytest.mark.parametrize("off", ["outcome", "action", "language"])
def test_a_weight_of_zero_leaves_its_tokens_alone(off: str) -> None:
    logits_NV, target_N, _ = _given()
    weights = {f"{part}_weight": float(part != off) for part in ("outcome", "action", "language")}
    masks = dict(zip(("outcome", "action", "language"), _masks(3, 3, 3), strict=True))
    token_loss(logits_NV, target_N, *masks.values(), **weights).total.backward()
    assert logits_NV.grad is not None
    moved_N = logits_NV.grad.abs().sum(1) > 0
    assert torch.equal(moved_N, sum(mask for part, mask in masks.items() if part != off) > 0)


def test_half_precision_is_summed_in_full() -> None:
    logits_NV, target_N, nll_N = _given()
    loss = token_loss(logits_NV.to(torch.bfloat16), target_N, *_masks(N, 0, 0))
    assert loss.total.dtype == torch.float32
    assert float(loss.total.detach()) == pytest.approx(float(nll_N.mean()), rel=0.02)


def test_the_parts_in_the_log_carry_no_graph() -> None:
    logits_NV, target_N, _ = _given()
    loss = token_loss(logits_NV, target_N, *_masks(3, 3, 3))
    assert loss.total.requires_grad and not any(x.requires_grad for x in (loss.outcome, loss.action, loss.language))


def test_what_questions_are_about_is_a_part_of_its_own() -> None:
    logits_NV, target_N, nll_N = _given()
    outcome_N, situation_N, neither_N = _masks(4, 6, 0)
    loss = token_loss(logits_NV, target_N, outcome_N, neither_N, neither_N, situation_N, situation_weight=0.5)
    assert float(loss.situation) == pytest.approx(float(nll_N[4:].mean()))
    assert float(loss.total.detach()) == pytest.approx(float(nll_N[:4].mean() + 0.5 * nll_N[4:].mean()))
