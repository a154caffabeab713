"""The foresight suite: how well a model says beforehand what its actions cause, per split and axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from forethought.errors import UnknownName
from forethought.evaluation.foresight import blind_answer, constant_answers, dream, said, score, told
from forethought.evaluation.metrics import Place, places
from forethought.evaluation.statistics import BLIND, Record
from forethought.evaluation.transitions import situation_seeds, trajectories, transitions
from forethought.models import Model
from forethought.models.divergence import fact_f1
from forethought.models.foresight import judged, predict
from forethought.worlds.lawful import LawfulWorld
from forethought.worlds.probes import PAIR_BLIND, SIDE_BLIND, ProbePair
from forethought.worlds.reading import facts_in

HORIZON = 4
Watch = Callable[[str, int, int], None]
"""Called with what was just measured, how many parts are done, and how many there are."""


def evaluate(
    model: Model,
    worlds: Sequence[str] = ("errand",),
    level: int = 1,
    split: str = "test",
    axes: Sequence[str] | None = None,
    n: int = 200,
    seed: int = 0,
    arm: str = "",
    progress: Watch | None = None,
    parts: Sequence[str] = ("outcomes", "probes", "horizon"),
) -> list[Record]:
    """What the model foresees in each world, in distribution ("") and on each held-out axis (all, unless ``axes``).

    ``n`` transitions, ``n`` pairs of each probe and ``n`` trajectories for each place. Beside the model's records
    stand those of the arm ``BLIND``. An axis that does not exist at this level is left out with a ``Skipped`` warning.
    Raises ``UnknownName`` (with the nearest name) or ``BadSetting``.
    """
    for part in parts:
        if part not in PARTS:
            raise UnknownName.of("part of an evaluation", part, PARTS)
    situation_seeds(n, seed)
    records: list[Record] = []
    where = places(worlds, level, split, axes)
    for i, place in enumerate(where):
        for j, part in enumerate(parts):
            records += PARTS[part](model, place, n, seed, arm)
            if progress is not None:
                progress(f"{place.world} {place.axis or 'in distribution'}: {part}", i * len(parts) + j + 1,
                         len(where) * len(parts))  # fmt: skip
    return records


def outcomes(model: Model, place: Place, n: int, seed: int, arm: str) -> list[Record]:
    """Single transitions: facts, words and verdicts, and whether these agree; beside the constant answers."""
    asked = transitions(place.world, place.level, place.split, place.axis, n, seed)
    world, target = place.make(), model.transcript.target
    mine = [said(imagined) for imagined in predict(model, asked)]
    lessons = constant_answers(place.world, place.level, target)
    blind = [blind_answer(lessons, question.step.action) for question in asked]
    records: list[Record] = []
    for whose, answers in ((arm, mine), (BLIND, blind)):
        scores = [score(world, answer, q.step, target) for answer, q in zip(answers, asked, strict=True)]
        values: dict[str, list[float]] = {
            "exact": [s.facts and s.verdicts for s in scores],
            "exact_text": [s.text and s.verdicts for s in scores],
            "facts_f1": [s.f1 for s in scores],
            "progress_accuracy": [s.progress for s in scores],
            "harm_accuracy": [s.harm for s in scores],
        }
        if whose is arm:
            values["agreement/verdicts_given_facts"] = [s.verdicts for s in scores if s.facts]
            values["agreement/facts_given_verdicts"] = [s.facts for s in scores if s.verdicts]
        for metric, these in values.items():
            records += place.record(whose, metric, these, seed)
    return records


def probe_pairs(place: Place, name: str, n: int, seed: int) -> list[ProbePair]:
    """``n`` minimal pairs of a probe; none for a world without probes."""
    world = place.make()
    if not isinstance(world, LawfulWorld):
        return []
    return [world.probe(name, situation) for situation in situation_seeds(n, seed)]


def probes(model: Model, place: Place, n: int, seed: int, arm: str) -> list[Record]:
    """Every probe of the world: pairs with both sides right, and single sides (resampled as pairs)."""
    records: list[Record] = []
    for name in place.make().probes:
        pairs = probe_pairs(place, name, n, seed)
        right = judged(model, place.make(), pairs)
        records += place.record(arm, f"probe/{name}", [left and other for left, other in right], seed)
        records += place.record(arm, f"probe_side/{name}", [(left + other) / 2 for left, other in right], seed)
        if pairs:
            records.append(place.blind(f"probe/{name}", PAIR_BLIND, len(pairs)))
            records.append(place.blind(f"probe_side/{name}", SIDE_BLIND, len(pairs)))
    return records


def horizon(model: Model, place: Place, n: int, seed: int, arm: str) -> list[Record]:
    """The error so many steps into the model's own imagined future, upon the same trajectories for every horizon."""
    lived = trajectories(place.world, place.level, place.split, place.axis, n, seed, HORIZON)
    world, target = place.make(), model.transcript.target
    errors: list[list[float]] = [[] for _ in range(HORIZON)]
    for each, outcomes_ in zip(lived, dream(model, lived), strict=True):
        for h, (step, outcome) in enumerate(zip(each.steps, outcomes_, strict=True)):
            f1 = fact_f1(facts_in(world, outcome.text), facts_in(world, told(step, target)))
            errors[h].append(1.0 - f1)
    return [record for h in range(HORIZON) for record in place.record(arm, f"horizon/{h + 1}", errors[h], seed)]


PARTS: dict[str, Callable[[Model, Place, int, int, str], list[Record]]] = {
    "outcomes": outcomes,
    "probes": probes,
    "horizon": horizon,
}
