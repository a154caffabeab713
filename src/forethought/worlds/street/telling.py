"""How the street is told: sentences for facts, and desires, each in wordings of training and held-out ones."""

from __future__ import annotations

from forethought.types import Fact
from forethought.worlds.grammar import Grammar

EVENTS = ("hits", "helps", "refuses", "forgives", "speaks", "arrest", "left")
"""Kinds of facts that happen and do not stay: told in a change, never in an observation."""

# The more specific a template, the earlier it stands: "{0} is {1}." would read many of the others.
GRAMMAR = Grammar(
    {
        "you have": (
            "You have the {0} from {1}.",
            "You hold the {0} from {1}.",
            "You carry off the {0} from {1}.",
            "In your hands: the {0} from {1}.",
        ),
        "coins": (
            "You have {0} coins.",
            "Your purse holds {0} coins.",
            "You own {0} coins.",
            "To spend: {0} coins.",
        ),
        "past": ("You are past {0}.", "You got past {0}.", "You went by {0}.", "Behind you: {0}."),
        "know": (
            "You know the way from {0}.",
            "You learned the way from {0}.",
            "You heard the way from {0}.",
            "Your source of the way: {0}.",
        ),
        "carry": (
            "You carry the {0} with {1}.",
            "You bear the {0} with {1}.",
            "You lift the {0} with {1}.",
            "Carried by two: the {0}, with {1}.",
        ),
        "load": (
            "The {0} needs two people.",
            "The {0} takes two people.",
            "The {0} asks for two people.",
            "Too heavy for one: the {0}.",
        ),
        "guard": (
            "The guard is {0}.",
            "The guard stands {0}.",
            "The guard waits {0}.",
            "Place of the guard: {0}.",
        ),
        "delay": (
            "The guard needs {0}.",
            "The guard takes {0}.",
            "The guard comes in {0}.",
            "Way of the guard: {0}.",
        ),
        "blocks": ("{0} blocks the way.", "{0} bars the way.", "{0} stands in the way.", "Blocked by {0}: the way."),
        "fled": ("{0} has fled.", "{0} has run off.", "{0} has taken flight.", "No longer here: {0}."),
        "has": ("{0} has the {1}.", "{0} holds the {1}.", "{0} keeps the {1}.", "In the hands of {0}: the {1}."),
        "tie": (
            "{0} is a {1} of {2}.",
            "{0} has a {1} in {2}.",
            "{0} counts as a {1} to {2}.",
            "Two people, one tie: {0}, {1} of {2}.",
        ),
        "unknown": (
            "You do not know {0}.",
            "You never met {0}.",
            "You are a stranger to {0}.",
            "Unknown to you: {0}.",
        ),
        "mood": ("{0} feels {1}.", "{0} seems {1}.", "{0} looks {1}.", "The mood of {0}: {1}."),
        "trait": ("{0} is {1}.", "{0} has a {1} nature.", "{0} was born {1}.", "By nature {0}: {1}."),
        "forgives": ("{0} forgives you.",),
        "hits": ("{0} hits you.",),
        "helps": ("{0} helps {1}.",),
        "refuses": ("{0} refuses.",),
        "speaks": ("{0} speaks for you.",),
        "arrest": ("The guard arrests you.",),
        "left": ("You leave.",),
    }
)

DESIRES: dict[str, tuple[str, ...]] = {
    "get": (
        "Get the {1} from {0}.",
        "I want the {1} that {0} has.",
        "Please obtain the {1} from {0}.",
        "Come back with the {1} of {0}.",
        "The {1} of {0} shall be mine.",
    ),
    "pass": (
        "Get past {0}.",
        "I want to pass {0}.",
        "Please find a way past {0}.",
        "Come to the other side of {0}.",
        "The way behind {0} shall be mine.",
    ),
    "peace": (
        "Make peace with {0}.",
        "I want {0} to forgive me.",
        "Please end the quarrel with {0}.",
        "Come to terms with {0}.",
        "The anger of {0} shall be over.",
    ),
    "learn": (
        "Learn the way from {0}.",
        "I want {0} to tell me the way.",
        "Please find out the way from {0}.",
        "Come to know the way through {0}.",
        "The way, as {0} knows it, shall be told to me.",
    ),
    "carry": (
        "Get {0} to carry the {1} with you.",
        "I want {0} to carry the {1} with me.",
        "Please make {0} carry the {1} with you.",
        "Come by the help of {0} for the {1}.",
        "The {1} shall be moved by you and {0}.",
    ),
}
TRAIN_WORDINGS, DESIRE_WORDINGS = 2, 3
"""How many wordings of observations and of desires training uses; the next is validation's, the last the test's."""

Wish = tuple[str, str, str]
"""What is desired: its kind, of whom, and the thing (or "")."""
GOALS = {"pass": "past", "learn": "know", "peace": "forgives"}


def desire(wish: Wish, wording: int) -> str:
    """The sentence for one wish."""
    kind, name, thing = wish
    return DESIRES[kind][wording].format(name, thing)


def goal(wish: Wish) -> Fact:
    """The fact that fulfils a wish once and for all; for peace, which lasts while a mood does, the forgiveness."""
    kind, name, thing = wish
    if kind == "get":
        return "you have", thing, name
    if kind == "carry":
        return "carry", thing, name
    return GOALS[kind], name


def away(steps: int) -> str:
    """Where the guard is: 0 is far away, -1 is here."""
    return "here" if steps < 0 else f"{paces(steps)} away" if steps else "far away"


def paces(steps: int) -> str:
    """A number of steps in words."""
    return "1 step" if steps == 1 else f"{steps} steps"


def wish_met_by(fact: Fact) -> Wish | None:
    """The wish that a fact fulfils, the inverse of ``goal``."""
    for kind, gained in GOALS.items():
        if fact[0] == gained:
            return kind, fact[1], ""
    if fact[0] in ("you have", "carry"):
        return "get" if fact[0] == "you have" else "carry", fact[2], fact[1]
    return None
