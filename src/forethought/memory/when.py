"""Times in a question: the span of days that it names, so that turns of those days are preferred."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta

MONTHS = {name.lower(): place for place, name in enumerate(calendar.month_name) if name}
MONTHS |= {name.lower(): place for place, name in enumerate(calendar.month_abbr) if name}
MONTH = "(" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\.?"
DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
DAY_MONTH = re.compile(rf"\b{DAY}\s+(?:of\s+)?{MONTH}(?:,?\s+(\d{{4}}))?\b", re.IGNORECASE)
MONTH_DAY = re.compile(rf"\b{MONTH}\s+{DAY}(?:,?\s+(\d{{4}}))?(?!\d)\b", re.IGNORECASE)
AGO = re.compile(r"\b(yesterday|today|last week|last month|last year)\b", re.IGNORECASE)

SAID = frozenset(
    {"yesterday", "today", "last", "day", "days", "week", "month", "year", "during", "since", "early", "late"}
)
"""Words that say when, beside numbers and months."""

Span = tuple[datetime, datetime]
BACK = {"today": (0, 1), "yesterday": (1, 1), "last week": (14, 14), "last month": (62, 62), "last year": (730, 730)}
"""How many days back a span begins and how long it is: wide enough, since it only prefers."""


def span(question: str, latest: datetime | None) -> Span | None:
    """From when until when (excluded) a question asks, or nothing; ``latest``, the newest turn's time, dates what has
    no year and "yesterday".
    """
    for read in (_iso, _day, _month, _ago):
        try:
            found = read(question, latest)
        except (ValueError, OverflowError):  # 31 February, year 0
            return None
        if found:
            return found
    return None


def is_time(word: str) -> bool:
    """Whether a word, lower case, only says when."""
    return word in MONTHS or word in SAID or re.fullmatch(r"\d+(st|nd|rd|th)?", word) is not None


def _iso(question: str, latest: datetime | None) -> Span | None:
    found = ISO.search(question)
    return _days(datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC), 1) if found else None


def _day(question: str, latest: datetime | None) -> Span | None:
    if found := DAY_MONTH.search(question):
        day, month, year = found[1], found[2], found[3]
    elif found := MONTH_DAY.search(question):
        day, month, year = found[2], found[1], found[3]
    else:
        return None
    number = MONTHS[month.lower()]
    if year is None and latest is None:
        return None
    chosen = int(year) if year else _year(number, latest)
    return _days(datetime(chosen, number, int(day), tzinfo=UTC), 1)


def _month(question: str, latest: datetime | None) -> Span | None:
    """A month with a year, a year alone, or a month after "in"."""
    if found := re.search(rf"\b{MONTH},?\s+(\d{{4}})\b", question, re.IGNORECASE):
        month, year = MONTHS[found[1].lower()], int(found[2])
    elif found := re.search(r"\b(?:in|during|since|of)\s+((?:19|20)\d\d)\b", question, re.IGNORECASE):
        return datetime(int(found[1]), 1, 1, tzinfo=UTC), datetime(int(found[1]) + 1, 1, 1, tzinfo=UTC)
    elif latest and (found := re.search(rf"\b(?:in|during|since|of|early|late|mid)\s+{MONTH}\b", question, re.I)):
        month = MONTHS[found[1].lower()]
        year = _year(month, latest)
    else:
        return None
    return _days(datetime(year, month, 1, tzinfo=UTC), calendar.monthrange(year, month)[1])


def _ago(question: str, latest: datetime | None) -> Span | None:
    found = AGO.search(question)
    if not found or latest is None:
        return None
    back, long = BACK[found[1].lower()]
    today = latest.replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=back), today - timedelta(days=back - long)


def _year(month: int, latest: datetime | None) -> int:
    """The latest year in which a month was not in the future."""
    assert latest is not None
    return latest.year if month <= latest.month else latest.year - 1


def _days(start: datetime, days: int) -> Span:
    return start, start + timedelta(days=days)
