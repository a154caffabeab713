"""Probes: transitions in minimal pairs, in which one causal factor decides the outcome."""

from __future__ import annotations

from dataclasses import dataclass

from forethought.types import Fact, Step

PAIR_BLIND = 0.0
"""Share of pairs that any answer blind to the factor gets right: its two answers are the same, the outcomes differ."""
SIDE_BLIND = 0.5
"""Share of single sides that an answer blind to the factor gets right."""


@dataclass(frozen=True, slots=True)
class ProbeSide:
    """One half of a pair: what was lived through, the step that is asked about, and the facts that it changed."""

    desire: str
    observation: str
    history: tuple[Step, ...]
    step: Step
    changed: frozenset[Fact]


@dataclass(frozen=True, slots=True)
class ProbePair:
    """Two sides whose outcomes differ because of one factor; right only if both are.

    ``kinds`` are the kinds of fact that the factor decides (``None``: all), where the sides differ in names besides.
    """

    name: str
    left: ProbeSide
    right: ProbeSide
    kinds: frozenset[str] | None = None

    @property
    def decisive(self) -> frozenset[Fact]:
        """The facts by which the two outcomes differ because of the factor."""
        differing = self.left.changed ^ self.right.changed
        return differing if self.kinds is None else frozenset(fact for fact in differing if fact[0] in self.kinds)

    def judge(self, left: frozenset[Fact], right: frozenset[Fact]) -> tuple[bool, bool]:
        """Whether each side's predicted facts have exactly those decisive facts that are true there."""
        decisive = self.decisive
        return left & decisive == self.left.changed & decisive, right & decisive == self.right.changed & decisive
