"""How a reader is given what was recalled: the four modes on questions about one LoCoMo development conversation.

    python benchmarks/reader_modes.py --data ../shared/data/locomo-dev

The reader is SmolLM2-135M-Instruct (extra ``smollm``), or ``--model``. The same passage of at most ``--budget`` tokens
is recalled for ``fresh``, ``jrt`` and ``gist``; ``full`` gets the end of the conversation that fits its positions.
Questions are drawn with a fixed seed from the answerable ones about single facts (category 4). Metrics: ``f1`` of the
answer's words (without articles), ``contains`` (the answer, whole), ``tokens_read``, ``seconds``. The conversation is
one for development and the wording of the prompt was chosen on it, so this is no held-out figure.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shlex
import sys
import tempfile
from collections import Counter
from datetime import datetime
from pathlib import Path

from forethought.evaluation.results import save_results
from forethought.evaluation.statistics import Record, bootstrap
from forethought.integrations import smollm
from forethought.memory import Memory, Reader, Said
from forethought.memory.prompt import MODES

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "reader_modes.json"
SINGLE_FACT = 4


def main() -> None:
    """Reads in every mode and writes the records."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "locomo-dev")
    parser.add_argument("--conversation", default="26")
    parser.add_argument("--model", type=Path, help="default: SmolLM2, packaged")
    parser.add_argument("--questions", type=int, default=12)
    parser.add_argument("--modes", nargs="+", default=list(MODES), choices=MODES)
    parser.add_argument("--budget", type=int, default=256)
    parser.add_argument("--output", type=Path, default=RESULT)
    args = parser.parse_args()
    said, questions = load(args.data / f"{args.conversation}.json", args.questions)
    records, answers = [], {}
    with tempfile.TemporaryDirectory() as folder, Memory.open(Path(folder) / "m.sqlite") as memory:
        memory.extend(said)
        turns = list(memory.turns())
        for mode in args.modes:
            reader = Reader.open(args.model or smollm.folder(), mode, max_new_tokens=24)
            found, plain = [], reader.format.plain
            for question, _ in questions:
                passage = memory.recall(question, args.budget, count=lambda text, plain=plain: len(plain(text)))
                found.append(reader.answer(question, passage, turns))
                print(f"{mode:6} {found[-1].seconds:6.1f} s  {question} {found[-1].text!r}", flush=True)
            right = [answer for _, answer in questions]
            measured = {
                "f1": [f1(r.text, a) for r, a in zip(found, right, strict=True)],
                "contains": [float(within(a, r.text)) for r, a in zip(found, right, strict=True)],
                "tokens_read": [float(r.tokens_read) for r in found],
                "seconds": [r.seconds for r in found],
            }
            records += [
                Record(mode, "locomo-dev", "validation", "", name, *bootstrap(values), n=len(values))
                for name, values in measured.items()
            ]
            answers[mode] = [r.text for r in found]
            save_results(args.output, records, shlex.join(["python", *sys.argv]), {"answers": answers})
    for row in records:
        print(f"{row.arm:6} {row.metric:12} {row.value:8.3f} ({row.low:.3f} to {row.high:.3f})")


def load(path: Path, most: int) -> tuple[list[Said], list[tuple[str, str]]]:
    """The turns of a conversation, and questions with their answers."""
    found = json.loads(path.read_text("utf-8"))
    said = [
        Said(turn["speaker"], turn["text"], datetime.strptime(session["date_time"], "%I:%M %p on %d %B, %Y"))
        for session in found["sessions"]
        for turn in session["turns"]
    ]
    questions = [(q["question"], str(q["answer"])) for q in found["questions"] if q["category"] == SINGLE_FACT]
    random.Random(0).shuffle(questions)
    return said, questions[:most]


def words(text: str) -> list[str]:
    """The words of an answer, without case, punctuation and articles."""
    return [word for word in re.findall(r"\w+", text.lower()) if word not in ("a", "an", "the")]


def f1(found: str, expected: str) -> float:
    """Harmonic mean of the words' precision and recall."""
    common = sum((Counter(words(found)) & Counter(words(expected))).values())
    return 2 * common / (len(words(found)) + len(words(expected))) if common else 0.0


def within(expected: str, found: str) -> bool:
    """Whether all of an answer stands in what was said, in order."""
    return f" {' '.join(words(expected))} " in f" {' '.join(words(found))} "


if __name__ == "__main__":
    main()
