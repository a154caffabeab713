"""Which of the found turns corrects which: the same speaker says nearly the same of the same thing, with another value.

What is said *not* to be corrects what says the same (``not 4821``) and nothing else; what is added ("another", "also"),
and what is told of somebody else ("the code of Ann"), corrects nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import permutations

from forethought.memory.irregular import PASTS
from forethought.memory.names import of_others
from forethought.memory.turns import Turn
from forethought.memory.words import NOW, SAYING, STOP, all_words

ALIKE = 0.4
"""Share of words that two sayings of one speaker have in common where one may correct the other."""
IN_ORDER = 0.5
"""Share of their words that they have in common, in one order, where the later does not say that something changed."""
LONGEST = 2000
"""Characters of a turn that may correct another."""
OF = "my|our|your|his|her|its|their|the|a|an|this|that"
SUBJECT = re.compile(rf"(?:\b(?:{OF})|['\u2019]s)\s+(?!(?:{OF}|way)\b)(\w+)")
"""What a sentence is about: the word after its first "my", "the" or "Ann's"."""
CHANGED = NOW | {"changed", "changes", "updated", "switched", "moved", "instead", "replaced"}
"""Words of a turn that corrects what was told in other words."""
DID = re.compile(
    rf"\b(?:(?i:i|we|he|she|they|you)|[^\W\d_a-z]\w*)\s+(?!(?:{'|'.join(sorted(SAYING | CHANGED))})\b)"
    rf"(?:\w+ed|{'|'.join(PASTS)})\b"
)
"""Somebody did something, which another deed does not make untrue; what was said or changed is none."""
ADDS = re.compile(r"\b(also|another|additionally|besides|as well|too(?=\s*(?:[.,;!]|$)))\b")
"""Words of what is told beside something else."""
NEGATION = re.compile(r"\b(not|never|cannot|no (?:longer|more)|\w+n['\u2019]t)\b")
CLAUSE = re.compile(r"[.,;:!?]|\bbut\b")
SAME = 0.75
"""Share of a question's words, of those that either tells, that both have to tell then."""
LASTING = NOW | {"any", "more", "longer"}
"""Words that say since when something is so, or that it is over."""


def corrections(found: Sequence[Turn], told: Mapping[int, frozenset[str]], asks: Mapping[int, str]) -> dict[int, int]:
    """Which found turn is corrected by which, the last one where there are several, by their numbers.

    ``told`` is what each tells of a question's words: only turns that tell of the same can correct one another, or of
    nearly the same where the later one says that something changed. ``asks`` is the question that a turn replies to.
    """
    turns = {turn.id: turn for turn in found if told[turn.id]}
    corrected: dict[int, int] = {}
    for i, j in permutations(turns, 2):
        if not _is_later(turns[j], turns[corrected.get(i, i)]):
            continue
        if told[i] != told[j] and not (_nearly(told[i], told[j]) and _changed(turns[j].text, turns[i].text)):
            continue
        if _corrects(turns[j], turns[i]) and not of_others(*(f"{asks.get(k, '')} {turns[k].text}" for k in (i, j))):
            corrected[i] = j
    return corrected


def _is_later(one: Turn, other: Turn) -> bool:
    """Whether a turn was said after another: by their times where both are known, else as they were kept."""
    if one.at is None or other.at is None:
        return one.id > other.id
    return (one.at, one.id) > (other.at, other.id)


def _nearly(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two turns tell of nearly the same words of a question."""
    return len(one & other) >= SAME * len(one | other)


def _changed(later: str, earlier: str) -> bool:
    """Whether the later of two texts says that something changed."""
    return not CHANGED.isdisjoint(all_words(later)) and CHANGED.isdisjoint(all_words(earlier))


def _corrects(later: Turn, earlier: Turn) -> bool:
    """Whether one speaker said nearly the same of the same thing with another value; what somebody did once stays
    true.
    """
    if later.speaker != earlier.speaker or later.conversation != earlier.conversation:
        return False
    if "?" in later.text or "?" in earlier.text or max(len(later.text), len(earlier.text)) > LONGEST:
        return False
    old, new = earlier.text.lower(), later.text.lower()
    about = [found[1] if (found := SUBJECT.search(text)) else None for text in (old, new)]
    if None not in about and about[0] != about[1]:
        return False
    if (DID.search(earlier.text) and DID.search(later.text)) or (ADDS.search(new) and not ADDS.search(old)):
        return False
    before, after = ([word for word in all_words(text) if word not in NOW] for text in (old, new))
    both = {*before} & {*after}
    if len(both) < ALIKE * min(len({*before}), len({*after})):
        return False
    if denied := [*_denied(old), *_denied(new)]:
        return len(denied) == 1 and denied[0] <= both
    if not {*after} - both - STOP or not {*before} - both - STOP:
        return False
    return _changed(new, old) or SequenceMatcher(None, before, after, autojunk=False).ratio() >= IN_ORDER


def _denied(text: str) -> Iterator[set[str]]:
    """What a text says is not so: the words after its first "not", to the end of the clause."""
    if found := NEGATION.search(text):
        yield set(all_words(CLAUSE.split(text[found.end() :])[0])) - STOP - LASTING
