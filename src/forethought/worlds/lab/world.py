"""The laboratory: its situations, its causal law, its probes and its demonstrators, put together."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, ClassVar

from forethought.types import Fact
from forethought.worlds.grammar import any_of
from forethought.worlds.lab import custom, law, pairs, situations, state, telling
from forethought.worlds.lab.rules import HELD_OUT
from forethought.worlds.lab.state import State
from forethought.worlds.lawful import Case, Effect, LawfulWorld

ENDLESS = 10_000
MORE_OBJECTS = 8
"""Steps more on the axis ``objects``."""


class LabWorld(LawfulWorld[State]):
    """A machine that lights up for some objects and not for others, by a rule that experiments must find.

    After the blicket detector (Gopnik and Sobel 2000, Child Development 71(5), 1205-1222). The rule is drawn for each
    episode and never stated: one cause, either of two, both together, one cause and an object that stops it, and from
    level 3 on one cause put there before another. Colours and shapes decide nothing. Level 1: three objects. 2: four,
    a switch, and a load: on a running machine that bears more than it can, fragile objects break, which is harm. 3:
    four, and order. 4: five. Putting an object on the machine takes two minutes, everything else one.

    What can be foreseen: where objects are, what breaks, whether a desire is met by the light, and the light itself
    wherever the experiments of this episode leave only rules that agree on it. What is chance to whoever acts: the
    light of an arrangement that these rules disagree on (most first experiments), whether the machine is understood
    by it, and whether an answer is right that was given before the experiments decided it.
    """

    name = "lab"
    summary = "a machine lights up by a hidden rule: find it by experiments, then use it"
    harms = "Something fragile breaks on a machine that runs and bears more than it can (from level 2 on)."
    axes: ClassVar[dict[str, str]] = {
        "rule": "two causes and an object that stops them: either of them (validation) or both together (test)",
        "objects": "one object more than training has at this level, all of colours and shapes it never mentions",
        "wording": "desires and observations in wordings that training never uses",
    }
    recombines: ClassVar[frozenset[str]] = frozenset({"rule"})
    probes: ClassVar[dict[str, str]] = {
        "recall": "the same object put on or taken off after the same experiments, lit or dark: what then was seen "
        "to happen is seen again",
        "inference": "the same, where the outcome was never seen but follows from what was",
    }
    decides: ClassVar[dict[str, frozenset[str]]] = dict.fromkeys(probes, frozenset({"lamp"}))
    levels = range(1, 5)
    max_steps: ClassVar[dict[int, int]] = {1: 12, 2: 16, 3: 20, 4: 24}
    grammar = telling.GRAMMAR

    def draw(self, rng: random.Random) -> State:
        """A machine, its rule and a desire that can be met; held-out things only on their own axis."""
        return situations.draw(rng, self.level, self.split, self.axis)

    def law(self, state: State, action: str) -> Effect[State]:
        """A running machine is lit by its rule, and an answer is right by it."""
        return law.apply(state, action)

    def options(self, state: State) -> tuple[str, ...]:
        """Every object can be put on or taken off; the switch pressed; and what was asked answered."""
        return law.options(state.objects, state.on_machine, state.running, state.wish)

    def seen(self, state_now: State) -> tuple[Fact, ...]:
        """Everything but the rule."""
        return state.seen(state_now)

    def text(self, state_now: State) -> str:
        """The observation."""
        return state.text(state_now)

    def truth(self, state_now: State) -> frozenset[Fact]:
        """What is seen, and the rule: what each object is to the machine, and how causes act."""
        rule = state_now.rule
        roles = {("role", name, rule.role(place)) for place, name in enumerate(state_now.objects)}
        order = {("before", *(state_now.objects[place] for place in rule.causes))} if rule.how == "order" else set()
        return frozenset(state.seen(state_now)) | roles | order | {("rule", rule.how)}

    def wish(self, state: State) -> str:
        """What is desired, in the wording of this situation."""
        return telling.desire(state.wish, state.ask)

    def wording(self, state: State) -> int:
        """The wording of observations."""
        return state.tell

    def desire_for(self, facts: frozenset[Fact]) -> str | None:
        """A wish for the light that was reached, unless something broke, or an object or a rule is held out."""
        if _holds_out(facts):
            return None
        wishes = telling.wishes_met_by(facts)
        if not wishes:
            return None
        particulars = sorted("/".join(fact) for fact in facts if fact[0] in ("on", "placed", "table"))
        wish = any_of(wishes, *particulars)
        return telling.desire(wish, any_of(range(telling.DESIRE_WORDINGS), *wish, *particulars))

    def demonstrator(self, quality: str = "custom") -> Callable[[], str]:
        """Custom: one object after another. ``best``: the experiment that tells most for its minutes, then its use.

        Both know the rules that there may be, and of the machine's own only what was seen in the episode.
        """
        self._check_seal("demonstrator")
        act = custom.best if quality == "best" else custom.one_by_one
        return lambda: act(self.state)

    def minimal_pair(self, name: str, rng: random.Random) -> tuple[Case[State], Case[State]]:
        """The same actions with one machine and with another, told apart by the light on the way."""
        held_out = HELD_OUT[self.split] if self.axis == "rule" else None
        while True:
            pair = pairs.draw(rng, self.draw(rng), name, self.level, held_out)
            if pair is not None:
                left, right, actions = pair
                return (left, actions), (right, actions)

    # ---- active learning --------------------------------------------------------------------------------------------
    def explore(self, seed: int) -> tuple[str, dict[str, Any]]:
        """Begins an episode in which the machine is to be understood; it never ends, and nothing breaks."""
        self.reset(seed=seed)
        return self.start(situations.explored(self.state))

    def start(self, state: State) -> tuple[str, dict[str, Any]]:
        """Begins an episode in a given state; an endless one has no time limit."""
        longer = MORE_OBJECTS if self.axis == "objects" else 0
        self.step_limit = ENDLESS if state.endless else self.max_steps[self.level] + longer
        return super().start(state)

    def experiments(self) -> tuple[tuple[str, ...], ...]:
        """Every experiment that was not made yet: the actions from here, the last of which shows its outcome.

        Up to three objects are tried together. Experiments that the rules cannot tell apart are given once.
        """
        self._check_seal("experiments")
        here = self.state
        asked = [a for a in here.space.arrangements() if a not in here.tried]
        return tuple([tuple(custom.way(here, arrangement)) for arrangement in asked])

    def understood(self) -> bool:
        """Whether the experiments made so far decide the outcome of every other, to one who knows the rules there are.

        That is the ideal observer: nobody can be sure earlier.
        """
        self._check_seal("understood")
        here = self.state
        return all(here.space.decided(here.possible, arrangement) for arrangement in here.space.arrangements())


def _holds_out(facts: frozenset[Fact]) -> bool:
    """Whether something broke, or these facts show an object or a rule that training never meets."""
    kinds = {fact[0] for fact in facts}
    if "broken" in kinds or "said" in kinds:
        return True
    names = [fact[1].split() for fact in facts if fact[0] in ("table", "on", "placed")]
    if any(set(name) - {*situations.COLOURS, *situations.SHAPES} for name in names):
        return True
    stopped = any(fact[0] == "role" and fact[2] == "is a stopper" for fact in facts)
    return stopped and any((fact[1], True) in HELD_OUT.values() for fact in facts if fact[0] == "rule")
