"""Which turns a question needs: words and vectors, fused by reciprocal rank, aware of speakers, neighbours and time.

    lexical(t) = (BM25(t) + 0.3 BM25(previous) + 0.2 BM25(next))
                 * 1.5 if the question names t's speaker, * 1.5 if t's time
    score(t)   = 1 / (10 + rank in lexical) + w / (10 + rank in dense)
                 + 0.2 / (10 + rank by rare words) + 1.5 / (10 + rank in a lead) + 1 / (10 + rank in the asker's own)
                 + 1 / (10 + rank by a whole name and what is asked of it)
                 + 1 / (10 + rank in lexical, by words that tell what a question's one word asks for)
                 + 0.5 / (10 + rank in lexical, of a question that points back without what was said before)
                 + 1.5 / (10 + rank in lexical, of the named days alone) + 1 / (10 + rank among the last of these days)

``w`` is the embedder's. Rare words and leads are second hops (``hops``): few turns name somebody else who has what is
asked for, and what they lead to counts more than what was found first. The asker's own turns with "my" are looked up
where the question says "my", and turns of the days that it names, where words find none of these days whatever
they tell (``moments``). What only asks or was said again is worth a tenth: it must not hide the answer. Where the
question has a whole name (two words or more), what tells of others alone is worth half, and is in no passage
(``names``).
Reciprocal rank fusion: Cormack et al. 2009; here with 10 instead of 60, since only the first few count. A turn that
asks what is asked brings the reply to it (``replies``).
"""

from __future__ import annotations

import math
import sqlite3
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from operator import itemgetter

from forethought.errors import NoSpace, NotWritable
from forethought.memory import checks, frames, hops, moments
from forethought.memory.confidence import YOU, chosen, confidence, tells_of
from forethought.memory.implied import told_by
from forethought.memory.index import Index
from forethought.memory.moments import within
from forethought.memory.names import asked_of, elsewhere, names
from forethought.memory.only import Days, Only
from forethought.memory.replies import only_asks, replies, together
from forethought.memory.rows import Rows, Scores
from forethought.memory.stems import Words
from forethought.memory.store import number_of
from forethought.memory.turns import Turn, from_milliseconds, to_milliseconds
from forethought.memory.when import CALLED, dated, is_time
from forethought.memory.words import (
    SAYING,
    Question,
    all_words,
    in_context,
    indexed,
    of_speaker,
    points_back,
    take_apart,
    which_value,
)

FOUND = 200
"""Turns that each way of finding contributes."""
RANK, HOP, LEAD, NAMED, ALONE, MINE, DATED, IMPLIED = 10, 0.2, 1.5, 1.0, 0.5, 1.0, 1.5, 1.0
OFTEN = 1000
"""Turns that may have a word, for it to be looked up whatever the memory's size."""
HOPPED, LEADING = 3, 10
"""Found turns whose rare words are looked up, and those that may lead to a name."""
ASKING, LOOKED, ASKED, OTHERS = 20, 60, 0.1, 0.5
"""Found turns of which those that ask bring the reply; looked at for what only asks, repeats or is of others; what that
is worth."""
TELLING = 2000
"""Characters of a turn that are looked at for what is asked."""
LATEST = 1000
"""The last turns of which the newest says what "yesterday" was."""
MANY_NAMES = 2000
TOLD = 300
"""Characters, the last ones, of each thing said before that a question is looked up with."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The turns found, best first with their scores; the question's parts; how sure it is (0 to 1) that they answer."""

    scores: Scores
    question: Question
    confidence: float
    previous: Mapping[int, int]
    """The turn before each found one, where there is one."""
    asks: Mapping[int, str]
    """What each found reply answers: it stands just before the turn that asks this, or higher."""
    dated: bool
    """Whether the question names days: what was true then is not made untrue by what came later."""
    turns: Mapping[int, Turn]
    """Turns that were read on the way."""
    others: Collection[int]
    """Found turns that tell of others than the question names, by whole names; where there are any, those too that were
    not looked at for it.
    """


class Search:
    """Finds turns of one index."""

    def __init__(self, index: Index, words: Words) -> None:
        self._index, self._words = index, words
        self._speakers: dict[str, int] = {}
        self._speakers_seen: object = None

    def rank(
        self,
        question: str,
        asker: str = "user",
        conversation: str | None = None,
        before: int | None = None,
        without: Sequence[str] = (),
        said: Sequence[str] = (),
        at: datetime | None = None,
    ) -> Ranking:
        """The turns that a question needs: of one conversation where it is named, before the turn ``before`` where
        there is one, and not those of the speakers ``without``. A question that points back is looked up with what was
        ``said`` just before it. "Yesterday" is counted from ``at``, when it is asked, or from the newest turn's time.
        Where the disk is full or the file may not be written, what waits to be indexed is not found, and a warning says
        so. Raises ``BadSetting`` for what is none of these.
        """
        checks.question(question)
        checks.text("the asker", asker)
        if before is not None:
            checks.whole("'before', a turn's number,", before)
        without = checks.texts("the speakers to leave out", without)
        said = checks.texts("what was said before", said)
        now = from_milliseconds(to_milliseconds(at, "a question"))
        context = " ".join(each[-TOLD:] for each in said) if points_back(question) else ""
        index = self._index
        try:
            index.catch_up()
        except (NoSpace, NotWritable) as error:  # what is indexed is found
            full = isinstance(error, NoSpace)
            warnings.warn(
                f"{'no space left for' if full else 'no right to write'} the index of {index.store.path}: "
                f"{index.waiting():,} turns that were kept last are not found yet; "
                + ("free some space" if full else "ask once where it may be written"),
                RuntimeWarning,
                stacklevel=3,
            )
        with index.store.read() as connection:
            speakers = self.speakers(connection)
            asked, days = _parts(connection, question, speakers, asker, now)
            alone: tuple[str, ...] = ()
            if context.strip():
                alone, asked = asked.topic, in_context(asked, context, speakers)
            left_out = frozenset(number_of(connection, who) for who in without)
            only = Only(None if conversation is None else number_of(connection, conversation), before, left_out)
            rows = Rows(connection, only, index.store.get)
            counts, total = index.counts(connection, asked.words), _total(connection)
            told, weights = telling(counts, total), worth(counts, total)
            wanted = asked_of(question)
            named = names(context) + wanted
            lexical = self._lexical(connection, rows, asked, told, days)
            dense = rows.preferred(
                rows.around(index.by_vector(connection, f"{context} {question}".strip(), FOUND, only)), asked, days
            )
            by_vector = index.embedder.weight if index.embedder else 0.0
            about = [(self._led(connection, rows, lead), NAMED) for lead in hops.about(named, asked)]
            about.append((self._lexical(connection, rows, asked, alone, days), ALONE))
            about.append((self._lexical(connection, rows, asked, told_by(asked.words), days), IMPLIED))
            first = fuse((lexical, 1.0), (dense, by_vector), *about)
            more = self._second(connection, rows, asked, list(first)[:LEADING], days, weights, total)
            if of_speaker(question):
                owner = speakers.get(indexed(asker).lower(), -1)
                mine = self._own(connection, rows, asked, alone or asked.words, owner, days)
                more.append((mine, MINE))
            if days is not None:
                then = index.by_words(connection, told, FOUND, replace(only, days=days))
                more.append((rows.preferred(rows.met(then), asked, None), DATED))
            then, enough = self._then(connection, rows, asked, days, lexical)
            scores = fuse((then, 1.0)) if enough else fuse(*more, (then, 1.0), to=first)
            found = list(scores)
            best = rows.turns([*found[:LOOKED], *rows.next(found[:ASKING])])
            pairs = replies(found[:ASKING], rows.following, best, asked.words, self._words.covered)
            asks = {reply: best[asking].text[:TELLING] for asking, reply in pairs.items()}
            who = {" ".join(name) for name in named}
            texts = {
                i: f"{asks.get(i, '')} {turn.text[:TELLING]}"
                for i, turn in best.items()
                if turn.speaker.lower() not in who
            }
            others = elsewhere(texts, wanted, weights, partial(self._words.covered, asked.words))
            unread = scores.keys() - best.keys() if others else set[int]()
            scores = self._sunk(together(scores, pairs), best, asked, pairs.keys(), asks, others)
            if days is not None:
                weights = {word: weights[word] for word in weights if word not in CALLED} or weights
            sure = 1.0 if enough else self._confidence(rows, asked, list(scores), weights)
            return Ranking(scores, asked, sure, rows.previous, asks, days is not None, rows.told, others | unread)

    def speakers(self, connection: sqlite3.Connection) -> dict[str, int]:
        """The names of who speaks, lower case, with their numbers (the first ones, where there are very many)."""
        newest = connection.execute("SELECT max(id), count(*), sum(speaks) FROM names").fetchone()
        if newest != self._speakers_seen:
            rows = connection.execute("SELECT name, id FROM names WHERE speaks=1 LIMIT ?", (MANY_NAMES,)).fetchall()
            whole = [(frames.unraw(name), number) for name, number in rows if isinstance(name, bytes)]  # not damaged
            self._speakers = {indexed(name).lower(): number for name, number in whole}
            self._speakers_seen = newest
        return self._speakers

    def _lexical(
        self, connection: sqlite3.Connection, rows: Rows, asked: Question, words: Sequence[str], days: Days | None
    ) -> Scores:
        found = self._index.by_words(connection, words, FOUND, rows.only)
        return rows.preferred(rows.around(found), asked, days)

    def _second(
        self, connection: sqlite3.Connection, rows: Rows, asked: Question, best: Sequence[int], days: Days | None,
        weights: Mapping[str, float], total: int,
    ) -> list[tuple[Scores, float]]:  # fmt: skip
        """What the best turns lead to, with weights: by their rarest words, and by the names that they lead to."""
        turns = list(rows.turns(best).values())
        self._words.learn(turn.text[:TELLING] for turn in turns)
        count = partial(self._index.counts, connection)
        rare = hops.rare([turn.text for turn in turns[:HOPPED]], asked.words, self._speakers, count, total)
        found = [(self._lexical(connection, rows, asked, rare, days), HOP)]
        for lead in hops.leads(turns, asked, weights, self._speakers, self._words.covered):
            found.append((self._led(connection, rows, lead), LEAD))
        return found

    def _led(self, connection: sqlite3.Connection, rows: Rows, lead: hops.Lead) -> Scores:
        """The turns about a name and something of what is asked."""
        led = self._index.by_query(connection, lead.query, FOUND, rows.only)
        near = rows.around(led)
        return {turn: led[turn] for turn in [turn for turn in led if turn in near][: hops.LED]}

    def _then(
        self, connection: sqlite3.Connection, rows: Rows, asked: Question, days: Days | None, found: Scores
    ) -> tuple[Scores, bool]:
        """Turns of the time that is named, where words found none of it, and whether they are all that is asked for:
        the question says who or when, and nothing else.
        """
        whole = moments.only_who_or_when(asked, days)
        if not whole and (days is None or any(within(rows.at(turn), days) for turn in found)):
            return {}, False
        there = rows.among(moments.told(connection, asked.speakers if whole else (), days, rows.only, FOUND))
        return rows.preferred(dict.fromkeys(there, 1.0), asked, None), whole and bool(there)

    def _own(
        self, connection: sqlite3.Connection, rows: Rows, asked: Question, words: Sequence[str], asker: int,
        days: Days | None,
    ) -> Scores:  # fmt: skip
        """What the asker told of what is theirs, with any of some words."""
        found = self._index.by_query(connection, hops.own(words), FOUND, rows.only)
        near = rows.around(found)
        mine = {turn: found[turn] for turn in found if turn in near and rows.speaker(turn) == asker}
        return rows.preferred(mine, asked, days)

    def _sunk(
        self, scores: Scores, turns: Mapping[int, Turn], asked: Question, answered: Collection[int],
        asks: Mapping[int, str], others: Collection[int],
    ) -> Scores:  # fmt: skip
        """Scores, best first, where a turn is worth ``ASKED`` as much that only asks and got no answer, if others tell
        of what is asked, and one that somebody said again later, in reply to the same (but not the first one, where the
        past is asked for); and ``OTHERS`` as much one that tells of ``others``.
        """
        looked = [turns[i] for i in scores if i in turns]
        asking = {turn.id for turn in looked if turn.id not in answered and only_asks(turn.text)}
        telling = (turn for turn in looked if turn.id not in asking)
        less = asking if any(self._words.covered(asked.words, turn.text[:TELLING]) for turn in telling) else set()
        worth = {i: score * (ASKED if i in less else OTHERS if i in others else 1) for i, score in scores.items()}
        said: dict[tuple[str, str, str], list[int]] = {}
        for turn in looked:
            said.setdefault((turn.speaker, asks.get(turn.id, ""), turn.text), []).append(turn.id)
        for same in said.values():
            kept = {max(same), min(same) if asked.history else max(same)}
            worth |= {i: worth[same[0]] * (1 if i in kept else ASKED) for i in same}
        return dict(sorted(worth.items(), key=itemgetter(1), reverse=True))

    def _confidence(self, rows: Rows, asked: Question, found: Sequence[int], weights: Mapping[str, float]) -> float:
        """How sure it is that the found turns tell what is asked."""
        speakers = frozenset[int]() if YOU & set(all_words(asked.text)) else asked.speakers
        mine, others = chosen(found, (lambda turn: rows.speaker(turn) in speakers) if speakers else None)
        weights = {word: weights[word] for word in weights if not which_value(word) and word not in SAYING} or weights
        both = [*mine, *others]
        turns = rows.turns([*both, *(rows.previous[i] for i in both if i in rows.previous)])
        them = {tuple(all_words(name)) for name, number in self._speakers.items() if number in speakers}
        told = {i for i in others if i in turns and tells_of(turns[i].text, them, asked.words, self._words.covered)}
        mine, others = [*mine, *told], [i for i in others if i not in told]
        called = {word for name in self._speakers for word in all_words(name)}
        wanted = [name for name in asked_of(asked.text) if called.isdisjoint(name) and not any(map(is_time, name))]
        return confidence(mine, others, turns, rows.previous, weights, self._words.covered, wanted)


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


def fuse(*rankings: tuple[Scores, float], to: Scores | None = None) -> Scores:
    """Reciprocal rank fusion with weights, added ``to`` what was fused before; best first, of equals the later turn."""
    scores = dict(to or {})
    for ranking, weight in rankings:
        for place, turn in enumerate(_best_first(ranking), RANK + 1):
            scores[turn] = scores.get(turn, 0.0) + weight / place
    return _best_first(scores)


def _best_first(scores: Scores) -> Scores:
    """Scores, best first; of equals the later turn."""
    return dict(sorted(scores.items(), key=itemgetter(1, 0), reverse=True))


def _parts(
    connection: sqlite3.Connection, question: str, speakers: Mapping[str, int], asker: str, now: datetime | None
) -> tuple[Question, Days | None]:
    """A question taken apart, and the days that it names; where these are past, it asks for what was true then."""
    now = now or _latest(connection)
    asked, named = take_apart(question, speakers, asker), dated(question, now)
    if named is None:
        return asked, None
    rest = take_apart(named[1], speakers, asker)
    if all(map(is_time, rest.topic)):  # nothing but the time says which turns are meant
        named = dated(question, now, exact=True) or named
    start, end = (to_milliseconds(each) or 0 for each in named[0])
    past = now is not None and end <= (to_milliseconds(now) or 0)
    if not rest.words:
        rest = replace(rest, words=asked.words)
    return replace(rest, text=question, history=asked.history or past), (start, end)


def _latest(connection: sqlite3.Connection) -> datetime | None:
    """When the newest turn was said."""
    sql = "SELECT max(at) FROM (SELECT at FROM turns ORDER BY id DESC LIMIT ?)"
    return from_milliseconds(connection.execute(sql, (LATEST,)).fetchone()[0])
