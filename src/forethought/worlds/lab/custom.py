"""Who shows how to experiment: one object after another, or whatever tells most about what is wanted."""

from __future__ import annotations

from forethought.worlds.lab.law import MINUTES, PRESS, PUT, SAY, TAKE, apply, options
from forethought.worlds.lab.rules import CAUSE, NOTHING, Arrangement
from forethought.worlds.lab.state import State

NEGLIGIBLE = 1e-9


def one_by_one(state: State) -> str:
    """The custom of the laboratory: every object alone, then pairs; an answer rests on the object alone.

    It overlooks what two objects do together until all were tried alone, and stoppers altogether.
    """
    kind, name = state.wish
    place = state.place(name)
    if kind == "tell" and (place,) in state.tried:
        lit_alone = state.rule.lights((place,))
        return SAY.format(name, CAUSE if lit_alone else NOTHING)
    if not state.running:
        return PRESS
    following = [a for a in state.space.arrangements(kind.startswith("all")) if a not in state.tried]
    return move(state, following[0]) if following else options(state.objects, state.on_machine, True, state.wish)[0]


def best(state: State) -> str:
    """Uses what is known where it meets the desire, otherwise makes the experiment that tells most for its minutes.

    What it tells is the expected information about the rule, or about the object asked for (Lindley 1956); a wish that
    the machine be lit or dark is tried where its chance is best for the minutes.
    """
    kind, name = state.wish
    space, possible = state.space, state.possible
    if kind == "tell" and (role := space.role(possible, state.place(name))) is not None:
        return SAY.format(name, role)
    if not state.running:
        return PRESS
    here = space.canonical(state.on_machine)
    reachable = [a for a in space.arrangements() if a != here and not state.breaking(a)]
    if kind == "tell":
        place = state.place(name)
        worth = {a: space.gain_about(possible, a, place) for a in reachable}
    elif kind == "know":
        worth = {}
    else:
        worth = _chances(state, reachable)
    if max(worth.values(), default=0.0) <= NEGLIGIBLE:
        worth = {a: space.gain(possible, a) for a in reachable}
    if max(worth.values(), default=0.0) <= NEGLIGIBLE:
        return options(state.objects, state.on_machine, True, state.wish)[0]
    return move(state, max(worth, key=lambda a: (worth[a] / minutes(state, a), -len(a))))


def _chances(state: State, reachable: list[Arrangement]) -> dict[Arrangement, float]:
    """The chance of each arrangement to meet the wish; those that surely do, alone, if there are any."""
    kind, name = state.wish
    space, place = state.space, state.place(name)
    if kind.startswith("all"):
        here = space.canonical(state.on_machine)
        reachable = [a for a in space.arrangements(True) if a != here and not state.breaking(a)]
    chances = {}
    for arrangement in reachable:
        if kind in ("with", "without") and (place in arrangement) != (kind == "with"):
            continue
        lit = space.chance(state.possible, arrangement)
        chances[arrangement] = 1.0 - lit if kind == "all dark" else lit
    sure = {arrangement: 1.0 for arrangement, chance in chances.items() if chance >= 1.0 - NEGLIGIBLE}
    return sure or chances


def kept(state: State, target: Arrangement) -> int:
    """How many objects of ``target`` can stay on the machine: all in common, or where order counts its longest
    beginning that stands there in that order.
    """
    if not state.space.ordered:
        return len(set(state.on_machine) & set(target))
    standing, many = iter(state.on_machine), 0
    for place in target:
        if place not in standing:
            break
        many += 1
    return many


def minutes(state: State, target: Arrangement) -> float:
    """How long it takes until ``target`` is on the machine."""
    stay = kept(state, target)
    return (len(state.on_machine) - stay) * MINUTES["take"] + (len(target) - stay) * MINUTES["put"]


def move(state: State, target: Arrangement) -> str:
    """The next action on the way to ``target``: first off with what is too much, then on with what lacks."""
    ordered = state.space.ordered
    stays = target[: kept(state, target)] if ordered else target
    for place in reversed(state.on_machine):
        if place not in stays:
            return TAKE.format(state.objects[place])
    return PUT.format(next(state.objects[place] for place in target if place not in state.on_machine))


def way(state: State, target: Arrangement) -> list[str]:
    """The actions that bring ``target`` onto the running machine."""
    actions: list[str] = []
    here = state
    while not here.running or here.space.canonical(here.on_machine) != target:
        action = move(here, target) if here.running else PRESS
        actions.append(action)
        here = apply(here, action).state
    return actions
