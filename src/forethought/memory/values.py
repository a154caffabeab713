"""What kind of value a sentence tells: a time, a place, company, a judgement or a bare thing.

Two values of one thing that are of different kinds are both true: where it is says nothing of when. It goes by the
prepositions and by the words after what two sentences have in common ("The meeting is" on Monday, in room 5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import Match

from forethought.memory.irregular import FORMS, PASTS
from forethought.memory.when import begins_with_time

TIME, PLACE, THING, JUDGEMENT = "time", "place", "thing", "judgement"
WHERE = frozenset(
    """
in at on inside outside under behind near next above below beside between by against opposite upstairs downstairs here
there home
""".split()  # noqa: SIM905
)
PREPOSITIONS = WHERE.union("with without for from to of about until till before after during".split())  # noqa: SIM905
ARTICLES = frozenset({"the", "a", "an", "my", "our", "your", "his", "her", "its", "their", "this", "that"})
JUDGING = frozenset({"too", "very", "so", "quite", "rather", "pretty", "extremely", "fairly"})
HEDGES = re.compile(r"\w+ly|just|always|again|often|maybe|perhaps|soon")
IS = frozenset({"am", "is", "are", "was", "were", "s", "be", "been"})
DEED = re.compile(rf"(?!(?:need|speed|feed)$)\w+ed|{'|'.join(PASTS)}")
FORM = re.compile(r"\w+(?:ed|en|ing)")
"""A verb's form that may stand between "is" and where or when ("is parked in")."""


def may_replace(before: Sequence[str], after: Sequence[str], same: Match, changed: bool) -> bool:
    """Whether what one sentence tells can be instead of what another told: of one kind, or where something ``changed``
    not where one tells when and the other where. ``same`` is the longest run of words that they have in common.
    """
    size = same.size
    while size and before[same.a + size - 1] in PREPOSITIONS | ARTICLES:
        size -= 1
    one, other = before[same.a + size :], after[same.b + size :]
    if size < 2 or not one or not other:
        return True
    if not changed and any(x[0] in IS and _is_deed(y) for x, y in ((one, other), (other, one))):
        return False  # "My sister is called Carla" and "My sister called"
    verb = before[same.a + size - 1]
    kinds, others = kinds_of(one, verb), kinds_of(other, verb)
    if changed:
        return not any(TIME in x and PLACE in y for x, y in ((kinds, others), (others, kinds)))
    return not kinds.isdisjoint(others)


def kinds_of(words: Sequence[str], verb: str) -> frozenset[str]:
    """The kinds that a value may be of, by its words and the one before, lower case; whom one works for is a place."""
    words = list(words)
    while len(words) > 1 and HEDGES.fullmatch(words[0]) and not begins_with_time(words):
        del words[0]
    if len(words) > 1 and verb in IS and words[1] in PREPOSITIONS and (FORM.fullmatch(words[0]) or words[0] in FORMS):
        del words[0]
    first = words[0]
    if first in JUDGING and len(words) > 1:
        return frozenset({JUDGEMENT})
    if first in PREPOSITIONS and begins_with_time(words[1:], first):
        return frozenset({TIME})
    if begins_with_time(words):  # "on Monday" may become "Tuesday", and a password be "monday"
        return frozenset({TIME, THING})
    if first in WHERE or (verb.startswith("work") and first == "for"):
        return frozenset({PLACE})
    if first == "with" and verb in IS:  # the key, not whom one lives with
        return frozenset({PLACE, first})
    return frozenset({first if first in PREPOSITIONS else THING})


def _is_deed(words: Sequence[str]) -> bool:
    """Whether words, lower case, begin with what somebody did."""
    place = 1 if words[0] in ("has", "have", "had") and len(words) > 1 else 0
    return DEED.fullmatch(words[place]) is not None
