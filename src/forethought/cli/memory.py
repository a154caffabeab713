"""``forethought memory``: keep conversations word for word, and recall what a question needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import tyro

from forethought.cli.options import about
from forethought.errors import BadSetting
from forethought.memory import Memory, schema
from forethought.memory.embed import LEXICAL
from forethought.memory.transfer import read
from forethought.memory.turns import read_time

File = Annotated[Path, tyro.conf.Positional, about("the memory's file")]
Other = Annotated[Path, tyro.conf.Positional, about("the other file")]
INPUT, OUTPUT = Path("/dev/stdin"), Path("/dev/fd/1")
Words = Annotated[str, tyro.conf.Positional, about("what was said, or the question; - reads it from the input")]


def run(arguments: Sequence[str]) -> int:
    """Runs one of the memory's commands."""
    code: int = tyro.extras.subcommand_cli_from_dict(
        {
            "add": add,
            "recall": recall,
            "import": import_,
            "export": export,
            "stats": stats,
            "verify": verify,
            "compact": compact,
            "forget": forget,
            "salvage": salvage,
        },
        args=list(arguments),
        prog="forethought memory",
        description="Keeps conversations word for word in one file, and recalls what a question needs.",
        sort_subcommands=False,
    )
    return code


def add(file: File, text: Words, speaker: str = "user", conversation: str = "", at: str = "") -> int:
    """Keeps one turn; it is on the disk when the command ends.

    Args:
        file: the memory's file, made where there is none
        text: what was said; - reads it from the input
        speaker: who said it
        conversation: which conversation it belongs to
        at: when, in ISO 8601; now where nothing is given
    """
    when = read_time(at) if at else "now"  # before the memory is made
    with Memory.open(file, embed=LEXICAL) as memory:
        number = memory.append(speaker, words(text), at=when, conversation=conversation)
    print(f"turn {number}")
    return 0


def recall(
    file: File,
    question: Words,
    budget_tokens: int = 512,
    asker: str = "user",
    conversation: str | None = None,
    at: str = "",
    embed: str = "",
) -> int:
    """Prints the passage that a question needs; each line cites its turn. 1 if nothing there seems to answer it.

    Args:
        file: the memory's file
        question: what is asked; - reads it from the input
        budget_tokens: how long the passage may be
        asker: who "I" and "my" are
        conversation: look in this conversation alone
        at: when it is asked, in ISO 8601, for "yesterday" and the like; the newest turn's time where nothing is given
        embed: lexical, wordllama or the folder of a sentence-transformers model; wordllama where it is installed
    """
    when = read_time(at) if at else None
    with opened(file, embed) as memory:
        passage = memory.recall(words(question), budget_tokens, asker=asker, conversation=conversation, at=when)
        sure = passage.confidence >= memory.threshold
    print("".join(c for c in passage.text if c.isprintable() or c == "\n"))
    note = "; nothing that was found fits the budget" if sure else "; nothing here seems to answer it"
    note = note if passage.abstain else ""
    print(f"({passage.tokens} tokens, {passage.found_by}, confidence {passage.confidence:.2f}{note})", file=sys.stderr)
    return int(passage.abstain)


def import_(file: File, source: Other) -> int:
    """Keeps the turns of a JSONL file, all or none.

    Args:
        file: the memory's file, made where there is none
        source: one object a line, with speaker and text; conversation and at where known; - reads them from the input
    """
    said = read(INPUT if str(source) == "-" else source)  # before the memory is made
    with Memory.open(file, embed=LEXICAL) as memory:
        print(f"{len(memory.extend(said)):,} turns imported")
    return 0


def export(file: File, target: Other) -> int:
    """Writes every turn to a JSONL file.

    Args:
        file: the memory's file
        target: the file to write; - writes to the output
    """
    with opened(file) as memory:
        count = memory.export(OUTPUT if str(target) == "-" else target)
    print(f"{count:,} turns exported to {target}", file=sys.stderr)  # the output may be what was written to
    return 0


def stats(file: File) -> int:
    """Prints how many turns there are and what they take.

    Args:
        file: the memory's file
    """
    with opened(file) as memory:
        told(memory)
    return 0


def verify(file: File) -> int:
    """Checks the file, every text and the index, and that every name is there; 1 if something is wrong.

    Args:
        file: the memory's file
    """
    with opened(file) as memory:
        wrong = memory.verify()
        print("\n".join(wrong) or f"{len(memory):,} turns, every text as it was kept")
    return int(bool(wrong))


def compact(file: File) -> int:
    """Makes the file smaller, and a damaged index anew; nothing that was said changes.

    Args:
        file: the memory's file
    """
    with opened(file) as memory:
        memory.compact()
        told(memory)
    return 0


def forget(
    file: File,
    turn: tuple[int, ...] = (),
    conversation: str | None = None,
    speaker: str | None = None,
) -> int:
    """Removes turns for good: text, index, free pages and WAL. 1 if there were none of that name.

    Args:
        file: the memory's file
        turn: numbers of turns
        conversation: every turn of this conversation
        speaker: every turn of this speaker
    """
    with opened(file) as memory:
        count = memory.forget(turn, conversation=conversation, speaker=speaker)
    print(f"{count:,} turns forgotten" + ("" if count else ": none has that conversation or speaker"))
    return int(not count)


def salvage(file: File, copy: Other) -> int:
    """Copies what can still be read of a damaged memory into a new one; 1 if something was lost.

    Args:
        file: the damaged file; it is only read
        copy: the new file
    """
    found = Memory.salvage(file, copy)
    note = "" if found.kept else "; the memory is whole and holds no turns"
    print(f"{found.kept:,} turns copied to {copy}, {found.lost:,} could not be read{note}")
    return int(found.lost > 0)


def opened(file: Path, embed: str = LEXICAL) -> Memory:
    """A memory that is there; ``BadSetting`` where it is not, rather than making an empty one."""
    with schema.named(file):
        if not file.exists():
            raise BadSetting(f"there is no file {file}; 'forethought memory add {file} TEXT' makes a memory")
        if file.is_file() and not file.stat().st_size:
            raise BadSetting(
                f"the file {file} is empty, so it holds no memory; expected one that has turns. Restore it from a "
                f"copy; 'forethought memory add {file} TEXT' makes a new memory there"
            )
    return Memory.open(file, embed=embed or None)


def words(text: str) -> str:
    """A text of the command line, or the input's without the newline that ends it."""
    return sys.stdin.read().removesuffix("\n") if text == "-" else text


def told(memory: Memory) -> None:
    """Prints what a memory takes."""
    found = memory.stats()
    for field in fields(found):
        value = getattr(found, field.name)
        print(f"{field.name.replace('_', ' '):14} {f'{value:,}' if isinstance(value, int) else value}")
