"""CliffWalking and FrozenLake against Gymnasium's exact tables of transitions."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import gymnasium
import pytest

from forethought.errors import BadSetting, Sealed
from forethought.evaluation import evaluate
from forethought.integrations import cliff_walking, frozen_lake
from forethought.integrations.toy_text import ToyTextWorld, arriving, best_moves, outcome_table, square, where
from forethought.models import Model
from forethought.training import train
from forethought.types import NOTHING, Fact, Harm, Progress
from forethought.worlds import make
from forethought.worlds.check import check_world

NAMES = ("frozenlake", "cliffwalking")
SPLITS = (("train", ""), ("validation", ""), ("test", ""))


def walker(name: str, **how: Any) -> ToyTextWorld:
    world = make(name, **how)
    assert isinstance(world, ToyTextWorld)
    return world


def told_of(world: ToyTextWorld, text: str) -> set[Fact]:
    return set(world.read(text))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("level", [1, 2])
def test_the_world_keeps_its_promises_without_a_remark(name: str, level: int) -> None:
    report = check_world(lambda: make(name, level=level), episodes=6)
    assert report.ok and not report.findings, str(report)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("level", [1, 2])
def test_every_transition_is_one_of_the_exact_table_and_told_as_it_is(name: str, level: int) -> None:
    world = walker(name, level=level)
    for seed in range(4):
        world.reset(seed=seed)
        walk = world.walk
        for state, moves in walk.env.P.items():
            for action, move in walk.moves.items():
                walk.env.s = world._at = state
                world._over, world._taken = False, []
                text, reward, ended, _, info = world.step(action)
                after = world._at
                rows = [row for row in moves[move] if row[1] == after and row[2] == reward]
                assert rows, (state, action, after, reward)
                fell = info["harm"] is Harm.HARMED
                assert fell == (reward == -100 if name == "cliffwalking" else rows[0][3] and reward == 0)
                assert ended == (fell or rows[0][3])
                if ended and not fell:
                    assert info["progress"] is Progress.SATISFIED and after == walk.goal
                changed = told_of(world, info["change"])
                assert (("you at", walk.squares[after]) in changed) == (after != state)
                assert (("fell",) in changed) == fell
                intended = moves[move][len(moves[move]) // 2][1]
                assert (("slipped",) in changed) == (after != intended)
                assert ("you at", walk.squares[after]) in told_of(world, text)


@pytest.mark.parametrize("name", NAMES)
def test_moves_go_where_their_names_say_from_every_view(name: str) -> None:
    world = walker(name)
    steps = {"go north": (0, 1), "go east": (1, 0), "go south": (0, -1), "go west": (-1, 0)}
    for seed in range(12):
        world.reset(seed=seed)
        walk, inside = world.walk, set(world.walk.squares)
        for state in range(len(walk.squares)):
            x, y = where(walk.squares[state])
            for action, (east, north) in steps.items():
                _, after, reward, _ = walk.env.P[state][walk.moves[action]][0]
                aimed = (x + east, y + north)
                if reward == -100 or (name == "frozenlake" and state in holes_and_goal(world)):
                    continue
                there = square(*aimed) if min(aimed) >= 0 and square(*aimed) in inside else walk.squares[state]
                assert walk.squares[after] == there


def holes_and_goal(world: ToyTextWorld) -> set[int]:
    return {s for s, moves in world.walk.env.P.items() if moves[0][0][3] and moves[0][0][1] == s}


def test_a_third_of_the_steps_on_slippery_ice_goes_each_way() -> None:
    world, rng = walker("frozenlake", level=2), random.Random(0)
    counts: Counter[int] = Counter()
    for seed in range(60):
        world.reset(seed=seed)
        for _ in range(60):
            at, action = world._at, rng.choice(world.candidates())
            rows = world.walk.env.P[at][world.walk.moves[action]]
            _, _, ended, truncated, _ = world.step(action)
            if len({row[1] for row in rows}) == 3:
                counts[[row[1] for row in rows].index(world._at)] += 1
            if ended or truncated:
                break
    assert sum(counts.values()) > 150
    assert all(0.25 < counts[i] / sum(counts.values()) < 0.42 for i in range(3)), counts


def test_the_cliff_of_gymnasium_is_where_the_world_says() -> None:
    world = walker("cliffwalking")
    for seed in range(10):
        observation, _ = world.reset(seed=seed)
        (edge,) = [fact for fact in told_of(world, observation) if fact[0] == "cliff"]
        (first_x, first_y), (last_x, last_y) = where(edge[1]), where(edge[2])
        told = {square(x, y) for x in range(first_x, last_x + 1) for y in range(first_y, last_y + 1)}
        real = {world.walk.squares[int(s)] for s in world.walk.env._cliff.ravel().nonzero()[0]}
        assert told == real


def test_a_fall_ends_the_episode_with_harm_and_the_environments_own_reward() -> None:
    world = walker("cliffwalking")
    world.reset(seed=0)
    corner = world.walk.env.start_state_index
    world.walk.env.s = world._at = int(corner)
    into = next(a for a, m in world.walk.moves.items() if world.walk.env.P[corner][m][0][2] == -100)
    _, reward, ended, _, info = world.step(into)
    assert (reward, ended, info["harm"], info["progress"]) == (-100.0, True, Harm.HARMED, Progress.FAILED)
    assert info["change"] == "You fall off the cliff."
    with pytest.raises(BadSetting, match="reset"):
        world.step(into)


def test_running_against_an_edge_changes_nothing() -> None:
    world = walker("frozenlake")
    world.reset(seed=0)
    world.walk.env.s = world._at = 0  # the north-western corner
    if 0 not in holes_and_goal(world):
        assert world.step("go west")[4]["change"] == NOTHING


@pytest.mark.parametrize("name", NAMES)
def test_the_best_demonstrator_is_as_good_as_the_exact_table_allows(name: str) -> None:
    world, won, chances = walker(name, level=2), 0, 0.0
    for seed in range(30):
        world.reset(seed=seed)
        chances += arriving(outcome_table(world.walk.env.P, world.falls), world.walk.start, world.step_limit)
        act, over = world.demonstrator("best"), False
        while not over:
            *_, terminated, truncated, info = world.step(act())
            over = terminated or truncated
        won += info["progress"] is Progress.SATISFIED
    assert chances / 30 > 0.97 and won >= 28


def test_the_exact_plan_of_a_known_lake_is_known() -> None:
    env = gymnasium.make("FrozenLake-v1", map_name="4x4", is_slippery=True).unwrapped
    table = outcome_table(env.P, lambda reward, ended: ended and reward <= 0)  # type: ignore[attr-defined]
    assert best_moves(table)[0] == 0  # the best first move of the classic map is left, as in the literature
    assert arriving(table, 0, 10_000) == pytest.approx(0.8235, abs=0.005)  # and arrives in 82% of all tries


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("level", [1, 2])
def test_a_fork_has_the_same_chances_ahead_and_is_independent(name: str, level: int) -> None:
    world = walker(name, level=level)
    for seed in range(5):
        world.reset(seed=seed)
        world.step("go north")
        if world._over:
            continue
        fork = world.fork()
        actions = random.Random(seed).choices(world.candidates(), k=15)
        assert play(fork, actions) == play(world, actions)


def play(world: ToyTextWorld, actions: list[str]) -> list[Any]:
    seen = []
    for action in actions:
        seen.append(world.step(action))
        if seen[-1][2] or seen[-1][3]:
            break
    return seen


def test_whoever_acts_cannot_look_behind_the_text() -> None:
    world = walker("frozenlake")
    world.reset(seed=0)
    with world.sealed(), pytest.raises(Sealed):
        world.fork()
    with world.sealed(), pytest.raises(Sealed):
        world.facts()


# --- what is held out ---


def lake(world: ToyTextWorld) -> tuple[int, int, tuple[int, int]]:
    squares, holes = world.walk.squares, sum(fact[0] == "hole" for fact in world.walk.ground)
    sector = frozen_lake._sector(where(squares[world.walk.start]), where(squares[world.walk.goal]))
    return int(len(squares) ** 0.5), holes, sector


@pytest.mark.parametrize(("split", "axis"), SPLITS)
def test_training_never_meets_a_held_out_lake(split: str, axis: str) -> None:
    world = walker("frozenlake", split=split, axis=axis)
    for seed in range(300):
        observation, info = world.reset(seed=seed)
        size, holes, sector = lake(world)
        assert size in (4, 5) and holes <= {4: 3, 5: 5}[size] and sector not in frozen_lake.SECTORS.values()
        assert world.walk.telling in (0, 1) and world.walk.asking in (0, 1, 2)
        assert not any(info["desire"].startswith(words) for words in ("Make your way", "Please"))
        assert "Your place is" not in observation and "Your feet" not in observation


@pytest.mark.parametrize("split", ["validation", "test"])
def test_each_axis_of_the_lake_holds_what_it_names(split: str) -> None:
    for axis in frozen_lake.FrozenLakeWorld.axes:
        world = walker("frozenlake", split=split, axis=axis)
        for seed in range(40):
            world.reset(seed=seed)
            size, holes, sector = lake(world)
            assert (size in frozen_lake.SIZES[split]) == (axis == "size")
            assert (sector == frozen_lake.SECTORS[split]) == (axis == "direction")
            assert (axis == "holes") == (holes > {4: 3, 5: 5, 6: 7, 7: 10, 8: 13}[size])
            assert (world.walk.telling == {"validation": 2, "test": 3}[split]) == (axis == "wording")


def test_cliffwalkings_axes_hold_what_they_name() -> None:
    def steps(world: ToyTextWorld) -> int:
        return cliff_walking._steps(world.walk.squares[world.walk.start], world.walk.squares[world.walk.goal])

    def view(world: ToyTextWorld) -> tuple[str, ...]:
        return world.walk.squares

    views = {split: set[tuple[str, ...]]() for split in ("train", "validation", "test")}
    for split in views:
        world = walker("cliffwalking", split=split, axis="" if split == "train" else "view")
        for seed in range(60):
            world.reset(seed=seed)
            views[split].add(view(world))
            assert 1 <= steps(world) <= 7
    assert len(views["train"]) == 6 and not views["train"] & (views["validation"] | views["test"])
    assert not views["validation"] & views["test"]
    for split, (nearest, furthest) in cliff_walking.DISTANCES.items():
        world = walker("cliffwalking", split=split, axis="" if split == "train" else "distance")
        distances = set()
        for seed in range(80):
            world.reset(seed=seed)
            distances.add(steps(world))
        assert min(distances) >= nearest and max(distances) <= furthest


@pytest.mark.parametrize("name", NAMES)
def test_hindsight_wishes_for_where_one_arrived_and_never_for_a_fall(name: str) -> None:
    world, wished = walker(name), 0
    for seed in range(40):
        world.reset(seed=seed)
        rng = random.Random(seed)
        for _ in range(10):
            *_, ended, truncated, info = world.step(rng.choice(world.candidates()))
            seen = world.facts()
            wish = world.desire_for(seen | world.read(info["change"]))
            if wish is not None:
                wished += 1
                assert info["harm"] is Harm.NONE and world.walk.squares[world._at] in wish
                assert world.aims(world.walk.squares[world.walk.start], world.walk.squares[world._at])
            if ended or truncated:
                break
    assert wished > 40


def test_no_square_is_told_apart() -> None:
    assert where("C12") == (2, 11) and square(2, 11) == "C12"
    with pytest.raises(BadSetting, match="'B3'"):
        where("33")
    with pytest.raises(BadSetting, match="negative"):
        walker("frozenlake").reset(seed=-1)


@pytest.mark.slow
def test_a_model_is_trained_and_measured_in_it_by_name(tmp_path: Path) -> None:
    small = {"budget_tokens": 3000, "batch_steps": 8, "first_episodes": 8, "live_episodes": 4, "precision": "float32"}
    run = train(folder=tmp_path / "run", worlds=("frozenlake",), **small)
    assert run.finished and {episode.world for episode in run.store.episodes()} == {"frozenlake"}
    records = evaluate(Model.from_pretrained(run.model), worlds=("frozenlake",), n=2)
    assert {"", *frozen_lake.FrozenLakeWorld.axes} == {record.axis for record in records}
