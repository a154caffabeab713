"""How situations in the laboratory are drawn: desires can be met, and held-out things only on their own axis."""

from __future__ import annotations

import random

from forethought.worlds.drawing import pick, wording
from forethought.worlds.lab import telling
from forethought.worlds.lab.rules import FAMILIES, HELD_OUT, Arrangement, Family, Rule, Space, space_of
from forethought.worlds.lab.state import State
from forethought.worlds.lab.telling import Wish

COLOURS = ("red", "blue", "green", "yellow", "white", "black", "brown", "grey")
SHAPES = ("cube", "ball", "ring", "cone", "bell", "cup", "plate", "star")
UNSEEN = {
    "validation": (("purple", "golden", "striped"), ("pyramid", "spoon", "shell")),
    "test": (("pink", "silver", "spotted"), ("cylinder", "button", "marble")),
}
"""Colours and shapes that are held out on the axis ``objects``."""
OBJECTS = {1: 3, 2: 4, 3: 4, 4: 5}
SWITCHED = 2
"""The first level whose machine has a switch, and a load that it bears."""
WISHES = ("light", "with", "without", "all lit", "all dark", "tell", "tell", "know", "know")
MORE_THAN_PAIRS = ("both", True)
"""The family that pairs of objects do not tell from others: the machine bears three then."""


def families_of(level: int, split: str, axis: str) -> tuple[Family, ...]:
    """The families that a machine may follow; those of its split's held-out family come with the trained ones."""
    return (*FAMILIES[level], HELD_OUT[split]) if axis == "rule" else FAMILIES[level]


def draw(rng: random.Random, level: int, split: str, axis: str) -> State:
    """A machine at rest with everything on the table."""
    families = families_of(level, split, axis)
    objects = _objects(rng, OBJECTS[level] + (axis == "objects"), split if axis == "objects" else "train")
    space = space_of(len(objects), families)
    family = families[-1] if axis == "rule" else pick(rng, families)
    rule = pick(rng, _rules(space, family))
    wish, needed = _wish(rng, space, rule, objects)
    bears = 0
    fragile: Arrangement = ()
    if level >= SWITCHED:
        bears = 3 if MORE_THAN_PAIRS in families else 2 + int(rng.random() * 2)
        if not wish[0].startswith("all") and rng.random() < 0.6:
            fragile = _fragile(rng, len(objects), needed if len(needed) > bears else ())
    return State(
        objects=objects,
        families=families,
        rule=rule,
        wish=wish,
        possible=space.all,
        running=level < SWITCHED or rng.random() < 0.5,
        bears=bears,
        fragile=fragile,
        tell=wording(rng, split, axis, telling.TRAIN_WORDINGS),
        ask=wording(rng, split, axis, telling.DESIRE_WORDINGS),
    )


def explored(state: State) -> State:
    """The same machine, to be explored to no end other than knowing it; nothing can break."""
    return state._replace(wish=("know", ""), endless=True, fragile=())


def _rules(space: Space, family: Family) -> list[Rule]:
    return [rule for rule in space.rules if rule.family == family]


def _objects(rng: random.Random, many: int, split: str) -> tuple[str, ...]:
    """Different objects, which may share colours and shapes: these decide nothing."""
    colours, shapes = (COLOURS, SHAPES) if split == "train" else UNSEEN[split]
    names: dict[str, None] = {}
    while len(names) < many:
        names[f"{pick(rng, colours)} {pick(rng, shapes)}"] = None
    return tuple(names)


def _wish(rng: random.Random, space: Space, rule: Rule, objects: tuple[str, ...]) -> tuple[Wish, Arrangement]:
    """A wish that can be met, and the fewest objects on the machine that meet it (none for knowledge)."""
    places = range(len(objects))
    while True:
        kind = pick(rng, WISHES)
        if kind == "know":
            return (kind, ""), ()
        if kind == "tell":
            cause = rng.random() < 0.4
            asked = [place for place in places if (place in rule.causes) == cause]
            return (kind, objects[pick(rng, asked)]), ()
        about = pick(rng, places)
        wish = (kind, objects[about] if kind in ("with", "without") else "")
        for arrangement in space.arrangements(kind.startswith("all")):
            lit, holds = rule.lights(arrangement), about in arrangement
            wrong = (kind == "with" and not holds) or (kind == "without" and holds)
            if lit == (kind != "all dark") and not wrong:
                return wish, arrangement


def _fragile(rng: random.Random, many: int, spared: Arrangement) -> Arrangement:
    """One or two objects that break under load."""
    pool = [place for place in range(many) if place not in spared]
    chosen = {pick(rng, pool), pick(rng, pool)}
    return tuple(sorted(chosen))
