"""The sums world: codes hold for good, sums are right, and no problem is in two splits."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from forethought.errors import BadAction, Sealed
from forethought.models import train_tokenizer, training_texts
from forethought.types import NOTHING, Progress
from forethought.worlds import make
from forethought.worlds.sums import SumsWorld, problems, telling
from forethought.worlds.sums.problems import HELD_ORDERS, HELD_TENS, Problem, carries, home, parse
from forethought.worlds.sums.world import Item, State

HELD_OUT = [(axis, split) for axis in SumsWorld.axes for split in ("validation", "test")]


def drawn(world: SumsWorld, many: int) -> Iterator[Problem]:
    """The problems on the desks of so many situations."""
    for seed in range(many):
        world.reset(seed=seed)
        yield from (item.problem for item in world.state.desk if item.problem is not None)


def desk(*items: str, asked: tuple[int, ...] = (0,), level: int = 1) -> SumsWorld:
    world = SumsWorld(level=level)
    made = [Item(problem=problem) if (problem := parse(text)) else Item(text) for text in items]
    world.start(State(tuple(made), asked))
    return world


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4 7 plus 2 5", 72),
        ("1 0 minus 1 0", 0),
        ("9 minus 4 plus 3", 8),
        ("9 minus 4 minus 3", 2),
        ("1 2 times 9", 108),
    ],
)
def test_problems_are_done_from_left_to_right(text: str, value: int) -> None:
    problem = parse(text)
    assert problem is not None and problem.value == value and problem.text == text
    assert parse(f"{text} is") is None and parse("4 plus") is None and parse("Ada Berg") is None


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("4 7 plus 5", ["7 plus 5 is 1 2", "4 plus 0 plus 1 is 5"]),
        ("4 3 minus 1 8", ["1 3 minus 8 is 5", "4 minus 1 minus 1 is 2"]),
        ("1 0 0 minus 1", ["1 0 minus 1 is 9", "1 0 minus 0 minus 1 is 9", "1 minus 0 minus 1 is 0"]),
        ("9 plus 9 plus 9", ["9 plus 9 is 1 8", "8 plus 9 is 1 7", "1 plus 0 plus 1 is 2"]),
        ("4 7 times 3", ["7 times 3 is 2 1", "4 times 3 plus 2 is 1 4"]),
    ],
)
def test_the_columns_are_told_from_the_units_on(text: str, columns: list[str]) -> None:
    problem = parse(text)
    assert problem is not None and [" is ".join(each) for each in problem.working] == columns


@pytest.mark.parametrize(
    ("text", "many"),
    [
        ("4 7 plus 2 2", 0), ("4 7 plus 2 5", 1), ("6 7 plus 5 8", 2), ("9 9 9 plus 1", 3), ("8 2 plus 9 1", 1),
        ("5 2 minus 1 9", 1), ("5 0 0 minus 1", 2), ("6 0 6 plus 5 0 5", 1), ("7 times 8", 0), ("9 plus 9 plus 9", 0),
    ],
)  # fmt: skip
def test_carries_are_counted_as_they_come_one_upon_the_other(text: str, many: int) -> None:
    problem = parse(text)
    assert problem is not None and carries(problem) == many


def test_what_is_looked_up_or_worked_out_is_told_and_met() -> None:
    world = desk("Ada Berg", "4 7 plus 2 5", asked=(1, 0))
    text, _, _, _, info = world.step("work out 4 7 plus 2 5")
    assert info["change"] == "7 plus 5 is 1 2. 4 plus 2 plus 1 is 7. 4 7 plus 2 5 makes 7 2."
    assert info["progress"] is Progress.ONGOING and "4 7 plus 2 5 makes 7 2." in text and "is 1 2" not in text
    assert "There is a card for Ada Berg." in text and info["candidates"] == ("look up Ada Berg",)
    assert world.step("work out 4 7 plus 2 5")[-1]["change"] == NOTHING
    *_, info = world.step("look up Ada Berg")
    assert info["change"] == f"The code of Ada Berg is {telling.code('Ada Berg')}."
    assert info["progress"] is Progress.SATISFIED
    assert desk("Ada Berg").step("look up Bela Berg")[-1]["warning"]
    with pytest.raises(BadAction, match="expected look up NAME"):
        world.law(world.state, "work out 1 plus 1")


def test_codes_follow_from_nothing_and_are_the_same_everywhere() -> None:
    codes = [telling.code(f"{first} {last}") for first in telling.FIRST for last in telling.LAST]
    assert len(codes) == 1024 and len(set(codes)) > 600, "1,024 draws of 1,000 leave about 640 different ones"
    for place in range(3):
        counts = [sum(code.split()[place] == str(digit) for code in codes) for digit in range(10)]
        assert max(counts) < 140 and min(counts) > 70
    for split in ("train", "validation", "test"):
        world = make("sums", split=split)
        assert isinstance(world, SumsWorld)
        world.start(State((Item("Ada Berg"),), (0,)))
        assert world.step("look up Ada Berg")[-1]["change"] == f"The code of Ada Berg is {telling.code('Ada Berg')}."
    assert len(set(telling.FIRST)) == len(set(telling.LAST)) == 32


@pytest.mark.parametrize("level", SumsWorld.levels)
def test_training_never_meets_what_is_held_out(level: int) -> None:
    digits = problems.EXTENTS[level].digits
    for problem in drawn(SumsWorld(level=level), 300):
        assert home(problem, level) == ("train", "") and carries(problem) < 2 and max(problem.numbers) < 10**digits
        assert not set(pairwise(problem.operations)) & set(HELD_ORDERS.values())
        if len(problem.numbers) == 2:
            tens = {number // 10 ** (digits - 1) for number in problem.numbers}
            assert not tens & set(HELD_TENS.values())


@pytest.mark.parametrize("level", SumsWorld.levels)
@pytest.mark.parametrize(("axis", "split"), [*HELD_OUT, ("", "validation"), ("", "test")])
def test_each_axis_has_hundreds_of_problems_new_in_one_way(axis: str, split: str, level: int) -> None:
    found = list(drawn(SumsWorld(level=level, split=split, axis=axis), 300))
    assert all(home(problem, level) == (split, axis) for problem in found)
    assert len({problem.text for problem in found}) >= 200
    if axis:
        world = SumsWorld(level=level, split=split, axis=axis)
        world.reset(seed=0)
        assert not any(item.name for item in world.state.desk)
        assert world.desire_for(frozenset({Item(problem=found[0]).answer})) is None


def test_sums_either_way_round_are_in_the_same_split() -> None:
    rng = random.Random(0)
    for _ in range(300):
        problem = problems.draw(rng, 1, "train", "")
        if set(problem.operations) == {problems.PLUS}:
            turned = Problem(problem.numbers[::-1], problem.operations)
            assert home(turned, 1) == ("train", "")


def test_hindsight_wishes_for_what_is_known_and_no_more_than_can_be_asked() -> None:
    world = SumsWorld()
    known = [Item(f"{first} Berg").answer for first in telling.FIRST[:4]]
    assert world.desire_for(frozenset(known[:1])) in [d.format("the code of Ada Berg") for d in telling.DESIRES]
    assert world.desire_for(frozenset(known)) is None and world.desire_for(frozenset()) is None
    world.reset(seed=3)
    world.step(world.options(world.state)[0])
    assert world.desire_for(world.read(world.text(world.state))) is not None


@pytest.mark.parametrize("quality", ["custom", "best"])
def test_demonstrators_do_what_was_asked_and_nothing_else(quality: str) -> None:
    world = SumsWorld(seed=0)
    for seed in range(30):
        world.reset(seed=seed)
        act, over, steps = world.demonstrator(quality), False, 0
        while not over:
            _, _, over, truncated, info = world.step(act())
            steps += 1
            assert not truncated or over
        assert info["progress"] is Progress.SATISFIED and steps == len(world.state.asked)
    with world.sealed(), pytest.raises(Sealed):
        world.demonstrator(quality)


@pytest.mark.parametrize(("axis", "split"), [("", "train"), *HELD_OUT])
def test_a_pair_differs_in_its_last_digit_and_both_sides_are_of_its_place(axis: str, split: str) -> None:
    world = SumsWorld(split=split, axis=axis)
    for seed in range(20):
        pair = world.probe("digit", seed)
        left, right = (side.step.action.removeprefix("work out ") for side in (pair.left, pair.right))
        assert left[:-1] == right[:-1] and left != right
        for text in (left, right):
            problem = parse(text)
            assert problem is not None and home(problem, 1) == (split, axis)
        assert pair.judge(pair.left.changed, pair.right.changed) == (True, True)
        assert pair.judge(pair.left.changed, pair.left.changed) == (True, False)


def test_each_digit_is_a_token() -> None:
    tokenizer = train_tokenizer(training_texts(["sums"], [1], episodes=100), 1024)
    assert [tokenizer.decode([i]) for i in tokenizer(" 4 7 plus 2 5")["input_ids"]] == [" 4", " 7", " plus", " 2", " 5"]
