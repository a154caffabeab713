"""``forethought chat``: talk with a local language model that remembers what was said, in one file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from rich.console import Console

from forethought.cli.options import about, parse, quiet_bars
from forethought.errors import BadSetting

if TYPE_CHECKING:
    from forethought.memory.chat import Chat

DESCRIPTION = (
    "Talks with a local language model that recalls what was said before. Every turn is on the disk before it is "
    "answered; Ctrl-C stops an answer, a second one or Ctrl-D ends, and nothing is lost. In a pipe each line is said "
    "in turn. While you talk: /recalled shows what was recalled for the last answer, /help lists the rest."
)
WRITTEN = Path("chat.sqlite")
HELP = "/recalled  what was recalled for the last answer\n/help      this list\n/quit      ends (Ctrl-D too)"
Mode = Literal["fresh", "jrt", "gist", "full"]


@dataclass(frozen=True)
class ChatOptions:
    """Which memory, which model, and what is shown."""

    memory: Annotated[Path, tyro.conf.Positional, about("the memory's file, made where there is none")] = WRITTEN
    model: Annotated[str | None, about("a model's folder or hub id (default: SmolLM2, packaged)", "PATH_OR_ID")] = None
    once: Annotated[str | None, about("say this, print the answer, end; - reads it from the input", "QUESTION")] = None
    show_recalled: Annotated[bool, about("show what was recalled for each answer, with the turns cited")] = False
    budget_tokens: Annotated[int, about("how long what is recalled may be")] = 512
    max_new_tokens: Annotated[int, about("how long an answer may be")] = 128
    mode: Annotated[Mode | None, about("how recalled text is given to the model (docs/chat.md)", "MODE")] = None
    embed: Annotated[str, about("lexical, wordllama or a folder; wordllama where it is installed", "NAME")] = ""
    conversation: Annotated[str, about("which conversation this is; recall searches all of them")] = ""
    json: Annotated[bool, about("print one object a line for each answer instead")] = False


def run(arguments: Sequence[str]) -> int:
    """Talks until the input ends."""
    options = parse(ChatOptions, arguments, "chat", DESCRIPTION)
    if options.once is not None and not options.once.strip():
        raise BadSetting("--once got nothing to say; expected a text, or - to read it from the input")
    told = Console(highlight=False, stderr=True)
    source = _model(options.model, told)
    quiet_bars()
    from forethought.memory import Memory
    from forethought.memory.reader import Reader

    reader = Reader.open(source, options.mode, max_new_tokens=options.max_new_tokens)
    with Memory.open(options.memory, embed=options.embed or None) as memory:
        chat = memory.chat(reader, budget_tokens=options.budget_tokens, conversation=options.conversation)
        if options.once is not None:
            _answer(chat, sys.stdin.read() if options.once == "-" else options.once, options, told)
        elif sys.stdin.isatty():
            told.print(f"{len(memory):,} turns in {options.memory}; /help lists what you can do.", markup=False)
            _talk(chat, options, told)
        else:
            for line in sys.stdin:
                if line.strip():
                    _answer(chat, line.rstrip("\n"), options, told)
    return 0


def _model(named: str | None, told: Console) -> str | Path:
    """Where the model is; the packaged one is made ready where none is named."""
    if named is not None:
        return named
    from forethought.integrations import smollm

    if not smollm.is_cached():
        told.print(f"No --model was named, so {smollm.NAME} is made ready, once; this takes a while ...")
    return smollm.folder()


def _talk(chat: Chat, options: ChatOptions, told: Console) -> None:
    """Turn by turn at a terminal, with its line editing."""
    _edit_lines()
    while True:
        try:
            text = input("you> ").strip()
        except EOFError:
            print()
            return
        if text == "/quit":
            return
        if text == "/help":
            told.print(HELP, markup=False)
        elif text == "/recalled":
            _show_recalled(chat, told)
        elif text:
            try:
                _answer(chat, text, options, told)
            except KeyboardInterrupt:
                told.print("\n(stopped; what was said is kept)")


def _answer(chat: Chat, text: str, options: ChatOptions, told: Console) -> None:
    """Says one thing and prints the answer, as it is written where somebody looks on."""
    if options.json:
        chat.say(text)
        print(json.dumps(as_json(chat, text), ensure_ascii=False).encode("utf-8", "replace").decode(), flush=True)
        return
    chat.say(text, _writer())
    print(flush=True)
    if options.show_recalled:
        _show_recalled(chat, told)


def as_json(chat: Chat, text: str) -> dict[str, Any]:
    """The last answer of a chat with what it took and what was recalled."""
    reading, passage = chat.reading, chat.recalled
    assert reading is not None
    lines = passage.lines if passage is not None else ()
    return {
        "question": text,
        "answer": reading.text,
        "mode": chat.reader.mode,
        "recalled": [{"turn": line.turn.id, "speaker": line.turn.speaker, "text": line.text} for line in lines],
        "confidence": passage.confidence if passage is not None else None,
        "abstain": passage.abstain if passage is not None else None,
        "tokens_read": reading.tokens_read,
        "tokens_written": reading.tokens_written,
        "seconds": round(reading.seconds, 3),
        "ended": str(reading.ended),
    }


def _writer() -> Callable[[str], None]:
    """Prints pieces of an answer as they come, without what could steer a terminal."""
    return lambda piece: print(shown(piece), end="", flush=True)


def _show_recalled(chat: Chat, told: Console) -> None:
    passage = chat.recalled
    if passage is None or not passage.lines:
        told.print("(nothing was recalled)", style="dim", markup=False)
        return
    told.print(shown(passage.text), style="dim", markup=False)
    sure = "; it may well not answer that" if passage.abstain else ""
    note = f"({passage.tokens} tokens, {passage.found_by}, confidence {passage.confidence:.2f}{sure})"
    told.print(note, style="dim", markup=False)


def shown(text: str) -> str:
    """A text for the terminal: no control characters, no half ones."""
    text = text.encode("utf-8", "replace").decode()
    return "".join(c for c in text if c.isprintable() or c == "\n")


def _edit_lines() -> None:
    """Cursor keys and a history at the prompt, where the system offers them."""
    try:
        import readline  # noqa: F401
    except ImportError:
        return
