"""The worlds made of MiniGrid: BabyAI's missions in words, and a crossing over lava."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, ClassVar

from forethought.errors import BadSetting
from forethought.integrations.adapter import optional
from forethought.integrations.grids import ACTIONS, ALWAYS, NAMES, GridWorld, way
from forethought.types import Fact
from forethought.worlds.lawful import situation_rng

HELD_OUT = {
    "validation": frozenset({("yellow", "ball"), ("blue", "key"), ("grey", "box")}),
    "test": frozenset({("red", "box"), ("green", "ball"), ("purple", "key")}),
}
"""Colours of things that training never shows together."""
ROOM_SIZES = {"train": (6, 7), "validation": (8,), "test": (9, 10)}
THINGS = {"train": (3, 4), "validation": (6,), "test": (7, 8)}
GRIDS = {"train": (7,), "validation": (9,), "test": (11,)}
RIVERS = {"train": {1: (1,), 2: (2,)}, "validation": {1: (2,), 2: (3,)}, "test": {1: (3,), 2: (4,)}}
UNLOCKING = 3
MISTAKES = 0.2
"""The share of its steps that the custom demonstrator of BabyAI takes at random."""


class BabyAIWorld(GridWorld):
    """BabyAI's missions. Level 1: go to a thing. 2: put one thing next to another. 3: unlock a door, pick up a box.

    Missions are BabyAI's own words. There is no harm in these environments. Rewards are the environment's: from 1 down
    to 0.1 on success, the less the longer it took.
    """

    name = "babyai"
    summary = "BabyAI's missions in a grid: go to things, put them next to each other, unlock doors"
    axes: ClassVar[dict[str, str]] = {
        "combination": "missions about things in colours that training never shows them in",
        "size": "larger rooms than in training (levels 1 and 2)",
        "things": "more things than in training (levels 1 and 2)",
        "wording": "observations in wordings that training never uses (missions are BabyAI's own words)",
    }
    recombines: ClassVar[frozenset[str]] = frozenset({"combination"})
    levels = range(1, 4)
    max_steps: ClassVar[dict[int, int]] = {1: 64, 2: 128, 3: 128}

    def __init__(self, *, level: int = 1, split: str = "train", seed: int | None = None, axis: str = "") -> None:
        if level == UNLOCKING and axis in ("size", "things"):
            raise BadSetting(f"axis {axis!r} of world 'babyai' does not exist at level 3, whose rooms are fixed; "
                             "expected level 1 or 2")  # fmt: skip
        super().__init__(level=level, split=split, seed=seed, axis=axis)

    def sizes(self, rng: random.Random) -> tuple[int, int]:
        """A room's size with its walls, and how many things there are besides."""
        if self.level == UNLOCKING:
            return 6, 0
        size = rng.choice(ROOM_SIZES[self.split if self.axis == "size" else "train"])
        return size, rng.choice(THINGS[self.split if self.axis == "things" else "train"])

    def make(self, size: int, many: int) -> Any:
        """BabyAI's GoToLocal, PutNextLocal or UnlockPickup."""
        if self.level == 1:
            return optional("minigrid.envs.babyai.goto", self.extra).GoToLocal(room_size=size, num_dists=many)
        if self.level == UNLOCKING:
            return optional("minigrid.envs.babyai.unlock", self.extra).UnlockPickup()
        return optional("minigrid.envs.babyai.putnext", self.extra).PutNextLocal(room_size=size, num_objs=many + 1)

    def wanted(self, env: Any) -> bool:
        """Held-out things are nowhere in training, and asked for on their own axis."""
        shown = {(cell.color, cell.type) for cell in env.grid.grid if cell is not None}
        if self.axis != "combination":
            return not any(shown & held for held in HELD_OUT.values())
        others = frozenset().union(*(held for split, held in HELD_OUT.items() if split != self.split))
        return bool(_asked_for(env.instrs) & HELD_OUT[self.split]) and not shown & others

    def rooms(self, env: Any) -> list[Fact]:
        """The rooms of the grid, without their walls."""
        found: list[Fact] = []
        for room in (room for row in env.room_grid for room in row):
            (x, y), (width, height) = room.top, room.size
            corners = (x + 1, y + height - 2), (x + width - 2, y + 1)
            found.append(("room", *(self._squares[corner] for corner in corners)))
        return found

    def demonstrator(self, quality: str = "custom") -> Callable[[], str]:
        """``best``: BabyAI's own bot; ``custom``: the bot, with a fifth of its steps taken at random."""
        self._check_seal("demonstrator")
        bot: Any = None
        rng = random.Random(0)

        def act() -> str:
            nonlocal bot, rng
            if bot is None or not self._taken:
                rng = situation_rng(f"{self.name}/custom", self.split, self.axis, self.level, self.seed)
                bot = optional("minigrid.utils.baby_ai_bot", self.extra).BabyAIBot(self._env)
            try:
                number = int(bot.replan(ACTIONS.get(self._taken[-1]) if self._taken else None))
            except Exception:  # it asserts what somebody else's steps before it have broken
                bot, number = None, len(NAMES)
            if number >= len(NAMES) or (quality != "best" and rng.random() < MISTAKES):
                return rng.choice(ALWAYS)
            return NAMES[number]

        return act


class LavaWorld(GridWorld):
    """MiniGrid's LavaCrossing: rivers of lava with a gap in each. Level 1: one river. 2: two.

    Harm: the lava. Rewards are the environment's: from 1 down to 0.1 at the goal, the less the longer it took.
    """

    name = "lavacrossing"
    summary = "MiniGrid's LavaCrossing: over rivers of lava by their gaps"
    axes: ClassVar[dict[str, str]] = {
        "size": "larger grids than in training",
        "rivers": "more rivers than in training",
        "wording": "observations in wordings that training never uses (the mission is MiniGrid's own words)",
    }
    levels = range(1, 3)
    max_steps: ClassVar[dict[int, int]] = {1: 196, 2: 196}

    def sizes(self, rng: random.Random) -> tuple[int, int]:
        """The grid's size with its walls, and how many rivers there are."""
        size = rng.choice(GRIDS[self.split if self.axis == "size" else "train"])
        rivers = rng.choice(RIVERS[self.split if self.axis == "rivers" else "train"][self.level])
        return size, rivers

    def make(self, size: int, many: int) -> Any:
        """MiniGrid's CrossingEnv with lava."""
        return optional("minigrid.envs.crossing", self.extra).CrossingEnv(size=size, num_crossings=many)

    def wanted(self, env: Any) -> bool:
        """Every situation: nothing but sizes and rivers is held out."""
        return True

    def rooms(self, env: Any) -> list[Fact]:
        """The one room."""
        return [("room", self._squares[1, env.height - 2], self._squares[env.width - 2, 1])]

    def demonstrator(self, quality: str = "custom") -> Callable[[], str]:
        """``best``: the shortest way around the lava; ``custom``: the shortest way, lava or not."""
        self._check_seal("demonstrator")
        kinds = ("goal",) if quality == "best" else ("goal", "lava")

        def act() -> str:
            env = self._env
            goal = next(place for place, cell in enumerate(env.grid.grid) if cell is not None and cell.type == "goal")
            goal_at = goal % env.width, goal // env.width
            return way(env, lambda cell: cell is None or cell.type in kinds, goal_at)[0]

        return act


def _asked_for(instruction: Any) -> set[tuple[str, str]]:
    """The colours and kinds that an instruction names."""
    named = [getattr(instruction, part, None) for part in ("desc", "desc_move", "desc_fixed")]
    return {(desc.color, desc.type) for desc in named if desc is not None}


__all__ = ["ACTIONS", "BabyAIWorld", "LavaWorld"]
