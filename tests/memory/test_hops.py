"""Second hops: what a found turn leads to, and what leads nowhere."""

from __future__ import annotations

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
