"""How things are said in generated conversations: wordings of facts, questions and talk, each split with its own.

``{P}`` is a full name, ``{T}`` a thing, ``{V}`` a value. Whoever reads left to right has met the keys before the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from forethought.evaluation.recall.words import DAYS, FOODS, MOODS, PLACES, THINGS, Split, names

Wordings = dict[Split, tuple[str, ...]]
"""How one kind of line is said in each split."""
MINE_TOLD = ("", "By the way, ", "As you know, ", "I think that ", "Yes, ")
TOLD = (*MINE_TOLD, "They told me that ", "I heard that ")
ASKED = ("", "By the way, ", "Now, ", "Yes, but ")
REPLIED = ("", "Yes, ", "I think that ", "They told me that ")
"""How a sentence may open; what follows is its core."""


def _wordings(
    openings: tuple[str, ...], cores: tuple[str, ...], validation: tuple[str, ...], test: tuple[str, ...]
) -> Wordings:
    """The wordings of the splits. Those of training are all cores behind all openings (first the cores alone), but for
    what the other splits say: like names and values, wordings share their parts and no pair of parts.
    """
    said = [f"{opening}{core}" for opening in openings for core in cores]
    train = [f"{text[0].upper()}{text[1:]}" for text in said]
    return {
        "train": tuple(text for text in train if text not in (*validation, *test)),
        "validation": validation,
        "test": test,
    }


FACT = _wordings(
    TOLD,
    (
        "the {T} password of {P} is {V}.",
        "{P} opens the {T} with {V}.",
        "for the {T}, {P} has the password {V}.",
        "{P} has a {T} and the password is {V}.",
        "the {T} of {P} opens with {V}.",
        "for the {T} of {P} the password is {V}.",
        "{P} has a {T} and opens the {T} with {V}.",
        "{P} told us that the {T} password is {V}.",
        "{P} says that the {T} opens with {V}.",
        "{P} says that the {T} password is {V}.",
    ),
    ("For the {T} of {P} the password is {V}.", "By the way, {P} opens the {T} with {V}."),
    (
        "{P} says that the {T} password is {V}.",
        "The {T} of {P} opens with {V}.",
        "I heard that {P} has a {T} and opens the {T} with {V}.",
    ),
)
MINE = _wordings(
    MINE_TOLD,
    (
        "my {T} password is {V}.",
        "I open my {T} with {V}.",
        "I have a {T} and the password is {V}.",
        "my {T} opens with {V}.",
        "I have a {T} and my {T} password is {V}.",
    ),
    ("My {T} opens with {V}.",),
    ("By the way, my {T} password is {V}.", "I have a {T} and my {T} password is {V}."),
)
CHANGED = _wordings(
    TOLD,
    (
        "{P} changed the {T} password to {V}.",
        "the {T} password of {P} is now {V}.",
        "{P} now opens the {T} with {V}.",
        "for the {T}, {P} now has the password {V}.",
        "the {T} of {P} now opens with {V}.",
        "{P} says that the {T} password is now {V}.",
    ),
    ("For the {T}, {P} now has the password {V}.",),
    ("{P} says that the {T} password is now {V}.", "The {T} of {P} now opens with {V}."),
)
ANOTHER = _wordings(
    TOLD,
    (
        "another {T} password of {P} is {V}.",
        "for the {T}, {P} also has the password {V}.",
        "{P} also opens the {T} with {V}.",
        "the {T} of {P} also opens with {V}.",
        "{P} says that the {T} also opens with {V}.",
    ),
    ("{P} also opens the {T} with {V}.",),
    ("{P} says that the {T} also opens with {V}.", "The {T} of {P} also opens with {V}."),
)
SAME = _wordings(
    TOLD,
    (
        "{Q} has the same {T} password as {P}.",
        "the {T} password of {Q} is the same as that of {P}.",
        "{Q} says the {T} password is the same as that of {P}.",
        "the {T} of {Q} has the same password as that of {P}.",
    ),
    ("{Q} says the {T} password is the same as that of {P}.",),
    (
        "The {T} of {Q} has the same password as that of {P}.",
        "I heard that {Q} has the same {T} password as {P}.",
    ),
)
NOT = _wordings(
    TOLD,
    (
        "{P} did not take the {T} password {V}.",
        "the {T} password of {P} is not {V}.",
        "{P} never opens the {T} with {V}.",
        "{P} says the {T} password is not {V}.",
        "the {T} of {P} never opens with {V}.",
    ),
    ("{P} says the {T} password is not {V}.",),
    ("The {T} of {P} never opens with {V}.", "I heard that the {T} password of {P} is not {V}."),
)
ABOUT = _wordings(
    TOLD,
    (
        "{P} forgot the {T} password.",
        "{P} has a new {T}.",
        "{P} says that the {T} is new.",
        "{P} has a new {T} and the password is a secret.",
    ),
    ("{P} says that the {T} is new.",),
    ("I heard that {P} forgot the {T} password.", "By the way, {P} has a new {T}."),
)
ASK = _wordings(
    ASKED,
    (
        "what is the {T} password of {P}?",
        "what does {P} open the {T} with?",
        "do you have the {T} password of {P}?",
        "what does the {T} of {P} open with?",
        "what {T} password does {P} have?",
        "what is the password of the {T} of {P}?",
    ),
    ("What does the {T} of {P} open with?",),
    ("What {T} password does {P} have?", "What is the password of the {T} of {P}?"),
)
ASK_MINE = _wordings(
    ASKED,
    (
        "what is my {T} password?",
        "what do I open my {T} with?",
        "do you know what my {T} opens with?",
        "do you have my {T} password?",
        "what {T} password do I have?",
        "what is the password of my {T}?",
    ),
    ("Do you have my {T} password?",),
    ("What {T} password do I have?", "What is the password of my {T}?"),
)
ASK_BOTH = _wordings(
    ASKED,
    (
        "which two {T} passwords does {P} have?",
        "what are the two {T} passwords of {P}?",
        "do you know the two {T} passwords of {P}?",
        "what two {T} passwords does {P} have?",
    ),
    ("Do you know the two {T} passwords of {P}?",),
    ("What two {T} passwords does {P} have?",),
)
ASK_ORDER = _wordings(
    ASKED,
    (
        "of {P}, which came first, the {T} or the {U}?",
        "which of {P} came first, the {T} password or the {U} password?",
        "which password of {P} came first, the {T} or the {U}?",
        "which came first of {P}, the {T} or the {U}?",
    ),
    ("Which password of {P} came first, the {T} or the {U}?",),
    ("Which came first of {P}, the {T} or the {U}?",),
)
REPLY = _wordings(
    REPLIED,
    ("it is {V}.", "that is {V}.", "it opens with {V}.", "that opens with {V}.", "the password is {V}.",
     "that password is {V}."),
    ("That opens with {V}.",),
    ("The password is {V}.", "That password is {V}."),
)  # fmt: skip
TOPIC = _wordings(
    ("", "By the way, ", "Yes, "),
    (
        "I am at the {T} of {P}.",
        "I think of the {T} of {P}.",
        "{P} is here with the {T}.",
        "{P} has the {T} here.",
        "we have the {T} of {P} here.",
    ),
    ("We have the {T} of {P} here.",),
    ("By the way, I am at the {T} of {P}.", "{P} is here with the {T}."),
)
ASK_IT = _wordings(
    ASKED,
    (
        "what does it open with?",
        "what is its password?",
        "do you have its password?",
        "do you know what it opens with?",
        "what is the password of it?",
    ),
    ("Do you have its password?",),
    ("Do you know what it opens with?", "What is its password?"),
)
TALK: Wordings = {
    "train": (
        "I had {food} with {P} at the {place} {day}.",
        "{P} went to the {place} {day}.",
        "I am {mood} {day}.",
        "Do you know if {P} is {mood}?",
        "We made {food} {day}.",
        "That is good, I am {mood} too.",
        "I heard that the {place} is new.",
        "{P} says the {food} at the {place} is good.",
        "By the way, I took the {T} to the {place}.",
        "Does the {place} have {food}?",
    ),
    "validation": (
        "{P} made {food} {day}.",
        "I went to the {place} with {P}.",
        "We had {food} at the {place} {day}.",
    ),
    "test": (
        "{P} had {food} at the {place} {day}.",
        "By the way, I am {mood}.",
        "I heard that {P} went to the {place}.",
        "I took {food} to the {place} {day}.",
        "We know that the {food} is good.",
    ),
}
FORMS = (FACT, MINE, CHANGED, ANOTHER, SAME, NOT, ABOUT, ASK, ASK_MINE, ASK_BOTH, ASK_ORDER, REPLY, TOPIC, ASK_IT, TALK)


def say(rng: Random, wordings: Sequence[str], **slots: str) -> str:
    """One of some wordings, filled."""
    return rng.choice(wordings).format(**slots)


def talk(rng: Random, split: Split) -> str:
    """A line that tells nothing that is asked for."""
    return say(
        rng, TALK[split], P=rng.choice(names(split)), T=rng.choice(THINGS), food=rng.choice(FOODS),
        place=rng.choice(PLACES), day=rng.choice(DAYS), mood=rng.choice(MOODS),
    )  # fmt: skip
