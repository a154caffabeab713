"""Conversations of any length with questions about them: needles at chosen depths, among lines that look like them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from forethought.errors import BadSetting
from forethought.evaluation.recall import wordings as w
from forethought.evaluation.recall.tasks import Need, plan
from forethought.evaluation.recall.words import SPLITS, THINGS, Split, names, tokens, values

SPEAKERS = ("user", "assistant")
LEAST = 16
"""Tokens of the shortest conversation."""
LINE = 3
"""Tokens of a line beside its text: who speaks, a colon, the end of the line."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One turn."""

    speaker: str
    text: str

    def __str__(self) -> str:
        return f"{self.speaker}: {self.text}"


@dataclass(frozen=True, slots=True)
class Item:
    """A question about a conversation. ``answer`` is all values asked for, in the order in which they were told, or
    nothing where it was not told; ``evidence`` are the places of the turns that tell it; ``depth`` is 0 to 1.
    ``before`` is said just before the question, after the whole conversation.
    """

    task: str
    depth: float
    question: str
    answer: tuple[str, ...]
    evidence: tuple[int, ...]
    before: tuple[Spoken, ...] = ()

    @property
    def said(self) -> list[str]:
        """The texts of what is said before the question."""
        return [turn.text for turn in self.before]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns, questions about them, and how many tokens the turns have."""

    turns: list[Spoken]
    items: list[Item]
    tokens: int = field(default=0)

    def has_reply(self, item: Item) -> bool:
        """Whether some evidence is the answer to a question that was asked in the conversation."""
        return any(self.turns[place].speaker == SPEAKERS[1] for place in item.evidence)


def converse(
    length: int,
    asked: Sequence[tuple[str, float]],
    split: Split = "test",
    seed: int = 0,
    facts: float = 0.1,
    near: int = 2,
) -> Conversation:
    """A conversation of about ``length`` tokens with a question for each (task, depth) of ``asked``.

    ``facts`` is the share of the other lines that tell something of the kind that is asked for, ``near`` how many lines
    about the same person, and about the same thing, stand against each question. What is asked for comes first: where
    it takes more than ``length`` tokens, the conversation is longer. Raises ``BadSetting``, ``UnknownName``.
    """
    if length < LEAST or not 0 <= facts <= 1 or split not in SPLITS:
        raise BadSetting(
            f"got {length} tokens, a share of {facts} and the split {split!r}; expected at least {LEAST} tokens, a "
            f"share from 0 to 1 and one of {', '.join(SPLITS)}"
        )
    rng = Random(f"{split}/{seed}/{length}/{len(asked)}")
    keys: set[tuple[str, str]] = set()
    needs = [plan(rng, task, split, keys, near) for task, _ in asked]
    used = sum(tokens(text) + LINE for need in needs for group in need.groups for _, text in group.lines)
    lines: list[tuple[float, int, list[tuple[str, str]], tuple[int, int] | None]] = []
    other = _others(rng, split, length - used, facts, keys)
    lines += [(float(place), 0, [line], None) for place, line in enumerate(other)]
    for number, (need, (_, depth)) in enumerate(zip(needs, asked, strict=True)):
        lines += _placed(rng, need, number, depth * len(other) - 0.5, len(other))
    lines.sort(key=lambda line: line[:2])
    return _merged(lines, needs, asked)


def _others(rng: Random, split: Split, room: int, share: float, keys: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Lines that answer nothing that is asked, until the room is full; speakers take turns."""
    found: list[tuple[str, str]] = []
    people, told = names(split), values(split)
    while room > 0:
        speaker = SPEAKERS[len(found) % 2]
        if rng.random() < share:
            key = rng.choice(people), rng.choice(THINGS)
            if key in keys:
                continue
            form = w.FACT if rng.random() < 0.8 else rng.choice((w.NOT, w.ABOUT, w.CHANGED))
            text = w.say(rng, form[split], P=key[0], T=key[1], V=rng.choice(told))
            speaker = SPEAKERS[0]
        else:
            text = w.talk(rng, split)
        found.append((speaker, text))
        room -= tokens(text) + LINE
    return found


def _placed(
    rng: Random, need: Need, number: int, last: float, end: int
) -> list[tuple[float, int, list[tuple[str, str]], tuple[int, int] | None]]:
    """The groups of a question with their places: evidence ends at ``last``, the rest stands anywhere."""
    ordered = [group for group in need.groups if group.evidence]
    before = sorted(rng.uniform(-0.5, last) for _ in ordered[1:])
    found = []
    for at, (place, group) in enumerate(zip([*before, last], ordered, strict=False)):
        found.append((place, number * 8 + at + 1, list(group.lines), (number, group.from_line)))
    for group in need.groups:
        if not group.evidence:
            found.append((rng.uniform(-0.5, end), 0, list(group.lines), None))  # type: ignore[arg-type]
    return found  # type: ignore[return-value]


def _merged(
    lines: Sequence[tuple[float, int, list[tuple[str, str]], tuple[int, int] | None]],
    needs: Sequence[Need],
    asked: Sequence[tuple[str, float]],
) -> Conversation:
    turns: list[Spoken] = []
    evidence: list[list[int]] = [[] for _ in needs]
    first: list[list[int]] = [[] for _ in needs]
    total = 0
    for _, _, group, whose in lines:
        if whose is not None:
            evidence[whose[0]] += range(len(turns) + whose[1], len(turns) + len(group))
            first[whose[0]].append(len(turns))
        for speaker, text in group:
            turns.append(Spoken(speaker, text))
            total += tokens(text) + LINE
    items = []
    for need, (task, depth), places in zip(needs, asked, evidence, strict=True):
        before = tuple(Spoken(*line) for line in need.before)
        items.append(Item(task, depth, need.question, need.answer, tuple(sorted(need.needed(places))), before))
    return Conversation(turns, items, total)
