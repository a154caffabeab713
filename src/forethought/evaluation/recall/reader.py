"""A causal language model that reads a passage and answers; what it has read is kept, so that more can be asked.

Not the memory's ``Reader``: that one renders chats and goes on from a ``DynamicCache``, which RWKV does not have; this
one asks many questions of one past, and one question of many chunks at once.

Shapes: B batch, T tokens, V vocabulary.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from forethought.errors import BadSetting
from forethought.evaluation.recall.conversation import converse
from forethought.evaluation.recall.prompt import asking, once, passage, said
from forethought.models.scan import MIXERS, enable_stateful_scan

PIECE = 2048
"""Tokens that are read at once."""
HERE = "<here>"
ROOM = 256
"""Positions left for a question and its answer."""
LONGEST_ANSWER = 12
"""Tokens of an answer; a chat model that was not trained for it may use twice as many."""
RECURRENT = ("mamba", "mamba2", "falcon_mamba", "rwkv", "jamba", "falcon_h1", "zamba2", "bamba", "granitemoehybrid")
INSTRUCTION = (
    "Below are parts of a conversation. Answer the question with the value alone, or with 'not told' where they do not "
    "tell it.\n\n"
)
SHOWN = ("needle", "update", "abstain", "follow-up", "needle", "order")
"""Tasks of the worked examples that a chat model gets, about conversations of the training split."""


@dataclass(slots=True)
class Past:
    """What a reader has read: its cache, how many tokens, and the logits (B, V) after the last of them."""

    cache: Any
    tokens: int
    logits_BV: Tensor


class Reader:
    """Reads and answers greedily. ``recurrent`` says whether its past is a state of fixed size (hybrids count)."""

    def __init__(self, lm: Any, tokenizer: Any, name: str, trained: int = 0) -> None:
        self.lm, self.tokenizer, self.name, self.trained = lm.eval(), tokenizer, name, trained
        self.kind: str = lm.config.model_type
        self.recurrent = self.kind in RECURRENT
        self.chat = not trained and tokenizer.chat_template is not None
        self._head, self._tail = self._template() if self.chat else ("", "")
        self._shown: Past | None = None
        self._end = {lm.config.eos_token_id, tokenizer.eos_token_id, *self._ids("\n")[-1:]}

    @classmethod
    def load(cls, folder: Path) -> Reader:
        """The model in a folder; ``reader.json`` of ``benchmarks/recall_readers.py`` tells how it was trained."""
        from transformers import AutoModelForCausalLM, AutoTokenizer

        if not (folder / "config.json").is_file():
            raise BadSetting(f"{folder} is not the folder of a model: it has no config.json; name one that has")
        lm: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        if any(type(module).__name__ in MIXERS for module in lm.modules()):
            enable_stateful_scan(lm)
        told = folder / "reader.json"
        found = json.loads(told.read_text("utf-8")) if told.is_file() else {}
        name = str(found.get("kind", folder.name))
        return cls(lm, AutoTokenizer.from_pretrained(folder), name, int(found.get("trained_tokens", 0)))

    @property
    def most(self) -> int | None:
        """Positions that the model has left beside its worked examples; None where it has no limit of its own."""
        if self.recurrent or self.trained:
            return None
        positions = getattr(self.lm.config, "max_position_embeddings", None)
        return positions and positions - len(self._ids(self._head)) - ROOM

    def count(self, text: str) -> int:
        """Tokens of a text."""
        return len(self._ids(text))

    def _template(self) -> tuple[str, str]:
        """What the chat template puts before and after what a user says: worked examples first, in the same form."""
        last = {"role": "user", "content": f"{INSTRUCTION}{HERE}"}
        text = self.tokenizer.apply_chat_template([*examples(), last], tokenize=False, add_generation_prompt=True)
        head, _, tail = text.partition(HERE)
        return head, tail

    def _ids(self, text: str) -> list[int]:
        found: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return found

    # --- reading ---

    @torch.inference_mode()
    def read(self, ids_BT: Tensor, past: Past | None = None) -> Past:
        """Reads on; ``past`` is changed, not copied."""
        cache, before = (past.cache, past.tokens) if past else (None, 0)
        logits_BV = past.logits_BV if past else torch.zeros(len(ids_BT), 1)
        name = {"rwkv": "state", "mamba": "cache_params", "mamba2": "cache_params", "falcon_mamba": "cache_params"}
        key = name.get(self.kind, "past_key_values")
        for piece_BT in torch.split(ids_BT, PIECE, dim=1):
            given: dict[str, Any] = {key: cache} if cache is not None else {}
            if self.kind != "rwkv":
                given["logits_to_keep"] = 1
            found = self.lm(piece_BT, use_cache=True, **given)
            cache, logits_BV = getattr(found, key), found.logits[:, -1]
        return Past(cache, before + ids_BT.shape[1], logits_BV)

    def begin(self, text: str) -> Past:
        """Reads a passage; the worked examples before it are read once for all, and not counted."""
        if not self._head:
            return self.read(torch.tensor([self._ids(text) or self._ids("\n")]))
        if self._shown is None:
            self._shown = self.read(torch.tensor([self._ids(self._head)]))
            self._shown.tokens = 0
        return self.go_on(self._shown, text)

    def go_on(self, past: Past, text: str) -> Past:
        """Reads more on top of a copy of what was read, the same for all its rows; nothing where there is no more."""
        ids_1T = torch.tensor([self._ids(text)])
        return self.read(ids_1T.expand(len(past.logits_BV), -1), fork(past)) if text else past

    def chunks(self, text: str, size: int) -> list[Past]:
        """Reads each chunk of ``size`` tokens on its own, many at once; the last may be shorter."""
        ids = torch.tensor(self._ids(text))
        whole = len(ids) // size * size
        found = [self.read(part) for part in torch.split(ids[:whole].view(-1, size), 64)] if whole else []
        return found + ([self.read(ids[None, whole:])] if whole < len(ids) else [])

    # --- answering ---

    def ask(self, past: Past, question: str) -> Past:
        """Reads a question on top of a copy of what was read."""
        text = asking(question)
        if self.chat:
            text = f"\n{text.removesuffix('Answer:').rstrip()}{self._tail}Answer:"
        ids_1T = torch.tensor([self._ids(text)])
        return self.read(ids_1T.expand(len(past.logits_BV), -1), fork(past))

    def tell(self, asked: Past) -> str:
        """The greedy answer of one row; what was asked is changed."""
        told: list[int] = []
        most = LONGEST_ANSWER * (2 if self.chat else 1)
        while len(told) < most:
            token = int(asked.logits_BV[0].argmax())
            if token in self._end and told:
                break
            told.append(token)
            if len(told) < most:
                asked = self.read(torch.tensor([[token]]), asked)
        return str(self.tokenizer.decode(told, skip_special_tokens=True)).strip().removesuffix(".")

    def answer(self, text: str, question: str) -> tuple[str, int]:
        """The answer to a question after a passage, and how many tokens were read for it."""
        asked = self.ask(self.begin(text), question)
        return self.tell(asked), asked.tokens

    def best_chunk(self, chunks: Sequence[Past], question: str, idk: str) -> tuple[str, int]:
        """OPRM (Ben-Kish et al. 2025, arXiv:2505.07793): the answer from the chunk whose first answer token is the
        surest (least entropy), chunks that say ``idk`` left out where another is there; and the tokens read.
        """
        refusal = self._ids(f" {idk}")[0]
        best: tuple[bool, float, int, int] | None = None
        asked = [self.ask(chunk, question) for chunk in chunks]
        for number, rows in enumerate(asked):
            log_BV = rows.logits_BV.log_softmax(-1)
            entropy_B = -(log_BV.exp() * log_BV).sum(-1)
            refuses_B = rows.logits_BV.argmax(-1) == refusal
            for row in range(len(entropy_B)):
                key = bool(refuses_B[row]), float(entropy_B[row]), number, row
                best = key if best is None or key < best else best
        assert best is not None
        read = sum(rows.tokens * len(rows.logits_BV) for rows in asked)
        chosen = asked[best[2]]
        return self.tell(row_of(chosen, best[3])), read


def examples() -> list[dict[str, str]]:
    """Questions of the training split with their evidence and answers, as messages."""
    talk = converse(1500, [(task, 0.5) for task in SHOWN], "train", seed=3)
    messages = []
    for item in talk.items:
        told = passage(talk.turns[place] for place in item.evidence or range(3)) + passage(item.before)
        messages.append({"role": "user", "content": f"{INSTRUCTION}{told}\n{once(item.question)}".rstrip()})
        messages.append({"role": "assistant", "content": f"Answer: {said(item.answer)}"})
    return messages


def fork(past: Past) -> Past:
    """A copy that can be read on without changing the first."""
    with torch.inference_mode():
        return Past(copy.deepcopy(past.cache), past.tokens, past.logits_BV)


@torch.inference_mode()
def row_of(past: Past, row: int) -> Past:
    """One row of what was read."""
    one = fork(past)
    if isinstance(one.cache, list):  # RWKV's
        one.cache = [part[row : row + 1] for part in one.cache]
    else:
        one.cache.reorder_cache(torch.tensor([row]))
    return Past(one.cache, past.tokens, past.logits_BV[row : row + 1])
