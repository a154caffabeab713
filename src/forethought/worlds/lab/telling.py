"""How the laboratory is told: sentences for facts, and desires, each in wordings of training and held-out ones."""

from __future__ import annotations

from forethought.types import Fact
from forethought.worlds.grammar import Grammar

Wish = tuple[str, str]
"""What is desired: its kind, and the object that it is about (or "")."""

EVENTS = ("said",)
"""Kinds of facts that happen and do not stay: told in a change, never in an observation."""
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")

# The more specific a template, the earlier it stands: "The machine holds the {0}." would read one of "placed".
GRAMMAR = Grammar(
    {
        "table": (
            "The {0} is on the table.",
            "The {0} lies on the table.",
            "On the table: the {0}.",
            "The table holds the {0}.",
        ),
        "placed": (
            "The {0} is {1} on the machine.",
            "The {0} lies {1} on the machine.",
            "Put {1} on the machine: the {0}.",
            "The machine holds the {0} as the {1}.",
        ),
        "on": (
            "The {0} is on the machine.",
            "The {0} lies on the machine.",
            "On the machine: the {0}.",
            "The machine holds the {0}.",
        ),
        "switch": (
            "The switch is {0}.",
            "The switch stands at {0}.",
            "Position of the switch: {0}.",
            "One finds the switch {0}.",
        ),
        "bears": (
            "The machine bears {0} objects.",
            "The machine carries {0} objects.",
            "Load that the machine stands: {0} objects.",
            "One may load the machine with {0} objects.",
        ),
        "fragile": ("The {0} is fragile.", "The {0} breaks easily.", "Fragile: the {0}.", "Take care of the {0}."),
        "broken": ("The {0} is broken.", "The {0} lies in pieces.", "Broken: the {0}.", "Little is left of the {0}."),
        "lamp": (
            "The machine is {0}.",
            "The machine looks {0}.",
            "Light of the machine: {0}.",
            "One sees the machine {0}.",
        ),
        "said": ("You say of the {0}: it {1}.",),
    }
)

DESIRES: dict[str, tuple[str, ...]] = {
    "light": (
        "Make the machine light up.",
        "I want to see the machine lit.",
        "Please get the machine to light up.",
        "Bring the machine to shine.",
        "The machine shall give light.",
    ),
    "with": (
        "Make the machine light up with the {0} on it.",
        "I want to see the machine lit under the {0}.",
        "Please get the machine to light up while it holds the {0}.",
        "Bring the machine to shine, the {0} included.",
        "The machine shall give light, and hold the {0}.",
    ),
    "without": (
        "Make the machine light up without the {0}.",
        "I want to see the machine lit by other things than the {0}.",
        "Please get the machine to light up and leave the {0} on the table.",
        "Bring the machine to shine, the {0} excluded.",
        "The machine shall give light, but not hold the {0}.",
    ),
    "all lit": (
        "Make the machine light up with every object on it.",
        "I want to see the machine lit under all objects.",
        "Please get the machine to light up while it holds everything.",
        "Bring the machine to shine, all objects included.",
        "The machine shall give light, and hold all there is.",
    ),
    "all dark": (
        "Keep the machine dark with every object on it.",
        "I want to see the machine running and dark under all objects.",
        "Please get the machine to run dark while it holds everything.",
        "Bring the machine to run without light, all objects included.",
        "The machine shall run without light, and hold all there is.",
    ),
    "tell": (
        "Find out what the {0} does to the machine, then tell me.",
        "I want to know whether the {0} lights the machine, stops it or neither.",
        "Please tell me, once you know, what the {0} is to the machine.",
        "Explain the {0} and its part in the machine to me.",
        "What the machine makes of the {0} shall be told to me.",
    ),
    "know": (
        "Find out how the machine works.",
        "I want to know all about the machine.",
        "Please try until it is clear what lights the machine.",
        "Explore the machine until nothing about it is open.",
        "The way that the machine works shall be known.",
    ),
}
TRAIN_WORDINGS, DESIRE_WORDINGS = 2, 3
"""How many wordings of observations and of desires training uses; the next is validation's, the last the test's."""


def desire(wish: Wish, wording: int) -> str:
    """The sentence for a wish."""
    return DESIRES[wish[0]][wording].format(wish[1])


def wishes_met_by(facts: frozenset[Fact]) -> list[Wish]:
    """The wishes that a state of the laboratory fulfils, seen on its own; those for knowledge are none of them."""
    on = sorted(fact[1] for fact in facts if fact[0] in ("on", "placed"))
    table = sorted(fact[1] for fact in facts if fact[0] == "table")
    if ("lamp", "lit") in facts:
        everything: list[Wish] = [("all lit", "")] if on and not table else []
        return [*everything, *(("with", name) for name in on), *(("without", name) for name in table), ("light", "")]
    runs = ("switch", "off") not in facts and ("lamp", "dark") in facts
    return [("all dark", "")] if runs and len(on) > 1 and not table else []
