"""Times in a question: the span of days that it names, so that turns of those days are preferred.

A time that is told with what is not understood ("in May and August", "every year in May") names no days at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import dropwhile

from forethought.memory import dates
from forethought.memory.dates import AGO, COUNT, DAY, FRAME, MONTH, ORDINAL, PART, WEEKDAY, Span, days
from forethought.memory.dates import MONTHS as MONTHS
from forethought.memory.dates import WEEKDAYS as WEEKDAYS

NUMBERS = {name: place for place, name in enumerate("zero one two three four five six seven eight nine ten".split())}  # noqa: SIM905
NUMBERS |= {"a": 1, "an": 1, "twelve": 12}

SURE = rf"(?:(?-i:May|March|Mar)|{dates.either(MONTHS.keys() - {'may', 'march', 'mar'})})"
"""A month, and not the verb "may"."""
ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
DOTTED = re.compile(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b")
SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")
SEASON = dates.either(dates.SEASONS)
CALLED = frozenset({*dates.SEASONS, "weekend"})
"""What people call a time when they tell of it, too: looked up as well, but no answer has to have it."""
OF_WEEK = rf"(?:{WEEKDAY},?\s+)?"
LIMITS = "since before after until till from"
KINDS: tuple[tuple[re.Pattern[str], dates.Times, str], ...] = (
    (
        dates.expression(rf"{OF_WEEK}(?:the\s+)?(?P<day>{DAY})\s+(?:of\s+)?(?P<month>{MONTH})\b\.?"),
        dates.date_times,
        "",
    ),
    (dates.expression(rf"{OF_WEEK}(?P<month>{MONTH})\b\.?\s+(?:the\s+)?(?P<day>{DAY})\b"), dates.date_times, ""),
    (
        dates.expression(rf"{OF_WEEK}the\s+(?P<day>\d{{1,2}}(?:st|nd|rd|th)|{ORDINAL})\b"),
        dates.day_times,
        f"on by {LIMITS}",
    ),
    (dates.expression(rf"(?P<month>{MONTH})\b\.?"), dates.month_times, f"in during of throughout over {LIMITS}"),
    (dates.expression(rf"(?P<season>{SEASON})\b"), dates.season_times, f"in of throughout over by {LIMITS}"),
    (dates.expression(rf"(?P<weekday>{WEEKDAY})\b"), dates.weekday_times, f"on by {LIMITS}"),
)
"""What comes again, the most exact first: how it is written, when it is, and the words that it stands behind."""
ROLLING = re.compile(
    rf"\b(?:the\s+|these\s+|this\s+)?(?P<which>last|past)\s+(?:(?P<many>{COUNT})\s+)?(?!weekend)(?P<unit>{dates.UNITS})(?!\s+of\b|['\u2019]|\w)",
    re.IGNORECASE,
)
LONG = re.compile(r"\b(?:in|over|during|within|for|throughout)\s+$", re.IGNORECASE)
LAST = re.compile(r"(?:(?:the|this|these)\s+)?last\s+\w+(?<!s)$", re.IGNORECASE)
"""What stands before "the last week" that is the past seven days, and the week that is not."""
FRAMED = re.compile(
    rf"\b{PART}(?:the\s+)?(?P<frame>{FRAME}|(?<=the\s)(?:week|month|year)(?!\s+(?:of|that)))(?!\w)", re.IGNORECASE
)
RECENT = re.compile(rf"\b(?:the\s+)?({dates.either(dates.BACK)})\b", re.IGNORECASE)
NUMBERED = re.compile(rf"(?:the\s+)?(?:\d{{1,3}}(?!\d)|{AGO}\b|{ORDINAL}\b|last\s+\w+\s+(?:of|in)\b)", re.IGNORECASE)
APART = re.compile(r"[\s,]+|\b(?:in|on|of|the)\b", re.IGNORECASE)
ON = re.compile(r"\s+on(?:wards?\b|\s*[?.!,]|\s*$)", re.IGNORECASE)
FROM = re.compile(r"\bfrom\s+(?:the\s+)?$", re.IGNORECASE)
WEEKEND = re.compile(r"\bthe\s+weekend(?=\s*(?:[?.!,]|$))", re.IGNORECASE)
BETWEEN = re.compile(
    r"\b(?:between|from|since)\s+(?=(.{1,60}?)\s*(?:\b(?:and|to|until|till|through)\b|-|\u2013)\s*(.{1,100}))",
    re.IGNORECASE,
)
LIMIT = re.compile(r"\b(before|prior\s+to|until|till|up\s+to|by|after|since)\s+(?:the\s+)?$", re.IGNORECASE)
OFFSET = re.compile(
    rf"\b(?:(?:the|last)\s+(?P<unit>{dates.UNITS}|{WEEKDAY}|night|evening|morning)|(?P<many>{COUNT})\s+(?P<units>{dates.UNITS}))\s+"
    r"(?P<way>before|prior\s+to|after|following)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
WEEK_OF = re.compile(r"\bthe\s+(week|weekend)\s+of\s+(?:the\s+)?$", re.IGNORECASE)
LEAD = re.compile(
    r"\b(in|on|of|over|during|throughout|since|before|after|until|till|by|from|within|prior\s+to)\s+(?:the\s+)?(?:year\s+)?$",
    re.IGNORECASE,
)
EARLIER = re.compile(r"\b(?:earlier|later)\s+(?:in\s+|on\s+)?$", re.IGNORECASE)
TIME = re.compile(r"\b(?:at\s+|around\s+)?(?:this|the\s+same)\s+time\s+(?:last\s+(week|month|year))\b", re.IGNORECASE)
ENDS = re.compile(r"\s*(?:[?.!,;]|$)")
HOUR = re.compile(r"\s+(?:in\s+the\s+|at\s+)?(?:morning|afternoon|evening|night|noon)\b", re.IGNORECASE)

AND = r"(?:\s|,|&|/|-|\u2013|\b(?:of|in|the|and|or|to|until|till|through)\b)*"
LEFT = re.compile(
    rf"(?:\b{SURE}\b{AND}|\b(?:{WEEKDAY}s?|yesterday|today|tomorrow|ago|(?:this|same)\s+(?:day|week|month|weekend))\b{AND}|"
    rf"\b(?:every|each|next|coming|following|(?!(?:an?|one)\b){COUNT}|{ORDINAL}|last|past)\s+{dates.UNITS}{AND}|"
    r"\b(?:every|each|next|coming|following|half|end|beginning|start|middle|than)\s+(?:(?:of|in|on)\s+)?(?:the\s+)?|"
    rf"\b(?:last|not|{ORDINAL}[\s-]+to)\s+|\b(?:(?:week|quarter)\s+{COUNT}|q\d){AND})$",
    re.IGNORECASE,
)
"""What may not be left just before a time: it would be half of a longer one."""
LEFT_OF_LIMIT = re.compile(rf"\b{dates.UNITS}\s+$", re.IGNORECASE)
"""The same before "before" or "after"."""
LEFT_OF_NUMBER = re.compile(
    rf"(?:\b{COUNT}|hundred|thousand|million|\b{dates.UNITS}|\d(?:[.,]|st|nd|rd|th)?|\b{ORDINAL}|\b(?:my|our|your|his|her|their))(?:[\s,&/-]|\u2013|\b(?:and|or|to|until|till|the)\b)*$",
    re.IGNORECASE,
)
"""The same before a time that begins with a number."""
RIGHT = re.compile(
    rf"(?:{AND}(?:{SURE}|{WEEKDAY}s?|yesterday|today|tomorrow|now|(?:last|next|this|past|every|each|previous|that|same|following)\s+"
    rf"(?:{dates.UNITS}|{MONTH}|{SEASON}|{WEEKDAY}|{COUNT})|{FRAME}|{COUNT}\s+{dates.UNITS})\b|"
    rf"\s*(?:-|\u2013|/|&|\b(?:and|or|to|until|till)\b)\s*(?:the\s+)?(?:\d|{ORDINAL}\b|{SEASON}\b|{COUNT}\b)|"
    r"\s+(?:ago|earlier|hence|from\s+now|next|before\s+last|weeks?|months?|years?|weekends?)\b|\s+last\s*(?:[?.!,]|$)|\s*['\u2019]\d)",
    re.IGNORECASE,
)
"""What may not be left just behind one."""
FLOOR = re.compile(
    r"\s+(?:floor|street|avenue|grade|attempt|try|time|day|page|place|round|week|birthday|anniversary)\b", re.IGNORECASE
)

SAID = frozenset(
    """
yesterday today last day days week weeks month months year years during since early late ago until till weekend spring
summer autumn fall winter
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


Place = tuple[int, int]
"""From where until where in a text."""
FIRST, END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Named:
    """Days, and where a text names them: the time itself, then the year, month or week that is told elsewhere."""

    days: Span
    places: tuple[Place, ...]


def span(question: str, now: datetime | None) -> Span | None:
    """From when until when (excluded) a question asks, or nothing; ``now``, when it is asked, dates what has no year,
    "yesterday" and "on Monday".
    """
    named = dated(question, now)
    return named[0] if named else None


def dated(question: str, now: datetime | None, exact: bool = False) -> tuple[Span, str] | None:
    """The span, and the question without the words that name it. "Last year" is wide, since it only prefers, unless
    ``exact``: the year of the calendar.
    """
    try:
        for between in BETWEEN.finditer(question):
            if found := _between(between, now):
                return found
        named = _named(question, now, exact=exact)
        return None if named is None else _limited(question, named)
    except (ValueError, OverflowError, LookupError):  # 31 February, year 0, the sixth week of May
        return None


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


def _between(between: re.Match[str], now: datetime | None) -> tuple[Span, str] | None:
    """Both times of "between .. and ..", the first with what only the second tells ("5 and 7 May 2023"). Raises
    ``ValueError`` where one is a time and the other none.
    """
    one, text = between[1], between[2]
    other = _named(text, now, bare=True)
    if other is None or text[: other.places[0][0]].strip(" \n").lower() not in ("", "the", "on", "in"):
        return None
    (place, *_), (start, end) = other.places, other.days
    told = text[slice(*place)]
    year = re.search(rf"(?:of\s+|,\s*)?{FRAME}$", told, re.IGNORECASE)
    month = re.search(rf"\b{MONTH}\b", told, re.IGNORECASE)
    if month and re.fullmatch(rf"(?:the\s+)?{DAY}", one, re.IGNORECASE):
        one = f"{one} {month[0]}"
    first = None
    for text_of in (f"{one} {year[0]}" if year else one, one):
        first = first or _whole(text_of, now)
    if first is None:
        if re.search(rf"\b(?:\d|{ORDINAL}\b|{SURE}\b|{WEEKDAY}\b|{dates.UNITS}\b)", one, re.IGNORECASE):
            raise ValueError
        return None
    if first[0] >= end:
        first = _whole(one, start) or first
    if first[0] >= end or RIGHT.match(text, place[1]):
        raise ValueError
    return (first[0], end), between.string[: between.start()] + between.string[between.start(2) + place[1] :]


def _whole(text: str, now: datetime | None) -> Span | None:
    """The days that a text names that is nothing else."""
    named = _named(text, now, bare=True)
    if named is None or len(named.places) > 1:
        return None
    (start, end), *_ = named.places
    return named.days if text[:start].strip().lower() in ("", "the") and not text[end:].strip(" ,") else None


def _named(text: str, now: datetime | None, bare: bool = False, exact: bool = False) -> Named | None:
    """The first time that a text names, of the most exact kind there is; with ``bare``, without "in" or "on" too."""
    for pattern, order in ((ISO, (1, 2, 3)), (DOTTED, (3, 2, 1)), (SLASHED, (3, 1, 2))):
        if found := pattern.search(text):
            year, month, day = (int(found[place]) for place in order)
            if pattern is SLASHED and month > 12:
                month, day = day, month
            return Named(days(datetime(year, month, day, tzinfo=UTC), 1), (found.span(),))
    for pattern, times, leads in KINDS:
        for found in pattern.finditer(text):
            parts = found.groupdict()
            told = parts["frame"]
            if (now or (told and told.isdecimal())) and _stands(found, times, leads, bare):
                return _again(found, times, now or END)
    return _counted(text, now, bare, exact)


def _stands(found: re.Match[str], times: dates.Times, leads: str, bare: bool) -> bool:
    """Whether what may be a name or a verb ("may", "fall", "the second") is a time where it stands."""
    parts, before = found.groupdict(), found.string[: found.start()]
    lead = LEAD.search(before)
    behind = lead is not None and lead[1].lower() in leads.split()
    if times is dates.date_times:
        digits = found["day"][0].isdecimal()
        return digits or re.search(rf"\bof\s+{MONTH}|{SURE}", found[0], re.IGNORECASE) is not None
    if times is dates.day_times:
        ends = ENDS.match(found.string, found.end()) is not None
        numbered = found["day"][0].isdecimal() and not FLOOR.match(found.string, found.end())
        return bare or (behind and bool(ends or numbered or parts["frame"])) or " of " in found[0]
    sure = times is not dates.month_times or re.fullmatch(SURE, found["month"], re.IGNORECASE) is not None
    sure = sure or (found["month"].lower() == "may" and ENDS.match(found.string, found.end()) is not None)
    if any(parts[name] for name in ("third", "about", "nth", "frame")):
        return True
    if times is dates.season_times and found["season"].lower() == "fall":
        behind = behind and lead is not None and lead[1].lower() == "in"
    follows = re.search(rf"\b{FRAME}\s*,?\s*$", before, re.IGNORECASE) is not None
    plain = lead is not None and lead[1].lower() in ("in", "during", "of", "since")
    return bool(behind and (sure or plain)) or (sure and bool(parts["which"] or parts["past"] or follows or bare))


def _again(found: re.Match[str], times: dates.Times, now: datetime) -> Named:
    """The days of what comes again, in the year, month or week that is told with it or elsewhere."""
    parts, text = found.groupdict(), found.string
    if parts["frame"]:
        return Named(dates.part(parts, dates.inside(times, parts, dates.frame(parts["frame"], now))), (found.span(),))
    if not parts["which"] and not parts["past"]:
        for other in _frames(text[: found.start()] + " " * len(found[0]) + text[found.end() :]):
            with suppress(ValueError):
                frame = other["frame"]
                within = dates.inside(times, parts | {"frame": frame}, dates.frame(frame, now))
                return Named(dates.part(parts, within), (found.span(), other.span()))
    return Named(dates.part(parts, dates.latest(times, parts, now)), (found.span(),))


def _frames(text: str, bare: bool = False) -> Iterator[re.Match[str]]:
    """Years, months and weeks; a year in numbers behind "in" or the like, "the week" where a part of it is told."""
    for found in FRAMED.finditer(text):
        told, partly = found["frame"], found["third"] or found["about"] or found["nth"]
        year = told.isdecimal() and told.startswith(("19", "20"))
        if partly or (year and (bare or LEAD.search(text, 0, found.start()))) or " " in told:
            yield found


def _counted(text: str, now: datetime | None, bare: bool, exact: bool) -> Named | None:
    """Days counted back from ``now``, and years."""
    if now and (found := ROLLING.search(text)) and (LONG.search(text, 0, found.start()) or not LAST.match(found[0])):
        return Named(dates.recent(found["many"], found["unit"], now), (found.span(),))
    if now and (found := TIME.search(text)):
        return Named(dates.ago(f"a {found[1]} ago", now), (found.span(),))
    for found in _frames(text, bare):
        parts, told = found.groupdict(), " ".join(found["frame"].lower().split())
        if now is None and not told.isdecimal():
            continue
        today = dates.midnight(now or END)
        partly = parts["third"] or parts["about"] or parts["nth"]
        if told in dates.WIDE and not (partly or exact or LIMIT.search(text, 0, found.start())):
            back, long = dates.WIDE[told]
            return Named(days(today - timedelta(days=back), long), (found.span(),))
        if told.endswith("ago") and not partly:
            return Named(dates.ago(told, now or END), (found.span(),))
        return Named(dates.part(parts, dates.frame(told, now or END)), (found.span(),))
    if now and (found := RECENT.search(text)):
        back, long = dates.BACK[" ".join(found[1].lower().split())]
        return Named(days(dates.midnight(now) - timedelta(days=back), long), (found.span(),))
    if now and (found := WEEKEND.search(text)):
        return Named(dates.frame("this weekend", now), (found.span(),))
    return None


def _limited(text: str, named: Named) -> tuple[Span, str] | None:
    """The days before or after a time, where that is asked, and the text without the words for both; nothing where
    what is left would be half of a longer time.
    """
    (start, end), (place, *others) = named.days, named.places
    numbered = NUMBERED.match(text, place[0])
    whole = text
    for one in named.places:
        text = text[: one[0]] + " " * (one[1] - one[0]) + text[one[1] :]
    before, after = text[: place[0]], text[place[1] :]
    for other in others:
        if other[1] <= place[0] and not APART.sub("", text[other[1] : place[0]]):
            before = text[: other[0]]
        elif LIMIT.search(whole, 0, other[0]) or RIGHT.match(text, other[1]):
            return None
    if hour := HOUR.match(after):
        after = after[hour.end() :]
    if end - start == timedelta(days=1) and (week := WEEK_OF.search(before)):
        before = before[: week.start()]
        monday = start - timedelta(days=start.weekday())
        start, end = days(monday, 7) if week[1].lower() == "week" else days(monday + timedelta(days=5), 2)
    while offset := OFFSET.search(before):
        before = before[: offset.start()]
        start, end = dates.beside(offset.groupdict(), (start, end))
    limit = LIMIT.search(before)
    rest = before[: limit.start()] if limit else before
    if limit and LEFT_OF_LIMIT.search(rest):
        return None
    if LEFT.search(rest) or (numbered and LEFT_OF_NUMBER.search(rest)) or RIGHT.match(after):
        return None
    word = " ".join(limit[1].lower().split()) if limit else ""
    if word in ("before", "prior to", "until", "till"):
        start, end = FIRST, start
    elif word in ("by", "up to"):
        start, end = FIRST, end
    elif word == "after":
        start, end = end, END
    elif word == "since" or (ON.match(after) and FROM.search(before)):
        start, end = start, END
    rest = EARLIER.sub("", LEAD.sub("", rest))
    called = " ".join(word for word in re.findall(r"\w+", whole[slice(*place)]) if word.lower() in CALLED)
    return (start, end), f"{rest} {called}{after}"
