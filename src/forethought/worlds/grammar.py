"""Facts to sentences and back: one table of templates serves rendering and reading, so they cannot drift apart."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from forethought.types import NOTHING, UNREADABLE, Fact

Choice = TypeVar("Choice")


def verb_of(action: str) -> str:
    """An action's first word in lower case, without the sign after it; empty if it has none."""
    return next(iter(action.split(maxsplit=1)), "").lower().rstrip(".,!?:;")


def any_of(choices: Sequence[Choice], *particulars: str) -> Choice:
    """One of the choices, always the same for the same particulars, and as good as random over all of them."""
    return choices[zlib.crc32("/".join(particulars).encode()) % len(choices)]


class Grammar:
    """Sentences for each kind of fact, in several wordings.

    ``sentences`` maps a kind of fact to its templates; ``{0}``, ``{1}`` ... stand for the fact's particulars. Every
    template must be readable back: no template may match another kind's sentence first (``check_world`` tests it).
    ``silent`` sentences state no fact.
    """

    def __init__(self, sentences: Mapping[str, Sequence[str]], silent: Sequence[str] = ()) -> None:
        self.sentences = {kind: tuple(templates) for kind, templates in sentences.items()}
        self._said: dict[tuple[Fact, int], str] = {}
        self._changes: dict[tuple[Fact, ...], str] = {}
        self._read: dict[str, Fact] = dict.fromkeys((NOTHING, *silent), ())
        self._patterns = [
            (kind, re.compile(_pattern(template)))
            for kind, templates in self.sentences.items()
            for template in templates
        ]

    def say(self, fact: Fact, wording: int = 0) -> str:
        """The sentence for one fact; wordings beyond those that a kind has fall back to its last."""
        said = self._said.get((fact, wording))
        if said is None:
            templates = self.sentences[fact[0]]
            said = templates[min(wording, len(templates) - 1)].format(*fact[1:])
            if len(self._said) < 100_000:
                self._said[fact, wording] = said
        return said

    def tell(self, facts: Iterable[Fact], wording: int = 0) -> str:
        """The sentences for several facts, in order; no facts at all is ``Nothing changes.``"""
        return " ".join([self.say(fact, wording) for fact in facts]) or NOTHING

    def change(self, facts: tuple[Fact, ...]) -> str:
        """The sentences for what an action changed, in wording 0: ``tell``, remembered as a whole."""
        told = self._changes.get(facts)
        if told is None:
            told = self.tell(facts)
            if len(self._changes) < 100_000:
                self._changes[facts] = told
        return told

    def read(self, text: str) -> frozenset[Fact]:
        """The facts that a text states; a sentence in no known wording becomes an ``unreadable`` fact."""
        facts = (self._read_sentence(part.strip()) for part in re.findall(r"[^.!?]*(?:[.!?]|$)", text) if part.strip())
        return frozenset(fact for fact in facts if fact)

    def _read_sentence(self, sentence: str) -> Fact:
        fact = self._read.get(sentence)
        if fact is None:
            fact = (UNREADABLE, sentence)
            for kind, pattern in self._patterns:
                if found := pattern.fullmatch(sentence):
                    fact = (kind, *(found[f"s{i}"] for i in range(len(found.groupdict()))))
                    break
            if len(self._read) < 100_000:
                self._read[sentence] = fact
        return fact


def _pattern(template: str) -> str:
    parts = re.split(r"\{(\d+)\}", template)
    literal, slots = parts[::2], parts[1::2]
    out = re.escape(literal[0])
    for slot, text in zip(slots, literal[1:], strict=True):
        out += f"(?P<s{slot}>[^.!?]+?)" + re.escape(text)
    return out
