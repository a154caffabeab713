"""How the errand world's situations are drawn, so that held-out combinations exist only on their own axis."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from forethought.worlds.drawing import pick, several
from forethought.worlds.errand import town
from forethought.worlds.errand.law import may_be_near
from forethought.worlds.errand.state import HOME, Errand, State
from forethought.worlds.errand.telling import HELD_OUT_DESIRES, HELD_OUT_WORDING, TRAIN_DESIRES, TRAIN_WORDINGS
from forethought.worlds.errand.town import Place

ItemT = TypeVar("ItemT")
ALSO_SERVED = 0.2
"""How often, at level 1, a place that is not wanted would serve the thing too: rarely, so that it tells nothing that
somebody in town refuses it, and only the place where one asks decides."""
SPLIT_HALF = {"validation": 0, "test": 1}


def draw(rng: random.Random, level: int, split: str, axis: str) -> State:
    """A town, its errands and their constraints."""
    errands = _errands(rng, level, split, axis)
    things = tuple([thing for thing, _ in errands])
    others = [thing for thing in town.thing_pool(level, split, axis) if thing not in things]
    tempting = [pick(rng, others)] if level >= 3 else []
    present = tuple(dict.fromkeys([*things, *tempting, "car"]))
    near = _near(rng, things, axis)
    places = []
    for name in _place_names(rng, errands, level, split, axis):
        feet = pick(rng, _distances(bool(rng.random() < 0.6) if near is None else near, split, axis))
        place = Place(name, (), feet, _hours(rng, level))
        if level == 1:
            places.append(_answering(rng, place, errands))
        else:
            places.append(replace(place, takes=_takes(rng, place, errands, others, present, split, axis)))
    state = State(
        errands,
        _shuffled(rng, places),
        tuple([(thing, HOME) for thing in present]),
        part=rng.randrange(3) if level >= 3 else -1,
        plain=level == 1,
        tell=HELD_OUT_WORDING[split] if axis == "wording" else pick(rng, TRAIN_WORDINGS),
        ask=pick(rng, HELD_OUT_DESIRES[split] if axis == "wording" else TRAIN_DESIRES),
    )
    return _constrained(rng, state) if level >= 2 else state


# ---- errands ------------------------------------------------------------------------------------------------------
def _errands(rng: random.Random, level: int, split: str, axis: str) -> tuple[Errand, ...]:
    """Errands of which no thing could be served by another errand's service as a held-out combination."""
    many = (2 if level >= 4 else 1) + (axis == "errands")
    while True:
        things = _errand_things(rng, many, level, split, axis)
        errands = tuple([(thing, pick(rng, _services_for(thing, level, split, axis))) for thing in things])
        if many == 1:
            return errands
        crossed = all(town.permitted(thing, done, split, axis) for thing in things for _, done in errands)
        if crossed and (axis != "errands" or _half(things) == SPLIT_HALF[split]):
            return errands


def _errand_things(rng: random.Random, many: int, level: int, split: str, axis: str) -> list[str]:
    by_manner = _things_by_manner(level, split, axis)
    things: list[str] = []
    while len(things) < many:
        thing = pick(rng, pick(rng, by_manner))
        if thing not in things:
            things.append(thing)
    return things


def _half(things: Sequence[str]) -> int:
    """Which half of the axis ``errands`` a set of things belongs to."""
    return zlib.crc32(" ".join(sorted(things)).encode()) % 2


@lru_cache(maxsize=256)
def _things_by_manner(level: int, split: str, axis: str) -> tuple[tuple[str, ...], ...]:
    groups: dict[str, list[str]] = {}
    for thing in town.thing_pool(level, split, axis):
        if axis != "near_driven" or town.MANNER_OF[thing] in town.ON_WHEELS:
            groups.setdefault(town.MANNER_OF[thing], []).append(thing)
    wanted = split if axis == "combination" else "train"
    kept = ([thing for thing in group if _fitting(thing, level, wanted)] for group in groups.values())
    return tuple(tuple(group) for group in kept if group)


def _fitting(thing: str, level: int, wanted: str) -> tuple[str, ...]:
    return tuple(done for done in _known_services(level) if town.split_of(thing, done) == wanted)


def _known_services(level: int) -> tuple[str, ...]:
    return tuple(done for done in town.SERVICES if level > 1 or done not in town.IRREVERSIBLE)


@lru_cache(maxsize=1024)
def _services_for(thing: str, level: int, split: str, axis: str) -> tuple[str, ...]:
    return _fitting(thing, level, split if axis == "combination" else "train")


# ---- places -------------------------------------------------------------------------------------------------------
def _place_names(rng: random.Random, errands: tuple[Errand, ...], level: int, split: str, axis: str) -> list[str]:
    """The errands' places and some that are not needed, where no errand's thing would make a held-out combination."""
    names = list(dict.fromkeys([town.SERVICES[done] for _, done in errands]))
    spare = [name for name in _spare_places(errands, level, split, axis) if name not in names]
    more = (2 if level == 1 else 3) - len(names)
    return names + _up_to(rng, spare, max(0, more))


@lru_cache(maxsize=4096)
def _spare_places(errands: tuple[Errand, ...], level: int, split: str, axis: str) -> tuple[str, ...]:
    return tuple(
        town.SERVICES[done]
        for done in _known_services(level)
        if all(town.permitted(thing, done, split, axis) for thing, _ in errands)
    )


def _answering(rng: random.Random, place: Place, errands: tuple[Errand, ...]) -> Place:
    """At level 1 a place tells only whether it serves the errands' things (by chance, where one is not wanted)."""
    takes = [thing for thing, done in errands if done == place.done or rng.random() < ALSO_SERVED]
    return replace(place, takes=tuple(takes), refuses=tuple([thing for thing, _ in errands if thing not in takes]))


def _takes(
    rng: random.Random,
    place: Place,
    errands: tuple[Errand, ...],
    others: list[str],
    present: tuple[str, ...],
    split: str,
    axis: str,
) -> tuple[str, ...]:
    """Whom a place serves: the errands' things, or half the time the first of them by chance, and two others.

    Of what is present only such things as may be served so in this split.
    """
    done = place.done
    wanted = [thing for thing, wish in errands if wish == done]
    barred = _barred(present, done, place.feet, split, axis)
    served = _up_to(rng, [t for t in others if t not in barred] if barred else others, 2)
    if wanted:
        served += wanted
    elif rng.random() < 0.5:
        served[0] = errands[0][0]
    return _shuffled(rng, served)


@lru_cache(maxsize=8192)
def _barred(present: tuple[str, ...], done: str, feet: int, split: str, axis: str) -> tuple[str, ...]:
    """What is present and must not be served so in this split."""
    return tuple(t for t in present if not (town.permitted(t, done, split, axis) and may_be_near(t, feet, axis)))


def _near(rng: random.Random, things: tuple[str, ...], axis: str) -> bool | None:
    """Whether all places are near; ``None``: each as it comes."""
    if axis == "near_driven":
        return True
    return False if any(town.MANNER_OF[thing] in town.ON_WHEELS for thing in things) else None


@lru_cache(maxsize=16)
def _distances(near: bool, split: str, axis: str) -> tuple[int, ...]:
    if axis != "near_driven":
        return town.NEAR if near else town.FAR
    return tuple(feet for feet in town.NEAR if (feet in town.VALIDATION_NEAR) == (split == "validation"))


def _hours(rng: random.Random, level: int) -> tuple[str, ...]:
    if level < 3 or rng.random() < 0.4:
        return town.DAY
    first = rng.randrange(3)
    return town.DAY[first : first + rng.randint(1, 2)]


def _constrained(rng: random.Random, state: State) -> State:
    """Sometimes adds a wish to save fuel or time, such that it can be met."""
    place = state.place(town.SERVICES[state.errands[0][1]])
    manners = {town.MANNER_OF[thing] for thing, _ in state.errands}
    kind = rng.random()
    if place is None or len(state.errands) > 1 or kind > 0.5:
        return state
    if kind < 0.25 and manners & {"ridden", "led", "carried", "pushed"}:
        return replace(state, burn_no_fuel=True)
    slow, fast = town.minutes_on_foot(place.feet), town.minutes_by_wheel(place.feet)
    is_open = state.part < 0 or town.DAY[state.part] in place.hours
    if kind >= 0.25 and slow > fast and is_open and manners & {"driven", "ridden", "carried"}:
        return replace(state, minutes_left=rng.randrange(fast, slow))
    return state


# ---- drawing, quicker than random.Random's own methods ------------------------------------------------------------
def _up_to(rng: random.Random, items: Sequence[ItemT], many: int) -> list[ItemT]:
    """So many different items, or all there are."""
    return list(_shuffled(rng, items)) if many >= len(items) else several(rng, items, many)


def _shuffled(rng: random.Random, items: Sequence[ItemT]) -> tuple[ItemT, ...]:
    mixed = list(items)
    for last in range(len(mixed) - 1, 0, -1):
        other = int(rng.random() * (last + 1))
        mixed[last], mixed[other] = mixed[other], mixed[last]
    return tuple(mixed)
