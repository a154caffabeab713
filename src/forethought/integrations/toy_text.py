"""Walks over named squares: what Gymnasium's toy-text environments have in common, told in sentences."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np

from forethought.errors import BadAction, BadSetting
from forethought.integrations.adapter import Adapter, Outcome
from forethought.types import Fact, Harm, Progress
from forethought.worlds.grammar import Grammar, any_of

COMPASS = {"north": (0, 1), "east": (1, 0), "south": (0, -1), "west": (-1, 0)}
MOVES = tuple(f"go {direction}" for direction in COMPASS)
HERE = ("You are at {0}.", "You stand at {0}.", "Your place is {0}.", "Your feet rest on {0}.")
START = ("You set out from {0}.", "You began at {0}.", "Your way began at {0}.", "You came by way of {0}.")
DESIRES = (
    "Reach {0}.",
    "Go to {0}.",
    "I want you at {0}.",
    "Make your way to {0}.",
    "Please be at {0} in the end.",
)
WORDINGS = {"": ((0, 1), (0, 1, 2)), "validation": ((2,), (3,)), "test": ((3,), (4,))}
"""Wordings of observations and of desires: everywhere, and on the axis ``wording`` of the two splits."""
PATIENCE = 0.999
"""What a certain success one step later is worth to the best demonstrator."""
ROUNDS = 2_000


@dataclass(frozen=True)
class Walk:
    """One situation: the wrapped environment, how its states and moves are called, and what can be seen of it."""

    env: Any
    squares: tuple[str, ...]
    """The name of each state."""
    moves: Mapping[str, int]
    """Each action in words, and its number in the environment."""
    start: int
    goal: int
    ground: tuple[Fact, ...]
    telling: int
    asking: int


class ToyTextWorld(Adapter):
    """Reach a square; ``P``, the environment's exact table of transitions, is the law."""

    axes: ClassVar[dict[str, str]] = {}
    grammar: ClassVar[Grammar]
    cost: ClassVar[tuple[tuple[str, float], ...]] = ()

    # ---- what a world defines -------------------------------------------------------------------------------------
    @abstractmethod
    def draw(self, rng: random.Random) -> Walk:
        """A situation of this world's level, split and axis."""

    @abstractmethod
    def falls(self, reward: float, ended: bool) -> bool:
        """Whether a transition with this reward and end is the harm of this world."""

    @abstractmethod
    def aims(self, start: str, goal: str) -> bool:
        """Whether training may ask for ``goal`` from ``start``."""

    # ---- the episode ----------------------------------------------------------------------------------------------
    def begin(self, rng: random.Random) -> tuple[str, str]:
        """A new ground, told square by square."""
        walk = self.walk = self.draw(rng)
        walk.env.reset(seed=rng.getrandbits(32))
        walk.env.s = self._at = walk.start
        self._moves, self._move = walk.moves, walk.env.step
        self._outcomes: dict[tuple[int, int, int, float], Outcome] = {}
        seen = (*walk.ground, ("start", walk.squares[walk.start]))
        self._ground = self.grammar.tell(seen, walk.telling)
        return self._told(walk.start), DESIRES[walk.asking].format(walk.squares[walk.goal])

    def act(self, action: str) -> Outcome:
        """One move of the wrapped environment; equal transitions are put into words once."""
        move = self._moves.get(action)
        if move is None:
            raise BadAction(f"{action!r:.80} is not an action here; try one like {MOVES[0]!r}")
        at = self._at
        state, reward, ended, _, _ = self._move(move)
        key = (at, move, state, reward)
        outcome = self._outcomes.get(key)
        if outcome is None:
            outcome = self._outcomes[key] = self._outcome(at, move, state, reward, ended)
        self._at = state
        return outcome

    def _outcome(self, at: int, move: int, state: int, reward: float, ended: bool) -> Outcome:
        fell = self.falls(reward, ended)
        table = self.walk.env.P[at][move]
        told: list[Fact] = [("slipped",)] if table[len(table) // 2][1] != state else []
        if fell:
            told.append(("fell",))
        if state != at:
            told.append(("you at", self.walk.squares[state]))
        progress = Progress.FAILED if fell else Progress.SATISFIED if ended else Progress.ONGOING
        harm = Harm.HARMED if fell else Harm.NONE
        return Outcome(self._told(state), self.grammar.change(tuple(told)), float(reward), progress, harm, self.cost)

    def _told(self, state: int) -> str:
        return f"{self._ground} {self.grammar.say(('you at', self.walk.squares[state]), self.walk.telling)}"

    def options(self) -> tuple[str, ...]:
        """The four moves: the environments accept each everywhere, also against an edge."""
        return MOVES

    # ---- extras ---------------------------------------------------------------------------------------------------
    def facts(self) -> frozenset[Fact]:
        """The ground, where you set out from and where you are."""
        self._check_seal("facts")
        squares = self.walk.squares
        return frozenset((*self.walk.ground, ("start", squares[self.walk.start]), ("you at", squares[self._at])))

    def read(self, text: str) -> frozenset[Fact]:
        """The facts that a text states, in any wording."""
        return self.grammar.read(text)

    def desire_for(self, facts: frozenset[Fact]) -> str | None:
        """A wish to be where ``facts`` say you are, if training may ask for it; never after a fall."""
        named = {fact[0]: fact[1] for fact in facts if len(fact) == 2}
        start, at = named.get("start"), named.get("you at")
        if start is None or at is None or start == at or ("fell",) in facts or ("hole", at) in facts:
            return None
        if not self.aims(start, at):
            return None
        return DESIRES[any_of(WORDINGS[""][1], start, at)].format(at)

    def fork(self) -> Self:
        """A snapshot: the same square, and the same chances ahead."""
        self._check_seal("fork")
        other = self._twin()
        if self._text:
            env = deepcopy(self.walk.env, {id(self.walk.env.P): self.walk.env.P})
            other.walk = Walk(**{**vars(self.walk), "env": env})
            other._moves, other._move = self._moves, env.step
            other._at, other._ground, other._outcomes = self._at, self._ground, dict(self._outcomes)
            other._text, other._over, other._taken, other.seed = self._text, self._over, [*self._taken], self.seed
        other._next_seed = self._next_seed
        return other

    def demonstrator(self, quality: str = "custom") -> Callable[[], str]:
        """``custom``: straight towards the goal, whatever lies there; ``best``: the likeliest way to arrive."""
        self._check_seal("demonstrator")
        if quality == "best":
            plans: dict[int, np.ndarray] = {}

            def best() -> str:
                env = self.walk.env
                if id(env) not in plans:
                    plans.clear()
                    plans[id(env)] = best_moves(outcome_table(env.P, self.falls))
                return self._action(int(plans[id(env)][self._at]))

            return best

        def custom() -> str:
            (x, y), (goal_x, goal_y) = (where(self.walk.squares[s]) for s in (self._at, self.walk.goal))
            east, north = goal_x - x, goal_y - y
            if abs(east) >= abs(north):
                return "go east" if east > 0 else "go west"
            return "go north" if north > 0 else "go south"

        return custom

    def _action(self, move: int) -> str:
        return next(action for action, number in self.walk.moves.items() if number == move)

    def wordings(self, rng: random.Random) -> dict[str, int]:
        """How this situation is told and asked for."""
        telling, asking = WORDINGS[self.split if self.axis == "wording" else ""]
        return {"telling": rng.choice(telling), "asking": rng.choice(asking)}


# ---- squares --------------------------------------------------------------------------------------------------------
def square(x: int, y: int) -> str:
    """The name of the square ``x`` steps east and ``y`` steps north of A1 (at most 26 by 99)."""
    return f"{chr(ord('A') + x)}{y + 1}"


@lru_cache(maxsize=4_096)
def where(name: str) -> tuple[int, int]:
    """Where a square lies: steps east and north of A1; ``BadSetting`` if it is no square."""
    column, row = name[:1], name[1:]
    if not ("A" <= column <= "Z" and row.isdecimal() and int(row) > 0):
        raise BadSetting(f"{name!r} is no square; expected one like 'B3'")
    return ord(column) - ord("A"), int(row) - 1


# ---- the exact law ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Transitions:
    """An environment's table as arrays over states, moves and chances (S, 4, C)."""

    chance: np.ndarray
    after: np.ndarray
    worth: np.ndarray
    """1 where the desire is reached, else 0."""
    ends: np.ndarray
    """1 where the episode ends there, by success or by harm."""


def outcome_table(P: Mapping[int, Mapping[int, Sequence[Any]]], falls: Callable[[float, bool], bool]) -> Transitions:
    """The arrays of a Gymnasium table ``P[state][move] = [(chance, after, reward, ended), ...]``."""
    width = max(len(outcomes) for moves in P.values() for outcomes in moves.values())
    shape = (len(P), len(P[0]), width)
    chance, worth, ends = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    after = np.zeros(shape, dtype=np.int64)
    for s in P:
        for a in P[s]:
            for i, (p, to, reward, ended) in enumerate(P[s][a]):
                fell = falls(reward, ended)
                chance[s, a, i], after[s, a, i] = p, to
                worth[s, a, i], ends[s, a, i] = float(ended and not fell), float(ended or fell)
    return Transitions(chance, after, worth, ends)


def best_moves(table: Transitions) -> np.ndarray:
    """The move of each state (S) that makes arriving likeliest, and of equally likely ones soonest."""
    value = np.zeros(len(table.chance))
    for _ in range(ROUNDS):
        moves = (table.chance * (table.worth + PATIENCE * (1 - table.ends) * value[table.after])).sum(-1)
        before, value = value, moves.max(-1)
        if np.abs(value - before).max() < 1e-9:
            break
    return moves.argmax(-1)  # type: ignore[no-any-return]


def arriving(table: Transitions, start: int, limit: int) -> float:
    """The chance that ``best_moves`` arrives from ``start`` within ``limit`` steps."""
    states = np.arange(len(table.chance))
    moves = best_moves(table)
    chance, after = table.chance[states, moves], table.after[states, moves]
    worth, goes_on = table.worth[states, moves], 1 - table.ends[states, moves]
    value = np.zeros(len(states))
    for _ in range(limit):
        value = (chance * (worth + goes_on * value[after])).sum(-1)
    return float(value[start])
