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
    """Two sides whose outcomes differ because of one factor; right only if both are."""

    name: str
    left: ProbeSide
    right: ProbeSide

    @property
    def decisive(self) -> frozenset[Fact]:
        """The facts by which the two outcomes differ."""
        return self.left.changed ^ self.right.changed

    def judge(self, left: frozenset[Fact], right: frozenset[Fact]) -> tuple[bool, bool]:
        """Whether each side's predicted facts have exactly those decisive facts that are true there."""
        decisive = self.decisive
        return left & decisive == self.left.changed & decisive, right & decisive == self.right.changed & decisive
