"""Intervals that mean what they say, and seeds pooled honestly."""

from dataclasses import replace

import numpy as np
import pytest

from forethought.errors import BadSetting
from forethought.evaluation import BLIND, Record, bootstrap, over_seeds, pool
from forethought.evaluation.statistics import share_over_seeds, t_quantile

RECORD = Record("mine", "errand", "test", "", "exact", 0.5, 0.4, 0.6, 100)


def test_the_bootstrap_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    intervals = [bootstrap((rng.random(80) < 0.7).astype(float).tolist(), seed) for seed in range(200)]
    covered = sum(low <= 0.7 <= high for _, low, high in intervals)
    assert 0.89 <= covered / 200 <= 0.99


def test_the_bootstrap_is_repeatable_and_narrows_with_more_values() -> None:
    assert bootstrap([0, 1, 1, 0, 1], seed=3) == bootstrap([0, 1, 1, 0, 1], seed=3)
    few, many = bootstrap([0, 1] * 10), bootstrap([0, 1] * 1000)
    assert many.high - many.low < (few.high - few.low) / 5
    assert bootstrap([1.0] * 7) == (1.0, 1.0, 1.0)


def test_large_samples_are_resampled_in_parts_all_the_same() -> None:
    value, low, high = bootstrap([0.0, 1.0] * 10_000)
    assert value == 0.5 and 0.49 < low < 0.4935 and 0.5065 < high < 0.51


def test_no_values_are_refused() -> None:
    with pytest.raises(BadSetting, match="at least one"):
        bootstrap([])
    with pytest.raises(BadSetting, match="at least 2"):
        over_seeds([0.5])


@pytest.mark.parametrize(
    ("freedom", "expected"), [(1, 12.7062), (2, 4.3027), (3, 3.1824), (9, 2.2622), (10, 2.2281), (30, 2.0423)]
)
def test_the_quantiles_of_students_t_are_those_of_the_tables(freedom: int, expected: float) -> None:
    assert t_quantile(freedom) == pytest.approx(expected, abs=1e-4)


def test_pooling_takes_the_mean_over_seeds_with_the_interval_over_seeds() -> None:
    seeds = [replace(RECORD, metric="act/steps", value=value) for value in (2.0, 3.0, 4.0)]
    (pooled,) = pool(seeds)
    half = 4.30265 * 1.0 / np.sqrt(3)
    assert (pooled.value, pooled.n, pooled.seeds) == (3.0, 300, 3)
    assert (pooled.low, pooled.high) == pytest.approx((3 - half, 3 + half), abs=1e-4)


def test_pooled_shares_stay_shares() -> None:
    (pooled,) = pool([replace(RECORD, value=0.2), replace(RECORD, value=0.9)])
    assert (pooled.low, pooled.high) == (0.0, 1.0)


def test_a_single_seed_keeps_its_interval_and_other_measurements_stay_apart() -> None:
    other = replace(RECORD, axis="things")
    assert pool([RECORD, other]) == [RECORD, other]


def test_equal_results_of_two_seeds_count_twice_but_a_baseline_told_twice_counts_once() -> None:
    baseline = replace(RECORD, arm=BLIND)
    mine, blind = pool([RECORD, baseline, RECORD, baseline])
    assert mine.seeds == 2 and blind == baseline


def test_what_is_pooled_is_not_pooled_again() -> None:
    with pytest.raises(BadSetting, match="pooled over 3 seeds already"):
        pool([replace(RECORD, seeds=3)])


def test_a_record_survives_json_and_a_misshapen_one_is_refused() -> None:
    assert Record.from_dict(RECORD.to_dict()) == RECORD
    with pytest.raises(BadSetting, match=r"lacks \['n'\] and has \['count'\]"):
        Record.from_dict({**{k: v for k, v in RECORD.to_dict().items() if k != "n"}, "count": 3})


@pytest.mark.parametrize(("share", "n", "seeds"), [(0.999, 200, 4), (0.995, 60, 4), (0.0005, 300, 10), (0.7, 60, 5)])
def test_the_interval_of_a_share_covers_it_near_the_ends_too(share: float, n: int, seeds: int) -> None:
    rng = np.random.default_rng(3)
    rounds = rng.binomial(n, share, size=(1000, seeds)) / n
    found = [share_over_seeds(values.tolist()) for values in rounds]
    assert np.mean([low <= share <= high for _, low, high in found]) > 0.93
    assert all(low < high for _, low, high in found)
    assert share_over_seeds([0.4]) == (0.4, 0.0, 1.0)
