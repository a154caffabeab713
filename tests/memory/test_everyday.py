"""Recall in everyday conversations: many alike, asked again, corrected, dated, long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forethought.memory import Memory, Said
from forethought.memory.irregular import FORMS, base, forms
from forethought.memory.prompt import facts_of, ordered
from forethought.memory.when import begins_with_time, dated, span
from forethought.memory.words import of_the_past

DAY = datetime(2024, 5, 31, 18, 30, tzinfo=UTC)  # a Friday


def kept(tmp_path: Path, *texts: str, embed: str = "lexical", **more: object) -> Memory:
    memory = Memory.open(tmp_path / "m.sqlite", embed=embed)
    memory.extend([Said("user", text, **more) for text in texts])  # type: ignore[arg-type]
    return memory


def first(memory: Memory, question: str, **options: object) -> str:
    return memory.search(question, 1, **options)[0].turn.text  # type: ignore[arg-type]


@pytest.mark.parametrize("embed", ["lexical", "wordllama"])
def test_one_conversation_before_a_turn_and_without_a_speaker_among_many_alike(tmp_path: Path, embed: str) -> None:
    if embed == "wordllama":
        pytest.importorskip("wordllama")
    memory = Memory.open(tmp_path / "m.sqlite", embed=embed)
    memory.extend([Said("user", f"My locker code is {1000 + i}.", DAY, f"customer {i}") for i in range(600)])
    memory.extend([Said("assistant", f"Your locker code is {2000 + i}.", DAY, "answers") for i in range(400)])
    asked = "What is my locker code?"
    for i in (0, 7, 311, 599):
        passage = memory.recall(asked, 64, conversation=f"customer {i}")
        assert [line.text for line in passage.lines] == [f"My locker code is {1000 + i}."] and not passage.abstain
    assert all(line.turn.id < 100 for line in memory.recall(asked, 200, before=100).lines)
    assert {line.turn.speaker for line in memory.recall(asked, 200, without=["assistant"]).lines} == {"user"}
    assert {line.turn.speaker for line in memory.recall(asked, 200, without=["user"]).lines} == {"assistant"}


def test_speakers_that_differ_in_case_are_two(tmp_path: Path) -> None:
    memory = kept(tmp_path, "The tea is green.")
    memory.append("User", "The tea is black.", at=None)
    assert [line.text for line in memory.recall("What tea is it?", without=["User"]).lines] == ["The tea is green."]


def test_the_latest_of_many_equals_and_the_one_of_a_day(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    start = datetime(2023, 1, 1, tzinfo=UTC)
    memory.extend([Said("user", f"My weight is {80 + i % 9} kg today.", start + timedelta(i)) for i in range(365)])
    assert memory.recall("What is my weight now?", 24).lines[0].turn.id == 365
    for day, asked in ((15, "15 January 2023"), (59, "2023-02-28"), (300, "27 October")):
        passage = memory.recall(f"What was my weight on {asked}?", 24)
        assert [line.turn.id for line in passage.lines] == [day] and not passage.abstain
        assert passage.lines[0].superseded_by is None  # it was so then


def test_the_latest_value_stands_next_to_the_question(tmp_path: Path) -> None:
    memory = kept(tmp_path, "My locker code is 4821.", "My locker code is 9900 now.", "It rained in Faro.")
    passage = memory.recall("What is my locker code?")
    (old, new) = (line for line in passage.lines if "locker" in line.text)
    assert old.superseded_by == new.turn.id and new.score >= old.score
    assert "9900" in ordered(facts_of(passage), "worth", "What is my locker code?")[-1].text
    assert first(memory, "What is my locker code?") == "My locker code is 9900 now."


def test_what_was_said_later_corrects_whatever_was_kept_first(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    memory.append("user", "My locker code is 9900 now.", at=datetime(2024, 6, 1, tzinfo=UTC))
    memory.append("user", "My locker code is 4821.", at=datetime(2023, 1, 1, tzinfo=UTC))
    lines = memory.recall("What is my locker code?").lines
    assert [(line.turn.id, line.superseded_by) for line in lines] == [(2, 1), (1, None)]  # as they were said


def test_words_such_as_now_find_nothing_by_themselves(tmp_path: Path) -> None:
    memory = kept(tmp_path, "I live in Berlin.", "I live in Lisbon now.", "I live in Oslo these days.")
    lines = memory.recall("Where do I live now?", 64).lines
    assert [line.superseded_by for line in lines] == [3, 3, None]
    assert [line.text for line in memory.recall("Where do I live now?", 14).lines] == ["I live in Oslo these days."]


@pytest.mark.parametrize(
    ("texts", "question"),
    [
        (("My sister lives in Paris.", "My brother lives in Rome."), "Where does my family live?"),
        (("I bought a red lamp.", "I bought a blue chair."), "List all the things I bought."),
        (("I visited Rome.", "I visited Oslo."), "Which town did I visit?"),
        (("The gate code is 4821.", "The gate code is not 9900."), "What is the gate code?"),
        (("The gate code is not 9900.", "The gate code is 4821."), "What is the gate code?"),
        (("The gate code is not 9900.", "The gate code isn't 4821."), "What is the gate code?"),
        (("The gate code is not 4821.", "Again: the gate code isn't 4821."), "What is the gate code?"),
        (("The gate opens with 4821.", "The gate never opens with 9900."), "What does the gate open with?"),
        (("Ann Lee made soup alone.", "Ann Lee made rice alone."), "What was it that Ann Lee made?"),
        (
            ("For the boat, Ann Lee now has the code 4821.", "Ann Lee says that the boat is new."),
            "What does the boat of Ann Lee open with?",
        ),
        (("The gate code is 4821.", "The gate code 4821, I do not have it."), "What is the gate code?"),
        (("The shop is open on Monday.", "The shop is not just open on Monday."), "When is the shop open?"),
        (
            ("For the barn, Ann Lee now has the code 4821.", "Ann Lee says the barn code is not 9900."),
            "What does the barn of Ann Lee open with?",
        ),
        (("I drink tea at noon.", "I also drink milk at noon."), "What do I drink at noon?"),
        (("The code of Ann is 4821.", "The code of Bo is 9900."), "What is the code?"),
        (("The meeting is on Monday.", "The meeting is in room 5."), "What about the meeting?"),
        (("Hi. The meeting is in room 5.", "The meeting is at 5 pm."), "What about the meeting?"),
        (("The meeting is in room 5.", "The meeting was moved to Friday."), "What about the meeting?"),
        (("The meeting starts at 3.", "The meeting was moved to room 7."), "When does the meeting start?"),
        (("My car is a red Volvo.", "My car is in the garage."), "What about my car?"),
        (("My brother lives in Rome.", "My brother lives with his wife."), "How does my brother live?"),
        (("I work at Google.", "I work at night."), "How do I work?"),
        (("Lunch is at noon.", "Lunch is at the office."), "What about lunch?"),
        (("The key is in the drawer.", "The key is for Ann."), "What about the key?"),
        (("The wifi password is alpha.", "If the wifi password is bravo, call me."), "What is the wifi password?"),
        (("The wifi password is alpha.", "Tell me if the wifi password is bravo."), "What is the wifi password?"),
        (("The wifi password is alpha.", "The wifi password is too long."), "What is the wifi password?"),
        (("My sister is called Carla.", "My sister called about the party."), "What is my sister called?"),
        (("My sister is called Carla.", "My sister has called again."), "What is my sister called?"),
        (("I brought a cake to the party.", "I brought some wine to the party."), "What did I bring to the party?"),
        (("We raised a flag to the mast.", "We raised a lamp to the mast."), "What did we raise to the mast?"),
    ],
)
def test_what_stays_true_is_not_corrected(tmp_path: Path, texts: tuple[str, ...], question: str) -> None:
    lines = kept(tmp_path, *texts).recall(question).lines
    assert {line.text for line in lines} == set(texts) and {line.superseded_by for line in lines} == {None}


@pytest.mark.parametrize(
    ("old", "new", "question"),
    [
        ("I live in Berlin.", "I do not live in Berlin any more.", "Where do I live?"),
        ("I live in Berlin.", "I no longer live in Berlin, I live in Rome.", "Where do I live?"),
        ("I do not eat meat.", "I eat meat again.", "Do I eat meat?"),
        ("The gate code is 4821.", "The gate code is not 4821, it is 9900.", "What is the gate code?"),
        ("The code of Ann is 4821.", "The code of Ann is 9900 now.", "What is the code of Ann?"),
        (
            "By the way, Ann Lee opens the gate with 4821.",
            "For the gate, Ann Lee now has the code 9900.",
            "What does the gate of Ann Lee open with?",
        ),
        (
            "Ann Lee says that her gate code is 4821.",
            "Ann Lee changed her gate code to 9900.",
            "What is the gate code of Ann Lee?",
        ),
        ("My phone number is 5551234.", "My new phone number is 7770000.", "What is my phone number?"),
        ("I work for Acme.", "I now work for Globex.", "Whom do I work for?"),
        ("I am a fan of Arsenal.", "I am a fan of Chelsea now.", "What am I a fan of?"),
        ("Ann has the garage key.", "Bo has the garage key now.", "Who has the garage key?"),
        ("The gate code is 7733, not 4821.", "The gate code is 9900, not 7733.", "What is the gate code?"),
        ("The gate code is 4821.", "Don't forget: the gate code is 7733.", "What is the gate code?"),
        ("I need 3 eggs for the cake.", "I need 5 eggs for the cake.", "How many eggs do I need for the cake?"),
        ("Ann said that the gate code is 4821.", "Ann said that the gate code is 9900.", "What is the gate code?"),
    ],
)
def test_what_is_denied_is_corrected(tmp_path: Path, old: str, new: str, question: str) -> None:
    lines = kept(tmp_path, old, "It rained.", new).recall(question).lines
    assert [line.superseded_by for line in lines if line.turn.id != 2] == [3, None]


@pytest.mark.parametrize(
    ("old", "new", "question"),
    [
        ("The deadline is Friday.", "The deadline has been postponed to Monday.", "When is the deadline?"),
        ("The deadline is Friday.", "The deadline got pushed back to Monday.", "When is the deadline?"),
        ("The exam is on 5 May.", "The exam has been brought forward to 3 May.", "When is the exam?"),
        ("The meeting starts at 3.", "The meeting got pushed back to 4.", "When does the meeting start?"),
        ("The meeting is on Monday.", "The meeting is cancelled.", "When is the meeting?"),
        ("The standup is at 9.", "We rescheduled the standup to 10.", "When is the standup?"),
        ("We rescheduled the standup to 10.", "We rescheduled the standup to 11.", "When is the standup?"),
        ("The concert is at noon.", "The concert is delayed until 2 pm.", "When is the concert?"),
        ("The contract ends in June.", "The contract was extended until December.", "When does the contract end?"),
        ("The lesson is on Monday.", "The lesson was shifted to Thursday.", "When is the lesson?"),
        ("The rent is 800 a month.", "The rent was raised to 900.", "What is the rent?"),
        ("The boat is called Luna.", "We renamed the boat Stella.", "What is the boat called?"),
        ("The gate code is 4821.", "As of today the gate code is 9900.", "What is the gate code?"),
        ("The key is in the drawer.", "The key is on the table.", "Where is the key?"),
        ("The key is in the drawer.", "The key is with Ann.", "Where is the key?"),
        ("My car is parked in the garage.", "My car is in the drive.", "Where is my car?"),
        ("I work at Google.", "I work for Amazon.", "Where do I work?"),
        ("The meeting is on Monday.", "The meeting is on Tuesday.", "When is the meeting?"),
        ("The meeting is on Monday.", "The meeting is now Tuesday.", "When is the meeting?"),
        ("The meeting is on Monday.", "The meeting is actually Tuesday.", "When is the meeting?"),
        ("The wifi password is monday.", "The wifi password is alpha.", "What is the wifi password?"),
        ("The wifi password is alpha.", "If you ask me, the wifi password is bravo.", "What is the wifi password?"),
    ],
)
def test_what_is_of_one_kind_or_said_to_have_changed_is_corrected(
    tmp_path: Path, old: str, new: str, question: str
) -> None:
    memory = kept(tmp_path, old, "It rained.", new)
    lines = memory.recall(question).lines
    assert [line.superseded_by for line in lines if line.turn.id != 2] == [3, None]
    assert first(memory, question) == new


@pytest.mark.parametrize("newest", ["The wifi password is charlie as of today.", "The wifi password is charlie."])
def test_of_three_values_the_newest_wins(tmp_path: Path, newest: str) -> None:
    asked = "What is the wifi password?"
    memory = kept(tmp_path, "The wifi password is alpha.", "The wifi password was changed to bravo.", newest)
    assert [line.superseded_by for line in memory.recall(asked).lines] == [3, 3, None]
    assert first(memory, asked) == newest
    assert [line.text for line in memory.recall(asked, 24).lines] == [newest]


@pytest.mark.parametrize(
    ("words", "after", "is_time"),
    [
        ("monday", "on", True),
        ("next week", "", True),
        ("the 5th of may", "on", True),
        ("5 pm", "", True),
        ("5", "at", True),
        ("5 30", "at", True),
        ("three days", "in", True),
        ("2024", "in", True),
        ("5", "", False),
        ("5 elm street", "at", False),
        ("4821", "", False),
        ("the garage", "in", False),
        ("", "at", False),
    ],
)
def test_what_begins_with_a_time(words: str, after: str, is_time: bool) -> None:
    assert begins_with_time(words.split(), after) is is_time


@pytest.mark.parametrize("times", [1, 10, 40])
def test_asking_again_and_again_does_not_hide_the_answer(tmp_path: Path, times: int) -> None:
    memory = kept(tmp_path, "My locker code is 4821.", "I went for a walk.", "The soup was good.")
    for _ in range(times):
        memory.extend([Said("user", "What is my locker code?"), Said("assistant", "Hm, no idea.")])
    passage = memory.recall("What is my locker code?", 64, without=["assistant"])
    assert "4821" in passage.text and not passage.abstain
    assert passage.text.count("What is my locker code?") <= 1


def test_the_same_is_recalled_once(tmp_path: Path) -> None:
    memory = kept(tmp_path, *["The wifi password is sunflower77."] * 10, "The wifi is slow.")
    passage = memory.recall("What is the wifi password?", 200)
    assert passage.text.count("sunflower77") == 1 and "[10]" in passage.text


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ("I bought a red lamp at the flea market.", "What did I buy?"),
        ("We ate ramen at the corner.", "What did we eat?"),
        ("I went to Sintra with my neighbour.", "Where did I go?"),
        ("The children drove to the lake.", "Where did the child drive?"),
    ],
)
def test_irregular_forms_are_one_word(tmp_path: Path, told: str, asked: str) -> None:
    passage = kept(tmp_path, "It rained.", told, "The bus was late.").recall(asked, 16)
    assert [line.text for line in passage.lines] == [told] and not passage.abstain


def test_the_table_of_forms() -> None:
    assert base("bought") == base("buy") == "buy" and base("lamp") == "lamp"
    assert forms(["lamp", "went"]) == ["lamp", "went", "go", "gone"]
    assert all(word == word.lower().strip() and group[0] == base(word) for word, group in FORMS.items())


@pytest.mark.parametrize(
    ("question", "past"),
    [
        ("What was my first code?", True),
        ("What did my code use to be?", True),
        ("What is my old code?", True),
        ("Where did I live before?", True),
        ("Who is my daughter's first teacher?", False),
        ("Where are all my keys?", False),
        ("How old was the boat?", False),
        ("What is my code?", False),
    ],
)
def test_questions_about_the_past(question: str, past: bool) -> None:
    assert of_the_past(question) is past


@pytest.mark.parametrize(
    ("question", "start", "end"),
    [
        ("What did I say last Tuesday?", (5, 28), (5, 29)),
        ("What did I say on Monday?", (5, 27), (5, 28)),
        ("What did I say on Friday?", (5, 31), (6, 1)),
        ("What did I say last Friday?", (5, 24), (5, 25)),
        ("What did I say 3 days ago?", (5, 28), (5, 29)),
        ("What did I say two days ago?", (5, 29), (5, 30)),
        ("What did I say the day before yesterday?", (5, 29), (5, 30)),
        ("What did I say on the 28th?", (5, 28), (5, 29)),
        ("What did I say on 28.05.2024?", (5, 28), (5, 29)),
        ("What did I say on 5/28/2024?", (5, 28), (5, 29)),
        ("What did I say on 28/5/2024?", (5, 28), (5, 29)),
        ("What did I say between 24 May and 26 May?", (5, 24), (5, 27)),
    ],
)
def test_more_spans(question: str, start: tuple[int, int], end: tuple[int, int]) -> None:
    found = span(question, DAY)
    assert found is not None
    assert [(each.year, each.month, each.day) for each in found] == [(2024, *start), (2024, *end)]


def test_open_spans_and_what_is_left_of_the_question() -> None:
    before, after = dated("What did I say before 23 May?", DAY), dated("What did I eat after 29 May 2024?", DAY)
    assert before is not None and after is not None
    assert before[0][1] == datetime(2024, 5, 23, tzinfo=UTC) and before[0][0].year == 1
    assert after[0][0] == datetime(2024, 5, 30, tzinfo=UTC) and after[0][1].year == 9999
    assert before[1].split() == ["What", "did", "I", "say", "?"] and "29" not in after[1] and "eat" in after[1]


def test_days_are_counted_from_the_newest_time(tmp_path: Path) -> None:
    memory = kept(tmp_path, "We had pizza.", at=DAY)
    memory.append("user", "An old note.", at=datetime(2020, 1, 1, tzinfo=UTC))
    memory.append("user", "A note without a date.", at=None)
    assert [line.text for line in memory.recall("What happened today?").lines] == ["We had pizza."]


@pytest.mark.parametrize(
    "told",
    [
        "So it went on. " * 400 + "The vault combination is 31-8-17. " + "And on it went. " * 400,
        "It went on. " * 5000 + "The vault combination is 31-8-17. ",
        "word " * 3000 + "the vault combination is 31-8-17 " + "word " * 3000,
    ],
)
def test_a_long_turn_is_read_to_its_end(tmp_path: Path, told: str) -> None:
    passage = kept(tmp_path, "It rained.", told).recall("What is the vault combination?", 64)
    assert "31-8-17" in passage.text and not passage.abstain and passage.tokens <= 64


def test_a_verb_of_saying_says_nothing_against_an_answer(tmp_path: Path) -> None:
    memory = kept(tmp_path, "My bike was stolen in front of the market.", "The soup was good.")
    assert not memory.recall("What happened to my bike?").abstain


COUNTS: dict[str, Callable[[str], int]] = {
    "rounded down": lambda text: len(text) // 4,
    "letters": len,
    "words": lambda text: len(text.split()),
    "a token more for each line break": lambda text: len(text.split()) + 3 * text.count("\n"),
}


@pytest.mark.parametrize("count", COUNTS.values(), ids=COUNTS.keys())
def test_the_whole_passage_is_within_the_budget(tmp_path: Path, count: Callable[[str], int]) -> None:
    texts = [f"The harbour master {i} told of the harbour{'s' * (i % 7)} for {i} hours." for i in range(60)]
    memory = kept(tmp_path, *texts)
    for budget in (1, 5, 13, 40, 77, 200, 1000):
        passage = memory.recall("What of the harbour master?", budget, count=count)
        assert passage.tokens == (count(passage.text) if passage.lines else 0) <= budget


def test_a_misspelt_embedder_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="typo"):
        Memory.open(tmp_path / "m.sqlite", embed="typo")
    assert not (tmp_path / "m.sqlite").exists()


@pytest.mark.parametrize(
    ("before", "later", "question", "corrected"),
    [
        ("I live in Paris.", "I moved to Oslo last week.", "Where does Ann live?", True),
        ("I live in Paris.", "I've just moved from Paris to Oslo.", "Which city does Ann live in?", True),
        ("I moved to Paris in May.", "I live in Oslo now.", "Where does Ann live?", True),
        ("I work at a bank.", "I work in a bakery.", "Where does Ann work?", True),
        ("I work at a bank.", "I now work in a bakery.", "Where does Ann work?", True),
        ("I work at a bank.", "I joined Globex last month.", "Where does Ann work?", True),
        ("I work at a bank.", "I got a job at Globex.", "Where does Ann work?", True),
        ("I live in Paris.", "The team moved to Slack.", "Where does Ann live?", False),
        ("I live in Paris.", "My sister moved to Oslo.", "Where does Ann live?", False),
        ("I live in Paris.", "Carla has moved to Oslo.", "Where does Ann live?", False),
        ("I live in Paris.", "He lives in Oslo.", "Where does Ann live?", False),
        ("I live in Paris.", "I never moved to Oslo.", "Where does Ann live?", False),
        ("I live in Paris.", "If I moved to Oslo, I would miss you.", "Where does Ann live?", False),
        ("I live in Paris.", "The meeting was moved to Tuesday.", "Where does Ann live?", False),
        ("I work at a bank.", "I work on my novel at night.", "Where does Ann work?", False),
        ("I work at a bank.", "I joined a gym.", "Where does Ann work?", False),
    ],
)
def test_who_moved_or_was_hired_lives_and_works_elsewhere(
    tmp_path: Path, before: str, later: str, question: str, corrected: bool
) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    between = [Said("Bob", text) for text in ("Nice.", "It rains.", "I see.")]
    memory.extend([Said("Ann", before), *between, Said("Ann", later), *between])
    passage = memory.recall(question, 128)
    (old,) = (line for line in passage.lines if line.text == before)
    assert old.superseded_by == (5 if corrected else None) and not passage.abstain
    if corrected:
        assert first(memory, question) == later


@pytest.mark.parametrize(
    ("told", "question", "answered"),
    [
        ("I moved to Oslo.", "Where does Ann live?", True),
        ("I moved into a new flat.", "Where does Ann live?", True),
        ("I moved to the next question.", "Where does Ann live?", False),
        ("We moved to Thursday.", "Where does Ann live?", False),
        ("I was hired by Globex.", "Where does Ann work?", True),
        ("I joined Globex.", "What is Ann's job?", True),
        ("I work at Globex.", "What is Ann's job?", True),
        ("The lock does not work.", "What is Ann's job?", False),
        ("I live near Oslo.", "Where does Ann reside?", True),
        ("My husband is tall.", "Is Ann married?", True),
        ("My son is three.", "What are the names of Ann's children?", True),
        ("Our dog sleeps a lot.", "What pets does Ann have?", True),
        ("Our table is new.", "What pets does Ann have?", False),
    ],
)
def test_everyday_facts_are_found_that_are_told_in_other_words(
    tmp_path: Path, told: str, question: str, answered: bool
) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    memory.extend([Said("Bob", f"It rained {i} times.") for i in range(40)] + [Said("Ann", told)])
    memory.extend([Said("Bob", f"It snowed {i} times.") for i in range(40)])
    passage = memory.recall(question, 64)
    assert passage.abstain is not answered
    assert not answered or told in [line.text for line in passage.lines]


@pytest.mark.parametrize(
    ("told", "question"),
    [
        (Said("assistant", "Your appointment is on 3 May at 10:00."), "When is my appointment?"),
        (Said("assistant", "I booked table 14 for you."), "Which table did you book for me?"),
        (Said("Ann", "Bob works at Bosch."), "Where does Bob work?"),
        (Said("Bob", "Ann's birthday is on 9 June."), "When is Ann's birthday?"),
    ],
)
def test_what_others_tell_of_those_whom_it_is_about_answers(tmp_path: Path, told: Said, question: str) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    memory.extend(
        [Said("user", "Hello!"), Said("Ann", "It rains."), Said("Bob", "Nice."), told, Said("user", "Thanks!")]
    )
    assert memory.recall(question).confidence > 0.6


@pytest.mark.parametrize(
    ("told", "question"),
    [
        ("Project Falcon is led by Jonas.", "Who leads project Eagle?"),
        ("My flight to Lisbon leaves at 9:40.", "When does my flight to Madrid leave?"),
        ("Max lives in Graz.", "Where does Lena live?"),
    ],
)
def test_what_is_told_of_another_name_does_not_answer(tmp_path: Path, told: str, question: str) -> None:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    memory.extend(
        [Said("user", "Hello!"), Said("user", told), *(Said("user", f"It rains for {n} hours.") for n in range(20))]
    )
    assert memory.recall(question).abstain
