"""Of whom a turn tells, and what that means for what is recalled."""

from __future__ import annotations

import random
import string
import time
from pathlib import Path

import pytest

from forethought.memory import Memory, Said
from forethought.memory.names import asked_of, elsewhere, names, of_others

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


def tells(text: str) -> list[str]:
    return [word for word in ("cat", "eats") if word in text]


def left_out(texts: dict[int, str], *wanted: tuple[str, ...]) -> set[int]:
    return elsewhere(texts, wanted, {"cat": 2.0, "eats": 1.0}, tells)


def test_what_is_told_of_others_than_those_who_are_named() -> None:
    texts = {
        1: "Ann Lee has a cat, says Bo Hill.",
        2: "Bo Hill has a cat.",  # named together with her
        3: "Cleo Lee has a cat.",
        4: "Somebody has a cat.",
        5: "Bo Hill has the same cat as Dan Fox.",
        6: "Dan Fox has a cat of eight years.",  # two steps away
        7: "Ann Lee plays with Eve.",
        8: "Eve Orr has a cat.",  # may be the same Eve
        9: "Cleo Ash has a cat that eats a lot.",
        10: "Cleo Ash eats a lot.",  # of Ann Lee nothing is told about that
        11: "The cat is in Elm Street.",
        12: "Yesterday Ann got a cat.",
        13: "The cat of Mrs Lee is old.",
        16: "Ann Marie Lee has a cat.",
        14: "I went to the lake with Cleo Lee.",
        15: "What does Cleo Lee call the cat?",
    }
    assert left_out(texts, ("ann", "lee")) == {3, 9, 15}
    assert left_out(texts, ("ann", "fox")) == left_out(texts, ("ann",)) == left_out({}, ("ann", "lee")) == set()


def test_the_names_of_a_title_are_none() -> None:
    assert asked_of("What does Ann Lee have?") == [("ann", "lee")] and asked_of("Do I know Ann Lee?") == [
        ("ann", "lee")
    ]
    assert asked_of("What Is The Wifi Password?") == []


def test_whose_it_is_stands_before_what_is_of_others(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    memory.extend([Said("user", f"Ann {name} has the boat code {i}.") for i, name in enumerate(("Ash", "Fox", "Hill"))])
    memory.append("user", f"I heard, {LONG}, that Ann Lee opens her boat with the code 77.")
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


@pytest.mark.parametrize(
    ("told", "question", "answer"),
    [
        (("Ann Lee is my dentist.", "Her address is Elm Street 4."), "What is the address of Ann Lee?", 2),
        (("My brother is Tom Hill.", "Tom drives a Ford Focus."), "What car does Tom Hill drive?", 2),
        (("I work at Acme Bank.", "My boss is Bo Hill."), "Who is my boss at Acme Bank?", 2),
        (("I booked the trip to New York.", "Our guide on the trip is Bo Hill."), "Who is our guide in New York?", 2),
        (("Ann Lee came.", "Mrs Lee's phone number is 5551234."), "What is the phone number of Ann Lee?", 2),
        (("Ann Lee is here.", "Yesterday Ann gave me her code, 4821."), "What is the code of Ann Lee?", 2),
        (("I met Ann Lee.", "She works at Acme Bank in New York."), "Where does Ann Lee work?", 2),
        (("Ann Lee got married to Bo Hill.", "Ann Hill now lives in Bath."), "Where does Ann Lee live?", 2),
        (("The wifi password is new.", "Bo Hill set the wifi password to fox."), "What Is The Wifi Password?", 2),
    ],
)
def test_what_may_be_the_answer_stays_in_the_passage(
    tmp_path: Path, told: tuple[str, ...], question: str, answer: int
) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    memory.extend([Said("user", text) for text in told])
    assert answer in {line.turn.id for line in memory.recall(question, 400).lines}


def test_who_is_asked_about_keeps_their_own_lines(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    memory.extend(
        [Said("Bo", "Hi Ann Lee, do you work?"), Said("Ann Lee", "I work at Acme Bank and New York Hall is near.")]
    )
    memory.append("Bo", "Dan Fox has work at Blue Corp.")
    assert {1, 2} <= {line.turn.id for line in memory.recall("Where does Ann Lee work?", 400).lines}


def test_who_was_named_before_decides_nothing(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    memory.extend(
        [Said("user", "The boat code of Ann Lee is 4821."), Said("user", "The boat code of Bo Hill is 7733.")]
    )
    said = ["What is the boat code of Ann Lee?", "It is 4821."]
    assert 2 in {line.turn.id for line in memory.recall("And what about Bo's boat code?", 400, said=said).lines}


def test_long_keys_cost_no_more_than_talk() -> None:
    rng = random.Random(0)
    keys = {i: "Bo Hill has a cat. " + "".join(rng.choices(string.ascii_letters, k=1900)) for i in range(30)}
    talk = {i: "Bo Hill has a cat and 12 keys. " * 60 for i in range(30)}
    seconds = []
    for texts in (talk, keys):
        started = time.process_time()
        assert len(left_out({**texts, 99: "Ann Lee has a cat."}, ("ann", "lee"))) == 30
        seconds.append(time.process_time() - started)
    assert seconds[1] < 10 * seconds[0]  # it was some hundred times
