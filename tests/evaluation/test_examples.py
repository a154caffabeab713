"""Worked examples show what was imagined, what happened, and exactly where the two part."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from forethought.errors import UnknownName
from forethought.evaluation import Mark, car_wash_and_letter, worked_examples
from forethought.evaluation.carwash import Errand, ways_of
from forethought.evaluation.examples import FEET, _town, difference
from forethought.evaluation.metrics import Place
from forethought.evaluation.suites import probe_pairs
from forethought.worlds import make
from forethought.worlds.errand import ErrandWorld


def marks(imagined: str, true: str) -> list[tuple[str, str]]:
    return [(each.sentence, each.mark) for each in difference(make("errand"), imagined, true)]


def test_the_difference_marks_each_sentence() -> None:
    true = "You are at the car wash. The car is at the car wash. It takes 1 minutes."
    assert marks("You are at the car wash. It takes 2 minutes.", true) == [
        ("You are at the car wash.", Mark.RIGHT),
        ("It takes 2 minutes.", Mark.WRONG),
        ("The car is at the car wash.", Mark.MISSING),
        ("It takes 1 minutes.", Mark.MISSING),
    ]
    assert {mark for _, mark in marks(true, true)} == {Mark.RIGHT}


def test_nothing_is_something_to_be_right_or_wrong_about() -> None:
    nothing, something = "Nothing changes.", "The car is now washed."
    assert marks(nothing, nothing) == [(nothing, Mark.RIGHT)]
    assert marks(nothing, something) == [(nothing, Mark.WRONG), (something, Mark.MISSING)]
    assert marks(something, nothing) == [(something, Mark.WRONG), (nothing, Mark.MISSING)]
    assert marks("", nothing) == [(nothing, Mark.MISSING)]
    assert marks("mumble", nothing)[0] == ("mumble", Mark.WRONG)


def test_the_car_and_the_letter_are_thought_through_both_ways(knowing: Any) -> None:
    world = ErrandWorld(split="test", axis="near_driven")
    for thing, done in (("car", "washed"), ("letter", "posted")):
        errand = Errand(world, _town(1, thing, done))
        for actions in ways_of(errand).values():
            knowing.teach(world.wish(errand.state), world.text(errand.state), errand.lived(actions)[0])
    car, letter = car_wash_and_letter(knowing)
    assert (car.desire, car.chosen, car.best, car.right_reason) == ("Get the car washed.", "drive", "drive", True)
    assert (letter.desire, letter.chosen, letter.best) == ("Get the letter posted.", "walk", "walk")
    assert f"The car wash is {FEET} feet away" in car.observation and f"{FEET} feet away" in letter.observation
    walk, drive = car.ways
    assert [step.action for step in walk.steps] == ["walk to the car wash", "ask for the car to be washed"]
    assert (walk.promise, walk.works, drive.promise, drive.works) == (0.0, False, 1.0, True)
    assert all(step.right for choice in (car, letter) for way in choice.ways for step in way.steps)
    assert json.loads(json.dumps(asdict(car)))["ways"][0]["steps"][1]["happened"] == "You have no car with you."


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_the_example_stands_at_every_level(knowing: Any, level: int) -> None:
    choices = car_wash_and_letter(knowing, level)
    assert [choice.best for choice in choices] == ["drive", "walk"]
    assert all(way.works or way.name == "walk" for choice in choices for way in choice.ways)


def test_examples_of_any_world_go_through_its_probes_in_turn(knowing: Any) -> None:
    pairs = probe_pairs(Place("errand", 1, "test", ""), "presence", 2, 0)
    knowing.teach_all([side for pair in pairs for side in (pair.left, pair.right)])
    examples = worked_examples(knowing, n=5)
    assert [example.probe for example in examples] == ["presence", "acceptance", "welcome", "near_driven", "presence"]
    assert [example.right for example in examples] == [True, False, False, False, True]
    assert all(side.foreseen.right and side.right for side in examples[0].sides)
    assert examples[1].sides[0].history[0].action.split()[0] in ("walk", "drive", "ride")
    assert Mark.MISSING in {marked.mark for marked in examples[2].sides[0].foreseen.difference}
    with pytest.raises(UnknownName, match="did you mean 'wording'"):
        worked_examples(knowing, axis="wordings")


@pytest.mark.parametrize("world", ["cliff", "street"])
def test_other_worlds_have_examples_too(knowing: Any, world: str) -> None:
    assert len(worked_examples(knowing, world, n=2)) == 2
