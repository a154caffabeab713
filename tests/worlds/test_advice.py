"""Advice is a world as a conversation: the same law, told by the one who lives in it."""

from __future__ import annotations

import re

import pytest

from forethought.errors import Sealed
from forethought.types import NOTHING, UNREADABLE, Harm, Progress
from forethought.worlds import BUILT_IN, make
from forethought.worlds.advice import AdviceWorld, Talk, advice
from forethought.worlds.advice.telling import BETWEEN, HELD_OUT_MANNERS, OPEN, TASKS, advised, answer, first_person
from forethought.worlds.errand import ErrandWorld

NAMES = [name for name in BUILT_IN if name.startswith("advice")]
YOU = re.compile(r"\b(you|your|yours|yourself)\b", re.IGNORECASE)


def talk(name: str = "advice", level: int = 1, split: str = "train", axis: str = "") -> AdviceWorld:
    world = make(name, level=level, split=split, axis=axis)
    assert isinstance(world, AdviceWorld)
    return world


@pytest.mark.parametrize(
    ("told", "mine"),
    [
        ("You are at {0}.", "I am at {0}."),
        ("You stand at {0}.", "I stand at {0}."),
        ("Your purse holds {0} coins.", "My purse holds {0} coins."),
        ("{0} hits you.", "{0} hits me."),
        ("Unknown to you: {0}.", "Unknown to me: {0}."),
        ("The dog that you are leading follows you home.", "The dog that I am leading follows me home."),
        ("What you have is yours, and you were there yourself.", "What I have is mine, and I was there myself."),
        ("The young man has yourtish ways.", "The young man has yourtish ways."),
    ],
)
def test_what_is_told_to_you_is_told_by_me(told: str, mine: str) -> None:
    assert first_person(told) == mine


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_a_conversation_is_its_inner_world_in_other_words(name: str, level: int) -> None:
    world = talk(name, level)
    sentences = [t for kind, told in world.grammar.sentences.items() if kind != "asked" for t in told]
    assert not [sentence for sentence in sentences if YOU.search(sentence)]
    between = 0
    for seed in range(12):
        observation, info = world.reset(seed=seed)
        inside = world.of(level=level)
        plain, its = inside.start(world.state.inside)
        assert its["desire"] in info["desire"]
        asked = {fact[1:] for fact in world.read(observation) if fact[0] == "asked"}
        assert {f for f in world.read(observation) if f[0] != "asked"} == inside.read(plain)
        between += len(asked)
        assert asked == ({world.state.between} if world.state.between else set())
        if asked:
            assert set(info["candidates"]) == {answer(way) for way in world.state.between}
            assert set(world.state.between) <= set(its["candidates"])
        act, over = world.demonstrator("custom"), False
        while not over:
            said = act()
            observation, reward, terminated, truncated, info = world.step(said)
            theirs = inside.step(advised(said))
            assert (reward, terminated, truncated) == theirs[1:4]
            assert [info[k] for k in ("progress", "harm", "cost")] == [
                theirs[4][k] for k in ("progress", "harm", "cost")
            ]
            assert world.read(info["change"]) == inside.read(theirs[4]["change"])
            assert world.read(observation) == inside.read(theirs[0]), "after the first answer the question is open"
            assert info["change"] == NOTHING or info["change"].startswith("I did so. ")
            over = terminated or truncated
    assert between, "most begin with a question between two ways"


@pytest.mark.parametrize("name", NAMES)
def test_questions_are_put_in_held_out_manners_on_their_axis_alone(name: str) -> None:
    for split, axis in (("train", ""), ("validation", "question"), ("test", "question"), ("test", "wording")):
        world = talk(name, 1, split, axis)
        manners, between = set(), 0
        for seed in range(40):
            observation, info = world.reset(seed=seed)
            manners.add(world.state.manner)
            stem = TASKS[world.state.manner].partition("{0}")[0]
            assert info["desire"].startswith(stem)
            put = BETWEEN[world.state.manner] if world.state.between else OPEN[world.state.manner]
            assert put.partition("{0}")[0] in observation
            between += bool(world.state.between)
        assert 15 < between < 40, "most are between two ways, the others open"
        assert manners == set(HELD_OUT_MANNERS[split]) if axis == "question" else manners <= set(range(4))


def test_walking_leaves_the_car_at_home_and_the_user_tells_so() -> None:
    world = talk(split="test", axis="near_driven")
    pair = world.probe("near_driven", 3)
    told = {side.step.change for side in (pair.left, pair.right)}
    assert all(side.step.action.startswith("Walk to the ") for side in (pair.left, pair.right)) and len(told) == 2
    assert any(re.search(r"I did so\. I am at the .* The \w+ stays at home\.", change) for change in told)
    assert {fact[0] for fact in pair.decisive} <= {"thing at", "stays"}


def test_an_answer_may_be_a_sentence_and_what_means_nothing_is_a_warning() -> None:
    world = talk()
    for said in ("Walk to the car wash.", "walk to the car wash", "You should walk to the car wash!"):
        world.reset(seed=0)
        assert advised(said) == "walk to the car wash"
        assert world.step(said)[4]["warning"] == ""
    _, info = world.reset(seed=0)
    observation, _, terminated, _, info = world.step("It depends.")
    assert info["warning"] and info["change"] == "" and not terminated
    assert info["progress"] is Progress.ONGOING and info["harm"] is Harm.NONE
    assert not any(fact[0] == UNREADABLE for fact in world.read(observation))


def test_nobody_asks_whoever_knows_while_an_agent_acts() -> None:
    world = talk()
    world.reset(seed=0)
    with world.sealed():
        for ask in (world.facts, world.fork, world.demonstrator):
            with pytest.raises(Sealed):
                ask()


def test_a_fork_goes_on_as_long_as_the_inner_world_does() -> None:
    world = talk("advice", 4, "test", "errands")
    world.reset(seed=0)
    assert world.fork().step_limit == world.step_limit == world.inside.step_limit > world.max_steps[4]


def test_any_lawful_world_can_be_talked_about() -> None:
    class Town(ErrandWorld):
        name = "town"

    world = advice(Town)(level=2)
    assert world.name == "advice-town" and "inside: town" in world.summary and world.decides == Town.decides
    world.reset(seed=5)
    assert isinstance(world.state, Talk) and world.step(world.candidates()[0])[4]["warning"] == ""


def test_hindsight_wishes_as_a_user_does() -> None:
    world = talk()
    assert world.desire_for(frozenset()) is None
    found = world.desire_for(frozenset({("served", "suit", "washed")}))
    inner = ErrandWorld().desire_for(frozenset({("served", "suit", "washed")}))
    assert (
        found and inner and found.endswith(f"My task: {inner}") and found in {TASKS[i].format(inner) for i in range(4)}
    )
