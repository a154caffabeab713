"""How a passage, a question and an answer are written for a reader, and how an answer is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from forethought.evaluation.recall.tasks import NOT_TOLD


def asking(question: str) -> str:
    """What stands after the passage; the answer follows with a space before it."""
    return f"{once(question)}Answer:"


def once(question: str) -> str:
    """The question alone, for a reader that is to know it before it reads."""
    return f"Question: {question}\n"


def said(answer: Sequence[str]) -> str:
    """An answer in words; "not told" where there is none."""
    return " and ".join(answer) or NOT_TOLD


def passage(lines: Iterable[object]) -> str:
    """Turns, one a line."""
    return "".join(f"{line}\n" for line in lines)


def is_right(told: str, answer: Sequence[str]) -> bool:
    """Whether what a reader told is exactly the answer; several values in any order."""
    given, wanted = (sorted(_plain(part) for part in text.split(" and ")) for text in (told, said(answer)))
    return given == wanted


def contains(told: str, answer: Sequence[str]) -> bool:
    """Whether every value stands somewhere in what a reader told: for readers that answer in sentences."""
    return all(f" {_plain(value)} " in f" {_plain(told)} " for value in answer or (NOT_TOLD,))


def abstains(told: str) -> bool:
    """Whether a reader told that it was not told."""
    return _plain(told) == NOT_TOLD


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
