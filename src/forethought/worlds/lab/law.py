"""The causal law of the laboratory: objects go on and off, a running machine lights by its rule, load breaks things."""

from __future__ import annotations

import re
from functools import lru_cache

from forethought.errors import BadAction
from forethought.types import Fact, Harm, Progress
from forethought.worlds.lab.rules import ROLES, Arrangement
from forethought.worlds.lab.state import State, is_met, where
from forethought.worlds.lawful import Effect

PRESS = "press the switch"
PUT, TAKE, SAY = "put the {} on the machine", "take the {} off the machine", "say that the {} {}"
ACTION = re.compile(
    r"put the (?P<put>[a-z ]+) on the machine|take the (?P<take>[a-z ]+) off the machine"
    rf"|say that the (?P<said>[a-z ]+) (?P<role>{'|'.join(ROLES)})"
)
MINUTES = {"put": 2.0, "take": 1.0, "press": 1.0, "say": 1.0}


@lru_cache(maxsize=65_536)
def options(objects: tuple[str, ...], on_machine: Arrangement, running: bool, wish: tuple[str, str]) -> tuple[str, ...]:
    """Every object can be put on or taken off, the switch pressed while it is off, and what was asked answered."""
    actions = [
        (TAKE if place in on_machine else PUT).format(name)
        for place, name in sorted(enumerate(objects), key=lambda item: item[0] in on_machine)
    ]
    press = () if running else (PRESS,)
    answers = [SAY.format(wish[1], role) for role in ROLES] if wish[0] == "tell" else []
    return (*actions, *press, *answers)


def apply(state: State, action: str) -> Effect[State]:
    """What ``action`` causes; ``BadAction`` if it cannot be read or is out of place."""
    if action == PRESS:
        if state.running:
            raise BadAction("the machine is running already; its switch stays on")
        return _done(state, state._replace(running=True), [("switch", "on")], MINUTES["press"])
    found = ACTION.fullmatch(action)
    if found is None:
        raise BadAction(f"{action!r} is not an action here; try 'put the OBJECT on the machine' or 'press the switch'")
    name = found["put"] or found["take"] or found["said"]
    place = state.place(name)
    if place < 0:
        raise BadAction(f"there is no {name} here; there are {', '.join(state.objects)}")
    if found["said"]:
        return _say(state, name, found["role"])
    return _move(state, place, "put" if found["put"] else "take")


def _move(state: State, place: int, verb: str) -> Effect[State]:
    before, name = state.on_machine, state.objects[place]
    if (place in before) == (verb == "put"):
        raise BadAction(f"the {name} is {'already' if verb == 'put' else 'not'} on the machine")
    after = (*before, place) if verb == "put" else tuple([there for there in before if there != place])
    ordered = state.space.ordered
    told = [where(name, place, after, ordered)]
    told += [
        fact
        for there in after
        if there != place
        and (fact := where(state.objects[there], there, after, ordered))
        != where(state.objects[there], there, before, ordered)
    ]
    return _done(state, state._replace(on_machine=after), told, MINUTES[verb])


def _done(before: State, after: State, told: list[Fact], minutes: float) -> Effect[State]:
    """The running machine shows its light, and breaks what is fragile if it bears too much."""
    cost, harm = (("minutes", minutes),), Harm.NONE
    if after.lit != before.lit:
        told.append(("lamp", "lit" if after.lit else "dark"))
    if after.running and after.on_machine:
        after = _observed(after)
        if breaking := after.breaking(after.on_machine):
            after = after._replace(broken=breaking)
            told += [("broken", after.objects[place]) for place in breaking]
            harm = Harm.HARMED
    progress = Progress.SATISFIED if is_met(after) else Progress.ONGOING
    return Effect(after, tuple(told), progress, harm, cost)


def _observed(state: State) -> State:
    """The state with what its light tells about the rule."""
    arrangement = state.space.canonical(state.on_machine)
    if arrangement in state.tried:
        return state
    possible = state.space.after(state.possible, arrangement, state.lit)
    return state._replace(possible=possible, tried=state.tried | {arrangement})


def _say(state: State, name: str, role: str) -> Effect[State]:
    """A committed answer: right or wrong, it is the last word."""
    if state.wish != ("tell", name):
        raise BadAction(f"nobody asked about the {name}")
    right = state.rule.role(state.place(name)) == role
    progress = Progress.SATISFIED if right else Progress.FAILED
    return Effect(state, (("said", name, role),), progress, cost=(("minutes", MINUTES["say"]),))
