"""The passage that a question gets back: the turns that it needs, within a budget, each line citing its turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from forethought.memory.corrections import LONGEST, corrections
from forethought.memory.irregular import forms
from forethought.memory.news import Asked
from forethought.memory.search import Ranking
from forethought.memory.stems import Words
from forethought.memory.turns import Turn
from forethought.memory.words import EVERY, sentences, words_of

SHORT = 8
"""Content words below which an answer is understood only with what was asked before it."""
COMPARED = 24
SEVERAL = re.compile(r"\b(list|each|every\w*|all (?:the|of))\b")
"""Words of a question that ask for all there is: nothing of it corrects the rest."""
OPENING = 1
"""Sentences of a reply that are kept where the budget cuts it, whatever their words."""
AROUND = 40
"""Characters after a word below which a cut sentence tells nothing."""
MISSES = 6
"""Turns that may not fit before the passage is taken as full."""
NODS = frozenset(
    """
ok okay yes yeah yep no nope sure great good nice cool fine wow thanks thank right alright noted got see understood
hello hi hey perfect lovely awesome
""".split()  # noqa: SIM905
)
NOD = 30
"""Characters of a turn that may be no more than a nod."""
Counter = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Line:
    """One recalled turn, or what of it the budget allows. ``superseded_by`` is the later turn that corrects it."""

    turn: Turn
    text: str
    score: float
    superseded_by: int | None = None

    def __str__(self) -> str:
        """The line with its citation: ``[12] 2024-05-31 18:30 Ann: ...``."""
        when = f" {self.turn.at:%Y-%m-%d %H:%M}" if self.turn.at else ""
        later = f" (later corrected in [{self.superseded_by}])" if self.superseded_by else ""
        who = " ".join(self.turn.speaker.splitlines())
        line = f"[{self.turn.id}]{when} {who}: {' '.join(self.text.splitlines())}{later}"
        return line.encode("utf-8", "replace").decode()  # no tokenizer or terminal takes lone surrogates


@dataclass(frozen=True, slots=True)
class Passage:
    """What was recalled: ``lines`` in the order in which they were said, ``text`` of them, its size in tokens, how it
    was found, and the ``confidence`` (0..1) that it answers; ``abstain`` where that is below the memory's threshold.
    """

    question: str
    lines: tuple[Line, ...]
    text: str
    tokens: int
    confidence: float
    abstain: bool
    found_by: str


def count_tokens(text: str) -> int:
    """About how many tokens a text has, where no tokenizer is given: one for four bytes, rounded up."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // 4)


def order(ranking: Ranking, turns: dict[int, Turn], words: Words) -> tuple[dict[int, float], dict[int, int]]:
    """The found turns with their scores, best first, and which later turn corrects which: the latest stands before
    those that it corrects, and is worth as much, unless the question asks for the past.
    """
    best = [turn for turn in ranking.scores if turn in turns]
    asked = ranking.question
    looked = [turns[i] for i in best[:COMPARED]]
    texts = {turn.id: f"{ranking.asks.get(turn.id, '')} {turn.text[:LONGEST]}" for turn in looked}
    words.learn(texts.values())
    told = {i: frozenset(words.covered(asked.words, text)) for i, text in texts.items()}
    all_stand = (ranking.dated and any(turn.at for turn in looked)) or SEVERAL.search(asked.text.lower())
    corrected = {} if all_stand else corrections(Asked(asked.text, asked.words, words), looked, told, texts)
    scores = {turn: ranking.scores[turn] for turn in best}
    if not asked.history:
        for earlier, later in corrected.items():
            if best.index(later) > best.index(earlier):
                best.remove(later)
                best.insert(best.index(earlier), later)
        least = 0.0
        for turn in reversed(best):
            scores[turn] = least = max(least, scores[turn])
    return {turn: scores[turn] for turn in best}, corrected


def build(
    ranking: Ranking,
    turns: dict[int, Turn],
    words: Words,
    budget: int,
    counter: Counter,
) -> tuple[list[Line], int]:
    """Lines within ``budget`` tokens, in the order in which they were said, and their size. What tells of others than
    the question names is left out: it misleads.
    """
    scores, corrected = order(ranking, turns, words)
    chosen: dict[int, Line] = {}
    left, missed = budget, 0
    said = set[tuple[str, str, str]]()
    for number in scores:
        line = Line(turns[number], turns[number].text, scores[number], corrected.get(number))
        again = _said(line, ranking) in said and not ranking.question.history  # a value may have come back
        if again or number in ranking.others or _tells_nothing(line, ranking, turns):
            continue
        wanted = [each for each in (line, *_before(line, ranking, turns)) if each.turn.id not in chosen]
        fitted, room = [], left
        for line in wanted:
            opening = OPENING if line.turn.id in ranking.asks else 0
            if (cut := _fit(line, room, ranking.question.words, opening, counter)) is not None:
                fitted.append(cut)
                room -= _size(cut, counter)
        missed += len(wanted) - len(fitted)
        if len(fitted) == len(wanted) or not chosen:  # a reply without its question is not understood
            chosen |= {cut.turn.id: cut for cut in fitted}
            said |= {_said(each, ranking) for each in wanted}
            left = room
        if left < 8 or missed > MISSES:
            break
    return _within(_as_said(chosen.values()), budget, counter)


def _tells_nothing(line: Line, ranking: Ranking, turns: Mapping[int, Turn]) -> bool:
    """Whether a turn only shows that somebody listened, and answers no question."""
    if len(line.text) > NOD or not NODS.issuperset(words_of(line.text)):
        return False
    before = turns.get(ranking.previous.get(line.turn.id, -1))
    return line.turn.id not in ranking.asks and not (before and "?" in before.text)


def _said(line: Line, ranking: Ranking) -> tuple[str, str, str]:
    """Who said what, in reply to what."""
    return line.turn.speaker, ranking.asks.get(line.turn.id, ""), line.turn.text


def text_of(lines: Sequence[Line]) -> str:
    """Lines as a passage gives them."""
    return "\n".join(map(str, lines))


def _as_said(lines: Iterable[Line]) -> list[Line]:
    """Lines in the order in which they were said: by their times where all are known, else as they were kept."""
    kept = sorted(lines, key=lambda line: line.turn.id)
    if any(line.turn.at is None for line in kept):
        return kept
    return sorted(kept, key=lambda line: (line.turn.at, line.turn.id))


def _within(lines: list[Line], budget: int, counter: Counter) -> tuple[list[Line], int]:
    """The lines whose text together is within the budget, without the worst where counting it together takes more."""
    while (size := counter(text_of(lines)) if lines else 0) > budget:
        lines.remove(min(lines, key=lambda line: line.score))
    return lines, size


def _before(line: Line, ranking: Ranking, turns: dict[int, Turn]) -> list[Line]:
    """The turn before a short one that it answers, worth as much: the two are read together."""
    before = ranking.previous.get(line.turn.id)
    if before is None or before not in turns or before in ranking.others or "?" not in turns[before].text:
        return []
    if len(words_of(line.text[:2000])) > SHORT:
        return []
    return [Line(turns[before], turns[before].text, max(line.score, ranking.scores.get(before, 0.0)))]


def _fit(line: Line, left: int, words: Sequence[str], opening: int, counter: Counter) -> Line | None:
    """A line that takes no more than ``left`` tokens: whole, or its first ``opening`` sentences and those that the
    question needs, or nothing.
    """
    if len(line.text) < 8 * left and _size(line, counter) <= left:
        return line
    wanted = set(forms(words))
    parts = sentences(line.text, EVERY)
    value = {i: len(wanted & set(words_of(part))) for i, part in enumerate(parts)}
    needed = [i for i in value if value[i] or i < opening]
    kept: list[int] = []
    best: Line | None = None
    for i in sorted(needed, key=lambda i: (i >= opening, -value[i], i))[:64]:
        tried = sorted([*kept, i])
        cut = Line(line.turn, _joined(parts, tried), line.score, line.superseded_by)
        if _size(cut, counter) <= left:
            kept, best = tried, cut
    if best is None and needed:
        part = parts[max(needed, key=lambda i: (value[i], -i))]
        return _around(line, part, wanted, left, counter)
    return best


def _around(line: Line, part: str, wanted: Collection[str], left: int, counter: Counter) -> Line | None:
    """What of one long sentence stands around the first word that the question needs, as much as fits."""
    found = next((m for m in re.finditer(r"\w+", part) if m[0].lower() in wanted), None)
    if found is None:
        return None
    room = len(part)
    while room > AROUND:
        room //= 2
        start, end = max(0, found.start() - room // 3), min(len(part), found.end() + room)
        cut = Line(line.turn, f"… {part[start:end].strip()} …", line.score, line.superseded_by)
        if _size(cut, counter) <= left:
            return cut
    return None


def _joined(parts: Sequence[str], kept: Sequence[int]) -> str:
    """Sentences of a turn, with an ellipsis where some were left out."""
    pieces: list[str] = []
    last = -1
    for i in kept:
        pieces += ["…"] if i != last + 1 else []
        pieces.append(parts[i])
        last = i
    return " ".join(pieces + (["…"] if last != len(parts) - 1 else []))


def _size(line: Line, counter: Counter) -> int:
    return counter(f"{line}\n")
