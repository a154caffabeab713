"""The world protocol: a Gymnasium environment in text whose actions have consequences, and its optional extras."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import gymnasium
from gymnasium.spaces import Text

from forethought.errors import BadSetting, NotOffered, Sealed, UnknownName
from forethought.types import Fact, Question

SPLITS = ("train", "validation", "test")
MAX_TEXT = 8_192
CHARSET = "".join(sorted(set(string.printable)))


class World(gymnasium.Env[str, str]):
    """An environment with text observations and actions; subclass it, or wrap any Gymnasium environment with text.

    ``reset`` returns the observation and ``info["desire"]``; ``step`` returns the observation after the action and
    ``info`` with ``change`` (the outcome as a difference, ``""`` if not offered), ``progress``, ``harm``,
    ``warning`` and ``cost``. The rest is optional: a world without it still trains, scored by sentences.
    """

    name: ClassVar[str] = "world"
    summary: ClassVar[str] = ""
    axes: ClassVar[dict[str, str]] = {}
    recombines: ClassVar[frozenset[str]] = frozenset()
    """The axes that bring together what training met apart; the others have words, sizes or numbers it never met."""
    lasting: ClassVar[frozenset[str]] = frozenset()
    """The verbs whose outcomes follow from nothing and hold for good: to be learned by heart (``capacity``)."""
    levels: ClassVar[range] = range(1, 2)
    probes: ClassVar[dict[str, str]] = {}
    harms: ClassVar[str] = ""
    """What is harm in this world, in words."""

    def __init__(self, *, level: int = 1, split: str = "train", seed: int | None = None, axis: str = "") -> None:
        if level not in self.levels:
            low, high = self.levels.start, self.levels.stop - 1
            raise BadSetting(f"level {level} of world {self.name!r} does not exist; expected {low} to {high}")
        if split not in SPLITS:
            raise UnknownName.of("split", split, SPLITS)
        if axis and axis not in self.axes:
            raise UnknownName.of(f"axis of world {self.name!r}", axis, self.axes)
        if axis and split == "train":
            raise BadSetting(f"axis {axis!r} is held out: it exists in the splits 'validation' and 'test', not 'train'")
        self.level, self.split, self.axis, self.first_seed = level, split, axis, seed
        self.observation_space = Text(MAX_TEXT, min_length=0, charset=CHARSET)
        self.action_space = Text(MAX_TEXT, min_length=0, charset=CHARSET)
        self._sealed = False

    # ---- optional extras ------------------------------------------------------------------------------------------
    def candidates(self) -> tuple[str, ...]:
        """The actions that make sense now, in natural language (never which of them is right)."""
        raise NotOffered(f"world {self.name!r} lists no candidate actions; the model proposes its own")

    def facts(self) -> frozenset[Fact]:
        """The true state as facts, for exact scoring; raises ``Sealed`` while an agent acts."""
        self._check_seal("facts")
        raise NotOffered(f"world {self.name!r} states no facts")

    def read(self, text: str) -> frozenset[Fact]:
        """The facts that a text states: the inverse of rendering, over every wording."""
        raise NotOffered(f"world {self.name!r} reads no facts from text")

    def desire_for(self, facts: frozenset[Fact]) -> str | None:
        """A desire that ``facts`` satisfy, for hindsight; never a harm and never a held-out combination."""
        return None

    def fork(self) -> World:
        """An independent copy, for counterfactual evaluation only; raises ``Sealed`` while an agent acts."""
        self._check_seal("fork")
        raise NotOffered(f"world {self.name!r} cannot be forked")

    def demonstrator(self, quality: str = "custom") -> Callable[[], str]:
        """Who shows how it is done: called before each step, it returns the next action."""
        self._check_seal("demonstrator")
        raise NotOffered(f"world {self.name!r} has no demonstrator")

    def question(self, seed: int) -> Question:
        """How somebody asks about one of this world's situations, in a wording of its split; raises ``Sealed`` while an
        agent acts.
        """
        self._check_seal("question")
        raise NotOffered(f"nobody asks questions about world {self.name!r}")

    # ---- sealing --------------------------------------------------------------------------------------------------
    @contextmanager
    def sealed(self) -> Iterator[None]:
        """While open, whoever acts cannot look behind the text: ``facts``, ``fork`` and ``demonstrator`` raise."""
        before, self._sealed = self._sealed, True
        try:
            yield
        finally:
            self._sealed = before

    def _check_seal(self, what: str) -> None:
        if self._sealed:
            raise Sealed(f"{what}() was asked of world {self.name!r} while an agent acts; only the text is there then")

    def render(self) -> Any:
        """Nothing beyond the observation, which is already text."""
        return None
