"""Records of what was measured, with intervals: bootstrap over what was evaluated, t over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from forethought.errors import BadSetting

BLIND = "best blind answer"
"""The arm of answers that need no understanding: they stand beside every result."""
RANDOM, CUSTOM = "random actions", "custom demonstrator"
"""The arms that stand beside a model that acts."""
IDEAL = "ideal observer"
"""The arm of whoever knows the rules there may be, and forgets nothing."""
BASELINES = (BLIND, RANDOM, CUSTOM, IDEAL)
LEVEL = 0.95
RESAMPLES = 2_000
BLOCK = 2_000_000
"""Resampled values drawn at once, so that memory stays small."""
LEAST_SPREAD = 0.005
"""The standard deviation that shares, and differences of shares, are taken to have over seeds at least: one question in
two hundred, about as fine as figures are measured."""
NOT_SHARES = ("cost_ratio", "steps", "milliseconds", "tokens", "bytes_per_turn", "_ratio")


class Interval(NamedTuple):
    """A mean with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Record:
    """One number of a result, as ``summary.json`` and ``benchmarks/results`` keep it.

    ``axis`` is "" in distribution. ``low`` and ``high`` are the 95% interval: a bootstrap over the ``n`` things
    evaluated where ``seeds`` is 1, otherwise a t interval over the seeds' means (``n`` is then their sum).
    """

    arm: str
    world: str
    split: str
    axis: str
    metric: str
    value: float
    low: float
    high: float
    n: int
    seeds: int = 1

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What was measured: everything but the numbers."""
        return self.arm, self.world, self.split, self.axis, self.metric

    @property
    def share(self) -> bool:
        """Whether the value lies between 0 and 1 (everything but numbers of steps and ratios of costs)."""
        return not self.metric.endswith(NOT_SHARES)

    def to_dict(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Record:
        """The record that ``to_dict`` wrote; ``BadSetting`` says what is missing or too much."""
        expected = {field.name for field in fields(cls)}
        if set(found) != expected:
            missing, extra = sorted(expected - set(found)), sorted(set(found) - expected)
            raise BadSetting(f"a record lacks {missing} and has {extra} too much; expected exactly {sorted(expected)}")
        for name in ("value", "low", "high", "n", "seeds"):
            if isinstance(found[name], bool) or not isinstance(found[name], int | float):
                raise BadSetting(f"a record's {name} is {found[name]!r}; expected a number")
        return cls(**found)


def bootstrap(values: Sequence[float], seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """The mean of ``values`` with its percentile bootstrap interval; of pairs, give one value for each pair.

    Values that are all equal give an interval without width. Raises ``BadSetting`` for no values at all.
    """
    array = np.asarray(values, dtype=np.float64)
    if not array.size:
        raise BadSetting("no values were given; expected at least one to take a mean of")
    rng = np.random.default_rng(seed)
    rows = max(1, BLOCK // array.size)
    means = [
        array[rng.integers(0, array.size, (min(rows, resamples - start), array.size))].mean(axis=1)
        for start in range(0, resamples, rows)
    ]
    low, high = np.quantile(np.concatenate(means), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(array.mean()), float(low), float(high))


def over_seeds(values: Sequence[float]) -> Interval:
    """The mean over seeds with its t interval; raises ``BadSetting`` for fewer than two."""
    if len(values) < 2:
        raise BadSetting(f"{len(values)} seeds were given; expected at least 2 for an interval over seeds")
    array = np.asarray(values, dtype=np.float64)
    half = t_quantile(len(values) - 1) * float(array.std(ddof=1)) / math.sqrt(len(values))
    return Interval(float(array.mean()), float(array.mean()) - half, float(array.mean()) + half)


def share_over_seeds(values: Sequence[float]) -> Interval:
    """The same of shares, which are taken to vary by ``LEAST_SPREAD`` at least; of a single seed, all shares may hold.

    Seeds that all have 0% or 100% say nothing of how much others would vary.
    """
    if len(values) == 1:
        return Interval(values[0], 0.0, 1.0)
    value, low, high = over_seeds(values)
    least = t_quantile(len(values) - 1) * LEAST_SPREAD / math.sqrt(len(values))
    return Interval(value, max(0.0, min(low, value - least)), min(1.0, max(high, value + least)))


def binomial(hits: int, tried: int) -> Interval:
    """The share of what was tried that came out, with its exact interval (Clopper and Pearson 1934).

    Raises ``BadSetting`` for nothing tried, or hits that are not among it.
    """
    if not (tried > 0 and 0 <= hits <= tried):
        raise BadSetting(f"{hits} of {tried}; expected at least one tried, and 0 to all of them")
    return Interval(hits / tried, 1.0 - _most(tried - hits, tried), _most(hits, tried))


def _most(hits: int, tried: int) -> float:
    """The share at which so few hits, or fewer, are as unlikely as half of what an interval leaves out."""
    if hits == tried:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        p = (low + high) / 2
        few = sum(math.comb(tried, k) * p**k * (1 - p) ** (tried - k) for k in range(hits + 1))
        low, high = (p, high) if few > (1 - LEVEL) / 2 else (low, p)
    return high


def pool(records: Iterable[Record]) -> list[Record]:
    """Records of several seeds as one each: the mean over seeds with its t interval (shares stay within 0 and 1).

    What was measured with one seed keeps its bootstrap interval. A baseline told several times alike counts once.
    Raises ``BadSetting`` for records that are pooled already.
    """
    groups: dict[tuple[str, str, str, str, str], list[Record]] = {}
    for record in records:
        if record.seeds != 1:
            raise BadSetting(f"{record.key} is pooled over {record.seeds} seeds already; expected records of one seed")
        group = groups.setdefault(record.key, [])
        if record.arm not in BASELINES or record not in group:
            group.append(record)
    return [_pooled(group) for group in groups.values()]


def _pooled(group: Sequence[Record]) -> Record:
    first = group[0]
    if len(group) == 1:
        return first
    value, low, high = over_seeds([record.value for record in group])
    if first.share:
        low, high = max(low, 0.0), min(high, 1.0)
    return Record(*first.key, value, low, high, sum(record.n for record in group), len(group))


def t_quantile(freedom: int, level: float = LEVEL) -> float:
    """How many standard errors the two-sided interval of Student's t reaches (Abramowitz and Stegun, 26.7.3-4)."""
    low, high = 0.0, 1e3
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_within(middle, freedom) < level else (low, middle)
    return high


def t_within(t: float, freedom: int) -> float:
    """P(|T| < t) for a whole number of degrees of freedom."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, square = math.sin(angle), math.cos(angle) ** 2
    odd = freedom % 2
    term, total = (math.cos(angle) if odd else 1.0), 0.0
    for k in range(2 + odd, freedom + 1, 2):
        total += term
        term *= square * (k - 1) / k
    return 2 / math.pi * (angle + sine * total) if odd else sine * total
