"""What callers give, checked where it comes in: a whole number, a text, a path, a question."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from forethought.errors import BadSetting

LARGEST = (1 << 63) - 1
"""SQLite's largest number."""


def whole(what: str, got: Any, least: int = -LARGEST) -> int:
    """``got`` as an int, numpy's too. Raises ``BadSetting`` for anything else, and for less than ``least``."""
    try:
        number = LARGEST + 1 if isinstance(got, bool) else index(got)
    except TypeError:
        number = LARGEST + 1
    if not least <= number <= LARGEST:
        told = f"{what}={got!r}" if what.isidentifier() else f"{got!r} as {what}"
        raise BadSetting(f"got {told}; expected a whole number{f' of at least {least}' if least > -LARGEST else ''}")
    return number


def numbers(what: str, got: Any) -> list[int]:
    """``got`` as a list of ints. Raises ``BadSetting`` where it is no list or holds anything else."""
    return [whole(f"one of {what}", number) for number in _several(what, got)]


def text(what: str, got: Any) -> str:
    """``got``, which has to be a str. Raises ``BadSetting``."""
    if not isinstance(got, str):
        raise BadSetting(f"got {got!r} as {what}; expected a text (str)")
    return got


def path(what: str, got: Any) -> Path:
    """``got`` as a path. Raises ``BadSetting`` for what is none."""
    if not isinstance(got, str | PathLike) or not isinstance(fspath(got), str):
        raise BadSetting(f"got {got!r} as {what}; expected a path (str or Path)")
    return Path(got)


def texts(what: str, got: Any) -> list[str]:
    """``got`` as a list of str. Raises ``BadSetting`` where it is no list or holds anything else."""
    return [text(f"one of {what}", each) for each in _several(what, got)]


def two_names(speaker: Any, name: Any) -> None:
    """The names of the two sides of a conversation. Raises ``BadSetting`` where they are one, or no texts."""
    if text("the speaker", speaker) == text("the model's name", name):
        raise BadSetting(f"both sides are called {name!r}; expected two names")


def question(got: Any) -> str:
    """``got``, which has to be a text of more than white space. Raises ``BadSetting``."""
    if not isinstance(got, str) or not got.strip():
        raise BadSetting(f"got {got!r} as a question; expected a text that is not empty")
    return got


def _several(what: str, got: Any) -> Iterable[Any]:
    if isinstance(got, str | bytes) or not isinstance(got, Iterable):
        raise BadSetting(f"got {got!r} as {what}; expected a list of them")
    return got
