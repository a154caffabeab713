"""What the checks of a world share: findings and their report, and episodes as they were played."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice
from typing import Any, TypeVar

from forethought.errors import NotOffered
from forethought.types import Fact
from forethought.worlds import limits, vector
from forethought.worlds.base import World
from forethought.worlds.limits import TookTooLong, within

ValueT = TypeVar("ValueT")
BLIND_ACTIONS = ("look", "wait", "go on", "help", "stop")
"""What is tried in a world that lists no candidates and has no demonstrator."""
LONGEST = 1_000
"""Steps after which an episode that has not ended counts as endless."""
SHOWN = 200
MAKING, HANGING = "making the world", "hanging"


class Severity(IntEnum):
    """How much a finding matters; only errors make a report not ``ok``."""

    ERROR = 0
    WARNING = 1
    NOTE = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found: what was got, what was expected, and how to mend it."""

    severity: Severity
    check: str
    got: str
    expected: str
    fix: str
    times: int = 1

    def __str__(self) -> str:
        times = f" ({self.times} times)" if self.times > 1 else ""
        return (
            f"{self.severity.name} {self.check}{times}: got {self.got}\n  expected {self.expected}\n  fix: {self.fix}"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What ``check_world`` found, most important first."""

    world: str
    findings: tuple[Finding, ...]
    checks: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no error (warnings and notes are allowed)."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)

    def __str__(self) -> str:
        many = [sum(finding.severity is severity for finding in self.findings) for severity in Severity]
        counts = ", ".join(f"{n} {s.name.lower()}{'s' * (n != 1)}" for n, s in zip(many, Severity, strict=True))
        head = f"world {self.world!r}: {'ok' if self.ok else 'not ok'}, {len(self.checks)} checks, {counts}"
        return "\n".join([head, *map(str, self.findings)])


@dataclass
class Moment:
    """One step as it was played, with the true facts before and after where the world states them."""

    action: str
    observation: Any
    reward: Any
    terminated: bool
    truncated: bool
    info: dict[str, Any]
    before: frozenset[Fact] | None = None
    after: frozenset[Fact] | None = None

    @property
    def warning(self) -> str:
        """The warning of this step, if there is one."""
        return str(self.info.get("warning", ""))


@dataclass
class Play:
    """One episode as it was played."""

    seed: int
    observation: Any
    info: dict[str, Any]
    moments: list[Moment] = field(default_factory=list)
    listed: list[tuple[str, ...]] = field(default_factory=list)
    unsteady: list[tuple[str, str]] = field(default_factory=list)
    ended: bool = False


class Found:
    """Collects findings; the same fault in many episodes is one finding with a count."""

    def __init__(self) -> None:
        self._findings: dict[tuple[Severity, str, str], Finding] = {}
        self._raised: set[str] = set()
        self.hung = False

    def add(self, severity: Severity, check: str, got: str, expected: str, fix: str) -> None:
        """Keeps a finding; of the same fault met again, only the count."""
        key = (severity, check, expected)
        times = self._findings[key].times + 1 if key in self._findings else 1
        first = self._findings[key].got if key in self._findings else got
        self._findings[key] = Finding(severity, check, first, expected, fix, times)

    def error(self, check: str, got: str, expected: str, fix: str) -> None:
        """Keeps a finding that breaks the protocol."""
        self.add(Severity.ERROR, check, got, expected, fix)

    def note(self, check: str, got: str, expected: str, fix: str) -> None:
        """Keeps a finding about an optional part that is missing."""
        self.add(Severity.NOTE, check, got, expected, fix)

    def boundary(self, check: str) -> Boundary:
        """A context that turns any exception of the world into a finding of this check."""
        return Boundary(self, check)

    def raised(self, check: str, error: BaseException) -> None:
        """Keeps an exception of the world, the same one only once; a hang is a finding of its own."""
        words = in_words(error)
        if isinstance(error, TookTooLong):
            self.hung = True
            fix = "give up inside the world before that, with a warning or truncated=True (reset() has a minute)"
            self.error(HANGING, f"while {check}: {error}", f"a step takes at most {limits.STEP_SECONDS:g} s", fix)
        elif words not in self._raised:
            self._raised.add(words)
            trace, line = error.__traceback__, ""
            while trace:
                line = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
                trace = trace.tb_next
            fix = "handle it in the world, or give a warning in info"
            if check == MAKING:
                fix = "let __init__ take level, split, seed and axis by name and pass them to super().__init__()"
            self.error(check, f"{words}{line}", "no exception", fix)

    def report(self, world: str, checks: tuple[str, ...]) -> Report:
        """The findings, most important first: by severity, then as the checks are ordered; what is no check leads."""
        order = {name: place for place, name in enumerate(checks)}
        ranked = sorted(self._findings.values(), key=lambda f: (f.severity, order.get(f.check, -1)))
        return Report(world, tuple(ranked), checks)


class Boundary:
    """Turns any exception of the world into a finding."""

    def __init__(self, found: Found, check: str) -> None:
        self._found, self._check = found, check

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, (Exception, SystemExit)):
            self._found.raised(self._check, error)
        return error is None or isinstance(error, (Exception, SystemExit))


@dataclass
class Trial:
    """The world under test, another one like it (perhaps the same), and the episodes played so far."""

    world: World
    again: World
    seeds: range
    found: Found
    plays: list[Play] = field(default_factory=list)

    def moments(self) -> Iterator[Moment]:
        """Every step that was played."""
        for play in self.plays:
            yield from play.moments


def offered(ask: Callable[[], ValueT]) -> ValueT | None:
    """What an optional part of the protocol gives, ``None`` where the world lacks it."""
    try:
        return within(limits.STEP_SECONDS, ask)
    except NotOffered:
        return None


def begin(world: World, seed: int) -> tuple[Any, dict[str, Any]]:
    """What ``reset`` returns, within its time; ``TypeError`` if that is no pair."""
    returned = within(limits.RESET_SECONDS, lambda: world.reset(seed=seed))
    return _unpacked(returned, 2, "reset() returns (observation, info)")


def step(world: World, action: str) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
    """What ``step`` returns, within its time; ``TypeError`` if those are no five."""
    returned = within(limits.STEP_SECONDS, world.step, action)
    expected = "step() returns (observation, reward, terminated, truncated, info)"
    return _unpacked(returned, 5, expected)


def play_episode(world: World, seed: int, actions: list[str] | None = None) -> Play:
    """Plays given actions, or random ones until the episode ends."""
    rng = random.Random(seed)
    play = Play(seed, *begin(world, seed))
    info, kept = play.info, list[tuple[Any, tuple[Any, ...]]]()
    while len(play.moments) < (LONGEST if actions is None else len(actions)):
        listed = _listed(world, info, play)
        play.listed.append(listed)
        kept.append((info.get("candidates"), listed))
        action = rng.choice(listed or BLIND_ACTIONS) if actions is None else actions[len(play.moments)]
        before = offered(world.facts)
        play.moments.append(Moment(action, *step(world, action)))
        info = play.moments[-1].info
        play.moments[-1].before, play.moments[-1].after = before, offered(world.facts)
        if play.moments[-1].terminated or play.moments[-1].truncated:
            play.ended = True
            break
    for told, listed in kept:
        if isinstance(told, list) and tuple(told) != listed:
            got = f"the list in info['candidates'] was {short(listed)} and later {short(tuple(told))}"
            play.unsteady.append((got, "put a tuple, or a copy of the list, into info"))
    return play


def _listed(world: World, info: dict[str, Any], play: Play) -> tuple[Any, ...]:
    """What can be done now, from info where it is there; keeps in ``play`` where the world gives several answers."""
    told, own = _several(info.get("candidates")), _several(offered(world.candidates))
    again = _several(offered(world.candidates))
    if own != again:
        fix = "draw the list in reset() and step(), not whenever it is asked for"
        play.unsteady.append((f"candidates() gives {short(own)}, then {short(again)}, with no step between", fix))
    elif told is not None and own is not None and told != own:
        got = f"info['candidates'] is {short(told)} while candidates() gives {short(own)}"
        play.unsteady.append((got, "give the same list in both, or leave it out of info"))
    return (own if told is None else told) or ()


def _several(listed: Any) -> tuple[Any, ...] | None:
    if isinstance(listed, str):
        raise TypeError(f"expected candidates as a tuple of texts; got one text: {short(listed)}")
    return None if listed is None else tuple(islice(listed, vector.MOST_CANDIDATES + 1))


def short(value: object) -> str:
    """A value in few enough characters for a report."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)"


def in_words(error: BaseException) -> str:
    """An exception's kind and message."""
    return vector.in_words(error)[:SHOWN]


def _unpacked(returned: Any, parts: int, expected: str) -> tuple[Any, ...]:
    if not isinstance(returned, tuple) or len(returned) != parts or not isinstance(returned[-1], dict):
        raise TypeError(f"expected that {expected}; got {short(returned)}")
    return returned
