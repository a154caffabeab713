"""What a model has memorised and what it extrapolates, for a run's last model and for the best of those it kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from statistics import fmean

from forethought.errors import BadSetting, Damaged
from forethought.evaluation.foresight import exactly_right
from forethought.evaluation.metrics import Place, places
from forethought.evaluation.selection import best_of
from forethought.evaluation.statistics import BASELINES, Record
from forethought.evaluation.suites import probes
from forethought.evaluation.transitions import Transition, transitions
from forethought.models import Model
from forethought.worlds import world_class
from forethought.worlds.grammar import verb_of

LASTING, EXACT = "lasting", "exact"
KEPT, BEST = "kept", "best"
CHOICE_SHARE = 0.5
"""Of the things measured in each place, so many are asked of every kept model to choose the best."""
MEMORISED, TRAINED, NEW = "memorised", "as in training", "in distribution"
EXTRAPOLATED, PAIRS = "extrapolated", "held-out pair probes"
FIGURES: dict[str, Callable[[Record], bool]] = {
    MEMORISED: lambda r: r.metric == LASTING and r.split == "test",
    TRAINED: lambda r: r.metric == EXACT and r.split == "train",
    NEW: lambda r: r.metric == EXACT and r.split == "test" and not r.axis,
    EXTRAPOLATED: lambda r: r.metric == EXACT and r.split == "test" and bool(r.axis),
    PAIRS: lambda r: r.metric.startswith("probe/") and r.split == "test" and bool(r.axis),
}
"""Each figure is the mean of a model's records of one kind, every axis counting alike."""
KEPT_ASKED: dict[str, Callable[[Record], bool]] = {
    "validation": lambda r: r.metric.startswith(f"{KEPT}/") and r.split == "validation"
}
"""What every kept model is asked, by which the best is chosen."""
Watch = Callable[[str, int, int], None]


def shares(
    models: Sequence[Callable[[], Model]],
    world: str,
    level: int = 1,
    n: int = 200,
    seed: int = 0,
    arm: str = "",
    progress: Watch | None = None,
) -> list[Record]:
    """The records of a run's models, oldest first; the last is the run's result.

    Each answers validation questions (metrics ``kept/1``, ``kept/2``, ...), by which the best is chosen. The last and,
    as ``best/...``, the best then answer ``n`` questions in each place of the test split and of the training split.
    Raises ``BadSetting`` where there is no model, or nothing to ask.
    """
    if not models or n < 1:
        raise BadSetting(f"{len(models)} models and {n} questions in each place; expected at least one of each")
    records, scores, many = list[Record](), list[float](), len(models) + 2
    for k, load in enumerate(models, start=1):
        found = exact(load(), _held_out(world, level, "validation"), max(1, round(CHOICE_SHARE * n)), seed, arm)
        records += [replace(record, metric=f"{KEPT}/{k}") for record in found]
        scores.append(fmean(record.value for record in found))
        if progress is not None:
            progress(f"model {k} in validation situations", k, many)
    best = best_of(scores)
    last = _tested(models[-1](), world, level, n, seed, arm)
    if progress is not None:
        progress("the last model", many - 1, many)
    chosen = last if best == len(models) - 1 else _tested(models[best](), world, level, n, seed, arm)
    mine = [record for record in chosen if record.arm not in BASELINES]
    return records + last + [replace(record, metric=f"{BEST}/{record.metric}") for record in mine]


def _held_out(world: str, level: int, split: str) -> list[Place]:
    """The places on held-out axes; in distribution in a world without any."""
    found = places([world], level, split, None)
    return [place for place in found if place.axis] or found


def _tested(model: Model, world: str, level: int, n: int, seed: int, arm: str) -> list[Record]:
    """Outcomes as in training, in distribution and on each axis, and of each probe on the axes half as many pairs."""
    everywhere = places([world], level, "train", None) + places([world], level, "test", None)
    records = exact(model, everywhere, n, seed, arm)
    for place in _held_out(world, level, "test"):
        records += probes(model, place, max(1, n // 2), seed, arm)
    return records


def exact(model: Model, where: Sequence[Place], n: int, seed: int, arm: str) -> list[Record]:
    """The share of outcomes foreseen exactly, verdicts included, in each place; apart, of those that hold for good."""
    records: list[Record] = []
    for place in where:
        world = place.make()
        lasting, other = _questions(place, n, seed)
        for metric, asked in ((LASTING, lasting), (EXACT, other)):
            records += place.record(arm, metric, exactly_right(model, world, asked), seed)
    return records


def _questions(place: Place, n: int, seed: int) -> tuple[list[Transition], list[Transition]]:
    """``n`` transitions at most whose outcomes hold for good, and ``n`` of the others."""
    lasting = world_class(place.world).lasting
    asked = transitions(place.world, place.level, place.split, place.axis, 4 * n if lasting else n, seed)
    held = [question for question in asked if verb_of(question.step.action) in lasting]
    others = [question for question in asked if verb_of(question.step.action) not in lasting]
    return held[:n], others[:n]


def figures(records: Iterable[Record], best: bool = False) -> dict[str, float]:
    """The few figures of a run's last model, or of its best one; those that nothing was measured for are left out."""
    mine = [record for record in (of_best(records) if best else records) if record.arm not in BASELINES]
    found = {name: [record.value for record in mine if chosen(record)] for name, chosen in FIGURES.items()}
    return {name: fmean(values) for name, values in found.items() if values}


def of_best(records: Iterable[Record]) -> list[Record]:
    """The records of a run's best model, named as those of its last one are."""
    return [replace(r, metric=r.metric.removeprefix(f"{BEST}/")) for r in records if r.metric.startswith(f"{BEST}/")]


def of_last(records: Iterable[Record]) -> list[Record]:
    """The records of a run's last model on the test and as in training."""
    mine = [record for record in records if record.arm not in BASELINES]
    return [record for record in mine if record.metric.partition("/")[0] not in (KEPT, BEST)]


def validation(records: Iterable[Record]) -> list[float]:
    """The mean validation score of each of a run's models, oldest first; ``Damaged`` for one without a number."""
    by: dict[int, list[float]] = {}
    for record in records:
        family, _, number = record.metric.partition("/")
        if family == KEPT and record.split == "validation":
            if not number.isdecimal():
                raise Damaged(
                    f"a record is of {record.metric!r}; expected the number of a model, as in '{KEPT}/1'. Delete its "
                    "measured.json and run the command again"
                )
            by.setdefault(int(number), []).append(record.value)
    return [fmean(by[k]) for k in sorted(by)]
