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
        "I have to get the {thing} {done}",
        "I would love to see my {thing} {done} at last",
        "nobody has {done} my {thing} for a year",
        "I promised to have the {thing} {done}",
        "my wife says that our {thing} must be {done}",
        "I am going out to get the {thing} {done}",
        "what I need is a {done} {thing}",
        "please help me to get our {thing} {done}",
        "this {thing} of mine is waiting to be {done}",
        "before the weekend I need this {thing} {done}",
    ),
    "validation": (
        "my {thing} needs to be {done}",
        "see to it for me that the {thing} is {done}",
        "I need to have our {thing} {done}",
        "can you get my {thing} {done}",
    ),
    "test": (
        "I need to get my {thing} {done}",
        "we would all like to see the {thing} {done}",
        "the {thing} really wants to be {done}",
        "I plan to have my {thing} {done} this morning",
    ),
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
        "the way to the {place} takes {feet} feet",
        "my neighbour knows the {place}: {feet} feet, he says",
        "I have measured {feet} feet to the {place}",
        "{feet} feet is how far the {place} is",
        "the {place} stands {feet} feet up our street",
        "go {feet} feet and you are at the {place}",
        "the map says {feet} feet for the {place}",
        "between me and the {place} are {feet} feet",
        "the nearest {place} is some {feet} feet from us",
        "you would find the {place} within {feet} feet",
    ),
    "validation": (
        "the {place} lies {feet} feet down the road",
        "you get to the {place} after {feet} feet",
        "the {place} has its door {feet} feet further on",
        "about {feet} feet from this spot is the {place}",
    ),
    "test": (
        "the {place} is {feet} feet away",
        "with {feet} feet to go there is the {place}",
        "to reach the {place} I have {feet} feet to cover",
        "it takes {feet} feet to get to the {place}",
    ),
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
        "must I {go}, or can I walk?",
        "I could walk, I could {go}: what do you say?",
        "what would you do, {go} or walk?",
        "is this a case to walk or to {go}?",
        "to walk or to {go}, that is what I ask you.",
        "now do I {go} there or do I walk?",
    ),
    "validation": (
        "tell me, walk or {go}?",
        "which is right, to {go} or to walk?",
        "may I walk or ought I to {go}?",
        "{go} or walk, what is best?",
    ),
    "test": (
        "should I walk or {go}?",
        "do you advise me to {go} or to go on foot?",
        "is it wise to walk, or had I better {go}?",
        "am I to {go} or to walk?",
    ),
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
