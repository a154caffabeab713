from __future__ import annotations

import pytest
import torch
from torch import Tensor

from forethought.training.muon import Muon, orthogonal

SHAPES = ((16, 16), (24, 16), (16, 24), (16, 16), (8, 40))


def weights() -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator).requires_grad_() for shape in SHAPES]


def steps(made: torch.optim.Optimizer, matrices: list[Tensor], count: int) -> None:
    generator = torch.Generator().manual_seed(1)
    for _ in range(count):
        for matrix in matrices:
            matrix.grad = torch.randn(matrix.shape, generator=generator)
        made.step()


def test_as_torch_s_own_but_for_rounding() -> None:
    ours, theirs = weights(), weights()
    steps(Muon(ours, lr=0.02, weight_decay=0.1, momentum=0.95), ours, 5)
    steps(torch.optim.Muon(theirs, lr=0.02, weight_decay=0.1, momentum=0.95), theirs, 5)
    for start, mine, other in zip(weights(), ours, theirs, strict=True):
        moved = (other - start).norm()
        assert (mine - other).norm() < 0.02 * moved, mine.shape  # torch's iterations are in bf16, three digits


def test_singular_values_come_near_one() -> None:
    generator = torch.Generator().manual_seed(2)
    values = torch.linalg.svdvals(orthogonal(torch.randn(6, 12, 30, generator=generator)))
    assert values.min() > 0.6
    assert values.max() < 1.3


def test_a_matrix_is_stepped_alike_whatever_it_is_stacked_with() -> None:
    together, alone = weights(), weights()
    made = Muon(together, lr=0.02, weight_decay=0.0, momentum=0.9)
    steps(made, together, 1)
    for place, matrix in enumerate(alone):
        steps(Muon([matrix], lr=0.02, weight_decay=0.0, momentum=0.9), alone, 1)
        torch.testing.assert_close(matrix, together[place], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("gradient", [None, 0.0])
def test_without_a_gradient_nothing_moves_and_nothing_breaks(gradient: float | None) -> None:
    matrix = torch.ones(4, 4).requires_grad_()
    matrix.grad = None if gradient is None else torch.full((4, 4), gradient)
    Muon([matrix], lr=0.1, weight_decay=0.0, momentum=0.9).step()
    assert torch.equal(matrix, torch.ones(4, 4))
