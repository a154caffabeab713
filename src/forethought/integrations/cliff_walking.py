"""Gymnasium's CliffWalking in sentences: walk along a cliff to its far end."""

from __future__ import annotations

import random
from typing import ClassVar

from gymnasium.envs.toy_text.cliffwalking import POSITION_MAPPING, CliffWalkingEnv

from forethought.errors import BadSetting
from forethought.integrations.toy_text import COMPASS, HERE, START, ToyTextWorld, Walk, square, where
from forethought.types import Fact
from forethought.worlds.grammar import Grammar

GRAMMAR = Grammar(
    {
        "compass": ("North of A1 is A2, and east of it is B1.",),
        "land": (
            "The land reaches from A1 to {0}.",
            "There is land from A1 to {0}.",
            "The land begins at A1 and ends at {0}.",
            "Land stretches from A1 to {0}.",
        ),
        "cliff": (
            "From {0} to {1} there is a cliff.",
            "A cliff runs from {0} to {1}.",
            "The squares {0} to {1} are a cliff.",
            "The ground drops away between {0} and {1}.",
        ),
        "firm": ("The ground is firm.", "The ground gives a good hold.", "Nobody slips here.", "Steps hold here."),
        "slippery": (
            "The ground is slippery.",
            "The ground gives no hold.",
            "Everybody slips here.",
            "Steps slide here.",
        ),
        "you at": HERE,
        "start": START,
        "slipped": ("You slip.",),
        "fell": ("You fall off the cliff.",),
    }
)
ROWS, COLUMNS = 4, 12
HELD_OUT_VIEWS = {"validation": (3,), "test": (6,)}
"""Views that only the axis ``view`` has, of the eight ways to turn and mirror the map."""
VIEWS = tuple(view for view in range(8) if view not in (3, 6))
DISTANCES = {"train": (1, 7), "validation": (8, 9), "test": (10, 14)}
"""How many steps the goal is away, over the cliff: fewest and most."""
FALL = -100
Spot = tuple[int, int]


class CliffWalkingWorld(ToyTextWorld):
    """Walk to the square at the cliff's end. Level 1: firm ground. 2: slippery, where two of three steps go astray.

    The map is Gymnasium's own, turned and mirrored in eight ways, with a start drawn anywhere on safe ground. Harm: the
    cliff, which ends the episode here (Gymnasium goes on from its start square). Rewards are the environment's: -1 for
    a step, -100 for the fall.
    """

    name = "cliffwalking"
    summary = "Gymnasium's CliffWalking: a walk beside a cliff, on ground that may be slippery"
    axes: ClassVar[dict[str, str]] = {
        "distance": "goals further away than in training, up to the environment's own start at the cliff's other end",
        "view": "the map turned and mirrored as training never has it",
        "wording": "desires and observations in wordings that training never uses",
    }
    levels = range(1, 3)
    max_steps: ClassVar[dict[int, int]] = {1: 40, 2: 400}
    grammar = GRAMMAR
    cost: ClassVar[tuple[tuple[str, float], ...]] = (("steps", 1.0),)

    def __init__(self, *, level: int = 1, split: str = "train", seed: int | None = None, axis: str = "") -> None:
        super().__init__(level=level, split=split, seed=seed, axis=axis)
        self._land: CliffWalkingEnv | None = None

    def draw(self, rng: random.Random) -> Walk:
        """The map from a view, and a start."""
        if self._land is None:
            self._land = _environment(self.level > 1)
        view = rng.choice(HELD_OUT_VIEWS[self.split] if self.axis == "view" else VIEWS)
        spots = [_seen_from(view, s % COLUMNS, ROWS - 1 - s // COLUMNS) for s in range(ROWS * COLUMNS)]
        squares = tuple(square(*spot) for spot in spots)
        goal, corner = ROWS * COLUMNS - 1, (ROWS - 1) * COLUMNS
        nearest, furthest = DISTANCES[self.split if self.axis == "distance" else "train"]
        starts = [s for s in (*range(corner), corner) if nearest <= _steps(squares[s], squares[goal]) <= furthest]
        east, north = max(spots)[0], max(spot[1] for spot in spots)
        edge = sorted((squares[corner + 1], squares[goal - 1]), key=where)
        footing: Fact = ("slippery",) if self.level > 1 else ("firm",)
        ground = (("compass",), ("land", square(east, north)), ("cliff", *edge), footing)
        moves = {f"go {direction}": _move(view, step) for direction, step in COMPASS.items()}
        return Walk(self._land, squares, moves, rng.choice(starts), goal, ground, **self.wordings(rng))

    def falls(self, reward: float, ended: bool) -> bool:
        """The cliff is told by its reward."""
        return reward == FALL

    def aims(self, start: str, goal: str) -> bool:
        """No goal further away than in training."""
        return _steps(start, goal) <= DISTANCES["train"][1]


def _environment(slippery: bool) -> CliffWalkingEnv:
    if not slippery:
        return CliffWalkingEnv()
    try:
        return CliffWalkingEnv(is_slippery=True)
    except TypeError as error:
        raise BadSetting("level 2 of world 'cliffwalking' needs a Gymnasium with a slippery CliffWalking: 1.1 or later"
                         ) from error  # fmt: skip


def _seen_from(view: int, x: int, y: int) -> Spot:
    """Where a spot of Gymnasium's map (steps east and north of its lower left corner) lies in a view."""
    x, y = (COLUMNS - 1 - x if view & 1 else x), (ROWS - 1 - y if view & 2 else y)
    return (y, x) if view & 4 else (x, y)


def _move(view: int, step: Spot) -> int:
    """The number of Gymnasium's move that looks like ``step`` in a view."""
    for number, (down, right) in POSITION_MAPPING.items():
        here, there = _seen_from(view, 5, 2), _seen_from(view, 5 + right, 2 - down)
        if (there[0] - here[0], there[1] - here[1]) == step:
            return int(number)
    raise AssertionError(f"no move of CliffWalking goes {step}")


def _steps(start: str, goal: str) -> int:
    return sum(abs(a - b) for a, b in zip(where(start), where(goal), strict=True))
