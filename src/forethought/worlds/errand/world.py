"""The errand world: its situations, its causal law, its probes and its demonstrators, put together."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import ClassVar

from forethought.errors import NotOffered
from forethought.types import Fact, Question
from forethought.worlds.errand import asking, law, pairs, situations, telling, town
from forethought.worlds.errand.custom import custom
from forethought.worlds.errand.law import comes_along
from forethought.worlds.errand.state import State
from forethought.worlds.errand.telling import DESIRES, GRAMMAR, TRAIN_DESIRES
from forethought.worlds.grammar import any_of
from forethought.worlds.lawful import Case, Effect, LawfulWorld, best_plan, situation_rng

STEPS_PER_ERRAND = 5
"""Home, perhaps a wait, there, and the request: what one errand more may take on the axis ``errands``."""


class ErrandWorld(LawfulWorld[State]):
    """Errands in a town: go there, so that the thing is present, and ask for the service.

    Level 1: ten things, two places, distances alone (what a trip takes is counted, not told). 2: all ways of moving,
    three places, times and fuel, desires that save them, services that cannot be undone. 3: opening hours, a thing
    that only tempts. 4: two errands in one desire.
    """

    name = "errand"
    summary = "things must be present where a service is rendered, and they move in their own ways"
    axes: ClassVar[dict[str, str]] = {
        "combination": "a thing x service pair that training never asks for",
        "near_driven": "a driven or ridden thing and a near place (training keeps those far)",
        "things": "things that training never mentions",
        "errands": "one errand more in the desire than training has at this level",
        "wording": "desires and observations in wordings that training never uses",
    }
    recombines: ClassVar[frozenset[str]] = frozenset({"combination", "near_driven"})
    probes: ClassVar[dict[str, str]] = {
        "presence": "the same request at the same place, with the thing brought along or left behind",
        "acceptance": "the same request at the same place, which serves the thing or does not",
        "welcome": "the same trip to the same place, which serves the thing or does not: known before one is there",
        "near_driven": "the same walk to the same place (a near one on the axis of that name), for a thing that stays "
        "behind, driven or ridden, or for one that comes along",
    }
    decides: ClassVar[dict[str, frozenset[str]]] = {"near_driven": frozenset({"thing at", "stays"})}
    harms = "Something is sold or shredded that the desire did not ask to be."
    levels = range(1, 5)
    max_steps: ClassVar[dict[int, int]] = {1: 8, 2: 8, 3: 10, 4: 14}
    grammar = GRAMMAR

    def __init__(self, *, level: int = 1, split: str = "train", seed: int | None = None, axis: str = "") -> None:
        super().__init__(level=level, split=split, seed=seed, axis=axis)
        if axis == "errands":
            self.step_limit += STEPS_PER_ERRAND

    def draw(self, rng: random.Random) -> State:
        """A town, its errands and their constraints; held-out combinations only on their own axis."""
        return situations.draw(rng, self.level, self.split, self.axis)

    def minimal_pair(self, name: str, rng: random.Random) -> tuple[Case[State], Case[State]]:
        """Pairs for the four probes (near_driven is held out on the axis of the same name)."""
        return pairs.minimal_pair(name, rng, self.level, self.split, self.axis)

    def law(self, state: State, action: str) -> Effect[State]:
        """Moving takes along what can move that way; a service is rendered to what is present and accepted."""
        return law.law(state, action)

    def options(self, state: State) -> tuple[str, ...]:
        """Every way to every place, or home, and every service that may be asked for here."""
        return law.options(state, self.level, self.split, self.axis)

    def seen(self, state: State) -> tuple[Fact, ...]:
        """Where everything is, how the errand's things move, and what each place does, when, and how far away."""
        return telling.seen(state)

    def text(self, state: State) -> str:
        """The observation: the sentences for what is seen."""
        return telling.text(state)

    def truth(self, state: State) -> frozenset[Fact]:
        """The town holds no secrets: what is seen, with what has been done."""
        return frozenset(telling.seen(state))

    def wish(self, state: State) -> str:
        """The errands and what to save, in the wording of this situation."""
        return telling.wish(state)

    def wording(self, state: State) -> int:
        """The wording of observations."""
        return state.tell

    def thing_pool(self) -> tuple[str, ...]:
        """The things that this level of this split may mention (the unseen ones only on their axis)."""
        return town.thing_pool(self.level, self.split, self.axis)

    def desire_for(self, facts: frozenset[Fact]) -> str | None:
        """A wish for what was done, where training may ask for it and nothing is lost by it."""
        feet = {fact[1]: int(fact[2]) for fact in facts if fact[0] == "place"}
        for kind, *rest in sorted(facts):
            if kind == "served" and _may_be_wished(rest[0], rest[1], feet):
                return DESIRES[any_of(TRAIN_DESIRES, *rest)].format(*rest)
        return None

    def question(self, seed: int) -> Question:
        """How somebody asks whether to walk: a situation of this world, reduced to what a question tells."""
        self._check_seal("question")
        if self.axis in ("errands", "wording"):
            raise NotOffered(f"a question is about one errand, in wordings of its own: there is no axis {self.axis!r}")
        rng = situation_rng(f"{self.name}/question", self.split, self.axis, self.level, seed)
        state = self.draw(rng)
        while not asking.may_be_asked(state):
            state = self.draw(rng)
        state = asking.asked_about(state)
        ways = asking.ways(state)
        cost = {way: self._cost(state, way) for way in ways}
        right = tuple(way for way in ways if cost[way] == min(cost.values()))
        return Question(asking.in_words(state, self.split, rng), self.wish(state), self.text(state), ways, right)

    def _cost(self, state: State, action: str) -> float:
        """What it takes at least to meet the desire when this is done first; infinite if it cannot be met then."""
        effect = self.law(state, action)
        total, here = sum(amount for _, amount in effect.cost), effect.state
        plan = best_plan(self, here)
        for step in plan:
            effect = self.law(here, step)
            total, here = total + sum(amount for _, amount in effect.cost), effect.state
        return total if plan else math.inf

    def demonstrator(self, quality: str = "custom") -> Callable[[], str]:
        """The town's custom (near = walk, far = drive, otherwise as the thing must); ``best``: the cheapest plan."""
        if quality == "best":
            return super().demonstrator(quality)
        self._check_seal("demonstrator")
        return lambda: custom(self.state)


def _may_be_wished(thing: str, done: str, feet: dict[str, int]) -> bool:
    """Whether training may ask for this: nothing unseen, nothing irreversible, no held-out combination."""
    if thing not in town.MANNER_OF or thing in town.UNSEEN or done not in town.SERVICES or done in town.IRREVERSIBLE:
        return False
    near = feet.get(town.SERVICES[done], town.FAR[0]) <= town.NEAR[-1]
    return town.split_of(thing, done) == "train" and not (near and town.MANNER_OF[thing] in town.ON_WHEELS)


__all__ = ["DESIRES", "GRAMMAR", "ErrandWorld", "State", "comes_along"]
