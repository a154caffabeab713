"""Times as English tells them, and the days that each means, counted back from when a question is asked.

What comes again (a month, a season, the 12th, Monday) means the latest that has begun, or the one within a year,
month or week that is told with it ("in May last year", "on Monday two weeks ago"). Seasons are the northern ones.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice

Span = tuple[datetime, datetime]
"""From when until when (excluded)."""
Parts = Mapping[str, str | None]
"""An expression's named groups."""
Times = Callable[[Parts, datetime], Iterator[Span]]
"""When something was that comes again, from a day's year, month or week back."""

MONTHS = {name.lower(): place for place, name in enumerate(calendar.month_name) if name}
MONTHS |= {name.lower(): place for place, name in enumerate(calendar.month_abbr) if name}
WEEKDAYS = {name.lower(): place for place, name in enumerate(calendar.day_name)}
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The months with which they begin."""
TEENS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen""".split()  # noqa: SIM905
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
PLACES = """zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth""".split()  # noqa: SIM905
COUNTS: dict[str, tuple[float, float]] = {name: (place, place) for place, name in enumerate(TEENS)}
COUNTS |= {ten: (many, many) for ten, many in TENS.items()}
COUNTS |= {f"{ten} {TEENS[n]}": (many + n, many + n) for ten, many in TENS.items() for n in range(1, 10)}
COUNTS |= {"a": (1, 1), "an": (1, 1), "a couple of": (2, 2), "couple of": (2, 2), "couple": (2, 2)}
COUNTS |= {"few": (2, 5), "a few": (2, 5), "several": (3, 8), "half a": (0.5, 0.5), "half an": (0.5, 0.5)}
COUNTS |= {"a half": (0.5, 0.5)}
"""Numbers in words: at least and at most so many are meant."""
ORDINALS = {name: place for place, name in enumerate(PLACES) if place} | {"twentieth": 20, "thirtieth": 30}
ORDINALS |= {f"twenty {PLACES[n]}": 20 + n for n in range(1, 10)} | {"thirty first": 31}
BACK = {
    "today": (0, 1), "yesterday": (1, 1), "day before yesterday": (2, 1), "tonight": (0, 1), "this morning": (0, 1),
    "this afternoon": (0, 1), "this evening": (0, 1), "last night": (1, 2), "night before last": (2, 2),
}  # fmt: skip
"""How many days back a span begins and how long it is."""
WIDE = {
    "last week": (14, 14), "last month": (62, 62), "last year": (730, 730), "this week": (7, 8), "this month": (31, 32),
    "this year": (366, 367),
}  # fmt: skip
"""The same, where nothing is told that is in it: wide enough, since it only prefers."""
THIRDS = {"beginning": 0, "start": 0, "early": 0, "middle": 1, "mid": 1, "end": 2, "late": 2}
ABOUT = {"hour": (0, 0), "day": (1, 0), "week": (7, 3), "fortnight": (14, 3), "month": (30, 10), "year": (365, 60)}
ABOUT |= {"decade": (3652, 500), "weekend": (7, 3)}
"""Days of a unit, and how many on both sides are meant too."""


def either(names: Iterable[str]) -> str:
    """A pattern for any of some names, the longest first."""
    return "(?:" + "|".join(sorted(names, key=len, reverse=True)).replace(" ", r"[\s-]+") + ")"


COUNT = rf"(?:\d{{1,3}}|{either(COUNTS)})"
UNITS = rf"{either(ABOUT)}s?"
AGO = rf"{COUNT}(?:\s+and\s+a\s+half)?\s+{UNITS}(?:\s+and\s+a\s+half)?\s+ago"
ONE = r"(?:week|weekend|month|year)"
FRAME = (
    rf"(?:{ONE}\s+before\s+last|(?:last|this(?:\s+past)?|previous)\s+{ONE}(?!\s+of\b)(?:['\u2019]s)?|{AGO}|"
    r"\d{4}(?![\d-]))"
)
MONTH, WEEKDAY, ORDINAL = either(MONTHS), either(WEEKDAYS), either(ORDINALS)
DAY = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|{ORDINAL})"
PART = (
    r"(?:(?:the\s+)?(?:very\s+)?(?P<third>beginning|start|middle|end)\s+of\s+|(?P<about>early|late|mid)(?:-|\s+in\s+|\s+)|"
    rf"(?:the\s+)?(?P<nth>{ORDINAL}|last)\s+(?P<each>day|week|weekend|half|quarter|month|{WEEKDAY})\s+(?:of|in)\s+)?"
)
WITHIN = rf"(?:\s+(?P<past>before\s+last)|(?:\s*,\s*|\s+)(?:of\s+|in\s+|the\s+)*(?P<frame>{FRAME}))?"


def expression(names: str) -> re.Pattern[str]:
    """A pattern for a time with the part of it and the year, month or week that it is in, where they are told."""
    pattern = rf"\b{PART}(?:the\s+(?:month\s+of\s+)?)?(?:(?P<which>last|this)\s+(?:past\s+)?)?{names}{WITHIN}(?!\w)"
    return re.compile(pattern, re.IGNORECASE)


def count(text: str) -> tuple[float, float]:
    """At least and at most how many a number says."""
    words = re.sub(r"[\s-]+", " ", text.lower())
    return (int(words), int(words)) if words.isdecimal() else COUNTS[words]


def ordinal(text: str) -> int:
    """Which one "12th" or "twelfth" is."""
    words = re.sub(r"[\s-]+", " ", text.lower())
    return ORDINALS[words] if words in ORDINALS else int(re.sub(r"\D", "", words))


def days(start: datetime, many: float) -> Span:
    """So many days."""
    return start, start + timedelta(days=many)


def midnight(at: datetime) -> datetime:
    """When a day began."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def months(year: int, month: int, many: int = 1) -> Span:
    """So many months from one on; ``month`` may be of another year, 0 is December of the one before."""
    first, after = year * 12 + month - 1, year * 12 + month - 1 + many
    return datetime(first // 12, first % 12 + 1, 1, tzinfo=UTC), datetime(after // 12, after % 12 + 1, 1, tzinfo=UTC)


def month_times(parts: Parts, of: datetime) -> Iterator[Span]:
    """A month in each year."""
    for year in range(of.year, of.year - 4, -1):
        yield months(year, MONTHS[_part(parts, "month")])


def season_times(parts: Parts, of: datetime) -> Iterator[Span]:
    """A season in each year; which winter is of a year nobody can tell."""
    if _part(parts, "season") == "winter" and parts["frame"]:
        raise ValueError
    for year in range(of.year, of.year - 4, -1):
        yield months(year, SEASONS[_part(parts, "season")], 3)


def date_times(parts: Parts, of: datetime) -> Iterator[Span]:
    """A day of a month in each year that has it."""
    month, day = MONTHS[_part(parts, "month")], ordinal(_part(parts, "day"))
    for year in range(of.year, of.year - 9, -1):
        if 1 <= day <= calendar.monthrange(year, month)[1]:
            yield days(datetime(year, month, day, tzinfo=UTC), 1)


def day_times(parts: Parts, of: datetime) -> Iterator[Span]:
    """A day of each month that has it."""
    day = ordinal(_part(parts, "day"))
    for back in range(4):
        first, after = months(of.year, of.month - back)
        if 1 <= day <= (after - first).days:
            yield days(first + timedelta(days=day - 1), 1)


def weekday_times(parts: Parts, of: datetime) -> Iterator[Span]:
    """A day of each week."""
    back = (of.weekday() - WEEKDAYS[_part(parts, "weekday")]) % 7
    for week in range(4):
        yield days(midnight(of) - timedelta(days=back + 7 * week), 1)


def latest(times: Times, parts: Parts, now: datetime) -> Span:
    """The latest that has begun; "last", the latest that is over; "before last", the one before that. A date without a
    year may be a later day of this month.
    """
    today = midnight(now)
    until = months(now.year, now.month)[1] - timedelta(days=1) if times is date_times else now
    if parts["past"] or (parts["which"] or "").lower() == "last":
        over = (span for span in times(parts, now) if span[1] <= today)
        found = list(islice(over, 2))[1 if parts["past"] else 0 :]
    else:
        found = list(islice((span for span in times(parts, now) if span[0] <= until), 1))
    if not found:
        raise ValueError
    return found[0]


def inside(times: Times, parts: Parts, frame: Span) -> Span:
    """The only one in a year, month or week. Raises ``ValueError`` where there is none, or several."""
    found = [span for span in times(parts, frame[1] - timedelta(days=1)) if frame[0] <= span[0] < frame[1]]
    if len(found) != 1:
        raise ValueError
    return found[0]


def frame(text: str, now: datetime) -> Span:
    """The year, month, week or weekend of the calendar that "last year", "2 weeks ago" or "2023" is in."""
    words = re.sub(r"\s+", " ", text.lower()).removesuffix("'s").removesuffix("\u2019s")
    if words.isdecimal():
        return months(int(words), 1, 12)
    if found := re.fullmatch(rf"({COUNT}) {UNITS} ago", words):
        least, most = count(found[1])
        unit = words.split()[-2].removesuffix("s")
        if least != most or least != int(least):
            raise ValueError
        back = int(least)
    elif words.endswith(" before last"):
        unit, back = words.split()[0], 2
    else:
        unit = words.split()[-1]
        back = 1 if words.startswith(("last", "previous")) else 0
    today = midnight(now)
    monday = today - timedelta(days=today.weekday())
    if unit == "weekend":
        saturday = monday + timedelta(days=5 - (7 if back or today.weekday() < 5 else 0))
        return days(saturday - timedelta(days=7 * max(back - 1, 0)), 2)
    if unit == "week":
        return days(monday - timedelta(days=7 * back), 7)
    if unit not in ("month", "year"):
        raise ValueError
    return months(now.year - back, 1, 12) if unit == "year" else months(now.year, now.month - back)


def ago(text: str, now: datetime) -> Span:
    """About so long ago."""
    found = re.fullmatch(rf"({COUNT})(\s+and\s+a\s+half)?\s+({UNITS})(\s+and\s+a\s+half)?\s+ago", text, re.IGNORECASE)
    assert found is not None
    half = 0.5 if found[2] or found[4] else 0.0
    unit = found[3].lower().removesuffix("s")
    least, most = (many + half for many in count(found[1]))
    if unit == "hour":
        return midnight(now - timedelta(hours=most)), midnight(now - timedelta(hours=least)) + timedelta(days=1)
    each, wide = ABOUT[unit]
    wide = int(wide * min(1.0, most))
    far, near = int(most * each) + wide, int(least * each) - wide
    return midnight(now) - timedelta(days=far), midnight(now) - timedelta(days=near - 1)


def part(parts: Parts, span: Span) -> Span:
    """The part of a span that "the end of" or "the first week of" tells, or all of it."""
    start, end = span
    if which := parts["third"] or parts["about"]:
        return _pieces(span, 3)[THIRDS[which.lower()]]
    if not parts["nth"]:
        return span
    each = _part(parts, "each")
    if each in ("half", "quarter"):
        pieces = _pieces(span, 2 if each == "half" else 4)
    elif each == "month":
        pieces = list(_months(span))
    else:
        first = 5 if each == "weekend" else WEEKDAYS.get(each, start.weekday())
        long, step = {"week": (7, 7), "weekend": (2, 7), "day": (1, 1)}.get(each, (1, 7))
        start += timedelta(days=(first - start.weekday()) % 7)
        pieces = [days(start + timedelta(days=i), long) for i in range(0, (end - start).days, step)]
    nth = _part(parts, "nth")
    if nth != "last":
        return pieces[ordinal(nth) - 1]
    return (end - timedelta(days=7), end) if each == "week" else pieces[-1]


def _pieces(span: Span, many: int) -> list[Span]:
    """Equal parts: of a year in months, else in days, to which a day that is of two parts belongs in both."""
    start, end = span
    if (end - start).days > 360:
        return [months(start.year, start.month + 12 // many * i, 12 // many) for i in range(many)]
    size = (end - start) / many
    return [(midnight(start + i * size), midnight(start + (i + 1) * size + timedelta(hours=23))) for i in range(many)]


def _months(span: Span) -> Iterator[Span]:
    year, month = span[0].year, span[0].month
    while (piece := months(year, month))[0] < span[1]:
        yield piece
        month += 1


def _part(parts: Parts, name: str) -> str:
    """A group that is there, lower case."""
    value = parts[name]
    assert value is not None
    return value.lower()


def recent(many: str | None, unit: str, now: datetime) -> Span:
    """The days until now of "the past week", "the last three days" and "the last days"."""
    one = unit.lower().removesuffix("s")
    _, most = count(many or ("one" if one == unit.lower() else "few"))
    each = {"month": 31, "year": 366}.get(one, ABOUT[one][0])
    start = now - (timedelta(hours=most) if one == "hour" else timedelta(days=int(most * each)))
    return midnight(start), midnight(now) + timedelta(days=1)


def beside(parts: Parts, span: Span) -> Span:
    """The days of "the day before", "two weeks after" or "the Sunday before" a span."""
    (start, end), many = span, parts["many"]
    earlier = _part(parts, "way").startswith(("before", "prior"))
    unit = _part(parts, "units").removesuffix("s") if many else _part(parts, "unit")
    if unit == "weekend" or unit in WEEKDAYS:
        if many:
            raise ValueError
        place, long = (5, 2) if unit == "weekend" else (WEEKDAYS[unit], 1)
        if earlier:
            return days(start - timedelta(days=(start.weekday() - place - long) % 7 + long), long)
        return days(end + timedelta(days=(place - end.weekday()) % 7), long)
    each, wide = (1, 0) if unit in ("night", "evening", "morning") else ABOUT[unit]
    if not many and each > 1:
        return (start - timedelta(days=each), start) if earlier else (end, end + timedelta(days=each))
    least, most = count(many or "one")
    near, far = int(least * each) - wide, int(most * each) + wide
    if earlier:
        return start - timedelta(days=far), start - timedelta(days=near - 1)
    return end + timedelta(days=near - 1), end + timedelta(days=far)
