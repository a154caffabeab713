"""An episode kept in a memory, and a bounded context made of it: the desire, what matters for it, the last steps."""

from __future__ import annotations

import secrets
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from forethought.errors import BadSetting
from forethought.memory.memory import Memory
from forethought.memory.passage import Passage
from forethought.memory.words import sentences
from forethought.transcript import LEFT_OUT, Tokens, Transcript
from forethought.types import Step

USER, WORLD, AGENT = "user", "world", "agent"
"""Who speaks in an episode: the desire, the first observation, what was done and what came of it."""
FILLED, OPENING = 0.85, 0.35
"""How much of the bound a context made anew fills, and how much of that is for the first observation."""
EACH = 4
"""Turns that are looked up for each sentence of the desire."""
LEAST = 64
"""Tokens beside the desire that a context needs."""


class EpisodeMemory:
    """Keeps one episode, turn by turn, and makes its transcript anew where it has become too long.

    A context made anew begins with the desire, always whole. Then come what the desire needs of the first observation,
    the steps that the memory finds for each of its sentences and the last steps, in order: a transcript from which
    steps are missing. ``recalled`` is what the memory gave for the desire. Raises ``BadSetting`` where
    ``context_tokens`` do not hold the desire.
    """

    def __init__(
        self, memory: Memory, transcript: Transcript, context_tokens: int, desire: str, observation: str, name: str = ""
    ) -> None:
        self.memory, self.transcript, self.bound = memory, transcript, context_tokens
        self.desire, self.observation = desire, observation
        self.conversation = f"{name} {secrets.token_hex(4)}".strip()
        self.recalled: Passage | None = None
        self._steps: dict[int, Step] = {}
        least = len(transcript.opening(desire, LEFT_OUT)) + LEAST
        if least > context_tokens * FILLED:
            raise BadSetting(
                f"context_tokens={context_tokens} do not hold the desire, which alone takes {least - LEAST}; expected "
                f"at least {int(least / FILLED) + 1}"
            )
        memory.append(USER, desire, conversation=self.conversation)
        self._first = memory.append(WORLD, observation, conversation=self.conversation)

    def keep(self, step: Step) -> None:
        """Keep a step; it is on the disk when this returns."""
        text = f"{step.action}: {step.warning or step.change}"
        self._steps[self.memory.append(AGENT, text, conversation=self.conversation)] = step

    def within(self, context: Tokens) -> Tokens:
        """The context as it is where it is short enough, else one made anew."""
        return context if len(context) <= self.bound else self._anew()

    def _anew(self) -> Tokens:
        room = int(self.bound * FILLED)
        share = int((room - len(self.transcript.opening(self.desire, ""))) * OPENING)
        self.recalled = self.memory.recall(
            self.desire,
            max(share, 1),
            asker=USER,
            conversation=self.conversation,
            without=(USER,),
            count=lambda text: len(self.transcript.plain(text)),
        )
        first = next((line.text for line in self.recalled.lines if line.turn.id == self._first), LEFT_OUT)
        opening = self.transcript.opening(self.desire, first)
        left = room - len(opening)
        parts: dict[int, Tokens] = {}
        wanted, last = self._wanted(), list(self._steps)[::-1]
        for number in [*last[:1], *wanted, *last]:  # what was done last is always told
            if number in parts:
                continue
            part = self._part(self._steps[number])
            if number == last[0] and len(part) > left:
                part = self._shortened(self._steps[number], left)
            if len(part) <= left:
                parts[number] = part
                left -= len(part)
            elif number not in wanted:
                break
        return sum((parts[number] for number in sorted(parts)), opening)

    def _wanted(self) -> list[int]:
        """The steps that the desire needs, best first: those of each of its sentences in turn."""
        found = []
        for sentence in sentences(self.desire):
            turns = self.memory.search(sentence, EACH, asker=USER, conversation=self.conversation)
            found.append([one.turn.id for one in turns if one.turn.id in self._steps])
        ranked = [number for some in zip_longest(*found) for number in some if number is not None]
        return list(dict.fromkeys(ranked))

    def _part(self, step: Step) -> Tokens:
        return self.transcript.action(step.action) + self.transcript.outcome(step)

    def _shortened(self, step: Step, most: int) -> Tokens:
        """A step whose outcome is cut to what there is room for."""
        length = max(len(step.change), len(step.warning), len(step.outcome))
        part = self._part(step)
        while len(part) > most and length > 8:
            length //= 2
            cut: dict[str, Any] = {
                name: f"{text[:length]} {LEFT_OUT}" if len(text := getattr(step, name)) > length else text
                for name in ("change", "outcome", "warning")
            }
            part = self._part(replace(step, **cut))
        return part
