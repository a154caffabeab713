"""What a turn says is so of what is asked: the sentences that tell it, without what is only supposed or dreamt."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property

from forethought.memory.implied import as_state, whose
from forethought.memory.irregular import PASTS
from forethought.memory.replies import MARKS
from forethought.memory.turns import Turn
from forethought.memory.when import WEEKDAYS
from forethought.memory.words import EVERY, NOW, SAYING, STOP, all_words, sentences

TO_END = r"\b[^.,;:!?]*"
SUPPOSED = re.compile(rf"\b(?:if|unless|whether|suppose|supposing|in case){TO_END}")
"""A clause that does not say that something is so."""
UNREAL = re.compile(
    r"\b(?:(?:claim|guess|dream|imagine|pretend|wish|assume|believe|doubt|reckon|suspect|think|hope)(?:e?d|e?s)?"
    r"|dreamt|thought|imagining|pretending|assuming|thinking|hoping|wrongly|mistakenly|falsely|allegedly|rumou?r"
    rf"|(?:should|might|could|would|may) (?:be|have been)){TO_END}"
)
"""A clause of what somebody thinks, dreams or wishes."""
HEARD = re.compile(
    r"\b(?!(?:i|we)\b)[^\W\d]\w* (?:says?|said|tells? (?:me|us)|told (?:me|us)|insists?|insisted)\b"
    rf"(?!\s*[.,;:!?]){TO_END}"
)
"""A clause of what somebody else says."""
PRONOUN = re.compile(r"(?:it|that|this|they|those|he|she)\b", re.IGNORECASE)
TITLE = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|Prof|St|No)\.$")
MEANT = re.compile(
    r"\W*(?:(?:oops|sorry|no|wait|actually|ah|oh|argh|my mistake|typo)\W+)*"
    r"(?:i meant|make that|(?:that|it) should (?:be|have been|read|say)|correction(?=\W))\b"
)
"""How somebody begins, lower case, who said it wrong just before."""

OF = "my|our|your|his|her|its|their|the|this|that"
SUBJECT = re.compile(
    rf"(?:\b({OF})|(?<!\blet)(?<!\bit)(?<!\bhe)(?<!\bshe)(?<!\bthat)(?<!\bthere)(?<!\bwhat)(?<!\bwho)['\u2019]s)\s+"
    rf"(?!(?:{OF}|way)\b)(?:(?:new|newest|old|current|latest)\s+)?(\w+)"
)
"""What a sentence is about: the word after its first "my", "the" or "Ann's"."""
OWNERS = {"my": "i", "our": "we", "your": "you", "his": "he", "her": "she", "their": "they"}
COMMON = {(None, None), ("we", "we"), ("we", None), (None, "we"), ("i", "you"), ("you", "i")}
"""Whose one thing is in the words of two speakers."""
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
PARTS = re.compile(r"(?<=[,;:.!])\s+(?:(?:and|so|but|because|then)\s+)*|\s+(?:so|but)\s+")
CLAUSE = re.compile(r"[.,;:!?]|\bbut\b")
LASTING = NOW | {"any", "more", "longer"}
"""Words that say since when something is so, or that it is over."""


class Saying:
    """What a turn says is so of what is asked, lower case, and what there is in it; each is found when it is needed."""

    def __init__(self, turn: Turn, tells: Callable[[str], bool], heard: bool = True, part: str = "") -> None:
        self.turn, self._tells, self._heard, self._part = turn, tells, heard, part

    @cached_property
    def part(self) -> str:
        """The sentences, or the clause, that tell it."""
        return self._part or telling(self.turn.text, self._tells)

    @cached_property
    def clause(self) -> Saying:
        """The last part of it, between commas, that tells what is asked."""
        told = [part for part in PARTS.split(self.part) if self._tells(part)]
        return Saying(self.turn, self._tells, self._heard, told[-1]) if told and told[-1] != self.part else self

    @cached_property
    def whole(self) -> bool:
        """Whether it is all that the turn says."""
        return self.part == self.turn.text

    @cached_property
    def text(self) -> str:
        """What it says is so, or heard."""
        text = UNREAL.sub(" ", SUPPOSED.sub(" ", as_state(self.part).lower()))
        return text if self._heard else HEARD.sub(" ", text)

    @cached_property
    def heard(self) -> bool:
        """Whether it says what somebody else said."""
        return any(word in self.text for word in ("say", "said", "tell", "told", "insist")) and bool(
            HEARD.search(self.text)
        )

    @cached_property
    def itself(self) -> Saying:
        """The same without what was heard."""
        return Saying(self.turn, self._tells, heard=False, part=self.part)

    @cached_property
    def new(self) -> bool:
        """Whether it says that something is otherwise than it was."""
        raw = self.turn.text.lower()  # of most turns it tells already that they do not
        return ("new" in raw or _says_changed(raw)) and _says_changed(self.text)

    @cached_property
    def words(self) -> list[str]:
        """Its words, without those that say since when it is so."""
        return _words(self.text)

    @cached_property
    def plain(self) -> list[str]:
        """Its words as they would be if nothing had changed."""
        return _words(NEW.sub(r"\1", AS_OF.sub(" ", BECAME.sub(" is ", self.text))))

    @cached_property
    def sets(self) -> tuple[frozenset[str], frozenset[str]]:
        """``words`` and ``plain``, each once."""
        return frozenset(self.words), frozenset(self.plain)

    @cached_property
    def did(self) -> bool:
        """Whether the turn tells what somebody did."""
        return DID.search(self.turn.text) is not None

    @cached_property
    def adds(self) -> bool:
        """Whether it is beside something else."""
        return ADDS.search(self.text) is not None

    @cached_property
    def denied(self) -> set[str]:
        """What it says is not so: the words after its first "not", to the end of the clause."""
        found = NEGATION.search(self.text)
        return set(all_words(CLAUSE.split(self.text[found.end() :])[0])) - STOP - LASTING if found else set()

    @cached_property
    def affirmed(self) -> list[str]:
        """Its words without the clauses that say what is not so."""
        return _words(" ".join(clause for clause in CLAUSE.split(self.text) if not NEGATION.search(clause)))

    @cached_property
    def home(self) -> str | None:
        """Whose home or work it tells first."""
        return whose(self.text)

    @cached_property
    def subject(self) -> tuple[str | None, str] | None:
        """Whose, where a pronoun says it, and what it is about first."""
        found = SUBJECT.search(self.text)
        return (OWNERS.get(found[1] or ""), found[2]) if found else None


def of_one_thing(new: Saying, old: Saying, one_speaker: bool) -> bool:
    """Whether two turns may be about the same: those of one speaker, unless they say that they are not."""
    if one_speaker and old.home is not None and new.home is not None:
        return old.home == new.home
    if old.subject is None or new.subject is None:
        return one_speaker
    (owner, one), (of_other, other) = old.subject, new.subject
    owners = (owner, of_other)
    same = None in owners or owner == of_other or {*owners} == {"i", "we"} if one_speaker else owners in COMMON
    return same and one == other


def telling(text: str, tells: Callable[[str], bool]) -> str:
    """The sentences of a text that tell what is asked (``tells`` says whether a text does), with those that go on
    with "it"; all where none does by itself. A question says nothing, but what "it" is in the sentence after it.
    """
    parts = _whole(sentences(text, EVERY))
    asking = [part.endswith(MARKS) for part in parts]
    if len(parts) < 2:
        return "" if any(asking) else text
    kept: list[str] = []
    topic = False
    for place, part in enumerate(parts):
        if asking[place]:
            topic = tells(part)
        elif tells(part):
            kept.append(part)
            topic = True
        elif topic and PRONOUN.match(part):
            kept += [parts[place - 1].rstrip("?") + "."] if asking[place - 1] else []
            kept.append(part)
        else:
            topic = False
    return " ".join(kept) if kept or any(asking) else text


def _whole(parts: Sequence[str]) -> list[str]:
    """Sentences, without ends after "Dr."."""
    whole: list[str] = []
    for part in parts:
        if whole and TITLE.search(whole[-1]):
            whole[-1] += f" {part}"
        else:
            whole.append(part)
    return whole


def _says_changed(text: str) -> bool:
    """Whether a text, lower case, says that something is otherwise than it was."""
    return not CHANGED.isdisjoint(all_words(text)) or any(form.search(text) for form in (SHIFTS, AS_OF, NEW))


def _words(text: str) -> list[str]:
    return [word for word in all_words(text) if word not in NOW and word != "instead"]
