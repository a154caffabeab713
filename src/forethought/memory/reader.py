"""``Reader``: a causal language model that answers from what was recalled, by a decode loop of its own.

What it reads is counted and never longer than the model's positions: facts that do not fit are left out, worst first,
of a history the oldest turns. The state after a history (keys and values, or recurrent) is kept, so that later
questions about it, and longer ones that begin like it, read only what is new.

Shapes: R rows, V vocabulary.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch
from torch import nn

from forethought.errors import BadSetting, UnknownName
from forethought.memory import checks
from forethought.memory.budget import Fitted, fit
from forethought.memory.prompt import INSTRUCTION, MODES, FactOrder, Format, Mode, Prompt, Told, facts_of, ordered
from forethought.memory.turns import Said, Turn
from forethought.memory.writing import Ended, write
from forethought.models.decoding import Rows
from forethought.models.scan import MIXERS, enable_stateful_scan
from forethought.models.state import State, restore, snapshot

DEFAULT_MODE: Mode = "fresh"
"""The mode of a reader where none is named; docs/decisions/0018 says why."""
CHUNK = 2048
"""Tokens that one row reads at once."""
TOGETHER = 16_384
"""Tokens, padding included, that are read at once in a batch."""
LEAST = 16
"""Tokens of a question for which there has to be room."""
WORTH_KEEPING = 64
"""Tokens of a history below which its state is not kept."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer and what it took.

    ``tokens_read`` is the prompt's size; ``tokens_kept`` of it came from a kept state. ``left_out`` counts facts and
    turns for which there was no room. In a batch ``seconds`` is the row's share.
    """

    text: str
    tokens_read: int
    seconds: float
    tokens_written: int = 0
    tokens_kept: int = 0
    left_out: int = 0
    ended: Ended = Ended.DONE


class Reader:
    """A causal language model of Hugging Face, or a ``Model``, that answers questions from memory; greedy.

    ``mode`` is ``fresh``, ``jrt``, ``gist`` or ``full`` (``prompt.MODES``). ``max_tokens`` bounds prompt and answer
    together; without it the model's positions do, and a recurrent model has no bound. ``window_tokens`` is how much of
    a history ``gist`` reads. ``order``: the fact that is worth most stands last, next to the question, or facts stand
    as they were said. Raises ``BadSetting`` where the bound leaves no room, ``UnknownName`` for another mode or order.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any = None,
        mode: Mode | None = None,
        *,
        max_new_tokens: int = 64,
        max_tokens: int | None = None,
        window_tokens: int = 512,
        instruction: str = INSTRUCTION,
        keep: int = 1,
        order: FactOrder = "worth",
    ) -> None:
        self.lm = getattr(model, "lm", model)
        self.tokenizer: Any = getattr(model, "tokenizer", None) if tokenizer is None else tokenizer
        if not isinstance(self.lm, nn.Module):
            raise BadSetting(
                f"got {model!r} as a model; expected a forethought Model, or a causal language model of transformers; "
                "Reader.open() takes a folder"
            )
        if not callable(self.tokenizer):
            raise BadSetting(
                f"a {type(model).__name__} came without its tokenizer; give both: Reader(model, tokenizer)"
            )
        for what, number, fewest in (("window_tokens", window_tokens, 0), ("keep", keep, 0)):
            checks.whole(what, number, fewest)
        checks.whole("max_new_tokens", max_new_tokens)
        self.mode: Mode = DEFAULT_MODE if mode is None else mode
        if self.mode not in MODES:
            raise UnknownName.of("reader mode", mode, MODES)
        if order not in get_args(FactOrder):
            raise UnknownName.of("order of facts", order, get_args(FactOrder))
        self.order: FactOrder = order
        self.format = Format(self.tokenizer, instruction)
        self.max_new_tokens, self.window_tokens, self.keep = max_new_tokens, window_tokens, keep
        self.max_tokens = bound(self.lm, max_tokens)
        least = len(self.format.render(self.mode, "").ids) + LEAST
        if any(type(module).__name__ in MIXERS for module in self.lm.modules()):
            enable_stateful_scan(self.lm)
        self.lm.eval()
        self._pad = self.tokenizer.pad_token_id or 0
        self._stops = self.format.stops | _ends(self.lm)
        self._kept: dict[tuple[int, ...], State] = {}
        if max_new_tokens < 1 or self._room() < least:
            raise BadSetting(
                f"max_new_tokens={max_new_tokens} of {self.max_tokens} tokens leave no room for a question; "
                f"expected at least 1, and {least} for the prompt: a larger max_tokens or a smaller max_new_tokens"
            )

    @classmethod
    def open(cls, source: str | Path, mode: Mode | None = None, **settings: Any) -> Reader:
        """A reader of the model in a folder or, where it can be had, of a hub id; weights in float32.

        Raises ``Damaged`` where there is none.
        """
        from forethought.models.model import load

        return cls(*load(source), mode, **settings)

    def answer(
        self,
        question: str,
        passage: Told = None,
        history: Sequence[Turn | Said] = (),
        *,
        on_text: Callable[[str], None] | None = None,
    ) -> Reading:
        """The answer to one question; ``on_text`` is called with each piece of it as it is written."""
        started = time.perf_counter()
        fitted = self.fit(question, passage, history)
        with torch.inference_mode():
            rows, kept = self._read(fitted.prompt)
            found = self._write(rows, on_text)[0]
        return self._reading(found, fitted, kept, time.perf_counter() - started)

    def answer_all(
        self,
        questions: Sequence[str],
        passages: Sequence[Told] | None = None,
        histories: Sequence[Sequence[Turn | Said]] | None = None,
    ) -> list[Reading]:
        """The answers to several questions, those of about one length read together; the same as one by one."""
        questions = checks.texts("the questions", questions)
        passages = [None] * len(questions) if passages is None else passages
        histories = [()] * len(questions) if histories is None else histories
        if not len(questions) == len(passages) == len(histories):
            raise BadSetting(
                f"got {len(questions)} questions, {len(passages)} passages and {len(histories)} histories; expected as "
                "many of each"
            )
        told = zip(questions, passages, histories, strict=True)
        fitted = [self.fit(question, passage, history) for question, passage, history in told]
        readings: dict[int, Reading] = {}
        for group in _groups([f.prompt for f in fitted]):
            started = time.perf_counter()
            with torch.inference_mode():
                if len(group) == 1:
                    rows, kept = self._read(fitted[group[0]].prompt)
                else:
                    rows, kept = Rows(self.lm, self._pad, [fitted[i].prompt.ids for i in group]), 0
                found = self._write(rows)
            share = (time.perf_counter() - started) / len(group)
            readings |= {i: self._reading(f, fitted[i], kept, share) for i, f in zip(group, found, strict=True)}
        return [readings[i] for i in range(len(questions))]

    def prompt(self, question: str, passage: Told = None, history: Sequence[Turn | Said] = ()) -> list[int]:
        """The tokens that the model would read; to train a reader on, append the answer's tokens."""
        return self.fit(question, passage, history).prompt.ids

    def fit(self, question: str, passage: Told = None, history: Sequence[Turn | Said] = ()) -> Fitted:
        """The prompt within the bound, and how many facts and turns were left out."""
        checks.question(question)
        if not all(isinstance(turn, Turn | Said) for turn in history):
            raise BadSetting("got a history that holds something else than turns; expected a list of Turn or Said")
        facts = [] if self.mode == "full" else ordered(facts_of(passage), self.order, question)
        return fit(self.format, self.mode, question, facts, history, self._room(), self.window_tokens)

    # --- states ---

    def read(self, history: Sequence[Turn | Said]) -> State:
        """The state after a history (modes ``gist`` and ``full``), to be saved and used again; it is kept here too."""
        ids = self._prefix(history)
        with torch.inference_mode():
            rows = Rows(self.lm, self._pad, [ids[:CHUNK]])
            if rows.alone:  # no snapshot holds RWKV's list of states
                raise BadSetting(f"the state of a {type(self.lm).__name__} cannot be kept; ask without reading before")
            _read_on(rows, ids[CHUNK:])
            state = snapshot(self.lm, rows.cache, ids, tokenizer=self.tokenizer, logits_RV=rows.logits_RV)
        self._keep(tuple(ids), state)
        return state

    def use(self, state: State, history: Sequence[Turn | Said]) -> None:
        """Take a state that ``read`` made of the same history; raises ``WrongState`` for any other model or text."""
        ids = self._prefix(history)
        restore(self.lm, state, ids, tokenizer=self.tokenizer)
        self._keep(tuple(ids), state)

    def _prefix(self, history: Sequence[Turn | Said]) -> list[int]:
        prompt = self.fit("?", None, history).prompt
        if self.mode not in ("gist", "full") or not history:
            raise BadSetting(
                f"mode {self.mode!r} keeps no state of {len(history)} turns; expected gist or full, and some"
            )
        return prompt.ids[: prompt.prefix]

    def _keep(self, ids: tuple[int, ...], state: State) -> None:
        self._kept.pop(ids, None)
        self._kept[ids] = state
        while len(self._kept) > max(self.keep, 0):
            self._kept.pop(next(iter(self._kept)))

    def _read(self, prompt: Prompt) -> tuple[Rows, int]:
        """One row at its prompt's end, and how many of its tokens came from a kept state."""
        ids, begun, kept = prompt.ids, None, 0
        prefix = prompt.prefix if self.mode in ("gist", "full") and prompt.prefix >= WORTH_KEEPING else 0
        for known in self._kept if prefix else ():
            if kept < len(known) <= prefix and tuple(ids[: len(known)]) == known:
                begun, kept = known, len(known)
        if begun is not None:
            state = self._kept[begun]
            assert state.logits_RV is not None
            rows = Rows.resumed(self.lm, self._pad, [begun], restore(self.lm, state), state.logits_RV)
            place = kept
        else:
            place = min(CHUNK, prefix or len(ids))
            rows = Rows(self.lm, self._pad, [ids[:place]])
        if prefix and self.keep > 0:
            _read_on(rows, ids[place:prefix])
            if prefix - kept >= WORTH_KEEPING and not rows.alone:
                self._keep(tuple(ids[:prefix]), snapshot(self.lm, rows.cache, logits_RV=rows.logits_RV))
            place = prefix
        _read_on(rows, ids[place:])
        return rows, kept

    # --- writing ---

    def _write(self, rows: Rows, on_text: Callable[[str], None] | None = None) -> list[tuple[list[int], Ended]]:
        ends = self._stops.__contains__
        return write(rows, self.max_new_tokens, ends, self._is_over, self._text, on_text)

    def _is_over(self, ids: list[int]) -> bool:
        """Whether a plain prompt's answer has had its line."""
        return not self.format.templated and "\n" in self._text(ids)

    def _text(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=True)).lstrip()

    def _reading(self, found: tuple[list[int], Ended], fitted: Fitted, kept: int, seconds: float) -> Reading:
        ids, ended = found
        text = self._text(ids).strip()
        return Reading(text, len(fitted.prompt.ids), seconds, len(ids), kept, fitted.left_out, ended)

    def _room(self) -> float:
        """Tokens that a prompt may have, beside its own fixed text."""
        return float("inf") if self.max_tokens is None else self.max_tokens - self.max_new_tokens


def bound(lm: Any, wanted: int | None) -> int | None:
    """Tokens of prompt and answer: what is wanted, within the model's positions; ``None`` where there is no bound."""
    config = getattr(lm, "config", None)
    positions = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None)
    wanted = None if wanted is None else checks.whole("max_tokens", wanted)
    bounds = [int(bound) for bound in (wanted, positions) if bound is not None]
    return min(bounds, default=None)


def _ends(lm: Any) -> frozenset[int]:
    """The tokens with which the model's own settings end a text."""
    told = getattr(getattr(lm, "generation_config", None), "eos_token_id", None)
    return frozenset([told] if isinstance(told, int) else told or ())


def _read_on(rows: Rows, ids: Sequence[int]) -> None:
    """Reads more of a single row, a chunk at a time."""
    for start in range(0, len(ids), CHUNK):
        rows.read([ids[start : start + CHUNK]])


def _groups(prompts: Sequence[Prompt]) -> Iterator[list[int]]:
    """Which prompts are read together: about equally long ones, and none whose history's state is worth keeping."""
    group: list[int] = []
    for i in sorted(range(len(prompts)), key=lambda i: len(prompts[i].ids)):
        size = len(prompts[i].ids)
        if size > CHUNK or prompts[i].prefix >= WORTH_KEEPING:
            yield [i]
            continue
        if group and size * (len(group) + 1) > TOGETHER:
            yield group
            group = []
        group.append(i)
    if group:
        yield group
