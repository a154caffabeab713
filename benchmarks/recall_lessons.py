"""What the small readers of the recall suite are trained on: conversations of the training split that tell much of few.

Lines differ in what matters, since people and things are few. Of several questions none can be answered by leaving out
what was asked before: with each fact asked once, readers learned just that, and matched nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import Any

import torch
from recall_passages import Told
from torch import Tensor

from forethought.evaluation.recall import wordings
from forethought.evaluation.recall.conversation import SPEAKERS, Spoken, converse
from forethought.evaluation.recall.prompt import asking, passage, said
from forethought.evaluation.recall.tasks import TASKS, Draw, Key, Need
from forethought.evaluation.recall.words import THINGS, names, tokens

TOKENS = 2500
"""Tokens of a batch, about."""
LONGEST = 240
"""Tokens of the longest passage."""
MISLED = 0.35
"""Share of questions against which lines stand, where one may; twice that where two may."""
AGAIN = 3
"""How often each fact is asked about, on average, while nothing but facts is told."""
FIRST, POOL, FORMS = 3, 4, 3
"""Facts up to which people are drawn from ``POOL`` for each fact but one, and wordings from the first ``FORMS``: what
belongs together is found sooner among few.
"""
ALL = ("needle", "update", "multi-value", "two-hop", "order", "abstain")
LEVELS: tuple[tuple[int, tuple[str, ...], int], ...] = (
    (1, ALL[:1], 0), (2, ALL[:1], 0), (3, ALL[:1], 0), (4, ALL[:1], 0), (8, ALL[:1], 0), (4, ALL[:-1], 0),
    (4, ALL, 1), (8, ALL, 1), (3, ALL, 2),
)  # fmt: skip
"""How much is told in a conversation, which tasks, and how many lines about the same mislead at most. What was not told
comes late: it is easier to say than anything else, and a reader that matches weakly says nothing else from then on.
"""

Row = tuple[str, list[tuple[str, tuple[str, ...]]]]
"""A passage, and the questions that follow it with their answers."""


class Few(Draw):
    """Draws from a few people and things of the training split, many of them alike, in ``forms`` wordings or all."""

    def __init__(self, rng: random.Random, told: int, forms: int | None = None) -> None:
        super().__init__(rng, "train", set(), 0)
        self.people = rng.sample(names("train"), max(1, round(told * rng.choice((0.4, 0.7, 1)))))
        if told > 4:
            self.people += [rng.choice(alike(person)) for person in self.people]
        self.things = rng.sample(THINGS, min(len(THINGS), max(1, round(told * rng.choice((0.4, 0.7, 1))))))
        self.forms = forms

    def say(self, form: wordings.Wordings, **slots: str) -> str:
        """One of the wordings of training, or of the first of them."""
        return wordings.say(self.rng, form["train"][: self.forms], **slots)

    def key(self, person: str | None = None, thing: str | None = None) -> Key:
        """A person and a thing that nothing was said of."""
        pairs = product([person] if person else self.people, [thing] if thing else self.things)
        free = [key for key in pairs if key not in self.keys]
        if not free:
            return super().key(person, thing)
        self.keys.add(key := self.rng.choice(free))
        return key


@cache
def alike(name: str) -> tuple[str, ...]:
    """The full names that share one of a name's words."""
    return tuple(other for other in names("train") if set(other.split()) & set(name.split()))


@cache
def regulars(count: int) -> list[str]:
    """The same few people each time."""
    return random.Random("regulars").sample(names("train"), count)


def lessons(rng: random.Random, most: int, tasks: tuple[str, ...], near: int) -> list[Row]:
    """Conversations of about ``TOKENS`` tokens together, each with about as much to tell."""
    rows: list[Row] = []
    used, told = 0, rng.randint(most - most // 3, most)
    while used < TOKENS:
        row = lesson(rng, told, tasks, near)
        if (size := tokens(row[0])) > LONGEST:
            told -= 1
            continue
        rows.append(row)
        used += size + 18 * len(row[1])
    return rows


def passages(rng: random.Random, told: Sequence[Told]) -> list[Row]:
    """Some ``TOKENS`` tokens of passages that were looked up, about equally long."""
    some = sorted(rng.choices(told, k=TOKENS // 15), key=lambda one: len(one[2]))
    rows: list[Row] = []
    used, place = 0, rng.randrange(len(some) * 3 // 4)
    while used < TOKENS:
        _, _, text, question, answer = some[place]
        rows.append((text, [(question, answer)]))
        used, place = used + tokens(text) + 18, place + 1
    return rows


def facts(rng: random.Random, told: int) -> Row:
    """So many facts, and questions that ask some of them again in other words. Of up to ``FIRST`` facts each has a
    person and a thing of its own, among few that come again and again.
    """
    draw = Few(rng, told, FORMS if told <= FIRST else None)
    keys = [draw.key() for _ in range(told)]
    if told <= FIRST:
        people = regulars(POOL * max(1, told - 1))
        keys = list(zip(rng.sample(people, told), rng.sample(THINGS[: len(people)], told), strict=True))
    known = [(draw.own() or key, draw.value()) for key in keys]
    lines = [Spoken(*line) for key, value in known for line in draw.fact(key, value).lines]
    asked = rng.choices(known, k=AGAIN * told + 1)
    return passage(lines), [(draw.question(key), (value,)) for key, value in asked]


def lesson(rng: random.Random, told: int, tasks: tuple[str, ...], near: int) -> Row:
    """A conversation in which so much is told; what was told first stands first, all else anywhere."""
    if tasks == ALL[:1]:
        return facts(rng, told)
    draw, needs = Few(rng, told), list[Need]()
    placed: list[tuple[float, tuple[tuple[str, str], ...]]] = []
    for _ in range(told):
        draw.near = rng.randint(1, near) if near and rng.random() < MISLED * near else 0
        needs.append(need := TASKS[rng.choice(tasks)](draw))
        ordered = [group for group in need.groups if group.evidence]
        placed += zip(sorted(rng.random() for _ in ordered), [group.lines for group in ordered], strict=True)
        placed += [(rng.random(), group.lines) for group in need.groups if not group.evidence]
    for _ in range(rng.randint(0, (told + 1) // 2)):
        placed.append((rng.random(), ((rng.choice(SPEAKERS), wordings.talk(rng, "train")),)))
    lines = [Spoken(*line) for _, group in sorted(placed) for line in group]
    return passage(lines), [(need.question, need.answer) for need in rng.sample(needs, (told + 1) // 2)]


def padded(tokenizer: Any, rows: list[Row]) -> tuple[Tensor, Tensor]:
    """Ids (B, T), and which answer each token belongs to (0: none)."""
    pieces: list[str] = []
    marks: list[tuple[int, int]] = []
    asked = 0
    for row, (text, questions) in enumerate(rows):
        pieces.append(text)
        marks.append((row, 0))
        for question, answer in questions:
            asked += 1
            pieces += [asking(question), f" {said(answer)}{tokenizer.eos_token}"]
            marks += [(row, 0), (row, asked)]
    ids_BT: list[list[int]] = [[] for _ in rows]
    answers_BT: list[list[int]] = [[] for _ in rows]
    for (row, mark), ids in zip(marks, tokenizer(pieces, add_special_tokens=False)["input_ids"], strict=True):
        ids_BT[row] += ids
        answers_BT[row] += [mark] * len(ids)
    longest = max(map(len, ids_BT))
    whole = [ids + [tokenizer.pad_token_id] * (longest - len(ids)) for ids in ids_BT]
    return torch.tensor(whole), torch.tensor([mark + [0] * (longest - len(mark)) for mark in answers_BT])


def texts() -> list[str]:
    """What the tokenizer is trained on: conversations of the training split, and what is asked about them."""
    found = []
    for seed in range(100):
        talk = converse(3000, [(task, 0.5) for task in (*ALL, "follow-up")], "train", seed, 0.3)
        found += [f"{turn}\n" for turns in (talk.turns, *(item.before for item in talk.items)) for turn in turns]
        found += [f"{asking(item.question)} {said(item.answer)}" for item in talk.items]
    return found
