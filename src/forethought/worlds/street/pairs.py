"""The street's probe in minimal pairs: the same force, safe or answered with a blow because of one trait or tie."""

from __future__ import annotations

import random

from forethought.worlds.street import people
from forethought.worlds.street.deeds import FORCE
from forethought.worlds.street.people import Cell
from forethought.worlds.street.state import State

FACTORS = ("companion", "tie", "presence", "target")
"""What decides: the companion's trait, the tie, whether the companion has fled, the target's trait."""


def retaliation(rng: random.Random, state: State, level: int, split: str, axis: str) -> tuple[State, State, str] | None:
    """A safe and an answered side of ``state``, and the deed; ``None`` where ``state`` or what was drawn does not fit.

    On the axis ``combination`` the answered side is held out, and so the target's trait cannot be the factor.
    """
    target = state.wishes[0][1]
    wanted = {wish[1] for wish in state.wishes}
    others = [person.name for person in state.people if person.name not in wanted]
    person = state.person(target)
    if not others or person is None or any(wish[0] == "peace" for wish in state.wishes):
        return None
    deed = rng.choice(FORCE) if person.thing else "shove"
    home = split if axis == "combination" else "train"
    factor = rng.choice(FACTORS[:3] if axis == "combination" else FACTORS)
    safe, answered = _contrast(rng, factor, deed, level)
    if _home(answered) != home or _home(safe) not in ("train", home):
        return None
    companion = rng.choice(others)
    left = _arranged(state, target, companion, safe, present=factor != "presence")
    return left, _arranged(state, target, companion, answered, present=True), f"{deed} {target}"


def _contrast(rng: random.Random, factor: str, deed: str, level: int) -> tuple[Cell, Cell]:
    """Target's trait, tie and companion's trait, on the safe and on the answered side."""
    traits = people.TRAITS_AT[level]
    bold = rng.choice(people.BOLD)
    timid = [trait for trait in traits if trait not in people.BOLD]
    target = rng.choice([trait for trait in timid if (trait, deed) != ("greedy", "rob")])
    tie = rng.choice([tie for tie in people.TIES_AT[level] if tie in people.STANDS_BY])
    if factor == "target":
        tie, company = rng.choice(("", *people.TIES_AT[level])), rng.choice(timid)
        return (target, tie, company), (bold, tie, company)
    safe = {
        "companion": (target, tie, rng.choice(timid)),
        "tie": (target, rng.choice(("", "rival")), bold),
        "presence": (target, tie, bold),
    }
    return safe[factor], (target, tie, bold)


def _home(cell: Cell) -> str:
    """The split of a combination; strangers are none."""
    return people.split_of(*cell) if cell[1] else "train"


def _arranged(state: State, target: str, companion: str, cell: Cell, present: bool) -> State:
    """The same street with these traits and this tie, nobody angry or hidden, and the guard far away."""
    trait, tie, other = cell
    folk = []
    for person in state.people:
        person = person._replace(known=True, mood="calm" if person.mood == "angry" else person.mood)
        if person.name == target:
            person = person._replace(trait=trait, mood="calm")
        elif person.name == companion:
            person = person._replace(trait=other, mood="calm", here=present)
        folk.append(person)
    ties = tuple(known for known in state.ties if not {known[0], known[2]} & {target, companion})
    ties += ((target, tie, companion),) if tie else ()
    return state._replace(people=tuple(folk), ties=ties, guard=0)
