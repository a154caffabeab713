"""Times in a question: the span of days that it names, so that turns of those days are preferred."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import dropwhile

MONTHS = {name.lower(): place for place, name in enumerate(calendar.month_name) if name}
MONTHS |= {name.lower(): place for place, name in enumerate(calendar.month_abbr) if name}
WEEKDAYS = {name.lower(): place for place, name in enumerate(calendar.day_name)}
MONTH = "(" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\.?"
DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
NUMBERS = {name: place for place, name in enumerate("zero one two three four five six seven eight nine ten".split())}  # noqa: SIM905
NUMBERS |= {"a": 1, "an": 1, "twelve": 12}

ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
DOTTED = re.compile(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b")
SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")
DAY_MONTH = re.compile(rf"\b{DAY}\s+(?:of\s+)?{MONTH}(?:,?\s+(\d{{4}}))?\b", re.IGNORECASE)
MONTH_DAY = re.compile(rf"\b{MONTH}\s+{DAY}(?:,?\s+(\d{{4}}))?(?!\d)\b", re.IGNORECASE)
MONTH_YEAR = re.compile(rf"\b{MONTH},?\s+(\d{{4}})\b", re.IGNORECASE)
YEAR = re.compile(r"\b(?:in|during|since|of|before|after)\s+((?:19|20)\d\d)\b", re.IGNORECASE)
MONTH_ALONE = re.compile(rf"\b(?:in|during|since|of|early|late|mid)\s+{MONTH}\b", re.IGNORECASE)
DAY_ALONE = re.compile(r"\bon\s+the\s+(\d{1,2})(?:st|nd|rd|th)\b", re.IGNORECASE)
AGO = re.compile(
    r"\b(the day before yesterday|yesterday|today|(?:last|this) (?:week|month|year))\b|"
    rf"\b(\d{{1,3}}|{'|'.join(NUMBERS)})\s+(day|week|month|year)s?\s+ago\b",
    re.IGNORECASE,
)
WEEKDAY = re.compile(rf"\b(?:on|last|this)\s+({'|'.join(WEEKDAYS)})\b", re.IGNORECASE)
BETWEEN = re.compile(r"\b(?:between|from)\b(.+?)\b(?:and|to|until|till)\b(.+)", re.IGNORECASE)
LIMIT = re.compile(r"\b(before|until|till|after|since)\s+(?:the\s+)?$", re.IGNORECASE)

SAID = frozenset(
    """
yesterday today last day days week weeks month months year years during since early late ago until till
""".split()  # noqa: SIM905
)
"""Words that say when, beside numbers, months and days of the week."""

OF_DAY = frozenset(
    """
today tonight tomorrow yesterday noon midday midnight dawn dusk night nights morning mornings evening evenings afternoon
afternoons weekend weekends weekday weekdays day days week weeks month months year years spring summer autumn winter
easter christmas
""".split()  # noqa: SIM905
)
"""Words that say when something is, beside months and days of the week."""
BEFORE_TIME = frozenset(
    {"next", "last", "this", "every", "each", "early", "late", "mid", "half", "past", "the", "a", "my"}
)
UNITS = frozenset({"am", "pm", "a", "p", "o", "oclock", "hour", "hours", "minute", "minutes", *OF_DAY, *MONTHS})
"""What follows the number of a time ("5 pm", "5 o'clock", "3 days", "5 May")."""
CLOCK = frozenset({"at", "by", "until", "till", "before", "after", "around", "from"})
"""What stands before an hour ("at 5")."""

Span = tuple[datetime, datetime]
Found = tuple[Span, re.Match[str]]
FIRST, END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
BACK = {
    "today": (0, 1), "yesterday": (1, 1), "the day before yesterday": (2, 1), "last week": (14, 14),
    "last month": (62, 62), "last year": (730, 730), "this week": (7, 8), "this month": (31, 32),
    "this year": (366, 367),
}  # fmt: skip
"""How many days back a span begins and how long it is: wide enough, since it only prefers."""
ABOUT = {"day": (1, 0), "week": (7, 3), "month": (30, 10), "year": (365, 60)}
"""Days of a unit, and how many on both sides are meant too."""


def span(question: str, latest: datetime | None) -> Span | None:
    """From when until when (excluded) a question asks, or nothing; ``latest``, the newest turn's time, dates what has
    no year, "yesterday" and "on Monday".
    """
    named = dated(question, latest)
    return named[0] if named else None


def dated(question: str, latest: datetime | None) -> tuple[Span, str] | None:
    """The span, and the question without the words that name it."""
    if between := BETWEEN.search(question):
        one, other = _one(between[1], latest), _one(between[2], latest)
        if one and other and one[0][0] < other[0][1]:
            rest = [text[: m.start()] + text[m.end() :] for text, m in ((between[1], one[1]), (between[2], other[1]))]
            return (one[0][0], other[0][1]), " ".join([question[: between.start()], *rest])
    found = _one(question, latest)
    if found is None:
        return None
    (start, end), match = found
    before = question[: match.start()]
    which = LIMIT.search(before)
    limit = (which[1] if which else match[0].split()[0]).lower()
    if limit in ("before", "until", "till"):
        start, end = FIRST, start
    elif limit in ("after", "since"):
        start, end = (end if limit == "after" else start), END
    return (start, end), LIMIT.sub("", before) + question[match.end() :]


def is_time(word: str) -> bool:
    """Whether a word, lower case, only says when."""
    named = word in MONTHS or word in WEEKDAYS or word in SAID
    return named or re.fullmatch(r"\d+(st|nd|rd|th)?", word) is not None


def begins_with_time(words: Sequence[str], after: str = "") -> bool:
    """Whether words, lower case, begin with a time ("next week", "5 pm"), ``after`` a preposition ("at" 5)."""
    words = list(dropwhile(BEFORE_TIME.__contains__, words))
    first, second = (*words[:2], "", "")[:2]
    if first in OF_DAY or first in MONTHS or first.removesuffix("s") in WEEKDAYS:
        return True
    if re.fullmatch(r"\d{1,2}(?:st|nd|rd|th|am|pm|h)", first) or (after and re.fullmatch(r"(?:19|20)\d\d", first)):
        return True
    if first not in NUMBERS and not re.fullmatch(r"\d{1,3}", first):
        return False
    return second in UNITS or (after in CLOCK and (not second or re.fullmatch(r"[0-5]\d", second) is not None))


def _one(question: str, latest: datetime | None) -> Found | None:
    """The first time that a question names, of the most exact kind there is, and the words for it."""
    for read in (_numbers, _day, _month, _ago):
        try:
            found = read(question, latest)
        except (ValueError, OverflowError):  # 31 February, year 0
            return None
        if found:
            return found
    return None


def _numbers(question: str, latest: datetime | None) -> Found | None:
    """A date in numbers: 2024-05-28, 28.05.2024, 5/28/2024 (28/5/2024 where there is no such month)."""
    for pattern, order in ((ISO, (1, 2, 3)), (DOTTED, (3, 2, 1)), (SLASHED, (3, 1, 2))):
        if found := pattern.search(question):
            year, month, day = (int(found[place]) for place in order)
            if pattern is SLASHED and month > 12:
                month, day = day, month
            return _days(datetime(year, month, day, tzinfo=UTC), 1), found
    return None


def _day(question: str, latest: datetime | None) -> Found | None:
    if found := DAY_MONTH.search(question):
        day, month, year = found[1], found[2], found[3]
    elif found := MONTH_DAY.search(question):
        day, month, year = found[2], found[1], found[3]
    elif latest and (found := DAY_ALONE.search(question)):
        day = int(found[1])
        month_of = latest if day <= latest.day else latest.replace(day=1) - timedelta(days=1)
        return _days(datetime(month_of.year, month_of.month, day, tzinfo=UTC), 1), found
    else:
        return None
    number = MONTHS[month.lower()]
    if year is None and latest is None:
        return None
    chosen = int(year) if year else _year(number, latest)
    return _days(datetime(chosen, number, int(day), tzinfo=UTC), 1), found


def _month(question: str, latest: datetime | None) -> Found | None:
    """A month with a year, a year alone, or a month after "in"."""
    if found := MONTH_YEAR.search(question):
        month, year = MONTHS[found[1].lower()], int(found[2])
    elif found := YEAR.search(question):
        return (datetime(int(found[1]), 1, 1, tzinfo=UTC), datetime(int(found[1]) + 1, 1, 1, tzinfo=UTC)), found
    elif latest and (found := MONTH_ALONE.search(question)):
        month = MONTHS[found[1].lower()]
        year = _year(month, latest)
    else:
        return None
    return _days(datetime(year, month, 1, tzinfo=UTC), calendar.monthrange(year, month)[1]), found


def _ago(question: str, latest: datetime | None) -> Found | None:
    """Days counted back from the newest turn's."""
    if latest is None:
        return None
    today = latest.replace(hour=0, minute=0, second=0, microsecond=0)
    if found := WEEKDAY.search(question):
        back = (today.weekday() - WEEKDAYS[found[1].lower()]) % 7
        if back == 0 and found[0].lower().startswith("last"):
            back = 7
        return _days(today - timedelta(days=back), 1), found
    found = AGO.search(question)
    if found is None:
        return None
    if found[1]:
        back, long = BACK[found[1].lower()]
        return _days(today - timedelta(days=back), long), found
    each, wide = ABOUT[found[3].lower()]
    many = found[2].lower()
    back = each * (NUMBERS[many] if many in NUMBERS else int(many))
    return _days(today - timedelta(days=back + wide), 1 + 2 * wide), found


def _year(month: int, latest: datetime | None) -> int:
    """The latest year in which a month was not in the future."""
    assert latest is not None
    return latest.year if month <= latest.month else latest.year - 1


def _days(start: datetime, days: int) -> Span:
    return start, start + timedelta(days=days)
