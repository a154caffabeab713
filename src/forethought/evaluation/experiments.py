"""Active learning: how many experiments it takes until a model foresees the outcome of every other one.

Before each action the model predicts all experiments that were not made yet, each imagined from what was lived so far
and upon its own imagined outcomes on the way, and is judged by facts. Beside it stands the ideal observer, who knows
which rules there may be. A model that knows nothing may still guess the last few that remain (measured: an all but
untrained one in 1 of 20 situations), so that a small share of ``learned`` says nothing.

Gain of information: Lindley 1956, Annals of Mathematical Statistics 27(4), 986-1005.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from forethought.errors import BadSetting
from forethought.evaluation.acting import imagining, likeliest
from forethought.evaluation.metrics import Place, places
from forethought.evaluation.statistics import IDEAL, Record
from forethought.evaluation.suites import Watch
from forethought.evaluation.transitions import situation_seeds
from forethought.models import Imagined, Model
from forethought.models.foresight import after_imagined, imagine_each
from forethought.planning import Planner, Situation
from forethought.training.live import Chooser
from forethought.transcript import Tokens
from forethought.types import Fact, Step
from forethought.worlds import World
from forethought.worlds.reading import facts_in

MOST_ASKED = 24
"""Experiments asked about at once, at most: a sample of those that remain."""
MARKS = (0, 4, 8)
"""After how many actions the share of foreseen experiments is told."""
LIMITS = {1: 16, 2: 24, 3: 32, 4: 40}
"""Actions, at most, by level; a level beyond has the highest."""


@runtime_checkable
class Laboratory(Protocol):
    """What a world offers beside ``World`` so that active learning can be measured in it."""

    def explore(self, seed: int) -> tuple[str, dict[str, Any]]:
        """Begins an open-ended episode, as ``reset`` does: nothing that is done ends it."""

    def experiments(self) -> tuple[tuple[str, ...], ...]:
        """The experiments not made yet, each as actions from here; the outcome of the last one is what it tells."""

    def understood(self) -> bool:
        """Whether what was seen decides every experiment, to one who knows the rules there may be."""


@dataclass(slots=True)
class Inquiry:
    """One episode of experiments: what was lived, and how much of what remained was foreseen before each action."""

    world: World
    lab: Laboratory
    desire: str
    observation: str
    candidates: tuple[str, ...]
    steps: list[Step] = field(default_factory=list)
    foreseen: list[float] = field(default_factory=list)
    show: Callable[[], str] | None = None

    @property
    def learned(self) -> bool:
        """Whether everything that remained was foreseen at last."""
        return self.foreseen[-1:] == [1.0]

    def go_on(self, action: str) -> None:
        """Does it, and records what came of it."""
        outcome, _, terminated, truncated, info = self.world.step(action)
        if terminated or truncated:
            raise BadSetting(
                f"world {self.world.name!r} ended after {action!r}; expected that explore() begins an endless episode"
            )
        told = (info["change"], outcome, info["progress"], info["harm"], info["warning"])
        self.steps.append(Step(action, *told, cost=info["cost"]))
        self.candidates = info["candidates"]

    def share_at(self, mark: int) -> float:
        """The share foreseen after so many actions; what was learned stays learned."""
        return self.foreseen[min(mark, len(self.foreseen) - 1)]


Judge = Callable[[Sequence[Inquiry]], list[float]]
"""The share of the remaining experiments that is foreseen in each inquiry."""


def experiment(
    model: Model,
    worlds: Sequence[str] = ("lab",),
    level: int = 1,
    split: str = "test",
    axes: Sequence[str] | None = None,
    n: int = 20,
    seed: int = 0,
    planner: Planner | None = None,
    limit: int = 0,
    arm: str = "",
    progress: Watch | None = None,
) -> list[Record]:
    """Explores ``n`` situations of each place, and predicts, until everything that remains is foreseen.

    Who chooses the experiments: the model by imagining (``act``), by its own prior (``policy``), ``random`` candidates,
    or the world's best demonstrator (``scripted``). For each: ``experiments/WHO/steps`` (actions needed; ``limit``
    where it was not enough, by default that of the level), ``learned/WHO`` (the share of situations where it was
    enough) and ``foreseen/WHO/K`` (the share of the remaining experiments foreseen after K actions). ``IDEAL`` tells
    the same of the ideal observer, for ``random`` and ``scripted``. Raises ``BadSetting`` for a world that offers no
    experiments (see ``Laboratory``), and otherwise as ``evaluate`` does.
    """
    choosers: dict[str, Chooser | None] = {
        "act": imagining(model, planner or Planner(), seed),
        "policy": likeliest(model),
        "random": at_random,
        "scripted": None,
    }
    seeds, records = situation_seeds(n, seed), list[Record]()
    where = places(worlds, level, split, axes)
    most = limit or LIMITS.get(level, max(LIMITS.values()))
    model.lm.eval()
    for i, place in enumerate(where):
        for j, (who, choose) in enumerate(choosers.items()):
            rng = random.Random(f"experiments/{place}/{who}/{seed}")
            asked = explored(model, place, seeds, choose, predicted_by(model, rng), most, rng)
            records += _measured(place, arm, who, asked, most, seed)
            if who in ("random", "scripted"):
                asked = explored(model, place, seeds, choose, ideally, most, rng)
                records += _measured(place, IDEAL, who, asked, most, seed)
            if progress is not None:
                progress(f"{place.world} {place.axis or 'in distribution'}: {who}", i * len(choosers) + j + 1,
                         len(where) * len(choosers))  # fmt: skip
    return records


def explored(
    model: Model,
    place: Place,
    seeds: Sequence[int],
    choose: Chooser | None,
    judge: Judge,
    limit: int,
    rng: random.Random,
) -> list[Inquiry]:
    """One inquiry for each situation, side by side; without ``choose`` the best demonstrator experiments."""
    inquiries = [begun(place, seed, shown=choose is None) for seed in seeds]
    going = inquiries
    while going:
        for inquiry, share in zip(going, judge(going), strict=True):
            inquiry.foreseen.append(share)
        going = [inquiry for inquiry in going if not inquiry.learned and len(inquiry.steps) < limit]
        for inquiry, action in zip(going, _chosen(model, going, choose, rng), strict=True):
            inquiry.go_on(action)
    return inquiries


def begun(place: Place, seed: int, shown: bool) -> Inquiry:
    """An inquiry before its first action; ``BadSetting`` for a world that offers no experiments."""
    world = place.make()
    if not isinstance(world, Laboratory):
        raise BadSetting(
            f"world {place.world!r} offers no experiments; expected one with explore(), experiments() and "
            "understood(), such as 'lab'"
        )
    observation, info = world.explore(seed)
    show = world.demonstrator("best") if shown else None
    return Inquiry(world, world, info["desire"], observation, info["candidates"], show=show)


def at_random(situations: Sequence[Situation], rng: random.Random) -> list[str]:
    """Any candidate."""
    return [rng.choice(situation.candidates) for situation in situations]


def ideally(inquiries: Sequence[Inquiry]) -> list[float]:
    """1 where everything is decided by what was seen, else 0: nobody can be sure of it earlier."""
    return [float(inquiry.lab.understood()) for inquiry in inquiries]


def predicted_by(model: Model, rng: random.Random) -> Judge:
    """The share of the remaining experiments whose last outcome the model imagines with exactly the true facts.

    Where none remain it is 0: who had to make every experiment foresaw nothing.
    """

    def judge(inquiries: Sequence[Inquiry]) -> list[float]:
        asked = [_sampled(inquiry.lab.experiments(), rng) for inquiry in inquiries]
        contexts = [model.transcript.so_far(i.desire, i.observation, i.steps) for i in inquiries]
        imagined = iter(_dreamt(model, [(c, way) for c, ways in zip(contexts, asked, strict=True) for way in ways]))
        shares = []
        for inquiry, ways in zip(inquiries, asked, strict=True):
            right = [
                bool((said := next(imagined)).text) and facts_in(inquiry.world, said.text) == true_facts(inquiry, way)
                for way in ways
            ]
            shares.append(sum(right) / len(right) if right else 0.0)
        return shares

    return judge


def true_facts(inquiry: Inquiry, way: Sequence[str]) -> frozenset[Fact]:
    """What the last action of an experiment really changes, found in a copy of the world."""
    copy, change = inquiry.world.fork(), ""
    for action in way:
        change = copy.step(action)[4]["change"]
    return facts_in(inquiry.world, change)


def _dreamt(model: Model, asked: Sequence[tuple[Tokens, tuple[str, ...]]]) -> list[Imagined]:
    """The last outcome of each experiment, imagined upon the imagined ones before it; what they share only once."""
    contexts = [context for context, _ in asked]
    last: list[Imagined] = [Imagined("", 0.0, 0.0, 0.0)] * len(asked)
    known: dict[tuple[tuple[int, ...], str], Imagined] = {}
    for depth in range(max((len(way) for _, way in asked), default=0)):
        going = [i for i, (_, way) in enumerate(asked) if depth < len(way)]
        keys = {i: (tuple(contexts[i].ids), asked[i][1][depth]) for i in going}
        new = {key: contexts[i] for i, key in keys.items() if key not in known}
        outcomes = imagine_each(model, list(new.values()), [action for _, action in new])
        known.update(zip(new, outcomes, strict=True))
        for i, key in keys.items():
            last[i] = known[key]
            contexts[i] = after_imagined(model, contexts[i], key[1], last[i])
    return last


def _sampled(ways: tuple[tuple[str, ...], ...], rng: random.Random) -> Sequence[tuple[str, ...]]:
    return ways if len(ways) <= MOST_ASKED else rng.sample(ways, MOST_ASKED)


def _chosen(model: Model, going: Sequence[Inquiry], choose: Chooser | None, rng: random.Random) -> list[str]:
    """The next action of each inquiry; whoever chooses sees nothing but text."""
    if not going:
        return []
    if choose is None:
        return [inquiry.show() for inquiry in going if inquiry.show is not None]
    situations = [
        Situation(
            model.transcript.so_far(inquiry.desire, inquiry.observation, inquiry.steps),
            inquiry.candidates,
            frozenset(step.action for step in inquiry.steps),
        )
        for inquiry in going
    ]
    with ExitStack() as seals:
        for inquiry in going:
            seals.enter_context(inquiry.world.sealed())
        return choose(situations, rng)


def _measured(place: Place, arm: str, who: str, inquiries: Sequence[Inquiry], limit: int, seed: int) -> list[Record]:
    values: dict[str, list[float]] = {
        f"experiments/{who}/steps": [float(len(i.steps) if i.learned else limit) for i in inquiries],
        f"learned/{who}": [float(i.learned) for i in inquiries],
    }
    if arm != IDEAL:
        values |= {f"foreseen/{who}/{mark}": [i.share_at(mark) for i in inquiries] for mark in MARKS}
    return [record for metric, these in values.items() for record in place.record(arm, metric, these, seed)]
