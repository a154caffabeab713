"""From how many parameters on something is reached: read off curves over sizes, seed by seed, with its interval.

S seeds, P sizes, G points of a grid between the smallest and the largest size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from forethought.errors import BadSetting
from forethought.evaluation.significance import LEAST_SEEDS, spread, too_few
from forethought.evaluation.statistics import t_quantile

GRID = 2_001
"""Points between the smallest and the largest size, evenly on a logarithmic scale."""


class Reached(StrEnum):
    """Where a curve reaches what is asked for."""

    BETWEEN = "reached"
    SMALLEST = "at the smallest size"
    NEVER = "not reached"


@dataclass(frozen=True, slots=True)
class Crossing:
    """The parameters from which on the mean over seeds is no longer below 0, with the 95% interval.

    ``parameters`` is the smallest size where the curve begins at or above 0 (fewer may do), and the largest where it
    never gets there (more may not do either). ``low`` and ``high`` are ``None`` where nothing bounds them within the
    sizes measured: it may be fewer than the smallest, or more than the largest.
    """

    reached: Reached
    parameters: float
    low: float | None
    high: float | None
    seeds: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)


def crossing(parameters: Sequence[float], above_SP: Sequence[Sequence[float]]) -> Crossing:
    """Where curves over sizes cross 0, log-linear between the sizes; ``above_SP`` has a row for each seed.

    The interval holds every number of parameters at which a t test over the seeds does not tell the mean from 0
    (Fieller's way: the test is turned round), so it covers where the mean curve crosses 0 in 95% of cases whatever the
    slope is, and is open where the sizes measured do not bound it. It ends at the first points of the grid beyond
    these, so that an end at a size measured says that the mean is told from 0 at that very size. Raises ``BadSetting``
    for fewer than two seeds or sizes, curves of other sizes or with numbers that are not finite, or sizes that do not
    rise.
    """
    if len(many := sorted({len(row) for row in above_SP})) > 1:
        raise BadSetting(f"curves over {many} sizes; expected every seed's over all {len(parameters)} sizes")
    sizes_P, above = np.asarray(parameters, dtype=np.float64), np.asarray(above_SP, dtype=np.float64)
    if above.ndim != 2 or above.shape[0] < 2 or above.shape[1] != len(sizes_P) or len(sizes_P) < 2:
        raise BadSetting(f"curves of shape {above.shape} over {len(sizes_P)} sizes; expected at least 2 seeds, 2 sizes")
    if not (np.isfinite(sizes_P).all() and (np.diff(sizes_P) > 0).all() and sizes_P[0] > 0):
        raise BadSetting(f"sizes of {list(parameters)} parameters; expected rising numbers above 0")
    if not np.isfinite(above).all():
        raise BadSetting(
            f"curves of {above.tolist()}; expected finite numbers. Measure again, or leave those seeds out."
        )
    log_G = np.union1d(np.linspace(np.log(sizes_P[0]), np.log(sizes_P[-1]), GRID), np.log(sizes_P))
    at_SG = np.stack([np.interp(log_G, np.log(sizes_P), row) for row in above])
    mean_G, error_G = at_SG.mean(axis=0), spread(at_SG) / math.sqrt(len(above))
    open_G = np.abs(mean_G) <= t_quantile(len(above) - 1) * error_G + 1e-12
    reached, first = _first(mean_G)
    turns = np.flatnonzero(np.diff(np.sign(mean_G)))  # where the mean passes 0 between two points of the grid
    unsure = np.flatnonzero(open_G)
    held = np.concatenate([unsure - 1, unsure + 1, turns, turns + 1, [first]]).clip(0, len(log_G) - 1)
    at_G = np.exp(log_G)
    at_G[np.searchsorted(log_G, np.log(sizes_P))] = sizes_P  # the sizes themselves, to be compared with
    return Crossing(
        reached,
        float(at_G[first]),
        None if reached is Reached.SMALLEST or open_G[0] else float(at_G[held.min()]),
        None if reached is Reached.NEVER or open_G[-1] else float(at_G[held.max()]),
        len(above),
    )


def _first(mean_G: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[Reached, int]:
    """Whether the mean gets to 0, and the first point of the grid where it does (the last if it does not)."""
    there = np.flatnonzero(mean_G >= 0)
    if not len(there):
        return Reached.NEVER, len(mean_G) - 1
    return (Reached.BETWEEN if there[0] else Reached.SMALLEST), int(there[0])


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as many parameters ``other`` has at ``size`` as ``arm`` needs to do as well in ``figure``.

    ``reached`` says whether ``value`` is the ratio itself, its lower bound (``arm`` does as well at its smallest size
    already) or its upper bound (it never does). ``low`` and ``high`` are the 95% interval, ``None`` where it is open.
    """

    figure: str
    arm: str
    other: str
    size: str
    reached: Reached
    value: float
    low: float | None
    high: float | None
    seeds: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)

    @property
    def verdict(self) -> str:
        """What follows, by rule and in words; a bound of 1 itself tells the two apart at equal size (``crossing``)."""
        against = f"parameters to do as well as {self._against}: {self._numbers}."
        if self.seeds < LEAST_SEEDS:
            return f"{too_few(self.seeds)} whether {self.arm} needs fewer or more {against}"
        if self.low is not None and self.low >= 1:
            return f"{self.arm} needs fewer {against}"
        if self.high is not None and self.high <= 1:
            return f"{self.arm} needs more {against}"
        return f"There is no evidence that {self.arm} needs fewer or more {against}"

    @property
    def described(self) -> str:
        """The numbers alone, where no verdict was asked for."""
        return f"Without a verdict, {self.arm} beside {self._against}: {self._numbers}."

    @property
    def _against(self) -> str:
        checkpoint, _, name = self.figure.rpartition("/")
        return f"{self.other} at {self.size} in {name}{f' ({checkpoint} models)' if checkpoint else ''}"

    @property
    def _numbers(self) -> str:
        bound = {
            Reached.BETWEEN: f"{self.value:.2g}",
            Reached.SMALLEST: f"at least {self.value:.2g}",
            Reached.NEVER: f"not reached, so below {self.value:.2g}",
        }[self.reached]
        low = "anything" if self.low is None else f"{self.low:.2g}"
        high = "anything above" if self.high is None else f"{self.high:.2g}"
        return f"parameter ratio {bound}, 95% interval {low} to {high}, {self.seeds} seeds"


def ratio(
    figure: str, arm: str, other: str, size: str, parameters: Sequence[float], mine_SP: Sequence[Sequence[float]],
    theirs_S: Sequence[float], theirs: float,
) -> Ratio:  # fmt: skip
    """The ratio at equal ``figure``: of ``other``'s ``theirs`` parameters to those that ``arm`` needs, seed by seed.

    ``mine_SP`` are the values of ``arm`` by seed and size, ``theirs_S`` those of ``other`` at its size by seed.
    Raises ``BadSetting`` for values that are not in pairs or no numbers, and as ``crossing`` does.
    """
    if len(mine_SP) != len(theirs_S):
        raise BadSetting(f"{figure}: {len(mine_SP)} seeds of {arm!r} and {len(theirs_S)} of {other!r}; expected pairs")
    if not (math.isfinite(theirs) and theirs > 0):
        raise BadSetting(f"{figure}: {other!r} at {size} has {theirs} parameters; expected a number above 0")
    above = [[value - wanted for value in row] for row, wanted in zip(mine_SP, theirs_S, strict=True)]
    found = crossing(parameters, above)
    low, high = (None if bound is None else theirs / bound for bound in (found.high, found.low))
    return Ratio(figure, arm, other, size, found.reached, theirs / found.parameters, low, high, found.seeds)
