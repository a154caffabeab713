"""Small worlds as tables, imagined without error, so that the best plan is known by trying every one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from forethought.models import Model, train_tokenizer, training_texts
from forethought.planning import Future, Situation

Row = tuple[str, Future]
"""Where an action leads and what is imagined of it."""


@dataclass
class Table:
    """Dynamics that know a table of (state, action); they count what they are asked."""

    rows: dict[tuple[str, str], Row]
    start: str = "start"
    imagined: list[tuple[str, str]] = field(default_factory=list)
    proposed: list[str] = field(default_factory=list)
    name: str = "table"

    def begin(self, situations: Sequence[Situation]) -> list[str]:
        return [self.start] * len(situations)

    def imagine(self, states: Sequence[str], actions: Sequence[Sequence[str]]) -> list[list[Future]]:
        self.imagined += [(state, action) for state, here in zip(states, actions, strict=True) for action in here]
        return [[self.rows[state, action][1] for action in here] for state, here in zip(states, actions, strict=True)]

    def propose(
        self, states: Sequence[str], count: int, generator: torch.Generator | None = None
    ) -> list[tuple[str, ...]]:
        self.proposed += states
        return [tuple(a for s, a in self.rows if s == state)[:count] for state in states]


def future(to: str = "", satisfied: float = 0.0, failed: float = 0.0, harmed: float = 0.0, **more: Any) -> Row:
    """A row of a table."""
    return to, Future(satisfied, failed, harmed, state=to, **more)


def table(rows: dict[tuple[str, str], Row]) -> Table:
    return Table(rows)


def maze(seed: int, states: int = 6, actions: int = 3, told: bool = False) -> Table:
    """A random table in which some ways satisfy, some fail and some harm, each step at a cost of its own."""
    rng = random.Random(seed)
    names = ["start", *(f"s{i}" for i in range(1, states))]
    rows: dict[tuple[str, str], Row] = {}
    for state in names:
        for i in range(actions):
            kind = rng.choices(["on", "good", "bad", "harm"], [0.7, 0.12, 0.1, 0.08])[0]
            to, cost = rng.choice(names), float(rng.randrange(6))
            rows[state, f"{state}/{i}"] = future(
                to, float(kind == "good"), float(kind == "bad"), float(kind == "harm"), cost=cost
            )
    return Table(rows)


@pytest.fixture(scope="session")
def make_row() -> Any:
    return future


@pytest.fixture(scope="session")
def make_table() -> Any:
    return table


@pytest.fixture(scope="session")
def make_maze() -> Any:
    return maze


@pytest.fixture(scope="module")
def model() -> Model:
    """Untrained, with latent dynamics."""
    tokenizer = train_tokenizer(training_texts(["errand"], [1], episodes=20), 500)
    return Model.from_scratch("nano", tokenizer=tokenizer).with_latent(members=2)
