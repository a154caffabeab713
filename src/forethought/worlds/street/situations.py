"""How situations in the street are drawn: always solvable, and held-out things only on their own axis."""

from __future__ import annotations

import random

from forethought.worlds.drawing import pick, several, wording
from forethought.worlds.street import people, telling
from forethought.worlds.street.people import Person
from forethought.worlds.street.state import State, angry_stern
from forethought.worlds.street.telling import Wish

GUARDED = 3
"""The first level that has a guard."""
HIDING = 4
"""The first level at which traits are hidden."""
DELAYS = {"train": (2, 2, 2, 5), "validation": (4,), "test": (3,)}
"""Steps that the guard needs: in training and off the axis ``delay``, and on it in the other splits."""
CROWD = {1: 2, 2: 3, 3: 3, 4: 4}
CROWDED = {"validation": 2, "test": 1}
"""How many people a level has, and how many more on the axis ``people``."""
KINDS = ("get", "get", "get", "pass", "pass", "pass", "peace", "learn", "carry")


def draw(rng: random.Random, level: int, split: str, axis: str) -> State:
    """A situation that can be solved; a held-out combination, crowd, delay, name or wording only on its axis."""
    many = CROWD[level] + (CROWDED[split] if axis == "people" else 0)
    names = several(rng, people.UNSEEN_NAMES[split] if axis == "names" else people.NAMES, many)
    things = several(rng, people.THINGS, many)
    wishes = _wishes(rng, level, names, things)
    traits, ties = _company(rng, level, split if axis == "combination" else "train", many)
    folk = []
    for i, name in enumerate(names):
        wish = wishes[i] if i < len(wishes) else None
        mood = _mood(rng, level, traits[i], wish)
        holds = wish[0] == "get" if wish else level >= GUARDED and rng.random() < 0.3
        known = level < HIDING or rng.random() < 0.5
        folk.append(Person(name, traits[i], mood, things[i] if holds else "", known=known))
    gifts = sum(_gifts(person, wish[0]) for person, wish in zip(folk, wishes, strict=False))
    delay = pick(rng, DELAYS[split if axis == "delay" else "train"]) if level >= GUARDED else 0
    return State(
        people=tuple(several(rng, folk, many)),
        ties=tuple((names[i], tie, names[j]) for i, tie, j in ties),
        wishes=tuple(wishes),
        coins=max(people.GIFT * gifts, pick(rng, (0, people.GIFT, 2 * people.GIFT))),
        guard=delay if angry_stern(folk) else 0,
        delay=delay,
        tell=wording(rng, split, axis, telling.TRAIN_WORDINGS),
        ask=wording(rng, split, axis, telling.DESIRE_WORDINGS),
    )


def _wishes(rng: random.Random, level: int, names: list[str], things: list[str]) -> list[Wish]:
    """One wish, or two from the level of the guard on, of different people."""
    kinds = [pick(rng, KINDS) for _ in range(1 + (level >= GUARDED and rng.random() < 0.5))]
    if kinds == ["carry", "carry"]:
        kinds[1] = "get"
    load = pick(rng, people.LOADS)
    bring = {"get": things, "carry": [load, load]}
    return [(kind, names[i], bring[kind][i] if kind in bring else "") for i, kind in enumerate(kinds)]


def _company(rng: random.Random, level: int, split: str, many: int) -> tuple[list[str], list[tuple[int, str, int]]]:
    """Traits, and ties by index; a tie of the first person is of ``split`` if that is held out, all others of train."""
    traits = [pick(rng, people.DRAWN_AT[level]) for _ in range(many)]
    other = 1 + int(rng.random() * (many - 1))
    pairs: list[tuple[int, int]] = []
    ties: list[tuple[int, str, int]] = []
    if split != "train":
        a, tie, b = pick(rng, people.cells(level, split))
        traits[0], traits[other] = (a, b) if rng.random() < 0.5 else (b, a)
        ties.append((0, tie, other))
    elif rng.random() < (0.7 if level == 1 else 0.85):
        pairs.append((0, other))
    if many > 2 and rng.random() < 0.5:
        i, j = sorted(several(rng, range(many), 2))
        pairs += [(i, j)] if (i, j) != (0, other) else []
    for i, j in pairs:
        if fit := people.trained_ties(level, traits[i], traits[j]):
            ties.append((i, pick(rng, fit), j))
    return traits, ties


def _mood(rng: random.Random, level: int, trait: str, wish: Wish | None) -> str:
    """Mostly calm; whoever peace is to be made with is angry; a stern bystander is not, or the guard would be near."""
    if wish and wish[0] == "peace":
        return "angry"
    kind = rng.random()
    if kind < (0.25 if wish else 0.1) and (wish or trait != "stern"):
        return "angry"
    return "trusting" if kind > 0.93 and level > 1 else "calm"


def _gifts(person: Person, kind: str) -> int:
    """How many gifts it takes where nothing but coins wins somebody over."""
    if person.trait != "greedy":
        return 0
    return people.MOODS.index("calm" if kind == "peace" else "trusting") - people.MOODS.index(person.mood)
