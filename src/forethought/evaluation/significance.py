"""Whether two arms differ: paired by seed, corrected for how many questions were asked, and said in words by rule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from forethought.errors import BadSetting
from forethought.evaluation.statistics import LEAST_SPREAD, t_quantile, t_within

ALPHA = 0.05
LEAST_SEEDS = 4
"""Below it there is no verdict: of arms that each either learn something or do not, three seeds tell too many apart."""
MOST_FLIPS = 16
"""Seeds up to which every exchange of signs is tried; beyond, so many are drawn as 2 to this power."""

LEAST_P = 1e-15
"""Below it a p is rounding: it is computed as 1 less what lies within."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One arm against another in one metric: the mean difference with its 95% t interval, over ``seeds`` pairs.

    ``effect`` is the difference in standard deviations of the differences (Cohen's d_z), which are ``LEAST_SPREAD`` or
    more. ``p_t`` is the paired t test's, ``p_exact`` that of exchanging the arms within seeds in every way, and ``p``
    what the verdict goes by: ``p_t`` after Holm's correction over everything that was asked.
    """

    metric: str
    arm: str
    other: str
    value: float
    low: float
    high: float
    effect: float
    p_t: float
    p_exact: float
    seeds: int
    p: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)

    @property
    def verdict(self) -> str:
        """What follows from the numbers, by rule and in words; of fewer than ``LEAST_SEEDS`` seeds nothing does."""
        told = f"{self.value:+.3f}, 95% interval {self.low:+.3f} to {self.high:+.3f}, {self.seeds} seeds"
        told += f", p {chance(self.p, 3)}"
        if self.seeds < LEAST_SEEDS:
            return f"{too_few(self.seeds)} whether {self.arm} and {self.other} differ in {self.metric} ({told})."
        if self.p < ALPHA:
            return f"{self.arm} is {'above' if self.value > 0 else 'below'} {self.other} in {self.metric} ({told})."
        return f"There is no evidence that {self.arm} and {self.other} differ in {self.metric} ({told})."


def chance(p: float, digits: int) -> str:
    """A p as it is shown; never 0."""
    return f"< {LEAST_P:g}" if p < LEAST_P else f"{p:.{digits}g}"


def too_few(seeds: int) -> str:
    """How a line begins that gives the numbers without a verdict."""
    return f"Too few seeds to tell ({seeds}; at least {LEAST_SEEDS})"


def spread(values_SX: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The standard deviation over seeds, the first axis, of differences of shares: ``LEAST_SPREAD`` or more.

    Values that tie by chance, as at 0% or 100%, say nothing of how much others would vary.
    """
    return np.asarray(np.maximum(values_SX.std(axis=0, ddof=1), LEAST_SPREAD), dtype=np.float64)


def difference(metric: str, arm: str, mine: Sequence[float], other: str, theirs: Sequence[float]) -> Difference:
    """One arm against another, seed by seed, in a share of what was asked.

    Raises ``BadSetting`` for values that are not in pairs, fewer than two, or not finite.
    """
    if len(mine) != len(theirs):
        raise BadSetting(f"{metric}: {len(mine)} seeds of {arm!r} and {len(theirs)} of {other!r}; expected pairs")
    apart = np.subtract(mine, theirs, dtype=np.float64)
    if not np.isfinite(apart).all():
        raise BadSetting(
            f"{metric}: {arm!r} has {list(mine)} and {other!r} {list(theirs)}; expected finite numbers. Measure again, "
            "or leave out the seeds that have none."
        )
    if len(apart) < 2:
        raise BadSetting(f"{metric}: {len(apart)} seeds of {arm!r} and {other!r}; expected at least 2 for an interval")
    value, varies = float(apart.mean()), float(spread(apart))
    error, freedom = varies / math.sqrt(len(apart)), len(apart) - 1
    half, p_t = t_quantile(freedom) * error, max(0.0, 1.0 - t_within(abs(value) / error, freedom))
    return Difference(
        metric, arm, other, value, value - half, value + half, value / varies, p_t, exact(apart), len(apart)
    )


def exact(apart: Sequence[float] | np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """How likely a mean at least as far from 0 is when the sign of each difference is a coin's (Fisher's exact test).

    All 2^n exchanges up to ``MOST_FLIPS`` differences; of more, a fixed random choice, itself included.
    """
    values = np.asarray(apart, dtype=np.float64)
    if len(values) <= MOST_FLIPS:
        signs = np.array(list(product((1.0, -1.0), repeat=len(values))))
    else:
        signs = np.random.default_rng(0).choice((1.0, -1.0), (2**MOST_FLIPS, len(values)))
        signs[0] = 1.0
    sums = np.abs(signs @ values)
    return float((sums >= sums[0] - 1e-12 * np.abs(values).sum()).mean())


def holm(found: Sequence[Difference]) -> list[Difference]:
    """The same differences with ``p``, the t test's, corrected so that all verdicts together err with probability 5%.

    Holm 1979, Scandinavian Journal of Statistics 6(2), 65-70. The exact test stands beside it: its value cannot be
    less than 2 / 2^seeds, so that it could say nothing with the few seeds that a comparison can afford.
    """
    raw = [each.p_t for each in found]
    order = sorted(range(len(found)), key=raw.__getitem__)
    corrected, least = [1.0] * len(found), 0.0
    for rank, i in enumerate(order):
        least = max(least, min(1.0, (len(found) - rank) * raw[i]))
        corrected[i] = least
    return [replace(each, p=p) for each, p in zip(found, corrected, strict=True)]
