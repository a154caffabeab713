"""``Memory``: conversations kept word for word, and the passage that a question needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from forethought.errors import BadSetting, Busy, Damaged, NoSpace
from forethought.memory import checks, forgetting, salvage, transfer, upkeep
from forethought.memory import index as settings
from forethought.memory.embed import Embedder, choose
from forethought.memory.index import Index
from forethought.memory.passage import Passage, build, count_tokens, order, text_of
from forethought.memory.search import Ranking, Search
from forethought.memory.stems import Words
from forethought.memory.store import Store
from forethought.memory.turns import Said, Turn, read_time
from forethought.memory.upkeep import Stats

if TYPE_CHECKING:
    from forethought.memory.chat import Chat

WAITING = 256
"""Turns that are kept before they are indexed without being asked for."""
THRESHOLD = 0.25
"""Confidence below which a passage advises to abstain; ``calibrate`` sets a memory's own."""
PICKED = 50
"""Turns that a passage is chosen from."""


@dataclass(frozen=True, slots=True)
class Found:
    """One turn that a question found, and its score."""

    turn: Turn
    score: float


class Memory:
    """A memory of conversations in one file; several processes may use it at once.

    ``Memory.open(path)`` makes it where there is none. What ``append`` and ``extend`` return is on the disk.
    """

    def __init__(self, store: Store, embedder: Embedder | None) -> None:
        self._store = store
        self._index = Index(store, embedder)
        self._words = Words()
        self._search = Search(self._index, self._words)
        self._unindexed = 0

    @classmethod
    def open(cls, path: Path | str, embed: str | Path | Embedder | None = None) -> Memory:
        """The memory in the file at ``path``.

        ``embed``: None takes wordllama where it is installed (extra ``embed``), else words alone; "lexical",
        "wordllama", the folder of a sentence-transformers model, or an ``Embedder``. Raises ``Damaged`` for a file that
        is no memory (it stays as it was), ``BadSetting``, ``NotWritable``, ``NoSpace``, ``Busy``,
        ``MissingExtra``.
        """
        embedder = choose(embed)  # before a file is made
        return cls(Store(checks.path("the file of a memory", path)), embedder)

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._store.path

    @property
    def found_by(self) -> str:
        """How turns are found: "lexical", or with whose vectors too."""
        return self._index.name

    # --- keeping ---

    def append(self, speaker: str, text: str, *, at: datetime | str | None = "now", conversation: str = "") -> int:
        """Keep one turn; its number. On the disk when it returns, or not kept at all.

        ``at``: when it was said, a datetime or ISO 8601 (UTC where it has no time zone; None: unknown). Raises
        ``BadSetting`` for a turn that cannot be kept, ``NoSpace``, ``Busy``.
        """
        if isinstance(at, str):
            at = datetime.now(UTC) if at == "now" else read_time(at)
        return self.extend([Said(speaker, text, at, conversation)])[0]

    def extend(self, said: Iterable[Said | Turn]) -> list[int]:
        """Keep many turns, another memory's too, all or none, in one write: much faster than one by one. Their
        numbers.
        """
        ids = self._store.extend(said)
        self._unindexed += len(ids)
        if WAITING <= self._unindexed <= 4 * WAITING:  # a large import waits for its first question
            with suppress(NoSpace, Busy, Damaged):  # the turns are kept: what waits is indexed later
                self._index.catch_up()
            self._unindexed = 0
        return ids

    def turns(self, conversation: str | None = None) -> Iterator[Turn]:
        """Every turn in the order in which it was kept, or those of one conversation."""
        return self._store.turns(conversation)

    def turn(self, number: int) -> Turn:
        """The turn with a number. Raises ``BadSetting`` where there is none."""
        found = self._store.get([checks.whole("a turn's number", number)])
        if number not in found:
            raise BadSetting(f"there is no turn {number} in {self.path}; it never was, or it was forgotten")
        return found[number]

    def latest(self, most: int, *, conversation: str | None = None, before: int | None = None) -> list[Turn]:
        """The last turns, of one conversation where it is named, in the order in which they were kept."""
        return self._store.latest(checks.whole("how many turns", most), conversation, before)

    def __len__(self) -> int:
        return self._store.count()

    # --- recalling ---

    def recall(
        self,
        question: str,
        budget_tokens: int = 512,
        *,
        asker: str = "user",
        conversation: str | None = None,
        before: int | None = None,
        without: Sequence[str] = (),
        said: Sequence[str] = (),
        at: datetime | None = None,
        count: Callable[[str], int] = count_tokens,
    ) -> Passage:
        """The passage that a question needs, of at most ``budget_tokens`` tokens as ``count`` counts them.

        ``asker`` is who "I" and "my" are in the question. Without a ``conversation`` all are searched. Turns from the
        number ``before`` on, and those of the speakers ``without``, are left out. ``said`` is what was said just
        before, oldest first: a question that points back ("what is its code?", "and hers?") is looked up with it.
        ``at`` is when the question is asked (UTC where it has no time zone), from which "yesterday" and "last May" are
        counted: without it, the newest turn's time. Raises ``BadSetting`` for what is none of these.
        """
        checks.whole("budget_tokens", budget_tokens, least=1)
        ranking = self._search.rank(question, asker, conversation, before, without, said, at)
        best = list(ranking.scores)[:PICKED]
        turns = self._read(ranking, [*best, *(ranking.previous[i] for i in best if i in ranking.previous)])
        lines, tokens = build(ranking, turns, self._words, budget_tokens, count)
        abstain = not lines or ranking.confidence < self.threshold
        return Passage(question, tuple(lines), text_of(lines), tokens, ranking.confidence, abstain, self.found_by)

    def search(
        self,
        question: str,
        most: int = 10,
        *,
        asker: str = "user",
        conversation: str | None = None,
        said: Sequence[str] = (),
        at: datetime | None = None,
    ) -> list[Found]:
        """The turns that a question needs, best first, at most ``most``; ``said`` and ``at`` as in ``recall``.

        Raises ``BadSetting`` for a bad question.
        """
        ranking = self._search.rank(question, asker, conversation, said=said, at=at)
        most = checks.whole("how many turns", most, least=0)
        turns = self._read(ranking, list(ranking.scores)[: max(PICKED, most)])
        best, _ = order(ranking, turns, self._words)
        return [Found(turns[number], score) for number, score in list(best.items())[:most]]

    def _read(self, ranking: Ranking, numbers: Sequence[int]) -> dict[int, Turn]:
        """Turns by their numbers, those that were not read on the way."""
        there = {number: ranking.turns[number] for number in numbers if number in ranking.turns}
        return there | self._store.get([number for number in dict.fromkeys(numbers) if number not in there])

    @property
    def threshold(self) -> float:
        """Confidence below which a passage advises to abstain."""
        with self._store.read() as connection:
            return float(settings.text(connection, "threshold") or THRESHOLD)

    def calibrate(self, answerable: Sequence[str], unanswerable: Sequence[str], asker: str = "user") -> float:
        """Set the threshold from held-out questions whose answer is, and is not, in the memory; returns it.

        It is the confidence that tells most of them apart, counting both kinds alike. Raises ``BadSetting`` for none.
        """
        answerable, unanswerable = checks.texts("questions", answerable), checks.texts("questions", unanswerable)
        if not answerable or not unanswerable:
            raise BadSetting("expected questions of both kinds, with and without an answer; at least one of each")
        yes = [self._search.rank(question, asker).confidence for question in answerable]
        no = [self._search.rank(question, asker).confidence for question in unanswerable]
        threshold = best_threshold(yes, no)
        with self._store.write() as connection:
            settings.put(connection, "threshold", threshold)
        return threshold

    # --- talking ---

    def chat(self, model: Any, tokenizer: Any = None, **settings: Any) -> Chat:
        """A conversation with a language model that recalls from here; ``Chat`` tells the settings.

        ``model``: a folder or hub id, a ``Reader``, a ``Model``, or a causal language model with its ``tokenizer``.
        """
        from forethought.memory.chat import Chat

        return Chat(self, model, tokenizer, **settings)

    # --- upkeep ---

    def index(self) -> int:
        """Index what waits, instead of at the next question; how many turns."""
        return self._index.catch_up()

    def stats(self) -> Stats:
        """How many turns, and what they take."""
        return upkeep.stats(self._store, self._index)

    def verify(self) -> list[str]:
        """What is wrong with the file, in words; nothing where all is well. Reads every turn."""
        return upkeep.verify(self._store)

    def compact(self) -> Stats:
        """Make the file smaller: texts in packs, with a dictionary trained on them. Nothing said is changed.

        An index that is damaged is made anew from the turns.
        """
        upkeep.compact(self._store, self._index)
        return self.stats()

    def forget(self, turns: Iterable[int] = (), *, conversation: str | None = None, speaker: str | None = None) -> int:
        """Remove turns for good: text, words, vectors, dictionaries that learned from them, free pages and WAL.

        By number, or all of a conversation, of a speaker, of a speaker in a conversation; how many (0 where nobody has
        that name). Raises ``BadSetting`` where nothing was named or a number is none of a turn, and ``Busy`` where
        another process holds the old state in use.
        """
        return forgetting.forget(self._store, self._index, turns, conversation, speaker)

    def export(self, path: Path | str) -> int:
        """Write every turn to a JSONL file or a pipe; how many. A file that is there keeps its mode."""
        return transfer.export(self._store, checks.path("the file to write", path))

    def import_(self, path: Path | str) -> int:
        """Keep the turns of a JSONL file or a pipe, all or none; how many. Raises ``Damaged``, naming the line."""
        return len(self.extend(transfer.read(checks.path("the file to read", path))))

    @staticmethod
    def salvage(damaged: Path | str, copy: Path | str) -> salvage.Salvaged:
        """Copy what can still be read of a damaged file into a new memory; the damaged file is only read."""
        return salvage.salvage(checks.path("the damaged file", damaged), checks.path("the file of the copy", copy))

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def best_threshold(yes: Sequence[float], no: Sequence[float]) -> float:
    """The value that parts two sets of confidences best (balanced accuracy), midway to the next one below."""
    values = sorted({0.0, *yes, *no})
    cuts = [0.0, *((a + b) / 2 for a, b in pairwise(values))]
    return max(cuts, key=lambda cut: sum(v >= cut for v in yes) / len(yes) + sum(v < cut for v in no) / len(no))
