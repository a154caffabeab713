"""What a reader is given: recalled facts, what was said and a question, as the tokens of one prompt.

A prompt is one instruction and one message of the user, in the tokenizer's chat template or, where it has none, as
plain text that ends in ``Answer:``. Only the template's own text is read for markers: what people said is tokenised
with special tokens split up, so ``<|im_end|>`` in a turn stays what it is to a reader: ten characters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, TypeVar, get_args

from forethought.errors import BadSetting
from forethought.memory.passage import Line, Passage
from forethought.memory.turns import Said, Turn
from forethought.memory.words import of_the_past, words_of

Mode = Literal["fresh", "gist", "jrt", "full"]
MODES: tuple[Mode, ...] = get_args(Mode)
"""``fresh``: the facts, then the question. ``jrt``: question, facts, question (Arora et al. 2024, "Just read twice").
``gist``: a digest of the history, its last turns, the facts, the question. ``full``: the whole history, the question.
"""
FactOrder = Literal["worth", "time"]
"""``worth``: the fact that the question needs most stands next to it; ``time``: as they were said."""
INSTRUCTION = (
    "You are a helpful assistant with a memory. Answer briefly. Where what is remembered tells the answer, use it."
)
REMEMBERED, SAID, ABOUT = "Notes:", "What was said before:", "Often mentioned:"
QUESTION, ANSWER = "Question:", "Answer:"
TOPICS, DIGESTED = 16, 1000
"""Words of a digest, and turns that it is made from."""
_CONTENT = "qqcontentqq"

Told = str | Passage | Sequence[Line] | Sequence[str] | None
"""What was recalled: a passage, lines, or text."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The tokens of a prompt; the first ``prefix`` of them depend on the history alone."""

    ids: list[int]
    prefix: int


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what is remembered or was said, the day that it was said on ("": unknown), and its worth."""

    text: str
    day: str = ""
    score: float = 0.0


class Format:
    """One tokenizer's form of a prompt.

    ``templated`` tells whether it is a chat template's; ``stops`` are the tokens that end an answer.
    """

    def __init__(self, tokenizer: Any, instruction: str = INSTRUCTION) -> None:
        self.tokenizer = tokenizer
        self._special = _special(tokenizer)
        self.templated = bool(getattr(tokenizer, "chat_template", None))
        before, after = self._framed(instruction) if self.templated else ("", "")
        self._head, self._lead = self._split(before, last=True)
        if not self.templated:
            self._head = _opening(tokenizer)
        self._close, self._tail = self._split(after, last=False)
        self.stops = frozenset(self._special.values()) - {tokenizer.unk_token_id}

    def plain(self, text: str) -> list[int]:
        """The tokens of a text in which nothing is a marker; lone surrogates are ``?``."""
        text = text.encode("utf-8", "replace").decode()
        ids = self._ids(text)
        if self.stops.isdisjoint(ids):
            return ids
        pieces = re.split(f"({'|'.join(map(re.escape, self._special))})", text)  # a tokenizer that will not split them
        parts = [part for piece in pieces for part in ([piece[:1], piece[1:]] if piece in self._special else [piece])]
        return [token for part in parts if part for token in self._ids(part) if token not in self.stops]

    def render(self, mode: Mode, question: str, facts: Sequence[Fact] = (), said: Sequence[Fact] = ()) -> Prompt:
        """The prompt of one question; ``said`` is left out in the modes that do not look at it."""
        asked = question if self.templated else f"{QUESTION} {question}"
        before = f"{SAID}\n{listed(said)}" if said and mode in ("gist", "full") else ""
        told = f"{REMEMBERED}\n{listed(facts)}\n" if facts else ""
        if mode == "jrt" and told:
            told = f"{asked}\n\n{told}"
        if before:
            told = f"\n{told}"
        head = [*self._head, *self.plain(self._lead + before)] if before else list(self._head)
        last = f"{asked}{self._tail}" if self.templated else f"{asked}\n{ANSWER}"
        rest = [*self.plain(told if before else self._lead + told), *self.plain(last)] if told else []
        ids = [*head, *(rest or self.plain(last if before else self._lead + last)), *self._close]
        return Prompt(ids, len(head))

    def cut(self, text: str, most: int, end: bool = True) -> str:
        """What of a text has at most ``most`` tokens: its end, or its beginning."""
        near = 32 * max(most, 1)  # characters; of a megabyte only as much as can matter is read
        text = (text[-near:] if end else text[:near]).encode("utf-8", "replace").decode()
        ids = self.plain(text)
        if len(ids) <= most:
            return text
        kept = ids[-most:] if end else ids[:most]
        return str(self.tokenizer.decode(kept if most > 0 else [])).replace("\ufffd", "")

    def user_head(self) -> list[int]:
        """The tokens with which the template begins a user's message in a conversation; none without a template."""
        if not self.templated:
            return []
        told = [("user", "qq0qq"), ("assistant", "qq1qq"), ("user", "qq2qq")]
        messages = [{"role": who, "content": text} for who, text in told]
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        _, _, between = text.partition("qq1qq")
        between = between.partition("qq2qq")[0]
        closing = next((marker for marker in self._special if between.startswith(marker)), "")
        marked, near = self._split(between.removeprefix(closing).lstrip("\n"), last=True)
        return [*marked, *self._ids(near.rstrip(" "))]

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return ids

    def _framed(self, instruction: str) -> tuple[str, str]:
        """What the template puts before and after the user's message."""
        user = {"role": "user", "content": _CONTENT}
        told = {"role": "user", "content": f"{instruction}\n\n{_CONTENT}"}
        for messages in ([{"role": "system", "content": instruction}, user], [told]):
            try:
                text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            except Exception as error:  # a template raises what it likes, such as that it knows no system message
                reason: Exception | None = error
                continue
            before, found, after = text.partition(_CONTENT)
            if found and (instruction in before or not instruction):
                return before, after
            reason = None
        raise BadSetting(
            "the tokenizer's chat template cannot be used: it takes no message of a user as it is"
            + (f" ({reason})" if reason else "")
            + "; mend it, or set tokenizer.chat_template = None for plain prompts"
        )

    def _split(self, text: str, last: bool) -> tuple[list[int], str]:
        """A piece of the template: its tokens, markers read as such, and its plain text next to the message."""
        places = [m.span() for m in re.finditer("|".join(map(re.escape, self._special)) or "(?!)", text)]
        if not places:
            return [], text
        cut = places[-1][1] if last else places[0][0]
        marked, near = (text[:cut], text[cut:]) if last else (text[cut:], text[:cut])
        ids: list[int] = self.tokenizer(marked, add_special_tokens=False)["input_ids"]
        return ids, near


def facts_of(told: Told) -> list[Fact]:
    """What was recalled, line by line; of a text the later lines are worth more."""
    if told is None:
        return []
    if isinstance(told, str):
        told = told.splitlines()
    lines: Sequence[Line | str] = told.lines if isinstance(told, Passage) else told
    if not isinstance(lines, Sequence) or not all(isinstance(line, Line | str) for line in lines):
        raise BadSetting(f"got {told!r} as what was recalled; expected a Passage, a text, or a list of lines")
    found = []
    for place, line in enumerate(lines):
        if isinstance(line, str):
            found.append(Fact(_flat(line), score=place))
        else:
            later = " (no longer so)" if line.superseded_by else ""
            at = line.turn.at
            when = f" ({at.day} {at:%B %Y})" if at else ""
            found.append(Fact(f"{_flat(line.turn.speaker)}{when}: {_flat(line.text)}{later}", score=line.score))
    return [replace(fact, text=f"- {fact.text.removeprefix('- ')}") for fact in found if fact.text]


class Scored(Protocol):
    """What has a score by which it is worth more or less to a question."""

    @property
    def score(self) -> float:
        """More is worth more."""


Some = TypeVar("Some", bound=Scored)


def ordered(facts: Sequence[Some], order: FactOrder, question: str) -> list[Some]:
    """Facts as a reader gets them. A question about what was first or before gets them as they were said anyway."""
    if order == "time" or of_the_past(question):
        return list(facts)
    return sorted(facts, key=lambda fact: fact.score)


def said_by(history: Iterable[Turn | Said]) -> list[Fact]:
    """What was said, turn by turn."""
    return [Fact(f"{_flat(turn.speaker)}: {_flat(turn.text)}", _day(turn)) for turn in history]


def digest(history: Sequence[Turn | Said]) -> Fact:
    """One line about a history: how long it is, who speaks, which words come often. No model is asked."""
    speakers = Counter(turn.speaker for turn in history)
    words = Counter(word for turn in history[-DIGESTED:] for word in set(words_of(turn.text[:2000])) if len(word) > 2)
    topics = sorted((word for word in words if words[word] > 1), key=lambda word: (-words[word], word))[:TOPICS]
    who = ", ".join(_flat(name) for name, _ in speakers.most_common(4))
    often = f" {ABOUT} {', '.join(topics)}." if topics else ""
    return Fact(f"({len(history):,} turns of {who}.{often})")


def listed(facts: Sequence[Fact]) -> str:
    """The lines, each day named once before its lines."""
    lines, day = [], ""
    for fact in facts:
        if fact.day and fact.day != day:
            lines.append(f"[{fact.day}]")
            day = fact.day
        lines.append(fact.text)
    return "".join(f"{line}\n" for line in lines)


def _flat(text: str) -> str:
    """A text as one line, so that what was said cannot look like the prompt's own lines."""
    return " ".join(text.split())


def _day(turn: Turn | Said) -> str:
    return f"{turn.at:%Y-%m-%d}" if turn.at else ""


def _special(tokenizer: Any) -> dict[str, int]:
    """The tokenizer's markers, longest first, and their ids."""
    added = getattr(tokenizer, "added_tokens_decoder", {})
    found = {str(token.content): number for number, token in added.items() if token.special}
    found |= dict(zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True))
    return {text: found[text] for text in sorted(found, key=len, reverse=True) if text}


def _opening(tokenizer: Any) -> list[int]:
    """What the tokenizer puts before any text (a token that begins it), or nothing."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole: list[int] = tokenizer("a")["input_ids"]
    place = next((i for i in range(len(whole)) if whole[i : i + len(bare)] == bare), 0)
    return whole[:place]
