"""MiniGrid and BabyAI in sentences: the whole grid is told, with names for its squares."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from contextlib import redirect_stdout
from copy import deepcopy
from io import StringIO
from typing import Any, Self

from forethought.errors import BadAction, BadSetting
from forethought.integrations.adapter import Adapter, Outcome, optional
from forethought.integrations.toy_text import HERE, square
from forethought.types import Fact, Harm, Progress
from forethought.worlds.grammar import Grammar

GRAMMAR = Grammar(
    {
        "compass": ("North of A1 is A2, and east of it is B1.",),
        "room": (
            "A room reaches from {0} to {1}.",
            "There is a room from {0} to {1}.",
            "A room begins at {0} and ends at {1}.",
            "A room stretches from {0} to {1}.",
        ),
        "door": (
            "The {1} door at {2} is {0}.",
            "At {2} is the {1} door, which is {0}.",
            "The way through {2} has a {1} door, and it is {0}.",
            "Somebody left the {1} door at {2} {0}.",
        ),
        "thing": ("A {0} lies at {1}.", "There is a {0} at {1}.", "Look for a {0} at {1}.", "At {1} lies a {0}."),
        "lava": ("{0} is lava.", "There is lava at {0}.", "Lava covers {0}.", "Lava glows at {0}."),
        "goal": (
            "The green square is {0}.",
            "{0} is the green square.",
            "The square painted green is {0}.",
            "Green paint marks {0}.",
        ),
        "carry": ("You carry {0}.", "You hold {0}.", "In your arms: {0}.", "Your load: {0}."),
        "you at": HERE,
        "facing": ("You face {0}.", "You look {0}.", "Your eyes point {0}.", "In front of you is the {0}."),
        "burnt": ("The lava burns you.",),
        "gone": ("The {0} at {1} is gone.",),
    }
)
WORDINGS = {"": (0, 1), "validation": (2,), "test": (3,)}
FACING = ("east", "south", "west", "north")
"""MiniGrid's directions, by number."""
STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))
ACTIONS = {"turn left": 0, "turn right": 1, "go forward": 2, "pick up": 3, "drop": 4, "toggle": 5}
NAMES = tuple(ACTIONS)
ALWAYS = NAMES[:3]
TURNS_AND_STEPS = 3
"""The first actions, which change nothing but where you are and look."""
TRIES = 10_000


class GridWorld(Adapter):
    """A mission in a MiniGrid grid, which is told whole (as MiniGrid's FullyObsWrapper shows it)."""

    extra = "minigrid"
    grammar = GRAMMAR

    def __init__(self, *, level: int = 1, split: str = "train", seed: int | None = None, axis: str = "") -> None:
        super().__init__(level=level, split=split, seed=seed, axis=axis)
        optional("minigrid", self.extra)
        self._made: dict[tuple[int, int], Any] = {}

    # ---- what a world defines -------------------------------------------------------------------------------------
    @abstractmethod
    def sizes(self, rng: random.Random) -> tuple[int, int]:
        """The particulars of a grid to make: its size, and how much is in it."""

    @abstractmethod
    def make(self, size: int, many: int) -> Any:
        """The MiniGrid environment with these particulars."""

    @abstractmethod
    def wanted(self, env: Any) -> bool:
        """Whether a situation that MiniGrid drew belongs to this world's split and axis."""

    @abstractmethod
    def rooms(self, env: Any) -> list[Fact]:
        """Where the rooms are."""

    # ---- the episode ----------------------------------------------------------------------------------------------
    def begin(self, rng: random.Random) -> tuple[str, str]:
        """A grid that MiniGrid draws, drawn again until it belongs to this split and axis."""
        self._wording = rng.choice(WORDINGS[self.split if self.axis == "wording" else ""])
        for _ in range(TRIES):
            particulars = self.sizes(rng)
            if particulars not in self._made:
                self._made[particulars] = self.make(*particulars)
            env = self._made[particulars]
            with redirect_stdout(StringIO()):  # it prints each mission that it rejects
                env.reset(seed=rng.getrandbits(31))
            if self.wanted(env):
                break
        else:
            raise BadSetting(f"no situation of world {self.name!r} was found in {TRIES} tries: level {self.level}, "
                             f"split {self.split!r}, axis {self.axis!r}")  # fmt: skip
        env.agent_pos = tuple(int(c) for c in env.agent_pos)  # some levels begin with an array here
        self._env, self.step_limit = env, env.max_steps
        self._squares = {(x, y): square(x, env.height - 1 - y) for x in range(env.width) for y in range(env.height)}
        self._rooms = tuple(self.rooms(env))
        self._look()
        mission = str(env.mission)
        return self._told(), f"{mission[:1].upper()}{mission[1:]}."

    def act(self, action: str) -> Outcome:
        """One action of MiniGrid, and what it changed."""
        number = ACTIONS.get(action)
        if number is None:
            raise BadAction(f"{action!r:.80} is not an action here; try one like {NAMES[2]!r}")
        env = self._env
        at, facing, things = env.agent_pos, env.agent_dir, self._things
        _, reward, ended, _, _ = env.step(number)
        told: list[Fact] = []
        if env.agent_pos != at:
            told.append(("you at", self._squares[env.agent_pos]))
        if env.agent_dir != facing:
            told.append(("facing", FACING[env.agent_dir]))
        if number >= TURNS_AND_STEPS:
            carried = self._carried
            self._look()
            told += self._moved(things, carried)
        progress, harm = Progress.ONGOING, Harm.NONE
        if ended:
            under = env.grid.get(*env.agent_pos)
            burnt = under is not None and under.type == "lava"
            told += [("burnt",)] if burnt else []
            progress = Progress.SATISFIED if reward > 0 else Progress.FAILED
            harm = Harm.HARMED if burnt else Harm.NONE
        change = GRAMMAR.change(tuple(told))
        return Outcome(self._told(), change, float(reward), progress, harm, (("steps", 1.0),))

    def _look(self) -> None:
        """Notes what lies where, what is carried, and how that is told."""
        env, found = self._env, []
        for place, cell in enumerate(env.grid.grid):
            if cell is not None and cell.type != "wall":
                found.append(_fact(cell, self._squares[place % env.width, place // env.width]))
        self._things: tuple[Fact, ...] = tuple(found)
        self._carried = _name(env.carrying) if env.carrying else "nothing"
        seen: list[Fact] = [("compass",), *self._rooms, *self._things, ("carry", _article(self._carried))]
        self._ground = GRAMMAR.tell(seen, self._wording)

    def _moved(self, before: tuple[Fact, ...], carried: str) -> list[Fact]:
        """What became of things: where they lie now, how doors stand, what is carried and what is gone."""
        told = [fact for fact in self._things if fact not in before]
        if self._carried != carried:
            told.append(("carry", _article(self._carried)))
        elif len(self._things) < len(before):
            told += [("gone", *fact[1:]) for fact in before if fact[0] == "thing" and fact not in self._things]
        return told

    def _told(self) -> str:
        env, say = self._env, GRAMMAR.say
        here, facing = ("you at", self._squares[env.agent_pos]), ("facing", FACING[env.agent_dir])
        return f"{self._ground} {say(here, self._wording)} {say(facing, self._wording)}"

    def options(self) -> tuple[str, ...]:
        """Turning and going always; hands only where there is something for them to do."""
        env = self._env
        (x, y), (east, south) = env.agent_pos, STEPS[env.agent_dir]
        cell = env.grid.get(int(x) + east, int(y) + south)
        if cell is None:
            return (*ALWAYS, "drop") if env.carrying else ALWAYS
        found = [*ALWAYS]
        if env.carrying is None and cell.can_pickup():
            found.append("pick up")
        if cell.type in ("door", "box"):
            found.append("toggle")
        return tuple(found)

    # ---- extras ---------------------------------------------------------------------------------------------------
    def facts(self) -> frozenset[Fact]:
        """Rooms, things, doors, what is carried, and where you are and look."""
        self._check_seal("facts")
        here, facing = ("you at", self._squares[self._env.agent_pos]), ("facing", FACING[self._env.agent_dir])
        carried = ("carry", _article(self._carried))
        return frozenset((("compass",), *self._rooms, *self._things, carried, here, facing))

    def read(self, text: str) -> frozenset[Fact]:
        """The facts that a text states, in any wording."""
        return GRAMMAR.read(text)

    def fork(self) -> Self:
        """A snapshot of the grid."""
        self._check_seal("fork")
        other = self._twin()
        if self._text:
            other._env, other._squares, other._rooms = deepcopy(self._env), self._squares, self._rooms
            other._wording, other.step_limit, other.seed = self._wording, self.step_limit, self.seed
            other._look()
            other._text, other._over, other._taken = self._text, self._over, [*self._taken]
        other._next_seed = self._next_seed
        return other


def way(env: Any, passable: Callable[[Any], bool], goal: tuple[int, int]) -> list[str]:
    """The fewest turns and steps to ``goal`` over passable cells (breadth first); [] if there is no way."""
    start = (int(env.agent_pos[0]), int(env.agent_pos[1]), int(env.agent_dir))
    came: dict[tuple[int, int, int], tuple[tuple[int, int, int], str]] = {}
    ahead = deque([start])
    while ahead:
        x, y, facing = here = ahead.popleft()
        if (x, y) == goal:
            path: list[str] = []
            while here != start:
                here, action = came[here]
                path.append(action)
            return path[::-1]
        east, south = STEPS[facing]
        options = {"turn left": (x, y, (facing - 1) % 4), "turn right": (x, y, (facing + 1) % 4)}
        if passable(env.grid.get(x + east, y + south)):
            options["go forward"] = (x + east, y + south, facing)
        for action, there in options.items():
            if there != start and there not in came:
                came[there] = (here, action)
                ahead.append(there)
    return []


def _name(cell: Any) -> str:
    return f"{cell.color} {cell.type}"


def _article(name: str) -> str:
    return name if name == "nothing" else f"a {name}"


def _fact(cell: Any, at: str) -> Fact:
    if cell.type == "door":
        state = "locked" if cell.is_locked else "open" if cell.is_open else "closed"
        return ("door", state, cell.color, at)
    if cell.type in ("lava", "goal"):
        return (cell.type, at)
    return ("thing", _name(cell), at)
