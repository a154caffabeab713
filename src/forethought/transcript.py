"""Episode to tokens: one chat transcript in which every token has exactly one role, set here and never guessed.

system = desire, user = observation, assistant = action, user = outcome, assistant = action, ... A prediction is the
model continuing in the user's role after its own action.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from forethought.errors import BadSetting
from forethought.types import Episode, Harm, Progress, Question, Step

VerdictPlace = Literal["before", "after"]
Target = Literal["change", "observation"]
PROGRESS_FORMS = {progress: f"Progress: {progress}." for progress in Progress}
LEFT_OUT, BEST, THINK, SO = "...", "Best?", "Think.", "So?"
LISTEN, PART = "What is this about?", " / "
UNCLEAR = "?"
"""The answer to a question that is not understood, in place of the situation that it is about."""
LONGEST_TOLD = 4_000
"""Characters of an outcome that a model is shown; of a longer one the beginning, and ``LEFT_OUT``."""
HARM_FORMS = {harm: f"Harm: {harm}." for harm in Harm}


class Role(IntEnum):
    """What a token is. Only ACTION and OUTCOME (and, for language, DESIRE and OBSERVATION, and where questions are
    understood, SITUATION) are ever trained on.
    """

    CONTEXT = 0
    DESIRE = 1
    OBSERVATION = 2
    ACTION = 3
    OUTCOME = 4
    WARNING = 5
    SITUATION = 6


@dataclass(slots=True)
class Tokens:
    """Token ids and their roles, of equal length; pieces of one transcript are joined with ``+``."""

    ids: list[int] = field(default_factory=list)
    roles: list[int] = field(default_factory=list)

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.ids + other.ids, self.roles + other.roles)

    def __len__(self) -> int:
        return len(self.ids)


class Outcome(NamedTuple):
    """An outcome text taken apart: what it says, and the two verdicts (``None`` where they cannot be read)."""

    text: str
    progress: Progress | None
    harm: Harm | None


@dataclass(frozen=True, slots=True)
class _Frame:
    """The template's text around one kind of message: the special head, plain text, the space that belongs to the
    message's first word (or none), and what closes it.
    """

    head: tuple[int, ...]
    lead: str
    space: str
    close: tuple[int, ...]


class Transcript:
    """Renders episodes with one tokenizer's chat template.

    ``verdict``: whether the two verdicts stand before or after the facts. ``target``: whether an outcome is the
    change or the whole observation. The token ids equal those of ``apply_chat_template`` for content without the
    template's own markers; markers in content stay ordinary text.
    """

    def __init__(self, tokenizer: Any, verdict: VerdictPlace = "after", target: Target = "change") -> None:
        self.tokenizer, self.verdict, self.target = tokenizer, verdict, target
        self._frames = _frames(tokenizer)
        self._encode = lru_cache(maxsize=200_000)(self._encode_message)
        self._leads = {who: self._plain(frame.lead) for who, frame in self._frames.items()}

    def opening(self, desire: str, observation: str) -> Tokens:
        """The desire and the first observation, up to where an action is due."""
        first = self._message("system", desire, Role.DESIRE) + self._message("user", observation, Role.OBSERVATION)
        return first + self._head("assistant")

    def action(self, action: str) -> Tokens:
        """An action, up to where its outcome is due."""
        return self._body("assistant", action, Role.ACTION) + self._head("user")

    def outcome(self, step: Step) -> Tokens:
        """What a step caused, up to where the next action is due; a warning has a role of its own."""
        role, text = (Role.WARNING, step.warning) if step.warning else (Role.OUTCOME, self.outcome_text(step))
        return self._body("user", text, role) + self._head("assistant")

    def later(self) -> Tokens:
        """What stands between a transcript that awaits an action and one that is done at some later time: an action
        and an outcome left out.
        """
        return self._aside(LEFT_OUT)

    def advice(self) -> Tokens:
        """What stands between a transcript that awaits an action and the one that is best there."""
        return self._aside(BEST)

    def thinking(self) -> Tokens:
        """What stands between a transcript that awaits an action and a reason that is written out before it."""
        return self._aside(THINK)

    def thought(self, reason: str) -> Tokens:
        """The same and the reason itself, up to where the action that follows from it is due."""
        told = self._body("assistant", reason, Role.ACTION) + self._head("user")
        return self.thinking() + told + self._body("user", SO, Role.CONTEXT) + self._head("assistant")

    def question(self, text: str) -> Tokens:
        """A user's question, up to where the situation that it is about is due."""
        asked = self._message("system", LISTEN, Role.CONTEXT) + self._message("user", text, Role.CONTEXT)
        return asked + self._head("assistant")

    def situation(self, question: Question | None) -> Tokens:
        """The situation that a question is about, as the answer to it: desire, observation, options; ``UNCLEAR`` for
        ``None``.
        """
        if question is None:
            return self._body("assistant", UNCLEAR, Role.SITUATION)
        parts = (question.desire, question.observation, *question.options)
        if any(PART.strip() in part for part in parts):
            raise BadSetting(
                f"a question's situation has {PART.strip()!r} in it, which is what stands between its parts"
            )
        return self._body("assistant", PART.join(parts), Role.SITUATION)

    def action_alone(self, action: str) -> Tokens:
        """An action as a conversation of its own, as the latent dynamics read it."""
        return self._message("assistant", action, Role.ACTION)

    def outcome_alone(self, text: str) -> Tokens:
        """An outcome's text as a conversation of its own."""
        return self._message("user", text, Role.OUTCOME)

    def episode(self, episode: Episode, steps: int | None = None) -> Tokens:
        """The whole episode, or its first ``steps`` steps; a step without outcome text ends it."""
        tokens = self.opening(episode.desire, episode.observation)
        ids, roles = list(tokens.ids), list(tokens.roles)
        for step in episode.steps[:steps]:
            for part in (self.action(step.action), self.outcome(step)):
                ids += part.ids
                roles += part.roles
        return Tokens(ids, roles)

    def history(self, desire: str, observation: str, steps: Sequence[Step], action: str) -> Tokens:
        """The context in which the outcome of ``action`` is predicted."""
        return self.so_far(desire, observation, steps) + self.action(action)

    def so_far(self, desire: str, observation: str, steps: Sequence[Step]) -> Tokens:
        """What was lived through, up to where the next action is due."""
        tokens = self.opening(desire, observation)
        for step in steps:
            tokens = tokens + self.action(step.action) + self.outcome(step)
        return tokens

    def outcome_text(self, step: Step) -> str:
        """The outcome as it is predicted: the change or the observation, with the verdicts before or after it; what is
        longer than ``LONGEST_TOLD`` is cut there.
        """
        told = step.change if self.target == "change" else step.outcome
        if len(told) > LONGEST_TOLD:
            told = f"{told[:LONGEST_TOLD]} {LEFT_OUT}"
        return self.with_verdicts(told, step.progress, step.harm)

    def with_verdicts(self, text: str, progress: Progress, harm: Harm) -> str:
        """``text`` with the two verdicts in their fixed form."""
        verdicts = f"{PROGRESS_FORMS[progress]} {HARM_FORMS[harm]}"
        return f"{verdicts} {text}" if self.verdict == "before" else f"{text} {verdicts}"

    def read_outcome(self, text: str) -> Outcome:
        """Takes an outcome text apart again; a text without a verdict keeps ``None`` there."""
        progress = next((p for p, form in PROGRESS_FORMS.items() if form in text), None)
        harm = next((h for h, form in HARM_FORMS.items() if form in text), None)
        for form in (*PROGRESS_FORMS.values(), *HARM_FORMS.values()):
            text = text.replace(form, "")
        return Outcome(" ".join(text.split()), progress, harm)

    def plain(self, text: str) -> list[int]:
        """The tokens of a text in which nothing is a marker; lone surrogates are ``?``."""
        return self._plain(text.encode("utf-8", "replace").decode())

    @property
    def end_ids(self) -> tuple[int, ...]:
        """What closes an outcome: generation stops at the first of these."""
        return self._frames["user"].close

    def verdict_ids(self) -> tuple[list[list[int]], list[list[int]]]:
        """Token ids of the three progress forms and of the two harm forms, as they stand in an outcome."""
        frame = self._frames["user"]
        gap, lead = (frame.space, frame.lead) if self.verdict == "before" else (" ", "")
        progress = [self._plain(lead + gap + form)[len(self._plain(lead)) :] for form in PROGRESS_FORMS.values()]
        return progress, [self._plain(" " + form) for form in HARM_FORMS.values()]

    # ---- pieces ---------------------------------------------------------------------------------------------------
    def _aside(self, text: str) -> Tokens:
        """A turn of both sides that is no part of the episode."""
        tokens = Tokens()
        for who, other in (("assistant", "user"), ("user", "assistant")):
            tokens = tokens + self._body(who, text, Role.CONTEXT) + self._head(other)
        return tokens

    def _message(self, who: str, text: str, role: Role) -> Tokens:
        return self._head(who) + self._body(who, text, role)

    def _head(self, who: str) -> Tokens:
        """The message's special head; its plain lead is encoded together with the text, as the tokenizer would."""
        ids = [*self._frames[who].head, *self._leads[who]]
        return Tokens(ids, [Role.CONTEXT] * len(ids))

    def _body(self, who: str, text: str, role: Role) -> Tokens:
        ids = self._encode(who, text)
        close = self._frames[who].close
        return Tokens([*ids, *close], [role] * (len(ids) + len(close)))

    def _encode_message(self, who: str, text: str) -> tuple[int, ...]:
        text = text.encode("utf-8", "replace").decode()
        frame, before = self._frames[who], self._leads[who]
        ids = self._plain(frame.lead + frame.space + text)
        if ids[: len(before)] == before:
            return tuple(ids[len(before) :])
        # the lead would merge with this text; it is kept apart so that prefixes stay shared
        return tuple(self._plain(frame.space + text))

    def _plain(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return ids


def _frames(tokenizer: Any) -> dict[str, _Frame]:
    """Reads the template's framing off one rendered conversation with known contents."""
    if not getattr(tokenizer, "chat_template", None):
        raise BadSetting(
            "the tokenizer has no chat template; set tokenizer.chat_template (system, user and assistant) first"
        )
    turns = [("system", "qqs"), ("user", "qqu"), ("assistant", "qqa"), ("user", "qqv"), ("assistant", "qqb")]
    text = tokenizer.apply_chat_template([{"role": r, "content": c} for r, c in turns], tokenize=False)
    pieces = re.split("qqs|qqu|qqa|qqv|qqb", text)
    if len(pieces) != 6 or pieces[2] != pieces[4]:
        raise BadSetting("this chat template does not frame user and assistant messages alike in every turn")
    special = {token for token in tokenizer.all_special_tokens if token}
    split = re.compile("(" + "|".join(re.escape(t) for t in sorted(special, key=len, reverse=True)) + ")")
    frames: dict[str, _Frame] = {}
    before = {"system": pieces[0], "user": pieces[1], "assistant": pieces[2]}
    after = {"system": pieces[1], "user": pieces[2], "assistant": pieces[3]}
    for who in before:
        parts = [part for part in split.split(after[who]) if part]
        if not parts or parts[0] not in special:
            raise BadSetting(f"this chat template does not end a {who} message with a special token")
        close = tokenizer.convert_tokens_to_ids(parts[0])
        opening = before[who] if who == "system" else before[who].removeprefix(parts[0])
        parts = [part for part in split.split(opening) if part]
        lead = parts.pop() if parts and parts[-1] not in special else ""
        head: list[int] = []
        for part in parts:
            if part in special:
                head.append(tokenizer.convert_tokens_to_ids(part))
            else:
                head += tokenizer(part, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        space = " " if lead.endswith(" ") else ""
        frames[who] = _Frame(tuple(head), lead.removesuffix(" "), space, (close,))
    return frames
