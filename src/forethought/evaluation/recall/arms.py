"""Ways to answer a question about a conversation, each with the same reader and the same budget of tokens to read."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from forethought.evaluation.recall import retrieval
from forethought.evaluation.recall.conversation import Conversation, Item, Spoken
from forethought.evaluation.recall.prompt import abstains, contains, is_right, once, passage
from forethought.evaluation.recall.reader import Past, Reader
from forethought.evaluation.recall.tasks import NOT_TOLD
from forethought.evaluation.recall.words import tokens
from forethought.memory import Memory, Said
from forethought.memory.embed import Embedder, choose
from forethought.memory.passage import Passage
from forethought.memory.prompt import ordered

Row = dict[str, Any]
Order = Callable[[Item], Sequence[int]]
"""The places of the turns that a question needs, best first."""
TOP, PICKED, APPENDED = 10, 50, 64
CITATION = re.compile(r"^\[\d+\]( \d{4}-\d\d-\d\d \d\d:\d\d)? |( \(later corrected in \[\d+\]\))", re.MULTILINE)
RECALLED = ("ours", "jrt", "gist", "worth")
"""The arms that read what ``Memory.recall`` gives back."""
FINDING = ("bm25", "dense", "rag", "ours")
"""The arms that look turns up; they can be measured without a reader."""
READING = {
    "bare": "the whole history goes through the recurrent reader's state",
    "window": "the same state, then the last turns once more (a Transformer: the last turns alone)",
    "full": "a Transformer reads the whole history",
    "oprm": "each chunk is read on its own, and the surest one answers (arXiv:2505.07793)",
    "oracle": "the evidence turns alone",
}
ABOUT = {
    **READING,
    "bm25": "turns by SQLite's BM25, as many as the budget allows",
    "dense": "turns by the cosine of sentence vectors",
    "rag": "both, fused by reciprocal rank",
    "ours": "what Memory.recall gives back",
    "jrt": "the question, what Memory.recall gives back, the question again (arXiv:2407.05483)",
    "gist": "the last turns, half of the budget, then what Memory.recall gives back",
    "worth": "what Memory.recall gives back, the line that is worth most last",
}
ARMS = tuple(ABOUT)
FULL_MOST = 16_384
"""Tokens of the longest history that a Transformer reads: twice the tokens cost four times as much."""


class Bench:
    """One conversation and all that is made from it: a memory, indexes, what a reader remembers of it."""

    def __init__(self, talk: Conversation, budget: int = 256, embed: str | Embedder | None = None) -> None:
        self.talk, self.budget = talk, budget
        self.embedder = choose(embed)
        self._folder = TemporaryDirectory(prefix="recall-")
        self._heard: tuple[str, Past] | None = None
        self._chunks: tuple[str, list[Past]] | None = None

    def close(self) -> None:
        """Removes what was made."""
        if "memory" in vars(self):
            self.memory.close()
        self._folder.cleanup()

    @cached_property
    def texts(self) -> list[str]:
        """What the turns say."""
        return [turn.text for turn in self.talk.turns]

    @cached_property
    def lines(self) -> list[str]:
        """The turns as they are read."""
        return list(map(str, self.talk.turns))

    @cached_property
    def stored(self) -> Row:
        """What keeping the conversation took: milliseconds of the last single appends, and bytes."""
        size = self.memory.stats()
        about = ("turns", "raw_bytes", "text_bytes", "turn_bytes", "index_bytes")
        return {"append_ms": self._append_ms, **{name: getattr(size, name) for name in about}}

    @cached_property
    def memory(self) -> Memory:
        """The conversation in a memory, indexed; the last turns were appended one by one."""
        memory = Memory.open(Path(self._folder.name, "memory.sqlite"), embed=self.embedder or "lexical")
        turns = self.talk.turns
        single = min(APPENDED, len(turns) // 2)
        memory.extend(Said(turn.speaker, turn.text) for turn in turns[: len(turns) - single])
        self._append_ms: list[float] = []
        for turn in turns[len(turns) - single :]:
            started = time.perf_counter()
            memory.append(turn.speaker, turn.text, at=None)
            self._append_ms.append(1e3 * (time.perf_counter() - started))
        memory.index()
        memory.search("What is warm now?")
        return memory

    @cached_property
    def bm25(self) -> retrieval.Scorer:
        """BM25 of the turns."""
        return retrieval.fts5(self.texts)

    @cached_property
    def dense(self) -> retrieval.Scorer:
        """Cosines with the turns' vectors."""
        if self.embedder is None:
            self.embedder = choose("wordllama")
        assert self.embedder is not None
        return retrieval.cosine(self.embedder, self.texts)

    def order(self, arm: str) -> Order:
        """How an arm orders turns: by the question with what was said before it."""
        orders: dict[str, Callable[[], retrieval.Order]] = {
            "bm25": lambda: retrieval.by(self.bm25),
            "dense": lambda: retrieval.by(self.dense),
            "rag": lambda: retrieval.reciprocal(self.bm25, self.dense),
        }
        if arm == "ours":
            return self._ours
        found = orders[arm]()
        return lambda item: found(" ".join([*item.said, item.question]))

    def ready(self, arm: str) -> Order | None:
        """How an arm orders turns, with its indexes made, so that none is made while time is taken."""
        if arm == "ours":
            self.memory.threshold  # noqa: B018
        return self.order(arm) if arm in FINDING else None

    def _ours(self, item: Item) -> Sequence[int]:
        return [found.turn.id - 1 for found in self.memory.search(item.question, TOP, said=item.said)]

    # --- finding ---

    def find(self, arm: str, item: Item) -> Row:
        """Whether an arm finds a question's evidence, how long it took, and (``ours``) whether the memory abstains."""
        order = self.ready(arm)
        assert order is not None, arm
        started = time.perf_counter()
        best = list(order(item)[:TOP])
        row: Row = {"ms": 1e3 * (time.perf_counter() - started)}
        if item.evidence:
            evidence = frozenset(item.evidence)
            row |= dict(zip(retrieval.EVIDENCE, retrieval.evidence_found(best, evidence), strict=True))
            row["passage"] = float(evidence <= self.given(arm, item, tokens).keys())
        if arm == "ours":
            row["abstains"] = self.recalled(item, tokens).abstain
        return row

    # --- reading ---

    def read(self, arm: str, item: Item, reader: Reader) -> Row:
        """What a reader answers to a question by an arm, whether that is right, and what it read."""
        self.ready(arm)
        started = time.perf_counter()
        told, read = self._told(arm, item, reader)
        right = is_right(told, item.answer)
        ms = 1e3 * (time.perf_counter() - started)
        row = {"told": told, "right": float(right), "contained": float(contains(told, item.answer))}
        return {**row, "abstains": abstains(told), "tokens": read, "answer_ms": ms}

    def _told(self, arm: str, item: Item, reader: Reader) -> tuple[str, int]:
        said = passage(item.before)
        if arm in ("bare", "full") or (arm == "window" and reader.recurrent):
            again = self.window(reader.count) if arm == "window" else ""
            asked = reader.ask(reader.go_on(self.heard(reader), again + said), item.question)
            return reader.tell(asked), asked.tokens
        if arm == "oprm":
            chunks = [reader.go_on(chunk, said) for chunk in self.chunks(reader)]
            return reader.best_chunk(chunks, item.question, NOT_TOLD)
        return reader.answer(self.passage(arm, item, reader.count), item.question)

    def heard(self, reader: Reader) -> Past:
        """The whole history, read once."""
        if self._heard is None or self._heard[0] != reader.name:
            self._heard = reader.name, reader.begin(passage(self.talk.turns))
        return self._heard[1]

    def chunks(self, reader: Reader) -> list[Past]:
        """The history in chunks, each read on its own."""
        if self._chunks is None or self._chunks[0] != reader.name:
            self._chunks = reader.name, reader.chunks(passage(self.talk.turns), self.budget)
        return self._chunks[1]

    def window(self, count: Callable[[str], int], share: float = 1.0) -> str:
        """The last turns that the budget holds, or a share of it."""
        turns = range(len(self.talk.turns) - 1, -1, -1)
        places = retrieval.fitted(self.lines, turns, round(share * self.budget), count)
        return passage(self.talk.turns[place] for place in places)

    def passage(self, arm: str, item: Item, count: Callable[[str], int]) -> str:
        """What an arm gives to read before the question, what was said just before it included."""
        said = passage(item.before)
        if arm == "window":
            return self.window(count) + said
        if arm == "gist":
            return self.window(count, 0.5) + said + passage(self.given(arm, item, count).values())
        first = once(item.question) if arm == "jrt" else ""
        return first + passage(self.given(arm, item, count).values()) + said

    def given(self, arm: str, item: Item, count: Callable[[str], int]) -> dict[int, Spoken]:
        """The lines that an arm gives to read for a question, by their places, as they are read: in the order in which
        they were said, or (``worth``) as the memory's reader gets them, the best one last.
        """
        turns = self.talk.turns
        if arm in RECALLED:
            found = self.recalled(item, count)
            lines = ordered(found.lines, "worth" if arm == "worth" else "time", item.question)
            return {line.turn.id - 1: Spoken(line.turn.speaker, line.text) for line in lines}
        if arm == "oracle":
            places: Sequence[int] = item.evidence or range(max(0, len(turns) - 3), len(turns))
        else:
            places = retrieval.fitted(self.lines, self.order(arm)(item)[:PICKED], self.budget, count)
        return {place: turns[place] for place in places}

    def recalled(self, item: Item, count: Callable[[str], int]) -> Passage:
        """What ``Memory.recall`` gives back for a question."""
        return self.memory.recall(item.question, self.budget, said=item.said, count=uncited(count))


def uncited(count: Callable[[str], int]) -> Callable[[str], int]:
    """Counts the tokens of recalled lines without their citations, which no reader reads."""
    return lambda lines: count(CITATION.sub("", lines))


def possible(arm: str, reader: Reader | None, tokens: int, most: int = FULL_MOST) -> bool:
    """Whether an arm can be measured: with this reader, on a history of so many tokens."""
    if reader is None:
        return arm in FINDING
    if arm == "bare":
        return reader.recurrent
    if arm == "full":
        return not reader.recurrent and tokens <= min(most, reader.most or most)
    return not (arm == "oprm" and not reader.recurrent and tokens > most)
