"""Best-first search with backtracking over what is imagined, and the choice that follows from it.

Only text comes in: the transcript so far and the actions that make sense now. In imagined states there is no list of
actions, so the dynamics propose them.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from forethought.errors import BadSetting
from forethought.models.latent import DISCOUNT, STEP_COST
from forethought.planning.dynamics import Dynamics, Future, Situation

LONGEST = 4
OVER = 0.1
"""An episode that goes on unharmed with no more than this probability is not imagined further."""
ONE_STEP = DISCOUNT**STEP_COST
"""What is reached by one step more counts no more than this."""
HOPE = 0.5
"""An option is worth taking if it is imagined to meet the desire with at least this chance."""
ALIKE = 0.01
"""Values that differ by less are ties, of which what was not tried yet in this episode comes first."""


@dataclass(frozen=True, slots=True)
class Option:
    """One action with what it is imagined to cause; ``value`` counts all that was imagined beyond it."""

    action: str
    imagined: Future
    value: float
    next: tuple[Option, ...] = ()

    @property
    def path(self) -> tuple[Option, ...]:
        """This option and the best that was imagined after it, to the end."""
        return (self, *(self.next[0].path if self.next else ()))

    @property
    def prospect(self) -> float:
        """The best chance that the desire is met unharmed, in this future or one after it, or from there on (reach)."""
        future = self.imagined
        here = max(future.satisfied * (1.0 - future.harmed), future.ongoing * (future.reach or 0.0))
        return max([here, *(after.prospect for after in self.next)])

    @property
    def hopeful(self) -> bool:
        """Whether the desire is likely to be met by it, as imagined."""
        return self.prospect >= HOPE


@dataclass(slots=True)
class _Node:
    """An imagined action in the tree of a situation; ``so_far`` is what the way to it and it itself are worth at the
    root, and ``weight`` how much counts there what follows.
    """

    action: str
    future: Future
    so_far: float
    weight: float
    depth: int
    children: list[_Node] = field(default_factory=list)

    def value(self, trust: float) -> float:
        """Discounted chance of being satisfied without harm, minus the chance of harm."""
        future = self.future
        ahead = 0.0 if future.idle else future.reach or 0.0
        if self.children:
            best = max(0.0, *(child.value(trust) for child in self.children))  # nobody has to go on
            ahead = best if future.reach is None else trust * best + (1.0 - trust) * ahead
        return gain(future) + discount(future) * future.ongoing * ahead

    def option(self, trust: float) -> Option:
        """The node as an option, the best of what follows first."""
        following = sorted((child.option(trust) for child in self.children), key=lambda option: -option.value)
        return Option(self.action, self.future, self.value(trust), tuple(following))


@dataclass(frozen=True, slots=True)
class Planner:
    """Looks up to ``horizon`` steps ahead, and imagines up to ``budget`` futures for each decision, the most promising
    first: one that disappoints is left for another (backtracking).

    ``proposals`` is how many actions are tried in each imagined state. Where the dynamics tell how far the desire is
    (``reach``), that counts beside what was imagined further on: ``trust`` is the latter's share at each step, so that
    distances are summed along the path. ``width`` states are imagined at once. After ``milliseconds`` for each
    situation, if given, nothing further is imagined; the first look at every action is always taken.
    """

    horizon: int = 3
    budget: int = 256
    proposals: int = 6
    trust: float = 0.9
    width: int = 8
    milliseconds: int | None = None

    def __post_init__(self) -> None:
        for name in ("horizon", "budget", "proposals", "width", "milliseconds"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise BadSetting(f"planner {name} of {value}; expected at least 1")
        if self.horizon > LONGEST:
            raise BadSetting(f"planner horizon of {self.horizon}; expected at most {LONGEST}")
        if not 0.0 <= self.trust <= 1.0:
            raise BadSetting(f"planner trust of {self.trust}; expected a share from 0 to 1")

    def options(
        self, dynamics: Dynamics, situations: Sequence[Situation], generator: torch.Generator | None = None
    ) -> list[list[Option]]:
        """For each situation its options, best first. Without candidates, the model's own proposals are used."""
        if not situations:
            return []
        seconds = math.inf if self.milliseconds is None else self.milliseconds / 1000 * len(situations)
        until = time.monotonic() + seconds
        states = dynamics.begin(situations)
        lacking = [i for i, situation in enumerate(situations) if not situation.candidates]
        actions = [tuple(dict.fromkeys(situation.candidates)) for situation in situations]
        if lacking:
            proposed = dynamics.propose([states[i] for i in lacking], self.proposals, generator)
            for i, found in zip(lacking, proposed, strict=True):
                actions[i] = found
        trees = [
            _Tree(dict(zip(here, futures, strict=True)), self)
            for here, futures in zip(actions, dynamics.imagine(states, actions), strict=True)
        ]
        while time.monotonic() < until and (going := [(tree, node) for tree in trees for node in tree.promising()]):
            proposed = dynamics.propose([node.future.state for _, node in going], self.proposals, generator)
            imagined = dynamics.imagine([node.future.state for _, node in going], proposed)
            for (tree, node), here, futures in zip(going, proposed, imagined, strict=True):
                tree.grow(node, dict(zip(here, futures, strict=True)))
        return [tree.options(situation.tried) for tree, situation in zip(trees, situations, strict=True)]


class _Tree:
    """What has been imagined from one situation, and what is worth imagining next."""

    def __init__(self, futures: dict[str, Future], planner: Planner) -> None:
        self.planner, self.imagined, self._order = planner, 0, 0
        self._frontier: list[tuple[float, int, _Node]] = []
        self.roots = self._added(futures, 0.0, 1.0, 1)

    def promising(self) -> list[_Node]:
        """The most promising nodes that have not been followed, as many as the budget allows; none that cannot lead to
        anything better than what was found already.
        """
        room = (self.planner.budget - self.imagined) // self.planner.proposals
        best = max((root.value(self.planner.trust) for root in self.roots), default=0.0)
        found: list[_Node] = []
        while self._frontier and len(found) < min(self.planner.width, room):
            node = heapq.heappop(self._frontier)[2]
            if node.so_far + node.weight * ONE_STEP > best:
                found.append(node)
        return found

    def grow(self, node: _Node, futures: dict[str, Future]) -> None:
        """Adds what was imagined after a node."""
        node.children = self._added(futures, node.so_far, node.weight, node.depth + 1)

    def options(self, tried: frozenset[str]) -> list[Option]:
        """The first actions, best first."""
        found = [node.option(self.planner.trust) for node in self.roots]
        return sorted(found, key=lambda option: (-round(option.value / ALIKE), option.action in tried))

    def _added(self, futures: dict[str, Future], so_far: float, weight: float, depth: int) -> list[_Node]:
        nodes = [
            _Node(action, f, so_far + weight * gain(f), weight * discount(f) * f.ongoing, depth)
            for action, f in futures.items()
        ]
        self.imagined += len(nodes)
        for node in nodes:
            if depth < self.planner.horizon and node.future.ongoing > OVER and not node.future.idle:
                heapq.heappush(self._frontier, (-node.weight, self._order, node))
                self._order += 1
        return nodes


def gain(future: Future) -> float:
    """What a future is worth, whatever follows it."""
    return discount(future) * future.satisfied * (1.0 - future.harmed) - future.harmed


def discount(future: Future) -> float:
    """What is reached counts less the more it takes."""
    return math.pow(DISCOUNT, future.cost + STEP_COST)
