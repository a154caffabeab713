"""Generated conversations: what is asked is told where it says, once, in words that no other split has."""

from __future__ import annotations

from itertools import combinations

import pytest

from forethought.errors import BadSetting, UnknownName
from forethought.evaluation.recall import wordings
from forethought.evaluation.recall.conversation import converse
from forethought.evaluation.recall.prompt import abstains, asking, contains, is_right, said
from forethought.evaluation.recall.tasks import TASKS
from forethought.evaluation.recall.words import SPLITS, Split, names, values

SMALL = [task for task in TASKS if task not in ("pairs-64", "pairs-256")]


def test_no_name_value_or_wording_of_one_split_is_in_another() -> None:
    for one, other in combinations(SPLITS, 2):
        assert not set(names(one)) & set(names(other))
        assert not set(values(one)) & set(values(other))
        for form in wordings.FORMS:
            assert not set(form[one]) & set(form[other])


def test_every_word_of_a_test_wording_was_met_in_training() -> None:
    def words(split: Split, conversations: int) -> set[str]:
        talk = [converse(6000, [(task, 0.5) for task in SMALL], split, seed, 0.3) for seed in range(conversations)]
        texts = [str(turn) for one in talk for turn in (*one.turns, *(t for item in one.items for t in item.before))]
        texts += [asking(item.question) for one in talk for item in one.items]
        return {word.strip(".,?") for text in texts for word in text.split()}

    assert words("test", 4) <= words("train", 12)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_evidence_tells_the_answer_and_nothing_else_does(task: str, seed: int) -> None:
    talk = converse(6000, [(task, 0.5)], "test", seed)
    (item,) = talk.items
    told = " ".join(talk.turns[place].text for place in item.evidence)
    assert all(value in told for value in item.answer)
    assert bool(item.answer) == bool(item.evidence) == (task != "abstain")
    if task in ("needle", "multi-key", "multi-value", "two-hop"):
        rest = [turn.text for place, turn in enumerate(talk.turns) if place not in item.evidence]
        subject = item.question.rstrip("?").split()
        person = next((name for name in names("test") if name in item.question), None)
        thing = next(word for word in subject if word in wordings.THINGS)
        both = [text for text in rest if person and person in text and thing in text and item.answer[0] in text]
        assert not both, "the answer is told elsewhere too"


@pytest.mark.parametrize("split", SPLITS)
def test_only_what_was_said_before_tells_what_a_follow_up_is_about(split: Split) -> None:
    talk = converse(6000, [("follow-up", 0.5)] * 5, split)
    for item in talk.items:
        told = " ".join(talk.turns[place].text for place in item.evidence)
        (before,) = item.said
        names_told = [name for name in names(split) if name in before]
        assert len(names_told) == 1 and not any(name in item.question for name in names(split))
        assert names_told[0] in told or talk.has_reply(item)
        assert item.answer[0] not in before


def test_depth_and_length_are_what_was_asked_for() -> None:
    for depth in (0.0, 0.5, 1.0):
        talk = converse(20_000, [("needle", depth)], seed=3)
        assert abs(talk.tokens - 20_000) < 100
        assert abs(talk.items[0].evidence[-1] / len(talk.turns) - depth) < 0.02


def test_a_seed_decides_a_conversation() -> None:
    one, same, other = (converse(2000, [("update", 0.5)], seed=seed) for seed in (1, 1, 2))
    assert one == same and one != other


def test_the_latest_value_is_the_answer_of_an_update() -> None:
    talk = converse(3000, [("update", 0.5)], seed=5)
    (item,) = talk.items
    assert len(item.evidence) == 1 and item.answer[0] in talk.turns[item.evidence[0]].text


@pytest.mark.parametrize("length", [0, -5])
def test_a_length_that_cannot_be(length: int) -> None:
    with pytest.raises(BadSetting, match="at least 16"):
        converse(length, [("needle", 0.5)])


def test_an_unknown_task_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'needle'"):
        converse(1000, [("needel", 0.5)])


def test_answers_are_compared_as_values() -> None:
    assert is_right(" Amber  falcon.", ("amber falcon",)) and not is_right("amber fox", ("amber falcon",))
    assert is_right("jade fox and red owl", ("red owl", "jade fox")) and not is_right(
        "red owl", ("red owl", "jade fox")
    )
    assert contains("It is jade fox, I think.", ("jade fox",)) and not contains("a jade foxglove", ("jade fox",))
    assert is_right("Not told", ()) and abstains("not told.") and said(()) == "not told"
