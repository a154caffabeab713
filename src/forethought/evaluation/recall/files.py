"""Other people's conversations with questions, as files that the user has: LoCoMo and LongMemEval.

LoCoMo: Maharana et al., ACL 2024 (arXiv:2402.17753). LongMemEval: Wu et al. 2024 (arXiv:2410.10813).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from forethought.errors import BadSetting, Damaged
from forethought.memory import Said

UNANSWERABLE = 5
LOCOMO_TIME = "%I:%M %p on %d %B, %Y"
LONGMEMEVAL_TIME = "%Y/%m/%d %H:%M"
OTHERWISE = (KeyError, TypeError, ValueError, AttributeError)
"""What reading a file of another form raises."""
PUBLISHED = "expected the file as its authors published it"


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its answer ("" where there is none), and the places of its evidence turns (none: unanswerable)."""

    text: str
    answer: str
    evidence: frozenset[int]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """A conversation's turns, and questions about it."""

    name: str
    said: list[Said]
    questions: list[Question]
    left_out: int = 0
    """Questions that are not there: their evidence names a turn that is not, or none."""


def locomo(path: Path) -> Iterator[History]:
    """The conversations of a LoCoMo file (``locomo10.json``), or of a folder of conversations in the reduced form.

    A picture's caption is part of its turn; questions whose evidence names no turn are left out and counted.
    Raises ``Damaged``.
    """
    for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
        for number, sample in enumerate(_entries(file)):
            try:
                yield _reduced(sample) if "sessions" in sample else _reduced(_reduce(sample, number))
            except OTHERWISE as error:
                raise Damaged(f"{file} is no LoCoMo file ({type(error).__name__}: {error}); {PUBLISHED}") from error


def _reduce(sample: dict[str, Any], number: int) -> dict[str, Any]:
    """The published form as sessions, turns and questions."""
    talk = sample["conversation"]
    names = sorted((key for key in talk if re.fullmatch(r"session_\d+", key)), key=lambda key: int(key[8:]))
    sessions = [
        {
            "date_time": talk[f"{name}_date_time"],
            "turns": [
                {"id": turn["dia_id"], "caption": turn.get("blip_caption")} | {k: turn[k] for k in ("speaker", "text")}
                for turn in talk[name]
            ],
        }
        for name in names
    ]  # fmt: skip
    return {"id": str(sample.get("sample_id", number)), "sessions": sessions, "questions": sample["qa"]}


def _reduced(found: dict[str, Any]) -> History:
    said: list[Said] = []
    places: dict[str, int] = {}
    for session in found["sessions"]:
        at = datetime.strptime(session["date_time"], LOCOMO_TIME)
        for turn in session["turns"]:
            caption = f" [{turn['caption']}]" if turn.get("caption") else ""
            places[turn["id"]] = len(said)
            said.append(Said(_text(turn, "speaker"), _text(turn, "text") + caption, at, found["id"]))
    questions = []
    for question in found["questions"]:
        evidence = frozenset(places[turn] for turn in question["evidence"] if turn in places)
        text, kind = _text(question, "question"), str(question["category"])
        if question["category"] == UNANSWERABLE:
            questions.append(Question(text, "", frozenset(), kind))
        elif evidence and len(evidence) == len(set(question["evidence"])):
            questions.append(Question(text, str(question.get("answer", "")), evidence, kind))
    return History(found["id"], said, questions, len(found["questions"]) - len(questions))


def longmemeval(path: Path) -> Iterator[History]:
    """The questions of a LongMemEval file, each with its own history; evidence are the turns that have the answer.

    Questions whose id ends in ``_abs`` are unanswerable; others without such a turn are left out and counted. Raises
    ``Damaged``.
    """
    for entry in _entries(path):
        try:
            yield _longmemeval(entry)
        except OTHERWISE as error:
            raise Damaged(f"{path} is no LongMemEval file ({type(error).__name__}: {error}); {PUBLISHED}") from error


def _longmemeval(entry: dict[str, Any]) -> History:
    said: list[Said] = []
    evidence: set[int] = set()
    for date, session in zip(entry["haystack_dates"], entry["haystack_sessions"], strict=True):
        at = datetime.strptime(re.sub(r" \(\w+\)", "", date), LONGMEMEVAL_TIME)
        for turn in session:
            if turn.get("has_answer"):
                evidence.add(len(said))
            said.append(Said(_text(turn, "role"), _text(turn, "content"), at, _text(entry, "question_id")))
    none = str(entry["question_id"]).endswith("_abs")
    question = Question(
        _text(entry, "question"),
        "" if none else str(entry["answer"]),
        frozenset() if none else frozenset(evidence),
        entry["question_type"],
    )
    questions = [question] if none or evidence else []
    return History(str(entry["question_id"]), said, questions, 1 - len(questions))


def _text(found: dict[str, Any], name: str) -> str:
    """The text under a name. Raises ``TypeError`` for anything else there."""
    if not isinstance(found[name], str):
        raise TypeError(f"its {name} is {found[name]!r}, not a text")
    return str(found[name])


def _entries(path: Path) -> list[Any]:
    """What a file lists, or the one thing that it holds."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadSetting(f"{path} cannot be read ({error.strerror}); expected a file that is there") from error
    except ValueError as error:
        raise Damaged(f"{path} is not JSON ({error}); {PUBLISHED}") from error
    return found if isinstance(found, list) else [found]


def exact_and_f1(told: str, answer: str) -> tuple[float, float]:
    """Exact match and F1 of words, without case, articles and punctuation (Rajpurkar et al. 2016)."""
    one, other = _normal(told), _normal(answer)
    common = sum((Counter(one) & Counter(other)).values())
    if not one or not other or not common:
        return float(one == other), float(one == other)
    precision, recall = common / len(one), common / len(other)
    return float(one == other), 2 * precision * recall / (precision + recall)


def _normal(text: str) -> Sequence[str]:
    return [word for word in re.findall(r"\w+", text.lower()) if word not in ("a", "an", "the")]
