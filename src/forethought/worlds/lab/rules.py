"""The rules that a machine may follow, what each makes of objects, and what experiments leave possible.

A set of rules is a whole number: bit ``i`` stands for the ``i``-th rule of its space. Objects are told by their place
in the episode, an arrangement is the places of the objects on the machine in the order in which they were put there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, permutations
from typing import NamedTuple

Arrangement = tuple[int, ...]
Family = tuple[str, bool]
"""How causes act (``one``, ``either``, ``both``, ``order``), and whether another object stops the machine."""

CAUSE, STOPPER, NOTHING = "is a cause", "is a stopper", "does nothing"
ROLES = (CAUSE, STOPPER, NOTHING)
"""What an object may be to the machine, as it is said."""

SIMPLE: tuple[Family, ...] = (("one", False), ("either", False), ("both", False), ("one", True))
FAMILIES: dict[int, tuple[Family, ...]] = {
    1: SIMPLE,
    2: SIMPLE,
    3: (*SIMPLE, ("order", False)),
    4: (*SIMPLE, ("order", False)),
}
"""What training draws from at each level."""
HELD_OUT: dict[str, Family] = {"validation": ("either", True), "test": ("both", True)}
"""The axis ``rule``: a stopper beside two causes. Training has the two causes without it, and it beside one cause."""
MOST_TRIED = 3
"""Objects in the largest arrangement that is tried to find a rule (all of them besides, where that is desired)."""


class Rule(NamedTuple):
    """What the machine follows: how its causes act, which objects these are, and which one stops it (-1: none)."""

    how: str
    causes: tuple[int, ...]
    stopper: int = -1

    @property
    def family(self) -> Family:
        """The family that the rule belongs to."""
        return self.how, self.stopper >= 0

    def lights(self, arrangement: Arrangement) -> bool:
        """Whether the running machine is lit with these objects on it."""
        if self.stopper in arrangement:
            return False
        present = [cause for cause in self.causes if cause in arrangement]
        if self.how in ("one", "either"):
            return bool(present)
        if len(present) < len(self.causes):
            return False
        first, second = self.causes
        return self.how == "both" or arrangement.index(first) < arrangement.index(second)

    def role(self, place: int) -> str:
        """What the object at ``place`` is to the machine."""
        return CAUSE if place in self.causes else STOPPER if place == self.stopper else NOTHING


def rules_of(family: Family, many: int) -> Iterator[Rule]:
    """Every rule of a family over ``many`` objects, each once."""
    how, stopped = family
    if how == "one":
        chosen: Iterator[tuple[int, ...]] = combinations(range(many), 1)
    else:
        chosen = permutations(range(many), 2) if how == "order" else combinations(range(many), 2)
    for causes in chosen:
        if not stopped:
            yield Rule(how, causes)
            continue
        yield from (Rule(how, causes, stopper) for stopper in range(many) if stopper not in causes)


class Space:
    """Every rule that the machine may follow in an episode; families are equally likely, and rules within one."""

    def __init__(self, many: int, families: tuple[Family, ...]) -> None:
        self.many, self.families = many, families
        self.rules = tuple(rule for family in families for rule in rules_of(family, many))
        self.all = (1 << len(self.rules)) - 1
        self.ordered = any(how == "order" for how, _ in families)
        self._families = []
        for family in families:
            found = self.where([rule.family == family for rule in self.rules])
            self._families.append((found, 1.0 / found.bit_count()))
        self._lit: dict[Arrangement, int] = {}
        self._roles = [
            [self.where([rule.role(place) == role for rule in self.rules]) for role in ROLES] for place in range(many)
        ]

    @staticmethod
    def where(holds: list[bool]) -> int:
        """The set of rules for which something holds."""
        return sum(1 << i for i, true in enumerate(holds) if true)

    def canonical(self, arrangement: Arrangement) -> Arrangement:
        """The same arrangement as another one that no rule of this space tells from it."""
        return arrangement if self.ordered else tuple(sorted(arrangement))

    def lit(self, arrangement: Arrangement) -> int:
        """The rules by which the running machine is lit."""
        found = self._lit.get(arrangement)
        if found is None:
            found = self._lit[arrangement] = self.where([rule.lights(arrangement) for rule in self.rules])
        return found

    def after(self, possible: int, arrangement: Arrangement, lit: bool) -> int:
        """What stays possible once the machine was seen lit or dark with these objects."""
        return possible & self.lit(arrangement) if lit else possible & ~self.lit(arrangement)

    def decided(self, possible: int, arrangement: Arrangement) -> bool:
        """Whether every possible rule says the same of this arrangement."""
        return possible & self.lit(arrangement) in (0, possible)

    def role(self, possible: int, place: int) -> str | None:
        """What the object at ``place`` is by every possible rule; ``None`` while that is open."""
        for role, these in zip(ROLES, self._roles[place], strict=True):
            if possible & ~these == 0:
                return role
        return None

    def weight(self, possible: int) -> float:
        """How probable a set of rules is, up to a constant."""
        return sum([(possible & family).bit_count() * each for family, each in self._families])

    def chance(self, possible: int, arrangement: Arrangement) -> float:
        """How probable it is that the machine is lit."""
        return self.weight(possible & self.lit(arrangement)) / self.weight(possible)

    def gain(self, possible: int, arrangement: Arrangement) -> float:
        """Bits about the rule that an experiment is expected to give (Lindley 1956): rules leave nothing to chance,
        so that it is the entropy of the outcome.
        """
        return entropy(self.chance(possible, arrangement))

    def gain_about(self, possible: int, arrangement: Arrangement, place: int) -> float:
        """Bits about what the object at ``place`` is to the machine."""
        total, left = self.weight(possible), 0.0
        for these in self._roles[place]:
            if share := self.weight(possible & these) / total:
                left += share * entropy(self.chance(possible & these, arrangement))
        return max(0.0, entropy(self.chance(possible, arrangement)) - left)

    @lru_cache(maxsize=64)  # noqa: B019  (spaces are few and live as long as the program)
    def arrangements(self, everything: bool = False) -> tuple[Arrangement, ...]:
        """What can be put on the machine, up to ``MOST_TRIED`` objects; or all objects, in every order that counts."""
        choose = permutations if self.ordered else combinations
        if everything:
            return tuple(choose(range(self.many), self.many))
        return tuple(a for size in range(1, MOST_TRIED + 1) for a in choose(range(self.many), size))


@lru_cache(maxsize=64)
def space_of(many: int, families: tuple[Family, ...]) -> Space:
    """The space of all rules of these families over so many objects."""
    return Space(many, families)


def entropy(chance: float) -> float:
    """Bits of an outcome that has this chance."""
    if chance <= 0.0 or chance >= 1.0:
        return 0.0
    return -chance * math.log2(chance) - (1.0 - chance) * math.log2(1.0 - chance)
