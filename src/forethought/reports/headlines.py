"""The few numbers that a result comes down to, and what they say in plain words, by rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forethought.errors import ForethoughtError
from forethought.worlds import world_class

if TYPE_CHECKING:
    from forethought.evaluation import Record

BLIND = "best blind answer"


@dataclass(frozen=True, slots=True)
class Share:
    """A mean of several records, with its interval and how many things it rests on."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return percent(self.value)


@dataclass(frozen=True, slots=True)
class Headline:
    """One row: what was asked, and each arm's share of right answers (``None`` where it was not measured)."""

    title: str
    shares: dict[str, Share | None]


Chosen = Callable[["Record"], bool]
NEW, COMBINED, UNMET = "in new situations", "in held-out combinations", "beyond what training met"


def _where(record: Record) -> str:
    """What is new about where a record was measured."""
    if not record.axis:
        return NEW
    try:
        return COMBINED if record.axis in world_class(record.world).recombines else UNMET
    except ForethoughtError:  # somebody's own world that is not at hand
        return UNMET


def _foretold(where: str) -> Chosen:
    return lambda r: r.metric == "exact" and _where(r) == where


def _paired(where: str) -> Chosen:
    return lambda r: r.metric.startswith("probe/") and _where(r) == where


ROWS: tuple[tuple[str, Chosen], ...] = (
    *((f"consequences foretold exactly, {where}", _foretold(where)) for where in (NEW, COMBINED, UNMET)),
    *((f"probe pairs right on both sides, {where}", _paired(where)) for where in (NEW, COMBINED, UNMET)),
    ("desires fulfilled without harm, when acting", lambda r: r.metric == "act/success"),
    ("car wash and letter right, for the right reason", lambda r: r.metric == "car_wash_and_letter"),
)


def headlines(records: Iterable[Record], arms: Sequence[str]) -> list[Headline]:
    """The rows that were measured for at least one of the arms, beside the best blind answer."""
    records = list(records)
    rows = []
    for title, chosen in ROWS:
        shares = {arm: mean([r for r in records if r.arm == arm and chosen(r)]) for arm in (*arms, BLIND)}
        if any(shares[arm] for arm in arms):
            rows.append(Headline(title, shares))
    return rows


def mean(records: Sequence[Record]) -> Share | None:
    """The plain mean of several records; their intervals are taken as independent of each other."""
    if not records:
        return None
    k = len(records)
    value = sum(r.value for r in records) / k
    bounds = [bounds_of(r) for r in records]
    down = math.sqrt(sum((r.value - low) ** 2 for r, (low, _) in zip(records, bounds, strict=True))) / k
    up = math.sqrt(sum((high - r.value) ** 2 for r, (_, high) in zip(records, bounds, strict=True))) / k
    return Share(value, max(0.0, value - down), min(1.0, value + up), sum(r.n for r in records))


def bounds_of(record: Record) -> tuple[float, float]:
    """A record's interval; where all of the ``n`` asked came out alike, resampling them says nothing about chance.

    All right or all wrong then get the exact binomial bound (Clopper and Pearson, 95% two-sided). The blind answer's
    values are known, not measured.
    """
    if record.low < record.high or record.arm == BLIND or not record.share or record.value not in (0.0, 1.0):
        return record.low, record.high
    reach = 1.0 - 0.025 ** (1.0 / max(1, record.n))
    return (0.0, reach) if record.value == 0.0 else (1.0 - reach, 1.0)


def percent(value: float) -> str:
    """A share as people say it; never 100% or 0% where it is not quite."""
    shown = round(100 * value)
    if (shown == 100 and value < 1) or (shown == 0 and value > 0):
        return (
            f"{100 * value:.1f}%" if round(1000 * value) not in (0, 1000) else ("> 99.9%" if value > 0.5 else "< 0.1%")
        )
    return f"{shown}%"


def in_words(rows: Sequence[Headline], arms: Sequence[str]) -> list[str]:
    """What the headlines say, one sentence or two for each row."""
    return [_row_in_words(row, arms) for row in rows]


def _row_in_words(row: Headline, arms: Sequence[str]) -> str:
    found = sorted(((share, arm) for arm in arms if (share := row.shares[arm])), key=lambda pair: -pair[0].value)
    told = ", ".join(f"{arm} {share}" for share, arm in found)
    sentence = f"{row.title[0].upper()}{row.title[1:]}: {told}"
    if len(found) > 1:
        sentence += f"; {_compared(found)}"
    blind = row.shares[BLIND]
    if blind is None:
        return sentence + "."
    no_better = [arm for share, arm in found if share.low <= blind.high]
    aside = f" The best blind answer: {blind}"
    if no_better:
        aside += f", which {_joined(no_better)} {'does' if len(no_better) == 1 else 'do'} not clearly beat"
    return f"{sentence}.{aside}."


def _compared(found: Sequence[tuple[Share, str]]) -> str:
    """What the intervals of the best arm and the next one say."""
    (first, name), (second, _) = found[0], found[1]
    if first.value == second.value:
        return "no difference"
    points = 100 * (first.value - second.value)
    gap = f"{points:.0f} points" if points >= 1.5 else "about one point" if points >= 0.5 else "less than a point"
    if first.low > second.high:
        return f"{name} is ahead by {gap}, and the intervals are apart"
    return f"{name} is ahead by {gap}, but the intervals overlap: this may be chance"


def choice_in_words(label: str, choices: Iterable[dict[str, Any]]) -> str:
    """What one arm would do about the car wash and the letter, and whether it has the right reason."""
    told = []
    for choice in choices:
        chosen, best = str(choice.get("chosen") or "nothing"), str(choice.get("best"))
        right = "right" if chosen == best else f"wrong: {best} is right"
        if chosen == best and not choice.get("right_reason"):
            right = "right, but not for the right reason"
        title = str(choice.get("title"))
        told.append(f"{title[:1].lower()}{title[1:]}: {chosen} ({right})")
    return f"What {label} chooses: {'; '.join(told)}." if told else ""


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
