"""Second hops: what a found turn leads to, where it does not tell the answer itself.

A turn that tells of what a question asks and of whom, and names somebody else ("Ann has the same boat code as Bo Lee"),
leads to the turns about that name and the rest of the question (``Lead``). Any good turn leads by its rarest words (who
owns it? Anna. Where does Anna live?).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from forethought.memory.irregular import forms
from forethought.memory.names import READ, is_whole, names
from forethought.memory.turns import Turn
from forethought.memory.words import (
    OWN,
    Question,
    all_words,
    indexed,
    match,
    of_speaker,
    words_of,
)

TELLS = 0.75
"""Share of what a question asks that a turn has to tell of, to lead on; rare words count more."""
LEADS, LED = 2, 6
"""Leads that are followed, and turns that each adds."""
TERMS, RARE, TRIED = 8, 8, 24


@dataclass(frozen=True, slots=True)
class Lead:
    """A name that a turn leads to, and what the question asks beside the names of that turn."""

    name: tuple[str, ...]
    topic: tuple[str, ...]

    @property
    def query(self) -> str:
        """Turns with the whole name and something of the topic, as FTS5 asks for them."""
        return f"{' AND '.join(match([word]) for word in self.name)} AND ({match(forms(self.topic))})"


def own(words: Sequence[str]) -> str:
    """Turns that tell of their speaker's own, and of what a question asks, as FTS5 asks for them."""
    return f"({match(sorted(OWN))}) AND ({match(forms(words))})"


def about(named: Iterable[tuple[str, ...]], asked: Question) -> list[Lead]:
    """What a question says of whole names (of two words or more), to be looked up name by name: a short turn about the
    name alone must not hide a long one that tells of all.
    """
    whole = [(name, tuple(word for word in asked.words if word not in name)) for name in filter(is_whole, named)]
    return [Lead(name, topic) for name, topic in whole if topic][:LEADS]


def leads(
    turns: Iterable[Turn],
    asked: Question,
    worth: Mapping[str, float],
    speakers: Mapping[str, int],
    covered: Callable[[Sequence[str], str], list[str]],
) -> list[Lead]:
    """Where turns lead to, of those that tell of what is asked and of whom; those that tell most come first.

    ``worth`` is each word's weight, ``speakers`` are all names (lower case) with their numbers.
    """
    words, spoken, enough = set(asked.words), _spoken(speakers), TELLS * sum(worth.values())
    told = [(sum(worth[word] for word in covered(asked.words, turn.text[:READ])), turn) for turn in turns]
    found: dict[Lead, None] = {}
    for tells, turn in sorted(told, key=lambda pair: -pair[0]):
        named = names(turn.text)
        known = {word for name in named if words.issuperset(name) for word in name}
        topic = tuple(word for word in asked.words if word not in known)
        own = speakers.get(indexed(turn.speaker).lower()) in asked.speakers and of_speaker(turn.text[:READ])
        if tells < enough or not topic or not (known or own):
            continue
        for name in named:
            if not words.issuperset(name) and not any(name[place:] in spoken for place in range(len(name))):
                found[Lead(name, topic)] = None
    return list(found)[:LEADS]


def _spoken(speakers: Iterable[str]) -> set[tuple[str, ...]]:
    """How speakers are called: by the whole name, or by its first word."""
    whole = {tuple(all_words(name)) for name in speakers}
    return whole | {name[:1] for name in whole}


def rare(
    texts: Iterable[str],
    words: Iterable[str],
    speakers: Iterable[str],
    counts: Callable[[list[str]], Mapping[str, int]],
    total: int,
) -> list[str]:
    """The rarest words of turns that neither the question nor a speaker has, of ``total`` turns; what is said once
    leads nowhere else.
    """
    known = {*words, *(word for name in speakers for word in all_words(name))}
    found = dict.fromkeys(
        word for text in texts for word in words_of(text[:READ]) if word not in known and len(word) > 3
    )
    count = counts(list(found)[:TRIED])
    most = max(RARE, total // 100)
    return sorted((word for word in count if 1 < count[word] <= most), key=lambda word: count[word])[:TERMS]
