"""Which of the found turns corrects which: somebody says nearly the same of the same thing, with another value.

What is said *not* to be corrects what says the same (``not 4821``) and nothing else; what is added ("another", "also"),
what is told of somebody else ("the code of Ann"), what is of another kind ("in room 5" of "on Monday") and what is only
supposed ("if the code is 9900") corrects nothing. What no rule knows may be ``news`` where something is said to have
changed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence, Set
from difflib import SequenceMatcher
from itertools import permutations

from forethought.memory.names import of_others
from forethought.memory.news import Asked, Told, is_news, others_have
from forethought.memory.sayings import BECAME, MEANT, Saying, of_one_thing
from forethought.memory.turns import Turn
from forethought.memory.values import may_replace, says_what_is
from forethought.memory.when import begins_with_time
from forethought.memory.words import STOP, all_words

ALIKE = 0.4
"""Share of words that two sayings of one speaker have in common where one may correct the other."""
IN_ORDER = 0.5
"""Share of their words that they have in common, in one order, where the later does not say that something changed."""
LONGEST = 2000
"""Characters of a turn that may correct another."""
OWN = re.compile(r"(?:^\W*|[.,:;!]\s*)(?:i|we)\b", re.IGNORECASE)
"""Who speaks does or has something; what it is of or for is no other person then ("I work for Globex")."""
VALUE = re.compile(
    r"(\b(?i:the|my|our|your|this|that)(?:\s+[^\W\dA-Z]\w*){1,3}\s+(?:is|are|was|were)\b)(?:(?!\b(?:of|for)\b)[^.,;:!?])*"
)
"""What is told of something that is no name: names in it do not say whose it is ("The party is" at Ann's)."""
SHORT, SOON = 60, 2
"""Characters of a turn that says what somebody meant, and within how many turns."""
WORDS = 200
"""Words of a turn whose order is compared."""
SAME = 0.75
"""Share of a question's words, of those that either tells, that both have to tell then."""
NAMED = frozenset({"call", "called", "name", "named"})
WHEN = frozenset({"start", "starts", "begin", "begins", "end", "ends", "finish", "due", "happen", "take", "place"})
"""Words of a question that "was renamed" and "was moved to Monday" answer without having them."""


def corrections(
    asked: Asked,
    found: Sequence[Turn],
    told: Mapping[int, frozenset[str]],
    texts: Mapping[int, str],
) -> dict[int, int]:
    """Which found turn is corrected by which, the last one where there are several, by their numbers.

    ``told`` is what each tells of a question's words: only turns that tell of the same can correct one another, or of
    nearly the same where the later one says that something changed, or where the question asks whether a value is still
    so. ``texts`` are the turns, each with the question that it replies to. Where the question asks who, whose it was
    may change.
    """
    says = {t.id: Saying(t, asked.tells) for t in found if told[t.id] and len(t.text) <= LONGEST}
    newly = {i: Told(one, asked) for i, one in says.items()}
    corrected: dict[int, int] = {}
    for i, j in permutations(says, 2):
        if not told[i] & told[j] or not _is_later(says[j].turn, says[corrected.get(i, i)].turn):
            continue
        right = _by_rule(asked, says[i], says[j], told[i], told[j], (texts[i], texts[j])) or is_news(
            newly[i], newly[j], told[i], told[j], asked
        )
        if right and not others_have(newly[i], newly[j]):
            corrected[i] = j
    return corrected | _meant(found, says)


def may_be_news(told: Set[str], told_later: Set[str]) -> bool:
    """Whether two turns tell enough of the same words of a question to be looked at."""
    return len(told & told_later) >= SAME * len(told | told_later)


def _by_rule(
    asked: Asked, earlier: Saying, later: Saying, told: Set[str], told_later: Set[str], texts: tuple[str, str]
) -> bool:
    """Whether a rule says that one turn corrects another."""
    named = told - told_later if asked.whether and told_later < told else frozenset[str]()
    same = told == told_later or bool(named)
    if not same and not _nearly(told, told_later):
        return False
    changed = later.new and not earlier.new
    if not changed and not (same and earlier.turn.speaker == later.turn.speaker):
        return False
    if not same and not _has_what_lacks(told, told_later, later.text):
        return False
    if later.heard and not (later.new or earlier.heard):
        later = later.itself
    about = None if earlier.whole and later.whole else told_later
    right = _corrects(later, earlier, changed, named, about) or (
        (later.clause is not later or earlier.clause is not earlier)
        and _corrects(later.clause, earlier.clause, changed, named, told_later)
    )
    return right and ((asked.who and changed) or not _of_others(*texts))


def _meant(found: Sequence[Turn], says: Mapping[int, Saying]) -> dict[int, int]:
    """Which turns their speakers put right at once: "Sorry, I meant 4812"."""
    right = [turn for turn in found if len(turn.text) <= SHORT and MEANT.match(turn.text.lower())]
    return {
        i: turn.id
        for turn in right
        for i, one in says.items()
        if 0 < turn.id - i <= SOON and (one.turn.speaker, one.turn.conversation) == (turn.speaker, turn.conversation)
    }


def _of_others(one: str, other: str) -> bool:
    """Whether two texts tell of two people, and not of who says it."""
    one, other = VALUE.sub(r"\1", one), VALUE.sub(r"\1", other)
    return of_others(one, other) and not (OWN.search(one) and OWN.search(other))


def _is_later(one: Turn, other: Turn) -> bool:
    """Whether a turn was said after another: by their times where both are known, else as they were kept."""
    if one.at is None or other.at is None:
        return one.id > other.id
    return (one.at, one.id) > (other.at, other.id)


def _nearly(one: Set[str], other: Set[str]) -> bool:
    """Whether two turns tell of nearly the same words of a question, or of the same but for a name or a time."""
    both = one & other
    return bool(both) and (may_be_news(one, other) or one ^ other <= NAMED | WHEN)


def _has_what_lacks(one: Set[str], other: Set[str], later: str) -> bool:
    """Whether two turns tell of nearly the same, or what one lacks is what the later says in other words."""
    if may_be_news(one, other):
        return True
    became = BECAME.search(later)
    to_when = became is not None and begins_with_time(all_words(later[became.end() :]), "at")
    return to_when if one ^ other <= WHEN else "renamed" in later


def _corrects(
    later: Saying, earlier: Saying, changed: bool, named: Collection[str], about: Collection[str] | None
) -> bool:
    """Whether somebody said nearly the same of the same thing with another value, in whatever order of words where the
    later one says that something ``changed``; what somebody did once stays true. Where only part of a turn is looked at
    it has to be said plainly of what both are ``about``. The words ``named`` have to be of the old value. Another
    speaker can only say what changed.
    """
    one_speaker = later.turn.speaker == earlier.turn.speaker
    if not later.text or not earlier.text:
        return False
    if not any(map(_alike, earlier.sets, later.sets)):
        return False
    if (
        not of_one_thing(later, earlier, one_speaker)
        or (earlier.did and later.did)
        or (later.adds and not earlier.adds)
    ):
        return False
    before, after, plain = earlier.words, later.words, (earlier.plain, later.plain)
    denied = [each for each in (earlier.denied, later.denied) if each]
    if len(denied) == 1 and denied[0] <= {*before} & {*after}:
        return True
    if denied:  # of what is left
        before, after = plain = (earlier.affirmed, later.affirmed)
    both = {*before} & {*after}
    if (
        not {*after} - both - STOP
        or not {*before} - both - STOP
        or not (_alike({*before}, {*after}) or _alike({*plain[0]}, {*plain[1]}))
    ):
        return False
    order = _order(*plain)
    same = order.find_longest_match()
    if about is not None and not says_what_is(*plain, same, about):
        return False
    if not denied and not may_replace(*plain, same, changed):
        return False
    if not set(named) <= {*plain[0][same.a + same.size :]}:
        return False
    return changed or order.ratio() >= IN_ORDER or _order(before, after).ratio() >= IN_ORDER


def _order(one: Sequence[str], other: Sequence[str]) -> SequenceMatcher[str]:
    """What two texts have in common, in the order of their words."""
    return SequenceMatcher(None, one[:WORDS], other[:WORDS], autojunk=False)


def _alike(one: Set[str], other: Set[str]) -> bool:
    """Whether two texts have enough of their words in common."""
    return bool(one and other) and len(one & other) >= ALIKE * min(len(one), len(other))
