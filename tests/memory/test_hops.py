"""Second hops: what a found turn leads to, and what leads nowhere."""

from __future__ import annotations

import pytest

from forethought.memory.hops import leads
from forethought.memory.stems import Words
from forethought.memory.turns import Turn
from forethought.memory.words import take_apart


def test_a_greeting_and_another_question_lead_nowhere() -> None:
    speakers, covered = {"ann": 1, "bo": 2}, Words().covered
    asked = take_apart("When did Bo join the choir?", speakers, "user")
    worth = dict.fromkeys(asked.words, 1.0)
    greeting = Turn(1, "", "bo", "Hey Ann, I joined my choir last week.")
    assert leads([greeting], asked, worth, speakers, covered) == []
    named = Turn(2, "", "bo", "I joined my choir with Cleo.")
    assert [lead.name for lead in leads([named], asked, worth, speakers, covered)] == [("cleo",)]
    assert leads([Turn(3, "", "bo", "My flat is near Cleo.")], asked, worth, speakers, covered) == []


def test_what_a_text_has_is_the_same_when_more_texts_were_read_than_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("forethought.memory.stems.READ", 2)
    words, texts = Words(), [f"She went to number {i}, carrying boxes." for i in range(9)]
    for _ in range(2):
        words.learn(texts)
        for text in texts:
            assert words.covered(["going", "box", "seven"], f" {text}\n") == ["going", "box"]
