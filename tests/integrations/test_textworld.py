"""TextWorldExpress's games, played for real in one Java process."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("textworld_express", reason="needs the extra 'textworld'")
if shutil.which("java") is None:
    pytest.skip("needs Java", allow_module_level=True)

from forethought.integrations.textworld import TextWorldExpressWorld
from forethought.integrations.textworld_engine import Engine
from forethought.types import NOTHING, Harm, Progress
from forethought.worlds import ADAPTED, make, world_class
from forethought.worlds.check import Severity, check_world

GAMES = [name for name in ADAPTED if name.startswith("twx-")]


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[None]:
    yield
    Engine.running().close()


def game(name: str, **how: Any) -> TextWorldExpressWorld:
    world = make(name, **how)
    assert isinstance(world, TextWorldExpressWorld)
    return world


def played(world: TextWorldExpressWorld, seed: int, steps: int = 12) -> list[Any]:
    rng, seen = random.Random(seed), [world.reset(seed=seed)]
    for _ in range(steps):
        if world._over:
            break
        seen.append(world.step(rng.choice(world.candidates())))
    return seen


@pytest.mark.parametrize("name", GAMES)
def test_the_world_keeps_its_promises_but_states_no_facts(name: str) -> None:
    report = check_world(lambda: make(name), episodes=3)
    assert report.ok, str(report)
    assert {finding.check for finding in report.findings} <= {"reading", "changes"}, str(report)
    assert all(finding.severity is Severity.NOTE for finding in report.findings)


@pytest.mark.parametrize("name", GAMES)
def test_the_games_own_solution_satisfies_at_every_level(name: str) -> None:
    for level in world_class(name).levels:
        world = game(name, level=level)
        for seed in range(4):
            world.reset(seed=seed)
            act, over, score = world.demonstrator("best"), False, 0.0
            while not over:
                _, reward, terminated, truncated, info = world.step(act())
                score += reward
                over = terminated or truncated
                assert not info["warning"] and info["harm"] is Harm.NONE
            assert info["progress"] is Progress.SATISFIED and score == pytest.approx(1.0)


@pytest.mark.parametrize("name", GAMES)
def test_a_game_is_not_disturbed_by_another_of_the_same_situation(name: str) -> None:
    world, other = game(name), game(name)
    for seed in range(4):
        alone = played(world, seed)
        rng, seen = random.Random(seed), [world.reset(seed=seed)]
        other.reset(seed=seed)
        for _ in range(len(alone) - 1):
            seen.append(world.step(rng.choice(world.candidates())))
            if not other._over:
                other.step(random.Random(seed + 1).choice(other.candidates()))
        assert seen == alone


@pytest.mark.parametrize("name", GAMES)
def test_a_fork_is_the_same_game_and_independent(name: str) -> None:
    world = game(name, level=max(world_class(name).levels))
    rng = random.Random(1)
    world.reset(seed=5)
    world.step(rng.choice(world.candidates()))
    if world._over:  # Simon says no twice
        world.reset(seed=5)
    fork = world.fork()
    assert fork._text == world._text and fork.candidates() == world.candidates()
    action = world.candidates()[0]
    ahead = fork.step(action)
    assert world.step(action) == ahead


def test_the_change_is_what_is_new() -> None:
    world = game("twx-cookingworld")
    world.reset(seed=0)
    assert world.step("look around")[4]["change"] == NOTHING
    change = world.step("take cookbook")[4]["change"]
    assert change.startswith("You take the cookbook.") and "cookbook" in change.splitlines()[-1]
    assert "Directions:" in world.step("read cookbook")[4]["change"]
    text, _, _, _, info = world.step("fly to the moon")
    assert "not possible" in info["warning"] and info["change"] == "" and text == world._text


def test_a_failed_task_is_no_success() -> None:
    failed = 0
    for seed in range(30):
        _, *steps = played(game("twx-simonsays"), seed, steps=30)
        failed += steps[-1][4]["progress"] is Progress.FAILED
    assert failed > 10


# --- what is held out ---


@pytest.mark.parametrize("name", [name for name in GAMES if "things" in world_class(name).axes])
def test_the_axis_things_has_words_that_training_never_says(name: str) -> None:
    """The games themselves keep things for their dev and test folds; training is asked for 400 situations."""

    def words(episodes: int, **how: Any) -> set[str]:
        world, found = game(name, level=max(world_class(name).levels), **how), set[str]()
        for seed in range(episodes):
            observation, info = world.reset(seed=seed)
            for text in (observation, info["desire"], *info["candidates"]):
                found |= {word.strip(".,':;") for word in text.split()}
        return found

    train = words(400)
    for split in ("validation", "test"):
        met, alike = words(60, split=split, axis="things") - train, words(60, split=split) - train
        assert len(met) > max(3, 2 * len(alike)), (met, alike)


@pytest.mark.parametrize("name", GAMES)
def test_training_never_has_the_numbers_of_an_axis(name: str) -> None:
    cls = world_class(name)
    assert issubclass(cls, TextWorldExpressWorld)
    for axis, splits in cls.held_out.items():
        for level in cls.levels:
            train = game(name, level=level)
            train.reset(seed=0)
            made = {split: game(name, level=level, split=split, axis=axis) for split in splits}
            numbers = []
            for split, world in made.items():
                world.reset(seed=0)
                (changed,) = splits[split]
                assert world.session.properties()[changed] > train.session.properties()[changed]
                numbers.append(world.session.properties()[changed])
            assert len(set(numbers)) == 2


def test_no_situation_is_in_two_splits() -> None:
    worlds = {split: game("twx-coin", split=split) for split in ("train", "validation", "test")}
    for remainder, world in enumerate(worlds.values()):
        for seed in range(20):
            world.reset(seed=seed)
            assert world._game_seed % 3 == remainder


# --- the Java process ---


def test_java_ends_with_the_last_world_and_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "_running", None)
    one, two = game("twx-coin"), game("twx-twc")
    first = Engine.running()
    java = first._owner._gateway.java_process
    one.reset(seed=0)
    one.close()
    assert java.poll() is None
    two.close()
    two.close()
    assert java.poll() is not None and Engine._running is None
    observation, _ = one.reset(seed=0)
    assert observation and Engine.running() is not first
    Engine.running().close()
