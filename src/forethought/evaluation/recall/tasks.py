"""What can be asked about a conversation: for each task the lines that tell it, those that mislead, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from forethought.errors import UnknownName
from forethought.evaluation.recall import wordings as w
from forethought.evaluation.recall.words import THINGS, Split, names, values

Lines = tuple[tuple[str, str], ...]
Key = tuple[str, str]
"""A person (empty: whoever asks) and a thing."""
NOT_TOLD = "not told"
MANY_KEYS = 6
USER, ASSISTANT = "user", "assistant"
OWN, ASKED = 0.2, 0.25
"""Shares of facts about whoever asks, and of facts that answer a question asked in the conversation."""


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that stand together; where they are ``evidence``, from ``from_line`` on."""

    lines: Lines
    evidence: bool = False
    from_line: int = 0


@dataclass(frozen=True, slots=True)
class Need:
    """What one question needs of a conversation: groups of lines (evidence in the order in which it is told)."""

    question: str
    answer: tuple[str, ...]
    groups: tuple[Group, ...]
    latest: bool = False
    """Whether the last evidence alone tells the answer."""
    before: Lines = ()
    """What is said just before the question, and nowhere else."""

    def needed(self, places: Sequence[int]) -> Sequence[int]:
        """The places, of those of all evidence, that the answer needs."""
        return places[-1:] if self.latest else places


class Draw:
    """Draws what a question is about, so that no two questions of a conversation are about the same."""

    def __init__(self, rng: Random, split: Split, keys: set[Key], near: int) -> None:
        self.rng, self.split, self.keys, self.near = rng, split, keys, near

    def key(self, person: str | None = None, thing: str | None = None) -> Key:
        """A person and a thing that nothing was said of."""
        while True:
            key = person or self.rng.choice(names(self.split)), thing or self.rng.choice(THINGS)
            if key not in self.keys:
                self.keys.add(key)
                return key

    def value(self) -> str:
        """Any value."""
        return self.rng.choice(values(self.split))

    def say(self, form: w.Wordings, **slots: str) -> str:
        """One of the split's wordings, filled."""
        return w.say(self.rng, form[self.split], **slots)

    def own(self) -> Key | None:
        """Now and then something of whoever asks."""
        left = [thing for thing in THINGS if ("", thing) not in self.keys]
        if not left or self.rng.random() >= OWN:
            return None
        key = "", self.rng.choice(left)
        self.keys.add(key)
        return key

    def fact(self, key: Key, value: str, form: w.Wordings = w.FACT) -> Group:
        """A line that tells a value, as evidence; now and then as the answer to a question."""
        person, thing = key
        if not person:
            return Group(((USER, self.say(w.MINE, T=thing, V=value)),), True)
        if form is w.FACT and self.rng.random() < ASKED:
            question = self.say(w.ASK, P=person, T=thing)
            return Group(((ASSISTANT, question), (USER, self.say(w.REPLY, V=value))), True)
        return Group(((USER, self.say(form, P=person, T=thing, V=value)),), True)

    def question(self, key: Key) -> str:
        """What asks for a value."""
        if not key[0]:
            return self.say(w.ASK_MINE, T=key[1])
        return self.say(w.ASK, P=key[0], T=key[1])

    def against(self, key: Key) -> list[Group]:
        """Lines that mislead: the same thing of others, other things of the same person, what is said not to be."""
        groups = []
        for _ in range(self.near):
            groups.append(self.fact(self.key(thing=key[1]), self.value()))
            if key[0]:
                groups.append(self.fact(self.key(person=key[0]), self.value()))
        if key[0] and self.near:
            for form in (w.NOT, w.ABOUT):
                text = self.say(form, P=key[0], T=key[1], V=self.value())
                groups.append(Group(((USER, text),)))
        return [Group(group.lines) for group in groups]


def needle(draw: Draw) -> Need:
    """One fact."""
    key, value = draw.own() or draw.key(), draw.value()
    return Need(draw.question(key), (value,), (draw.fact(key, value), *draw.against(key)))


def multi_key(draw: Draw) -> Need:
    """One fact among as many others of the same person as there are needles."""
    key, value = draw.key(), draw.value()
    others = [Group(draw.fact(draw.key(person=key[0]), draw.value()).lines) for _ in range(MANY_KEYS - 1)]
    return Need(draw.question(key), (value,), (draw.fact(key, value), *others, *draw.against(key)))


def multi_value(draw: Draw) -> Need:
    """Two values of one key, told apart from each other."""
    key, one, other = draw.key(), draw.value(), draw.value()
    while other == one:
        other = draw.value()
    question = draw.say(w.ASK_BOTH, P=key[0], T=key[1])
    told = draw.fact(key, one), draw.fact(key, other, w.ANOTHER)
    return Need(question, (one, other), (*told, *draw.against(key)))


def update(draw: Draw) -> Need:
    """A value that was told, and later another one: the later is asked for."""
    key, old, new = draw.key(), draw.value(), draw.value()
    told = draw.fact(key, old), draw.fact(key, new, w.CHANGED)
    return Need(draw.question(key), (new,), (*told, *draw.against(key)), latest=True)


def two_hop(draw: Draw) -> Need:
    """A value that is told of somebody else, who has the same."""
    key, value = draw.key(), draw.value()
    other = draw.key(thing=key[1])
    same = draw.say(w.SAME, Q=other[0], P=key[0], T=key[1])
    told = [draw.fact(key, value), Group(((USER, same),), True)]
    draw.rng.shuffle(told)
    return Need(draw.question(other), (value,), (*told, *draw.against(key)))


def order(draw: Draw) -> Need:
    """Which of two facts was told first."""
    key = draw.key()
    other = draw.key(person=key[0])
    first, second = draw.fact(key, draw.value()), draw.fact(other, draw.value())
    things = [key[1], other[1]]
    draw.rng.shuffle(things)
    question = draw.say(w.ASK_ORDER, P=key[0], T=things[0], U=things[1])
    return Need(question, (key[1],), (first, second, *draw.against(key)))


def abstain(draw: Draw) -> Need:
    """Something that was never told."""
    key = draw.own() or draw.key()
    return Need(draw.question(key), (), tuple(draw.against(key)))


def follow_up(draw: Draw) -> Need:
    """One fact, asked for by "it": what was said just before tells what that is."""
    key, value = draw.key(), draw.value()
    before = ((USER, draw.say(w.TOPIC, P=key[0], T=key[1])),)
    return Need(draw.say(w.ASK_IT), (value,), (draw.fact(key, value), *draw.against(key)), before=before)


def pairs(draw: Draw, count: int) -> Need:
    """One of so many people with the same thing."""
    key, value = draw.key(), draw.value()
    people = names(draw.split)
    free = [person for person in people if (person, key[1]) not in draw.keys]
    others = draw.rng.sample(free, min(count - 1, len(free)))
    draw.keys.update((person, key[1]) for person in others)
    told = [Group(draw.fact((person, key[1]), draw.value()).lines) for person in others]
    return Need(draw.question(key), (value,), (draw.fact(key, value), *told))


TASKS: dict[str, Callable[[Draw], Need]] = {
    "needle": needle,
    "multi-key": multi_key,
    "multi-value": multi_value,
    "update": update,
    "two-hop": two_hop,
    "order": order,
    "abstain": abstain,
    "follow-up": follow_up,
    **{f"pairs-{count}": partial(pairs, count=count) for count in (4, 16, 64, 256)},
}


def plan(rng: Random, task: str, split: Split, keys: set[Key], near: int = 2) -> Need:
    """What a question of a task needs; ``keys`` are those already in use, and grow. Raises ``UnknownName``."""
    if task not in TASKS:
        raise UnknownName.of("recall task", task, TASKS)
    return TASKS[task](Draw(rng, split, keys, near))
