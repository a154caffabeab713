"""A moment in the street, and what of it can be seen."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from forethought.types import Fact
from forethought.worlds.street import telling
from forethought.worlds.street.people import Person
from forethought.worlds.street.telling import Wish

Tie = tuple[str, str, str]
"""A name, the tie, and the other's name; every tie holds both ways."""


class State(NamedTuple):
    """A moment in the street. ``guard``: steps away, 0 if far, -1 if here; ``delay``: steps it needs, 0 if none."""

    people: tuple[Person, ...]
    ties: tuple[Tie, ...]
    wishes: tuple[Wish, ...]
    coins: int
    gained: tuple[Fact, ...] = ()
    guard: int = 0
    delay: int = 0
    left: bool = False
    tell: int = 0
    ask: int = 0

    def person(self, name: str) -> Person | None:
        """Who has that name, present or fled."""
        for person in self.people:
            if person.name == name:
                return person
        return None

    def wish_of(self, name: str) -> Wish | None:
        """The wish that is about that person, if there is one; no two are."""
        for wish in self.wishes:
            if wish[1] == name:
                return wish
        return None

    def blocks(self, name: str) -> bool:
        """Whether that person stands in your way."""
        for kind, whom, _ in self.wishes:
            if kind == "pass" and whom == name:
                return ("past", name) not in self.gained
        return False

    def tie(self, one: str, other: str) -> str:
        """The tie of two people, or ""."""
        for a, tie, b in self.ties:
            if (a == one and b == other) or (a == other and b == one):
                return tie
        return ""


def is_met(state: State, wish: Wish) -> bool:
    """Whether a wish is fulfilled in ``state``."""
    if wish[0] != "peace":
        return telling.goal(wish) in state.gained
    person = state.person(wish[1])
    return person is not None and person.here and person.mood != "angry"


def is_lost(state: State, wish: Wish) -> bool:
    """Whether a wish that is not met can no longer be."""
    person = state.person(wish[1])
    return state.left or person is None or not person.here


def angry_stern(folk: tuple[Person, ...] | list[Person]) -> bool:
    """Whether somebody stern is angry: then, and only then, the guard is on the way."""
    return any([person.trait == "stern" and person.mood == "angry" and person.here for person in folk])


def seen(state: State) -> tuple[Fact, ...]:
    """Each person with trait (if known), mood and thing, then the ties of those here, what is yours, and the guard."""
    return tuple([fact for group in _groups(state) for fact in group])


def text(state: State) -> str:
    """What is seen, as sentences; the groups of facts recur, so their sentences are kept."""
    return " ".join([_sentences(group, state.tell) for group in _groups(state)])


def _groups(state: State) -> list[tuple[Fact, ...]]:
    here = [person.name for person in state.people if person.here]
    groups = [_portrait(person, state.blocks(person.name)) for person in state.people]
    groups += [(("tie", *tie),) for tie in state.ties if tie[0] in here and tie[2] in here]
    groups += [(("load", wish[2]),) for wish in state.wishes if wish[0] == "carry"]
    groups += [(fact,) for fact in state.gained]
    groups.append(_circumstances(state.coins, state.delay, state.guard))
    return groups


@lru_cache(maxsize=32_768)
def _sentences(facts: tuple[Fact, ...], wording: int) -> str:
    return telling.GRAMMAR.tell(facts, wording)


@lru_cache(maxsize=1024)
def _circumstances(coins: int, delay: int, guard: int) -> tuple[Fact, ...]:
    """Your purse, and the guard where there is one."""
    purse: tuple[Fact, ...] = (("coins", str(coins)),)
    return (*purse, ("delay", telling.paces(delay)), ("guard", telling.away(guard))) if delay else purse


@lru_cache(maxsize=16_384)
def _portrait(person: Person, blocks: bool) -> tuple[Fact, ...]:
    """What is seen of one person."""
    name = person.name
    if not person.here:
        return (("fled", name),)
    facts: list[Fact] = [("trait", name, person.trait) if person.known else ("unknown", name)]
    facts.append(("mood", name, person.mood))
    if person.thing:
        facts.append(("has", name, person.thing))
    return (*facts, ("blocks", name)) if blocks else tuple(facts)
