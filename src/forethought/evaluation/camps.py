"""Seeds that fall in two camps, as where an ability comes suddenly or not at all: what so few of them leave open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

from forethought.evaluation.statistics import Interval, binomial

APART = 0.4
"""How far from each other two camps of shares lie at least."""


class Camps(NamedTuple):
    """Seeds of one arm that lie near ``upper`` and near ``lower``, and nowhere between.

    ``share`` is that of the seeds near ``upper``, with the exact 95% interval of what it would be of more seeds: unlike
    a t interval of their mean, it covers.
    """

    upper: float
    lower: float
    above: int
    seeds: int
    share: Interval


def camps(values: Sequence[float]) -> Camps | None:
    """The camps of an arm's shares by seed; ``None`` without a gap of ``APART``, wider than either side of it."""
    values = sorted(values)
    gaps = [after - before for before, after in pairwise(values)]
    if not gaps or max(gaps) < APART:
        return None
    at = gaps.index(max(gaps)) + 1
    lower, upper = values[:at], values[at:]
    if max(gaps) <= max(lower[-1] - lower[0], upper[-1] - upper[0]):
        return None
    return Camps(fmean(upper), fmean(lower), len(upper), len(values), binomial(len(upper), len(values)))


def may_differ(seeds: int) -> float:
    """What share of other seeds may do otherwise where so many agree (Clopper and Pearson, 95% two-sided)."""
    return binomial(0, seeds).high


def caveats(figures: Iterable[tuple[str, Mapping[str, float]]]) -> list[str]:
    """Where seeds fall in two camps, in words; each of ``figures`` is of one seed of who is named."""
    by: dict[tuple[str, str], list[float]] = {}
    for who, mine in figures:
        for figure, value in mine.items():
            by.setdefault((figure, who), []).append(value)
    return [_told(who, figure, found) for (figure, who), values in by.items() if (found := camps(values))]


def _told(who: str, figure: str, found: Camps) -> str:
    share = found.share
    return (
        f"The seeds of {who} fall in two camps in {figure}: {found.above} near {found.upper:.0%} and "
        f"{found.seeds - found.above} near {found.lower:.0%}. Its interval, and that of any difference from it, covers "
        f"too seldom: of more seeds {share.low:.0%} to {share.high:.0%} may come near {found.upper:.0%}."
    )
