"""What controls do to a lesson, so that it looks like experience and lacks what is claimed to matter."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from difflib import SequenceMatcher
from random import Random

from forethought.experience import Replay
from forethought.training.arms import Twist
from forethought.types import Episode, Step
from forethought.worlds.grammar import verb_of

TRIES = 8
"""Steps looked at for one whose outcome, or action, is another."""
TOLD = 32
"""Steps looked at for an outcome that can be told of this episode's things."""
LITTLE = frozenset({"a", "an", "at", "for", "in", "my", "of", "on", "the", "to", "your"})
"""Words that no name has."""


def twisted(twist: Twist, episode: Episode, index: int, replay: Replay, rng: Random) -> Episode:
    """The episode up to step ``index`` with its outcomes exchanged, or its actions shuffled, among the replay's."""
    if twist is Twist.NONE:
        return episode
    change = _exchanged if twist is Twist.EXCHANGED else _shuffled
    return replace(episode, steps=tuple(change(episode, step, replay, rng) for step in episode.steps[: index + 1]))


def _exchanged(episode: Episode, step: Step, replay: Replay, rng: Random) -> Step:
    """The step with what came of another one with the same verb, told of this one's things: of those drawn, the first
    that names nothing of the other episode that is not in this one, else the one that names the fewest such things.
    """
    mine = _words(_told(episode), *(f"{past.action} {past.change}" for past in episode.steps))
    found, fewest = step, math.inf
    for _ in range(TOLD):
        drawn = replay.alike(episode.world, verb_of(step.action), rng)
        if drawn is None:
            break
        there = replay.episode(drawn[0])
        other = there.steps[drawn[1]]
        pairs = [(there.observation, episode.observation), (there.desire, episode.desire), (other.action, step.action)]
        told = substituted(other.change, {k: v for pair in pairs for k, v in things(*pair).items()})
        foreign = len(_words(told) & _words(_told(there), other.action) - mine)
        if (told, other.progress, other.harm) != (step.change, step.progress, step.harm) and foreign < fewest:
            fewest = foreign
            found = replace(step, change=told, outcome=told, progress=other.progress, harm=other.harm)
        if not fewest:
            break
    return found


def _told(episode: Episode) -> str:
    """What is told before anything is done."""
    return f"{episode.desire} {episode.observation}"


def _words(*texts: str) -> set[str]:
    """The words of texts, lower case."""
    return {word for text in texts for word in re.findall(r"\w+", text.lower())}


def _shuffled(episode: Episode, step: Step, replay: Replay, rng: Random) -> Step:
    """The step under the action of another one in the same world."""
    action = step.action
    for _ in range(TRIES):
        drawn = replay.alike(episode.world, None, rng)
        if drawn is None:
            break
        action = replay.episode(drawn[0]).steps[drawn[1]].action
        if action != step.action:
            break
    return replace(step, action=action)


def things(theirs: str, mine: str) -> dict[str, str]:
    """Which words stand in one text where others stand in the other, e.g. ``car wash`` for ``workshop``; as many words
    for as many are taken one by one, others only where they are names alone: ``home`` is no ``to the workshop``.
    """
    here, there = (re.findall(r"[^\s.,;:!?]+", text) for text in (theirs, mine))
    matched = SequenceMatcher(None, here, there, autojunk=False)
    found: dict[str, str] = {}
    for kind, a, b, c, d in matched.get_opcodes():
        if kind != "replace":
            continue
        if b - a == d - c:
            found |= zip(here[a:b], there[c:d], strict=True)
        elif LITTLE.isdisjoint(here[a:b] + there[c:d]):
            found[" ".join(here[a:b])] = " ".join(there[c:d])
    return found


def substituted(text: str, words: Mapping[str, str]) -> str:
    """The text with these words in place of those, whole words and all at once; longer ones first."""
    pieces, rest = [], text.split(" ")
    spans = sorted(((key.split(" "), value) for key, value in words.items()), key=lambda pair: -len(pair[0]))
    while rest:
        for span, value in spans:
            head = rest[: len(span)]
            last = head[-1].rstrip(".,;:!?")
            if [*head[:-1], last] == span:
                pieces.append(value + head[-1][len(last) :])
                rest = rest[len(span) :]
                break
        else:
            pieces.append(rest.pop(0))
    return " ".join(pieces)
