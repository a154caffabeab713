"""Worlds that are written as a pure causal law over immutable states; stepping, forking and search come for free."""

from __future__ import annotations

import heapq
import random
from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from gymnasium.utils import seeding

from forethought.errors import BadAction, BadSetting, NotOffered, UnknownName
from forethought.types import Fact, Harm, Progress, Step
from forethought.worlds.base import World
from forethought.worlds.grammar import Grammar
from forethought.worlds.probes import ProbePair, ProbeSide

StateT = TypeVar("StateT", bound=Hashable)
Case = tuple[StateT, Sequence[str]]
"""A state to start from and the actions taken there; the outcome of the last one is what is asked."""


@dataclass(frozen=True, slots=True)
class Effect(Generic[StateT]):
    """What one action caused: the new state, what was seen to change (in telling order), verdicts and cost."""

    state: StateT
    told: tuple[Fact, ...]
    progress: Progress = Progress.ONGOING
    harm: Harm = Harm.NONE
    cost: tuple[tuple[str, float], ...] = ()


class LawfulWorld(World, Generic[StateT]):
    """A world given by ``draw`` (a situation), ``law`` (what an action causes) and a grammar (how it is told).

    States are immutable and hashable. A situation is drawn from (split, axis, level, seed) alone, and the splits
    never share a random stream.
    """

    grammar: ClassVar[Grammar]
    decides: ClassVar[dict[str, frozenset[str]]] = {}
    """The kinds of fact that a probe's factor decides; of a probe that is not listed here, every kind."""
    max_steps: ClassVar[dict[int, int]]

    def __init__(self, *, level: int = 1, split: str = "train", seed: int | None = None, axis: str = "") -> None:
        super().__init__(level=level, split=split, seed=seed, axis=axis)
        self._generator: np.random.Generator | None = None
        self._state: StateT | None = None
        self._text = ""
        self._options: tuple[str, ...] = ()
        self.step_limit = self.max_steps[level]
        self._steps = 0
        self._over = False
        self._next_seed = 0 if seed is None else seed

    # ---- what a world defines -------------------------------------------------------------------------------------
    @abstractmethod
    def draw(self, rng: random.Random) -> StateT:
        """A situation of this world's level, split and axis."""

    @abstractmethod
    def law(self, state: StateT, action: str) -> Effect[StateT]:
        """What ``action`` causes in ``state``; ``BadAction`` if it cannot be read or is out of place."""

    @abstractmethod
    def options(self, state: StateT) -> tuple[str, ...]:
        """The actions that make sense in ``state``, judged by what can be observed there."""

    @abstractmethod
    def seen(self, state: StateT) -> tuple[Fact, ...]:
        """What can be observed in ``state``, in telling order."""

    @abstractmethod
    def truth(self, state: StateT) -> frozenset[Fact]:
        """Everything that is true in ``state``, hidden facts included."""

    @abstractmethod
    def wish(self, state: StateT) -> str:
        """The desire of ``state`` in its wording."""

    @abstractmethod
    def wording(self, state: StateT) -> int:
        """Which wording ``state`` is told in."""

    def text(self, state: StateT) -> str:
        """The observation of ``state``; a world may override it with something quicker that says the same."""
        return self.grammar.tell(self.seen(state), self.wording(state))

    # ---- Gymnasium ------------------------------------------------------------------------------------------------
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Draws the situation of ``seed`` (default: one after the last) and returns its observation and desire."""
        if seed is not None:
            if seed < 0:
                raise BadSetting(f"seed {seed} of world {self.name!r} is negative; expected a whole number from 0 on")
            self._next_seed, self._np_random_seed, self._generator = seed, seed, None
        self.seed = self._next_seed
        self._next_seed += 1
        return self.start(self.draw(situation_rng(self.name, self.split, self.axis, self.level, self.seed)))

    def start(self, state: StateT) -> tuple[str, dict[str, Any]]:
        """Begins an episode in a given state, as probes and evaluations do."""
        self._state, self._steps, self._over = state, 0, False
        self._text, self._options = self.text(state), self.options(state)
        return self._text, {"desire": self.wish(state), "candidates": self._options}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Applies ``action``: observation, reward (1 satisfied, -1 harmed, else 0), terminated, truncated, info."""
        state = self.state
        if self._over:
            raise BadSetting(f"the episode in world {self.name!r} is over; call reset() first")
        self._steps += 1
        warning = ""
        try:
            effect = self.law(state, action)
        except BadAction as error:
            warning, effect = str(error), Effect(state, ())
        if effect.state is not state:
            self._state = effect.state
            self._text, self._options = self.text(effect.state), self.options(effect.state)
        harmed, satisfied = effect.harm is Harm.HARMED, effect.progress is Progress.SATISFIED
        terminated = harmed or effect.progress is not Progress.ONGOING
        truncated = not terminated and self._steps >= self.step_limit
        self._over = terminated or truncated
        info = {
            "change": "" if warning else self.grammar.change(effect.told),
            "progress": effect.progress,
            "harm": effect.harm,
            "warning": warning,
            "cost": effect.cost,
            "candidates": () if self._over else self._options,
        }
        return self._text, -1.0 if harmed else float(satisfied), terminated, truncated, info

    @property
    def _np_random(self) -> np.random.Generator | None:
        """Gymnasium's generator, made only when somebody wants it: a lawful world draws from its own stream."""
        if self._generator is None and self._np_random_seed is not None:
            self._generator = seeding.np_random(self._np_random_seed)[0]
        return self._generator

    @_np_random.setter
    def _np_random(self, generator: np.random.Generator | None) -> None:
        self._generator = generator

    # ---- extras ---------------------------------------------------------------------------------------------------
    @property
    def state(self) -> StateT:
        """The current state; ``BadSetting`` before the first reset."""
        if self._state is None:
            raise BadSetting(f"world {self.name!r} has no situation yet; call reset() first")
        return self._state

    def candidates(self) -> tuple[str, ...]:
        """The actions that make sense now."""
        return self.options(self.state)

    def facts(self) -> frozenset[Fact]:
        """The true state as facts."""
        self._check_seal("facts")
        return self.truth(self.state)

    def read(self, text: str) -> frozenset[Fact]:
        """The facts that a text states, in any wording."""
        return self.grammar.read(text)

    def fork(self) -> Self:
        """An independent copy in the same state."""
        self._check_seal("fork")
        other = type(self)(level=self.level, split=self.split, seed=self.first_seed, axis=self.axis)
        other._state, other._steps, other._over = self._state, self._steps, self._over
        other._text, other._options = self._text, self._options
        other._next_seed, other.step_limit = self._next_seed, self.step_limit
        return other

    def demonstrator(self, quality: str = "best") -> Callable[[], str]:
        """Follows the cheapest harmless plan (found by search), planned anew when things go otherwise."""
        self._check_seal("demonstrator")
        ahead: list[tuple[StateT, str]] = []

        def act() -> str:
            here = self.state
            if not ahead or ahead[0][0] != here:
                ahead[:] = self._route(here)
            return ahead.pop(0)[1]

        return act

    def _route(self, state: StateT) -> list[tuple[StateT, str]]:
        """The states and actions of the best plan, or the first option where there is none."""
        route = []
        for action in best_plan(self, state) or self.options(state)[:1]:
            route.append((state, action))
            state = self.law(state, action).state
        return route

    def probe(self, name: str, seed: int) -> ProbePair:
        """One minimal pair of the probe ``name``, drawn from this world's split and axis."""
        self._check_seal("probe")
        if name not in self.probes:
            raise UnknownName.of(f"probe of world {self.name!r}", name, self.probes)
        rng = situation_rng(f"{self.name}/probe {name}", self.split, self.axis, self.level, seed)
        (state_a, actions_a), (state_b, actions_b) = self.minimal_pair(name, rng)
        sides = self._side(state_a, actions_a), self._side(state_b, actions_b)
        return ProbePair(name, *sides, self.decides.get(name))

    def minimal_pair(self, name: str, rng: random.Random) -> tuple[Case[StateT], Case[StateT]]:
        """Two situations that one factor sets apart, each with the actions up to the one that is asked about."""
        raise NotOffered(f"world {self.name!r} has no probe {name!r}")

    def _side(self, state: StateT, actions: Sequence[str]) -> ProbeSide:
        desire, here, steps = self.wish(state), state, []
        for action in actions:
            effect = self.law(here, action)
            here = effect.state
            steps.append(self._step(action, effect))
        return ProbeSide(desire, self.text(state), tuple(steps[:-1]), steps[-1], frozenset(effect.told))

    def _step(self, action: str, effect: Effect[StateT]) -> Step:
        told, outcome = self.grammar.change(effect.told), self.text(effect.state)
        return Step(action, told, outcome, effect.progress, effect.harm, cost=effect.cost)


def situation_rng(name: str, split: str, axis: str, level: int, seed: int) -> random.Random:
    """The random stream of one situation: splits, axes and levels never share one."""
    return random.Random(f"{name}/{split}/{axis}/{level}/{seed}")


def best_plan(world: LawfulWorld[StateT], state: StateT, depth: int = 12, limit: int = 20_000) -> list[str]:
    """The cheapest harmless sequence of actions that satisfies the desire (uniform-cost search); [] if none.

    The cost of a step is the sum over its units, plus one so that an idle step is never free.
    """
    order = count()
    frontier: list[tuple[float, int, StateT | None, list[str]]] = [(0.0, next(order), state, [])]
    settled: set[StateT] = set()
    while frontier and len(settled) < limit:
        cost, _, here, path = heapq.heappop(frontier)
        if here is None:
            return path
        if here in settled or len(path) >= depth:
            continue
        settled.add(here)
        for action in world.options(here):
            effect = world.law(here, action)
            if effect.harm is Harm.HARMED or effect.progress is Progress.FAILED:
                continue
            after = None if effect.progress is Progress.SATISFIED else effect.state
            if after is None or after not in settled:
                step_cost = 1.0 + sum(amount for _, amount in effect.cost)
                heapq.heappush(frontier, (cost + step_cost, next(order), after, [*path, action]))
    return []
