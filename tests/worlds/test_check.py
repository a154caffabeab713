"""One deliberately broken world for each thing that ``check_world`` finds."""

from __future__ import annotations

import copy
import random
import sys
import time
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from forethought.types import Fact, Harm, Progress
from forethought.worlds import BUILT_IN, World, make
from forethought.worlds.check import Report, Severity, check_world
from forethought.worlds.grammar import Grammar

DICE = random.Random()
GRAMMAR = Grammar({"floor": ("You are on floor {0}.",), "hum": ("The motor hums {0}.",)})
Outcome = tuple[str, float, bool, bool, dict[str, Any]]


class Stairs(World):
    """The least that a world can be: text in, text out, a desire, a reward, an end."""

    name = "stairs"

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self.floor, self.goal = (int(n) for n in self.np_random.permutation(9)[:2])
        self.steps = 0
        return self.told(), {"desire": f"Bring me to floor {self.goal}."}

    def step(self, action: str) -> Outcome:
        self.steps += 1
        self.floor += {"look": 0, "go up": 1, "go down": -1}.get(action, 0)
        there = self.floor == self.goal
        return self.told(), float(there), there, not there and self.steps >= 12, {}

    def told(self) -> str:
        return f"You are on floor {self.floor}."


class Lift(Stairs):
    """The same with every extra."""

    name = "lift"

    def candidates(self) -> tuple[str, ...]:
        return ("go up", "go down")

    def step(self, action: str) -> Outcome:
        if action not in ("go up", "go down"):
            self.steps += 1
            info = {"change": "", "progress": Progress.ONGOING, "harm": Harm.NONE, "warning": f"cannot {action!r:.20}"}
            return self.told(), 0.0, False, self.steps >= 12, info
        observation, reward, terminated, truncated, _ = super().step(action)
        progress = Progress.SATISFIED if terminated else Progress.ONGOING
        harm = Harm.HARMED if self.harmful() else Harm.NONE
        info = {"change": self.told() + " The motor hums softly.", "progress": progress, "harm": harm, "warning": ""}
        return observation, reward, terminated or harm is Harm.HARMED, truncated, info

    def harmful(self) -> bool:
        return self.floor in (-1, 9)

    def facts(self) -> frozenset[Fact]:
        self._check_seal("facts")
        return frozenset({("floor", str(self.floor))})

    def read(self, text: str) -> frozenset[Fact]:
        return GRAMMAR.read(text)

    def fork(self) -> World:
        self._check_seal("fork")
        return copy.copy(self)

    def demonstrator(self, quality: str = "custom") -> Callable[[], str]:
        self._check_seal("demonstrator")
        return lambda: "go up" if self.floor < self.goal else "go down"


def altered(**info: Any) -> type[Lift]:
    """A lift whose steps say something else in their info."""

    class Altered(Lift):
        def step(self, action: str) -> Outcome:
            *outcome, told = super().step(action)
            return (*outcome, {**told, **info})  # type: ignore[return-value]

    return Altered


class ThrowsAtTheTop(Lift):
    def step(self, action: str) -> Outcome:
        if self.floor >= 6:
            raise ZeroDivisionError("the cable is too short")
        return super().step(action)


class NeverEnds(Lift):
    def step(self, action: str) -> Outcome:
        observation, reward, _, _, info = super().step(action)
        return observation, reward, False, False, {**info, "progress": Progress.ONGOING, "harm": Harm.NONE}


class Foreign(Lift):
    def told(self) -> str:
        return f"Étage {self.floor}."


class Shouting(Lift):
    def told(self) -> str:
        return "a" * 9_000


class Bytes(Stairs):
    def told(self) -> str:
        return b"You are here."  # type: ignore[return-value]


class Wordless(Lift):
    def reset(self, **how: Any) -> tuple[str, dict[str, Any]]:
        return super().reset(**how)[0], {}


class Forgetful(Lift):
    """Its second episode differs from its first."""

    count = 0

    def reset(self, **how: Any) -> tuple[str, dict[str, Any]]:
        self.count += 1
        _, info = super().reset(**how)
        self.floor = (self.floor + self.count) % 9
        return self.told(), info


class Monotonous(Lift):
    def reset(self, **how: Any) -> tuple[str, dict[str, Any]]:
        super().reset(**how)
        self.floor, self.goal = 2, 4
        return self.told(), {"desire": "Bring me to floor 4."}


class Repeats(Lift):
    def candidates(self) -> tuple[str, ...]:
        return ("go up", "go up", "go down")


class Misleads(Lift):
    def candidates(self) -> tuple[str, ...]:
        return ("go up", "go down", "jump")


class Guesses(Lift):
    """Takes anything it cannot read as a wish to go up."""

    def step(self, action: str) -> Outcome:
        return super().step(action if action in self.candidates() else "go up")


class WarnsAndMoves(Lift):
    def step(self, action: str) -> Outcome:
        *outcome, info = super().step(action)
        if info["warning"]:
            self.floor += 1
        return (self.told(), *outcome[1:], info)  # type: ignore[return-value]


class Babbles(Lift):
    def told(self) -> str:
        return f"This is floor {self.floor}, madam."


class Silent(Lift):
    def step(self, action: str) -> Outcome:
        *outcome, info = super().step(action)
        return (*outcome, {**info, "change": ""})  # type: ignore[return-value]


class Lies(Lift):
    def step(self, action: str) -> Outcome:
        *outcome, info = super().step(action)
        return (*outcome, {**info, "change": "You are on floor 77." if info["change"] else ""})  # type: ignore[return-value]


class Unsealed(Lift):
    def facts(self) -> frozenset[Fact]:
        return frozenset({("floor", str(self.floor))})


class SharesItself(Lift):
    def fork(self) -> World:
        self._check_seal("fork")
        return self


class HarmGoesOn(Lift):
    def step(self, action: str) -> Outcome:
        observation, reward, _, truncated, info = super().step(action)
        return observation, reward, info["progress"] == Progress.SATISFIED, truncated, info


class Lost(Lift):
    def demonstrator(self, quality: str = "custom") -> Callable[[], str]:
        self._check_seal("demonstrator")
        return lambda: "go up"


class WishesForHarm(Lift):
    def desire_for(self, facts: frozenset[Fact]) -> str | None:
        return "Bring me anywhere." if facts else None


class Forgets(Lift):
    recombines = frozenset({"height"})


class Promises(Lift):
    axes: ClassVar[dict[str, str]] = {"height": "taller houses"}

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        if self.axis and self.split == "test":
            raise NotImplementedError
        return super().reset(seed=seed, options=options)


class OldStyle(Lift):
    def step(self, action: str) -> Outcome:
        return super().step(action)[:4]  # type: ignore[return-value]


class ThrowsAtOnce(Lift):
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        raise ZeroDivisionError("the house is gone")


class ThrowsWhenAsked(Lift):
    def candidates(self) -> tuple[str, ...]:
        raise KeyError("no buttons")


class Leaves(Lift):
    def step(self, action: str) -> Outcome:
        sys.exit("the lift boy goes home")


class Roars(Stairs):
    def told(self) -> str:
        return "a" * 1_000_000


class Disagrees(Lift):
    def step(self, action: str) -> Outcome:
        *outcome, info = super().step(action)
        return (*outcome, {**info, "candidates": ("go down", "go up")})  # type: ignore[return-value]


class Wavers(Lift):
    def candidates(self) -> tuple[str, ...]:
        return ("go up", "go down") if DICE.random() < 0.5 else ("go down", "go up")


class TakesBack(Lift):
    """Gives its own list away, and goes on using it."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        observation, info = super().reset(seed=seed)
        self.mine = ["go up", "go down"]
        return observation, {**info, "candidates": self.mine}

    def step(self, action: str) -> Outcome:
        self.mine.reverse()
        return super().step(action)


class OneWord(Lift):
    def candidates(self) -> tuple[str, ...]:
        return "go up"  # type: ignore[return-value]


class RollsDice(Lift):
    """Takes the seed and does not use it."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        _, info = super().reset(seed=seed)
        self.floor = DICE.randrange(9)
        return self.told(), info


class Unmade(Lift):
    def __init__(self, **how: Any) -> None:
        self.how = how


class Choosy(Lift):
    def __init__(self, storeys: int) -> None:
        super().__init__()


class Hangs(Lift):
    def step(self, action: str) -> Outcome:
        if self.floor >= 5:
            time.sleep(60)
        return super().step(action)


class Spins(Lift):
    def step(self, action: str) -> Outcome:
        while True:
            try:
                self.floor += 1
            except Exception:
                self.floor = 0


class HangsAtOnce(Lift):
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        time.sleep(60)
        return "", {}


BROKEN: list[tuple[Any, str, str]] = [
    (ThrowsAtTheTop, "playing", "the cable is too short"),
    (OldStyle, "playing", "(observation, reward, terminated, truncated, info)"),
    (ThrowsAtOnce, "playing", "the house is gone"),
    (ThrowsWhenAsked, "playing", "no buttons"),
    (Leaves, "playing", "SystemExit: the lift boy goes home"),
    (Unmade, "protocol", "leaves out World's own"),
    (Choosy, "making the world", "storeys"),
    (NeverEnds, "playing", "without an end"),
    (Foreign, "text", "Étage"),
    (Shouting, "text", "9002 characters"),
    (Bytes, "text", "b'You are here.'"),
    (Wordless, "text", "None"),
    (altered(change=3), "text", "info['change'] = 3"),
    (Forgetful, "same seed", "observation of reset()"),
    (Monotonous, "different seeds", "one and the same situation"),
    (Repeats, "candidates", "'go up', 'go up'"),
    (Misleads, "candidates", "'jump'"),
    (Guesses, "nonsense", "no warning"),
    (WarnsAndMoves, "nonsense", "another situation"),
    (altered(progress="splendid"), "verdicts", "splendid"),
    (altered(harm=True), "verdicts", "True"),
    (altered(cost=("minutes", 3)), "verdicts", "minutes"),
    (HarmGoesOn, "verdicts", "the episode goes on"),
    (Roars, "text", "(1000002 characters)"),
    (Disagrees, "candidates", "while candidates() gives"),
    (Wavers, "candidates", "with no step between"),
    (TakesBack, "candidates", "and later"),
    (OneWord, "playing", "got one text: 'go up'"),
    (RollsDice, "same seed", "another observation of reset()"),
    (Babbles, "reading", "madam"),
    (Silent, "changes", "seen but not told"),
    (Lies, "changes", "which is not true"),
    (Unsealed, "sealing", "facts()"),
    (SharesItself, "forking", "another course"),
    (Lost, "demonstrating", "of 20 desires satisfied"),
    (WishesForHarm, "hindsight", "Bring me anywhere."),
    (Forgets, "held out axes", "'height' in recombines"),
    (Promises, "held out axes", "axis 'height' of split 'test'"),
]


def errors(report: Report) -> list[str]:
    return [finding.check for finding in report.findings if finding.severity is Severity.ERROR]


@pytest.mark.parametrize(("broken", "check", "got"), BROKEN, ids=[f"{b.__name__}-{c}" for b, c, _ in BROKEN])
def test_what_is_broken_is_found(broken: type[World], check: str, got: str) -> None:
    report = check_world(broken)
    assert not report.ok
    found = [finding for finding in report.findings if finding.check == check and got in finding.got]
    assert found, str(report)
    assert all(finding.expected and finding.fix for finding in found)


@pytest.mark.parametrize("hanging", [Hangs, Spins, HangsAtOnce])
def test_a_world_that_hangs_is_ended_and_the_rest_is_reported_too(
    hanging: type[Lift], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Both(hanging):  # type: ignore[misc, valid-type]
        axes: ClassVar[dict[str, str]] = {}
        recombines = frozenset({"height"})

    monkeypatch.setattr("forethought.worlds.limits.STEP_SECONDS", 0.1)
    monkeypatch.setattr("forethought.worlds.limits.RESET_SECONDS", 0.1)
    monkeypatch.setattr("forethought.worlds.check.HURRY", 0.05)
    start = time.monotonic()
    report = check_world(Both)
    assert time.monotonic() - start < 8
    first = report.findings[0]
    assert first.check == "hanging" and "took longer than 0.1 s and was ended at" in first.got and __file__ in first.got
    assert "truncated" in first.fix and "held out axes" in errors(report)


def test_a_sound_world_has_no_findings() -> None:
    report = check_world(Lift)
    assert report.ok and not report.findings, str(report)


def test_a_minimal_world_is_ok_and_what_it_lacks_is_noted() -> None:
    report = check_world(Stairs)
    assert report.ok, str(report)
    assert {finding.severity for finding in report.findings} == {Severity.NOTE}
    assert {"candidates", "changes", "reading", "forking", "demonstrating", "verdicts", "nonsense"} == {
        finding.check for finding in report.findings
    }


def test_a_world_that_is_already_made_can_be_checked_too() -> None:
    assert check_world(Lift(), episodes=3).ok


def test_gymnasiums_own_check_is_reported() -> None:
    class Unseeded(Lift):
        def reset(self, **how: Any) -> tuple[str, dict[str, Any]]:
            if not self.__dict__.get("goal"):
                super().reset(seed=1)
            self.floor, self.steps = (how.get("seed") or 0) % 8, 0
            return self.told(), {"desire": "Bring me to the top."}

    assert "gymnasium" in errors(check_world(Unseeded))


def test_what_is_no_world_is_said_so() -> None:
    report = check_world(dict)  # type: ignore[arg-type]
    assert not report.ok and "a dict" in str(report) and "subclass World" in str(report)

    def fails() -> World:
        raise OSError("no such building")

    assert "no such building" in str(check_world(fails))


def test_everything_is_reported_at_once_with_errors_first() -> None:
    class Bad(Unsealed, Misleads, Lost):
        def fork(self) -> World:
            return super(Lift, self).fork()

    report = check_world(Bad)
    assert {"sealing", "candidates", "demonstrating"} <= set(errors(report))
    assert [f.severity for f in report.findings] == sorted(f.severity for f in report.findings)
    ranks = [report.checks.index(f.check) for f in report.findings if f.severity is Severity.ERROR]
    assert ranks == sorted(ranks)
    lines = str(report).splitlines()
    assert lines[0].startswith("world 'lift': not ok") and lines[1].startswith("ERROR") and "fix:" in str(report)


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_built_in_worlds_are_sound(name: str) -> None:
    report = check_world(lambda: make(name), episodes=10)
    assert report.ok, str(report)
    assert not [f for f in report.findings if f.check == "gymnasium"], str(report)
