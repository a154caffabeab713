"""What is news of what was told, by learned signs: common changes are marked, what somebody else has is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forethought.memory import Memory, Said, news
from forethought.memory.change import CHANGE, END, NOW, RIGHT, SINCE, any_of
from forethought.memory.sayings import Saying
from forethought.memory.stems import Words
from forethought.memory.turns import Turn

SETS = sorted((Path(__file__).parents[2] / "benchmarks" / "updates").glob("*.jsonl"))
WORDS = Words()


def signs(old: str, new: str, question: str, words: tuple[str, ...], speakers: tuple[str, str] = ("a", "a")) -> object:
    asked = news.Asked(question, words, WORDS)
    one, other = (
        news.Told(Saying(Turn(i, "", who, text), asked.tells), asked)
        for i, (who, text) in enumerate(zip(speakers, (old, new), strict=True))
    )
    told = [frozenset(WORDS.covered(words, text)) for text in (old, new)]
    return news.signs(one, other, told[0], told[1], asked)


@pytest.mark.parametrize(
    ("before", "later", "question"),
    [
        ("Our choir meets on Tuesdays.", "From next month our choir meets on Thursdays.", "When does our choir meet?"),
        ("The ladder is in the cellar.", "I took the ladder, it's in the garage now.", "Where is the ladder?"),
        ("Our captain is Lena.", "Lena stepped down, so Marta is our captain.", "Who is our captain?"),
        (
            "The lesson costs 30 euros.",
            "Sorry, I was wrong, the lesson costs 35 euros.",
            "How much does the lesson cost?",
        ),
        ("We keep 12 ducks.", "We gave some away, so we keep 7 ducks now.", "How many ducks do we keep?"),
    ],
)
def test_a_change_in_everyday_words_is_marked(tmp_path: Path, before: str, later: str, question: str) -> None:
    with Memory.open(tmp_path / "m.sqlite", embed="lexical") as memory:
        memory.extend(
            [Said("user", before), Said("assistant", "I see."), Said("user", later), Said("assistant", "Oh!")]
        )
        lines = {line.turn.text: line.superseded_by for line in memory.recall(question, 200).lines}
        assert lines[before] == 3 and lines[later] is None
        assert memory.search(question, 1)[0].turn.text == later


@pytest.mark.parametrize(
    ("one", "other", "question"),
    [
        ("Our choir meets on Tuesdays.", "Ben's choir meets on Thursdays now.", "When does our choir meet?"),
        ("The ladder is in the cellar.", "Maybe I'll put the ladder in the garage one day.", "Where is the ladder?"),
        ("We keep 12 ducks.", "Should we keep geese as well?", "How many ducks do we keep?"),
    ],
)
def test_another_s_or_a_wish_is_none(tmp_path: Path, one: str, other: str, question: str) -> None:
    with Memory.open(tmp_path / "m.sqlite", embed="lexical") as memory:
        memory.extend([Said("user", one), Said("assistant", "I see."), Said("user", other)])
        assert {line.superseded_by for line in memory.recall(question, 200).lines} == {None}


def test_every_sign_has_a_weight_and_what_speaks_against_it_none_above_0() -> None:
    found = signs("My code is 4821.", "My code has changed to 9900.", "What is my code?", ("code",))
    assert isinstance(found, dict) and set(found) == set(news.WEIGHTS)
    assert news.weighed(found) > news.ENOUGH > news.weighed(found | {"unsure": 9.0})
    assert (
        max(news.WEIGHTS[name] for name in ("another one", "other owners", "of others")) <= 0
    )  # ``is_news`` stops before


def test_my_is_somebody_else_s_where_another_says_it() -> None:
    asked = ("What is the code?", ("code",))
    for speakers, new, other in (
        (("Ann", "Bob"), "My code is 9900 now.", 1.0),
        (("Ann", "Ann"), "My code is 9900 now.", 0.0),
        (("Ann", "Bob"), "Ann's code is 9900 now.", 0.0),
        (("Ann", "Bob"), "Your code is 9900 now.", 0.0),
        (("Ann", "Ann"), "Bob\u2019s code is 9900 now.", 1.0),
        (("Ann", "Ann"), "Today's code is 9900, it's the code at Bob's.", 0.0),
    ):
        found = signs("My code is 4821.", new, *asked, speakers)
        assert isinstance(found, dict) and found["other owners"] == other, (speakers, new)


def test_values_are_of_the_kind_that_is_asked_for() -> None:
    def values(question: str, text: str) -> set[str]:
        return news.Asked(question, ("x",), WORDS).values(text)

    assert values("Who leads us?", "Now Marta leads us.") == {"Marta"}
    assert values("When is it?", "Moved to room 7 on Friday at 5.") == {"friday", "at 5"}
    assert values("How much is it?", "It is 35 euros or forty.") == {"35", "forty"}
    assert values("Where is it?", "It is in the garage.") == {"garage"}
    assert values("What is it?", "It is 5 in the garage.") == set()


def test_what_says_that_something_changed() -> None:
    assert any_of("put_~up as_of").search("they put prices up") and not any_of("put_~up").search("put it all up")
    for form, text in (
        (CHANGE, "they pushed it back"),
        (END, "we broke up"),
        (SINCE, "starting next week"),
        (NOW, "these days"),
        (RIGHT, "sorry, it was"),
    ):
        assert form.search(text)
    assert not RIGHT.search("i'm sorry to hear that") and not CHANGE.search("the cutlery")


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_the_pairs_that_weights_are_made_from(path: Path) -> None:
    pairs = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert all(set(pair) == {"old", "new", "question", "speakers", "updates"} for pair in pairs)
    assert 2 * sum(pair["updates"] for pair in pairs) == len(pairs) >= 140
