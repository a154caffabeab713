"""How sure it is that found turns answer a question: how much of what is asked one of them tells.

    told(t)    = share of the question's words in what t tells or the turn before asked, rare words counting more
    confidence = max told(t) - 0.5 max told(u), t by or of those whom the question is about, u the others; at least 0

What a turn only asks is not told. That others tell of it more than those whom the question names speaks against an
answer ("When did Ann adopt a dog?", where it was Bo who did). A question that names no speaker is about everybody. A
turn that lacks a name of the question tells ``UNNAMED`` as much, unless another that has it leads there by a name: what
is told of Falcon is none of what is asked of Eagle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from itertools import filterfalse, islice

from forethought.memory.irregular import forms
from forethought.memory.names import of_whom
from forethought.memory.replies import READ, Covered, parted
from forethought.memory.turns import Turn
from forethought.memory.words import EVERY, STOP, sentences

LOOKED = 8
"""Found turns that are looked at, of those whom the question is about and of the others."""
OTHERS = 0.5
UNNAMED = 0.3
YOU = frozenset({"you", "your", "yours"})
"""Words of a question that ask the one who answers."""
YOUR = re.compile(r"\byour\s+((?:\w+\s+){0,2}\w+)")
CAPITAL = re.compile(r"\b[A-Z]\w+")
BEGIN = 4
"""Letters by which a word is looked for in a long turn."""


def chosen(found: Sequence[int], about: Callable[[int], bool] | None) -> tuple[list[int], list[int]]:
    """The best found turns by those whom the question is about (None: by anybody), and by the others."""
    if about is None:
        return list(found[:LOOKED]), []
    return list(islice(filter(about, found), LOOKED)), list(islice(filterfalse(about, found), LOOKED))


def tells_of(text: str, them: Set[tuple[str, ...]], words: Sequence[str], covered: Covered) -> bool:
    """Whether what somebody else says tells of those whom a question is about: by name, or of what is "your"."""
    yours = " ".join(YOUR.findall(text[:READ].lower()))
    return not them.isdisjoint(of_whom(text)) or bool(yours and covered(words, yours))


def confidence(
    mine: Sequence[int],
    others: Sequence[int],
    turns: Mapping[int, Turn],
    previous: Mapping[int, int],
    worth: Mapping[str, float],
    covered: Covered,
    wanted: Sequence[tuple[str, ...]] = (),
) -> float:
    """From 0 to 1; ``worth`` is the weight of each of the question's words, ``previous`` the turn before one,
    ``wanted`` the names in the question that are no speakers'.
    """
    words, whole = list(worth), max(sum(worth.values()), 1e-9)
    near = {number: " ".join(_read(number, turns, previous, words)) for number in (*mine, *others)}
    named = {number for number, text in near.items() if all(covered(name, text) for name in wanted)}
    leads = set[str]().union(*(_capitals(near[number]) for number in named)) - {
        each for name in wanted for each in name
    }

    def told(number: int) -> float:
        share = sum(worth[word] for word in covered(words, near[number])) / whole
        return share if number in named or not leads.isdisjoint(_capitals(near[number])) else share * UNNAMED

    return max(0.0, max(map(told, mine), default=0.0) - OTHERS * max(map(told, others), default=0.0))


def _read(number: int, turns: Mapping[int, Turn], previous: Mapping[int, int], words: Sequence[str]) -> Iterator[str]:
    """What a turn tells, and what the one before it asks."""
    if number in turns:
        yield parted(about(turns[number].text, words))[1]
    if before := turns.get(previous.get(number, -1)):
        yield parted(before.text)[0]


def _capitals(text: str) -> set[str]:
    """The words of a text that begin with capital letters, lower case."""
    return {word.lower() for word in CAPITAL.findall(text)} - STOP


def about(text: str, words: Sequence[str]) -> str:
    """A text, or of a long one the sentences with the beginning of any of the words."""
    if len(text) <= READ:
        return text
    begin = {word[:BEGIN] for form in words for word in forms([form])}
    kept = [part for part in sentences(text, EVERY) if any(word in part.lower() for word in begin)]
    return " ".join(kept)[:READ]
