"""A moment in the laboratory, and what of it can be seen."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from forethought.types import Fact
from forethought.worlds.lab import telling
from forethought.worlds.lab.rules import Arrangement, Family, Rule, Space, space_of
from forethought.worlds.lab.telling import Wish


class State(NamedTuple):
    """A moment in the laboratory. The rule is hidden, everything else can be seen.

    ``on_machine`` are places of objects, in the order in which they were put there. ``possible`` is the set of rules
    that what was seen so far leaves, and ``tried`` the arrangements that were seen on the running machine: they follow
    from the episode's own experiments. ``bears`` is 0 where the machine has neither a switch nor a limit (level 1).
    ``endless`` episodes are never satisfied.
    """

    objects: tuple[str, ...]
    families: tuple[Family, ...]
    rule: Rule
    wish: Wish
    possible: int
    on_machine: Arrangement = ()
    tried: frozenset[Arrangement] = frozenset()
    running: bool = True
    bears: int = 0
    fragile: Arrangement = ()
    broken: Arrangement = ()
    endless: bool = False
    tell: int = 0
    ask: int = 0

    @property
    def space(self) -> Space:
        """The rules that the machine may follow."""
        return space_of(len(self.objects), self.families)

    @property
    def lit(self) -> bool:
        """Whether the machine is lit."""
        return self.running and self.rule.lights(self.on_machine)

    def place(self, name: str) -> int:
        """The place of the object of that name, -1 if there is none."""
        return self.objects.index(name) if name in self.objects else -1

    def breaking(self, arrangement: Arrangement) -> Arrangement:
        """What breaks on the running machine: fragile objects on it, once it bears more than it can."""
        if not self.bears or len(arrangement) <= self.bears:
            return ()
        return tuple(place for place in arrangement if place in self.fragile)


def is_met(state: State) -> bool:
    """Whether what is desired is so now (an answer is judged where it is given)."""
    kind, name = state.wish
    if state.endless or kind == "tell":
        return False
    if kind == "know":
        return state.possible.bit_count() == 1
    if kind == "all dark":
        return state.running and not state.lit and len(state.on_machine) == len(state.objects)
    if not state.lit:
        return False
    if kind == "all lit":
        return len(state.on_machine) == len(state.objects)
    return kind == "light" or (state.place(name) in state.on_machine) == (kind == "with")


def seen(state: State) -> tuple[Fact, ...]:
    """Where every object is, what is fragile or broken, the machine's switch, limit and light."""
    facts = _objects(state.objects, state.on_machine, state.space.ordered, state.fragile, state.broken)
    return facts + _machine(state.running, state.bears, state.lit)


def text(state: State) -> str:
    """What is seen, as sentences."""
    objects = _sentences(
        _objects(state.objects, state.on_machine, state.space.ordered, state.fragile, state.broken), state.tell
    )
    return f"{objects} {_sentences(_machine(state.running, state.bears, state.lit), state.tell)}"


@lru_cache(maxsize=16_384)
def _sentences(facts: tuple[Fact, ...], wording: int) -> str:
    return telling.GRAMMAR.tell(facts, wording)


@lru_cache(maxsize=16_384)
def _objects(
    objects: tuple[str, ...], on_machine: Arrangement, ordered: bool, fragile: Arrangement, broken: Arrangement
) -> tuple[Fact, ...]:
    facts = [where(name, place, on_machine, ordered) for place, name in enumerate(objects)]
    facts += [("fragile", objects[place]) for place in fragile]
    return (*facts, *(("broken", objects[place]) for place in broken))


def where(name: str, place: int, on_machine: Arrangement, ordered: bool) -> Fact:
    """Where an object is; which one it is on the machine only where order may count."""
    if place not in on_machine:
        return "table", name
    return ("placed", name, telling.ORDINALS[on_machine.index(place)]) if ordered else ("on", name)


@lru_cache(maxsize=64)
def _machine(running: bool, bears: int, lit: bool) -> tuple[Fact, ...]:
    lamp: Fact = ("lamp", "lit" if lit else "dark")
    return (("switch", "on" if running else "off"), ("bears", str(bears)), lamp) if bears else (lamp,)
