"""What every adapter shares: seeds, time limits, warnings, the end of an episode, and forks by seeded replay."""

from __future__ import annotations

import random
import re
import unicodedata
from abc import abstractmethod
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from typing import Any, ClassVar, NamedTuple, Self

from forethought.errors import BadAction, BadSetting, MissingExtra
from forethought.types import NOTHING, Harm, Progress
from forethought.worlds.base import World
from forethought.worlds.lawful import situation_rng

PRINTERS_MARKS = str.maketrans({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x2014: "-"})
"""Curly quotation marks and long dashes, and what a typewriter has for them."""
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\s*\n\s*")


class Outcome(NamedTuple):
    """What one accepted action caused in the wrapped environment; ``reward`` is the environment's own."""

    observation: str
    change: str
    reward: float = 0.0
    progress: Progress = Progress.ONGOING
    harm: Harm = Harm.NONE
    cost: tuple[tuple[str, float], ...] = ()


class Adapter(World):
    """A wrapped environment: a subclass defines how a situation begins, what an action causes and what is listed.

    A situation is drawn from (split, axis, level, seed) alone, and the splits never share a random stream. Harm, a
    reached desire and a failure end an episode, whatever the wrapped environment would do next.
    """

    extra: ClassVar[str] = ""
    """The optional extra that installs the wrapped package; "" where nothing has to be installed."""
    max_steps: ClassVar[dict[int, int]]

    def __init__(self, *, level: int = 1, split: str = "train", seed: int | None = None, axis: str = "") -> None:
        super().__init__(level=level, split=split, seed=seed, axis=axis)
        self.step_limit = self.max_steps[level]
        self._next_seed = 0 if seed is None else seed
        self._text = ""
        self._over = True
        self._taken: list[str] = []

    # ---- what an adapter defines ----------------------------------------------------------------------------------
    @abstractmethod
    def begin(self, rng: random.Random) -> tuple[str, str]:
        """Begins a new situation of this world's level, split and axis: its observation and its desire."""

    @abstractmethod
    def act(self, action: str) -> Outcome:
        """What ``action`` causes; ``BadAction``, before anything is changed, if it cannot be read."""

    @abstractmethod
    def options(self) -> tuple[str, ...] | None:
        """The actions that make sense now; ``None`` where the environment cannot list them."""

    # ---- Gymnasium ------------------------------------------------------------------------------------------------
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Begins the situation of ``seed`` (default: one after the last) and returns its observation and desire."""
        if seed is not None:
            if seed < 0:
                raise BadSetting(f"seed {seed} of world {self.name!r} is negative; expected a whole number from 0 on")
            super().reset(seed=seed)
            self._next_seed = seed
        self.seed = self._next_seed
        self._next_seed += 1
        self._text, desire = self.begin(situation_rng(self.name, self.split, self.axis, self.level, self.seed))
        self._over, self._taken = False, []
        listed = self.options()
        return self._text, {"desire": desire} if listed is None else {"desire": desire, "candidates": listed}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Applies ``action``: observation, the environment's own reward, terminated, truncated, info."""
        if self._over:
            raise BadSetting(f"no episode of world {self.name!r} is going on; call reset() first")
        self._taken.append(action)
        warning = ""
        try:
            text, change, reward, progress, harm, cost = self.act(action)
        except BadAction as error:
            warning = str(error)
            text, change, reward, progress, harm, cost = Outcome(self._text, "")
        self._text = text
        terminated = progress is not Progress.ONGOING or harm is not Harm.NONE
        truncated = not terminated and len(self._taken) >= self.step_limit
        self._over = terminated or truncated
        info = {"change": change, "progress": progress, "harm": harm, "warning": warning, "cost": cost}
        listed = () if self._over else self.options()
        if listed is not None:
            info["candidates"] = listed
        return text, reward, terminated, truncated, info

    # ---- extras ---------------------------------------------------------------------------------------------------
    def candidates(self) -> tuple[str, ...]:
        """The actions that make sense now; ``NotOffered`` where the environment lists none."""
        listed = self.options()
        return super().candidates() if listed is None else listed

    def fork(self) -> Self:
        """An independent copy in the same state: the same situation, played again up to here."""
        self._check_seal("fork")
        other = self._twin()
        if self._text:
            other.reset(seed=self.seed)
            for action in self._taken:
                other.step(action)
        other._next_seed = self._next_seed
        return other

    def _twin(self) -> Self:
        """A fresh world with the same settings."""
        return type(self)(level=self.level, split=self.split, seed=self.first_seed, axis=self.axis)


def optional(module: str, extra: str) -> Any:
    """The named module of an optional package; ``MissingExtra`` names the extra where it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f"the package of {module!r} cannot be imported ({error}); expected the extra {extra!r} to be installed: "
            f"pip install 'forethought[{extra}]'"
        ) from error


def plain(text: str) -> str:
    """The text in the characters of the observation space: accents are dropped, what is left over becomes ``?``."""
    if text.isascii():
        return text
    letters = unicodedata.normalize("NFKD", text.translate(PRINTERS_MARKS))
    return "".join(c for c in letters if not unicodedata.combining(c)).encode("ascii", "replace").decode("ascii")


@lru_cache(maxsize=20_000)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences and lines of a text, in order."""
    return tuple(part for part in SENTENCE_END.split(text.strip()) if part)


def difference(before: str, told: Iterable[str]) -> str:
    """The sentences of ``told`` that ``before`` did not say, each once; ``Nothing changes.`` if there are none."""
    known = set(sentences(before))
    new = dict.fromkeys(sentence for text in told for sentence in sentences(text) if sentence not in known)
    return "\n".join(new) or NOTHING
