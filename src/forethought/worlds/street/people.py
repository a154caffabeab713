"""The people of the street: their traits, what wins, angers or scares them, their ties, and what is held out."""

from __future__ import annotations

import zlib
from functools import cache
from itertools import combinations_with_replacement
from typing import NamedTuple

TRAITS = ("meek", "fierce", "kind", "proud", "greedy", "brave", "shy", "stern")
TRAITS_AT = {1: TRAITS[:6], 2: TRAITS[:7], 3: TRAITS, 4: TRAITS}
"""Shy people appear at level 2, stern ones (who call the guard) at level 3."""
DRAWN_AT = {level: (*traits, "meek") for level, traits in TRAITS_AT.items()}
"""What traits are drawn from: the meek, whom force moves without harm, are twice as frequent as others."""

MOODS = ("angry", "calm", "trusting")
"""From worst to best; whoever is won over moves up by one."""

WON_BY: dict[str, tuple[str, ...]] = {
    "greet": ("kind", "meek", "brave"),
    "help": ("kind", "meek", "brave", "shy", "fierce", "stern"),
    "give": ("kind", "meek", "shy", "greedy", "fierce"),
    "apologise": ("kind", "meek", "shy", "brave", "stern", "proud"),
}
"""Whom each kindness moves up by one mood. A greeting wins only the calm, an apology only the angry (and the proud)."""

ANGERED_BY: dict[str, tuple[str, ...]] = {
    "greet": ("fierce",),
    "help": ("proud",),
    "give": ("proud", "stern"),
    "ask": ("fierce",),
}
"""Whom a well-meant act makes angry; a fierce one who is angry already hits when greeted or asked."""

SCARED_BY_GREETING = ("shy",)
GRANTS_UNASKED = ("kind", "shy")
"""Who grants a request while merely calm; everybody else must trust you first."""

DECLINES_COINS = ("proud", "brave", "stern")
BOLD = ("fierce", "brave")
"""Who hits back, for themselves and for those they stand by."""
FIRM = ("proud", "stern")
"""Who is not moved by force, only angered. The meek, shy and greedy flee; the kind give way and are angry."""
SPEAKS_WHEN_CALM = ("kind", "brave")

TIES = ("friend", "rival", "cousin")
TIES_AT = {1: TIES[:2], 2: TIES, 3: TIES, 4: TIES}
STANDS_BY = ("friend", "cousin")
"""A bold friend or cousin hits back for the other; a kind friend, and any other cousin, helps; a rival does nothing."""

NAMES = (
    *("Mira", "Tom", "Ana", "Bo", "Lena", "Omar", "Ivo", "Nora", "Paul", "Rita", "Sven", "Tara"),
    *("Ugo", "Vera", "Yan", "Zoe", "Eli", "Fay", "Gus", "Hana", "Jon", "Kim", "Leo", "Maya"),
    *("Nils", "Olga", "Pia", "Rafa", "Sara", "Timo", "Uma", "Vito", "Wanda", "Alma", "Boris", "Clara"),
)
UNSEEN_NAMES = {
    "validation": ("Dario", "Edda", "Felix", "Greta", "Henk", "Ilse"),
    "test": ("Jana", "Karim", "Lotte", "Milo", "Ruth", "Stefan"),
}
"""Held out on the axis ``names``."""

THINGS = ("ball", "lamp", "book", "key", "cup", "hat", "rope", "map", "bell", "kite", "comb", "drum")
LOADS = ("box", "trunk", "ladder", "table", "bench", "chest")

GIFT = 2
"""Coins that a gift costs."""
MINUTES = {"help": 4.0}
"""Minutes that an action takes; every other takes one."""

Cell = tuple[str, str, str]
"""A trait, a tie and the trait of the company: what the axis ``combination`` holds out."""


@cache
def split_of(trait: str, tie: str, other: str) -> str:
    """The split in which two people of these traits may have this tie; a fixed 70 : 15 : 15 partition, symmetric."""
    first, second = sorted((trait, other))
    share = zlib.crc32(f"{first} and {second} are {tie}s".encode()) % 20
    return "test" if share < 3 else "validation" if share < 6 else "train"


@cache
def cells(level: int, split: str) -> tuple[Cell, ...]:
    """Every combination of ``level`` that lives in ``split``."""
    pairs = combinations_with_replacement(TRAITS_AT[level], 2)
    return tuple((a, tie, b) for a, b in pairs for tie in TIES_AT[level] if split_of(a, tie, b) == split)


@cache
def trained_ties(level: int, trait: str, other: str) -> tuple[str, ...]:
    """The ties that training may draw between two people of these traits."""
    return tuple(tie for tie in TIES_AT[level] if split_of(trait, tie, other) == "train")


class Person(NamedTuple):
    """Somebody in the street. ``known``: whether the observation tells the trait."""

    name: str
    trait: str
    mood: str = "calm"
    thing: str = ""
    here: bool = True
    known: bool = True
