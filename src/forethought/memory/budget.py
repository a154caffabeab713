"""What of the facts and the history a prompt has room for: the best facts, the latest turns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from forethought.memory.prompt import Fact, Format, Mode, Prompt, digest, listed, said_by
from forethought.memory.turns import Said, Turn

DAY = 12
"""Tokens at most for the line that names a day."""
TRIES = 6


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt within its bound, and how many facts and turns there was no room for."""

    prompt: Prompt
    left_out: int


def fit(
    form: Format,
    mode: Mode,
    question: str,
    facts: Sequence[Fact],
    history: Sequence[Turn | Said],
    room: float,
    window: int,
) -> Fitted:
    """The prompt of at most ``room`` tokens: first the question, then the best facts, then the latest turns.

    ``window``: tokens of the history that the mode ``gist`` reads; turns before it are not counted as left out.
    """
    wanted = history if mode in ("gist", "full") else ()
    about = [digest(history)] if mode == "gist" and history else []
    left = room
    for _ in range(TRIES):
        asked = _question(form, mode, question, left)
        rest = left - len(form.render(mode, asked, [Fact("")], [Fact("")]).ids)
        told = best(form, facts, rest)
        rest -= len(form.plain(listed(told)))
        most = rest if mode == "full" else min(rest, window)
        said = latest(form, wanted, most - sum(_size(form, fact) for fact in about))
        begun = about if said and len(said) < len(wanted) else []
        prompt = form.render(mode, asked, told, [*begun, *said])
        if len(prompt.ids) <= room:
            missing = len(wanted) - len(said) if mode == "full" else 0
            return Fitted(prompt, len(facts) - len(told) + missing)
        left -= len(prompt.ids) - room + 1
    asked = _question(form, mode, question, max(left, 0) / 2)
    return Fitted(form.render(mode, asked), len(facts) + len(wanted))


def best(form: Format, facts: Sequence[Fact], room: float) -> list[Fact]:
    """The facts worth most that fit, in their order; of the very best as much as fits."""
    chosen: dict[int, Fact] = {}
    for place in sorted(range(len(facts)), key=lambda place: (-facts[place].score, -place)):
        size = _size(form, facts[place], {chosen[i].day for i in chosen})
        if size <= room:
            chosen[place] = facts[place]
            room -= size
        elif not chosen and room > DAY + 8:
            chosen[place] = Fact(form.cut(facts[place].text, int(room) - DAY - 4, end=False), facts[place].day)
            break
    return [chosen[place] for place in sorted(chosen)]


def latest(form: Format, history: Sequence[Turn | Said], room: float) -> list[Fact]:
    """The last turns that fit, in their order; of the very last as much as fits."""
    if room == float("inf"):
        return said_by(history)
    chosen: list[Fact] = []
    for turn in reversed(history):
        (fact,) = said_by([turn])
        size = _size(form, fact, {chosen[-1].day} if chosen else ())
        if size > room:
            if not chosen and room > DAY + 8:
                chosen.append(Fact(form.cut(fact.text, int(room) - DAY - 4, end=False), fact.day))
            break
        chosen.append(fact)
        room -= size
    return chosen[::-1]


def _question(form: Format, mode: Mode, question: str, room: float) -> str:
    """The question, or its end where it would take more than half of the room."""
    if room == float("inf"):
        return question
    empty = len(form.render(mode, "").ids)
    most = max(4, int(room - empty) // (3 if mode == "jrt" else 2))
    return form.cut(question, most)


def _size(form: Format, fact: Fact, days: Collection[str] = ()) -> int:
    """About how many tokens a fact takes, with the line of its day where none of ``days`` is it."""
    return len(form.plain(f"{fact.text}\n")) + (DAY if fact.day and fact.day not in days else 0)
