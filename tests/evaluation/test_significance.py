"""Differences between arms: right p values, intervals that cover, and verdicts that seldom see what is not there."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forethought.errors import BadSetting
from forethought.evaluation.significance import ALPHA, Difference, difference, exact, holm


def test_known_values() -> None:
    # differences 1, 2, 3, 4: mean 2.5, sd 1.291, t = 3.873 with 3 degrees of freedom; p = .0305 (any table of t)
    found = difference("x", "a", [2.0, 4.0, 6.0, 8.0], "b", [1.0, 2.0, 3.0, 4.0])
    assert found.value == 2.5 and found.p_t == pytest.approx(0.0305, abs=2e-4)
    assert found.effect == pytest.approx(2.5 / np.std([1, 2, 3, 4], ddof=1))
    assert found.p_exact == 2 / 16 and found.seeds == 4 and found.low < 2.5 < found.high
    assert exact([1.0, -1.0]) == 1.0 and exact([0.0, 0.0, 0.0]) == 1.0 and exact([1.0] * 5) == 2 / 32
    assert exact([0.1] * 20) < 0.001
    assert exact([0.1, 0.2, -0.3]) == 1.0, "rounding is no difference"
    assert exact([1e-10, 3e-10, 5e-10]) == 2 / 8 and exact([1e9 + 0.1, -1e9, 1e9]) == 6 / 8, "nor is the scale"


def test_values_that_never_vary_leave_it_to_the_exact_test() -> None:
    same = difference("x", "a", [1.0] * 4, "b", [1.0] * 4)
    assert (same.value, same.effect, same.p_t, same.p_exact) == (0.0, 0.0, 1.0, 1.0)
    apart = difference("x", "a", [1.0] * 6, "b", [0.5] * 6)
    assert math.isinf(apart.effect) and apart.p_t == apart.p_exact == 2 / 64
    assert apart.to_dict()["effect"] == "infinite"


def test_holm_corrects_by_rank() -> None:
    def of(p: float) -> Difference:
        return Difference("x", "a", "b", 1.0, 0.5, 1.5, 1.0, p, 0.9, 9)

    assert [each.p for each in holm([of(0.04), of(0.001), of(0.03)])] == pytest.approx([0.06, 0.003, 0.06])
    assert [each.p for each in holm([of(0.6), of(0.9)])] == [1.0, 1.0] and holm([]) == []


def test_verdicts_follow_from_the_numbers() -> None:
    clear = holm([difference("probes", "developmental", [0.9] * 8, "imitation", [0.5 + 0.01 * i for i in range(8)])])
    assert clear[0].verdict.startswith("developmental is above imitation in probes (+0.365, 95% interval +0.")
    few = holm([difference("probes", "a", [0.9, 0.91, 0.92], "b", [0.5, 0.52, 0.5])])
    assert few[0].verdict.startswith("a is above b in probes (+0.40") and few[0].p_exact == 0.25
    none = holm([difference("probes", "a", [0.9, 0.4, 0.7], "b", [0.5, 0.6, 0.7])])
    assert none[0].verdict.startswith("There is no evidence that a and b differ in probes (+0.067")


@pytest.mark.parametrize(("share", "seeds"), [(0.5, 8), (0.95, 8), (0.99, 5), (0.5, 3)])
def test_equal_arms_are_seldom_told_apart_and_intervals_cover(share: float, seeds: int) -> None:
    rng, wrong, covered, rounds = np.random.default_rng(0), 0, 0, 1000
    for _ in range(rounds):
        skill = rng.normal(0.0, 0.02, seeds)  # seeds differ, arms do not
        arms = [rng.binomial(100, np.clip(share + skill, 0, 1)) / 100 for _ in range(4)]
        found = holm([difference("x", "a", arms[0], str(k), arms[k]) for k in (1, 2, 3)])
        wrong += any(each.p < ALPHA for each in found)
        covered += found[0].low <= 0.0 <= found[0].high
    assert wrong / rounds <= ALPHA + 0.015
    assert covered / rounds >= 0.935 and (share > 0.9 or covered / rounds <= 0.975)


def test_a_real_difference_is_found() -> None:
    rng = np.random.default_rng(1)
    found = [
        holm([difference("x", "a", rng.normal(0.8, 0.05, 10), "b", rng.normal(0.7, 0.05, 10))])[0].p < ALPHA
        for _ in range(200)
    ]
    assert np.mean(found) > 0.9


def test_p_values_are_never_below_zero() -> None:
    assert difference("x", "a", [1e6, 1e6 + 1e-5, 1e6 - 1e-5] * 4, "b", [0.0] * 12).p_t >= 0.0


def test_values_must_be_paired_and_finite() -> None:
    for wrong in (math.nan, math.inf):
        with pytest.raises(BadSetting, match="expected finite numbers"):
            difference("x", "a", [1.0, wrong], "b", [1.0, 2.0])
    with pytest.raises(BadSetting, match="3 seeds of 'a' and 2 of 'b'; expected pairs"):
        difference("x", "a", [1.0, 2.0, 3.0], "b", [1.0, 2.0])
    with pytest.raises(BadSetting, match="expected at least 2"):
        difference("x", "a", [1.0], "b", [1.0])
