"""What is asked in an evaluation: single transitions and whole trajectories, drawn from unsealed worlds.

Behaviour is a mix of random candidates and the best demonstrator, so that desires are met and missed. Every
transition comes from a situation of its own, so that resampling them gives an honest interval.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from forethought.errors import BadSetting, NotOffered
from forethought.types import Fact, Step
from forethought.worlds import World, make
from forethought.worlds.reading import facts_in
from forethought.worlds.vector import VectorWorld

FIRST_SEED = 10_000_000
"""Evaluation's situations start here, far from those that training's seeds draw."""
SEEDS_APART = 1_000_000
TRIES = 20
"""Situations drawn for each trajectory that is wanted before fewer are made do with."""
SHOWN_SHARE = 0.5
"""Share of steps that the demonstrator chooses."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A step, what led to it, and the facts that it changed."""

    seed: int
    desire: str
    observation: str
    history: tuple[Step, ...]
    step: Step
    changed: frozenset[Fact]


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The first steps of an episode, none of them with a warning."""

    seed: int
    desire: str
    observation: str
    steps: tuple[Step, ...]


@lru_cache(maxsize=64)
def transitions(
    world: str, level: int = 1, split: str = "test", axis: str = "", n: int = 200, seed: int = 0
) -> tuple[Transition, ...]:
    """``n`` transitions of different situations, each at a random place of its trajectory; warnings are left out.

    Raises ``UnknownName`` or ``BadSetting`` for a world, split, axis or level that does not exist.
    """
    rng = random.Random(f"transitions/{world}/{level}/{split}/{axis}/{seed}")
    here = make(world, level=level, split=split, axis=axis)
    found: list[Transition] = []
    for lived in _trajectories(here, seed, rng, n * TRIES):
        at = rng.randrange(len(lived.steps))
        step = lived.steps[at]
        facts = facts_in(here, step.change)
        found.append(Transition(lived.seed, lived.desire, lived.observation, lived.steps[:at], step, facts))
        if len(found) == n:
            break
    return tuple(found)


@lru_cache(maxsize=64)
def trajectories(
    world: str, level: int = 1, split: str = "test", axis: str = "", n: int = 200, seed: int = 0, length: int = 4
) -> tuple[Trajectory, ...]:
    """Up to ``n`` trajectories of exactly ``length`` steps (longer ones are cut): the same ones for every horizon."""
    rng = random.Random(f"trajectories/{world}/{level}/{split}/{axis}/{seed}")
    here = make(world, level=level, split=split, axis=axis)
    found: list[Trajectory] = []
    for lived in _trajectories(here, seed, rng, n * TRIES):
        if len(lived.steps) >= length:
            found.append(Trajectory(lived.seed, lived.desire, lived.observation, lived.steps[:length]))
        if len(found) == n:
            break
    return tuple(found)


def situation_seeds(n: int, seed: int) -> range:
    """The situation seeds of an evaluation with ``seed``."""
    if n < 1 or seed < 0:
        raise BadSetting(f"n of {n} and seed of {seed}; expected at least 1 thing to evaluate and a seed from 0 on")
    return range(FIRST_SEED + seed * SEEDS_APART, FIRST_SEED + seed * SEEDS_APART + n)


def _trajectories(world: World, seed: int, rng: random.Random, tries: int) -> Iterator[Trajectory]:
    """Episodes up to their first warning or failure of the world; those without any step are passed over."""
    for situation in situation_seeds(tries, seed):
        lived = _trajectory(world, situation, rng)
        if lived is not None and lived.steps:
            yield lived


def _trajectory(world: World, seed: int, rng: random.Random) -> Trajectory | None:
    vector = VectorWorld([world])
    start = vector.reset(0, seed)
    if start.error is not None:
        return None
    show, candidates, steps = _demonstrator(world), start.candidates, list[Step]()
    while vector.running(0):
        action = _choose(candidates, show, rng)
        if action is None:
            break
        told = vector.step(0, action)
        if told.error is not None or told.warning:
            break
        steps.append(Step(action, told.change, told.observation, told.progress, told.harm, cost=told.cost))
        candidates = told.candidates
    return Trajectory(seed, start.desire, start.observation, tuple(steps))


def _choose(candidates: tuple[str, ...], show: Callable[[], str] | None, rng: random.Random) -> str | None:
    """The demonstrator's action or a random candidate; ``None`` where the world has neither."""
    if show is not None and (not candidates or rng.random() < SHOWN_SHARE):
        return show()
    return rng.choice(candidates) if candidates else None


def _demonstrator(world: World) -> Callable[[], str] | None:
    try:
        return world.demonstrator("best")
    except NotOffered:
        return None
