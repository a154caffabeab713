"""How people ask about an errand: walk or drive? Wordings of training, and held-out ones."""

from __future__ import annotations

import random
from dataclasses import replace

from forethought.worlds.errand import town
from forethought.worlds.errand.state import HOME, State

WISHES: dict[str, tuple[str, ...]] = {
    "train": (
        "I want my {thing} {done}",
        "my {thing} has to be {done}",
        "my {thing} should be {done}",
        "the {thing} is not {done} yet",
        "I must have my {thing} {done}",
        "today the {thing} is to be {done}",
        "it is time to have the {thing} {done}",
        "somebody ought to get my {thing} {done}",
    ),
    "validation": ("my {thing} needs to be {done}", "see to it for me that the {thing} is {done}"),
    "test": ("I need to get my {thing} {done}", "we would all like to see the {thing} {done}"),
}
DISTANCES: dict[str, tuple[str, ...]] = {
    "train": (
        "the {place} is {feet} feet from here",
        "it is {feet} feet to the {place}",
        "from here to the {place} it is {feet} feet",
        "they do that at the {place}, which is {feet} feet off",
        "the {place} is {feet} feet from my home",
        "only {feet} feet separate me from the {place}",
        "I live {feet} feet from the {place}",
        "there is the {place}, a good {feet} feet off",
    ),
    "validation": ("the {place} lies {feet} feet down the road", "you get to the {place} after {feet} feet"),
    "test": ("the {place} is {feet} feet away", "with {feet} feet to go there is the {place}"),
}
QUESTIONS: dict[str, tuple[str, ...]] = {
    "train": (
        "do I walk or {go}?",
        "shall I {go} or walk?",
        "would you walk, or {go}?",
        "is it better to {go} or to walk?",
        "walk or {go}?",
        "what is wiser, to walk or to {go}?",
        "could I walk, or do I have to {go}?",
        "how do I get there: {go}, or walk?",
    ),
    "validation": ("tell me, walk or {go}?", "which is right, to {go} or to walk?"),
    "test": ("should I walk or {go}?", "do you advise me to {go} or to go on foot?"),
}
"""The three parts of a question, each in wordings of every split: thing, what is done with it, where, how many feet
away, and what one could do instead of walking.
"""
MANNERS = ("driven", "ridden", "led", "carried", "pushed")
"""How a thing must move for its owner to have that choice."""


def may_be_asked(state: State) -> bool:
    """Whether the choice between walking and something else is to be asked about the first errand."""
    return town.MANNER_OF[state.errands[0][0]] in MANNERS


def asked_about(state: State) -> State:
    """The situation as it is when nothing is known but what a question tells: one errand, one place, no hurry."""
    thing, done = state.errands[0]
    place = state.place(town.SERVICES[done])
    assert place is not None, "every errand has its place"
    return replace(
        state,
        errands=state.errands[:1],
        places=(replace(place, takes=(thing,), refuses=(), hours=town.DAY),),
        where=tuple((present, HOME) for present in dict.fromkeys((thing, "car"))),
        burn_no_fuel=False,
        minutes_left=-1,
        part=-1,
        tell=0,
        ask=0,
    )


def ways(state: State) -> tuple[str, str]:
    """Walking there, and going by the thing itself or by car."""
    ((thing, done),) = state.errands
    manner, goal = town.MANNER_OF[thing], town.SERVICES[done]
    other = f"ride the {thing}" if manner == "ridden" else f"drive the {thing if manner == 'driven' else 'car'}"
    return f"walk to the {goal}", f"{other} to the {goal}"


def in_words(state: State, split: str, rng: random.Random) -> str:
    """The question in wordings of the split: the wish and the distance in either order, as one sentence or two."""
    ((thing, done),) = state.errands
    (place,) = state.places
    told = {"thing": thing, "done": done, "place": place.name, "feet": place.feet, "go": ways(state)[1].split()[0]}
    wish, far, asked = (rng.choice(part[split]).format(**told) for part in (WISHES, DISTANCES, QUESTIONS))
    parts = [wish, far] if rng.random() < 0.5 else [far, wish]
    sentences = [" and ".join(parts) + "."] if rng.random() < 0.5 else [f"{part}." for part in parts]
    sentences.insert(0 if rng.random() < 0.25 else len(sentences), asked)
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences)
