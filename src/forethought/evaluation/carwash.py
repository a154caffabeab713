"""The car wash against the letter: near services where walking will do for one thing and not for the other.

Whoever knows only "near = walk" gets one side wrong, whoever always drives the other.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from forethought.errors import BadSetting
from forethought.evaluation.metrics import Place
from forethought.evaluation.statistics import Record
from forethought.evaluation.transitions import situation_seeds
from forethought.models import Imagined, Model
from forethought.models.foresight import after_imagined, imagine_each
from forethought.types import Progress, Step
from forethought.worlds.errand import ErrandWorld
from forethought.worlds.errand.state import State
from forethought.worlds.errand.town import MANNER_OF, SERVICES

WALK, DRIVE = "walk", "drive"
ENOUGH = 0.5
"""A way will do if it is imagined to end well with at least this probability."""
LEVELS = range(1, 4)
TRIES = 500
"""Situations drawn for each pair that is wanted."""


@dataclass(frozen=True)
class Errand:
    """A situation of the errand world whose one errand is to be done at a near place."""

    world: ErrandWorld
    state: State

    @property
    def thing(self) -> str:
        """The thing that something is to be done with."""
        return self.state.errands[0][0]

    @property
    def goal(self) -> str:
        """The name of the place where it is done."""
        return SERVICES[self.state.errands[0][1]]

    @cached_property
    def best(self) -> str:
        """The way that is right: to walk where that will do, as it burns no fuel."""
        return WALK if self.lived(ways_of(self)[WALK])[1] else DRIVE

    def lived(self, actions: Sequence[str]) -> tuple[list[Step], bool]:
        """What the actions really cause, and whether the desire is satisfied in the end."""
        here, steps = self.state, []
        for action in actions:
            effect = self.world.law(here, action)
            here = effect.state
            change, text = self.world.grammar.change(effect.told), self.world.text(here)
            steps.append(Step(action, change, text, effect.progress, effect.harm, cost=effect.cost))
        return steps, steps[-1].progress is Progress.SATISFIED


def ways_of(errand: Errand) -> dict[str, tuple[str, str]]:
    """Walking there and driving there, each followed by the request."""
    thing, done = errand.state.errands[0]
    vehicle = thing if MANNER_OF[thing] == "driven" else "car"
    ask = f"ask for the {thing} to be {done}"
    return {WALK: (f"walk to the {errand.goal}", ask), DRIVE: (f"drive the {vehicle} to the {errand.goal}", ask)}


@dataclass(frozen=True, slots=True)
class Dream:
    """What a model imagines of each way, step upon imagined step."""

    ways: dict[str, tuple[Imagined, ...]]

    def promise(self, name: str) -> float:
        """The probability that a way ends satisfied and unharmed, as imagined."""
        promise = 0.0
        for step in reversed(self.ways[name]):
            ongoing = max(0.0, 1.0 - step.satisfied - step.failed)
            promise = (1.0 - step.harmed) * (step.satisfied + ongoing * promise)
        return promise

    @property
    def chosen(self) -> str:
        """Walk if that will do, otherwise drive if that will, otherwise nothing ("")."""
        return next((name for name in (WALK, DRIVE) if self.promise(name) >= ENOUGH), "")


def imagine_ways(model: Model, errands: Sequence[Errand]) -> list[Dream]:
    """Each errand's ways, imagined to their ends: the trip, and the request upon the imagined trip."""
    plans = [(i, name, actions) for i, errand in enumerate(errands) for name, actions in ways_of(errand).items()]
    openings = [model.transcript.opening(e.world.wish(e.state), e.world.text(e.state)) for e in errands]
    contexts = [openings[i] for i, _, _ in plans]
    dreamt: list[dict[str, tuple[Imagined, ...]]] = [{} for _ in errands]
    for at in range(2):
        outcomes = imagine_each(model, contexts, [actions[at] for _, _, actions in plans])
        for k, ((i, name, actions), outcome) in enumerate(zip(plans, outcomes, strict=True)):
            dreamt[i][name] = (*dreamt[i].get(name, ()), outcome)
            contexts[k] = after_imagined(model, contexts[k], actions[at], outcome)
    return [Dream(ways) for ways in dreamt]


def chosen_rightly(*answers: tuple[Errand, Dream]) -> bool:
    """Whether the way chosen is the right one for every errand."""
    return all(dream.chosen == errand.best for errand, dream in answers)


def right_for_the_reason(car: Errand, of_car: Dream, letter: Errand, of_letter: Dream) -> bool:
    """Whether the imagined walk arrives without the car, and the other one with the letter."""
    return _walk_as_imagined(car, of_car) == (True, False) and _walk_as_imagined(letter, of_letter) == (True, True)


def _walk_as_imagined(errand: Errand, dream: Dream) -> tuple[bool, bool]:
    """Whether you, and whether the thing, are imagined to be at the place after walking there."""
    facts = errand.world.read(dream.ways[WALK][0].text)
    goal = f"the {errand.goal}"
    return ("you at", goal) in facts, ("thing at", errand.thing, goal) in facts


def car_wash_pairs(
    model: Model, n: int = 200, split: str = "test", level: int = 1, seed: int = 0, arm: str = ""
) -> list[Record]:
    """``n`` held-out pairs: the same near service for a driven thing (drive) and for a carried one (walk).

    ``car_wash_choice``: both ways chosen rightly by what is imagined of the trip and the request after it.
    ``car_wash_and_letter``: besides, the imagined walk leaves the driven thing behind and takes the carried one along.
    Beside them stands the best answer that is blind to the thing, which is never right on both sides. Raises
    ``BadSetting`` for the split "train", in which there are no such pairs.
    """
    place = Place("errand", level, split, "near_driven")
    pairs = draw_pairs(n, split, level, seed)
    dreams = imagine_ways(model, [errand for pair in pairs for errand in pair])
    choices: list[float] = []
    reasons: list[float] = []
    for (car, letter), of_car, of_letter in zip(pairs, dreams[::2], dreams[1::2], strict=True):
        rightly = chosen_rightly((car, of_car), (letter, of_letter))
        choices.append(rightly)
        reasons.append(rightly and right_for_the_reason(car, of_car, letter, of_letter))
    records: list[Record] = []
    for metric, values in (("car_wash_and_letter", reasons), ("car_wash_choice", choices)):
        records += [*place.record(arm, metric, values, seed), place.blind(metric, 0.0, len(pairs))]
    return records


def draw_pairs(n: int, split: str = "test", level: int = 1, seed: int = 0) -> list[tuple[Errand, Errand]]:
    """``n`` different pairs: a driven thing and, in its place, a carried one; everything else is equal."""
    situation_seeds(n, seed)
    if level not in LEVELS:
        raise BadSetting(f"level {level}; expected 1 to 3, where a desire is one errand: car wash or letter")
    world = ErrandWorld(level=level, split=split, axis="near_driven")
    rng = random.Random(f"car wash and letter/{split}/{level}/{seed}")
    found: dict[tuple[State, State], tuple[Errand, Errand]] = {}
    for one, other in _swaps(world, rng, n * TRIES):
        found.setdefault((one, other), (Errand(world, one), Errand(world, other)))
        if len(found) == n:
            return list(found.values())
    raise BadSetting(f"only {len(found)} different pairs were found at level {level}, split {split!r}; ask for fewer")


def _swaps(world: ErrandWorld, rng: random.Random, tries: int) -> Iterator[tuple[State, State]]:
    """Situations for a driven thing with the same ones for a carried thing."""
    for _ in range(tries):
        (one, _), (other, _) = world.minimal_pair("near_driven", rng)
        manners = [MANNER_OF[state.errands[0][0]] for state in (one, other)]
        if manners == ["driven", "carried"] and len(one.errands) == 1:
            yield one, other
