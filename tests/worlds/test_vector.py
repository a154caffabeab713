"""Worlds in lockstep: gaps are filled, failures are recorded, and the others go on."""

from __future__ import annotations

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
        if isinstance(self.outcome, Exception):
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
    ],
    ids=str,
)
def test_a_failure_is_recorded_and_the_others_go_on(outcome: Any) -> None:
    worlds = VectorWorld([Plain(outcome), Plain()])
    worlds.reset_all([0, 0])
    failed, fine = worlds.step_all(["go", "go"])
    assert failed is not None and fine is not None
    assert isinstance(failed.error, WorldFailed) and isinstance(failed.error.__cause__, Exception)
    assert "plain" in str(failed.error) and failed.over
    assert fine.error is None and worlds.running(1) and not worlds.running(0)
    if isinstance(outcome, Exception):
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
