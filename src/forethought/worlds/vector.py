"""Several worlds in lockstep: a world that fails becomes a recorded result, and the others go on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from gymnasium.spaces import Text

from forethought.errors import BadSetting, NotOffered, WorldFailed
from forethought.types import Ending, Harm, Progress, Step
from forethought.worlds import limits
from forethought.worlds.base import MAX_TEXT, World
from forethought.worlds.limits import within

LONGEST_EPISODE = 1000
"""Steps after which an episode is broken off in a world that sets itself no limit."""
MOST_CANDIDATES = 10_000
"""A longer list of actions is a failure of the world."""
MESSAGE = 500
"""Characters that are kept of what a world raised."""


@dataclass(frozen=True, slots=True)
class Situation:
    """How an episode begins; ``candidates`` is empty where the world lists none.

    With an ``error`` the world failed to begin: there is no text, and it has to be reset again.
    """

    observation: str
    desire: str = ""
    candidates: tuple[str, ...] = ()
    error: WorldFailed | None = None


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one action caused in one world, with every gap filled.

    ``change`` falls back to the new observation, and ``progress`` to the sign of the reward at a terminated step,
    where a world offers none. With an ``error`` the world failed: the episode is truncated without an outcome.
    """

    observation: str
    change: str
    progress: Progress = Progress.ONGOING
    harm: Harm = Harm.NONE
    warning: str = ""
    cost: tuple[tuple[str, float], ...] = ()
    terminated: bool = False
    truncated: bool = False
    candidates: tuple[str, ...] = ()
    error: WorldFailed | None = None

    @property
    def over(self) -> bool:
        """Whether the episode ended with this step."""
        return self.terminated or self.truncated

    @property
    def ending(self) -> Ending:
        """How this step ended its episode, if it did."""
        if self.error is not None:
            return Ending.WORLD_ERROR
        if self.harm is Harm.HARMED:
            return Ending.HARMED
        if self.progress is not Progress.ONGOING:
            return Ending.SATISFIED if self.progress is Progress.SATISFIED else Ending.FAILED
        return Ending.TIME_LIMIT if self.over else Ending.UNFINISHED

    def step(self, action: str, prediction: str | None = None) -> Step:
        """The step as it is recorded: what was done, what had been committed to, and what came of it."""
        told = (self.change, self.observation, self.progress, self.harm, self.warning)
        return Step(action, *told, prediction, cost=self.cost)


class VectorWorld:
    """Steps a list of worlds; each is reset on its own, whenever its episode is over.

    Exceptions of a world never leave it: they are kept as ``error`` (a ``WorldFailed`` whose cause is the original).
    So are a step that takes longer than ``limits.STEP_SECONDS`` (``limits`` says what can be ended), a result that
    is no text, and an attempt to exit. Text longer than the world's observation space (``MAX_TEXT`` if it is no text
    space) is cut, with a Python warning. No episode is longer than ``LONGEST_EPISODE`` steps.
    """

    def __init__(self, worlds: Sequence[World]) -> None:
        if not worlds:
            raise BadSetting("no worlds were given; expected at least one, e.g. VectorWorld([make('errand')])")
        if len({id(world) for world in worlds}) < len(worlds):
            raise BadSetting("the same world was given twice; each place needs a world of its own, so make() it again")
        limits.watch()
        self.worlds = tuple(worlds)
        self._running = [False] * len(worlds)
        self._steps = [0] * len(worlds)

    def __len__(self) -> int:
        return len(self.worlds)

    def running(self, i: int) -> bool:
        """Whether world ``i`` is in an episode, so that it can be stepped."""
        return self._running[i]

    def reset(self, i: int, seed: int | None = None) -> Situation:
        """Begins an episode in world ``i``."""
        world = self.worlds[i]
        self._running[i] = False
        try:
            situation = within(limits.RESET_SECONDS, _begun, world, seed)
        except (Exception, SystemExit) as error:
            return Situation("", error=_failure(world, "reset()", error))
        self._running[i], self._steps[i] = True, 0
        return situation

    def step(self, i: int, action: str) -> StepResult:
        """Applies ``action`` in world ``i``; ``BadSetting`` if it is not in an episode."""
        if not self._running[i]:
            raise BadSetting(f"world {i} ({self.worlds[i].name!r}) is not in an episode; call reset({i}) first")
        world = self.worlds[i]
        try:
            result = within(limits.STEP_SECONDS, _stepped, world, action)
        except (Exception, SystemExit) as error:
            result = StepResult("", "", truncated=True, error=_failure(world, f"step({action!r})", error))
        self._steps[i] += 1
        if self._steps[i] >= LONGEST_EPISODE and not result.over:
            result = replace(result, truncated=True, candidates=())
        self._running[i] = not result.over
        return result

    def shown(self, i: int, demonstrate: Callable[[], str]) -> str | WorldFailed:
        """What the demonstrator of world ``i`` does next, or how it failed; the episode is over then."""
        try:
            return within(limits.STEP_SECONDS, demonstrate)
        except (Exception, SystemExit) as error:
            self._running[i] = False
            return _failure(self.worlds[i], "its demonstrator", error)

    def reset_all(self, seeds: Sequence[int | None]) -> list[Situation]:
        """Begins an episode in every world, one seed for each."""
        self._check_length("seeds", seeds)
        return [self.reset(i, seed) for i, seed in enumerate(seeds)]

    def step_all(self, actions: Sequence[str | None]) -> list[StepResult | None]:
        """Applies one action in each world; a world whose action is ``None`` stands still and gives ``None``."""
        self._check_length("actions", actions)
        return [None if action is None else self.step(i, action) for i, action in enumerate(actions)]

    @contextmanager
    def sealed(self) -> Iterator[None]:
        """While open, whoever acts cannot look behind any world's text."""
        with ExitStack() as stack:
            for world in self.worlds:
                stack.enter_context(world.sealed())
            yield

    def _check_length(self, what: str, items: Sequence[object]) -> None:
        if len(items) != len(self.worlds):
            raise BadSetting(f"{len(items)} {what} were given for {len(self.worlds)} worlds; expected one for each")


def _begun(world: World, seed: int | None) -> Situation:
    observation, info = world.reset(seed=seed)
    desire = _text(world, info.get("desire", ""), "the desire")
    return Situation(_text(world, observation, "the observation"), desire, _candidates(world, info))


def _stepped(world: World, action: str) -> StepResult:
    observation, reward, terminated, truncated, info = world.step(action)
    text = _text(world, observation, "the observation")
    change, warning = _text(world, info.get("change", ""), "the change"), info.get("warning", "")
    if warning != "":
        warning = _text(world, warning, "the warning")
    terminated, truncated, harm = bool(terminated), bool(truncated), info.get("harm", Harm.NONE)
    return StepResult(
        observation=text,
        change=change or ("" if warning else text),
        progress=_progress(info, float(reward), terminated),
        harm=harm if type(harm) is Harm else Harm(harm),
        warning=warning,
        cost=_cost(info.get("cost", ())),
        terminated=terminated,
        truncated=truncated,
        candidates=() if terminated or truncated else _candidates(world, info),
    )


def _progress(info: dict[str, Any], reward: float, terminated: bool) -> Progress:
    if "progress" in info:
        progress = info["progress"]
        return progress if type(progress) is Progress else Progress(progress)
    if terminated and reward != 0:
        return Progress.SATISFIED if reward > 0 else Progress.FAILED
    return Progress.ONGOING


def _candidates(world: World, info: dict[str, Any]) -> tuple[str, ...]:
    """From ``info`` where the world puts them there, otherwise asked for; a copy, whatever the world does with its own.

    The usual list, short and of plain text, is looked at in one go.
    """
    listed = info.get("candidates")
    if listed is None:
        try:
            listed = world.candidates()
        except NotOffered:
            return ()
    if type(listed) in (tuple, list):
        try:
            together = "".join(listed)
        except TypeError:
            together = ""
        if together and len(together) <= MAX_TEXT and together.isascii():
            return tuple(listed)
    return _any_candidates(world, listed)


def _any_candidates(world: World, listed: Iterable[Any]) -> tuple[str, ...]:
    if isinstance(listed, str):
        raise TypeError(f"the candidates are one text, {listed!r:.80}; expected a tuple of actions")
    first = tuple(islice(listed, MOST_CANDIDATES + 1))
    if len(first) > MOST_CANDIDATES:
        raise ValueError(f"there are more than {MOST_CANDIDATES:,} candidates; expected a list that can be chosen from")
    actions = [_text(world, action, "a candidate") for action in first]
    return tuple(sorted(actions) if isinstance(listed, (set, frozenset)) else actions)


def _cost(cost: Any) -> tuple[tuple[str, float], ...]:
    """Pairs of unit and finite amount; the usual tuple of one or two is only looked at."""
    if type(cost) is not tuple:
        cost = tuple((str(unit), float(amount)) for unit, amount in dict(cost).items())
    for unit, amount in cost:
        if not isinstance(unit, str) or amount - amount != 0:  # infinite or not a number
            raise TypeError(f"the cost has {(unit, amount)!r:.80}; expected a unit as text and a finite amount")
    return cost  # type: ignore[no-any-return]


def _text(world: World, value: Any, what: str) -> str:
    """A text that can be written down and is not too long; ``TypeError`` for anything else."""
    if isinstance(value, str) and len(value) <= MAX_TEXT and value.isascii():
        return value
    if not isinstance(value, str):
        raise TypeError(f"{what} is {type(value).__name__} {value!r:.80}; expected a str")
    text, space = str(value), world.observation_space
    most = space.max_length if isinstance(space, Text) else MAX_TEXT
    if len(text) > most:
        if what == "a candidate":
            raise ValueError(f"a candidate has {len(text):,} characters; expected an action of at most {most:,}")
        warnings.warn(
            f"world {world.name!r}: {what} is longer than {most:,} characters and is cut there; "
            "shorten it, or set self.observation_space",
            stacklevel=2,
        )
        text = text[:most]
    return text.encode("utf-8", "replace").decode("utf-8")


def _failure(world: World, doing: str, cause: BaseException) -> WorldFailed:
    failure = WorldFailed(f"world {world.name!r} failed in {doing:.200}: {in_words(cause)}")
    failure.__cause__ = cause
    return failure


def in_words(error: BaseException) -> str:
    """An exception's kind and message, even where the message itself cannot be had, in ``MESSAGE`` characters."""
    try:
        return f"{type(error).__name__}: {error}"[:MESSAGE].encode("utf-8", "replace").decode("utf-8")
    except Exception as worse:
        return f"{type(error).__name__} (its message cannot be had: {type(worse).__name__})"
