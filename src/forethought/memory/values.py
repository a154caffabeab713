"""What kind of value a sentence tells: a time, a place, company, a judgement or a bare thing.

Two values of one thing that are of different kinds are both true: where it is says nothing of when. It goes by the
prepositions and by the words after what two sentences have in common ("The meeting is" on Monday, in room 5).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from difflib import Match
from itertools import pairwise

from forethought.memory.irregular import FORMS, PASTS
from forethought.memory.when import begins_with_time

TIME, PLACE, THING, WORD, JUDGEMENT = "time", "place", "thing", "word", "judgement"
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
LISTED = frozenset(
    """
like likes love loves enjoy enjoys hate hates dislike dislikes speak speaks play plays take takes eat eats drink drinks
know knows visit collect collects want wants need needs have has own owns been allergic interested
""".split()  # noqa: SIM905
)
"""What may be said of several things, each of which stays true."""
BEST = frozenset({"favourite", "favorite", "best"})
IS = frozenset({"am", "is", "are", "was", "were", "s", "be", "been"})
PAST = frozenset({"was", "were", "been"})
STATES = frozenset(
    """
live lives work works cost costs opens leaves starts ends begins drive drives takes weigh weighs pay pays owe owes earn
earns
""".split()  # noqa: SIM905
)
"""Other verbs that say what is so."""
BEGIN = 4
"""Letters that a word's forms have in common."""
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
    verb = before[same.a + size - 1]
    kinds, others = kinds_of(one, verb), kinds_of(other, verb)
    if changed:
        return not any(TIME in x and PLACE in y for x, y in ((kinds, others), (others, kinds)))
    if verb in LISTED or any(x[0] in IS and (_is_deed(y) or _is_narrower(y)) for x, y in ((one, other), (other, one))):
        return False
    if _for_whom(one) != _for_whom(other):
        return False
    return not kinds.isdisjoint(others) or not BEST.isdisjoint(before[: same.a + size])


def says_what_is(before: Sequence[str], after: Sequence[str], same: Match, about: Collection[str]) -> bool:
    """Whether two sentences tell a value, another each, of what they have in common, a word of what they are ``about``
    (in any form) with it: of what is, not of what was.
    """
    both, one, other = before[same.a : same.a + same.size], before[same.a + same.size :], after[same.b + same.size :]
    verbs = {*both, *one[:1]} & (IS | STATES)
    if same.size < 2 or not verbs - PAST or not one or not other or {*one} - IS == {*other} - IS:
        return False
    return any(word[:BEGIN] == each[:BEGIN] for word in both for each in about)


def kinds_of(words: Sequence[str], verb: str) -> frozenset[str]:
    """The kinds that a value may be of, by its words and the one before, lower case; whom one works for is a place."""
    words = list(words)
    while len(words) > 1 and HEDGES.fullmatch(words[0]) and not begins_with_time(words):
        del words[0]
    if len(words) > 1 and verb in IS and words[1] in PREPOSITIONS and (FORM.fullmatch(words[0]) or words[0] in FORMS):
        del words[0]
    if words[0] in ("down", "up") and words[1:2] == ["to"] and words[2:]:
        words = words[2:]
    first = words[0]
    if first in JUDGING and len(words) > 1:
        return frozenset({JUDGEMENT})
    if first in PREPOSITIONS and begins_with_time(words[1:], first):
        return frozenset({TIME})
    if begins_with_time(words):  # "on Monday" may become "Tuesday", and a password be "monday"
        return frozenset({TIME, WORD, THING})
    if verb.startswith("work") and first == "on":
        return frozenset({first})
    if first in WHERE or (verb.startswith("work") and first == "for"):
        return frozenset({PLACE})
    if first == "with" and verb in IS:  # the key, not whom one lives with
        return frozenset({PLACE, first})
    if first in PREPOSITIONS:
        return frozenset({first})
    if words[1:2] == ["to"]:  # "hard to spell"
        return frozenset({JUDGEMENT})
    if first in ("a", "an") or (first.isdigit() and words[1:] and words[1].isalpha()):
        return frozenset({THING})  # none that an adjective can be instead of
    return frozenset({WORD}) if len(words) == 1 and first.isalpha() else frozenset({WORD, THING})


def _is_narrower(words: Sequence[str]) -> bool:
    """Whether words go on with more of what a sentence is about ("My meeting" tomorrow is)."""
    return words[0] not in IS and not IS.isdisjoint(words[1:4])


def _for_whom(words: Sequence[str]) -> set[str]:
    """What a value, lower case, is restricted to ("30 euros" per person)."""
    return {word for before, word in pairwise(words[1:]) if before in ("per", "for")}


def _is_deed(words: Sequence[str]) -> bool:
    """Whether words, lower case, begin with what somebody did ("My sister" called, and not: is called Carla)."""
    place = 1 if words[0] in ("has", "have", "had") and len(words) > 1 else 0
    return DEED.fullmatch(words[place]) is not None
