"""Questions: a model learns which situation a user's words are about, when they are about none that it knows, and how
sure it must be of that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Self

from forethought.errors import NotOffered
from forethought.models import Heard, Model
from forethought.transcript import Tokens, Transcript
from forethought.types import Question
from forethought.worlds import World, make

CHECKED, RIGHT = 200, 0.9
"""Validation questions of each world that decide how sure a model must be, and the share of those it is sure of that it
must understand rightly; as many questions about nothing are among them.
"""
NEVER = 2.0
"""How sure a model must be that cannot tell what it understands: more than anything can be."""
UNCLEAR_SHARE = 0.15
"""Of the lessons in questions: those about nothing."""
REWORDED_SHARE, UNKNOWN_SHARE = 0.4, 0.15
"""Of the other lessons: those in which some words that decide nothing are unknown ones, and the share of these words.
Without them, any word that was never met makes a question one about nothing."""
COMMON = 0.2
"""A word that stands in more of the situations that questions are about than this decides nothing."""
LOOKED_AT = 500
"""Questions of each world that show which words are common, and which come with others."""
SIGNS = ",.?!:;"
SYLLABLES = [consonant + vowel for consonant in "bcdfghjklmnprstvwyz" for vowel in "aeiou"]


def asked_about(worlds: Sequence[World]) -> list[World]:
    """The worlds about which anybody asks."""
    found = []
    for world in worlds:
        try:
            world.question(0)
        except NotOffered:
            continue
        found.append(world)
    return found


class Questions:
    """What is asked about worlds, and what might be asked about anything else."""

    def __init__(self, worlds: Sequence[World]) -> None:
        self.worlds = asked_about(worlds)
        self.words = [Words.of(world) for world in self.worlds]

    def lesson(self, transcript: Transcript, rng: Random) -> Tokens:
        """A question and the situation that it is about; some questions are about none."""
        i = rng.randrange(len(self.worlds))
        question = self.worlds[i].question(rng.getrandbits(40))
        if rng.random() < UNCLEAR_SHARE:
            return transcript.question(self.words[i].unclear(question, rng)) + transcript.situation(None)
        reworded = rng.random() < REWORDED_SHARE
        text = self.words[i].reworded(question, rng) if reworded else question.text
        return transcript.question(text) + transcript.situation(question)


@dataclass(frozen=True, slots=True)
class Words:
    """What the words of a world's questions are for, found from questions alone.

    ``usual`` are those of many desires, and those of much that is told beside desires; ``with_it`` are those that a
    word always comes with, so that nothing is missing where one of them is.
    """

    usual: tuple[frozenset[str], frozenset[str]]
    with_it: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, world: World) -> Self:
        """The words of a world's questions, as some of them show."""
        questions = [world.question(seed) for seed in range(LOOKED_AT)]
        desires, rest = zip(*map(_situation, questions), strict=True)
        words = cls((_usual(desires), _usual(rest)), {})
        with_it: dict[str, frozenset[str]] = {}
        for telling in map(words.telling, questions):
            for word in telling:
                with_it[word] = with_it.get(word, telling) & telling
        return cls(words.usual, with_it)

    def telling(self, question: Question) -> frozenset[str]:
        """The words of a question that its situation has too, and few others have."""
        there = [words - usual for words, usual in zip(_situation(question), self.usual, strict=True)]
        return _words(question.text) & frozenset().union(*there)

    def deciding(self, question: Question) -> list[str]:
        """The words of a question without which it would be about something else."""
        telling = self.telling(question)
        return sorted(word for word in telling if not any(word in self.with_it.get(w, ()) for w in telling - {word}))

    def unclear(self, question: Question, rng: Random) -> str:
        """A question about nothing, made of one about something: cut short, or with a word that nobody knows in place
        of one that decides, or of all that tell anything.
        """
        deciding, words, kind = self.deciding(question), question.text.split(), rng.choice(("cut", "one", "all"))
        if kind == "cut":
            length = rng.randint(1, max(1, 2 * len(words) // 5))
            start = rng.randrange(len(words) - length + 1)
            left = " ".join(words[start : start + length])
            if not _words(left).issuperset(deciding):
                return left
        missing = [rng.choice(deciding)] if kind == "one" and deciding else sorted(self.telling(question))
        return _instead(question.text, missing, rng)

    def reworded(self, question: Question, rng: Random) -> str:
        """The same question with words that nobody knows in place of some that decide nothing."""
        others = sorted(_words(question.text) - self.telling(question))
        return _instead(question.text, [word for word in others if rng.random() < UNKNOWN_SHARE], rng)


def made_up(rng: Random) -> str:
    """A word that nobody knows."""
    return "".join(rng.choices(SYLLABLES, k=rng.randint(1, 3))) + rng.choice(("", "n", "r", "s", "t"))


def how_sure(model: Model, worlds: Sequence[str], level: int) -> float | None:
    """The confidence below which a question counts as not understood: the least at which ``RIGHT`` of the validation
    questions (in wordings that training does not have, and questions about nothing) are understood rightly. ``None``
    where nobody asks.
    """
    asked = Questions([make(name, level=level, split="validation") for name in worlds])
    texts, meant = list[str](), list[Question | None]()
    rng = Random("unclear/validation")
    for world, words in zip(asked.worlds, asked.words, strict=True):
        questions = [world.question(seed) for seed in range(CHECKED)]
        texts += [question.text for question in questions]
        texts += [words.unclear(question, rng) for question in questions]
        meant += [*questions, *[None] * CHECKED]
    if not texts:
        return None
    heard = model.hear(texts)
    surest = sorted(((h.confidence, understood(h, q)) for h, q in zip(heard, meant, strict=True) if h.desire))[::-1]
    sure, right = NEVER, 0
    for many, (confidence, ok) in enumerate(surest, 1):
        right += ok
        if right >= RIGHT * many:
            sure = confidence
    return sure


def understood(heard: Heard, question: Question | None) -> bool:
    """Whether what was heard is exactly what the question is about: nothing, for ``None``."""
    if question is None:
        return not heard.desire
    return (heard.desire, heard.observation, heard.options) == (
        question.desire,
        question.observation,
        question.options,
    )


def _situation(question: Question) -> tuple[frozenset[str], frozenset[str]]:
    """The words of a question's desire, and of all else that its situation tells."""
    return _words(question.desire), _words(" ".join((question.observation, *question.options)))


def _usual(texts: Sequence[frozenset[str]]) -> frozenset[str]:
    times = Counter(word for words in texts for word in words)
    return frozenset(word for word, count in times.items() if count > COMMON * len(texts))


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip(SIGNS).lower() for word in text.split())


def _instead(text: str, words: Sequence[str], rng: Random) -> str:
    """The text with a word that nobody knows in place of each of these, and the signs around it as they were."""
    unknown = {word: made_up(rng) for word in words}
    told = []
    for word in text.split():
        bare = word.strip(SIGNS)
        told.append(word.replace(bare, unknown[bare.lower()]) if bare.lower() in unknown else word)
    return " ".join(told)
