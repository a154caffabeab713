"""Replies: a turn that asks what the question asks brings the turn that answers it, which may share no word with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from forethought.memory.turns import Turn
from forethought.memory.words import sentences

READ = 4000
"""Characters of a turn that are looked at."""
MARKS = ("?", "\uff1f", "\u061f")
BEGINS = re.compile(
    r"((and|but|so|hey|ok|okay|wait|sorry|please)\W+)*(who|whom|whose|what|when|where|which|why|how|do|does|did|is|are|am|"
    r"was|were|can|could|will|would|should|shall|have|has|had|may|any|don't|doesn't|didn't|isn't|aren't|remember)\b",
    re.IGNORECASE,
)
"""How a sentence begins that asks and tells nothing."""
Covered = Callable[[Sequence[str], str], list[str]]
"""Those of some words that a text has."""


def parted(text: str) -> tuple[str, str]:
    """The sentences of a text that ask, and those that tell."""
    parts = sentences(text[:READ])
    return " ".join(part for part in parts if part.endswith(MARKS)), " ".join(p for p in parts if not p.endswith(MARKS))


def only_asks(text: str) -> bool:
    """Whether a turn tells nothing: it is not long, and every sentence of it is a question that begins like one."""
    if len(text) > READ or not any(mark in text for mark in MARKS):
        return False
    return all(part.endswith(MARKS) and BEGINS.match(part) for part in sentences(text))


def asks(text: str, words: Sequence[str], covered: Covered) -> bool:
    """Whether it is by what a turn asks, not by what it tells, that it has words of a question: its sentences with a
    question mark have at least half of them.
    """
    asking, _ = parted(text)
    asked = covered(words, asking) if asking else []
    return bool(asked) and 2 * len(asked) >= len(covered(words, text[:READ]))


def replies(
    found: Sequence[int],
    following: Mapping[int, int],
    turns: Mapping[int, Turn],
    words: Sequence[str],
    covered: Covered,
) -> dict[int, int]:
    """The reply to each found turn that asks: what another speaker says next."""
    pairs = {}
    for number in found:
        after = following.get(number)
        if after is None or number not in turns or after not in turns:
            continue
        if turns[number].speaker != turns[after].speaker and asks(turns[number].text, words, covered):
            pairs[number] = after
    return pairs


def together(scores: Mapping[int, float], pairs: Mapping[int, int]) -> dict[int, float]:
    """Scores, best first, where a reply stands just before the question that it answers, unless it stood higher."""
    placed: dict[int, float] = {}
    for turn, score in scores.items():
        reply = pairs.get(turn)
        for number in (turn,) if reply is None else (reply, turn):
            placed.setdefault(number, score)
    return placed
