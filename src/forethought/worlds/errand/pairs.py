"""The errand world's probes: pairs of situations that one factor sets apart."""

from __future__ import annotations

import random
from dataclasses import replace

from forethought.worlds.errand import town
from forethought.worlds.errand.law import Move, comes_along, law, may_be_near, options, parse
from forethought.worlds.errand.situations import draw
from forethought.worlds.errand.state import HOME, State
from forethought.worlds.errand.town import Place
from forethought.worlds.lawful import Case

Pair = tuple[Case[State], Case[State]]


def minimal_pair(name: str, rng: random.Random, level: int, split: str, axis: str) -> Pair:
    """A pair of one of the world's probes, redrawn until the situation allows one."""
    make = {"presence": _presence, "acceptance": _acceptance, "welcome": _welcome, "near_driven": _near_driven}[name]
    while True:
        state = replace(_opened(draw(rng, level, split, axis)), burn_no_fuel=False, minutes_left=-1)
        if any(town.MANNER_OF[thing] == "fixed" for thing, _ in state.errands):
            continue
        if pair := make(rng, state, level, split, axis):
            return pair


def _presence(rng: random.Random, state: State, level: int, split: str, axis: str) -> Pair | None:
    thing, done = state.errands[0]
    brings, leaves = _trips(state, thing, _goal(state), level, split, axis)
    if not (brings and leaves):
        return None
    ask = f"ask for the {thing} to be {done}"
    return (state, (rng.choice(brings), ask)), (state, (rng.choice(leaves), ask))


def _acceptance(rng: random.Random, state: State, level: int, split: str, axis: str) -> Pair | None:
    thing, goal, present = state.errands[0][0], _goal(state), dict(state.where)
    others = [p for p in state.places if p != goal and p.done not in town.IRREVERSIBLE]
    if not others:
        return None
    other = rng.choice(others)
    strangers = [t for t in town.thing_pool(level, split, axis) if t not in present and t not in other.takes]
    brings, _ = _trips(state, thing, other, level, split, axis)
    if not (strangers and brings):
        return None
    if level == 1:
        actions = (rng.choice(brings), f"ask for the {thing} to be {other.done}")
        left, right = (_answering(state, other, thing, taken) for taken in (True, False))
        return (left, actions), (right, actions)
    actions = (rng.choice(brings), f"ask for the {thing} to be {other.done}")
    stranger, seat = rng.choice(strangers), rng.randrange(3)
    return (_serving(state, other, thing, seat), actions), (_serving(state, other, stranger, seat), actions)


def _welcome(rng: random.Random, state: State, level: int, split: str, axis: str) -> Pair | None:
    """The trips of a pair of ``acceptance``, without the request."""
    pair = _acceptance(rng, state, level, split, axis)
    if pair is None:
        return None
    (left, (trip, _)), (right, _) = pair
    return (left, (trip,)), (right, (trip,))


def _near_driven(rng: random.Random, state: State, level: int, split: str, axis: str) -> Pair | None:
    thing, goal = state.errands[0][0], _goal(state)
    along, present = comes_along(thing, "walk"), dict(state.where)
    pool = town.thing_pool(level, split, axis)
    partners = [t for t in pool if t not in present and comes_along(t, "walk") != along]
    partners = [
        t
        for t in partners
        if all(town.permitted(t, place.done, split, axis) for place in state.places)
        and all(may_be_near(t, place.feet, axis) for place in state.places)
    ]
    if axis == "combination" and state.errands[0][1]:
        partners = [t for t in partners if town.split_of(t, state.errands[0][1]) == split]
    if not partners:
        return None
    walk = f"walk to the {goal.name}"
    return (state, (walk,)), (_exchanged(state, thing, rng.choice(partners)), (walk,))


def _goal(state: State) -> Place:
    place = state.place(town.SERVICES[state.errands[0][1]])
    assert place is not None, "every errand has its place"
    return place


def _trips(state: State, thing: str, place: Place, level: int, split: str, axis: str) -> tuple[list[str], list[str]]:
    """The trips from home to a place that bring the thing there, and those that leave it behind."""
    trips = [
        a for a in options(state, level, split, axis) if isinstance(m := parse(a), Move) and m.target == place.name
    ]
    arrives = [a for a in trips if ("thing at", thing, f"the {place.name}") in law(state, a).told]
    return arrives, [a for a in trips if a not in arrives]


def _opened(state: State) -> State:
    """The same town with every place open all day."""
    return replace(state, places=tuple([replace(place, hours=town.DAY) for place in state.places]))


def _serving(state: State, place: Place, guest: str, seat: int) -> State:
    """The same town, where ``place`` serves ``guest`` and no other thing of the errands."""
    served = [t for t in place.takes if t != guest and t not in dict(state.errands)][:2]
    served.insert(seat, guest)
    return replace(state, places=tuple([replace(p, takes=tuple(served)) if p == place else p for p in state.places]))


def _answering(state: State, place: Place, thing: str, taken: bool) -> State:
    """The same town, where ``place`` says that it serves ``thing``, or that it refuses it."""
    takes = tuple([t for t in place.takes if t != thing] + [thing] * taken)
    refuses = tuple([t for t in place.refuses if t != thing] + [thing] * (not taken))
    answering = replace(place, takes=takes, refuses=refuses)
    return replace(state, places=tuple([answering if p == place else p for p in state.places]))


def _exchanged(state: State, thing: str, other: str) -> State:
    """The same situation for another thing, which takes the first one's part everywhere."""
    swap = {thing: other, other: thing}
    places = tuple([replace(p, takes=_swapped(swap, p.takes), refuses=_swapped(swap, p.refuses)) for p in state.places])
    where = dict.fromkeys([*(swap.get(t, t) for t, _ in state.where), "car"])
    errands = tuple([(swap.get(t, t), done) for t, done in state.errands])
    return replace(state, errands=errands, places=places, where=tuple([(t, HOME) for t in where]))


def _swapped(swap: dict[str, str], things: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([swap.get(thing, thing) for thing in things])
