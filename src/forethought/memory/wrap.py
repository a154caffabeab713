"""``with_memory``: one line that gives existing generation code a memory.

The model that it returns shares the weights of the one it got, which stays as it was. Its ``generate`` takes what it
always took and gives back what it always gave: the caller's tokens and the new ones. In between the model read more:
before the last message of the user it found what the memory recalls for it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MethodType
from typing import Any

import torch
from torch import Tensor

from forethought.errors import BadSetting
from forethought.memory import checks
from forethought.memory.budget import best
from forethought.memory.memory import Memory
from forethought.memory.passage import Passage
from forethought.memory.prompt import REMEMBERED, Format, facts_of, listed, ordered
from forethought.memory.reader import bound

ASKED = 2000
"""Characters, the last ones, of a question that are looked up."""
NEW = 20
"""New tokens that ``generate`` is taken to write where nothing says how many (transformers' default)."""


def with_memory(
    model: Any,
    tokenizer: Any,
    memory: Memory,
    *,
    budget_tokens: int = 512,
    keep: bool = True,
    speaker: str = "user",
    name: str = "assistant",
    conversation: str = "",
) -> Any:
    """A Hugging Face causal language model like ``model``, whose ``generate`` recalls; ``recalled`` says what.

    It recalls for the last message of the user in ``input_ids``, as the chat template frames one, or for the whole text
    where there is no template. With ``keep`` that message and the answer become turns of the memory. What does not fit
    the model's positions is left out. It does not look at earlier messages, stream the recalled text, shorten what it
    was given or change how tokens are chosen. Raises ``BadSetting`` for ``past_key_values`` and ``inputs_embeds``: they
    hold no text.
    """
    if not callable(getattr(model, "generate", None)):
        raise BadSetting(
            f"a {type(model).__name__} has no generate(); expected a causal language model of transformers (of a "
            "forethought Model: model.lm)"
        )
    if not isinstance(memory, Memory) or not callable(tokenizer):
        raise BadSetting(
            f"got a {type(tokenizer).__name__} as the tokenizer and a {type(memory).__name__} as the memory; expected "
            "with_memory(model, tokenizer, Memory.open(path))"
        )
    checks.whole("budget_tokens", budget_tokens, least=1)
    checks.two_names(speaker, name)
    remembering = copy.copy(model)  # shares every weight
    recall = _Recall(memory, tokenizer, budget_tokens, keep, speaker, name, conversation, bound(model, None))
    remembering.recalled = []
    remembering.generate = MethodType(
        lambda self, *given, **more: _generate(model, self, recall, *given, **more), remembering
    )
    return remembering


@dataclass
class _Recall:
    """Where a prompt's question is, and what is put before it."""

    memory: Memory
    tokenizer: Any
    budget: int
    keep: bool
    speaker: str
    name: str
    conversation: str
    positions: int | None
    form: Format = field(init=False)
    head: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.form = Format(self.tokenizer)
        self.head = self.form.user_head()

    def extended(self, ids: list[int], new: int) -> tuple[list[int], Passage | None, str]:
        """A prompt with what is recalled put in, the passage, and what was asked."""
        start, end = self._message(ids)
        asked = str(self.tokenizer.decode(ids[start:end], skip_special_tokens=True)).strip()
        if not asked:
            return ids, None, ""
        before = None
        if self.keep:
            before = self.memory.append(self.speaker, asked, conversation=self.conversation)
        count = lambda text: len(self.form.plain(text))  # noqa: E731
        passage = self.memory.recall(
            asked[-ASKED:], self.budget, asker=self.speaker, before=before, without=(self.name,), count=count
        )
        room = self.budget if self.positions is None else min(self.budget, self.positions - new - len(ids) - 16)
        facts = best(self.form, ordered(facts_of(passage), "worth", asked), room)
        told = self.form.plain(f"{REMEMBERED}\n{listed(facts)}\n") if facts else []
        if self.positions is not None and len(ids) + len(told) + new > self.positions:
            told = []
        return [*ids[:start], *told, *ids[start:]], passage, asked

    def _message(self, ids: list[int]) -> tuple[int, int]:
        """Where the last message of the user begins and ends; without a template's frame, all but an opening token."""
        size = len(self.head)
        for start in range(len(ids) - size, -1, -1) if size else ():
            if ids[start : start + size] == self.head:
                begin = start + size
                end = next((i for i in range(begin, len(ids)) if ids[i] in self.form.stops), len(ids))
                return begin, end
        return next((i for i, token in enumerate(ids) if token not in self.form.stops), len(ids)), len(ids)


class _Streamer:
    """Streams to the caller's streamer, the caller's prompt in place of the longer one."""

    def __init__(self, streamer: Any, prompt: Tensor) -> None:
        self._streamer, self._prompt = streamer, prompt.cpu()
        self._begun = False

    def put(self, tokens: Tensor) -> None:
        self._streamer.put(tokens if self._begun else self._prompt)
        self._begun = True

    def end(self) -> None:
        self._streamer.end()


@torch.no_grad()
def _generate(
    model: Any, remembering: Any, recall: _Recall, inputs: Any = None, generation_config: Any = None, **more: Any
) -> Any:
    """transformers' ``generate`` on prompts that were extended, with the callers' own prompts in what it returns."""
    for name in ("past_key_values", "inputs_embeds", "cache_params"):
        if more.get(name) is not None:
            raise BadSetting(f"generate() of a model with memory got {name}, which holds no text; give it input_ids")
    given = inputs if inputs is not None else more.pop("input_ids", None)
    if not isinstance(given, Tensor) or given.ndim != 2 or not given.numel() or given.is_floating_point():
        raise BadSetting("generate() of a model with memory expects input_ids, a tensor of (rows, tokens), not empty")
    mask = more.pop("attention_mask", None)
    rows = [_real(row, None if mask is None else mask[r]) for r, row in enumerate(given)]
    settings = [
        more,
        *(vars(c) for c in (generation_config, getattr(model, "generation_config", None)) if c is not None),
    ]
    found = [recall.extended(ids, _new(settings, len(ids))) for ids in rows]
    remembering.recalled = [passage for _, passage, _ in found]
    width = max(len(ids) for ids, _, _ in found)
    pad = recall.tokenizer.pad_token_id or 0
    longer = torch.tensor([[pad] * (width - len(ids)) + ids for ids, _, _ in found], device=given.device)
    seen = torch.tensor([[0] * (width - len(ids)) + [1] * len(ids) for ids, _, _ in found], device=given.device)
    if more.get("streamer") is not None:
        more["streamer"] = _Streamer(more["streamer"], given)
    told = _of_new_tokens(settings, given.shape[1])
    if generation_config is not None:  # the caller's own stays as it is
        more["generation_config"] = generation_config = copy.deepcopy(generation_config)
        vars(generation_config).update({name: told.pop(name) for name in [*told] if name not in more})
        if generation_config.pad_token_id is None:
            generation_config.pad_token_id = pad
    else:
        more.setdefault("pad_token_id", pad)
    more.update(told)
    for name in [name for name in told if told[name] is None]:
        del more[name]
    out = model.generate(longer, attention_mask=seen, **more)
    sequences = out if isinstance(out, Tensor) else out.sequences
    each = len(sequences) // len(rows)
    answers = sequences[:, width:]
    whole = torch.cat([given.repeat_interleave(each, 0), answers], dim=1)
    if recall.keep:
        _kept(recall, [asked for _, _, asked in found], answers[::each])
    if isinstance(out, Tensor):
        return whole
    out.sequences = whole
    return out


def _kept(recall: _Recall, asked: Sequence[str], answers: Tensor) -> None:
    for question, ids in zip(asked, answers, strict=True):
        text = str(recall.tokenizer.decode(ids, skip_special_tokens=True)).strip()
        if question and text:
            recall.memory.append(recall.name, text, conversation=recall.conversation)


def _real(row: Tensor, mask: Tensor | None) -> list[int]:
    """A row without its padding."""
    ids: list[int] = (row if mask is None else row[mask.bool()]).tolist()
    return ids


Settings = Sequence[dict[str, Any]]
"""What ``generate`` goes by: what it was given, before what its configs say."""


def _first(settings: Settings, name: str) -> int | None:
    return next((int(some[name]) for some in settings if some.get(name) is not None), None)


def _new(settings: Settings, length: int) -> int:
    """How many tokens are to be written."""
    new, most = _first(settings, "max_new_tokens"), _first(settings, "max_length")
    if new is not None:
        return new
    return NEW if most is None else max(1, most - length)


def _of_new_tokens(settings: Settings, length: int) -> dict[str, int | None]:
    """Settings of a whole text's length as ones of new tokens, which what is recalled does not change."""
    told: dict[str, int | None] = {}
    for most, new, least in (("max_length", "max_new_tokens", 1), ("min_length", "min_new_tokens", 0)):
        whole = _first(settings, most)
        if whole and _first(settings, new) is None:
            told |= {most: None, new: max(least, whole - length)}
    return told
