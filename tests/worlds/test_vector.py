"""Worlds in lockstep: gaps are filled, failures are recorded, and the others go on."""

from __future__ import annotations

import itertools
import threading
import time
import warnings
from typing import Any

import pytest

from forethought.errors import BadSetting, Sealed, WorldFailed
from forethought.types import Ending, Harm, Progress
from forethought.worlds import World, make
from forethought.worlds.vector import Situation, StepResult, VectorWorld

Outcome = tuple[str, float, bool, bool, dict[str, Any]]


class Plain(World):
    """Answers every action with what it was told to answer; no extras, no verdicts."""

    name = "plain"

    def __init__(self, outcome: Any = ("Later.", 0.0, False, False, {})) -> None:
        super().__init__()
        self.outcome = outcome

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        return f"Seed {seed}.", {}

    def step(self, action: str) -> Outcome:
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome  # type: ignore[no-any-return]


def stepped(outcome: Any) -> StepResult:
    worlds = VectorWorld([Plain(outcome)])
    worlds.reset(0, 1)
    return worlds.step(0, "go")


def test_a_full_world_gives_everything() -> None:
    worlds = VectorWorld([make("errand"), make("errand", split="test")])
    first, second = worlds.reset_all([3, 3])
    assert first.desire and first.candidates and first.error is None and first != second
    assert worlds.reset(0, 3) == first
    results = worlds.step_all([first.candidates[0], second.candidates[0]])
    alone = make("errand")
    alone.reset(seed=3)
    observation, _, terminated, truncated, info = alone.step(first.candidates[0])
    assert results[0] == StepResult(
        observation,
        info["change"],
        info["progress"],
        info["harm"],
        "",
        info["cost"],
        terminated,
        truncated,
        info["candidates"],
    )


def test_a_warning_is_not_taken_for_a_change() -> None:
    worlds = VectorWorld([make("errand")])
    worlds.reset(0, 0)
    result = worlds.step(0, "sing a song")
    assert result.warning and result.change == "" and result.error is None and not result.over


def test_gaps_are_filled_for_a_world_without_extras() -> None:
    worlds = VectorWorld([Plain()])
    assert worlds.reset(0, 7) == Situation("Seed 7.")
    assert worlds.step(0, "go") == StepResult("Later.", "Later.")


@pytest.mark.parametrize(
    ("reward", "terminated", "progress"),
    [
        (1.0, True, Progress.SATISFIED),
        (-1.0, True, Progress.FAILED),
        (0.0, True, Progress.ONGOING),
        (1.0, False, Progress.ONGOING),
    ],
)
def test_progress_is_inferred_from_the_end(reward: float, terminated: bool, progress: Progress) -> None:
    assert stepped(("Done.", reward, terminated, False, {})).progress is progress


def test_a_worlds_own_verdicts_win_and_may_be_plain_words() -> None:
    info = {"progress": "failed", "harm": "harmed", "cost": {"coins": 2}, "candidates": ["go"]}
    result = stepped(("Done.", 1.0, True, False, info))
    assert (result.progress, result.harm) == (Progress.FAILED, Harm.HARMED)
    assert result.cost == (("coins", 2.0),) and result.candidates == ()


@pytest.mark.parametrize(
    "outcome",
    [
        ZeroDivisionError("boom"),
        (7, 0.0, False, False, {}),
        ("Later.", 0.0, False),
        None,
        ("Later.", 0.0, False, False, {"progress": "splendid"}),
        ("Later.", 0.0, False, False, {"change": 5}),
        ("Later.", 0.0, False, False, {"candidates": [1]}),
        ("Later.", 0.0, False, False, {"cost": 5}),
        ("Later.", 0.0, False, False, {"cost": ("minutes", 3)}),
        ("Later.", 0.0, False, False, {"cost": (("minutes", float("nan")),)}),
        ("Later.", 0.0, False, False, {"candidates": "go"}),
        ("Later.", 0.0, False, False, {"candidates": 7}),
        ("Later.", 0.0, False, False, {"candidates": ["a" * 1_000_000]}),
        ("Later.", 0.0, False, False, {"candidates": ["go"] * 20_000}),
        ("Later.", 0.0, False, False, {"candidates": map(str, itertools.count())}),
        ("Later.", 0.0, False, False, {"warning": None}),
        (b"Later.", 0.0, False, False, {}),
        ("Later.", "much", False, False, {}),
        ("Later.", 0.0, False, False, ["no info"]),
        SystemExit(3),
    ],
    ids=lambda outcome: str(outcome)[:60],
)
def test_a_failure_is_recorded_and_the_others_go_on(outcome: Any) -> None:
    worlds = VectorWorld([Plain(outcome), Plain()])
    worlds.reset_all([0, 0])
    failed, fine = worlds.step_all(["go", "go"])
    assert failed is not None and fine is not None
    assert isinstance(failed.error, WorldFailed) and failed.error.__cause__ is not None
    assert len(str(failed.error)) < 1_000
    assert "plain" in str(failed.error) and failed.over
    assert fine.error is None and worlds.running(1) and not worlds.running(0)
    if isinstance(outcome, BaseException):
        assert failed.error.__cause__ is outcome
    worlds.worlds[0].outcome = ("Better.", 0.0, False, False, {})  # type: ignore[attr-defined]
    worlds.reset(0)
    assert worlds.step(0, "go").change == "Better."


def test_a_failure_to_begin_is_recorded() -> None:
    class Broken(Plain):
        def reset(self, **how: Any) -> tuple[str, dict[str, Any]]:
            raise OSError("no disk")

    worlds = VectorWorld([Broken(), Plain()])
    broken, fine = worlds.reset_all([0, 1])
    assert isinstance(broken.error, WorldFailed) and isinstance(broken.error.__cause__, OSError)
    assert fine.error is None


def test_a_caller_who_interrupts_is_obeyed() -> None:
    class Interrupted(Plain):
        def step(self, action: str) -> Outcome:
            raise KeyboardInterrupt

    worlds = VectorWorld([Interrupted()])
    worlds.reset(0)
    with pytest.raises(KeyboardInterrupt):
        worlds.step(0, "go")


def test_an_episode_without_end_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(Plain):
        def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
            return "Nothing happens.", 0.0, False, False, {}

    monkeypatch.setattr("forethought.worlds.vector.LONGEST_EPISODE", 3)
    vector = VectorWorld([Endless()])
    for seed in range(2):
        vector.reset(0, seed)
        results = [vector.step(0, "wait") for _ in range(3)]
        assert [result.ending for result in results] == [Ending.UNFINISHED, Ending.UNFINISHED, Ending.TIME_LIMIT]
        assert not vector.running(0)


def test_mistakes_of_the_caller_are_said() -> None:
    world = Plain()
    with pytest.raises(BadSetting, match="at least one"):
        VectorWorld([])
    with pytest.raises(BadSetting, match="given twice"):
        VectorWorld([world, world])
    worlds = VectorWorld([Plain(("End.", 1.0, True, False, {})), Plain()])
    with pytest.raises(BadSetting, match="not in an episode"):
        worlds.step(0, "go")
    with pytest.raises(BadSetting, match="1 seeds were given for 2 worlds"):
        worlds.reset_all([0])
    worlds.reset_all([0, 0])
    assert worlds.step_all(["go", None])[1] is None
    with pytest.raises(BadSetting, match="call reset"):
        worlds.step(0, "go")


def test_sealing_holds_for_every_world() -> None:
    worlds = VectorWorld([make("errand"), make("errand")])
    worlds.reset_all([0, 1])
    with worlds.sealed():
        for world in worlds.worlds:
            with pytest.raises(Sealed):
                world.facts()
    assert worlds.worlds[0].facts()


# --- what hangs, and what is too much ---


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forethought.worlds.limits.STEP_SECONDS", 0.2)
    monkeypatch.setattr("forethought.worlds.limits.RESET_SECONDS", 0.2)


class Asleep(Plain):
    def step(self, action: str) -> Outcome:
        time.sleep(30)
        return super().step(action)


class Spinning(Plain):
    def step(self, action: str) -> Outcome:
        while True:
            try:
                time.sleep(0)
            except Exception:
                continue


class Stubborn(Plain):
    """Swallows whatever would end it, once."""

    def step(self, action: str) -> Outcome:
        try:
            time.sleep(30)
        except BaseException:
            time.sleep(30)
        return super().step(action)


class Waiting(Plain):
    """Waits for somebody who never comes."""

    def step(self, action: str) -> Outcome:
        threading.Event().wait()
        return super().step(action)


class Endlessly(Plain):
    """Its list of actions never ends, and each takes a while."""

    def candidates(self) -> tuple[str, ...]:
        return tuple(f"{time.sleep(0.001)}" for _ in itertools.count())


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", [Asleep, Spinning, Stubborn, Waiting])
def test_a_step_that_hangs_is_a_recorded_failure_and_the_others_go_on(kind: type[Plain]) -> None:
    vector, start = VectorWorld([kind(), Plain()]), time.monotonic()
    vector.reset_all([0, 0])
    hung, fine = vector.step_all(["go", "go"])
    assert time.monotonic() - start < 5
    assert hung is not None and fine is not None and fine.error is None
    assert hung.ending is Ending.WORLD_ERROR and isinstance(hung.error, WorldFailed)
    assert isinstance(hung.error.__cause__, TimeoutError)
    assert "step('go')" in str(hung.error) and "longer than 0.2 s and was ended at" in str(hung.error)
    assert vector.reset(0, 1).error is None and vector.running(0)


@pytest.mark.usefixtures("impatient")
def test_a_reset_and_a_list_of_actions_can_hang_too() -> None:
    class Late(Plain):
        def reset(self, **how: Any) -> tuple[str, dict[str, Any]]:
            time.sleep(30)
            return "", {}

    for start in VectorWorld([Late(), Endlessly()]).reset_all([0, 0]):
        assert isinstance(start.error, WorldFailed) and "longer than 0.2 s" in str(start.error)


def test_a_megabyte_of_text_is_cut_with_a_warning() -> None:
    info = {"change": "b" * 1_000_000, "warning": "c" * 1_000_000}
    with pytest.warns(UserWarning) as told:
        result = stepped(("a" * 1_000_000, 0.0, False, False, info))
    assert "'plain': the observation is longer than 8,192 characters and is cut there" in str(told[0].message)
    assert result.error is None
    assert [len(text) for text in (result.observation, result.change, result.warning)] == [8_192] * 3


def test_a_world_that_declares_longer_texts_may_send_them() -> None:
    from gymnasium.spaces import Text

    world = Plain(("a" * 20_000, 0.0, False, False, {}))
    world.observation_space = Text(20_000)
    vector = VectorWorld([world])
    vector.reset(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(vector.step(0, "go").observation) == 20_000


def test_text_that_cannot_be_written_down_is_mended() -> None:
    assert stepped(("\ud800 caf\u00e9", 0.0, False, False, {})).observation == "? caf\u00e9"


def test_a_list_of_actions_that_the_world_goes_on_changing_stays_as_it_was_told() -> None:
    mine = ["go", "stay"]
    result = stepped(("Later.", 0.0, False, False, {"candidates": mine}))
    mine.clear()
    assert result.candidates == ("go", "stay")
    assert stepped(("Later.", 0.0, False, False, {"candidates": {"b", "a", "c"}})).candidates == ("a", "b", "c")


def test_an_exception_that_cannot_be_told_is_recorded() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert "Mute (its message cannot be had" in str(stepped(Mute()).error)
    assert len(str(stepped(ValueError("a" * 1_000_000)).error)) < 1_000
