"""Parameters needed, and their ratio: read off curves, with intervals that cover what they should."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forethought.errors import BadSetting
from forethought.evaluation.crossing import Reached, crossing, ratio

SIZES = (50_000, 250_000, 1_000_000)


def test_a_crossing_is_read_off_log_linearly() -> None:
    found = crossing((1e4, 1e6), [[-0.1, 0.3]] * 8)
    assert found.reached is Reached.BETWEEN and found.seeds == 8
    assert found.parameters == pytest.approx(10 ** (4 + 0.25 * 2), rel=0.01)
    assert found.low is not None and found.high is not None and found.low < found.parameters < found.high
    assert found.high / found.low < 1.2, "narrow, yet no interval is without width where seeds tie"


def test_what_the_sizes_do_not_bound_is_left_open() -> None:
    above = crossing(SIZES, [[0.1, 0.2, 0.3], [0.12, 0.2, 0.31], [0.11, 0.2, 0.3]])
    assert (above.reached, above.parameters, above.low) == (Reached.SMALLEST, pytest.approx(SIZES[0]), None)
    assert above.high == pytest.approx(SIZES[0]), "it is above 0 there beyond doubt"
    below = crossing(SIZES, [[-0.3, -0.2, -0.1], [-0.3, -0.2, -0.12], [-0.3, -0.2, -0.11]])
    assert (below.reached, below.parameters, below.high) == (Reached.NEVER, pytest.approx(SIZES[-1]), None)
    assert below.low == pytest.approx(SIZES[-1])
    unsure = crossing(SIZES, [[-0.3, 0.2, 0.1], [0.3, -0.2, -0.05]])
    assert unsure.low is None and unsure.high is None


def test_a_curve_that_falls_again_counts_where_it_first_gets_there() -> None:
    found = crossing(SIZES, [[-0.1, 0.1, -0.1], [-0.1, 0.1, -0.1]])
    assert found.reached is Reached.BETWEEN and SIZES[0] < found.parameters < SIZES[1]
    assert found.high is not None and SIZES[1] < found.high < SIZES[2], "and the interval owns up to it"


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_intervals_cover_the_true_ratio(seeds: int, noise: float) -> None:
    rng = np.random.default_rng(seeds)
    logs, mine, theirs = np.log(SIZES), np.array([0.2, 0.6, 0.9]), 0.7
    true = SIZES[-1] / math.exp(np.interp(theirs, mine, logs))
    covered = 0
    for _ in range(400):
        shared = rng.normal(0, noise, (seeds, 1))  # what a seed has for both arms
        curves = mine + shared + rng.normal(0, noise, (seeds, 3))
        other = theirs + shared[:, 0] + rng.normal(0, noise, seeds)
        found = ratio("extrapolated", "a", "b", "tiny", SIZES, curves.tolist(), other.tolist(), SIZES[-1])
        covered += (found.low is None or found.low <= true) and (found.high is None or true <= found.high)
    assert covered / 400 >= 0.92, "95%, and as much as a simulation of 400 strays"


def test_equal_arms_are_told_apart_in_at_most_five_of_a_hundred() -> None:
    rng, told = np.random.default_rng(1), 0
    for _ in range(400):
        mine, theirs = (np.array([0.2, 0.6, 0.8]) + rng.normal(0, 0.05, (5, 3)) for _ in range(2))
        found = ratio("f", "a", "b", "nano", SIZES, mine.tolist(), theirs[:, 1].tolist(), SIZES[1])
        told += "no evidence" not in found.verdict
    assert told / 400 <= 0.075


def test_a_ratio_says_what_follows_and_no_more() -> None:
    high = [[0.9, 0.91, 0.92], [0.88, 0.9, 0.91], [0.9, 0.9, 0.93], [0.89, 0.9, 0.92]]
    found = ratio("extrapolated", "developmental", "imitation", "tiny", SIZES, high, [0.5, 0.52, 0.49, 0.5], 1e6)
    assert found.value == pytest.approx(20) and found.high is None and found.low == pytest.approx(20)
    assert found.verdict == (
        "developmental needs fewer parameters to do as well as imitation at tiny in extrapolated: "
        "parameter ratio at least 20, 95% interval 20 to anything above, 4 seeds."
    )
    assert found.described == (
        "Without a verdict, developmental beside imitation at tiny in extrapolated: "
        "parameter ratio at least 20, 95% interval 20 to anything above, 4 seeds."
    )
    worse = ratio("extrapolated", "developmental", "imitation", "nano", SIZES, high, [0.99] * 4, SIZES[1])
    assert worse.verdict.startswith("developmental needs more parameters") and "not reached" in worse.verdict
    assert worse.value == pytest.approx(0.25)


def test_too_few_seeds_tell_numbers_and_no_verdict() -> None:
    high = [[0.9, 0.91, 0.92], [0.88, 0.9, 0.91], [0.9, 0.9, 0.93]]
    found = ratio("best/extrapolated", "a", "b", "tiny", SIZES, high, [0.5, 0.52, 0.49], SIZES[-1])
    assert found.verdict == (
        "Too few seeds to tell (3; at least 4) whether a needs fewer or more parameters to do as well as b at tiny in "
        "extrapolated (best models): parameter ratio at least 20, 95% interval 20 to anything above, 3 seeds."
    )


NOISE = np.array([[-0.01], [0.0], [0.01], [0.005], [-0.005]])
"""What five seeds add to a curve."""


@pytest.mark.parametrize("k", [0, 1, 2])
def test_equal_size_is_told_apart_wherever_it_stands(k: int) -> None:
    low, high = (np.array([0.1, 0.2, 0.3]) + NOISE, np.array([0.9, 0.92, 0.93]) + NOISE)
    more = ratio("f", "a", "b", "x", SIZES, low.tolist(), [0.95, 0.96, 0.94, 0.95, 0.96], SIZES[k])
    fewer = ratio("f", "a", "b", "x", SIZES, high.tolist(), [0.15, 0.16, 0.14, 0.15, 0.16], SIZES[k])
    assert "needs more parameters" in more.verdict and "needs fewer parameters" in fewer.verdict
    assert more.high == SIZES[k] / SIZES[2] and fewer.low == SIZES[k] / SIZES[0]


@pytest.mark.parametrize("k", [0, 1, 2])
def test_equal_arms_at_any_size_are_not(k: int) -> None:
    for curve in ([0.3, 0.6, 0.9], [0.6, 0.6, 0.6], [0.1, 0.9, 0.9]):
        mine = np.array(curve) + NOISE
        theirs = curve[k] + NOISE[::-1, 0]
        found = ratio("f", "a", "b", "x", SIZES, mine.tolist(), theirs.tolist(), SIZES[k])
        assert "no evidence" in found.verdict, found


def test_a_crossing_between_two_sizes_is_below_the_larger_and_above_the_smaller() -> None:
    steep = (np.array([0.0, 1.0, 1.0]) + NOISE).tolist()
    assert "needs fewer" in ratio("f", "a", "b", "x", SIZES, steep, [0.97] * 5, SIZES[1]).verdict
    assert "needs more" in ratio("f", "a", "b", "x", SIZES, steep, [0.03] * 5, SIZES[0]).verdict


def test_what_cannot_be_read_off_is_refused() -> None:
    for sizes, curves in (((1e4, 1e6), [[0.1, 0.2]]), ((1e4,), [[0.1], [0.2]]), ((1e4, 1e6), [[0.1], [0.2]])):
        with pytest.raises(BadSetting, match="expected at least 2 seeds, 2 sizes"):
            crossing(sizes, curves)
    for sizes in ((1e6, 1e4), (math.nan, 1e4), (1e4, math.inf)):
        with pytest.raises(BadSetting, match="rising"):
            crossing(sizes, [[0.1, 0.2], [0.1, 0.2]])


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_what_is_no_number_gets_no_verdict(odd: float) -> None:
    high = [[0.9, 0.91, 0.92], [0.88, 0.9, 0.91], [0.9, 0.9, 0.93], [0.89, 0.9, odd]]
    with pytest.raises(BadSetting, match="expected finite numbers"):
        crossing(SIZES, high)
    with pytest.raises(BadSetting, match="expected finite numbers"):
        ratio("f", "a", "b", "tiny", SIZES, high, [0.5] * 4, SIZES[-1])
    with pytest.raises(BadSetting, match="expected finite numbers"):
        ratio("f", "a", "b", "tiny", SIZES, [[0.9] * 3] * 4, [0.5, 0.5, 0.5, odd], SIZES[-1])
    with pytest.raises(BadSetting, match="expected a number above 0"):
        ratio("f", "a", "b", "tiny", SIZES, [[0.9] * 3] * 4, [0.5] * 4, odd)


def test_curves_that_are_not_of_the_same_sizes_and_seeds_are_refused() -> None:
    with pytest.raises(BadSetting, match=r"curves over \[2, 3\] sizes; expected every seed's over all 3 sizes"):
        crossing(SIZES, [[0.1, 0.2, 0.3], [0.1, 0.2]])
    with pytest.raises(BadSetting, match="f: 2 seeds of 'a' and 3 of 'b'; expected pairs"):
        ratio("f", "a", "b", "tiny", SIZES, [[0.9] * 3] * 2, [0.5] * 3, SIZES[-1])
