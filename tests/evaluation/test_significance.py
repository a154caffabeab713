"""Differences between arms: right p values, intervals that cover, and verdicts that seldom see what is not there."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forethought.errors import BadSetting
from forethought.evaluation.significance import (
    ALPHA,
    LEAST_SEEDS,
    LEAST_SPREAD,
    Difference,
    chance,
    difference,
    exact,
    holm,
)
from forethought.evaluation.statistics import share_over_seeds


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


def test_values_that_never_vary_are_no_surer_than_a_figure_is_fine() -> None:
    same = difference("x", "a", [1.0] * 4, "b", [1.0] * 4)
    assert (same.value, same.effect, same.p_t, same.p_exact) == (0.0, 0.0, 1.0, 1.0)
    assert same.low < 0 < same.high, "no interval is without width"
    apart = difference("x", "a", [1.0] * 6, "b", [0.5] * 6)
    assert apart.effect == 0.5 / LEAST_SPREAD and apart.p_exact == 2 / 64 and apart.low < 0.5 < apart.high
    assert difference("x", "a", [0.501] * 6, "b", [0.5] * 6).p_t > ALPHA, "a tenth of a point that six seeds share"


@pytest.mark.parametrize("ones", [[1.0] * 5, [0.95] * 5])
def test_one_value_that_strays_by_a_point_changes_no_verdict(ones: list[float]) -> None:
    tied = holm([difference("x", "a", ones, "b", [0.05] * 5)])[0]
    strayed = holm([difference("x", "a", [*ones[1:], ones[0] - 0.01], "b", [0.05] * 5)])[0]
    assert tied.verdict.startswith("a is above b") and strayed.verdict.startswith("a is above b")
    assert tied.high - tied.low == pytest.approx(strayed.high - strayed.low, rel=0.2)


@pytest.mark.parametrize("seeds", [2, 3])
def test_too_few_seeds_tell_numbers_and_no_verdict(seeds: int) -> None:
    found = holm([difference("probes", "a", [1.0, 0.99, 1.0][:seeds], "b", [0.0] * seeds)])[0]
    assert found.p < ALPHA and found.verdict.startswith(
        f"Too few seeds to tell ({seeds}; at least 4) whether a and b differ in probes (+0.99"
    )
    assert "95% interval +0.9" in found.verdict and found.verdict.endswith(f", {seeds} seeds, p {found.p:.3g}).")


def test_holm_corrects_by_rank() -> None:
    def of(p: float) -> Difference:
        return Difference("x", "a", "b", 1.0, 0.5, 1.5, 1.0, p, 0.9, 9)

    assert [each.p for each in holm([of(0.04), of(0.001), of(0.03)])] == pytest.approx([0.06, 0.003, 0.06])
    assert [each.p for each in holm([of(0.6), of(0.9)])] == [1.0, 1.0] and holm([]) == []


def test_verdicts_follow_from_the_numbers() -> None:
    clear = holm([difference("probes", "developmental", [0.9] * 8, "imitation", [0.5 + 0.01 * i for i in range(8)])])
    assert clear[0].verdict.startswith("developmental is above imitation in probes (+0.365, 95% interval +0.")
    four = holm([difference("probes", "a", [0.9, 0.91, 0.92, 0.9], "b", [0.5, 0.52, 0.5, 0.5])])
    assert four[0].verdict.startswith("a is above b in probes (+0.40") and four[0].p_exact == 0.125
    none = holm([difference("probes", "a", [0.9, 0.4, 0.7, 0.7], "b", [0.5, 0.6, 0.7, 0.7])])
    assert none[0].verdict.startswith("There is no evidence that a and b differ in probes (+0.050")


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


@pytest.mark.parametrize(("learns", "levels"), [(0.5, (0.05, 0.95)), (0.3, (0.02, 0.9))])
def test_equal_arms_that_learn_all_or_nothing_are_seldom_told_apart(learns: float, levels: tuple[float, float]) -> None:
    rng, wrong, covered, rounds = np.random.default_rng(3), 0, 0, 300
    pairs = [(0, 1), (0, 2), (0, 3), (0, 4), (4, 1)]  # as five arms are compared, in three figures
    for _ in range(rounds):
        level = np.where(rng.random((5, LEAST_SEEDS, 1)) < learns, levels[1], levels[0])
        arms = rng.binomial(300, level, (5, LEAST_SEEDS, 3)) / 300
        found = holm([difference("x", "a", arms[a, :, k], "b", arms[b, :, k]) for a, b in pairs for k in range(3)])
        wrong += any("no evidence" not in each.verdict for each in found)
        covered += found[0].low <= 0.0 <= found[0].high
    assert wrong / rounds <= ALPHA + 0.015 and covered / rounds >= 0.935


@pytest.mark.parametrize(
    ("mine", "theirs", "covered", "alone"),
    [
        (0.5, 0.5, (0.985, 0.978, 0.945), (0.87, 0.94, 0.94)),
        (0.9, 0.9, (0.978, 0.982, 0.983), (0.35, 0.41, 0.65)),
        (0.9, 0.1, (0.571, 0.648, 0.874), (0.34, 0.41, 0.65)),
        (0.95, 0.8, (0.647, 0.720, 0.874), (0.32, 0.26, 0.40)),
        (0.2, 0.0, (0.591, 0.666, 0.887), (0.59, 0.67, 0.89)),
        (1.0, 0.8, (0.590, 0.669, 0.888), (0.95, 0.95, 0.95)),
    ],
)
def test_of_arms_that_learn_all_or_nothing_intervals_cover_too_seldom_and_no_verdict_is_turned_round(
    mine: float, theirs: float, covered: tuple[float, ...], alone: tuple[float, ...]
) -> None:
    """The figures that docs/comparing.md gives, by 4, 5 and 10 seeds; a change of them is one of what it says."""
    rng, rounds = np.random.default_rng(3), 500
    true = [0.05 + 0.9 * learns for learns in (mine, theirs)]
    for seeds, of_difference, of_arm in zip((4, 5, 10), covered, alone, strict=True):
        found, single, turned = 0, 0, 0
        for _ in range(rounds):
            learned = [np.where(rng.random(seeds) < learns, 0.95, 0.05) for learns in (mine, theirs)]
            a, b = ((values + rng.normal(0, 0.02, seeds)).clip(0, 1).tolist() for values in learned)
            apart, own = holm([difference("x", "a", a, "b", b)])[0], share_over_seeds(a)
            found += apart.low <= true[0] - true[1] <= apart.high
            single += own.low <= true[0] <= own.high
            turned += mine != theirs and apart.p < ALPHA and (apart.value > 0) != (mine > theirs)
        assert found / rounds == pytest.approx(of_difference, abs=0.05)
        assert single / rounds == pytest.approx(of_arm, abs=0.05)
        assert turned / rounds <= 0.015


def test_a_real_difference_is_found() -> None:
    rng = np.random.default_rng(1)
    found = [
        holm([difference("x", "a", rng.normal(0.8, 0.05, 10), "b", rng.normal(0.7, 0.05, 10))])[0].p < ALPHA
        for _ in range(200)
    ]
    assert np.mean(found) > 0.9


def test_a_p_is_never_told_as_zero() -> None:
    found = holm([difference("m", "a", [1.0] * 10, "b", [0.0] * 10)])[0]
    assert found.p == 0.0 and found.verdict.endswith("10 seeds, p < 1e-15).")
    assert [chance(p, 2) for p in (1e-16, 3.456e-12, 0.05, 1.0)] == ["< 1e-15", "3.5e-12", "0.05", "1"]


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
