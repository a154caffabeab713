"""Which of the found turns corrects which: somebody says nearly the same of the same thing, with another value.

What is said *not* to be corrects what says the same (``not 4821``) and nothing else; what is added ("another", "also"),
what is told of somebody else ("the code of Ann"), what is of another kind ("in room 5" of "on Monday") and what is only
supposed ("if the code is 9900") corrects nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import permutations

from forethought.memory.irregular import PASTS
from forethought.memory.names import of_others
from forethought.memory.sayings import HEARD, MEANT, of_one_thing, saying, so
from forethought.memory.turns import Turn
from forethought.memory.values import may_replace, says_what_is
from forethought.memory.when import WEEKDAYS, begins_with_time
from forethought.memory.words import NOW, SAYING, STOP, all_words

ALIKE = 0.4
"""Share of words that two sayings of one speaker have in common where one may correct the other."""
IN_ORDER = 0.5
"""Share of their words that they have in common, in one order, where the later does not say that something changed."""
LONGEST = 2000
"""Characters of a turn that may correct another."""
CHANGED = NOW - {"still"} | {
    "changed", "changes", "updated", "switched", "moved", "instead", "replaced", "renamed", "rescheduled", "postponed",
    "cancelled", "canceled", "became",
}  # fmt: skip
"""Words of a turn that corrects what was told in other words."""
MOVED = frozenset({"delayed", "extended", "shifted", "slipped"})
SHIFTED = "|".join(
    [*sorted(MOVED), "pushed|raised|lowered|increased|decreased|reduced|rose|fell|dropped|shortened|went (?:up|down)"]
)
TO = r"(?:\s+(?:back|forward|up|down|out))?\s+(?:to|until|till|into)\b"
SHIFTS = re.compile(rf"\b(?:{SHIFTED})\b[^.,;:!?]{{0,40}}?{TO}|\b(?:pushed back|put off|put back|brought forward)\b")
"""What a turn that corrects says too: that something was moved, and to what."""
NEW = re.compile(r"\b(my|our|your|the) (?:brand )?new\b")
"""Something is instead of another."""
AS_OF = re.compile(
    rf"\b(?:as of|effective|starting)\s+(?:now|today|tomorrow|this \w+|next \w+|{'|'.join(WEEKDAYS)})\b"
    r"|\bfrom (?:now|today|tomorrow) on(?:wards?)?\b"
)
"""Since when something is so that was otherwise."""
VERBS = "|".join([*sorted(CHANGED - NOW - {"instead"}), SHIFTED, "put (?:off|back)", "brought forward"])
BECAME = re.compile(
    rf"\b(?:(?:(?:has|have|had|is|are|was|were|got|been|just)\s+)+(?:{VERBS})\b(?:{TO})?|(?:{VERBS}){TO})"
)
"""What says that something is otherwise than it was, in the place of "is"."""
DID = re.compile(
    rf"\b(?:(?i:i|we|he|she|they|you)|[^\W\d_a-z]\w*)\s+(?!(?:{'|'.join(sorted(SAYING | CHANGED | MOVED))})\b)"
    rf"(?:(?!(?:need|speed|feed)\b)\w+ed|{'|'.join(PASTS)})\b"
)
"""Somebody did something, which another deed does not make untrue; what was said or changed is none."""
ADDS = re.compile(r"\b(also|another|additionally|besides|as well|too(?=\s*(?:[.,;!]|$)))\b")
"""Words of what is told beside something else."""
NEGATION = re.compile(r"\b(not(?! (?:just|only|all)\b)|never|cannot|no (?:longer|more)|\w+n['\u2019]t)\b")
CLAUSE = re.compile(r"[.,;:!?]|\bbut\b")
OWN = re.compile(r"(?:^\W*|[.,:;!]\s*)(?:i|we)\b", re.IGNORECASE)
"""Who speaks does or has something; what it is of or for is no other person then ("I work for Globex")."""
VALUE = re.compile(
    r"(\b(?i:the|my|our|your|this|that)(?:\s+[^\W\dA-Z]\w*){1,3}\s+(?:is|are|was|were)\b)(?:(?!\b(?:of|for)\b)[^.,;:!?])*"
)
"""What is told of something that is no name: names in it do not say whose it is ("The party is" at Ann's)."""
WHETHER = re.compile(r"\W*(?:is|are|am|was|were|do|does|did|has|have|will)\b", re.IGNORECASE)
WHO = re.compile(r"\bwho(?:m|se)?\b", re.IGNORECASE)
SHORT, SOON = 60, 2
"""Characters of a turn that says what somebody meant, and within how many turns."""
WORDS = 200
"""Words of a turn whose order is compared."""
SAME = 0.75
"""Share of a question's words, of those that either tells, that both have to tell then."""
NAMED = frozenset({"call", "called", "name", "named"})
WHEN = frozenset({"start", "starts", "begin", "begins", "end", "ends", "finish", "due", "happen", "take", "place"})
"""Words of a question that "was renamed" and "was moved to Monday" answer without having them."""
LASTING = NOW | {"any", "more", "longer"}
"""Words that say since when something is so, or that it is over."""


def corrections(
    question: str,
    found: Sequence[Turn],
    told: Mapping[int, frozenset[str]],
    texts: Mapping[int, str],
    covered: Callable[[str], Collection[str]],
) -> dict[int, int]:
    """Which found turn is corrected by which, the last one where there are several, by their numbers.

    ``told`` is what each tells of a question's words (``covered`` of its text): only turns that tell of the same can
    correct one another, or of nearly the same where the later one says that something changed, or where the question
    asks whether a value is still so. ``texts`` are the turns, each with the question that it replies to. Where the
    ``question`` asks who, whose it was may change.
    """
    turns = {t.id: t for t in found if told[t.id] and len(t.text) <= LONGEST}
    parts = {i: saying(turn.text, covered) for i, turn in turns.items()}
    said = {i: so(text) for i, text in parts.items()}
    whole = {i for i, text in parts.items() if text == turns[i].text}
    new = {i for i, text in said.items() if _says_changed(text)}
    heard = {i for i, text in said.items() if HEARD.search(text)}
    whoever, whether = WHO.search(question) is not None, WHETHER.match(question) is not None
    corrected: dict[int, int] = {}
    for i, j in permutations(turns, 2):
        if not said[i] or not said[j] or not _is_later(turns[j], turns[corrected.get(i, i)]):
            continue
        changed = j in new and i not in new
        later = HEARD.sub(" ", said[j]) if j in heard - new and i not in heard else said[j]
        named = told[i] - told[j] if whether and told[j] < told[i] else frozenset[str]()
        if told[i] != told[j] and not named and not (changed and _nearly(told[i], told[j], later)):
            continue
        may_be_others = not (whoever and changed)
        if _corrects(turns[j], turns[i], later, said[i], changed, named, None if {i, j} <= whole else told[j]) and not (
            may_be_others and _of_others(texts[i], texts[j])
        ):
            corrected[i] = j
    return corrected | _meant(found, turns)


def _meant(found: Sequence[Turn], turns: Mapping[int, Turn]) -> dict[int, int]:
    """Which turns their speakers put right at once: "Sorry, I meant 4812"."""
    right = [turn for turn in found if len(turn.text) <= SHORT and MEANT.match(turn.text.lower())]
    return {
        one.id: turn.id
        for turn in right
        for one in turns.values()
        if 0 < turn.id - one.id <= SOON and (one.speaker, one.conversation) == (turn.speaker, turn.conversation)
    }


def _says_changed(text: str) -> bool:
    """Whether a text, lower case, says that something is otherwise than it was."""
    return not CHANGED.isdisjoint(all_words(text)) or any(form.search(text) for form in (SHIFTS, AS_OF, NEW))


def _of_others(one: str, other: str) -> bool:
    """Whether two texts tell of two people, and not of who says it."""
    one, other = VALUE.sub(r"\1", one), VALUE.sub(r"\1", other)
    return of_others(one, other) and not (OWN.search(one) and OWN.search(other))


def _is_later(one: Turn, other: Turn) -> bool:
    """Whether a turn was said after another: by their times where both are known, else as they were kept."""
    if one.at is None or other.at is None:
        return one.id > other.id
    return (one.at, one.id) > (other.at, other.id)


def _nearly(one: frozenset[str], other: frozenset[str], later: str) -> bool:
    """Whether two turns tell of nearly the same words of a question, without those that the later says otherwise."""
    if len(one & other) >= SAME * len(one | other):
        return True
    if not one & other or not one ^ other <= NAMED | WHEN:
        return False
    became = BECAME.search(later)
    to_when = became is not None and begins_with_time(all_words(later[became.end() :]), "at")
    return to_when if one ^ other <= WHEN else "renamed" in later


def _corrects(
    later: Turn, earlier: Turn, new: str, old: str, changed: bool, named: Collection[str], about: Collection[str] | None
) -> bool:
    """Whether somebody said nearly the same of the same thing with another value, in whatever order of words where the
    later one says that something ``changed``; what somebody did once stays true. ``new`` and ``old`` are what the turns
    say is so; where that is not all, it has to be said plainly of what they are ``about``. The words ``named`` have to
    be of the old value. Another speaker can only say what changed.
    """
    one_speaker = later.speaker == earlier.speaker
    if not (one_speaker or changed) or not of_one_thing(new, old, one_speaker):
        return False
    if (DID.search(earlier.text) and DID.search(later.text)) or (ADDS.search(new) and not ADDS.search(old)):
        return False
    before, after = _words(old), _words(new)
    plain = [_words(_plain(text)) for text in (old, new)]
    if not _alike(before, after) and not _alike(*plain):
        return False
    denied = [*_denied(old), *_denied(new)]
    if len(denied) == 1 and denied[0] <= {*before} & {*after}:
        return True
    if denied:  # of what is left
        before, after = plain = [_words(_affirmed(text)) for text in (old, new)]
    both = {*before} & {*after}
    if not {*after} - both - STOP or not {*before} - both - STOP or not (_alike(before, after) or _alike(*plain)):
        return False
    orders = [_order(before, after), _order(*plain)]
    same = orders[1].find_longest_match()
    if not denied and not may_replace(plain[0], plain[1], same, changed):
        return False
    if about is not None and not says_what_is(plain[0], plain[1], same, about):
        return False
    if not set(named) <= {*plain[0][same.a + same.size :]}:
        return False
    return changed or any(order.ratio() >= IN_ORDER for order in orders)


def _order(one: Sequence[str], other: Sequence[str]) -> SequenceMatcher[str]:
    """What two texts have in common, in the order of their words."""
    return SequenceMatcher(None, one[:WORDS], other[:WORDS], autojunk=False)


def _plain(text: str) -> str:
    """A text, lower case, as it would be if nothing had changed."""
    return NEW.sub(r"\1", AS_OF.sub(" ", BECAME.sub(" is ", text)))


def _words(text: str) -> list[str]:
    """The words of a text without those that say since when it is so."""
    return [word for word in all_words(text) if word not in NOW and word != "instead"]


def _alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two texts have enough words in common."""
    return bool(one and other) and len({*one} & {*other}) >= ALIKE * min(len({*one}), len({*other}))


def _denied(text: str) -> Iterator[set[str]]:
    """What a text says is not so: the words after its first "not", to the end of the clause."""
    if found := NEGATION.search(text):
        words = set(all_words(CLAUSE.split(text[found.end() :])[0])) - STOP - LASTING
        if words:
            yield words


def _affirmed(text: str) -> str:
    """A text without the clauses that say what is not so."""
    return " ".join(clause for clause in CLAUSE.split(text) if not NEGATION.search(clause))
