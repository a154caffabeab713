"""A world turned into a conversation: the action is an answer, the outcome what came of following it."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from forethought.types import Fact
from forethought.worlds.advice.telling import (
    ASKED,
    HELD_OUT_MANNERS,
    TASKS,
    TRAIN_MANNERS,
    Report,
    advised,
    answer,
)
from forethought.worlds.drawing import pick
from forethought.worlds.grammar import any_of
from forethought.worlds.lawful import Case, Effect, LawfulWorld

AXIS = "question"
OPEN_SHARE = 0.3
"""How many conversations begin with an open question; the others ask between two ways."""


@dataclass(frozen=True, slots=True)
class Talk:
    """A moment of a conversation: where the user is, between which ways the user asks, and in which manner."""

    inside: Hashable
    between: tuple[str, ...] = ()
    manner: int = 0


class AdviceWorld(LawfulWorld[Talk]):
    """A user who is in another world describes it, asks what to do, follows the answer and tells what came of it.

    The first question is between two ways (one of them the inner world's custom, which may be wrong) or open; after
    that the user reports and asks again. Any way that the inner world knows may be answered, in a plain imperative or
    as "You should ...". Levels, harm, probes and axes are the inner world's; the axis ``question`` puts the task and
    the question in manners that training never uses.
    """

    of: ClassVar[type[LawfulWorld[Any]]]
    grammar: ClassVar[Report]

    def __init__(self, *, level: int = 1, split: str = "train", seed: int | None = None, axis: str = "") -> None:
        super().__init__(level=level, split=split, seed=seed, axis=axis)
        self.inside = self.of(level=level, split=split, axis="" if axis == AXIS else axis)

    def draw(self, rng: random.Random) -> Talk:
        """A situation of the inner world and a question about it."""
        here = self.inside.draw(rng)
        manner = pick(rng, HELD_OUT_MANNERS[self.split] if self.axis == AXIS else TRAIN_MANNERS)
        others = list(self.inside.options(here))
        self.inside.start(here)
        usual = self.inside.demonstrator()()
        if usual in others:
            others.remove(usual)
        if not others or rng.random() < OPEN_SHARE:
            return Talk(here, (), manner)
        ways = (usual, pick(rng, others))
        return Talk(here, ways if rng.random() < 0.5 else ways[::-1], manner)

    def start(self, state: Talk) -> tuple[str, dict[str, Any]]:
        """Begins a conversation about a given state, as long as the inner world lets it be."""
        self.inside.start(state.inside)
        self.step_limit = self.inside.step_limit
        return super().start(state)

    def law(self, state: Talk, action: str) -> Effect[Talk]:
        """What the inner world makes of what the answer advises."""
        found = self.inside.law(state.inside, self._way(state, action))
        return Effect(Talk(found.state, (), state.manner), found.told, found.progress, found.harm, found.cost)

    def _way(self, state: Talk, text: str) -> str:
        """The inner action that an answer advises."""
        way = advised(text)
        for option in self.inside.options(state.inside):
            if option.lower() == way.lower():
                return option
        return way

    def options(self, state: Talk) -> tuple[str, ...]:
        """The two ways that were asked about, or all that make sense."""
        return tuple([answer(way) for way in state.between or self.inside.options(state.inside)])

    def seen(self, state: Talk) -> tuple[Fact, ...]:
        """What is seen in the inner world, and the question."""
        asked = ((ASKED, *state.between),) if state.between else ()
        return (*self.inside.seen(state.inside), *asked)

    def text(self, state: Talk) -> str:
        """The user's description and question."""
        told = self.grammar.tell(self.inside.seen(state.inside), self.inside.wording(state.inside))
        return f"{told} {self.grammar.ask(state.between, state.manner)}"

    def truth(self, state: Talk) -> frozenset[Fact]:
        """What is true in the inner world, and the question."""
        return self.inside.truth(state.inside) | frozenset(fact for fact in self.seen(state) if fact[0] == ASKED)

    def wish(self, state: Talk) -> str:
        """The inner desire as the user's task."""
        return TASKS[state.manner].format(self.inside.wish(state.inside))

    def wording(self, state: Talk) -> int:
        """The wording of descriptions."""
        return self.inside.wording(state.inside)

    def desire_for(self, facts: frozenset[Fact]) -> str | None:
        """The inner world's, as a user's task."""
        wish = self.inside.desire_for(facts)
        return None if wish is None else TASKS[any_of(TRAIN_MANNERS, wish)].format(wish)

    def demonstrator(self, quality: str = "custom") -> Callable[[], str]:
        """Advises what the inner world's demonstrator would do; between two ways, the usual one if neither is that."""
        self._check_seal("demonstrator")
        inner = {kind: self.inside.demonstrator(kind) for kind in (quality, "custom")}

        def act() -> str:
            self.inside.start(self.state.inside)
            way = answer(inner[quality]())
            return way if way in self.options(self.state) else answer(inner["custom"]())

        return act

    def minimal_pair(self, name: str, rng: random.Random) -> tuple[Case[Talk], Case[Talk]]:
        """The inner world's pair, with one open question about both sides."""
        manner = pick(rng, HELD_OUT_MANNERS[self.split] if self.axis == AXIS else TRAIN_MANNERS)

        def asked(case: Case[Any]) -> tuple[Talk, Sequence[str]]:
            return Talk(case[0], (), manner), [answer(way) for way in case[1]]

        left, right = self.inside.minimal_pair(name, rng)
        return asked(left), asked(right)


def advice(of: type[LawfulWorld[Any]], name: str = "") -> type[AdviceWorld]:
    """The conversation about a lawful world, yours too; its name is ``advice-NAME`` unless another is given."""
    parts = {
        "__doc__": AdviceWorld.__doc__, "__module__": __name__, "of": of, "name": name or f"advice-{of.name}",
        "summary": f"a user asks what to do, follows the answer, and tells what came of it (inside: {of.name})",
        "axes": {**of.axes, AXIS: "tasks and questions put in manners that training never uses"},
        "recombines": of.recombines, "probes": of.probes, "decides": of.decides, "harms": of.harms,
        "levels": of.levels, "max_steps": of.max_steps, "grammar": Report(of.grammar),
    }  # fmt: skip
    return type(f"{of.__name__.removesuffix('World')}Advice", (AdviceWorld,), parts)
