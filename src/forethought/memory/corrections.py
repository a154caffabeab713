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
SUBJECT = re.compile(rf"(?:\b(?:{OF})|['\u2019]s)\s+(?!(?:{OF}|way)\b)(?:(?:new|newest|old|current|latest)\s+)?(\w+)")
"""What a sentence is about: the word after its first "my", "the" or "Ann's"."""
CHANGED = NOW | {"changed", "changes", "updated", "switched", "moved", "instead", "replaced"}
"""Words of a turn that corrects what was told in other words."""
DID = re.compile(
    rf"\b(?:(?i:i|we|he|she|they|you)|[^\W\d_a-z]\w*)\s+(?!(?:{'|'.join(sorted(SAYING | CHANGED))})\b)"
    rf"(?:(?!(?:need|speed|feed)\b)\w+ed|{'|'.join(PASTS)})\b"
)
"""Somebody did something, which another deed does not make untrue; what was said or changed is none."""
ADDS = re.compile(r"\b(also|another|additionally|besides|as well|too(?=\s*(?:[.,;!]|$)))\b")
"""Words of what is told beside something else."""
NEGATION = re.compile(r"\b(not(?! (?:just|only|all)\b)|never|cannot|no (?:longer|more)|\w+n['\u2019]t)\b")
CLAUSE = re.compile(r"[.,;:!?]|\bbut\b")
OWN = re.compile(r"(?:^\W*|[.,:;!]\s*)(?:i|we)\b", re.IGNORECASE)
"""Who speaks does or has something; what it is of or for is no other person then ("I work for Globex")."""
WHO = re.compile(r"\bwho(?:m|se)?\b", re.IGNORECASE)
WORDS = 200
"""Words of a turn whose order is compared."""
SAME = 0.75
"""Share of a question's words, of those that either tells, that both have to tell then."""
LASTING = NOW | {"any", "more", "longer"}
"""Words that say since when something is so, or that it is over."""


def corrections(
    question: str, found: Sequence[Turn], told: Mapping[int, frozenset[str]], texts: Mapping[int, str]
) -> dict[int, int]:
    """Which found turn is corrected by which, the last one where there are several, by their numbers.

    ``told`` is what each tells of a question's words: only turns that tell of the same can correct one another, or of
    nearly the same where the later one says that something changed. ``texts`` are the turns, each with the question
    that it replies to. Where the ``question`` asks who, whose it was may change.
    """
    turns = {t.id: t for t in found if told[t.id] and len(t.text) <= LONGEST and "?" not in t.text}
    new = {i for i, turn in turns.items() if not CHANGED.isdisjoint(all_words(turn.text))}
    whoever = WHO.search(question) is not None
    corrected: dict[int, int] = {}
    for i, j in permutations(turns, 2):
        if not _is_later(turns[j], turns[corrected.get(i, i)]):
            continue
        changed = j in new and i not in new
        if told[i] != told[j] and not (changed and _nearly(told[i], told[j])):
            continue
        may_be_others = not (whoever and changed)
        if _corrects(turns[j], turns[i], changed) and not (may_be_others and _of_others(texts[i], texts[j])):
            corrected[i] = j
    return corrected


def _of_others(one: str, other: str) -> bool:
    """Whether two texts tell of two people, and not of who says it."""
    return of_others(one, other) and not (OWN.search(one) and OWN.search(other))


def _is_later(one: Turn, other: Turn) -> bool:
    """Whether a turn was said after another: by their times where both are known, else as they were kept."""
    if one.at is None or other.at is None:
        return one.id > other.id
    return (one.at, one.id) > (other.at, other.id)


def _nearly(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two turns tell of nearly the same words of a question."""
    return len(one & other) >= SAME * len(one | other)


def _corrects(later: Turn, earlier: Turn, changed: bool) -> bool:
    """Whether one speaker said nearly the same of the same thing with another value, in whatever order of words where
    the later one says that something ``changed``; what somebody did once stays true.
    """
    if later.speaker != earlier.speaker or later.conversation != earlier.conversation:
        return False
    old, new = earlier.text.lower(), later.text.lower()
    about = [found[1] if (found := SUBJECT.search(text)) else None for text in (old, new)]
    if None not in about and about[0] != about[1]:
        return False
    if (DID.search(earlier.text) and DID.search(later.text)) or (ADDS.search(new) and not ADDS.search(old)):
        return False
    before, after = _words(old), _words(new)
    if not _alike(before, after):
        return False
    denied = [*_denied(old), *_denied(new)]
    if len(denied) == 1 and denied[0] <= {*before} & {*after}:
        return True
    if denied:  # of what is left
        before, after = _words(_affirmed(old)), _words(_affirmed(new))
    both = {*before} & {*after}
    if not {*after} - both - STOP or not {*before} - both - STOP or not _alike(before, after):
        return False
    return changed or SequenceMatcher(None, before[:WORDS], after[:WORDS], autojunk=False).ratio() >= IN_ORDER


def _words(text: str) -> list[str]:
    """The words of a text without those that say since when it is so."""
    return [word for word in all_words(text) if word not in NOW]


def _alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two texts have enough words in common."""
    return len({*one} & {*other}) >= ALIKE * min(len({*one}), len({*other}))


def _denied(text: str) -> Iterator[set[str]]:
    """What a text says is not so: the words after its first "not", to the end of the clause."""
    if found := NEGATION.search(text):
        words = set(all_words(CLAUSE.split(text[found.end() :])[0])) - STOP - LASTING
        if words:
            yield words


def _affirmed(text: str) -> str:
    """A text without the clauses that say what is not so."""
    return " ".join(clause for clause in CLAUSE.split(text) if not NEGATION.search(clause))
