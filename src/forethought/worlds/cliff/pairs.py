"""Minimal pairs of the cliff world: one factor makes the same move safe or deadly."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forethought.types import Fact, Harm, Progress
from forethought.worlds.cliff import ledge, scenes
from forethought.worlds.cliff.ledge import BRIDGE, CALM, GAP, ICE, ROCK, STEPS
from forethought.worlds.cliff.scenes import State
from forethought.worlds.lawful import Case

if TYPE_CHECKING:
    from forethought.worlds.cliff.world import CliffWorld

FACTORS = ("ground", "wind", "load")
TRIES = 400
"""Situations drawn for one factor before another is taken."""


def minimal_pair(world: CliffWorld, rng: random.Random) -> tuple[Case[State], Case[State]]:
    """Two situations and the same actions: the last is safe in the first situation and deadly in the second."""
    while True:
        factor = rng.choice(FACTORS[: min(world.level, len(FACTORS))])
        for _ in range(TRIES):
            state = world.draw(rng)
            history, here = _lived(world, rng, state)
            if pair := _pair(world, rng, factor, state, history, here):
                return pair


def _lived(world: CliffWorld, rng: random.Random, state: State) -> tuple[list[str], State]:
    """Up to three harmless actions that do not yet meet the desire, and where they lead."""
    history: list[str] = []
    here = state
    for _ in range(rng.randrange(4)):
        action = rng.choice([option for option in world.options(here) if option != "wait"] or ["wait"])
        effect = world.law(here, action)
        if effect.harm is Harm.NONE and effect.progress is Progress.ONGOING:
            history.append(action)
            here = effect.state
    return history, here


def _pair(
    world: CliffWorld, rng: random.Random, factor: str, state: State, history: list[str], here: State
) -> tuple[Case[State], Case[State]] | None:
    for direction in rng.sample(list(STEPS), len(STEPS)):
        action = f"walk {direction}"
        if action not in world.options(here):
            continue
        for twin in _twins(rng, factor, state, here, here.at + STEPS[direction]):
            fits = scenes.fits(twin, world.rules, way_too=world.axis != "path")
            actions = (*history, action)
            left, right = _outcome(world, state, actions), _outcome(world, twin, actions)
            if not fits or left is None or right is None or left.told != right.told or left.harm is right.harm:
                continue
            if world.axis == "terrain" and not (left.held_out or right.held_out):
                continue
            pair = (state, actions), (twin, actions)
            return pair if left.harm is Harm.NONE else (pair[1], pair[0])
    return None


def _twins(rng: random.Random, factor: str, state: State, here: State, spot: int) -> Iterator[State]:
    """The situations that differ from ``state`` in that one factor, for a step onto ``spot``."""
    kind = state.ground[spot]
    if factor == "ground" and kind in (ROCK, GAP) and spot not in (state.start, state.goal, state.lies):
        other = GAP if kind == ROCK else ROCK
        yield state._replace(ground=state.ground[:spot] + other + state.ground[spot + 1 :])
    elif factor == "wind" and kind == ICE:
        winds = [wind for wind in (*STEPS, CALM) if wind not in state.winds]
        for wind in rng.sample(winds, len(winds)):
            yield state._replace(winds=(wind, *state.winds[1:]))
    elif factor == "load" and kind == BRIDGE and here.load:
        yield state._replace(weight="light" if state.weight == "heavy" else "heavy")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What was told before the last action, the harm that it did, and whether it met a held-out cell."""

    told: tuple[tuple[Fact, ...], ...]
    harm: Harm
    held_out: bool


def _outcome(world: CliffWorld, state: State, actions: tuple[str, ...]) -> _Outcome | None:
    """What a sequence of actions leads to; ``None`` where one of them is not possible or ends the episode early."""
    told: list[tuple[Fact, ...]] = []
    for action in actions[:-1]:
        if action not in world.options(state):
            return None
        effect = world.law(state, action)
        if effect.harm is Harm.HARMED or effect.progress is not Progress.ONGOING:
            return None
        told.append(effect.told)
        state = effect.state
    if actions[-1] not in world.options(state):
        return None
    cell = ledge.met(state.ground, state.at, actions[-1].split()[1], state.wind, state.load)
    return _Outcome(tuple(told), world.law(state, actions[-1]).harm, cell is not None and world.rules.holds_out(cell))
