"""BabyAI and LavaCrossing, played for real."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

pytest.importorskip("minigrid", reason="needs the extra 'minigrid'")

from forethought.errors import BadSetting
from forethought.integrations import mini_grid
from forethought.integrations.grids import ACTIONS, GridWorld
from forethought.types import NOTHING, Harm, Progress
from forethought.worlds import make
from forethought.worlds.check import check_world

LEVELS = [("babyai", 1), ("babyai", 2), ("babyai", 3), ("lavacrossing", 1), ("lavacrossing", 2)]


def grid(name: str, **how: Any) -> GridWorld:
    world = make(name, **how)
    assert isinstance(world, GridWorld)
    return world


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_the_world_keeps_its_promises_without_a_remark(name: str, level: int) -> None:
    report = check_world(lambda: make(name, level=level), episodes=5)
    assert report.ok and not report.findings, str(report)


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_what_is_told_is_what_the_grid_holds_after_every_step(name: str, level: int) -> None:
    """A twin of the wrapped environment is stepped beside the world, and read cell by cell."""
    world = grid(name, level=level)
    for seed in range(6):
        world.reset(seed=seed)
        twin = world.fork()._env
        rng = random.Random(seed)
        for _ in range(40):
            action = rng.choice(world.candidates())
            observation, reward, ended, truncated, _ = world.step(action)
            _, real_reward, real_end, _, _ = twin.step(ACTIONS[action])
            assert reward == real_reward and ended == real_end
            things = {
                (twin.height - place // twin.width, f"{cell.color} {cell.type}")
                for place, cell in enumerate(twin.grid.grid)
                if cell is not None and cell.type in ("ball", "box", "key")
            }
            told = {(int(f[2][1:]), f[1]) for f in world.read(observation) if f[0] == "thing"}
            assert told == things
            carried = f"a {twin.carrying.color} {twin.carrying.type}" if twin.carrying else "nothing"
            assert ("carry", carried) in world.read(observation)
            assert world.read(observation) == world.facts()
            if ended or truncated:
                break


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_the_best_demonstrator_arrives_and_the_environments_reward_is_kept(name: str, level: int) -> None:
    for split, axis in [("train", ""), ("test", "wording")]:
        world = grid(name, level=level, split=split, axis=axis)
        for seed in range(8):
            world.reset(seed=seed)
            act, over = world.demonstrator("best"), False
            while not over:
                _, reward, terminated, truncated, info = world.step(act())
                over = terminated or truncated
            assert info["progress"] is Progress.SATISFIED and info["harm"] is Harm.NONE
            assert reward == pytest.approx(1 - 0.9 * len(world._taken) / world.step_limit)


def test_lava_is_harm() -> None:
    world, harmed = grid("lavacrossing"), 0
    for seed in range(20):
        world.reset(seed=seed)
        act, over = world.demonstrator("custom"), False
        while not over:
            _, reward, terminated, truncated, info = world.step(act())
            over = terminated or truncated
        if info["harm"] is Harm.HARMED:
            harmed += 1
            assert reward == 0 and terminated and info["progress"] is Progress.FAILED
            assert "The lava burns you." in info["change"]
    assert harmed > 3


def test_a_key_opens_its_door_and_a_wall_stops() -> None:
    world = grid("babyai", level=3)
    world.reset(seed=1)
    act, changes = world.demonstrator("best"), []
    for _ in range(world.step_limit):
        *_, over, _, info = world.step(act())
        changes.append(info["change"])
        if over:
            break
    assert any(re.fullmatch(r"The \w+ door at \w+ is open\.", change) for change in changes)
    assert any(re.match(r"You carry a \w+ key\.", change) for change in changes)
    world = grid("lavacrossing")
    world.reset(seed=0)
    world.step("turn left")
    assert world.step("go forward")[4]["change"] == NOTHING


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_a_fork_is_independent(name: str, level: int) -> None:
    world = grid(name, level=level)
    world.reset(seed=3)
    world.step("turn left")
    fork, rng = world.fork(), random.Random(0)
    actions = []
    for _ in range(20):
        if fork._over:
            break
        actions.append(rng.choice(fork.candidates()))
        fork.step(actions[-1])
    again = world.fork()
    outcomes = [again.step(action) for action in actions]
    assert [world.step(action) for action in actions] == outcomes


# --- what is held out ---


def shown(world: GridWorld) -> set[tuple[str, str]]:
    return {(cell.color, cell.type) for cell in world._env.grid.grid if cell is not None}


@pytest.mark.parametrize("level", [1, 2, 3])
def test_training_never_meets_a_held_out_colour_of_a_thing(level: int) -> None:
    held = {f"{color} {kind}" for pairs in mini_grid.HELD_OUT.values() for color, kind in pairs}
    world = grid("babyai", level=level)
    for seed in range(60):
        observation, info = world.reset(seed=seed)
        record = [info["desire"], observation]
        act, over = world.demonstrator("custom"), False
        while not over:
            observation, _, terminated, truncated, info = world.step(act())
            record += [observation, info["change"]]
            over = terminated or truncated
        assert not [thing for thing in held if any(thing in text for text in record)]
        assert level == 3 or world._env.room_size in (6, 7)


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_missions_of_the_axis_combination_are_about_held_out_things(split: str, level: int) -> None:
    world = grid("babyai", level=level, split=split, axis="combination")
    (other,) = (held for name, held in mini_grid.HELD_OUT.items() if name != split)
    for seed in range(8):
        _, info = world.reset(seed=seed)
        assert any(f"{color} {kind}" in info["desire"] for color, kind in mini_grid.HELD_OUT[split])
        assert not shown(world) & other


def test_sizes_things_and_rivers_are_held_out() -> None:
    for split in ("validation", "test"):
        large = grid("babyai", split=split, axis="size")
        large.reset(seed=0)
        assert large._env.room_size in mini_grid.ROOM_SIZES[split]
        full = grid("babyai", split=split, axis="things")
        full.reset(seed=0)
        assert full._env.num_dists in mini_grid.THINGS[split] and full._env.num_dists > max(mini_grid.THINGS["train"])
        rivers = grid("lavacrossing", split=split, axis="rivers")
        rivers.reset(seed=0)
        assert rivers._env.num_crossings in mini_grid.RIVERS[split][1]
    with pytest.raises(BadSetting, match="level 1 or 2"):
        grid("babyai", level=3, split="test", axis="size")
