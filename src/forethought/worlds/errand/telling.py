"""How the errand world is told: its sentences, its desires, and what can be observed."""

from __future__ import annotations

from functools import lru_cache

from forethought.types import Fact
from forethought.worlds.errand import town
from forethought.worlds.errand.state import Errand, State
from forethought.worlds.errand.town import Place
from forethought.worlds.grammar import Grammar

GRAMMAR = Grammar(
    {
        "you at": (
            "You are at {0}.",
            "You find yourself at {0}.",
            "Your whereabouts: {0}.",
            "Your present place is {0}.",
        ),
        "thing at": (
            "The {0} is at {1}.",
            "The {0} stands at {1}.",
            "Look for the {0} at {1}.",
            "Whoever wants the {0} finds it at {1}.",
        ),
        "manner": (
            "The {0} can be {1}.",
            "The {0} is a thing that is {1}.",
            "As for the {0}, it gets {1}.",
            "To be moved, the {0} has to be {1}.",
        ),
        "place": (
            "The {0} is {1} feet away: {2} minutes on foot, {3} by wheel, {4} fuel by car.",
            "It is {1} feet to the {0}, which takes {2} minutes on foot or {3} by wheel and {4} fuel by car.",
            "Reaching the {0} means {1} feet, so {2} minutes on foot, {3} by wheel, and {4} fuel by car.",
            "There are {1} feet between home and the {0}: {2} minutes on foot, {3} by wheel, {4} fuel by car.",
        ),
        "distance": (
            "The {0} is {1} feet away.",
            "It is {1} feet to the {0}.",
            "Reaching the {0} means {1} feet.",
            "There are {1} feet between home and the {0}.",
        ),
        "takes": (
            "The {0} serves the {1}.",
            "At the {0} they accept the {1}.",
            "Customers of the {0} bring the {1}.",
            "People of the {0} see to the {1}.",
        ),
        "refuses": (
            "The {0} refuses the {1}.",
            "At the {0} they decline the {1}.",
            "Customers of the {0} leave behind the {1}.",
            "People of the {0} send away the {1}.",
        ),
        "hours": (
            "The {0} is open in the {1}.",
            "The {0} opens in the {1}.",
            "Doors of the {0} open in the {1}.",
            "Staff of the {0} work in the {1}.",
        ),
        "time": ("It is {0}.", "The time of day is {0}.", "By now it is {0}.", "The clock says {0}."),
        "stays": ("The {0} stays at {1}.",),
        "closed": ("The {0} is closed now.",),
        "missing": ("You have no {0} with you.",),
        "served": ("The {0} is now {1}.",),
        "took": ("It takes {0} minutes.",),
        "burned": ("It burns {0} fuel.",),
        "paid": ("It costs {0} coins.",),
    }
)

DESIRES = (
    "Get the {0} {1}.",
    "I need the {0} {1}.",
    "Please have the {0} {1}.",
    "I would like my {0} to be {1}.",
    "See to it that the {0} gets {1}.",
    "It is time that the {0} was {1}.",
    "Make sure that my {0} is {1}.",
)
TRAIN_DESIRES = range(3)
HELD_OUT_DESIRES = {"test": range(3, 5), "validation": range(5, 7)}
TRAIN_WORDINGS = range(2)
HELD_OUT_WORDING = {"test": 2, "validation": 3}
NO_FUEL, TIME_CAP = " Burn no fuel.", " Spend at most {0} minutes."


def wish(state: State) -> str:
    """The errands and what to save, in the wording of this situation."""
    errands = " ".join([DESIRES[state.ask].format(*errand) for errand in state.errands])
    cap = state.minutes_left
    return errands + (NO_FUEL if state.burn_no_fuel else TIME_CAP.format(cap) if cap >= 0 else "")


def seen(state: State) -> tuple[Fact, ...]:
    """Where everything is, how the errand's things move, and what each place does, when, and how far away."""
    here = _seen_here(state.you, state.where, state.done)
    return here + _seen_town(state.places, state.part, state.plain)


def text(state: State) -> str:
    """The sentences for ``seen``: the part that trips change and the part that they leave alone, each cached."""
    here = _text_here(state.you, state.where, state.done, state.tell)
    return f"{here} {_text_town(state.places, state.part, state.tell, state.plain)}"


@lru_cache(maxsize=8192)
def _seen_here(you: str, where: tuple[tuple[str, str], ...], done: frozenset[Errand]) -> tuple[Fact, ...]:
    facts: list[Fact] = [("you at", you)]
    facts += [("thing at", thing, place) for thing, place in where]
    facts += [("manner", thing, town.MANNER_OF[thing]) for thing, _ in where]
    facts += [("served", *errand) for errand in sorted(done)]
    return tuple(facts)


def _seen_town(places: tuple[Place, ...], part: int, plain: bool) -> tuple[Fact, ...]:
    facts = tuple([fact for place in places for fact in _seen_place(place, part >= 0, plain)])
    return (*facts, ("time", town.DAY[part])) if part >= 0 else facts


@lru_cache(maxsize=1024)
def _seen_place(place: Place, with_hours: bool, plain: bool) -> tuple[Fact, ...]:
    away = ("distance", place.name, str(place.feet)) if plain else ("place", place.name, *_distance(place.feet))
    facts: list[Fact] = [away]
    if place.takes:
        facts.append(("takes", place.name, ", the ".join(place.takes)))
    if place.refuses:
        facts.append(("refuses", place.name, ", the ".join(place.refuses)))
    if with_hours:
        facts.append(("hours", place.name, " and the ".join(place.hours)))
    return tuple(facts)


@lru_cache(maxsize=64)
def _distance(feet: int) -> tuple[str, ...]:
    trip = (town.minutes_on_foot(feet), town.minutes_by_wheel(feet), town.fuel_by_car(feet))
    return (str(feet), *map(str, trip))


@lru_cache(maxsize=8192)
def _text_here(you: str, where: tuple[tuple[str, str], ...], done: frozenset[Errand], tell: int) -> str:
    return GRAMMAR.tell(_seen_here(you, where, done), tell)


@lru_cache(maxsize=256)
def _text_town(places: tuple[Place, ...], part: int, tell: int, plain: bool) -> str:
    told = [_text_place(place, part >= 0, tell, plain) for place in places]
    return " ".join([*told, GRAMMAR.say(("time", town.DAY[part]), tell)] if part >= 0 else told)


@lru_cache(maxsize=1024)
def _text_place(place: Place, with_hours: bool, tell: int, plain: bool) -> str:
    return GRAMMAR.tell(_seen_place(place, with_hours, plain), tell)
