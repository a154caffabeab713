"""The laboratory's probes in minimal pairs: the same experiments and the same action, but other light was seen."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from forethought.worlds.lab.law import PUT, TAKE
from forethought.worlds.lab.rules import MOST_TRIED, Arrangement, Family, Rule, Space
from forethought.worlds.lab.state import State

LONGEST_HISTORY = {1: 7, 2: 7, 3: 8, 4: 9}
"""Experiments before the one that is asked about, at most."""


class Contrast(NamedTuple):
    """What was done, which rules that leaves on each side, and by how many experiments the sides differ."""

    walk: tuple[int, ...]
    last: int
    left: int
    right: int
    differing: int


def draw(
    rng: random.Random, state: State, kind: str, level: int, held_out: Family | None
) -> tuple[State, State, list[str]] | None:
    """Two sides and the actions taken on both; ``None`` where the walk that was drawn decides nothing.

    ``recall`` asks about an arrangement that was seen before, ``inference`` about one that was not. With a
    ``held_out`` family the rule of at least one side is of it.
    """
    space = state.space
    walk = _walk(rng, space.many, rng.randint(2, LONGEST_HISTORY[level]))
    wanted = space.where([rule.family == held_out for rule in space.rules]) if held_out else space.all
    found = [c for c in _contrasts(space, walk, kind) if (c.left | c.right) & wanted]
    if not found:
        return None
    least = min(contrast.differing for contrast in found)
    chosen = rng.choice([contrast for contrast in found if contrast.differing == least])
    sides = [_rule(rng, space, these & wanted or these) for these in (chosen.left, chosen.right)]
    rng.shuffle(sides)
    actions = in_words(state, (*chosen.walk, chosen.last))
    asked = state._replace(wish=("tell", rng.choice(state.objects)), running=True, fragile=())
    return asked._replace(rule=sides[0]), asked._replace(rule=sides[1]), actions


def _walk(rng: random.Random, many: int, steps: int) -> tuple[int, ...]:
    """Places whose objects are put on or taken off, one after the other."""
    here: Arrangement = ()
    walk: list[int] = []
    while len(walk) < steps:
        place = rng.randrange(many)
        if (not walk or place != walk[-1] or rng.random() < 0.5) and (place in here or len(here) < MOST_TRIED):
            here = moved(here, place)
            walk.append(place)
    return tuple(walk)


def moved(here: Arrangement, place: int) -> Arrangement:
    """The arrangement after the object at ``place`` was put on, or taken off."""
    return tuple([there for there in here if there != place]) if place in here else (*here, place)


def _contrasts(space: Space, walk: tuple[int, ...], kind: str) -> Iterator[Contrast]:
    """Every pair of what may have been seen in ``walk`` that decides some next experiment differently.

    The machine looks the same right before it, so that nothing but the history tells.
    """
    traces: dict[tuple[bool, ...], int] = {(): space.all}
    here: Arrangement = ()
    met = set()
    for place in walk:
        here = moved(here, place)
        met.add(space.canonical(here))
        split: dict[tuple[bool, ...], int] = {}
        for trace, these in traces.items():
            for lit in (False, True):
                if rest := space.after(these, here, lit):
                    split[(*trace, lit)] = rest
        traces = split
    for last in range(space.many):
        final = moved(here, last)
        if not final or len(final) > MOST_TRIED or (space.canonical(final) in met) != (kind == "recall"):
            continue
        lights = space.lit(final)
        decided = [(trace, these) for trace, these in traces.items() if space.decided(these, final)]
        for (one, left), (other, right) in combinations(decided, 2):
            if one[-1] == other[-1] and bool(left & lights) != bool(right & lights):
                differing = sum(a != b for a, b in zip(one, other, strict=True))
                yield Contrast(walk, last, left, right, differing)


def _rule(rng: random.Random, space: Space, these: int) -> Rule:
    return rng.choice([rule for i, rule in enumerate(space.rules) if these >> i & 1])


def in_words(state: State, walk: tuple[int, ...]) -> list[str]:
    """The actions of a walk."""
    here: Arrangement = ()
    actions = []
    for place in walk:
        actions.append((TAKE if place in here else PUT).format(state.objects[place]))
        here = moved(here, place)
    return actions
