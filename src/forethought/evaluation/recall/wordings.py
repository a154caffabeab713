"""How things are said in generated conversations: wordings of facts, questions and talk, each split with its own.

``{P}`` is a full name, ``{T}`` a thing, ``{V}`` a value. Whoever reads left to right has met the keys before the value.
"""

from __future__ import annotations

from random import Random

from forethought.evaluation.recall.words import DAYS, FOODS, MOODS, PLACES, THINGS, Split, names

FACT: dict[Split, tuple[str, ...]] = {
    "train": (
        "The {T} password of {P} is {V}.",
        "{P} opens the {T} with {V}.",
        "For the {T}, {P} has the password {V}.",
        "{P} says the {T} opens with {V}.",
        "By the way, {P} has a {T} and the password is {V}.",
        "I heard from {P} that the {T} password is {V}.",
    ),
    "validation": ("For the {T} of {P} the password is {V}.", "By the way, {P} opens the {T} with {V}."),
    "test": (
        "{P} says that the {T} password is {V}.",
        "The {T} of {P} opens with {V}.",
        "I heard that {P} has a {T} and opens the {T} with {V}.",
    ),
}
MINE: dict[Split, tuple[str, ...]] = {
    "train": (
        "My {T} password is {V}.",
        "By the way, my {T} opens with {V}.",
        "I have a {T} and the password is {V}.",
    ),
    "validation": ("My {T} opens with {V}.",),
    "test": ("By the way, my {T} password is {V}.", "I have a {T} and my {T} password is {V}."),
}
CHANGED: dict[Split, tuple[str, ...]] = {
    "train": (
        "{P} changed the {T} password to {V}.",
        "The {T} password of {P} is now {V}.",
        "{P} now opens the {T} with {V}.",
    ),
    "validation": ("For the {T}, {P} now has the password {V}.",),
    "test": ("{P} says that the {T} password is now {V}.", "The {T} of {P} now opens with {V}."),
}
ANOTHER: dict[Split, tuple[str, ...]] = {
    "train": ("Another {T} password of {P} is {V}.", "For the {T}, {P} also has the password {V}."),
    "validation": ("{P} also opens the {T} with {V}.",),
    "test": ("{P} says that the {T} also opens with {V}.", "The {T} of {P} also opens with {V}."),
}
SAME: dict[Split, tuple[str, ...]] = {
    "train": ("{Q} has the same {T} password as {P}.", "The {T} password of {Q} is the same as that of {P}."),
    "validation": ("{Q} says the {T} password is the same as that of {P}.",),
    "test": (
        "The {T} of {Q} has the same password as that of {P}.",
        "I heard that {Q} has the same {T} password as {P}.",
    ),
}
NOT: dict[Split, tuple[str, ...]] = {
    "train": (
        "{P} did not take the {T} password {V}.",
        "The {T} password of {P} is not {V}.",
        "{P} never opens the {T} with {V}.",
    ),
    "validation": ("{P} says the {T} password is not {V}.",),
    "test": ("The {T} of {P} never opens with {V}.", "I heard that the {T} password of {P} is not {V}."),
}
ABOUT: dict[Split, tuple[str, ...]] = {
    "train": (
        "{P} forgot the {T} password again.",
        "{P} has a new {T} and the password is a secret.",
        "Does {P} have a {T}?",
    ),
    "validation": ("{P} says that the {T} is new.",),
    "test": ("I heard that {P} forgot the {T} password.", "By the way, {P} has a new {T}."),
}
ASK: dict[Split, tuple[str, ...]] = {
    "train": (
        "What is the {T} password of {P}?",
        "What does {P} open the {T} with?",
        "Do you have the {T} password of {P}?",
    ),
    "validation": ("What does the {T} of {P} open with?",),
    "test": ("What {T} password does {P} have?", "What is the password of the {T} of {P}?"),
}
ASK_MINE: dict[Split, tuple[str, ...]] = {
    "train": ("What is my {T} password?", "What do I open my {T} with?", "Do you know what my {T} opens with?"),
    "validation": ("Do you have my {T} password?",),
    "test": ("What {T} password do I have?", "What is the password of my {T}?"),
}
ASK_BOTH: dict[Split, tuple[str, ...]] = {
    "train": ("Which two {T} passwords does {P} have?", "What are the two {T} passwords of {P}?"),
    "validation": ("Do you know the two {T} passwords of {P}?",),
    "test": ("What two {T} passwords does {P} have?",),
}
ASK_ORDER: dict[Split, tuple[str, ...]] = {
    "train": (
        "Of {P}, which came first, the {T} or the {U}?",
        "Which of {P} came first, the {T} password or the {U} password?",
    ),
    "validation": ("Which password of {P} came first, the {T} or the {U}?",),
    "test": ("Which came first of {P}, the {T} or the {U}?",),
}
REPLY: dict[Split, tuple[str, ...]] = {
    "train": ("It is {V}.", "That is {V}.", "It opens with {V}."),
    "validation": ("That opens with {V}.",),
    "test": ("The password is {V}.", "That password is {V}."),
}
TALK: dict[Split, tuple[str, ...]] = {
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


def say(rng: Random, wordings: dict[Split, tuple[str, ...]], split: Split, **slots: str) -> str:
    """One of a split's wordings, filled."""
    return rng.choice(wordings[split]).format(**slots)


def talk(rng: Random, split: Split) -> str:
    """A line that tells nothing that is asked for."""
    return say(
        rng, TALK, split, P=rng.choice(names(split)), T=rng.choice(THINGS), food=rng.choice(FOODS),
        place=rng.choice(PLACES), day=rng.choice(DAYS), mood=rng.choice(MOODS),
    )  # fmt: skip
