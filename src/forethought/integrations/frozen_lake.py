"""Gymnasium's FrozenLake in sentences: cross the ice, and not through a hole."""

from __future__ import annotations

import random
from collections import deque
from typing import ClassVar

from gymnasium.envs.toy_text.frozen_lake import DOWN, LEFT, RIGHT, UP, FrozenLakeEnv

from forethought.integrations.toy_text import (
    COMPASS,
    HERE,
    START,
    ToyTextWorld,
    Walk,
    arriving,
    outcome_table,
    square,
    where,
)
from forethought.types import Fact
from forethought.worlds.grammar import Grammar

GRAMMAR = Grammar(
    {
        "compass": ("North of A1 is A2, and east of it is B1.",),
        "lake": (
            "The lake reaches from A1 to {0}.",
            "There is ice from A1 to {0}.",
            "The ice begins at A1 and ends at {0}.",
            "A frozen lake stretches from A1 to {0}.",
        ),
        "firm": ("The ice is firm.", "The ice gives a good hold.", "Nobody slips here.", "Steps hold on this ice."),
        "slippery": (
            "The ice is slippery.",
            "The ice gives no hold.",
            "Everybody slips here.",
            "Steps slide on this ice.",
        ),
        "hole": ("{0} is a hole.", "There is a hole at {0}.", "The ice is open at {0}.", "Water shows at {0}."),
        "you at": HERE,
        "start": START,
        "slipped": ("You slip.",),
        "fell": ("You fall through the ice.",),
    }
)
MOVES = {"go north": UP, "go east": RIGHT, "go south": DOWN, "go west": LEFT}
SIZES = {"train": (4, 5), "validation": (6,), "test": (7, 8)}
HOLES = {"train": (0.05, 0.2), "validation": (0.25, 0.3), "test": (0.36, 0.4)}
"""The share of holes, from and to; held-out ones on the axis ``holes``."""
SECTORS = {"validation": (1, 1), "test": (-1, -1)}
"""Where the goal lies on the axis ``direction``, as signs of east and north: north-east and south-west."""
LIKELY = 0.97
"""How likely the best way across slippery ice has to be."""


class FrozenLakeWorld(ToyTextWorld):
    """Cross a frozen lake to a named square. Level 1: firm ice. 2: slippery ice, where a third of the steps go astray.

    Maps are drawn from the seed. On slippery ice only maps are drawn on which the best way arrives with a chance of
    97%. Harm: a hole. Rewards are the environment's: 1 at the goal, else 0.
    """

    name = "frozenlake"
    summary = "Gymnasium's FrozenLake: cross the ice, which may be slippery, and not through a hole"
    axes: ClassVar[dict[str, str]] = {
        "size": "larger lakes than in training",
        "holes": "more holes than in training (for the same size)",
        "direction": "goals north-east or south-west of the start, where training has none",
        "wording": "desires and observations in wordings that training never uses",
    }
    recombines: ClassVar[frozenset[str]] = frozenset({"direction"})
    levels = range(1, 3)
    max_steps: ClassVar[dict[int, int]] = {1: 30, 2: 200}
    grammar = GRAMMAR

    def draw(self, rng: random.Random) -> Walk:
        """A map with a way from start to goal."""
        wordings = self.wordings(rng)
        while True:
            size = rng.choice(SIZES[self.split if self.axis == "size" else "train"])
            low, high = HOLES[self.split if self.axis == "holes" else "train"]
            walk = self._walk(rng, size, rng.uniform(low, high), wordings)
            if walk is not None:
                return walk

    def _walk(self, rng: random.Random, size: int, share: float, wordings: dict[str, int]) -> Walk | None:
        spots = [(x, y) for x in range(size) for y in range(size)]
        start, goal = rng.sample(spots, 2)
        if not self._wanted(start, goal):
            return None
        ground = [spot for spot in spots if spot not in (start, goal)]
        holes = set(rng.sample(ground, max(1, round(share * len(spots)))))
        if not _connected(start, goal, holes, size):
            return None
        kinds = {start: "S", goal: "G", **dict.fromkeys(holes, "H")}
        rows = ["".join(kinds.get((x, y), "F") for x in range(size)) for y in reversed(range(size))]
        env = FrozenLakeEnv(desc=rows, is_slippery=self.level > 1)
        squares = tuple(square(s % size, size - 1 - s // size) for s in range(size * size))
        at, to = squares.index(square(*start)), squares.index(square(*goal))
        if self.level > 1 and arriving(outcome_table(env.P, self.falls), at, self.step_limit) < LIKELY:
            return None
        ice: Fact = ("slippery",) if self.level > 1 else ("firm",)
        told = sorted(square(*hole) for hole in holes)
        facts: list[Fact] = [("compass",), ("lake", square(size - 1, size - 1)), ice, *(("hole", h) for h in told)]
        return Walk(env, squares, MOVES, at, to, tuple(facts), **wordings)

    def _wanted(self, start: tuple[int, int], goal: tuple[int, int]) -> bool:
        sector = _sector(start, goal)
        far = abs(goal[0] - start[0]) + abs(goal[1] - start[1]) > 1
        return far and (sector == SECTORS[self.split] if self.axis == "direction" else sector not in SECTORS.values())

    def falls(self, reward: float, ended: bool) -> bool:
        """The end without the goal's reward is a hole."""
        return ended and reward <= 0

    def aims(self, start: str, goal: str) -> bool:
        """No goal in a held-out direction."""
        return _sector(where(start), where(goal)) not in SECTORS.values()


def _sector(start: tuple[int, int], goal: tuple[int, int]) -> tuple[int, int]:
    east, north = goal[0] - start[0], goal[1] - start[1]
    return (east > 0) - (east < 0), (north > 0) - (north < 0)


def _connected(start: tuple[int, int], goal: tuple[int, int], holes: set[tuple[int, int]], size: int) -> bool:
    reached, ahead = {start}, deque([start])
    while ahead:
        x, y = ahead.popleft()
        for east, north in COMPASS.values():
            spot = x + east, y + north
            if spot not in reached and spot not in holes and all(0 <= c < size for c in spot):
                reached.add(spot)
                ahead.append(spot)
    return goal in reached
