"""How things are said in generated conversations: wordings of facts, questions and talk, each split with its own.

``{P}`` is a full name, ``{T}`` a thing, ``{V}`` a value. Whoever reads left to right has met the keys before the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from forethought.evaluation.recall.words import DAYS, FOODS, MOODS, PLACES, THINGS, Split, names

Wordings = dict[Split, tuple[str, ...]]
"""How one kind of line is said in each split."""
OPENINGS = ("By the way, ", "As you know, ", "I think that ", "Yes, ", "It seems that ", "They told me that ")
"""How lines of the training split may begin: a reader that has met few wordings knows those by heart and no others."""


def _wordings(cores: tuple[str, ...], validation: tuple[str, ...], test: tuple[str, ...]) -> Wordings:
    """The wordings of the splits; those of training are the cores, then all of them behind openings, but for what the
    other splits say.
    """
    said = [f"{opening}{core}" for opening in ("", *OPENINGS) for core in cores]
    train = [f"{text[0].upper()}{text[1:]}" for text in said]
    return {
        "train": tuple(text for text in train if text not in (*validation, *test)),
        "validation": validation,
        "test": test,
    }


FACT = _wordings(
    (
        "the {T} password of {P} is {V}.",
        "{P} opens the {T} with {V}.",
        "for the {T}, {P} has the password {V}.",
        "{P} says the {T} opens with {V}.",
        "{P} has a {T} and the password is {V}.",
        "{P} told us that the {T} password is {V}.",
        "{P} has a {T} that opens with {V}.",
        "the {T} that {P} has opens with {V}.",
        "the password that {P} has for the {T} is {V}.",
        "{P} took the {T} password {V}.",
        "what opens the {T} of {P} is {V}.",
        "to open the {T}, {P} says {V}.",
    ),
    ("For the {T} of {P} the password is {V}.", "By the way, {P} opens the {T} with {V}."),
    (
        "{P} says that the {T} password is {V}.",
        "The {T} of {P} opens with {V}.",
        "I heard that {P} has a {T} and opens the {T} with {V}.",
    ),
)
MINE = _wordings(
    (
        "my {T} password is {V}.",
        "my {T} opens with {V}.",
        "I have a {T} and the password is {V}.",
        "I open my {T} with {V}.",
        "for my {T} I have the password {V}.",
        "I have a {T} that opens with {V}.",
        "what opens my {T} is {V}.",
    ),
    ("My {T} opens with {V}.",),
    ("By the way, my {T} password is {V}.", "I have a {T} and my {T} password is {V}."),
)
CHANGED = _wordings(
    (
        "{P} changed the {T} password to {V}.",
        "the {T} password of {P} is now {V}.",
        "{P} now opens the {T} with {V}.",
        "{P} now has the {T} password {V}.",
        "the new {T} password of {P} is {V}.",
        "now {P} says the {T} opens with {V}.",
    ),
    ("For the {T}, {P} now has the password {V}.",),
    ("{P} says that the {T} password is now {V}.", "The {T} of {P} now opens with {V}."),
)
ANOTHER = _wordings(
    (
        "another {T} password of {P} is {V}.",
        "for the {T}, {P} also has the password {V}.",
        "the second {T} password of {P} is {V}.",
        "{P} has another {T} password, {V}.",
        "what also opens the {T} of {P} is {V}.",
    ),
    ("{P} also opens the {T} with {V}.",),
    ("{P} says that the {T} also opens with {V}.", "The {T} of {P} also opens with {V}."),
)
SAME = _wordings(
    (
        "{Q} has the same {T} password as {P}.",
        "the {T} password of {Q} is the same as that of {P}.",
        "{Q} opens the {T} with the same password as {P}.",
        "{Q} and {P} have the same {T} password.",
        "for the {T}, {Q} took the same password as {P}.",
        "the {T} that {Q} has opens like that of {P}, with the same password.",
    ),
    ("{Q} says the {T} password is the same as that of {P}.",),
    (
        "The {T} of {Q} has the same password as that of {P}.",
        "I heard that {Q} has the same {T} password as {P}.",
    ),
)
NOT = _wordings(
    (
        "{P} did not take the {T} password {V}.",
        "the {T} password of {P} is not {V}.",
        "{P} never opens the {T} with {V}.",
        "the {T} that {P} has does not open with {V}.",
        "{P} says the {T} password was never {V}.",
        "what opens the {T} of {P} is not {V}.",
        "{P} has a {T} but the password is not {V}.",
    ),
    ("{P} says the {T} password is not {V}.",),
    ("The {T} of {P} never opens with {V}.", "I heard that the {T} password of {P} is not {V}."),
)
ABOUT = _wordings(
    (
        "{P} forgot the {T} password again.",
        "{P} has a new {T} and the password is a secret.",
        "{P} never told us the {T} password.",
        "the {T} of {P} is old.",
        "{P} took the {T} to the market.",
        "{P} wants another {T} password.",
    ),
    ("{P} says that the {T} is new.",),
    ("I heard that {P} forgot the {T} password.", "By the way, {P} has a new {T}."),
)
ASK: Wordings = {
    "train": (
        "What is the {T} password of {P}?",
        "What does {P} open the {T} with?",
        "Do you have the {T} password of {P}?",
        "Which password does {P} have for the {T}?",
        "For the {T}, what password does {P} have?",
        "What is the password that {P} has for the {T}?",
        "Which password opens the {T} of {P}?",
        "How does {P} open the {T}?",
        "Do you know the {T} password that {P} has?",
    ),
    "validation": ("What does the {T} of {P} open with?",),
    "test": ("What {T} password does {P} have?", "What is the password of the {T} of {P}?"),
}
ASK_MINE: Wordings = {
    "train": (
        "What is my {T} password?",
        "What do I open my {T} with?",
        "Do you know what my {T} opens with?",
        "Which password do I have for my {T}?",
        "For my {T}, what password do I have?",
        "Which password opens my {T}?",
        "How do I open the {T} that I have?",
    ),
    "validation": ("Do you have my {T} password?",),
    "test": ("What {T} password do I have?", "What is the password of my {T}?"),
}
ASK_BOTH: Wordings = {
    "train": (
        "Which two {T} passwords does {P} have?",
        "What are the two {T} passwords of {P}?",
        "For the {T}, which two passwords does {P} have?",
        "Which two passwords open the {T} of {P}?",
    ),
    "validation": ("Do you know the two {T} passwords of {P}?",),
    "test": ("What two {T} passwords does {P} have?",),
}
ASK_ORDER: Wordings = {
    "train": (
        "Of {P}, which came first, the {T} or the {U}?",
        "Which of {P} came first, the {T} password or the {U} password?",
        "Did the {T} of {P} come first, or the {U}?",
        "For {P}, which password came first, the {T} or the {U}?",
    ),
    "validation": ("Which password of {P} came first, the {T} or the {U}?",),
    "test": ("Which came first of {P}, the {T} or the {U}?",),
}
REPLY: Wordings = {
    "train": (
        "It is {V}.",
        "That is {V}.",
        "It opens with {V}.",
        "Yes, it is {V}.",
        "I think that it is {V}.",
        "The {V}.",
        "You open it with {V}.",
        "They told me that it is {V}.",
        "As you know, {V}.",
        "What opens it is {V}.",
    ),
    "validation": ("That opens with {V}.",),
    "test": ("The password is {V}.", "That password is {V}."),
}
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
FORMS = (FACT, MINE, CHANGED, ANOTHER, SAME, NOT, ABOUT, ASK, ASK_MINE, ASK_BOTH, ASK_ORDER, REPLY, TALK)


def say(rng: Random, wordings: Sequence[str], **slots: str) -> str:
    """One of some wordings, filled."""
    return rng.choice(wordings).format(**slots)


def talk(rng: Random, split: Split) -> str:
    """A line that tells nothing that is asked for."""
    return say(
        rng, TALK[split], P=rng.choice(names(split)), T=rng.choice(THINGS), food=rng.choice(FOODS),
        place=rng.choice(PLACES), day=rng.choice(DAYS), mood=rng.choice(MOODS),
    )  # fmt: skip
