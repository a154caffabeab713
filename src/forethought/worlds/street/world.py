"""The street world: its situations, its causal law, its probe and its demonstrators, put together."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import ClassVar

from forethought.errors import BadSetting
from forethought.types import Fact
from forethought.worlds.grammar import any_of
from forethought.worlds.lawful import Case, Effect, LawfulWorld, best_plan
from forethought.worlds.street import custom, deeds, law, pairs, people, situations, state, telling
from forethought.worlds.street.state import State

HARMS = ("hits", "arrest")
ARRESTED = ("guard", telling.away(-1))
"""What stays to be seen of an arrest."""


class StreetWorld(LawfulWorld[State]):
    """People in a street: win them over, ask them, or try force; trait, mood and ties decide what comes of it.

    Level 1: two people, at most one tie. 2: three people, cousins, shy people. 3: stern people whose anger calls a
    guard, who arrives after the stated number of steps; often two wishes. 4: four people, about half of whose traits
    are hidden until somebody watches or greets them. Helping takes four minutes, everything else one; a gift costs
    two coins. Harm: you are hit or arrested.
    """

    name = "street"
    summary = "people with traits and ties help, refuse, flee, fight back, call a guard, and forgive"
    axes: ClassVar[dict[str, str]] = {
        "combination": "a trait, a tie and a companion's trait that training never brings together",
        "people": "more people than training has at this level",
        "delay": "a guard who needs a number of steps that training never states (levels 3 and 4)",
        "names": "names that training never mentions",
        "wording": "desires and observations in wordings that training never uses",
    }
    recombines: ClassVar[frozenset[str]] = frozenset({"combination"})
    probes: ClassVar[dict[str, str]] = {
        "retaliation": "the same shove or robbery, safe or answered with a blow: one trait, tie or presence decides",
    }
    harms = "You are hit or arrested."
    levels = range(1, 5)
    max_steps: ClassVar[dict[int, int]] = {1: 6, 2: 8, 3: 10, 4: 12}
    grammar = telling.GRAMMAR

    def __init__(self, *, level: int = 1, split: str = "train", seed: int | None = None, axis: str = "") -> None:
        super().__init__(level=level, split=split, seed=seed, axis=axis)
        if axis == "delay" and level < situations.GUARDED:
            raise BadSetting(f"axis 'delay' of world 'street' needs a guard, level {level} has none; use level 3 or 4")

    def draw(self, rng: random.Random) -> State:
        """A street in which the desire can be reached in peace; held-out things only on their own axis."""
        return situations.draw(rng, self.level, self.split, self.axis)

    def law(self, state: State, action: str) -> Effect[State]:
        """Trait, deed, mood and company decide the outcome; the guard moves last."""
        return law.apply(state, action)

    def options(self, state: State) -> tuple[str, ...]:
        """Every deed that has an object here, person by person."""
        return deeds.options(state)

    def seen(self, state_now: State) -> tuple[Fact, ...]:
        """Everybody with trait (if known), mood and thing, then their ties, what is yours, and the guard."""
        return state.seen(state_now)

    def text(self, state_now: State) -> str:
        """The observation."""
        return state.text(state_now)

    def truth(self, state_now: State) -> frozenset[Fact]:
        """What is seen, and the traits that are hidden."""
        return frozenset(state.seen(state_now)) | {("trait", p.name, p.trait) for p in state_now.people if p.here}

    def wish(self, state: State) -> str:
        """What is desired, in the wording of this situation."""
        return " ".join([telling.desire(wish, state.ask) for wish in state.wishes])

    def wording(self, state: State) -> int:
        """The wording of observations."""
        return state.tell

    def desire_for(self, facts: frozenset[Fact]) -> str | None:
        """A wish for what was reached, unless it came with harm or among a held-out combination or name."""
        if any(fact[0] in HARMS for fact in facts) or ARRESTED in facts or _holds_out(facts):
            return None
        wishes = [wish for fact in sorted(facts) if (wish := telling.wish_met_by(fact)) and wish[1] in people.NAMES]
        if not wishes:
            return None
        return telling.desire(wishes[0], any_of(range(telling.DESIRE_WORDINGS), *wishes[0]))

    def demonstrator(self, quality: str = "custom") -> Callable[[], str]:
        """Custom: greet, ask, apologise, help, never force. ``best``: the cheapest plan, watching before it acts."""
        self._check_seal("demonstrator")
        if quality == "best":
            planned = custom.Planned(lambda state: best_plan(self, state))
            return lambda: planned(self.state)
        polite = custom.Polite()

        def act() -> str:
            nonlocal polite
            if self._steps == 0:
                polite = custom.Polite()
            return polite(self.state)

        return act

    def minimal_pair(self, name: str, rng: random.Random) -> tuple[Case[State], Case[State]]:
        """Retaliation: the target's trait, the companion's trait, their tie or the companion's presence decides."""
        while True:
            pair = pairs.retaliation(rng, self.draw(rng), self.level, self.split, self.axis)
            if pair is not None:
                safe, answered, action = pair
                sides = ((safe, (action,)), (answered, (action,)))
                return sides if rng.random() < 0.5 else sides[::-1]


def _holds_out(facts: frozenset[Fact]) -> bool:
    """Whether these facts show a tie of two traits that training never brings together."""
    traits = {fact[1]: fact[2] for fact in facts if fact[0] == "trait"}
    ties = [fact for fact in facts if fact[0] == "tie" and fact[1] in traits and fact[3] in traits]
    return any(people.split_of(traits[one], tie, traits[other]) != "train" for _, one, tie, other in ties)
