"""Which deeds make sense in the street, judged by what can be observed."""

from __future__ import annotations

from functools import lru_cache

from forethought.worlds.street import people
from forethought.worlds.street.people import Person
from forethought.worlds.street.state import State
from forethought.worlds.street.telling import Wish

FORCE = ("shove", "rob")
GIFT = f"{people.GIFT} coins"
REQUESTS = {"get": "for the {}", "pass": "to step aside", "learn": "for the way", "carry": "to carry the {}"}


def options(state: State) -> tuple[str, ...]:
    """Every deed that has an object here, person by person; waiting and leaving where there is a guard."""
    here = [person.name for person in state.people if person.here]
    tied = [name for a, _, b in state.ties if a in here and b in here for name in (a, b)]
    rich, guarded = state.coins >= people.GIFT, state.delay > 0
    actions: list[str] = []
    for person in state.people:
        if person.here:
            name = person.name
            wish = state.wish_of(name)
            blocks = wish is not None and wish[0] == "pass" and state.blocks(name)
            actions += _towards(person, wish, blocks, name in tied, rich, guarded)
    return (*actions, "wait", "leave") if guarded or not actions else tuple(actions)


def request(wish: Wish) -> str | None:
    """The action that asks for what is wished; peace cannot be asked for."""
    kind, name, thing = wish
    return f"ask {name} {REQUESTS[kind].format(thing)}" if kind in REQUESTS else None


@lru_cache(maxsize=65_536)
def _towards(person: Person, wish: Wish | None, blocks: bool, tied: bool, rich: bool, guarded: bool) -> tuple[str, ...]:
    """What can be done about one person: more about those a wish is about, and about the angry."""
    name = person.name
    actions = [f"greet {name}"] if person.known else [f"watch {name}", f"greet {name}"]
    if wish or (guarded and person.mood == "angry"):
        gift = [f"give {name} {GIFT}"] if rich else []
        actions += [f"help {name}", *gift, f"apologise to {name}"]
    elif person.mood == "angry":
        actions.append(f"apologise to {name}")
    if person.thing:
        actions.append(f"ask {name} for the {person.thing}")
    if blocks:
        actions.append(f"ask {name} to step aside")
    if wish and wish[0] in ("learn", "carry"):
        actions.append(f"ask {name} {REQUESTS[wish[0]].format(wish[2])}")
    actions += [f"call {name}"] if tied else []
    return (*actions, f"shove {name}", f"rob {name}") if person.thing else (*actions, f"shove {name}")
