"""What controls do to a lesson, so that it looks like experience and lacks what is claimed to matter."""

from __future__ import annotations

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


def twisted(twist: Twist, episode: Episode, index: int, replay: Replay, rng: Random) -> Episode:
    """The episode up to step ``index`` with its outcomes exchanged, or its actions shuffled, among the replay's."""
    if twist is Twist.NONE:
        return episode
    change = _exchanged if twist is Twist.EXCHANGED else _shuffled
    return replace(episode, steps=tuple(change(episode, step, replay, rng) for step in episode.steps[: index + 1]))


def _exchanged(episode: Episode, step: Step, replay: Replay, rng: Random) -> Step:
    """The step with what came of another one with the same verb, told of this one's things."""
    other = None
    for _ in range(TRIES):
        drawn = replay.alike(episode.world, verb_of(step.action), rng)
        if drawn is None:
            return step
        there = replay.episode(drawn[0])
        other = there.steps[drawn[1]]
        told = substituted(other.change, {**things(there.desire, episode.desire), **things(other.action, step.action)})
        if (told, other.progress, other.harm) != (step.change, step.progress, step.harm):
            break
    assert other is not None
    return replace(step, change=told, outcome=told, progress=other.progress, harm=other.harm)


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
    """Which words stand in one text where others stand in the other, e.g. ``car wash`` for ``workshop``."""
    here, there = theirs.rstrip(".").split(), mine.rstrip(".").split()
    matched = SequenceMatcher(None, here, there, autojunk=False)
    return {
        " ".join(here[a:b]): " ".join(there[c:d])
        for kind, a, b, c, d in matched.get_opcodes()
        if kind == "replace" and a < b and c < d
    }


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
