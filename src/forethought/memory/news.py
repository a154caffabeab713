"""Whether a later turn is news of what an earlier one told, by signs whose weights are learned from pairs of turns.

    news where the sum of WEIGHTS[sign] * sign > ENOUGH

The signs are few and cheap: how much the two have in common where something is said to have changed, whether the later
tells another value of the kind that is asked for, words of ending, beginning and putting right, and what speaks against
it: suppositions, questions, other owners. The rules (``corrections``) are sure of less. ``benchmarks/updates_fit.py``
makes the weights and says how well they do on pairs that they were not made from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from itertools import pairwise, takewhile

from forethought.memory import change
from forethought.memory.change import CHANGE, END, NUMBERS, OVER, PAST, PLACES, RIGHT, SINCE, TIMES, UNSURE, any_of
from forethought.memory.names import of_whom
from forethought.memory.sayings import Saying
from forethought.memory.stems import Words
from forethought.memory.when import is_time
from forethought.memory.words import NOW, SAYING, STOP, all_words

ENOUGH = 0.0
"""Above which a turn is taken as corrected; the bias says of how many questions about chats one gets a mark wrongly."""
LONG = 60
"""Words beyond which longer tells nothing more."""
WEIGHTS: Mapping[str, float] = {
    "bias": -2.71,
    "alike, changed": 2.77,
    "told, changed": 0.47,
    "another value": 1.92,
    "same beginning": 0.28,
    "ends": 0.21,
    "puts right": 1.35,
    "since": 1.11,
    "now": 0.38,
    "changed elsewhere": -0.67,
    "long": -3.28,
    "unsure": -0.55,
    "asks": -1.59,
    "another one": -0.24,
    "other owners": -0.99,
    "of others": -0.94,
    "was past": -1.51,
    "was unsure": -0.1,
}
"""Of each sign; ``updates_fit.py`` prints them."""

FOR = ("alike, changed", "told, changed", "another value", "same beginning")
"""Signs in two turns that the later one is news; each is at most 1."""
MOST = sum(WEIGHTS[name] for name in FOR)
SAYS = {"ends": END, "puts right": RIGHT, "since": SINCE, "now": change.NOW}
"""Signs that are a form of what the later turn says."""
CHANGED = (OVER, RIGHT, CHANGE, END, change.NOW, SINCE)
"""Any of which says that something changed."""
BARE = STOP | NOW | {"new", "old"}
"""What may stand before a word without saying which one is meant."""
OWNER = re.compile(
    r"(?<!\bat )(?<!\bin )(?<!\bto )(?<!\bfrom )\b(my|our|your|his|her|their|its|\w+['\u2019]s|[a-z]+s['\u2019])"
    r"\s+(\w+)(?:[ -](\w+))?(?:[ -](\w+))?",
    re.IGNORECASE,
)
"""Whose, and what: one of the next three words. Where something is ("at Ann's place") says not whose it is."""
NOBODY = STOP | {"let", "here", "everyone", "everybody", "nobody"}
"""What is no owner before "'s"."""
PRONOUNS = frozenset({"your", "his", "her", "their", "its"})

WHO = any_of("who whom whose")
NOTHING = re.compile(r"(?!)")
NAME = re.compile(r"\b[A-Z]\w+")
ASKS = (
    (WHO, None),
    (any_of("where address (?:which|what)_(?:city|town|country|place|room|floor|street|building)"), PLACES),
    (any_of("when what_(?:time|day|date|month|year) how_(?:long|often) deadline due"), TIMES),
    (
        any_of(
            "how_(?:much|many|old|big|tall|far|high) number price costs? code pin port version budget rent password"
        ),
        NUMBERS,
    ),
)
"""Words of a question, lower case, and what finds values of the kind that it asks for (``None``: names); the first that
fits."""
WHETHER = re.compile(r"\W*(?:is|are|am|was|were|do|does|did|has|have|will)\b", re.IGNORECASE)


class Asked:
    """A question: its words, what says whether a text tells any (``tells``), and what kind of values it asks for."""

    def __init__(self, question: str, words: Sequence[str], stemmer: Words) -> None:
        low = question.lower()
        self.stemmer, self.stems = stemmer, set(stemmer.stems(words).values())
        self.tells = stemmer.teller(words)
        self.who, self.whether = WHO.search(low) is not None, WHETHER.match(question) is not None
        self._asks = next((values for asks, values in ASKS if asks.search(low)), NOTHING)

    def values(self, text: str) -> set[str]:
        """The values in a text that are of the kind that is asked for."""
        if self._asks is None:
            return {name for name in NAME.findall(text) if name.lower() not in STOP | NOW}
        return set(self._asks.findall(text.lower()))


class Told:
    """What there is in a turn that may be news or out of date; each is found when it is needed."""

    def __init__(self, saying: Saying, asked: Asked) -> None:
        self.text, self._saying, self._asked = saying.turn.text, saying, asked

    @cached_property
    def part(self) -> str:
        """The sentences that tell what is asked."""
        return self._saying.part or self.text

    @cached_property
    def low(self) -> str:
        """The same, lower case."""
        return self.part.lower()

    @cached_property
    def words(self) -> list[str]:
        """The words of the part that tells what is asked."""
        return all_words(self.part)

    @cached_property
    def content(self) -> set[str]:
        """The stems of those that say what it is about."""
        kept = [word for word in self.words if word not in STOP and word not in NOW and word not in SAYING]
        return set(self._asked.stemmer.stems(kept).values())

    @cached_property
    def which(self) -> dict[str, set[str]]:
        """Of each word of the question that it has, the words before it that say which one is meant."""
        stems = self._asked.stemmer.stems(self.words)
        found: dict[str, set[str]] = {}
        for before, word in pairwise(["", *self.words]):
            if stems[word] in self._asked.stems:
                found.setdefault(stems[word], set()).update({stems[before]} if before and before not in BARE else ())
        return found

    @cached_property
    def owners(self) -> dict[str, set[str]]:
        """Whose each thing is, in the whole turn; "my" is the speaker's, "our" somebody else's too."""
        me = f"{self._saying.turn.speaker.lower()}'s"
        mine = {"my": {me}, "our": {me, "our"}}
        found: dict[str, set[str]] = {}
        for one in OWNER.finditer(self.text.lower()):
            owner, *things = one.groups()
            owner = owner.replace("\u2019", "'")
            name = owner.removesuffix("'s")
            if things[0] in STOP | NOW or (name != owner and (name in NOBODY or is_time(name))):
                continue  # "Lena's our captain now", "she's busy", "today's meeting"
            for thing in filter(None, things):
                found.setdefault(thing, set()).update(mine.get(owner, {owner}))
        return found

    @cached_property
    def whom(self) -> set[tuple[str, ...]]:
        """Of whom the whole turn tells, by name."""
        return set(of_whom(self.text))

    @cached_property
    def changed(self) -> bool:
        """Whether the whole turn says that something changed."""
        low = self.text.lower()
        return any(form.search(low) for form in CHANGED)

    @cached_property
    def values(self) -> set[str]:
        """The values in it that are of the kind that is asked for."""
        return self._asked.values(self.part)

    @cached_property
    def unsure(self) -> bool:
        """Whether it is what somebody wants, supposes or heard."""
        return UNSURE.search(self.low) is not None

    @cached_property
    def now(self) -> dict[str, float]:
        """The signs that are in the later turn alone."""
        signs = {name: float(form.search(self.low) is not None) for name, form in SAYS.items()}
        return signs | {
            "unsure": float(self.unsure),
            "changed elsewhere": float(not CHANGE.search(self.low) and CHANGE.search(self.text.lower()) is not None),
            "asks": float(self.text.rstrip().endswith("?")),
            "long": min(1.0, len(self.words) / LONG),
            "bias": 1.0,
        }

    @cached_property
    def then(self) -> dict[str, float]:
        """The signs that are in the earlier turn alone."""
        return {"was past": float(PAST.search(self.low) is not None), "was unsure": float(self.unsure)}

    @cached_property
    def worth(self) -> tuple[float, float]:
        """What these come to, of the turn as the earlier and as the later one."""
        return weighed(self.then), weighed(self.now)


def weighed(signs: Mapping[str, float]) -> float:
    """What signs come to."""
    return sum(WEIGHTS[name] * value for name, value in signs.items())


def speaks_for(old: Told, new: Told, told: Set[str], told_later: Set[str]) -> dict[str, float]:
    """The signs in two turns that the later is news; ``told`` and ``told_later`` are what they tell of the question's
    words.
    """
    alike = len(old.content & new.content) / max(1, min(len(old.content), len(new.content)))
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old.words, new.words, strict=False)))
    return {
        "alike, changed": alike * new.changed,
        "told, changed": len(told & told_later) / max(1, len(told | told_later)) * new.changed,
        "another value": float(bool(new.values - old.values)),
        "same beginning": min(1.0, same / 4),
    }


def speaks_against(old: Told, new: Told, asked: Asked) -> dict[str, float]:
    """The signs in two turns that the later is no news: it is of others, or of another of the kind."""
    both = old.which.keys() & new.which.keys()
    another = (
        new.which[word] and not new.which[word] & old.which[word] | asked.stems & new.which[word] for word in both
    )
    return {
        "another one": float(any(another)),
        "other owners": float(others_have(old, new)),
        "of others": float(bool(old.whom and new.whom) and old.whom.isdisjoint(new.whom)),
    }


def signs(old: Told, new: Told, told: Set[str], told_later: Set[str], asked: Asked) -> dict[str, float]:
    """All signs, for and against."""
    return old.then | new.now | speaks_for(old, new, told, told_later) | speaks_against(old, new, asked)


def others_have(old: Told, new: Told) -> bool:
    """Whether something is somebody's in one turn and somebody else's in the other; of whom only a pronoun is told may
    be anybody.
    """
    owned = old.owners.keys() & new.owners.keys()
    return any(
        old.owners[each].isdisjoint(new.owners[each]) and PRONOUNS.isdisjoint(old.owners[each] | new.owners[each])
        for each in owned
    )


def is_news(old: Told, new: Told, told: Set[str], told_later: Set[str], asked: Asked) -> bool:
    """Whether the signs say that the later turn is news: only where it says that something changed."""
    if not new.changed or (score := old.worth[0] + new.worth[1]) + MOST <= ENOUGH:
        return False
    score += weighed(speaks_for(old, new, told, told_later))
    return score > ENOUGH and score + weighed(speaks_against(old, new, asked)) > ENOUGH
