"""How people ask about an errand: walk or drive? Wordings of training, and held-out ones."""

from __future__ import annotations

import random
from dataclasses import replace

from forethought.worlds.errand import town
from forethought.worlds.errand.state import HOME, State

WORDINGS: dict[str, tuple[str, ...]] = {
    "train": (
        "I want my {0} {1}. The {2} is {3} feet from here. Do I walk or {4}?",
        "The {2} is {3} feet away and my {0} has to be {1}. Shall I walk or {4} there?",
        "Walk or {4}? My {0} should be {1}, and it is {3} feet to the {2}.",
        "To get the {0} {1} at the {2}, {3} feet away, is it better to {4} or to walk?",
        "It is {3} feet to the {2}, where the {0} is to be {1}. Would you {4}, or walk?",
        "How should I go to the {2} to have my {0} {1}? It is {3} feet. I can walk or {4}.",
        "My {0} is not {1} yet. I could {4} or walk to the {2}, which is {3} feet off.",
        "Is it wise to walk {3} feet to the {2}, or should I {4}, if the {0} is to get {1}?",
    ),
    "validation": (
        "My {0} needs to be {1} and the {2} lies {3} feet down the road. Walk, or {4}?",
        "Tell me whether to {4} or walk {3} feet to the {2}; the {0} must be {1}.",
    ),
    "test": (
        "I need to get my {0} {1} and the {2} is {3} feet away. Should I walk or {4}?",
        "Somebody has to see that the {0} gets {1}. With {3} feet to the {2}, do we {4} or go on foot?",
    ),
}
"""Thing, what is done with it, where, how many feet away, and what one could do instead of walking."""
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
    """The question in a wording of the split."""
    ((thing, done),) = state.errands
    other = ways(state)[1].split()[0]
    return rng.choice(WORDINGS[split]).format(thing, done, state.places[0].name, state.places[0].feet, other)
