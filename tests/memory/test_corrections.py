"""What is otherwise since is marked and told first, within a tight budget too; what is no news of it is not."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import pytest

from forethought.memory import Memory, Passage, Said

BETWEEN = ("Okay.", "The weather is lovely today.", "Noted!", "I watched a film last night.", "Great.")
UPDATES = [
    ("My dentist is Dr. Okafor.", "I have a new dentist, Dr. Feld.", "Who is my dentist?"),
    ("My manager is Priya Raman.", "Tom Baxter is my new manager.", "Who is my manager?"),
    ("The wifi password is tulip77.", "We have a new wifi password, maple12.", "What is the wifi password?"),
    ("The wifi password at home is tulip77.", "The new wifi password is maple12.", "What is the wifi password?"),
    ("Rent is 1,150 euros a month.", "Our rent went up to 1,240 euros.", "How much is our rent?"),
    (
        "The project deadline is 12 March.",
        "The project deadline has slipped to 2 April.",
        "When is the project deadline?",
    ),
    ("The meeting is on Monday at 10.", "Let's do the meeting on Tuesday instead.", "When is the meeting?"),
    ("I drive a blue Skoda.", "I drive a red Mazda now.", "What car do I drive?"),
    ("My phone number is 555 1234.", "I got a new phone number: 555 9876.", "What is my phone number?"),
    ("The party is at Lena's place.", "The party is at Mia's place instead.", "Where is the party?"),
    ("I work at Siemens.", "I left Siemens and started at Bosch.", "Where do I work?"),
    (
        "My locker code is 4821.",
        "I had a busy day at the office. My locker code is 9900 now.",
        "What is my locker code?",
    ),
    ("My locker code is 4821.", "The janitor came by today. My locker code is 9900 now.", "What is my locker code?"),
    ("My locker code is 4821.", "Could you update my locker code? It's 9900 now.", "What is my locker code?"),
    (
        "My locker code is 4821.",
        "Do you remember my locker code? It changed, it's 9900 now.",
        "What is my locker code?",
    ),
    (
        "Good morning! The bus was late. My locker code is 4821.",
        "My locker code is 9900 now.",
        "What is my locker code?",
    ),
    ("My locker code is 4821.", "My locker code is 9900.", "What is my locker code?"),
    ("My locker code is 4821.", "My locker code changed to 9900.", "What is my locker code?"),
    ("My favourite colour is green.", "My favourite colour is blue these days.", "What is my favourite colour?"),
    ("The meeting is on Monday.", "The meeting has been moved to Tuesday.", "When is the meeting?"),
    ("My flight leaves at 9.", "My flight now leaves at 11.", "When does my flight leave?"),
    ("I live in Hamburg.", "I moved to Bremen.", "Where do I live?"),
    ("My budget is 500 euros.", "My budget is down to 300 euros.", "What is my budget?"),
    ("My address is 5 Elm Street.", "We moved, my address is 9 Oak Road now.", "What is my address?"),
    ("My cat is called Milo.", "I renamed my cat, it is called Felix now.", "What is my cat called?"),
    ("My gym is FitOne.", "I switched gyms, my gym is PowerHouse.", "What is my gym?"),
    ("Dinner is at seven.", "Dinner is at eight instead.", "When is dinner?"),
    ("My appointment is on 3 May.", "My appointment was rescheduled to 9 May.", "When is my appointment?"),
    ("We're meeting at Cafe Luna.", "Change of plan: we're meeting at Bar Sol.", "Where are we meeting?"),
    ("My email is a@x.org.", "Please use my new email b@y.org.", "What is my email?"),
    (
        "The budget for the party is 200 dollars.",
        "The budget for the party has increased to 350 dollars.",
        "What is the budget for the party?",
    ),
    ("I weigh 84 kilos.", "Stepped on the scales today: I weigh 81 kilos.", "How much do I weigh?"),
    ("I owe Pavel 200 euros.", "I paid Pavel 150 back, so I owe him 50 euros.", "How much do I owe Pavel?"),
]
"""What was said, what is so later, and a question."""
BOTH_TRUE = [
    ("I am allergic to nuts.", "I am allergic to eggs.", "What am I allergic to?"),
    ("My sister is a nurse.", "My sister is pregnant.", "What is my sister's job?"),
    ("My car is a Mazda.", "My car is red.", "What is my car?"),
    ("My dog is a poodle.", "My dog is four.", "What breed is my dog?"),
    ("My name is Jonas.", "My name is hard to spell.", "What is my name?"),
    ("My flat is 50 square metres.", "My flat is cold.", "How big is my flat?"),
    ("I like pizza.", "I like sushi.", "What do I like?"),
    ("I speak French.", "I speak Spanish.", "What languages do I speak?"),
    ("I've been to Rome.", "I've been to Paris.", "Where have I been?"),
    ("I take vitamin D.", "I take iron.", "What do I take?"),
    ("The price is 30 euros per person.", "The price is 20 euros for children.", "What is the price?"),
    ("My meeting is at 10.", "My meeting tomorrow is at 11.", "When is my meeting?"),
    ("My code is 4821.", "Peter claims that my code is 9900.", "What is my code?"),
    ("My code is 4821.", "Peter says my code is 9900.", "What is my code?"),
    ("My code is 4821.", "Someone guessed my code is 9900.", "What is my code?"),
    ("My code is 4821.", "I dreamt my code is 9900.", "What is my code?"),
    ("My code is 4821.", "Imagine my code is 9900.", "What is my code?"),
    ("My code is 4821.", "I pretended my code is 9900.", "What is my code?"),
    ("My code is 4821.", "I wrongly wrote that my code is 9900.", "What is my code?"),
    ("My code is 4821.", "I thought my code is 9900.", "What is my code?"),
    ("The deadline is 12 March.", "Peter thinks the deadline is 2 April.", "When is the deadline?"),
    ("The deadline is 12 March.", "Peter hopes the deadline is 2 April.", "When is the deadline?"),
    ("My rent is 900 euros.", "My rent should be 800 euros.", "What is my rent?"),
    ("My code is 4821.", "Your code is 9900.", "What is my code?"),
    ("My brother lives in Oslo.", "My brother is a doctor.", "Where does my brother live?"),
    ("The budget meeting is on Monday.", "The meeting is on Tuesday.", "When is the budget meeting?"),
    ("I have a dog.", "I have a cat.", "What pets do I have?"),
    ("My office is on the third floor.", "My office is noisy.", "Where is my office?"),
    ("I bought apples.", "I bought pears.", "What did I buy?"),
    ("My friend Anna is a vet.", "My friend Bert is a cook.", "What is my friend's job?"),
    ("I want to visit Japan.", "I want to visit Peru.", "What do I want to visit?"),
    ("I play tennis.", "I play the piano.", "What do I play?"),
]


def said(*texts: str | tuple[str, str], apart: bool = False) -> list[Said]:
    """Turns of a user, or of others by name, each answered by somebody else; each in a conversation of its own."""
    turns, fill = [], cycle(BETWEEN)
    for place, each in enumerate(texts):
        speaker, text = ("user", each) if isinstance(each, str) else each
        turns.append(Said(speaker, text, conversation=str(place) if apart else ""))
        turns.append(Said("assistant", next(fill), conversation=str(place) if apart else ""))
    return turns


def kept(path: Path, turns: list[Said]) -> Memory:
    memory = Memory.open(path / "m.sqlite", embed="lexical")
    memory.extend(turns)
    return memory


def corrected(passage: Passage) -> dict[str, int | None]:
    return {line.turn.text: line.superseded_by for line in passage.lines}


@pytest.mark.parametrize(("before", "later", "question"), UPDATES)
def test_the_later_value_is_told_first(tmp_path: Path, before: str, later: str, question: str) -> None:
    memory = kept(tmp_path, said(before, later))
    marks = corrected(memory.recall(question, 200))
    assert marks[before] == 3 and marks[later] is None
    assert memory.search(question, 1)[0].turn.text == later
    assert later in corrected(memory.recall(question, len(later) // 4 + 12))


@pytest.mark.parametrize(("one", "other", "question"), BOTH_TRUE)
def test_what_is_no_news_of_it_corrects_nothing(tmp_path: Path, one: str, other: str, question: str) -> None:
    marks = corrected(kept(tmp_path, said(one, other)).recall(question, 200))
    assert marks and set(marks.values()) == {None}


@pytest.mark.parametrize(
    ("before", "later", "question"),
    [
        (("user", "My locker code is 4821."), ("user", "My locker code is now 9900."), "What is my locker code?"),
        (
            ("Ann", "The meeting is on Monday."),
            ("Bob", "The meeting has been moved to Tuesday."),
            "When is the meeting?",
        ),
        (
            ("user", "My appointment is on 3 May."),
            ("assistant", "Your appointment has been moved to 9 May."),
            "When is my appointment?",
        ),
    ],
)
def test_another_conversation_or_speaker_may_say_what_changed(
    tmp_path: Path, before: tuple[str, str], later: tuple[str, str], question: str
) -> None:
    marks = corrected(kept(tmp_path, said(before, later, apart=True)).recall(question, 200))
    assert marks[before[1]] == 3 and marks[later[1]] is None


def test_another_speaker_does_not_change_what_somebody_has(tmp_path: Path) -> None:
    memory = kept(tmp_path, said(("Ann", "My code is 4821."), ("Bob", "My code is 9900 now.")))
    assert corrected(memory.recall("What is the code?", 200))["My code is 4821."] is None


@pytest.mark.parametrize(
    "text", ["Oops, I meant 4812.", "Sorry, I meant 4812.", "Correction: 4812.", "No wait, make that 4812."]
)
def test_who_puts_it_right_at_once_corrects_it(tmp_path: Path, text: str) -> None:
    memory = kept(tmp_path, [Said("user", "My code is 4821."), Said("user", text), Said("assistant", "Okay.")])
    assert corrected(memory.recall("What is my code?", 200))["My code is 4821."] == 2


@pytest.mark.parametrize(
    ("before", "later", "question"),
    [
        ("My code is 1111.", "My code is now 2222.", "Is my code still 1111?"),
        ("I live in Hamburg.", "I moved to Bremen.", "Do I still live in Hamburg?"),
    ],
)
def test_a_question_that_names_the_old_value_gets_the_new_one(
    tmp_path: Path, before: str, later: str, question: str
) -> None:
    memory = kept(tmp_path, said(before, later))
    assert corrected(memory.recall(question, 200))[before] == 3
    assert memory.search(question, 1)[0].turn.text == later


def test_a_value_that_came_back_was_the_first_one_too(tmp_path: Path) -> None:
    values = enumerate(["My code is 4821.", "My code is 9900 now.", "My code is 4821."], 1)
    memory = kept(tmp_path, [Said("user", text, datetime(2024, month, 10, tzinfo=UTC)) for month, text in values])
    for question in ("What was my first code?", "What was my code on 15 January 2024?"):
        assert [line.turn.id for line in memory.recall(question, 200).lines] == [1, 2, 3]
    assert memory.search("What is my code?", 1)[0].turn.id == 3
