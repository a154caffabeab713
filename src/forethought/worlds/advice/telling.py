"""How a world sounds in a conversation: told by the one who lives in it, asked about, and answered."""

from __future__ import annotations

import re
from collections.abc import Iterable

from forethought.types import NOTHING, Fact
from forethought.worlds.grammar import Grammar

TASKS = (
    "Advise me. My task: {0}",
    "I shall do what you say. My task: {0}",
    "Tell me what to do. My task: {0}",
    "Help me with words. My task: {0}",
    "Give me your advice. My task: {0}",
    "I follow your advice. My task: {0}",
    "Talk me through this. My task: {0}",
    "I do as you tell me. My task: {0}",
)
OPEN = (
    "What should I do?",
    "What do you say?",
    "What comes next?",
    "How do I go about it?",
    "What now?",
    "What would you do?",
    "What do you advise?",
    "How do I proceed?",
)
BETWEEN = (
    "Should I {0} or {1}?",
    "Do I {0} or {1}?",
    "Is it better to {0} or to {1}?",
    "Would you {0} or {1}?",
    "Shall I {0} or {1}?",
    "Which is wiser, to {0} or to {1}?",
    "Am I to {0} or to {1}?",
    "Do you advise me to {0} or to {1}?",
)
"""Three parts of a conversation in eight manners each: what the user wants, and how an open question or one between two
ways is put.
"""
TRAIN_MANNERS = range(4)
HELD_OUT_MANNERS = {"validation": range(4, 6), "test": range(6, 8)}
ASKED = "asked"
"""The kind of fact that says between which two ways a user wavers."""
FOLLOWED = "I did so. "
OPENINGS = ("you should ", "i would ", "i advise you to ", "please ")
"""What an answer may begin with; what comes then is the way."""
SUBJECT = re.compile(r"\b(?:You(?= )|you(?= (?:have|had|do|did|can|could|may|must|will|would|should)\b))")
PERSONS = ((r"\b[Yy]ou are\b", "I am"), (r"\b[Yy]ou were\b", "I was"))
WORDS = {"you": "me", "your": "my", "Your": "My", "yours": "mine", "yourself": "myself", "Yourself": "Myself"}


class Report(Grammar):
    """A world's sentences in the mouth of the one who lives in it, with the questions that this person asks."""

    def __init__(self, inside: Grammar) -> None:
        told = {kind: [first_person(t) for t in templates] for kind, templates in inside.sentences.items()}
        super().__init__({ASKED: BETWEEN, **told}, silent=(*OPEN, FOLLOWED.strip()))

    def tell(self, facts: Iterable[Fact], wording: int = 0) -> str:
        """As ``Grammar.tell``; the question between two ways is put by ``ask``."""
        return super().tell([fact for fact in facts if fact[0] != ASKED], wording)

    def change(self, facts: tuple[Fact, ...]) -> str:
        """What came of following the advice."""
        told = super().change(facts)
        return told if told == NOTHING else FOLLOWED + told

    def ask(self, between: tuple[str, ...], manner: int) -> str:
        """The question between two ways, or an open one where there are none."""
        return self.say((ASKED, *between), manner) if between else OPEN[manner]


def first_person(template: str) -> str:
    """What is told to "you", told by "me"."""
    for pattern, agreeing in PERSONS:
        template = re.sub(pattern, agreeing, template)
    template = SUBJECT.sub("I", template)
    return re.sub(r"\b(?:" + "|".join(WORDS) + r")\b", lambda found: WORDS[found[0]], template)


def answer(action: str) -> str:
    """An action as the answer to somebody who asks what to do."""
    return f"{action[:1].upper()}{action[1:]}."


def advised(text: str) -> str:
    """The action that an answer advises, in its own words."""
    text = text.strip().rstrip(".!").strip()
    for opening in OPENINGS:
        if text.lower().startswith(opening):
            text = text[len(opening) :]
    return f"{text[:1].lower()}{text[1:]}"
