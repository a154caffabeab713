"""Questions: a model learns which situation a user's words are about, when they are about none that it knows, and how
sure it must be of that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

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
"""Of the other lessons: those in which some words that say nothing are unknown ones, and the share of these words.
Without them, any word that was never met makes a question one about nothing."""
COMMON = 0.2
"""A word that stands in more of a world's questions than this says nothing of what a question is about."""
LOOKED_AT = 100
"""Questions of each world that show which words are common."""
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
        self.common = [common_words(world) for world in self.worlds]

    def lesson(self, transcript: Transcript, rng: Random) -> Tokens:
        """A question and the situation that it is about; some questions are about none."""
        i = rng.randrange(len(self.worlds))
        question = self.worlds[i].question(rng.getrandbits(40))
        if rng.random() < UNCLEAR_SHARE:
            return transcript.question(unclear(question.text, self.common[i], rng)) + transcript.situation(None)
        reworded = rng.random() < REWORDED_SHARE
        text = with_unknown_words(question.text, self.common[i], rng) if reworded else question.text
        return transcript.question(text) + transcript.situation(question)


def common_words(world: World) -> frozenset[str]:
    """The words that a world's questions are asked with, whatever they are about."""
    told = [set(_words(world.question(seed).text)) for seed in range(LOOKED_AT)]
    times = Counter(word for words in told for word in words)
    return frozenset(word for word, count in times.items() if count > COMMON * LOOKED_AT)


def unclear(text: str, common: frozenset[str], rng: Random) -> str:
    """A question about nothing, made of one about something: cut short, shuffled, or with words that nobody knows in
    place of words that matter.
    """
    words = text.split()
    kind = rng.choice(("cut", "shuffled", "a word", "all words"))
    if kind == "cut":
        length = rng.randint(1, max(1, 2 * len(words) // 5))
        start = rng.randrange(len(words) - length + 1)
        return " ".join(words[start : start + length])
    if kind == "shuffled":
        return " ".join(rng.sample(words, len(words)))
    telling = sorted({word for word in _words(text) if word not in common})
    if telling and kind == "a word":
        telling = [rng.choice(telling)]
    return _instead(text, telling, rng)


def with_unknown_words(text: str, common: frozenset[str], rng: Random) -> str:
    """The same question with words that nobody knows in place of some that do not matter."""
    return _instead(text, [word for word in sorted({*_words(text)} & common) if rng.random() < UNKNOWN_SHARE], rng)


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
    for world, common in zip(asked.worlds, asked.common, strict=True):
        questions = [world.question(seed) for seed in range(CHECKED)]
        texts += [question.text for question in questions]
        texts += [unclear(question.text, common, rng) for question in questions]
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


def _words(text: str) -> list[str]:
    return [word.strip(SIGNS).lower() for word in text.split()]


def _instead(text: str, words: Sequence[str], rng: Random) -> str:
    """The text with a word that nobody knows in place of each of these, and the signs around it as they were."""
    unknown = {word: made_up(rng) for word in words}
    told = []
    for word in text.split():
        bare = word.strip(SIGNS)
        told.append(word.replace(bare, unknown[bare.lower()]) if bare.lower() in unknown else word)
    return " ".join(told)
