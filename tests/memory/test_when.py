"""Times in questions: the days that ordinary English means by them, and none where it is not understood."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from forethought.memory import Memory, Said
from forethought.memory.when import dated, span

NOW = datetime(2024, 5, 31, 12, tzinfo=UTC)
"""A Friday."""


def asked(when: str, now: datetime | None = NOW) -> str:
    """The first and the last day that a question names, "..." where it is open."""
    found = span(f"What did I do {when}?", now)
    if found is None:
        return "-"
    start, end = found
    first = "..." if start.year == 1 else start.strftime("%Y-%m-%d")
    return f"{first} {'...' if end.year == 9999 else (end - timedelta(days=1)).strftime('%Y-%m-%d')}"


@pytest.mark.parametrize(
    ("days", "whens"),
    [
        (
            "2023-05-01 2023-05-31",
            "last year in May|in May last year|in May of last year|in May, last year|Last year, in May|May last year|"
            "a year ago in May|in May 2023|in May of 2023|in May in 2023|in 2023 in May|last May|last may",
        ),
        ("2022-05-01 2022-05-31", "in May two years ago|two years ago in May|the May before last|in May 2022"),
        ("2024-05-01 2024-05-31", "in May|this May|this year in May|in the month of May"),
        ("2023-11-01 2023-11-30", "last November|in November|in last November|in November last year"),
        ("2024-03-01 2024-03-31", "last March|in March|in march|the month before last"),
        ("2024-05-24 2024-05-31", "in the past week|in the last week|this past week|the last seven days|past week"),
        ("2024-05-17 2024-05-31", "over the past two weeks|in the last couple of weeks|the last 14 days"),
        ("2024-05-28 2024-05-31", "in the last three days|over the last 3 days|the past three days"),
        ("2024-04-30 2024-05-31", "in the last month|during the past month"),
        ("2024-05-13 2024-05-19", "the week before last|the week before 20 May"),
        ("2022-01-01 2022-12-31", "the year before last|in 2022|in the year 2022"),
        ("2024-05-25 2024-05-26", "last weekend|over the weekend|this weekend|the last weekend of May"),
        ("2024-05-18 2024-05-19", "the weekend before last|the weekend before May 22|the weekend of 18 May"),
        ("2023-11-01 2023-12-31", "half a year ago|almost half a year ago"),
        ("2022-10-02 2023-01-30", "a year and a half ago|one and a half years ago"),
        ("2024-05-14 2024-05-20", "two weeks ago|a couple of weeks ago|a fortnight ago"),
        ("2024-05-26 2024-05-29", "a few days ago"),
        ("2024-05-10 2024-05-10", "twenty-one days ago|twenty one days ago|21 days ago|three weeks ago on Friday"),
        ("2024-05-31 2024-05-31", "an hour ago|this morning|earlier today|on the last day of May|on the 31st"),
        ("2023-04-02 2023-07-31", "this time last year|around the same time last year|a year ago"),
        ("2023-03-01 2023-05-31", "in spring 2023|in the spring of 2023|in spring last year|last year in spring"),
        ("2023-06-01 2023-08-31", "last summer|in the summer|in the summer of last year|in summer 2023"),
        ("2022-09-01 2022-11-30", "in the fall of 2022|in autumn 2022|in autumn two years ago|the autumn before last"),
        ("2023-12-01 2024-02-29", "last winter|in winter|this winter|between December and February"),
        (
            "2024-05-12 2024-05-12",
            "on the twelfth of May|on May twelfth|on May the 12th|on the twelfth|on the 12th",
        ),
        ("2024-04-12 2024-04-12", "on the 12th of last month|on the twelfth of last month|on April 12"),
        ("2023-05-25 2023-05-25", "on May 25 last year|on the twenty-fifth of May last year|on 25 May of last year"),
        ("2024-05-21 2024-05-31", "at the end of May|in late May|late in May|at the end of the month"),
        ("2023-05-21 2023-05-31", "at the end of May last year|last year at the end of May|at the end of May 2023"),
        ("2024-05-01 2024-05-11", "at the beginning of May|in early May|at the start of May"),
        ("2024-05-11 2024-05-21", "in the middle of May|in mid-May|in mid May"),
        ("2023-01-01 2023-04-30", "early last year|in early 2023|at the beginning of 2023"),
        ("2024-05-01 2024-05-07", "in the first week of May|in the first week of this month"),
        ("2022-09-01 2022-09-15", "in the first half of September 2022"),
        ("2023-01-01 2023-03-31", "in the first quarter of 2023|in the first quarter of last year"),
        ("2024-05-06 2024-05-06", "on the first Monday in May"),
        ("2024-05-20 2024-05-20", "on Monday last week|last week on Monday|last week's Monday|the Monday before last"),
        ("2024-05-13 2024-05-13", "on Monday two weeks ago|two weeks ago on Monday"),
        ("2024-05-27 2024-05-27", "on Monday|last Monday|on Monday morning|on Monday, 27 May|on Monday of this week"),
        ("2024-05-24 2024-05-24", "last Friday|the day before 25 May|the night before 25 May|one week ago on Friday"),
        ("2024-05-19 2024-05-19", "the Sunday before May 22|two days after 17 May"),
        ("2024-05-05 2024-05-07", "between 5 and 7 May|from the 5th to the 7th of May|from May 5 to May 7"),
        ("2024-05-27 2024-05-29", "from Monday to Wednesday|between Monday and Wednesday"),
        ("2023-05-01 2023-07-31", "between May and July 2023|from May until July|from May to July last year"),
        ("2024-05-30 2024-05-31", "last night"),
        ("2024-05-27 ...", "since Monday|after last week|from Monday on|since the first day of this week"),
        ("2023-05-01 ...", "since last May|since May last year|since last year in May"),
        ("2024-06-01 ...", "after May|after this month"),
        ("... 2024-04-30", "before May|until May|before this month"),
        ("... 2024-05-05", "by May 5|up to May 5|by the fifth of May"),
        ("... 2024-05-20", "before the end of May"),
        ("... 2022-12-31", "before last year|before 2023|prior to 2023|until last year"),
    ],
)
def test_the_days_that_are_meant(days: str, whens: str) -> None:
    assert {when: asked(when) for when in whens.split("|")} == dict.fromkeys(whens.split("|"), days)


@pytest.mark.parametrize(
    "whens",
    [
        "next May|in May next year|on May 5 next year|next week|on Monday next week|tomorrow|on Monday week",
        "every May|each year in May|every year in May|every Monday|on Mondays|two Mondays ago",
        "in May or June|in May and August|in June and July 2023|on Monday and Friday|5-7 May 2023|from May 5 to 7",
        "in 2023 or 2024|in May 2023 and 2022|2023-2024|in 2023/24|on 5, 6 and 7 May",
        "two or three days ago|2-3 days ago|1.5 years ago|a year and two months ago|a hundred and two days ago",
        "in May '23|in May that year|in quarter two of 2023|the second to last week of May|last last week",
        "on my last day in May|not last week but the week before",
        "years ago|long ago|a while ago|the other day|recently|a week ago today|on this day last year",
        "in winter 2023|in the winter of last year|last year in winter|on Monday in May|in May last week",
        "on 30 February|31 February 2023|in the sixth week of May|on the 31st of last month",
        "on the second floor|on the 5th floor|on the last day|the last week of my trip|the end of the trip",
        "later than May 5|no later than May 5|days before 25 May|weeks after May|the year before last year",
        "as this may work|as the second may be wrong|for the march|during the fall",
    ],
)
def test_what_is_not_understood_is_not_half_understood(whens: str) -> None:
    assert {when: asked(when) for when in whens.split("|")} == dict.fromkeys(whens.split("|"), "-")


def test_what_is_left_to_look_up() -> None:
    for when in (
        "in May last year",
        "at the end of last year",
        "in the past week",
        "on the twelfth of May",
        "before May",
    ):
        found = dated(f"What did I eat {when} with Bo?", NOW)
        assert found is not None and " ".join(found[1].split()).replace(" at ", " ") == "What did I eat with Bo?"
    summer = dated("Where did we go last summer?", NOW)  # who tells of it may call it so
    assert summer is not None and summer[1].split() == ["Where", "did", "we", "go", "summer?"]


def test_weeks_and_weekends_around_a_weekend() -> None:
    saturday, sunday, monday = (datetime(2024, 6, day, 9, tzinfo=UTC) for day in (1, 2, 3))
    assert asked("this weekend", saturday) == asked("this weekend", sunday) == "2024-06-01 2024-06-02"
    assert asked("last weekend", sunday) == "2024-05-25 2024-05-26"
    assert asked("last weekend", monday) == asked("over the weekend", monday) == "2024-06-01 2024-06-02"
    assert asked("on Sunday", sunday) == "2024-06-02 2024-06-02" and asked("last Sunday", sunday).startswith(
        "2024-05-26"
    )


def test_without_any_time_only_what_has_its_year_is_understood() -> None:
    assert asked("in May 2023", None) == "2023-05-01 2023-05-31" and asked("in spring 2023", None) != "-"
    assert [asked(when, None) for when in ("in May", "last year", "yesterday", "on Monday", "on May 5")] == ["-"] * 5


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    memory = Memory.open(tmp_path / "m.sqlite", embed="lexical")
    told = {
        (2023, 5, 20): "We sailed to Hven.",
        (2023, 11, 3): "I painted the shed.",
        (2024, 5, 12): "I baked rye bread.",
    }
    memory.extend([Said("user", text, datetime(*day, 10, tzinfo=UTC)) for day, text in told.items()])
    memory.append("user", "The bus was late.", at=NOW)
    return memory


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What did I do last year in May?", "We sailed to Hven."),
        ("What did I do in May of last year?", "We sailed to Hven."),
        ("What did I do last November?", "I painted the shed."),
        ("What did I do half a year ago?", "I painted the shed."),
        ("What did I do on the twelfth of May?", "I baked rye bread."),
        ("What did I do in the last three days?", "The bus was late."),
    ],
)
def test_turns_of_the_named_days_are_recalled(memory: Memory, question: str, told: str) -> None:
    passage = memory.recall(question)
    assert [line.text for line in passage.lines] == [told] and passage.confidence == 1.0


def test_last_year_is_the_year_of_the_calendar_where_nothing_else_is_asked(memory: Memory) -> None:
    lines = memory.recall("What did I do last year?").lines
    assert {line.text for line in lines} == {"We sailed to Hven.", "I painted the shed."}


def test_a_question_may_be_asked_at_another_time(memory: Memory) -> None:
    june = datetime(2023, 6, 1, 1, tzinfo=timezone(timedelta(hours=2)))  # 31 May in UTC
    for at, when in ((june, "this month"), (datetime(2023, 5, 21), "yesterday"), (june, "in the last two weeks")):
        assert memory.search(f"What did I do {when}?", 1, at=at)[0].turn.text == "We sailed to Hven."
    passage = memory.recall("What did I do yesterday?", at=datetime(2024, 5, 13, tzinfo=UTC))
    assert [line.text for line in passage.lines] == ["I baked rye bread."]
