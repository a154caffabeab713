"""A small model, and a small world that can be told to fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from forethought.models import Model, train_tokenizer, training_texts
from forethought.worlds import World

REACH = 2


class Ladder(World):
    """Climb so many rungs; it fails where it is told to, and counts what is asked of it."""

    name = "ladder"

    def __init__(self, fails: str = "", lists: bool = True, lasts: int = 3) -> None:
        super().__init__()
        self.fails, self.lists, self.lasts, self.rung, self.moves = fails, lists, lasts, 0, 0
        self.log: list[str] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        if self.fails == "reset":
            raise ZeroDivisionError("no ladder")
        super().reset(seed=seed)
        self.rung = self.moves = 0
        return "You stand on the ground.", {"desire": "Climb the ladder."}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        self.log.append(f"step {action}")
        if self.fails == "step":
            raise KeyError("a rung broke")
        self.moves += 1
        info: dict[str, Any] = {}
        if action == "climb":
            self.rung += 1
            info["change"] = f"You are on rung {self.rung}."
        elif action == "wait":
            info["change"] = "Nothing changes."
        else:
            info["warning"] = f"{action!r} is not an action here"
        done = self.rung >= REACH
        info["progress"] = "satisfied" if done else "ongoing"
        return f"You are on rung {self.rung}.", float(done), done, self.moves >= self.lasts, info

    def candidates(self) -> tuple[str, ...]:
        return ("climb", "wait") if self.lists else super().candidates()

    def facts(self) -> frozenset[tuple[str, ...]]:
        self._check_seal("facts")
        return frozenset({("rung", str(self.rung))})


@pytest.fixture
def ladder() -> Callable[..., Ladder]:
    return Ladder


@pytest.fixture(scope="session")
def new_model() -> Callable[..., Model]:
    """Makes models of equal initial weights."""
    tokenizer = train_tokenizer(training_texts(["errand"], [1], episodes=20), 500)
    return lambda **settings: Model.from_scratch("nano", tokenizer=tokenizer, **settings)


@pytest.fixture(scope="session")
def model(new_model: Callable[..., Model]) -> Model:
    """One that no test may train."""
    return new_model()
