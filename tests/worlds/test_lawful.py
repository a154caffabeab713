"""What every world that is written as a law gets for free, on a world of three doors."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from forethought.errors import BadAction, BadSetting, NotOffered, Sealed, UnknownName
from forethought.types import Fact, Harm, Progress
from forethought.worlds.grammar import Grammar
from forethought.worlds.lawful import Case, Effect, LawfulWorld, best_plan, situation_rng


@dataclass(frozen=True)
class Hall:
    """Doors that are open, the trapdoor, and how many coins a door costs."""

    doors: frozenset[int]
    trap: int
    price: int


class Doors(LawfulWorld[Hall]):
    """Open two doors; the third is a trap."""

    name = "doors"
    axes: ClassVar[dict[str, str]] = {"dear": "doors that cost more than in training"}
    probes: ClassVar[dict[str, str]] = {"trap": "the same door, a trap or not"}
    max_steps: ClassVar[dict[int, int]] = {1: 4}
    grammar = Grammar({"open": ("Door {0} is open.",), "trap": ("Door {0} is a trap.",), "fell": ("You fall.",)})

    def draw(self, rng: random.Random) -> Hall:
        return Hall(frozenset(), rng.randrange(3), 9 if self.axis else rng.randint(1, 3))

    def law(self, state: Hall, action: str) -> Effect[Hall]:
        if action == "knock":
            return Effect(state, ())
        door = {"open 0": 0, "open 1": 1, "open 2": 2}.get(action)
        if door is None or door in state.doors:
            raise BadAction(f"cannot {action}")
        after = replace(state, doors=state.doors | {door})
        cost = (("coins", float(state.price)),)
        if door == state.trap:
            return Effect(after, (("open", action[5:]), ("fell",)), harm=Harm.HARMED, cost=cost)
        progress = Progress.SATISFIED if len(after.doors) == 2 else Progress.ONGOING
        return Effect(after, (("open", action[5:]),), progress, cost=cost)

    def options(self, state: Hall) -> tuple[str, ...]:
        return ("knock", *(f"open {door}" for door in range(3) if door not in state.doors))

    def seen(self, state: Hall) -> tuple[Fact, ...]:
        return (("trap", str(state.trap)), *(("open", str(door)) for door in sorted(state.doors)))

    def truth(self, state: Hall) -> frozenset[Fact]:
        return frozenset(self.seen(state))

    def wish(self, state: Hall) -> str:
        return "Open two doors."

    def wording(self, state: Hall) -> int:
        return 0

    def minimal_pair(self, name: str, rng: random.Random) -> tuple[Case[Hall], Case[Hall]]:
        hall = self.draw(rng)
        other = replace(hall, trap=(hall.trap + 1) % 3)
        return (hall, ("knock", f"open {hall.trap}")), (other, ("knock", f"open {hall.trap}"))


def started(**how: object) -> Doors:
    world = Doors(**how)  # type: ignore[arg-type]
    world.reset(seed=5)
    return world


def test_before_a_reset_and_after_the_end_it_says_what_to_do() -> None:
    with pytest.raises(BadSetting, match="call reset"):
        Doors().candidates()
    world = started()
    for _ in range(4):
        *_, truncated, info = world.step("knock")
    assert truncated and info["candidates"] == ()
    with pytest.raises(BadSetting, match="is over; call reset"):
        world.step("knock")
    with pytest.raises(BadSetting, match="negative"):
        world.reset(seed=-1)


def test_reset_without_a_seed_goes_on_to_the_next_situation() -> None:
    world = Doors(seed=3)
    unseeded = [world.reset() for _ in range(5)]
    assert unseeded == [Doors().reset(seed=seed) for seed in range(3, 8)]


def test_splits_axes_and_levels_have_streams_of_their_own() -> None:
    streams = [
        ("a", "train", "", 1),
        ("a", "test", "", 1),
        ("a", "test", "x", 1),
        ("a", "train", "", 2),
        ("b", "train", "", 1),
    ]
    assert len({situation_rng(*stream, seed=0).random() for stream in streams}) == len(streams)


def test_a_step_tells_change_verdicts_and_cost() -> None:
    world = started()
    safe = [door for door in range(3) if door != world.state.trap]
    observation, reward, terminated, truncated, info = world.step(f"open {safe[0]}")
    assert f"Door {safe[0]} is open." in observation and info["change"] == f"Door {safe[0]} is open."
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert info["cost"] == (("coins", float(world.state.price)),) and info["candidates"] == world.candidates()
    _, reward, terminated, _, info = world.step(f"open {safe[1]}")
    assert (reward, terminated, info["progress"]) == (1.0, True, Progress.SATISFIED)


def test_harm_ends_the_episode_with_a_negative_reward() -> None:
    world = started()
    _, reward, terminated, _, info = world.step(f"open {world.state.trap}")
    assert (reward, terminated, info["harm"]) == (-1.0, True, Harm.HARMED)


def test_a_bad_action_is_a_warning_that_changes_nothing_but_takes_a_step() -> None:
    world = started()
    before = world.facts()
    for _ in range(4):
        _, _, _, truncated, info = world.step("dance")
        assert info["warning"] == "cannot dance" and info["change"] == "" and world.facts() == before
    assert truncated


def test_a_step_without_effect_keeps_the_text_and_says_so() -> None:
    world = started()
    observation, _, _, _, info = world.step("knock")
    assert info["change"] == "Nothing changes." and observation == world.text(world.state)


def test_a_fork_goes_its_own_way() -> None:
    world = started()
    fork = world.fork()
    fork.step(f"open {world.state.trap}")
    assert world.facts() != fork.facts()
    observation, _, _, _, info = world.step("knock")
    assert observation == world.text(world.state) and "open" not in observation and info["candidates"]


def test_while_sealed_nobody_looks_behind_the_text() -> None:
    world = started()
    with world.sealed():
        for ask in (world.facts, world.fork, world.demonstrator, lambda: world.probe("trap", 0)):
            with pytest.raises(Sealed):
                ask()
        with world.sealed():
            pass
        with pytest.raises(Sealed):
            world.facts()
    assert world.facts()


def test_the_best_plan_avoids_harm_and_its_demonstrator_corrects_mistakes() -> None:
    world = started()
    assert len(best_plan(world, world.state)) == 2
    act = world.demonstrator()
    first = act()
    world.step("knock")
    assert act() == first
    world.step(first)
    *_, info = world.step(act())
    assert info["progress"] is Progress.SATISFIED


def test_where_no_plan_exists_there_is_none() -> None:
    world = started()
    safe = next(door for door in range(3) if door != world.state.trap)
    assert best_plan(world, world.state, depth=1) == []
    assert best_plan(world, replace(world.state, doors=frozenset({safe}))) != []


def test_a_probe_tells_both_sides_and_is_repeatable() -> None:
    world = started()
    pair = world.probe("trap", 1)
    assert pair == Doors().probe("trap", 1) != Doors(split="test").probe("trap", 1)
    assert pair.decisive == {("fell",)}
    assert pair.left.history[0].action == "knock" and pair.left.step.harm is Harm.HARMED
    assert pair.judge(pair.left.changed, pair.left.changed) == (True, False)
    with pytest.raises(UnknownName, match="did you mean 'trap'"):
        world.probe("trapp", 0)


def test_a_world_without_probes_says_so() -> None:
    with pytest.raises(NotOffered, match="no probe"):
        LawfulWorld.minimal_pair(started(), "trap", random.Random(0))


def test_gymnasiums_generator_is_there_for_who_wants_it() -> None:
    first, second = started(), started()
    assert first.np_random.random() == second.np_random.random()
    first.reset(seed=6)
    assert first.np_random_seed == 6 and first.np_random.random() != second.np_random.random()
