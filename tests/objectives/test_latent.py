"""Latent objectives: what they are of known latents, and that minimising them does what they are for."""

from __future__ import annotations

import math

import pytest
import torch

from forethought.objectives.latent import (
    effective_rank,
    epps_pulley,
    inverse_dynamics_loss,
    prediction_loss,
    sigreg,
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_prediction_is_the_mean_squared_distance_and_trains_targets_only_if_it_may() -> None:
    predicted, target = torch.tensor([[1.0, 2.0]], requires_grad=True), torch.tensor([[1.0, 0.0]], requires_grad=True)
    loss = prediction_loss(predicted, target)
    loss.backward()
    assert float(loss.detach()) == 2.0 and target.grad is not None and target.grad.tolist() == [[0.0, -2.0]]
    held = prediction_loss(predicted, target, stop_gradient=True)
    target.grad = None
    held.backward()
    assert target.grad is None
    assert float(prediction_loss(torch.zeros(0, 4), torch.zeros(0, 4))) == 0.0
    with pytest.raises(ValueError, match=r"\(1, 2\) and target \(1, 3\)"):
        prediction_loss(torch.zeros(1, 2), torch.zeros(1, 3))


def test_epps_pulley_has_its_closed_form() -> None:
    """For the weight exp(-t^2/2): a double sum over pairs, a sum over points, and a constant."""
    x = torch.randn(40, generator=seeded()) * 1.7 + 0.3
    n = len(x)
    pairs = torch.exp(-((x[:, None] - x[None]) ** 2) / 2).sum() / n
    alone = math.sqrt(2) * torch.exp(-(x**2) / 4).sum()
    exact = math.sqrt(2 * math.pi) * (pairs - alone + n / math.sqrt(3))
    assert float(epps_pulley(x[:, None])[0]) == pytest.approx(float(exact), rel=1e-3)


def test_gaussian_latents_cost_about_one_and_others_in_proportion_to_their_number() -> None:
    gaussian = torch.randn(400, 16, generator=seeded())
    assert 0.1 < float(sigreg(gaussian, generator=seeded(1))) < 2.0
    for other in (torch.zeros(400, 16), 4 * gaussian, gaussian + 2.0, gaussian[:, :1].expand(-1, 16)):
        assert float(sigreg(other, generator=seeded(1))) > 10 * float(sigreg(gaussian, generator=seeded(1)))
    one, two = (float(sigreg(torch.zeros(n, 16), generator=seeded(1))) for n in (100, 200))
    assert two == pytest.approx(2 * one, rel=1e-5)
    assert float(sigreg(torch.zeros(0, 16))) == 0.0
    with pytest.raises(ValueError, match=r"\(4,\); expected \(N, D\)"):
        sigreg(torch.zeros(4))


def test_the_same_generator_gives_the_same_directions() -> None:
    latent = torch.randn(50, 8, generator=seeded())
    assert float(sigreg(latent, generator=seeded(3))) == float(sigreg(latent, generator=seeded(3)))
    assert float(sigreg(latent, generator=seeded(3))) != float(sigreg(latent, generator=seeded(4)))


def test_minimising_it_spreads_latents_that_had_all_but_collapsed() -> None:
    latent = (torch.randn(128, 8, generator=seeded()) * torch.tensor([1.0] + [0.01] * 7)).requires_grad_()
    before = effective_rank(latent)
    optimizer = torch.optim.Adam([latent], lr=0.05)
    generator = seeded(2)
    for _ in range(150):
        optimizer.zero_grad()
        sigreg(latent, 64, generator).backward()
        optimizer.step()
    assert before < 2 and effective_rank(latent) > 7.5
    assert latent.std(0).detach().numpy() == pytest.approx(1.0, abs=0.25)


def test_the_action_is_found_by_who_knows_it() -> None:
    action, which = torch.eye(12), torch.tensor([3, 3, 0, 11])
    assert float(inverse_dynamics_loss(action[which], action, which)) < 0.01
    assert float(inverse_dynamics_loss(torch.zeros(4, 12), action, which)) == pytest.approx(math.log(12))
    assert float(inverse_dynamics_loss(torch.zeros(0, 12), action, which[:0])) == 0.0


def test_the_effective_rank_counts_directions() -> None:
    basis = torch.linalg.qr(torch.randn(64, 8, generator=seeded())).Q
    centred = basis - basis.mean(0)
    assert effective_rank(torch.linalg.qr(centred).Q) == pytest.approx(8, abs=0.1)
    assert effective_rank(basis[:, :1].expand(-1, 8)) == pytest.approx(1, abs=1e-3)
    assert effective_rank(torch.ones(5, 8)) == pytest.approx(1, abs=1e-3)
