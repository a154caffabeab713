"""Seeds that fall in two camps are told, and what is told of others of their kind is true often enough."""

from __future__ import annotations

import numpy as np
import pytest

from forethought.errors import BadSetting
from forethought.evaluation.camps import camps, caveats, may_differ
from forethought.evaluation.statistics import binomial


def test_exact_intervals_of_a_share_are_those_of_the_tables() -> None:
    assert binomial(3, 4) == pytest.approx((0.75, 0.1941, 0.9937), abs=1e-4)
    assert binomial(0, 10) == pytest.approx((0.0, 0.0, 0.3085), abs=1e-4)
    assert binomial(10, 10)[1:] == pytest.approx((0.6915, 1.0), abs=1e-4)
    assert may_differ(4) == pytest.approx(0.6024, abs=1e-4)
    for hits, tried in ((1, 0), (-1, 4), (5, 4)):
        with pytest.raises(BadSetting, match="expected at least one tried"):
            binomial(hits, tried)


def test_two_camps_are_told_and_seeds_that_only_vary_are_not() -> None:
    seeds = [("imitation", {"held-out pair probes": value, "outcomes": 0.5}) for value in (0.95, 0.05, 0.93, 0.97)]
    (told,) = caveats(seeds)
    assert told.startswith("The seeds of imitation fall in two camps in held-out pair probes: 3 near 95% and 1 near 5%")
    assert told.endswith("of more seeds 19% to 99% may come near 95%.")
    for values in ([0.5], [], [0.9, 0.91, 0.9], [0.1, 0.3, 0.6, 0.8], [0.3, 0.6, 0.61], [0.0, 0.45, 0.9]):
        assert camps(values) is None
    rng = np.random.default_rng(0)
    assert np.mean([camps(rng.normal(0.5, 0.1, 4).clip(0, 1).tolist()) is not None for _ in range(500)]) < 0.01


@pytest.mark.parametrize("seeds", [4, 5, 10])
@pytest.mark.parametrize("learns", [0.1, 0.5, 0.9, 0.95, 1.0])
def test_what_is_told_of_more_seeds_is_true_in_95_of_a_hundred(learns: float, seeds: int) -> None:
    rng, right, rounds = np.random.default_rng(seeds), 0, 1000
    for _ in range(rounds):
        values = np.where(rng.random(seeds) < learns, 0.95, 0.05) + rng.normal(0, 0.02, seeds)
        if found := camps(values.tolist()):
            right += found.share.low <= learns <= found.share.high
        else:
            right += (1 - learns if values[0] > 0.5 else learns) <= may_differ(seeds)
    assert right / rounds >= 0.935
