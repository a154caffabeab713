"""How people ask about an errand: in wordings of each split, about situations that the split may have."""

from __future__ import annotations

import re

import pytest

from forethought.errors import NotOffered, Sealed
from forethought.worlds import make
from forethought.worlds.errand import asking, town

NEAR = max(town.NEAR)


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize(("split", "axis"), [("train", ""), ("validation", "combination"), ("test", "near_driven")])
def test_a_question_is_about_a_situation_of_its_world(level: int, split: str, axis: str) -> None:
    world = make("errand", level=level, split=split, axis=axis)
    for seed in range(60):
        question = world.question(seed)
        assert question == world.question(seed) and set(question.right) <= set(question.options)
        facts = {fact[0]: fact for fact in world.read(question.observation)}
        assert not any(kind == "unreadable" for kind in facts)
        thing, done = question.desire.removeprefix("Get the ").rstrip(".").split()
        place = town.SERVICES[done]
        feet = facts["distance" if level == 1 else "place"][2]
        for told in (thing, done, place, feet):
            assert told in question.text, "a question tells all that the situation rests on"
        assert all(place in option for option in question.options)
        on_wheels, near = town.MANNER_OF[thing] in town.ON_WHEELS, int(feet) <= NEAR
        assert not (on_wheels and near) or axis == "near_driven"
        assert town.split_of(thing, done) in ("train", split if axis == "combination" else "train")


def test_what_is_asked_can_be_done_and_the_best_way_is_the_cheapest() -> None:
    world = make("errand", level=1, split="test", axis="near_driven")
    for seed in range(40):
        question = world.question(seed)
        assert question.right == question.options[1:], "walking leaves behind what is driven or ridden"
    world = make("errand", level=1, split="train")
    ways = {tuple(way.split()[0] for way in world.question(seed).right) for seed in range(200)}
    assert ways == {("walk",), ("drive",), ("ride",), ("walk", "drive")}


def test_no_wording_is_shared_by_two_splits() -> None:
    for part in (asking.WISHES, asking.DISTANCES, asking.QUESTIONS):
        told = [wording for wordings in part.values() for wording in wordings]
        assert len(set(told)) == len(told)
    worlds = {split: make("errand", split=split) for split in asking.WISHES}
    texts = {split: {world.question(seed).text for seed in range(3000)} for split, world in worlds.items()}
    assert not texts["train"] & texts["test"] and not texts["validation"] & texts["test"]
    articles = re.compile(r"I need to get my \w+ \w+ and the [\w ]+ is \d+ feet away\. Should I walk or \w+\?")
    assert any(articles.fullmatch(text) for text in texts["test"])
    for text in texts["train"]:
        assert not text[0].islower() and text[-1] in ".?" and ".." not in text


def test_nobody_looks_at_the_answer_while_an_agent_acts_and_few_worlds_are_asked_about() -> None:
    world = make("errand")
    with world.sealed(), pytest.raises(Sealed):
        world.question(0)
    for axis in ("errands", "wording"):
        with pytest.raises(NotOffered, match="no axis"):
            make("errand", split="test", axis=axis).question(0)
    with pytest.raises(NotOffered, match="nobody asks questions about world 'cliff'"):
        make("cliff").question(0)
