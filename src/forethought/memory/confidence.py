"""How sure it is that found turns answer a question: how much of what is asked one of them tells.

    told(t)    = share of the question's words in what t tells or the turn before asked, rare words counting more
    confidence = max told(t) - 0.5 max told(u), t by those whom the question is about, u by the others; at least 0

What a turn only asks is not told. That others tell of it more than those whom the question names speaks against an
answer ("When did Ann adopt a dog?", where it was Bo who did). A question that names no speaker is about everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import filterfalse, islice

from forethought.memory.irregular import forms
from forethought.memory.replies import READ, parted
from forethought.memory.turns import Turn
from forethought.memory.words import EVERY, sentences

LOOKED = 8
"""Found turns that are looked at, of those whom the question is about and of the others."""
OTHERS = 0.5
BEGIN = 4
"""Letters by which a word is looked for in a long turn."""


def chosen(found: Sequence[int], about: Callable[[int], bool] | None) -> tuple[list[int], list[int]]:
    """The best found turns by those whom the question is about (None: by anybody), and by the others."""
    if about is None:
        return list(found[:LOOKED]), []
    return list(islice(filter(about, found), LOOKED)), list(islice(filterfalse(about, found), LOOKED))


def confidence(
    mine: Sequence[int],
    others: Sequence[int],
    turns: Mapping[int, Turn],
    previous: Mapping[int, int],
    worth: Mapping[str, float],
    covered: Callable[[Sequence[str], str], list[str]],
) -> float:
    """From 0 to 1; ``worth`` is the weight of each of the question's words, ``previous`` the turn before one."""
    words, whole = list(worth), max(sum(worth.values()), 1e-9)

    def told(number: int) -> float:
        texts = [parted(about(turns[number].text, words))[1]] if number in turns else []
        before = turns.get(previous.get(number, -1))
        texts += [parted(before.text)[0]] if before else []
        return sum(worth[word] for word in covered(words, " ".join(texts))) / whole

    return max(0.0, max(map(told, mine), default=0.0) - OTHERS * max(map(told, others), default=0.0))


def about(text: str, words: Sequence[str]) -> str:
    """A text, or of a long one the sentences with the beginning of any of the words."""
    if len(text) <= READ:
        return text
    begin = {word[:BEGIN] for form in words for word in forms([form])}
    kept = [part for part in sentences(text, EVERY) if any(word in part.lower() for word in begin)]
    return " ".join(kept)[:READ]
