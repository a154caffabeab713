"""What a turn says is so of what is asked: the sentences that tell it, without what is only supposed or dreamt."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from forethought.memory.implied import as_state, whose
from forethought.memory.replies import MARKS
from forethought.memory.words import EVERY, sentences

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


def saying(text: str, told: Callable[[str], Collection[str]]) -> str:
    """The sentences of a text that tell what is asked (``told`` says what of it a text tells), with those that go on
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
            topic = bool(told(part))
        elif told(part):
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


def so(text: str) -> str:
    """What a text says is so, or what it heard, lower case."""
    return UNREAL.sub(" ", SUPPOSED.sub(" ", as_state(text).lower()))


def subject(text: str) -> tuple[str | None, str] | None:
    """Whose, where a pronoun says it, and what a text, lower case, is about first."""
    found = SUBJECT.search(text)
    return (OWNERS.get(found[1] or ""), found[2]) if found else None


def of_one_thing(new: str, old: str, one_speaker: bool) -> bool:
    """Whether two texts, lower case, may be about the same: of one speaker, unless they say that they are not."""
    homes = [whose(text) for text in (old, new)]
    if one_speaker and None not in homes:
        return homes[0] == homes[1]
    one, other = subject(old), subject(new)
    if one is None or other is None:
        return one_speaker
    owners = (one[0], other[0])
    same = None in owners or owners[0] == owners[1] or {*owners} == {"i", "we"} if one_speaker else owners in COMMON
    return same and one[1] == other[1]
