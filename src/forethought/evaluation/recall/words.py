"""The words that generated conversations are made of, and which names and values each split may use.

A full name, and a value, is two words. The words are shared, so that a small reader has met each of them; the pairs are
not: no full name and no value of one split ever occurs in another.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

FIRST = """
Anna Ben Carla David Elena Felix Greta Hugo Ida Jonas Karin Leo Mira Nico Olga Paul Rosa Simon Tara Viktor
Walter Xenia Yusuf Zoe Amir Berta Cosmo Dora Emil Flora Gustav Helga Igor Julia Klaus Lena Marco Nora Oskar Petra
""".split()  # noqa: SIM905
LAST = """
Abel Becker Costa Dubois Egger Fischer Gomez Huber Ivanov Jansen Keller Lopez Meyer Novak Ortiz Peters Quinn Rossi
Silva Tanaka Urban Vogel Weber Young Zeller Adler Brandt Conti Durand Engel Frank Graf Hoffman Ito Jung Koch Lang
Moser Nagel Olsen
""".split()  # noqa: SIM905
THINGS = """
locker boat safe garage laptop bike cellar cabin bunker phone piano studio tablet barn camera chest diary drone
fridge gate kiosk shed suitcase workshop
""".split()  # noqa: SIM905
HUES = """
amber azure black bronze copper coral crimson dusty faded golden green grey hollow iron ivory jade lilac marble
misty mossy navy olive orange pale pink purple quiet red rusty sandy scarlet silver smoky snowy stone teal velvet
violet white wooden
""".split()  # noqa: SIM905
BEASTS = """
badger beaver bison camel condor crane cricket dolphin donkey eagle falcon ferret finch fox gecko goose hare heron
horse hyena jackal koala lemur lion lizard lynx magpie moose otter owl panda parrot penguin pigeon rabbit raven
salmon squirrel tiger turtle
""".split()  # noqa: SIM905
FOODS = "bread soup rice pasta salad stew cake curry beans fish potatoes porridge".split()  # noqa: SIM905
PLACES = "market station library harbour museum park theatre bakery lake school clinic cinema".split()  # noqa: SIM905
DAYS = "today yesterday lately again early late often alone together twice".split()  # noqa: SIM905
MOODS = "tired happy busy calm curious cheerful nervous hungry bored proud".split()  # noqa: SIM905

WORD = re.compile(r" ?[\w]+| ?[^\s\w]+|\s+")


@cache
def names(split: Split) -> tuple[str, ...]:
    """The full names of a split."""
    return _pairs(FIRST, LAST, split)


@cache
def values(split: Split) -> tuple[str, ...]:
    """The values of a split."""
    return _pairs(HUES, BEASTS, split)


def _pairs(one: list[str], other: list[str], split: Split) -> tuple[str, ...]:
    shares = {"train": range(5), "validation": range(5, 6), "test": range(6, 8)}[split]
    return tuple(f"{a} {b}" for i, a in enumerate(one) for j, b in enumerate(other) if (i + 3 * j) % 8 in shares)


def tokens(text: str) -> int:
    """How many tokens a text of these conversations has: a word, or what stands between words, is one."""
    return len(WORD.findall(text))
