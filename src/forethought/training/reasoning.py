"""Reasoning written out before an action: what is wanted and what bears on it, and no consequence foreseen.

The control for whether tokens spent on words before acting do what tokens spent on consequences do. The words are
those that the episode itself has told, chosen by what the desire and the action speak of, as in a rationale that is
written when the answer is known (Zelikman et al. 2022, arXiv:2203.14465).
"""

from __future__ import annotations

import re

from forethought.transcript import Role, Tokens, Transcript
from forethought.types import Episode

MOST_TOLD = 6
"""Sentences that a reason mentions at most."""


def reason(episode: Episode, index: int) -> str:
    """The desire, and the told sentences that share a telling word with it or with the action of step ``index``."""
    step = episode.steps[index]
    told = _sentences(" ".join([episode.observation, *(before.change for before in episode.steps[:index])]))
    meant = _words(episode.desire) | _words(step.action)
    common = {word for word in meant if sum(word in _words(sentence) for sentence in told) > len(told) / 2}
    bearing = [sentence for sentence in told if _words(sentence) & (meant - common)]
    return " ".join([episode.desire, *bearing[-MOST_TOLD:]])


def reasoned(transcript: Transcript, episode: Episode, index: int) -> Tokens:
    """The episode up to where step ``index`` is due, as context, then the reason and the action, which are learned."""
    before = transcript.episode(episode, index)
    told = Tokens(before.ids, [Role.CONTEXT] * len(before))
    return told + transcript.thought(reason(episode, index)) + transcript.action(episode.steps[index].action)


def _sentences(text: str) -> list[str]:
    return list(dict.fromkeys(part for part in re.split(r"(?<=[.!?])\s+", text.strip()) if part))


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"[\w'-]+", text.lower()) if len(word) > 2)
