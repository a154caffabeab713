"""Which turns a question needs: words and vectors, fused by reciprocal rank, aware of speakers, neighbours and time.

    lexical(t) = (BM25(t) + 0.3 BM25(previous) + 0.2 BM25(next)) * 1.5 if the question names t's speaker, * 1.5 if t's
    time
    score(t)   = 1 / (10 + rank in lexical) + w / (10 + rank in dense)
                 + 0.2 / (10 + rank by rare words) + 1.5 / (10 + rank in a lead) + 1 / (10 + rank in the asker's own)

``w`` is the embedder's. Rare words and leads are second hops (``hops``): few turns name somebody else who has what is
asked for, and what they lead to counts more than what was found first. The asker's own turns with "my" are looked up
where the question says "my". Reciprocal rank fusion: Cormack et al. 2009; here with
10 instead of 60, since only the first few count. A turn that asks what is asked brings the reply to it (``replies``).
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from forethought.memory import checks, frames, hops
from forethought.memory.confidence import chosen, confidence
from forethought.memory.index import Index
from forethought.memory.replies import replies, together
from forethought.memory.stems import Words
from forethought.memory.turns import from_milliseconds, to_milliseconds
from forethought.memory.when import Span, span
from forethought.memory.words import Question, indexed, of_speaker, take_apart

FOUND = 200
"""Turns that each way of finding contributes."""
BEFORE, AFTER, SPEAKER, TIME = 0.3, 0.2, 1.5, 1.5
RANK, HOP, LEAD, MINE = 10, 0.2, 1.5, 1.0
APART = timedelta(hours=6) // timedelta(milliseconds=1)
"""Turns further apart than this are no neighbours."""
OFTEN = 1000
"""Turns that may have a word, for it to be looked up whatever the memory's size."""
HOPPED, LEADING = 3, 10
"""Found turns whose rare words are looked up, and those that may lead to a name."""
ASKING = 20
"""Found turns of which those that ask bring the reply."""
MANY_NAMES = 2000

Row = tuple[int, int, int, int | None]
"""A turn's number, conversation, speaker and time."""
Scores = dict[int, float]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The turns found, best first with their scores; the question's parts; how sure it is (0 to 1) that they answer."""

    scores: Scores
    question: Question
    confidence: float
    previous: Mapping[int, int]
    """The turn before each found one, where there is one."""
    answered: Mapping[int, int]
    """The reply to each found turn that asks: it stands just before that turn, or higher."""


class Search:
    """Finds turns of one index."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._words = Words()
        self._speakers: dict[str, int] = {}
        self._speakers_seen = -1

    def rank(
        self,
        question: str,
        asker: str = "user",
        conversation: str | None = None,
        before: int | None = None,
        without: Sequence[str] = (),
    ) -> Ranking:
        """The turns that a question needs: of one conversation where it is named, before the turn ``before`` where
        there is one, and not those of the speakers ``without``. Raises ``BadSetting`` for what is none of these.
        """
        checks.question(question)
        checks.text("the asker", asker)
        if before is not None:
            checks.whole("'before', a turn's number,", before)
        without = checks.texts("the speakers to leave out", without)
        index = self._index
        index.catch_up()
        with index.store.read() as connection:
            speakers = self.speakers(connection)
            asked = take_apart(question, speakers, asker)
            within = _conversation(connection, conversation)
            days = span(question, _latest(connection))
            left_out = frozenset(speakers[name] for who in without if (name := indexed(who).lower()) in speakers)
            rows = _Rows(connection, within, before, left_out)
            counts, total = self._words.counts(connection, asked.words), _total(connection)
            told, weights = telling(counts, total), worth(counts, total)
            lexical = self._lexical(connection, rows, asked, told, days)
            dense = _prefer(rows, rows.around(index.by_vector(connection, question, FOUND)), asked, days)
            by_vector = index.embedder.weight if index.embedder else 0.0
            first = fuse((lexical, 1.0), (dense, by_vector))
            more = self._second(connection, rows, asked, list(first)[:LEADING], days, weights, total)
            if of_speaker(question):
                more.append((self._own(connection, rows, asked, speakers.get(indexed(asker).lower(), -1)), MINE))
            scores = fuse((lexical, 1.0), (dense, by_vector), *more)
            sure = self._confidence(rows, asked, list(scores), weights)
            best = index.store.get(rows.with_next(list(scores)[:ASKING]))
            pairs = replies(list(scores)[:ASKING], rows.following, best, asked.words, self._words.covered)
            return Ranking(together(scores, pairs), asked, sure, dict(rows.previous), pairs)

    def speakers(self, connection: sqlite3.Connection) -> dict[str, int]:
        """The names of who speaks, lower case, with their numbers (the first ones, where there are very many)."""
        newest = connection.execute("SELECT max(id) + count(*) + sum(speaks) FROM names").fetchone()[0] or 0
        if newest != self._speakers_seen:
            rows = connection.execute("SELECT name, id FROM names WHERE speaks=1 LIMIT ?", (MANY_NAMES,)).fetchall()
            self._speakers = {indexed(frames.unraw(name)).lower(): number for name, number in rows}
            self._speakers_seen = newest
        return self._speakers

    def _lexical(
        self, connection: sqlite3.Connection, rows: _Rows, asked: Question, words: Sequence[str], days: Span | None
    ) -> Scores:
        found = self._index.by_words(connection, words, FOUND)
        return _prefer(rows, rows.around(found), asked, days)

    def _second(
        self, connection: sqlite3.Connection, rows: _Rows, asked: Question, best: Sequence[int], days: Span | None,
        weights: Mapping[str, float], total: int,
    ) -> list[tuple[Scores, float]]:  # fmt: skip
        """What the best turns lead to, with weights: by their rarest words, and by the names that they lead to."""
        there = self._index.store.get(best)
        turns = [there[i] for i in best if i in there]
        count = partial(self._words.counts, connection)
        rare = hops.rare([turn.text for turn in turns[:HOPPED]], asked.words, self._speakers, count, total)
        found = [(self._lexical(connection, rows, asked, rare, days), HOP)]
        for lead in hops.leads(turns, asked, weights, self._speakers, self._words.covered):
            led = self._index.by_query(connection, lead.query, FOUND)
            near = rows.around(led)
            found.append(({turn: led[turn] for turn in [turn for turn in led if turn in near][: hops.LED]}, LEAD))
        return found

    def _own(self, connection: sqlite3.Connection, rows: _Rows, asked: Question, asker: int) -> Scores:
        """What the asker told of what is theirs."""
        found = self._index.by_query(connection, hops.own(asked.words), FOUND)
        near = rows.around(found)
        return {turn: found[turn] for turn in found if turn in near and rows.speaker(turn) == asker}

    def _confidence(self, rows: _Rows, asked: Question, found: Sequence[int], weights: Mapping[str, float]) -> float:
        """How sure it is that the found turns tell what is asked."""
        about = lambda turn: not asked.speakers or rows.speaker(turn) in asked.speakers  # noqa: E731
        mine, others = chosen(found, about)
        both = [*mine, *others]
        turns = self._index.store.get([*both, *(rows.previous[i] for i in both if i in rows.previous)])
        return confidence(mine, others, turns, rows.previous, weights, self._words.covered)


class _Rows:
    """Who, when and where of the turns that a search meets, each read once."""

    def __init__(
        self, connection: sqlite3.Connection, within: int | None, before: int | None, without: frozenset[int]
    ) -> None:
        self._connection, self._within = connection, within
        self._before, self._without = before, without
        self._rows: dict[int, Row | None] = {}
        self.previous: dict[int, int] = {}
        self.following: dict[int, int] = {}

    def speaker(self, turn: int) -> int:
        row = self._rows.get(turn)
        return row[2] if row else -1

    def at(self, turn: int) -> int | None:
        row = self._rows.get(turn)
        return row[3] if row else None

    def around(self, found: Scores) -> Scores:
        """Scores that neighbours share in, of turns of the wanted conversation."""
        self._read({near for turn in found for near in (turn - 1, turn, turn + 1)})
        scores: Scores = {}
        for turn, score in found.items():
            row = self._rows.get(turn)
            if row is None or (self._within is not None and row[1] != self._within):
                continue
            scores[turn] = scores.get(turn, 0.0) + score
            before, after = self._neighbour(row, -1), self._neighbour(row, 1)
            if before is not None:
                self.previous[turn], self.following[before] = before, turn
                scores[before] = scores.get(before, 0.0) + AFTER * score
            if after is not None:
                self.previous[after], self.following[turn] = turn, after
                scores[after] = scores.get(after, 0.0) + BEFORE * score
        return scores

    def with_next(self, turns: Sequence[int]) -> list[int]:
        """Turns, and those just after them."""
        return [*turns, *(self.following[turn] for turn in turns if turn in self.following)]

    def _read(self, turns: Iterable[int]) -> None:
        new = [turn for turn in turns if turn not in self._rows]
        self._rows.update(dict.fromkeys(new))
        for start in range(0, len(new), 900):
            some = new[start : start + 900]
            marks = ",".join("?" * len(some))
            sql = f"SELECT id, conversation, speaker, at FROM turns WHERE id IN ({marks})"
            for row in self._connection.execute(sql, some).fetchall():
                if (self._before is None or row[0] < self._before) and row[2] not in self._without:
                    self._rows[row[0]] = row

    def _neighbour(self, row: Row, step: int) -> int | None:
        """The turn just before or after in the same conversation, unless much time lies between."""
        near = self._rows.get(row[0] + step)
        if near is None or near[1] != row[1]:
            which, way = ("max", "<") if step < 0 else ("min", ">")
            sql = f"SELECT {which}(id) FROM turns WHERE conversation=? AND id{way}?"
            number = self._connection.execute(sql, (row[1], row[0])).fetchone()[0]
            if number is None:
                return None
            self._read([number])
            near = self._rows[number]
        if near is None or (near[3] is not None and row[3] is not None and abs(near[3] - row[3]) > APART):
            return None
        return near[0]


def _total(connection: sqlite3.Connection) -> int:
    """About how many turns there are."""
    return int(connection.execute("SELECT max(id) FROM turns").fetchone()[0] or 0)


def worth(counts: Mapping[str, int], total: int) -> dict[str, float]:
    """How much each word tells: more, the fewer of the ``total`` turns have it."""
    return {word: math.log(1 + total / (1 + count)) for word, count in counts.items()}


def telling(counts: Mapping[str, int], total: int) -> list[str]:
    """The words worth looking up: in a large memory, not those that very many turns have, where rarer ones are
    there."""
    most = max(OFTEN, total // 50)
    rare = [word for word in counts if 0 < counts[word] <= most]
    return rare or list(counts)


def fuse(*rankings: tuple[Scores, float]) -> Scores:
    """Reciprocal rank fusion with weights; best first, of equals the later turn."""
    scores: Scores = {}
    for ranking, weight in rankings:
        ordered = sorted(ranking, key=lambda turn: (-ranking[turn], -turn))
        for place, turn in enumerate(ordered):
            scores[turn] = scores.get(turn, 0.0) + weight / (RANK + place + 1)
    return dict(sorted(scores.items(), key=lambda pair: (-pair[1], -pair[0])))


def _prefer(rows: _Rows, scores: Scores, asked: Question, days: Span | None) -> Scores:
    """Scores with what the question says of who and when."""
    start, end = (to_milliseconds(days[0]), to_milliseconds(days[1])) if days else (None, None)
    preferred = {}
    for turn, score in scores.items():
        at = rows.at(turn)
        if rows.speaker(turn) in asked.speakers:
            score *= SPEAKER if score > 0 else 1
        if start is not None and end is not None and at is not None and start <= at < end:
            score *= TIME
        preferred[turn] = score
    return preferred


def _conversation(connection: sqlite3.Connection, name: str | None) -> int | None:
    """A conversation's number; -1, which none has, where it is not known."""
    if name is None:
        return None
    found = connection.execute("SELECT id FROM names WHERE name=?", (frames.raw(name),)).fetchone()
    return int(found[0]) if found else -1


def _latest(connection: sqlite3.Connection) -> datetime | None:
    """When the newest turn was said."""
    found = connection.execute("SELECT at FROM turns ORDER BY id DESC LIMIT 1").fetchone()
    return from_milliseconds(found[0]) if found else None
