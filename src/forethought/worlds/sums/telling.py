"""How codes and sums are told, who the people are, and what their codes are."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from forethought.worlds.grammar import Grammar

FIRST = (
    "Ada", "Bela", "Cora", "Dina", "Emil", "Fritz", "Gerd", "Hanna", "Ivo", "Jana", "Kurt", "Lena", "Max", "Nora",
    "Otto", "Paula", "Rosa", "Sven", "Tilda", "Udo", "Vera", "Willi", "Xaver", "Yara", "Zeno", "Anton", "Berta",
    "Carl", "Dora", "Erik", "Fanny", "Gustav",
)  # fmt: skip
LAST = (
    "Berg", "Fuchs", "Gross", "Haas", "Jung", "Kern", "Lang", "Moser", "Noll", "Ott", "Pohl", "Rau", "Stein", "Thal",
    "Vogt", "Wolf", "Adler", "Busch", "Dorn", "Ernst", "Falk", "Graf", "Hirt", "Kraft", "Lind", "Mann", "Neff", "Pfau",
    "Roth", "Sander", "Traub", "Zorn",
)  # fmt: skip
"""Everybody with one of the first and one of the last names has a code."""
CODES = 1000

GRAMMAR = Grammar(
    {
        "card": ("There is a card for {0}.",),
        "slip": ("There is a slip with {0}.",),
        "code": ("The code of {0} is {1}.",),
        "result": ("{0} makes {1}.",),
        "column": ("{0} is {1}.",),
    }
)
DESIRES = ("Find out {0}.", "I want to know {0}.", "Please tell me {0}.")


@lru_cache(maxsize=4096)
def code(name: str) -> str:
    """Three digits that follow from nothing but whose they are, and never change."""
    digest = hashlib.sha256(name.encode()).digest()
    return " ".join(f"{int.from_bytes(digest[:4], 'big') % CODES:03d}")
