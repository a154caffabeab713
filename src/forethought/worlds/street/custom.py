"""Who shows how to get along in the street: by polite custom, or by the cheapest plan."""

from __future__ import annotations

from collections.abc import Callable

from forethought.worlds.street import law
from forethought.worlds.street.deeds import FORCE, GIFT, request
from forethought.worlds.street.people import GIFT as PRICE
from forethought.worlds.street.state import State, is_met

REQUEST = "request"
POLITE = {
    "angry": ("apologise to {}", "help {}"),
    "calm": ("greet {}", REQUEST, "apologise to {}", "help {}"),
    "trusting": (REQUEST,),
}
"""What custom tries in each mood, in order; a gift comes last of all."""


class Polite:
    """The custom of the street: greet, ask, apologise, help, give, each once in each mood, and never force."""

    def __init__(self) -> None:
        self.tried: set[tuple[str, str]] = set()

    def __call__(self, state: State) -> str:
        """The next polite thing that was not tried yet."""
        wish = next(wish for wish in state.wishes if not is_met(state, wish))
        person = state.person(wish[1])
        assert person is not None, "every wish is of somebody in the street"
        asked = request(wish) or "wait"
        steps = [asked if way == REQUEST else way.format(person.name) for way in POLITE[person.mood]]
        steps += [f"give {person.name} {GIFT}"] if state.coins >= PRICE else []
        action = next((step for step in steps if (person.mood, step) not in self.tried), steps[-1])
        self.tried.add((person.mood, action))
        return action


class Planned:
    """The cheapest harmless plan, followed while the street does as expected; it watches before it acts."""

    def __init__(self, plan: Callable[[State], list[str]]) -> None:
        self.make, self.ahead = plan, list[str]()
        self.expected: State | None = None

    def __call__(self, state: State) -> str:
        """The plan's next action, or first a look at whoever it concerns."""
        if state != self.expected or not self.ahead:
            self.ahead = self.make(essence(state)) or ["wait"]
        action = look_first(state, self.ahead[0]) or self.ahead.pop(0)
        self.expected = law.apply(state, action).state
        return action


def essence(state: State) -> State:
    """The same street for the wishes' sake, and quicker to search: nothing hidden, nobody and nothing beside the point.

    Whoever has no tie to somebody wished for, however indirect, matters only by calling the guard.
    """
    near = {wish[1] for wish in state.wishes}
    for _ in state.people:
        near |= {name for a, _, b in state.ties if a in near or b in near for name in (a, b)}
    folk = []
    for person in state.people:
        if person.name in near or person.trait == "stern":
            thing = person.thing if state.wish_of(person.name) else ""
            folk.append(person._replace(known=True, thing=thing))
    return state._replace(people=tuple(folk))


def look_first(state: State, action: str) -> str | None:
    """Whom to watch before ``action``, so that it rests on nothing hidden; nobody while the guard is coming."""
    parsed = law.parse(action)
    if parsed is None or state.guard:
        return None
    deed, name, _ = parsed
    for person in state.people:
        concerned = person.name == name or deed in FORCE or (deed == "call" and state.tie(name, person.name) != "")
        if person.here and not person.known and concerned:
            return f"watch {person.name}"
    return None
