"""Of whom a turn tells, and what that means for what is recalled."""

from __future__ import annotations

from pathlib import Path

import pytest

from forethought.memory import Memory, Said
from forethought.memory.names import elsewhere, names, of_others

LONG = "though nobody is quite sure of any of it, and it was a while ago on a day when it rained and rained"


def test_names_are_told_by_capitals_within_a_sentence() -> None:
    assert names("By the way, Bo Hill met Ann. Then it rained. Thanks!") == [("bo", "hill"), ("ann",)]
    assert names("ann has what bo has") == [] and names("THIS IS ALL IN CAPITALS, AND LOUD TOO") == []
    assert names("\0 \ud800 We saw Zoë's cat") == [("zoë",)]


@pytest.mark.parametrize(
    ("one", "other", "two_people"),
    [
        ("The code of Ann is 1.", "The code of Bo Hill is 2.", True),
        ("Ann's code is 1.", "Bo\u2019s code is 2.", True),
        ("Ann lives in Paris.", "By the way, Bo Hill lives in Rome.", True),
        ("I heard that Ann lives in Paris.", "Ann moved to Rome.", False),
        ("I live in Paris.", "I live in Rome.", False),
        ("The doctor is Joe Weber.", "The doctor is Al Klein.", False),
        ("Yes, the code is 1.", "Actually the code is 2.", False),
        ("The talk is for Monday.", "The talk is for Tuesday.", False),
        ("", "\0 \ud800", False),
    ],
)
def test_whether_two_texts_tell_of_two_people(one: str, other: str, two_people: bool) -> None:
    assert of_others(one, other) is of_others(other, one) is two_people


def test_what_is_told_of_others_than_those_who_are_named() -> None:
    texts = {
        1: "Ann Lee has a dog, says Bo Hill.",
        2: "Bo Hill has a cat.",  # named together with her
        3: "Cleo Lee has a bird.",
        4: "Somebody has a fish.",
        5: "Bo Hill has the same cat as Dan Fox.",
        6: "Dan Fox has a cat of eight years.",  # two steps away
        7: "Ann Lee plays with Eve.",
        8: "Eve Orr plays the drums.",  # may be the same Eve
    }
    assert elsewhere(texts, [("ann", "lee")]) == {3}
    assert (
        elsewhere(texts, [("ann", "fox")]) == elsewhere(texts, [("ann",)]) == elsewhere({}, [("ann", "lee")]) == set()
    )


def test_whose_it_is_stands_before_what_is_of_others(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    memory.extend([Said("user", f"Ann {name} has the boat code {i}.") for i, name in enumerate(("Ash", "Fox", "Hill"))])
    memory.append("user", f"I heard, {LONG}, that Ann Lee opens her boat with 77.")
    memory.extend([*[Said("user", "It rained.")] * 5, Said("user", f"And Ann Lee made soup, {LONG}.")])
    found = [found.turn.id for found in memory.search("What is the boat code of Ann Lee?")]
    assert found[0] == 4 and found.index(10) < min(map(found.index, (1, 2, 3)))
    kept = [line.turn.id for line in memory.recall("What is the boat code of Ann Lee?", 1000).lines]
    assert {4, 10} <= set(kept) and not {1, 2, 3} & set(kept)
    assert memory.recall("What is the boat code of Ann Gee?", 1000).lines  # who is not known


def test_a_long_turn_about_a_name_is_found_among_many_short_ones(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    memory.extend([Said("user", f"Ann Lee made soup {i}.") for i in range(20)])
    memory.extend([Said("user", f"Bo Hill bought chest {i}.") for i in range(60)])
    memory.append("user", f"Ann Lee says, {LONG}, that the chest opens the same way as that of Cleo Ash.")
    asked = "What does the chest of Ann Lee open with?"
    assert memory.search(asked, 1)[0].turn.id == 81


@pytest.mark.parametrize("again", ["after", "before"])
def test_the_same_reply_to_another_question_hides_nothing(tmp_path: Path, again: str) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    mine = [Said("assistant", "What is the gate code of Ann Lee?"), Said("user", "It is 4821.")]
    other = [Said("assistant", "What is the shed code of Ann Ash?"), Said("user", "It is 4821.")]
    memory.extend([*mine, *other] if again == "after" else [*other, *mine])
    memory.extend([Said("user", f"Ann Lee talks of the {what} of the gate.") for what in ("colour", "price", "key")])
    asked, wanted = "What is the gate code of Ann Lee?", 2 if again == "after" else 4
    assert wanted in {found.turn.id for found in memory.search(asked, 2)}
    assert {line.superseded_by for line in memory.recall(asked, 200).lines} == {None}
